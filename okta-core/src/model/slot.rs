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
            Shape::Model(model) => write_object((model.object)(value), key, writer),
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
    fn parts<'a>(&'a self, visit: &mut dyn FnMut(Parts<'_, 'a>));
    /// Lends the members.
    fn parts_mut(&mut self, visit: &mut dyn FnMut(PartsMut<'_>));
}

/// Members of an object, in the order of its table.
#[allow(missing_docs)]
#[derive(Clone, Copy)]
pub struct Parts<'list, 'a> {
    pub table: &'static Table,
    pub slots: &'list [&'a dyn Slot],
    pub rest: Rest<'a>,
}

/// What holds everything else.
#[allow(missing_docs)]
#[derive(Clone, Copy)]
pub enum Rest<'a> {
    Extra(&'a Extra),
    Base(&'a dyn Object),
}

/// Members of an object, to be changed.
#[allow(missing_docs)]
pub struct PartsMut<'a> {
    pub table: &'static Table,
    pub slots: &'a mut [&'a mut dyn Slot],
    pub rest: RestMut<'a>,
}

/// What holds everything else, to be changed.
#[allow(missing_docs)]
pub enum RestMut<'a> {
    Extra(&'a mut Extra),
    Base(&'a mut dyn Object),
}
