//! Where answers differ from what the specification promised.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::extra::{Floor, Gatherer};
use crate::json::{Error, ErrorKind, Kind, Reader};

/// One difference between an answer and the specification.
///
/// Equal differences (same path and kind) are reported once with their count, however many list elements show them;
/// at most a thousand different ones of a text are reported.
/// No value is part of a report, except short identifier-like enum values and union tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// JSON path: `$.profile.x`, `[]` for any list element, `.*` for any key of a map.
    pub path: String,
    /// What differs.
    pub kind: DriftKind,
    /// What the specification promised: a JSON type, or the schema whose member, value or tag is missing.
    pub expected: Cow<'static, str>,
    /// What stood there: a JSON type, or the unlisted value.
    pub found: Cow<'static, str>,
    /// Index of the first element, innermost list, where it was seen.
    pub index: Option<usize>,
    /// How often it was seen.
    pub count: usize,
}

/// Kind of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriftKind {
    /// A member that the schema does not have.
    UnknownMember,
    /// A value of another type than promised, or one that the type cannot hold without loss.
    WrongType,
    /// An enum value that the specification does not list.
    UnknownEnumValue,
    /// No variant of a union for this tag, or no tag.
    UnknownTag,
    /// A wrapper object without its list.
    MissingItems,
}

/// Stops the decoding of one value.
#[derive(Debug)]
pub enum Fault {
    /// The value is valid JSON but not of this type; the caller keeps it as text.
    Misfit(Kind),
    /// The text is broken or too deep; nothing can be kept.
    Fatal(Error),
}

impl From<Error> for Fault {
    #[cold]
    fn from(error: Error) -> Self {
        // Valid JSON that no `String` can hold.
        if error.kind() == ErrorKind::LoneSurrogate {
            return Self::Misfit(Kind::String);
        }
        Self::Fatal(error)
    }
}

/// A reader that notes what differs from the specification; what [`Value::decode`](super::Value::decode) reads from.
pub struct Decoder<'a> {
    /// The text.
    pub reader: Reader<'a>,
    drift: Vec<(u64, Drift)>,
    seen: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    fallbacks: usize,
    /// What the objects under way keep as text.
    pub(crate) gatherer: Gatherer,
    /// Hash of the path that is being decoded, so that a repeated difference costs a look-up and no text.
    pub(crate) path: u64,
}

/// A body with more different differences is not the service's, and must not fill the memory with reports.
const MOST_DRIFTS: usize = 1000;

/// Characters of an unknown member's name that a path shows; no real name is longer.
const LONGEST_NAME: usize = 100;

/// State to go back to when a value turns out to be a misfit.
pub(crate) struct Mark<'a> {
    reader: Reader<'a>,
    drift: usize,
    floor: Floor,
}

#[inline(always)]
pub(crate) fn mix(path: u64, step: u64) -> u64 {
    (path.rotate_left(5) ^ step).wrapping_mul(0x517c_c1b7_2722_0a95)
}

fn hash_text(text: &str) -> u64 {
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    let hash = chunks.iter().fold(text.len() as u64, |hash, chunk| {
        mix(hash, u64::from_le_bytes(*chunk))
    });
    rest.iter()
        .fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// The keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0, u64::from(*byte));
        }
    }

    fn write_u64(&mut self, hash: u64) {
        // The table takes its place from the low bits and its tag from the high ones; a product fills only the high.
        self.0 = hash ^ (hash >> 32);
    }
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            drift: Vec::new(),
            seen: HashMap::default(),
            fallbacks: 0,
            gatherer: Gatherer::default(),
            path: 0,
        }
    }

    /// A misfit at the next value, unless that value is broken.
    #[cold]
    pub fn misfit(&mut self, expected: Kind) -> Fault {
        match self.reader.kind() {
            Ok(_) => Fault::Misfit(expected),
            Err(error) => Fault::Fatal(error),
        }
    }

    #[inline(always)]
    pub(crate) fn mark(&self) -> Mark<'a> {
        Mark {
            reader: self.reader.clone(),
            drift: self.drift.len(),
            floor: self.gatherer.floor(),
        }
    }

    /// Goes back to a mark, forgetting what was noted since.
    #[cold]
    pub(crate) fn rewind(&mut self, mark: &Mark<'a>) {
        self.reader.rewind(&mark.reader);
        self.gatherer.reset(mark.floor);
        for (hash, _) in self.drift.drain(mark.drift..) {
            self.seen.remove(&hash);
        }
    }

    /// Goes back to a mark and takes the value there as text.
    #[cold]
    pub(crate) fn retake(&mut self, mark: &Mark<'a>) -> Result<&'a str, Error> {
        self.rewind(mark);
        self.reader.raw()
    }

    /// Notes a difference at the current path plus `member`.
    #[cold]
    pub(crate) fn note(
        &mut self,
        kind: DriftKind,
        member: &str,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) {
        let found = found.into();
        let hash = mix(
            mix(mix(self.path, hash_text(member)), kind as u64),
            hash_text(&found),
        );
        if let Some(at) = self.seen.get(&hash) {
            self.drift[*at].1.count += 1;
            return;
        }
        if self.drift.len() >= MOST_DRIFTS {
            return;
        }
        self.seen.insert(hash, self.drift.len());
        let path = if member.is_empty() {
            String::new()
        } else if let Some((end, _)) = member.char_indices().nth(LONGEST_NAME) {
            format!(".{}…", &member[..end])
        } else {
            format!(".{member}")
        };
        let drift = Drift {
            path,
            kind,
            expected: expected.into(),
            found,
            index: None,
            count: 1,
        };
        self.drift.push((hash, drift));
    }

    /// Notes that a value of another type was kept as text.
    #[cold]
    pub(crate) fn note_misfit(&mut self, member: &str, expected: Kind, raw: &str) {
        // Null is of no type: an element that is null stays null, whatever the element's type.
        self.fallbacks += usize::from(raw != "null");
        let found = Reader::from_text(raw)
            .kind()
            .map_or("nothing", Kind::as_str);
        self.note(DriftKind::WrongType, member, expected.as_str(), found);
    }

    /// Number of differences so far, for [`Decoder::step_out`].
    #[inline(always)]
    pub(crate) fn noted(&self) -> usize {
        self.drift.len()
    }

    /// Puts a step in front of the paths noted since.
    #[inline(always)]
    pub(crate) fn step_out(&mut self, since: usize, step: &str, index: Option<usize>) {
        if self.drift.len() > since {
            self.prepend(since, step, index);
        }
    }

    #[cold]
    fn prepend(&mut self, since: usize, step: &str, index: Option<usize>) {
        for (_, drift) in &mut self.drift[since..] {
            drift.path.insert_str(0, step);
            drift.index = drift.index.or(index);
        }
    }

    pub(crate) fn finish(self) -> (Vec<Drift>, usize) {
        let finished = self.drift.into_iter().map(|(_, mut drift)| {
            drift.path.insert(0, '$');
            drift
        });
        (finished.collect(), self.fallbacks)
    }
}
