//! Any JSON value, as text.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Decoder, Fault, Value};
use crate::json::{Error, Reader, Writer, same_value};

/// Any JSON value, kept as its text: no number loses digits, no member its place.
#[derive(Clone)]
pub struct Json(Box<str>);

impl Json {
    /// The JSON form of a value.
    ///
    /// # Errors
    /// If the value's own `Serialize` fails or a map has keys that are not strings.
    pub fn new(value: impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(&value).map(|text| Self(text.into()))
    }

    /// Keeps JSON text, after checking it.
    ///
    /// # Errors
    /// If it is not one JSON value, or nested too deeply.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let mut reader = Reader::from_text(text);
        let raw = reader.raw()?;
        reader.end()?;
        Ok(Self(raw.into()))
    }

    /// Text that was checked before.
    pub(crate) fn checked(text: &str) -> Self {
        Self(text.into())
    }

    /// JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a type of the caller's.
    ///
    /// # Errors
    /// If the value does not fit that type.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

/// `null`.
impl Default for Json {
    fn default() -> Self {
        Self("null".into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// By JSON value, not by text.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        same_value(&self.0, &other.0)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl std::str::FromStr for Json {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_text(text)
    }
}

impl Value for Json {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Fault> {
        Ok(Self(decoder.reader.raw()?.into()))
    }

    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
}

crate::__serde_shells!(Json);
