//! One JSON value as a Rust type.

use std::collections::BTreeMap;
use std::fmt;

use super::drift::mix;
use super::{Decoder, Fault, Map};
use crate::json::{Kind, Writer, exact_f64, exact_i64};

/// A type that holds one JSON value: scalars, strings, [`Timestamp`](super::Timestamp), [`Json`](super::Json), open
/// enums, models, unions, choices, `Vec<T>`, [`Map<T>`] and `Box<T>`.
///
/// Decoding never converts: a value of another JSON type is a [`Fault::Misfit`], and the caller keeps its text.
pub trait Value: Sized + fmt::Debug {
    /// Decodes the next value.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault>;

    /// Writes the value.
    fn encode(&self, writer: &mut Writer);

    /// The value as text, if it is a string.
    #[doc(hidden)]
    #[inline]
    fn text(&self) -> Option<&str> {
        None
    }

    /// Text of a member that tells union variants apart.
    #[doc(hidden)]
    #[inline]
    fn tag_text(&self, _key: &str) -> Option<&str> {
        None
    }

    /// Refuses a next value that would only be kept as a whole, where the caller can keep it itself.
    #[doc(hidden)]
    #[inline]
    fn fits(_decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        Ok(())
    }

    /// Decodes in place; models override it so that large structs are not moved.
    #[doc(hidden)]
    #[inline]
    fn decode_member(slot: &mut Option<Self>, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        *slot = Some(Self::decode(decoder)?);
        Ok(())
    }

    /// Decodes to the end of a list, in place like [`Value::decode_member`].
    #[doc(hidden)]
    #[inline]
    fn decode_element(list: &mut Vec<Self>, decoder: &mut Decoder<'_>) -> Result<(), Fault> {
        list.push(Self::decode(decoder)?);
        Ok(())
    }

    /// Decodes into a box, in place like [`Value::decode_member`].
    #[doc(hidden)]
    #[inline]
    fn decode_boxed(decoder: &mut Decoder<'_>) -> Result<Box<Self>, Fault> {
        Self::decode(decoder).map(Box::new)
    }
}

impl Value for bool {
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
        writer.begin_array();
        for value in self {
            writer.element();
            value.encode(writer);
        }
        writer.end_array();
    }
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
        if decoder.reader.next_byte() != b'{' {
            return Err(decoder.misfit(Kind::Object));
        }
        let mut map = BTreeMap::new();
        let path = decoder.path;
        let mut more = decoder.reader.begin_object()?;
        decoder.path = mix(path, u64::from(b'*'));
        while more {
            let key = decoder.reader.key()?.into_owned();
            let noted = decoder.noted();
            match T::decode(decoder) {
                Ok(value) => map.insert(key, value),
                Err(fault) => return Err(in_map(fault, decoder, path)),
            };
            decoder.step_out(noted, ".*", None);
            more = decoder.reader.more_members()?;
        }
        decoder.path = path;
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

#[cold]
fn in_map(mut fault: Fault, decoder: &mut Decoder<'_>, path: u64) -> Fault {
    decoder.path = path;
    if let Fault::Fatal(error) = &mut fault {
        error.prepend(".*");
    }
    fault
}
