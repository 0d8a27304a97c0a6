//! What a struct cannot hold but must send back: unknown members, nulls, misfits.

use std::borrow::Cow;
use std::fmt;

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
/// Sixteen bytes; allocates nothing unless there is text to keep (nulls beyond the 60th member included).
#[derive(Clone, Default)]
pub struct Extra {
    bits: u64,
    kept: Option<Box<Kept>>,
}

/// Set once decoded.
const DECODED: u64 = 1 << 63;
/// Some entry belongs to a known member.
const MISFITS: u64 = 1 << 62;
/// The only entry is the whole value.
const WHOLE: u64 = 1 << 61;
/// Nulls with a bit of their own.
const INLINE_NULLS: usize = 60;

#[derive(Clone, Default)]
struct Kept {
    /// `"name":value` back to back.
    text: String,
    entries: Vec<Entry>,
    /// Numbers of null members that have no bit.
    nulls: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    /// Offset of the value; before it stand the name in quotes and the colon.
    value: usize,
    end: usize,
    /// Number of the known member it belongs to.
    member: Option<u16>,
}

impl Kept {
    /// Name as it stands in the text, between the quotes.
    fn raw_name(&self, entry: &Entry) -> &str {
        self.text
            .get(entry.start + 1..entry.value - 2)
            .unwrap_or_default()
    }

    fn value(&self, entry: &Entry) -> &str {
        self.text.get(entry.value..entry.end).unwrap_or_default()
    }

    fn position(&self, raw_name: &str) -> Option<usize> {
        self.entries
            .iter()
            .rposition(|entry| self.raw_name(entry) == raw_name)
    }
}

/// A name in the one form in which names are kept: without quotes, escapes as the writer makes them.
fn canonical(name: &str) -> Cow<'_, str> {
    if crate::json::is_plain(name) {
        return Cow::Borrowed(name);
    }
    let mut writer = Writer::new();
    writer.string(name);
    let quoted = writer.into_string();
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}

