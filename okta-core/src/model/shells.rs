//! serde on top of the codec: small shells that go through JSON text.
//!
//! They are generic, so they cost a user's build only where they are used. Any self-describing format works. Numbers
//! that neither 64-bit integers nor floats hold exactly become the nearest float: serde has no other form for them.

use std::cell::RefCell;

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserializer, Serialize, Serializer};

use super::{Value, decode};
use crate::json::{Error, Kind, Reader, Writer};

/// Writes a value to any format.
#[doc(hidden)]
pub fn serialize<T: Value, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut writer = Writer::with_capacity(128);
    value.encode(&mut writer);
    Next(RefCell::new(&mut Reader::from_text(writer.as_str()))).serialize(serializer)
}

/// The next value of a reader. Own code instead of `serde_json`'s deserializer, whose floats may be off by one bit.
struct Next<'r, 'a>(RefCell<&'r mut Reader<'a>>);

impl Serialize for Next<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut guard = self.0.borrow_mut();
        let reader = &mut **guard;
        let failed = |error: Error| S::Error::custom(error);
        match reader.kind().map_err(failed)? {
            Kind::Null => {
                reader.null().map_err(failed)?;
                serializer.serialize_unit()
            }
            Kind::Boolean => serializer.serialize_bool(reader.boolean().map_err(failed)?),
            Kind::String => serializer.serialize_str(&reader.string().map_err(failed)?),
            Kind::Integer | Kind::Number => {
                let text = reader.number().map_err(failed)?;
                if let Ok(number) = text.parse::<i64>() {
                    // Minus zero is a float.
                    if number != 0 || text == "0" {
                        return serializer.serialize_i64(number);
                    }
                } else if let Ok(number) = text.parse::<u64>() {
                    return serializer.serialize_u64(number);
                }
                serializer.serialize_f64(text.parse().map_err(S::Error::custom)?)
            }
            Kind::Array => {
                let mut list = serializer.serialize_seq(None)?;
                let mut more = reader.begin_array().map_err(failed)?;
                while more {
                    list.serialize_element(&Next(RefCell::new(&mut *reader)))?;
                    more = reader.more_elements().map_err(failed)?;
                }
                list.end()
            }
            Kind::Object => {
                let mut map = serializer.serialize_map(None)?;
                let mut more = reader.begin_object().map_err(failed)?;
                while more {
                    let key = reader.key().map_err(failed)?;
                    map.serialize_entry(&*key, &Next(RefCell::new(&mut *reader)))?;
                    more = reader.more_members().map_err(failed)?;
                }
                map.end()
            }
        }
    }
}

/// Reads a value from any self-describing format.
#[doc(hidden)]
pub fn deserialize<'de, T: Value, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    use serde::de::Error;
    let mut text = Vec::new();
    serde_transcode::transcode(deserializer, &mut serde_json::Serializer::new(&mut text))
        .map_err(D::Error::custom)?;
    decode(&text)
        .map(|(value, _)| value)
        .map_err(D::Error::custom)
}

/// Whether two values encode to the same JSON value.
#[doc(hidden)]
pub fn same<T: Value>(left: &T, right: &T) -> bool {
    let text = |value: &T| {
        let mut writer = Writer::new();
        value.encode(&mut writer);
        writer.into_string()
    };
    crate::json::same_value(&text(left), &text(right))
}

/// `Serialize` and `Deserialize` by way of `Value`.
#[doc(hidden)]
#[macro_export]
macro_rules! __serde_shells {
    ($type:ty) => {
        impl $crate::model::macros::Serialize for $type {
            #[inline]
            fn serialize<S: $crate::model::macros::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::model::macros::serialize(self, serializer)
            }
        }
        impl<'de> $crate::model::macros::Deserialize<'de> for $type {
            #[inline]
            fn deserialize<D: $crate::model::macros::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::model::macros::deserialize(deserializer)
            }
        }
    };
}
