//! Whole values: equality by value, merging, differences.
//!
//! These work on text, so they exist once and not once per model.

use std::borrow::Cow;

use super::number::same_number;
use super::string::resolve_bytes;
use super::{Error, Kind, Reader, Writer};

/// Where in a text unions begin, and the member that tells their variants apart; ascending.
pub(crate) type Unions = [(usize, &'static str)];

struct Node<'a> {
    raw: &'a str,
    offset: usize,
    value: Value<'a>,
}

enum Value<'a> {
    /// `null`, `true`, `false`: equal if the text is.
    Literal,
    Number,
    /// Resolved, as generalized UTF-8.
    Text(Cow<'a, [u8]>),
    Array(Vec<Node<'a>>),
    /// Sorted by name, each name once (the last one wins).
    Object(Vec<(Name<'a>, Node<'a>)>),
}

/// A member's name, compared resolved and written as it stood.
struct Name<'a> {
    resolved: Cow<'a, [u8]>,
    raw: &'a str,
}

impl Name<'_> {
    fn is(&self, name: &str) -> bool {
        *self.resolved == *name.as_bytes()
    }

    fn write(&self, out: &mut Writer) {
        match std::str::from_utf8(&self.resolved) {
            Ok(name) => out.key(name),
            Err(_) => {
                out.element();
                out.raw("\"");
                out.raw(self.raw);
                out.raw("\":");
            }
        }
    }
}

impl<'a> Node<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let mut reader = Reader::from_text(text);
        let node = Self::read(&mut reader)?;
        reader.end()?;
        Ok(node)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let kind = reader.kind()?;
        let offset = reader.position();
        let value = match kind {
            Kind::Null | Kind::Boolean => {
                reader.skip()?;
                Value::Literal
            }
            Kind::Integer | Kind::Number => {
                reader.number()?;
                Value::Number
            }
            Kind::String => Value::Text(resolve_bytes(reader.string_raw()?)),
            Kind::Array => {
                let mut list = Vec::new();
                let mut more = reader.begin_array()?;
                while more {
                    list.push(Self::read(reader)?);
                    more = reader.more_elements()?;
                }
                Value::Array(list)
            }
            Kind::Object => {
                let mut members = Vec::new();
                let mut more = reader.begin_object()?;
                while more {
                    let raw = reader.string_raw()?;
                    reader.colon()?;
                    let resolved = resolve_bytes(raw);
                    members.push((Name { resolved, raw }, Self::read(reader)?));
                    more = reader.more_members()?;
                }
                // Stable and reversed: of equal names the last one written comes first and stays.
                members.reverse();
                members.sort_by(|left, right| left.0.resolved.cmp(&right.0.resolved));
                members.dedup_by(|later, earlier| later.0.resolved == earlier.0.resolved);
                Value::Object(members)
            }
        };
        Ok(Self {
            raw: reader.slice(offset, reader.position()),
            offset,
            value,
        })
    }

    fn same(&self, other: &Node<'_>) -> bool {
        match (&self.value, &other.value) {
            (Value::Literal, Value::Literal) => self.raw == other.raw,
            (Value::Number, Value::Number) => same_number(self.raw, other.raw),
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| left.same(right))
            }
            (Value::Object(left), Value::Object(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| {
                        left.0.resolved == right.0.resolved && left.1.same(&right.1)
                    })
            }
            _ => false,
        }
    }

    fn member(&self, name: &[u8]) -> Option<&Self> {
        let Value::Object(members) = &self.value else {
            return None;
        };
        let at = members
            .binary_search_by(|member| (*member.0.resolved).cmp(name))
            .ok()?;
        Some(&members[at].1)
    }

    fn merge(&self, patch: &Node<'_>, out: &mut Writer) {
        let (Value::Object(members), Value::Object(changes)) = (&self.value, &patch.value) else {
            return out.raw(patch.raw);
        };
        out.begin_object();
        for (name, value) in members {
            name.write(out);
            match patch.member(&name.resolved) {
                Some(change) => value.merge(change, out),
                None => out.raw(value.raw),
            }
        }
        for (name, value) in changes
            .iter()
            .filter(|change| self.member(&change.0.resolved).is_none())
        {
            name.write(out);
            out.raw(value.raw);
        }
        out.end_object();
    }

    fn diff(&self, after: &Node<'_>, unions: &Unions, out: &mut Writer) {
        let (Value::Object(before), Value::Object(changed)) = (&self.value, &after.value) else {
            return out.raw(after.raw);
        };
        let first = unions.partition_point(|union| union.0 < after.offset);
        let tags = unions[first..]
            .iter()
            .take_while(|union| union.0 == after.offset)
            .map(|union| union.1);
        let kept: Vec<&str> = tags.collect();
        let same_tag =
            |tag: &&str| match (self.member(tag.as_bytes()), after.member(tag.as_bytes())) {
                (Some(before), Some(after)) => before.same(after),
                (None, None) => true,
                _ => false,
            };
        if !kept.iter().all(same_tag) {
            // Another variant: a part of it means nothing.
            return out.raw(after.raw);
        }
        out.begin_object();
        for (name, value) in changed {
            match self.member(&name.resolved) {
                None => {
                    name.write(out);
                    out.raw(value.raw);
                }
                Some(old) if old.same(value) => {
                    if kept.iter().any(|tag| name.is(tag)) {
                        name.write(out);
                        out.raw(value.raw);
                    }
                }
                Some(old) => {
                    name.write(out);
                    old.diff(value, unions, out);
                }
            }
        }
        for (name, _) in before
            .iter()
            .filter(|old| old.1.raw != "null" && after.member(&old.0.resolved).is_none())
        {
            name.write(out);
            out.null();
        }
        out.end_object();
    }
}

/// Whether two JSON texts are the same value: members in any order (of equal names the last counts), numbers by
/// decimal value, strings after their escapes are resolved. Invalid text equals only the same text.
#[must_use]
pub fn same_value(left: &str, right: &str) -> bool {
    left == right
        || match (Node::parse(left), Node::parse(right)) {
            (Ok(left), Ok(right)) => left.same(&right),
            _ => false,
        }
}

/// `current` with the members of `patch` put over it, objects member by member. A null of the patch stays a null.
pub(crate) fn merge_objects(current: &str, patch: &str) -> Result<String, Error> {
    let mut out = Writer::with_capacity(current.len() + patch.len());
    Node::parse(current)?.merge(&Node::parse(patch)?, &mut out);
    Ok(out.into_string())
}

/// The members of `after` that differ from `before`, nested objects likewise, null for what is gone.
pub(crate) fn diff_objects(before: &str, after: &str, unions: &Unions) -> Result<String, Error> {
    let (before, after) = (Node::parse(before)?, Node::parse(after)?);
    if before.same(&after) {
        return Ok("{}".to_owned());
    }
    let mut out = Writer::new();
    before.diff(&after, unions, &mut out);
    Ok(out.into_string())
}
