//! The seam between typed structs and the one driver: slots and the objects they belong to.

use std::fmt;

use super::object_encode::encode_object;
use super::{Decoder, Extra, Fault, Shape, Table, Value};
use crate::json::Writer;

/// One member of a struct, seen without its type. Implemented for `Option<T>` and nothing else.
pub trait Slot {
    /// Decodes the next value, which is not null, into the member. After a fault the member may be anything.
    fn read(&mut self, decoder: &mut Decoder<'_>) -> Result<(), Fault>;
    /// Makes the member `None`.
    fn clear(&mut self);
    /// Writes name and value if the member is `Some`; whether it was. The name has the form `,"name":`, or is empty.
    fn write(&self, key: &'static str, writer: &mut Writer) -> bool;
    /// The value, if it is `Some` string.
    fn text(&self) -> Option<&str>;
    /// The value for `Debug`, if the member is `Some`.
    fn debug(&self) -> Option<&dyn fmt::Debug>;
}

impl<T: Value> Slot for Option<T> {
    fn read(&mut self, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        T::fits(decoder)?;
        T::decode_member(self, decoder)
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn write(&self, key: &'static str, writer: &mut Writer) -> bool {
        let Some(value) = self else { return false };
        // This is compiled for each member type: short, unless it is one of the few that everything is made of.
        match T::SHAPE {
            Shape::Model { of: model, .. } => write_object((model.object)(value), key, writer),
            Shape::Words(words) => write_text((words.text)(value), key, writer),
            Shape::Own => {
                write_key(key, writer);
                value.encode(writer);
            }
            Shape::Scalar => {
                writer.ready_key(key);
                value.encode(writer);
            }
        }
        true
    }

    fn text(&self) -> Option<&str> {
        self.as_ref().and_then(T::text)
    }

    fn debug(&self) -> Option<&dyn fmt::Debug> {
        self.as_ref().map(|value| value as &dyn fmt::Debug)
    }
}

fn write_object(object: &dyn Object, key: &'static str, writer: &mut Writer) {
    writer.ready_key(key);
    encode_object(object, writer);
}

fn write_text(text: &str, key: &'static str, writer: &mut Writer) {
    writer.ready_key(key);
    writer.string(text);
}

#[inline(never)]
fn write_key(key: &'static str, writer: &mut Writer) {
    writer.ready_key(key);
}

// Not in the trait: each of its methods is compiled once for each member type.
impl dyn Slot + '_ {
    /// Whether the member is `Some`.
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.debug().is_some()
    }
}

/// A model seen without its type; implemented by `model!`.
pub trait Object {
    /// Shows the members.
    fn parts<'a>(&'a self, visit: Show<'_, 'a>);
    /// Lends the members.
    fn parts_mut(&mut self, visit: Lend<'_>);
}

/// Takes the members of an object. A type of its own instead of a closure: calling that is dear to compile, and there
/// are thousands of callers. So are methods, hence functions.
#[allow(missing_debug_implementations)]
pub struct Show<'v, 'a>(pub(super) &'v mut dyn FnMut(Parts<'_, 'a>));

/// Likewise, to be changed.
#[allow(missing_debug_implementations)]
pub struct Lend<'v>(pub(super) &'v mut dyn FnMut(PartsMut<'_>));

// The table is told by the type's name alone: an associated constant as an argument costs the compiler a check of its
// own in each of the thousands of callers.
#[doc(hidden)]
#[inline]
pub fn show_extra<'a, T: Value>(visit: Show<'_, 'a>, slots: &[&'a dyn Slot], extra: &'a Extra) {
    let rest = Rest::Extra(extra);
    let table = T::TABLE;
    (visit.0)(Parts { table, slots, rest });
}

#[doc(hidden)]
#[inline]
pub fn show_base<'a, T: Value>(visit: Show<'_, 'a>, slots: &[&'a dyn Slot], base: &'a dyn Object) {
    let rest = Rest::Base(base);
    let table = T::TABLE;
    (visit.0)(Parts { table, slots, rest });
}

#[doc(hidden)]
#[inline]
pub fn lend_extra<'a, T: Value>(
    visit: Lend<'_>,
    slots: &'a mut [&'a mut dyn Slot],
    extra: &'a mut Extra,
) {
    let rest = RestMut::Extra(extra);
    let table = T::TABLE;
    (visit.0)(PartsMut { table, slots, rest });
}

#[doc(hidden)]
#[inline]
pub fn lend_base<'a, T: Value>(
    visit: Lend<'_>,
    slots: &'a mut [&'a mut dyn Slot],
    base: &'a mut dyn Object,
) {
    let rest = RestMut::Base(base);
    let table = T::TABLE;
    (visit.0)(PartsMut { table, slots, rest });
}

/// Members of an object, in the order of its table.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'list, 'a> {
    pub(crate) table: &'static Table,
    pub(crate) slots: &'list [&'a dyn Slot],
    pub(crate) rest: Rest<'a>,
}

/// What holds everything else.
#[derive(Clone, Copy)]
pub(crate) enum Rest<'a> {
    Extra(&'a Extra),
    Base(&'a dyn Object),
}

/// Members of an object, to be changed.
pub(crate) struct PartsMut<'a> {
    pub(crate) table: &'static Table,
    pub(crate) slots: &'a mut [&'a mut dyn Slot],
    pub(crate) rest: RestMut<'a>,
}

/// What holds everything else, to be changed.
pub(crate) enum RestMut<'a> {
    Extra(&'a mut Extra),
    Base(&'a mut dyn Object),
}
