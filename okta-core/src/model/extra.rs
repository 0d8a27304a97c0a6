//! What a struct cannot hold but must send back: unknown members, nulls, misfits.

use std::borrow::Cow;
use std::fmt;

use super::Table;
use crate::json::{Reader, Writer};

/// Members that a model does not know, and everything else that must survive a round trip.
///
/// * unknown members, as raw JSON text;
/// * known members whose value has another type than promised, likewise (written only while the typed member is
///   `None`);
/// * which members were null (written as null while the typed member is `None`);
/// * the whole value, where a list element was no object at all;
/// * that the object came from a server, so that no union tag is added to it.
///
/// 24 bytes. Allocates one buffer if there is text to keep, nothing for nulls (up to 60 members, bases included;
/// further ones are kept as text).
#[derive(Clone, Default)]
pub struct Extra {
    bits: u64,
    /// `"name":value,"name":value`, names as the writer escapes them, each once; or the whole value.
    text: Option<Box<str>>,
}

/// Set once decoded.
const DECODED: u64 = 1 << 63;
/// Some entry belongs to a known member.
const MISFITS: u64 = 1 << 62;
/// The text is the whole value.
const WHOLE: u64 = 1 << 61;
/// Nulls with a bit of their own.
const INLINE_NULLS: usize = 60;

/// A name in the one form in which names are kept: without quotes, escapes as the writer makes them.
pub(crate) fn canonical(name: &str) -> Cow<'_, str> {
    if crate::json::is_plain(name) {
        return Cow::Borrowed(name);
    }
    let mut writer = Writer::new();
    writer.string(name);
    let quoted = writer.into_string();
    Cow::Owned(
        quoted
            .get(1..quoted.len() - 1)
            .unwrap_or_default()
            .to_owned(),
    )
}

/// The name that stands between quotes as `raw` in checked JSON text; half a surrogate pair reads as U+FFFD.
pub(crate) fn resolved(raw: &str) -> Cow<'_, str> {
    crate::json::resolve_lossy(raw)
}

/// Raw names, raw values and whole entries of kept text.
struct Entries<'a> {
    reader: Reader<'a>,
    more: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, &'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.more {
            return None;
        }
        let start = self.reader.position();
        let name = self.reader.string_raw().ok()?;
        self.reader.colon().ok()?;
        let value = self.reader.raw().ok()?;
        let entry = self.reader.slice(start, self.reader.position());
        self.more = self.reader.next_byte() == b',';
        self.reader.step();
        Some((name, value, entry))
    }
}

impl Extra {
    /// Whether nothing is kept: no unknown member, no misfit, no null.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits & !DECODED & !MISFITS == 0 && self.text.is_none()
    }

    fn entries(&self) -> Entries<'_> {
        let text = self.text.as_deref().filter(|_| self.bits & WHOLE == 0);
        Entries {
            reader: Reader::from_text(text.unwrap_or_default()),
            more: text.is_some(),
        }
    }

    /// Names and raw JSON text of what is kept as text: unknown members and misfits.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.entries()
            .map(|(name, value, _)| (resolved(name), value))
    }

    /// Raw JSON text of a kept member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text.as_ref()?;
        let name = canonical(name);
        let mut entries = self.entries();
        entries
            .find(|entry| entry.0 == name)
            .map(|(_, value, _)| value)
    }

    /// The whole value, where it was no object.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        self.text.as_deref().filter(|_| self.bits & WHOLE != 0)
    }

    pub(crate) fn set_whole(&mut self, json: &str) {
        self.text = Some(json.into());
        self.bits = DECODED | WHOLE;
    }

    /// A whole value gives way as soon as a member is set.
    pub(crate) fn drop_whole(&mut self) {
        if self.bits & WHOLE != 0 {
            self.text = None;
            self.bits = DECODED;
        }
    }

    #[inline]
    pub(crate) fn set_decoded(&mut self) {
        self.bits |= DECODED;
    }

    #[inline]
    pub(crate) fn is_decoded(&self) -> bool {
        self.bits & DECODED != 0
    }

    /// Whether a null is remembered for a member that has a bit.
    #[inline(always)]
    pub(crate) fn is_null(&self, member: usize) -> bool {
        member < INLINE_NULLS && self.bits >> member & 1 == 1
    }

    /// Remembers a null; `false` if the member has no bit, then it must be kept as text.
    #[inline]
    #[must_use]
    pub(crate) fn set_null(&mut self, member: usize) -> bool {
        if member < INLINE_NULLS {
            self.bits |= 1 << member;
        }
        member < INLINE_NULLS
    }

    #[inline(always)]
    pub(crate) fn forget_null(&mut self, member: usize) {
        if member < INLINE_NULLS {
            self.bits &= !(1 << member);
        }
    }

    /// Takes over what was gathered while an object was read.
    pub(crate) fn set_text(&mut self, text: &str, misfits: bool) {
        self.text = Some(text.into());
        if misfits {
            self.bits |= MISFITS;
        }
    }

    /// Keeps `value` under `name`, in place of what was kept under it.
    pub(crate) fn replace(&mut self, name: &str, value: &str, known: bool) {
        self.remove(name);
        let mut writer = Writer::new();
        writer.raw(self.text.as_deref().unwrap_or_default());
        if self.text.is_some() {
            writer.raw(",");
        }
        writer.string(name);
        writer.raw(":");
        writer.raw(value);
        self.set_text(writer.as_str(), known);
    }

    /// Drops what is kept under a name; whether there was something.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        if self.get(name).is_none() {
            return false;
        }
        let name = canonical(name);
        let kept: Vec<&str> = self
            .entries()
            .filter(|entry| entry.0 != name)
            .map(|(_, _, entry)| entry)
            .collect();
        self.text = (!kept.is_empty()).then(|| kept.join(",").into());
        true
    }

    /// Writes what is kept as text; `has_value` tells whether a known member has a typed value, which wins.
    #[inline]
    pub(crate) fn write(&self, writer: &mut Writer, has_value: &mut dyn FnMut(&str) -> bool) {
        let Some(text) = &self.text else { return };
        if self.bits & MISFITS == 0 {
            writer.element();
            return writer.raw(text);
        }
        for (name, _, entry) in self.entries() {
            if !has_value(&resolved(name)) {
                writer.element();
                writer.raw(entry);
            }
        }
    }

    /// As an object of its own, nulls by the names of a table.
    fn to_object(&self, table: Option<&Table>) -> String {
        let mut writer = Writer::new();
        writer.begin_object();
        for number in (0..INLINE_NULLS).filter(|number| self.is_null(*number)) {
            match table.and_then(|table| table.member(number)) {
                Some(member) => writer.key(member.name()),
                None => writer.key(&format!("\u{0}{number}")),
            }
            writer.null();
        }
        self.write(&mut writer, &mut |_| false);
        writer.end_object();
        writer.into_string()
    }
}

