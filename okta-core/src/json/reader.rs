//! The pull reader.

use std::borrow::Cow;
use std::fmt;

use super::number::number_length;
use super::string::{check_escapes, plain_run, resolve_lossy, unescape};
use super::{Error, ErrorKind, MAX_DEPTH};

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Kind {
    /// Kind of checked JSON text, by its first byte; any number is a [`Kind::Number`].
    pub(crate) fn of(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// Lower-case name, as in a specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// Reads JSON text value by value, strings borrowed from the text.
///
/// A caller asks for the [`Kind`] of what comes next and takes it; a wrong guess is an error, never a conversion.
/// After an error the position is undefined.
#[derive(Clone)]
pub struct Reader<'a> {
    text: &'a str,
    pub(super) pos: usize,
    pub(super) depth: usize,
}

impl<'a> Reader<'a> {
    /// A reader over bytes, after one check that they are UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok(Self::from_text(text)),
            Err(_) => Err(Self::not_utf8(bytes)),
        }
    }

    /// A reader of the rest of an array, from an element on; offsets count from there.
    pub(crate) fn within_array(rest: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Self::new(rest)?;
        reader.depth = 1;
        Ok(reader)
    }

    /// A reader over text.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        Self {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            pos: 0,
            depth: 0,
        }
    }

    #[cold]
    fn not_utf8(bytes: &[u8]) -> Error {
        let at = std::str::from_utf8(bytes)
            .err()
            .map_or(0, |error| error.valid_up_to());
        Error::new(ErrorKind::InvalidUtf8, bytes, at)
    }

    /// Byte offset of what comes next (a skipped byte order mark does not count).
    #[must_use]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Length of the whole text in bytes.
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    #[inline(always)]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The text between two offsets that stand at ASCII characters.
    #[inline(always)]
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Goes back to an earlier place; `depth` must be that of the same place.
    #[inline]
    pub(crate) fn rewind(&mut self, to: &Reader<'a>) {
        self.pos = to.pos;
        self.depth = to.depth;
    }

    /// An error at the next byte.
    #[cold]
    pub(crate) fn unexpected(&self, expected: &'static str) -> Error {
        let kind = if self.pos >= self.text.len() {
            ErrorKind::UnexpectedEnd(expected)
        } else {
            ErrorKind::Unexpected(expected)
        };
        Error::new(kind, self.bytes(), self.pos)
    }

    /// Skips white space and looks at the next byte; zero at the end, which is valid nowhere outside strings.
    #[inline(always)]
    pub(crate) fn next_byte(&mut self) -> u8 {
        loop {
            match self.bytes().get(self.pos) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.pos += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Takes `text` if it stands exactly here.
    #[inline(always)]
    pub(crate) fn take_exactly(&mut self, text: &str) -> bool {
        let hit = self
            .bytes()
            .get(self.pos..)
            .is_some_and(|rest| rest.starts_with(text.as_bytes()));
        if hit {
            self.pos += text.len();
        }
        hit
    }

    /// Steps over one byte that was looked at.
    #[inline(always)]
    pub(crate) fn step(&mut self) {
        self.pos += 1;
    }

    /// What the next value is; numbers count as [`Kind::Integer`] if they have neither fraction nor exponent.
    pub fn kind(&mut self) -> Result<Kind, Error> {
        Ok(match self.next_byte() {
            b'"' => Kind::String,
            b'{' => Kind::Object,
            b'[' => Kind::Array,
            b't' | b'f' => Kind::Boolean,
            b'n' => Kind::Null,
            b'-' | b'0'..=b'9' => {
                let rest = &self.bytes()[self.pos..];
                let length = number_length(rest).ok_or_else(|| self.bad_number())?;
                let integer = rest[..length]
                    .iter()
                    .all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
                if integer { Kind::Integer } else { Kind::Number }
            }
            _ => return Err(self.unexpected("a value")),
        })
    }

    #[cold]
    fn bad_number(&self) -> Error {
        Error::new(ErrorKind::InvalidNumber, self.bytes(), self.pos)
    }

    /// Takes `null`.
    pub fn null(&mut self) -> Result<(), Error> {
        self.next_byte();
        if self.take_exactly("null") {
            Ok(())
        } else {
            Err(self.unexpected("null"))
        }
    }

    /// Takes `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool, Error> {
        self.next_byte();
        if self.take_exactly("true") {
            Ok(true)
        } else if self.take_exactly("false") {
            Ok(false)
        } else {
            Err(self.unexpected("true or false"))
        }
    }

    /// Takes a number as its text.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, Error> {
        self.next_byte();
        let start = self.pos;
        let length = number_length(&self.bytes()[start..]).ok_or_else(|| self.bad_number())?;
        self.pos = start + length;
        // `1-` or `01`: the grammar stops early, and what follows must not look like more number.
        if matches!(
            self.bytes().get(self.pos),
            Some(b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E')
        ) {
            return Err(self.bad_number());
        }
        Ok(self.slice(start, self.pos))
    }

    /// Takes a string; borrowed unless it has escapes.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        if self.next_byte() != b'"' {
            return Err(self.unexpected("a string"));
        }
        let start = self.pos + 1;
        let end = plain_run(self.bytes(), start);
        if self.bytes().get(end) == Some(&b'"') {
            self.pos = end + 1;
            return Ok(Cow::Borrowed(self.slice(start, end)));
        }
        self.escaped_string(start, end).map(Cow::Owned)
    }

    #[cold]
    fn escaped_string(&mut self, start: usize, stop: usize) -> Result<String, Error> {
        let end = check_escapes(self.bytes(), stop)?;
        self.pos = end + 1;
        unescape(self.text, start, end)
    }

    /// Takes a string without resolving it: the text between the quotes.
    #[inline]
    pub(crate) fn string_raw(&mut self) -> Result<&'a str, Error> {
        if self.next_byte() != b'"' {
            return Err(self.unexpected("a string"));
        }
        let start = self.pos + 1;
        let mut end = plain_run(self.bytes(), start);
        if self.bytes().get(end) != Some(&b'"') {
            end = check_escapes(self.bytes(), end)?;
        }
        self.pos = end + 1;
        Ok(self.slice(start, end))
    }

    /// Counts one more open array or object.
    #[inline(always)]
    pub(crate) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err(self.too_deep())
        } else {
            Ok(())
        }
    }

    #[cold]
    pub(super) fn too_deep(&self) -> Error {
        Error::new(ErrorKind::TooDeep, self.bytes(), self.pos)
    }

    /// Opens an object. `true` if it has a member; then [`Reader::key`] is next.
    #[inline]
    pub fn begin_object(&mut self) -> Result<bool, Error> {
        self.begin(b'{', b'}', "an object")
    }

    /// Opens an array. `true` if it has an element, which is next.
    #[inline]
    pub fn begin_array(&mut self) -> Result<bool, Error> {
        self.begin(b'[', b']', "an array")
    }

    #[inline]
    fn begin(&mut self, open: u8, close: u8, expected: &'static str) -> Result<bool, Error> {
        if self.next_byte() != open {
            return Err(self.unexpected(expected));
        }
        self.enter()?;
        self.pos += 1;
        if self.next_byte() == close {
            self.pos += 1;
            self.depth -= 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Takes a member's name and the colon.
    #[inline]
    pub fn key(&mut self) -> Result<Cow<'a, str>, Error> {
        let key = self.string()?;
        self.colon()?;
        Ok(key)
    }

    #[inline]
    pub(crate) fn colon(&mut self) -> Result<(), Error> {
        if self.next_byte() != b':' {
            return Err(self.unexpected("a colon"));
        }
        self.pos += 1;
        Ok(())
    }

    /// After a member's value: `true` if another member follows, `false` if the object was closed.
    #[inline]
    pub fn more_members(&mut self) -> Result<bool, Error> {
        match self.next_byte() {
            b',' => {
                self.pos += 1;
                Ok(true)
            }
            b'}' => {
                self.pos += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => Err(self.unexpected("a comma or the end of the object")),
        }
    }

    /// After an element: `true` if another element follows, `false` if the array was closed.
    #[inline]
    pub fn more_elements(&mut self) -> Result<bool, Error> {
        match self.next_byte() {
            b',' => {
                self.pos += 1;
                Ok(true)
            }
            b']' => {
                self.pos += 1;
                self.depth -= 1;
                Ok(false)
            }
            _ => Err(self.unexpected("a comma or the end of the array")),
        }
    }

    /// Takes any value as its text, checked but not resolved.
    #[inline]
    pub fn raw(&mut self) -> Result<&'a str, Error> {
        self.next_byte();
        let start = self.pos;
        self.skip()?;
        Ok(self.slice(start, self.pos))
    }

    /// Checks that only white space is left.
    pub fn end(&mut self) -> Result<(), Error> {
        self.next_byte();
        if self.pos == self.text.len() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::TrailingData, self.bytes(), self.pos))
        }
    }

    /// A second reader at the value of a member of the object that comes next, without moving this one.
    ///
    /// `None` if there is no such member, no object, or invalid text (which the real read will report).
    pub(crate) fn look_for(&self, name: &str) -> Option<Reader<'a>> {
        self.look_for_any(&[name])
    }

    /// Like [`Reader::look_for`], at the first of several members.
    pub(crate) fn look_for_any(&self, names: &[&str]) -> Option<Reader<'a>> {
        let mut ahead = self.clone();
        let mut more = ahead.begin_object().ok()?;
        while more {
            let key = ahead.string_raw().ok()?;
            ahead.colon().ok()?;
            if names.contains(&&*resolve_lossy(key)) {
                return Some(ahead);
            }
            ahead.skip().ok()?;
            more = ahead.more_members().ok()?;
        }
        None
    }
}
