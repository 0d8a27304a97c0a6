//! serde on top of the codec: small shells that go through JSON text.
//!
//! They are generic, so they cost a user's build only where they are used. Any self-describing format works. Text that
//! `serde_json` itself cannot hold (a number with more digits than a float has) loses there what `serde_json` loses.

use serde::{Deserializer, Serializer};

use super::{Value, decode, encode};

/// Writes a value to any format.
#[doc(hidden)]
pub fn serialize<T: Value, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = encode(value);
    serde_transcode::transcode(&mut serde_json::Deserializer::from_slice(&text), serializer)
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
        let mut writer = crate::json::Writer::new();
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
            fn serialize<S: $crate::model::macros::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::model::macros::serialize(self, serializer)
            }
        }
        impl<'de> $crate::model::macros::Deserialize<'de> for $type {
            fn deserialize<D: $crate::model::macros::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::model::macros::deserialize(deserializer)
            }
        }
    };
}
