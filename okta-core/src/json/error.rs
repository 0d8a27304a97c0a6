//! What went wrong in JSON text, and where. Never carries text of the body, which may be secret.

use std::fmt;

use super::{Kind, MAX_DEPTH};

/// JSON text could not be read.
///
/// Says what was expected, where (byte offset, line and column, counted from 1) and, as far as it is known, at which
/// JSON path. It never quotes the text itself: bodies hold passwords and tokens.
pub struct Error(Box<Body>);

#[derive(Clone)]
struct Body {
    kind: ErrorKind,
    offset: usize,
    line: usize,
    column: usize,
    path: String,
}

/// Why JSON text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text ended where this was expected.
    UnexpectedEnd(&'static str),
    /// Something else than this stands here.
    Unexpected(&'static str),
    /// A control character stands unescaped in a string.
    ControlCharacter,
    /// A backslash is followed by something that is no escape.
    InvalidEscape,
    /// An escape for half a surrogate pair.
    LoneSurrogate,
    /// Not a number of RFC 8259 (leading zero, bare sign, missing digits).
    InvalidNumber,
    /// More than [`MAX_DEPTH`] nested arrays and objects.
    TooDeep,
    /// Text follows the value.
    TrailingData,
    /// A valid value of another type than the target can hold.
    WrongType {
        /// What the target holds.
        expected: Kind,
        /// What stands there.
        found: Kind,
    },
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, bytes: &[u8], offset: usize) -> Self {
        let before = &bytes[..offset.min(bytes.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        // Continuation bytes do not count: a column is a character.
        let column = before[start..]
            .iter()
            .filter(|byte| **byte & 0xC0 != 0x80)
            .count()
            + 1;
        Self(Box::new(Body {
            kind,
            offset,
            line,
            column,
            path: String::new(),
        }))
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Byte offset in the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// Character in the line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// JSON path as far as it is known, `$` for the whole text.
    #[must_use]
    pub fn path(&self) -> String {
        format!("${}", self.0.path)
    }

    /// Puts an outer step in front of the path; called while the decoder unwinds.
    #[cold]
    pub(crate) fn prepend(&mut self, step: &str) {
        self.0.path.insert_str(0, step);
    }
}

impl Clone for Error {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8 => f.write_str("the text is not UTF-8"),
            Self::UnexpectedEnd(expected) => {
                write!(f, "the text ends where {expected} was expected")
            }
            Self::Unexpected(expected) => write!(f, "{expected} was expected"),
            Self::ControlCharacter => f.write_str("control character in a string"),
            Self::InvalidEscape => f.write_str("invalid escape in a string"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair in a string"),
            Self::InvalidNumber => f.write_str("invalid number"),
            Self::TooDeep => write!(f, "more than {MAX_DEPTH} nested arrays and objects"),
            Self::TrailingData => f.write_str("text after the JSON value"),
            Self::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Body {
            kind,
            offset,
            line,
            column,
            path,
        } = &*self.0;
        write!(f, "{kind} at line {line} column {column} (byte {offset})")?;
        if path.is_empty() {
            Ok(())
        } else {
            write!(f, ", in ${path}")
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "json::Error({self})")
    }
}

impl std::error::Error for Error {}