impl Extra {
    /// Whether nothing is kept: no unknown member, no misfit, no null.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits & !DECODED == 0
            && self
                .kept
                .as_ref()
                .is_none_or(|kept| kept.entries.is_empty() && kept.nulls.is_empty())
    }

    /// Names and raw JSON text of what is kept as text: unknown members and misfits.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        let whole = self.bits & WHOLE != 0;
        self.kept.iter().flat_map(move |kept| {
            let entries: &[Entry] = if whole { &[] } else { &kept.entries };
            entries.iter().map(|entry| {
                let mut name = Reader::from_text(
                    kept.text
                        .get(entry.start..entry.value - 1)
                        .unwrap_or_default(),
                );
                (name.string().unwrap_or_default(), kept.value(entry))
            })
        })
    }

    /// Raw JSON text of a kept member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let kept = self.kept.as_deref().filter(|_| self.bits & WHOLE == 0)?;
        kept.position(&canonical(name))
            .map(|at| kept.value(&kept.entries[at]))
    }

    /// The whole value, where it was no object.
    #[must_use]
    pub fn whole(&self) -> Option<&str> {
        let kept = self.kept.as_deref().filter(|_| self.bits & WHOLE != 0)?;
        kept.entries.first().map(|entry| kept.value(entry))
    }

    pub(crate) fn set_whole(&mut self, json: &str) {
        let entry = Entry {
            start: 0,
            value: 0,
            end: json.len(),
            member: None,
        };
        self.kept = Some(Box::new(Kept {
            text: json.to_owned(),
            entries: vec![entry],
            nulls: Vec::new(),
        }));
        self.bits = DECODED | WHOLE;
    }

    /// A whole value gives way as soon as a member is set.
    pub(crate) fn drop_whole(&mut self) {
        if self.bits & WHOLE != 0 {
            *self = Self {
                bits: DECODED,
                kept: None,
            };
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

    #[inline]
    pub(crate) fn is_null(&self, member: usize) -> bool {
        if member < INLINE_NULLS {
            self.bits >> member & 1 == 1
        } else {
            self.kept
                .as_ref()
                .is_some_and(|kept| kept.nulls.contains(&member))
        }
    }

    pub(crate) fn set_null(&mut self, member: usize) {
        if member < INLINE_NULLS {
            self.bits |= 1 << member;
        } else if !self.is_null(member) {
            self.kept.get_or_insert_default().nulls.push(member);
        }
    }

    /// Forgets null and misfit of a member: it has a new value, or none.
    #[inline]
    pub(crate) fn forget(&mut self, member: usize) {
        if member < INLINE_NULLS {
            self.bits &= !(1 << member);
        }
        if self.kept.is_some() {
            self.forget_kept(member);
        }
    }

    #[cold]
    fn forget_kept(&mut self, member: usize) {
        if let Some(kept) = &mut self.kept {
            kept.nulls.retain(|null| *null != member);
            if self.bits & MISFITS != 0 {
                kept.entries
                    .retain(|entry| entry.member.map(usize::from) != Some(member));
            }
        }
    }

    /// Keeps `value` under a name that stands between quotes as `raw_name` in JSON text.
    pub(crate) fn keep(&mut self, raw_name: &str, value: &str, member: Option<usize>) {
        let canonical_name;
        let raw_name = if raw_name.contains('\\') {
            let quoted = format!("\"{raw_name}\"");
            let name = Reader::from_text(&quoted)
                .string()
                .unwrap_or_default()
                .into_owned();
            canonical_name = canonical(&name).into_owned();
            &canonical_name
        } else {
            raw_name
        };
        let kept = self.kept.get_or_insert_default();
        let start = kept.text.len();
        kept.text.reserve(raw_name.len() + value.len() + 3);
        kept.text.push('"');
        kept.text.push_str(raw_name);
        kept.text.push_str("\":");
        let at = kept.text.len();
        kept.text.push_str(value);
        let member = member.and_then(|number| u16::try_from(number).ok());
        if member.is_some() {
            self.bits |= MISFITS;
        }
        kept.entries.push(Entry {
            start,
            value: at,
            end: kept.text.len(),
            member,
        });
    }

    /// Keeps `value` under `name`, in place of what was kept under it.
    pub(crate) fn replace(&mut self, name: &str, value: &str, member: Option<usize>) {
        self.remove(name);
        self.keep(&canonical(name), value, member);
    }

    /// Drops what is kept under a name; whether there was something. Its text goes when everything is gone.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let name = canonical(name);
        let Some(kept) = &mut self.kept else {
            return false;
        };
        let before = kept.entries.len();
        let mut entries = std::mem::take(&mut kept.entries);
        entries.retain(|entry| kept.raw_name(entry) != name);
        kept.entries = entries;
        before != kept.entries.len()
    }

    /// Of equal names only the last stays. Called once after an object was read.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if self
            .kept
            .as_ref()
            .is_some_and(|kept| kept.entries.len() > 1)
        {
            self.settle_kept();
        }
    }

    fn settle_kept(&mut self) {
        let Some(kept) = &mut self.kept else { return };
        let mut entries = std::mem::take(&mut kept.entries);
        let duplicate = if entries.len() <= 12 {
            let same = |left: &Entry, right: &Entry| kept.raw_name(left) == kept.raw_name(right);
            (1..entries.len()).any(|at| {
                entries[..at]
                    .iter()
                    .any(|earlier| same(earlier, &entries[at]))
            })
        } else {
            true
        };
        if duplicate {
            let mut seen = std::collections::HashSet::with_capacity(entries.len());
            entries.reverse();
            entries.retain(|entry| seen.insert(kept.raw_name(entry)));
            entries.reverse();
        }
        kept.entries = entries;
    }

    /// Writes what is kept as text; `has_value` tells whether a known member has a typed value, which wins.
    pub(crate) fn write(&self, writer: &mut Writer, has_value: &mut dyn FnMut(usize) -> bool) {
        let Some(kept) = &self.kept else { return };
        for entry in &kept.entries {
            if entry
                .member
                .is_some_and(|member| has_value(usize::from(member)))
            {
                continue;
            }
            writer.element();
            writer.raw(kept.text.get(entry.start..entry.end).unwrap_or_default());
        }
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
        let text = |extra: &Self| {
            let mut writer = Writer::new();
            match extra.whole() {
                Some(whole) => writer.raw(whole),
                None => {
                    writer.begin_object();
                    extra.write(&mut writer, &mut |_| false);
                    writer.end_object();
                }
            }
            writer.into_string()
        };
        let nulls = |extra: &Self| {
            let mut nulls: Vec<usize> = extra
                .kept
                .as_ref()
                .map_or(Vec::new(), |kept| kept.nulls.clone());
            nulls.sort_unstable();
            (extra.bits & (MISFITS - 1) & !WHOLE, nulls)
        };
        nulls(self) == nulls(other) && crate::json::same_value(&text(self), &text(other))
    }
}
