//! One JSON value as a Rust type.

use std::collections::BTreeMap;
use std::fmt;

use super::drift::mix;
use super::enum_macro::decode_word;
use super::object_decode::{decode_member, decode_whole_or_object};
use super::object_encode::{encode_object, tag_text};
use super::shape::Shape;
use super::union_macro::is_object;
use super::{Decoder, Fault, Map, Table};
use crate::json::{Kind, Writer, exact_f64, exact_i64};

/// A type that holds one JSON value: scalars, strings, [`Timestamp`](super::Timestamp), [`Json`](super::Json), open
/// enums, models, unions, choices, `Vec<T>`, [`Map<T>`] and `Box<T>`.
///
/// Decoding never converts: a value of another JSON type is a [`Fault::Misfit`], and the caller keeps its text.
pub trait Value: Sized + fmt::Debug {
    /// What the provided methods do.
    #[doc(hidden)]
    const SHAPE: Shape<Self> = Shape::Own;

    /// Names of the members, if it is a model.
    #[doc(hidden)]
    const TABLE: &'static Table = &Table::new(Self::SHAPE.schema());

    /// Decodes the next value.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => {
                let mut blank = (model.blank)();
                decode_whole_or_object((model.object_mut)(&mut blank), decoder)?;
                Ok(blank)
            }
            Shape::Words(words) => decode_word(&words, decoder),
            Shape::Own | Shape::Scalar => Err(decoder.misfit(Kind::Object)),
        }
    }

    /// Writes the value.
    #[inline]
    fn encode(&self, writer: &mut Writer) {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => encode_object((model.object)(self), writer),
            Shape::Words(words) => writer.string((words.text)(self)),
            Shape::Own | Shape::Scalar => {}
        }
    }

    /// The value as text, if it is a string.
    #[doc(hidden)]
    #[inline]
    fn text(&self) -> Option<&str> {
        match Self::SHAPE {
            Shape::Words(words) => Some((words.text)(self)),
            _ => None,
        }
    }

    /// Text of a member that tells union variants apart.
    #[doc(hidden)]
    #[inline]
    fn tag_text(&self, key: &str) -> Option<&str> {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => tag_text((model.object)(self), key),
            _ => None,
        }
    }

    /// Refuses a next value that would only be kept as a whole, where the caller can keep it itself.
    #[doc(hidden)]
    #[inline]
    fn fits(decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        match Self::SHAPE {
            Shape::Model { .. } => is_object(decoder),
            _ => Ok(()),
        }
    }

    /// Decodes in place, so that large structs are not moved.
    #[doc(hidden)]
    #[inline]
    fn decode_member(slot: &mut Option<Self>, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => {
                let blank = slot.insert((model.blank)());
                decode_member((model.object_mut)(blank), decoder)
            }
            _ => {
                *slot = Some(Self::decode(decoder)?);
                Ok(())
            }
        }
    }

    /// Decodes to the end of a list, in place like [`Value::decode_member`].
    #[doc(hidden)]
    #[inline]
    fn decode_element(list: &mut Vec<Self>, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => {
                list.push((model.blank)());
                match list.last_mut() {
                    Some(last) => decode_whole_or_object((model.object_mut)(last), decoder),
                    None => Ok(()),
                }
            }
            _ => {
                list.push(Self::decode(decoder)?);
                Ok(())
            }
        }
    }

    /// Decodes into a box, in place like [`Value::decode_member`].
    #[doc(hidden)]
    #[inline]
    fn decode_boxed(decoder: &mut Decoder<'_>) -> Result<Box<Self>, Fault> {
        match Self::SHAPE {
            Shape::Model { of: model, .. } => {
                let mut blank = Box::new((model.blank)());
                decode_whole_or_object((model.object_mut)(&mut blank), decoder)?;
                Ok(blank)
            }
            _ => Self::decode(decoder).map(Box::new),
        }
    }
}

impl Value for bool {
    const SHAPE: Shape<Self> = Shape::Scalar;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b't' | b'f' => Ok(decoder.reader.boolean()?),
            _ => Err(decoder.misfit(Kind::Boolean)),
        }
    }

    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.boolean(*self);
    }
}

impl Value for i64 {
    const SHAPE: Shape<Self> = Shape::Scalar;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b'-' | b'0'..=b'9' => {
                exact_i64(decoder.reader.number()?).ok_or(Fault::Misfit(Kind::Integer))
            }
            _ => Err(decoder.misfit(Kind::Integer)),
        }
    }

    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.integer(*self);
    }
}