/// Shows names only: values may be secret.
impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole() {
            Some(_) => f.write_str("<not an object>"),
            None => f
                .debug_list()
                .entries(self.iter().map(|(name, _)| name.into_owned()))
                .finish(),
        }
    }
}

/// By what is kept, member by member, numbers by value.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        match (self.whole(), other.whole()) {
            (None, None) => crate::json::same_value(&self.to_object(None), &other.to_object(None)),
            (Some(left), Some(right)) => crate::json::same_value(left, right),
            _ => false,
        }
    }
}

/// Gathers what objects keep as text while they are read. One buffer for a whole decode, used as a stack: nested
/// objects finish first, so that each object's text is allocated once, at its final size.
#[derive(Default)]
pub(crate) struct Gatherer {
    text: String,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    /// End of the name; it starts one after `start`.
    name: usize,
    end: usize,
    known: bool,
}

/// Where an object's entries begin.
#[derive(Clone, Copy)]
pub(crate) struct Floor(usize);

impl Gatherer {
    #[inline]
    pub(crate) fn floor(&self) -> Floor {
        Floor(self.entries.len())
    }

    /// Forgets what an object gathered whose reading failed.
    pub(crate) fn reset(&mut self, floor: Floor) {
        if let Some(entry) = self.entries.get(floor.0) {
            self.text.truncate(entry.start);
            self.entries.truncate(floor.0);
        }
    }

    /// Keeps a value under a name that stands between quotes as `raw_name` in JSON text.
    pub(crate) fn keep(&mut self, raw_name: &str, value: &str, known: bool) {
        let resolved;
        let name: &str = match std::str::from_utf8(&crate::json::resolve_bytes(raw_name)) {
            Ok(name) if raw_name.contains('\\') => {
                resolved = canonical(name).into_owned();
                &resolved
            }
            // Also a name that no `String` can hold: it stays as it is.
            _ => raw_name,
        };
        let start = self.text.len();
        self.text.push('"');
        self.text.push_str(name);
        let name = self.text.len();
        self.text.push_str("\":");
        self.text.push_str(value);
        let end = self.text.len();
        self.text.push(',');
        self.entries.push(Entry {
            start,
            name,
            end,
            known,
        });
    }

    fn name(&self, entry: &Entry) -> &str {
        self.text
            .get(entry.start + 1..entry.name)
            .unwrap_or_default()
    }

    /// Forgets what this object kept for a known member, which has come again.
    #[inline]
    pub(crate) fn forget(&mut self, floor: Floor, name: &str) {
        if self.entries.len() > floor.0 {
            self.forget_known(floor, name);
        }
    }

    fn forget_known(&mut self, floor: Floor, name: &str) {
        let mut at = floor.0;
        while let Some(entry) = self.entries.get(at) {
            if entry.known && self.name(entry) == name {
                self.entries.remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Moves what an object gathered into its extra; of equal names the last stays.
    #[inline]
    pub(crate) fn finish(&mut self, floor: Floor, extra: &mut Extra) {
        if self.entries.len() > floor.0 {
            self.move_to(floor, extra);
        }
    }

    fn move_to(&mut self, floor: Floor, extra: &mut Extra) {
        let own = self.entries.get(floor.0..).unwrap_or_default();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return;
        };
        let misfits = own.iter().any(|entry| entry.known);
        // Contiguous and without repetition is the usual case: one copy.
        let contiguous = own.windows(2).all(|pair| pair[0].end + 1 == pair[1].start);
        if contiguous && !self.repeats(own) {
            extra.set_text(
                self.text.get(first.start..last.end).unwrap_or_default(),
                misfits,
            );
        } else {
            let mut seen = std::collections::HashSet::with_capacity(own.len());
            let mut kept: Vec<&Entry> = own
                .iter()
                .rev()
                .filter(|entry| seen.insert(self.name(entry)))
                .collect();
            kept.reverse();
            let parts: Vec<&str> = kept
                .iter()
                .map(|entry| self.text.get(entry.start..entry.end).unwrap_or_default())
                .collect();
            extra.set_text(&parts.join(","), misfits);
        }
        let start = first.start;
        self.text.truncate(start);
        self.entries.truncate(floor.0);
    }

    fn repeats(&self, own: &[Entry]) -> bool {
        // Beyond a handful, comparing each with each is dearer than a set.
        own.len() > 16
            || own.iter().enumerate().any(|(at, entry)| {
                let name = self.name(entry);
                own[..at].iter().any(|earlier| self.name(earlier) == name)
            })
    }
}