impl Value for f64 {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b'-' | b'0'..=b'9' => {
                exact_f64(decoder.reader.number()?).ok_or(Fault::Misfit(Kind::Number))
            }
            _ => Err(decoder.misfit(Kind::Number)),
        }
    }

    fn encode(&self, writer: &mut Writer) {
        writer.float(*self);
    }
}

impl Value for String {
    const SHAPE: Shape<Self> = Shape::Scalar;

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        match decoder.reader.next_byte() {
            b'"' => Ok(decoder.reader.string()?.into_owned()),
            _ => Err(decoder.misfit(Kind::String)),
        }
    }

    #[inline]
    fn encode(&self, writer: &mut Writer) {
        writer.string(self);
    }

    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: Value> Value for Box<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        T::decode_boxed(decoder)
    }

    fn encode(&self, writer: &mut Writer) {
        T::encode(self, writer);
    }

    fn fits(decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        T::fits(decoder)
    }

    fn text(&self) -> Option<&str> {
        T::text(self)
    }

    fn tag_text(&self, key: &str) -> Option<&str> {
        T::tag_text(self, key)
    }
}

impl<T: Value> Value for Vec<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        let mut list = Self::new();
        decode_list(decoder, &mut |decoder| {
            T::decode_element(&mut list, decoder)
        })?;
        Ok(list)
    }

    fn encode(&self, writer: &mut Writer) {
        if matches!(T::SHAPE, Shape::Scalar) {
            writer.begin_array();
            for value in self {
                writer.element();
                value.encode(writer);
            }
            writer.end_array();
        } else {
            encode_list(self.len(), writer, &mut |at, writer| {
                if let Some(value) = self.get(at) {
                    value.encode(writer);
                }
            });
        }
    }
}

/// The part of list encoding that does not know the element type.
fn encode_list(length: usize, writer: &mut Writer, element: &mut dyn FnMut(usize, &mut Writer)) {
    writer.begin_array();
    for at in 0..length {
        writer.element();
        element(at, writer);
    }
    writer.end_array();
}

/// The part of list decoding that does not know the element type.
fn decode_list(
    decoder: &mut Decoder<'_>,
    element: &mut dyn FnMut(&mut Decoder<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if decoder.reader.next_byte() != b'[' {
        return Err(decoder.misfit(Kind::Array));
    }
    let path = decoder.path;
    let mut index = 0;
    let mut more = decoder.reader.begin_array()?;
    decoder.path = mix(path, u64::from(b'['));
    while more {
        let noted = decoder.noted();
        if let Err(fault) = element(decoder) {
            return Err(in_list(fault, index, decoder, path));
        }
        decoder.step_out(noted, "[]", Some(index));
        index += 1;
        more = decoder.reader.more_elements()?;
    }
    decoder.path = path;
    Ok(())
}

#[cold]
fn in_list(mut fault: Fault, index: usize, decoder: &mut Decoder<'_>, path: u64) -> Fault {
    decoder.path = path;
    if let Fault::Fatal(error) = &mut fault {
        error.prepend(&format!("[{index}]"));
    }
    fault
}

impl<T: Value> Value for Map<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        let mut map = BTreeMap::new();
        decode_map(decoder, &mut |key, decoder| {
            map.insert(key, T::decode(decoder)?);
            Ok(())
        })?;
        Ok(map)
    }

    fn encode(&self, writer: &mut Writer) {
        writer.begin_object();
        for (key, value) in self {
            writer.key(key);
            value.encode(writer);
        }
        writer.end_object();
    }
}

/// The part of map decoding that does not know the value type.
fn decode_map(
    decoder: &mut Decoder<'_>,
    entry: &mut dyn FnMut(String, &mut Decoder<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if decoder.reader.next_byte() != b'{' {
        return Err(decoder.misfit(Kind::Object));
    }
    let path = decoder.path;
    let mut more = decoder.reader.begin_object()?;
    decoder.path = mix(path, u64::from(b'*'));
    while more {
        let key = decoder.reader.key()?.into_owned();
        let noted = decoder.noted();
        if let Err(fault) = entry(key, decoder) {
            return Err(in_map(fault, decoder, path));
        }
        decoder.step_out(noted, ".*", None);
        more = decoder.reader.more_members()?;
    }
    decoder.path = path;
    Ok(())
}

#[cold]
fn in_map(mut fault: Fault, decoder: &mut Decoder<'_>, path: u64) -> Fault {
    decoder.path = path;
    if let Fault::Fatal(error) = &mut fault {
        error.prepend(".*");
    }
    fault
}
