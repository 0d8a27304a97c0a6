//! Types of card fields: what a card shows as text, number, date, object or file.
//!
//! The platform is generous with types: a text arrives as a number, a list as its only element, a date in one of a
//! dozen spellings. [`Cell::take`] accepts them all; [`Cell::give`] writes one form.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_with::formats::PreferOne;
use serde_with::json::JsonString;
use serde_with::{DisplayFromStr, FromInto, OneOrMany, PickFirst, serde_as};

pub use okta_core::Secret;
pub use serde_json::Value;

/// A JSON object.
pub type Object = serde_json::Map<String, Value>;

/// A value does not fit its field. Never carries the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Place below the field, such as `users[2].email`; empty for the field itself.
    pub path: String,
    /// What was expected.
    pub problem: String,
}

impl Misfit {
    /// A misfit of the field itself.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            problem: problem.into(),
        }
    }

    /// The same, one level further down.
    #[must_use]
    pub fn below(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{key}{dot}{}", self.path);
        self
    }
}

/// The value of one field.
pub trait Cell {
    /// Takes a JSON value in any of the platform's forms.
    ///
    /// # Errors
    /// If it is of another kind.
    fn take(&mut self, value: Value) -> Result<(), Misfit>;

    /// The value in its one form; `None` if nothing is set.
    fn give(&self) -> Option<Value>;
}

/// A struct of fields; made by [`fields!`](crate::fields!).
pub trait Fields {
    /// The field that stands for fields generated from a schema: unknown keys go there.
    const DYNAMIC: Option<&'static str>;
    /// Keys and values, to be changed.
    fn cells(&mut self) -> Vec<(&'static str, &mut dyn Cell)>;
    /// Keys and values.
    fn shown(&self) -> Vec<(&'static str, &dyn Cell)>;
}

#[serde_as]
#[derive(Deserialize)]
struct LooseText(#[serde_as(as = "PickFirst<(_, FromInto<Scalar>)>")] String);

#[derive(Deserialize, Serialize, Clone)]
#[serde(untagged)]
enum Scalar {
    Number(serde_json::Number),
    Boolean(bool),
}

impl From<Scalar> for String {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Number(number) => number.to_string(),
            Scalar::Boolean(boolean) => boolean.to_string(),
        }
    }
}

impl From<String> for Scalar {
    fn from(_: String) -> Self {
        Self::Boolean(false)
    }
}

#[serde_as]
#[derive(Deserialize)]
struct LooseNumber(#[serde_as(as = "PickFirst<(_, DisplayFromStr)>")] i64);

#[serde_as]
#[derive(Deserialize)]
struct LooseBoolean(#[serde_as(as = "PickFirst<(_, DisplayFromStr)>")] BoolWord);

#[derive(Deserialize)]
#[serde(transparent)]
struct BoolWord(bool);

impl std::str::FromStr for BoolWord {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "on" => Ok(Self(true)),
            "false" | "no" | "0" | "off" => Ok(Self(false)),
            _ => Err("no truth value"),
        }
    }
}

#[serde_as]
#[derive(Deserialize)]
struct LooseObject(#[serde_as(as = "PickFirst<(_, JsonString)>")] Object);

#[serde_as]
#[derive(Deserialize)]
struct OneElement(#[serde_as(as = "OneOrMany<_, PreferOne>")] Vec<Value>);

fn read<T: DeserializeOwned>(value: Value, expected: &str) -> Result<T, Misfit> {
    serde_json::from_value(value).map_err(|_| Misfit::new(format!("expected {expected}")))
}

impl Cell for String {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        *self = read::<LooseText>(value, "text")?.0;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        (!self.is_empty()).then(|| Value::from(self.as_str()))
    }
}

impl Cell for i64 {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        let value = match value.as_f64() {
            // 5.0 is a whole number too; beyond 2^53 a float is not exact.
            Some(float) if value.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                Value::from(float as i64)
            }
            _ => value,
        };
        *self = read::<LooseNumber>(value, "a whole number")?.0;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Cell for bool {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        let value = match value.as_i64() {
            Some(number) => Value::from(number.to_string()),
            None => value,
        };
        *self = read::<LooseBoolean>(value, "true or false")?.0.0;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Cell for Object {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        *self = read::<LooseObject>(value, "an object")?.0;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        (!self.is_empty()).then(|| self.clone().into())
    }
}

impl Cell for Value {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        *self = value;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        Some(self.clone())
    }
}

/// Null is nothing.
impl<T: Cell + Default> Cell for Option<T> {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        *self = None;
        if !value.is_null() {
            let mut inner = T::default();
            inner.take(value)?;
            *self = Some(inner);
        }
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        self.as_ref().and_then(Cell::give)
    }
}

impl Cell for SecretCell {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        self.0 = match value {
            Value::Null => None,
            value => Some(Secret::new(read::<LooseText>(value, "text")?.0)),
        };
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        self.0.as_ref().map(|secret| secret.expose().into())
    }
}

/// A secret input that may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretCell(pub Option<Secret>);

impl<T: Into<Secret>> From<T> for SecretCell {
    fn from(secret: T) -> Self {
        Self(Some(secret.into()))
    }
}

impl<T: Cell + Default> Cell for Vec<T> {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        self.clear();
        if value.is_null() {
            return Ok(());
        }
        let list = match value {
            Value::Array(list) => list,
            // One element may stand for the list.
            one => read::<OneElement>(one, "a list")?.0,
        };
        for (index, element) in list.into_iter().enumerate() {
            let mut inner = T::default();
            inner
                .take(element)
                .map_err(|misfit| misfit.below(&format!("[{index}]")))?;
            self.push(inner);
        }
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        Some(
            self.iter()
                .map(|one| one.give().unwrap_or_default())
                .collect(),
        )
    }
}

/// A date and time, in the text in which it came.
///
/// Taken from RFC 3339 (`2026-11-24T17:00:00Z`), offsets without colon (`+0000`), a blank in place of `T`, no offset
/// (UTC), a date alone (midnight UTC), and epoch seconds or milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DateTime(String);

impl DateTime {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment; `None` if no text was taken.
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        parse_moment(&self.0)
    }
}

impl From<jiff::Timestamp> for DateTime {
    /// To the millisecond, the platform's precision.
    fn from(moment: jiff::Timestamp) -> Self {
        Self(format!("{moment:.3}"))
    }
}

impl std::str::FromStr for DateTime {
    type Err = Misfit;

    fn from_str(text: &str) -> Result<Self, Misfit> {
        let mut date = Self::default();
        date.take(text.into())?;
        Ok(date)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a moment in one of the platform's spellings.
pub(crate) fn parse_moment(text: &str) -> Option<jiff::Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        // Seconds reach this number in the year 5138.
        return if number.abs() < 100_000_000_000 {
            jiff::Timestamp::from_second(number).ok()
        } else {
            jiff::Timestamp::from_millisecond(number).ok()
        };
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment);
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}

impl serde::Serialize for DateTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for DateTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut taken = Self::default();
        let value = Value::deserialize(deserializer)?;
        taken
            .take(value)
            .map_err(|misfit| serde::de::Error::custom(misfit.problem))?;
        Ok(taken)
    }
}

impl Cell for DateTime {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        let text = read::<LooseText>(value, "a date and time")?.0;
        if parse_moment(&text).is_none() {
            return Err(Misfit::new(
                "expected a date and time such as 2026-11-24T17:00:00Z",
            ));
        }
        self.0 = text;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        (!self.0.is_empty()).then(|| Value::from(self.as_str()))
    }
}

/// A file. In JSON its content is base64 text, alone or as `content` beside `name` and `contentType`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FileContent {
    /// File name.
    pub name: Option<String>,
    /// Media type.
    pub content_type: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl From<Vec<u8>> for FileContent {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }
}

impl Cell for FileContent {
    fn take(&mut self, value: Value) -> Result<(), Misfit> {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let (name, content_type) = (text("name"), text("contentType"));
        let content = match &value {
            Value::String(text) => text.as_str(),
            Value::Object(object) => object
                .get("content")
                .and_then(Value::as_str)
                .ok_or_else(|| Misfit::new("expected base64 text").below("content"))?,
            _ => return Err(Misfit::new("expected a file: base64 text")),
        };
        self.bytes = BASE64
            .decode(content)
            .map_err(|_| Misfit::new("expected a file: base64 text"))?;
        self.name = name;
        self.content_type = content_type;
        Ok(())
    }

    fn give(&self) -> Option<Value> {
        let mut object = Object::new();
        object.insert("content".to_owned(), BASE64.encode(&self.bytes).into());
        if let Some(name) = &self.name {
            object.insert("name".to_owned(), name.as_str().into());
        }
        if let Some(kind) = &self.content_type {
            object.insert("contentType".to_owned(), kind.as_str().into());
        }
        Some(object.into())
    }
}

/// The part of [`fields!`](crate::fields!) that does not know the struct.
#[doc(hidden)]
pub fn take_fields(
    cells: &mut [(&'static str, &mut dyn Cell)],
    dynamic: Option<&'static str>,
    value: Value,
) -> Result<(), Misfit> {
    let object = match value {
        Value::Object(object) => object,
        Value::Null => return Ok(()),
        _ => return Err(Misfit::new("expected an object")),
    };
    let mut further = Object::new();
    for (key, value) in object {
        match cells.iter_mut().find(|(name, _)| *name == key) {
            Some((name, cell)) if dynamic == Some(*name) => {
                let mut inner = Object::new();
                inner.take(value).map_err(|misfit| misfit.below(&key))?;
                further.extend(inner);
                let _ = cell;
            }
            Some((_, cell)) => cell.take(value).map_err(|misfit| misfit.below(&key))?,
            None if dynamic.is_some() => {
                further.insert(key, value);
            }
            None => return Err(Misfit::new("there is no such field").below(&key)),
        }
    }
    if let Some(dynamic) = dynamic
        && let Some((_, cell)) = cells.iter_mut().find(|(name, _)| *name == dynamic)
    {
        cell.take(further.into())?;
    }
    Ok(())
}

/// The JSON object of a struct of fields.
#[doc(hidden)]
pub fn give_fields(cells: &[(&'static str, &dyn Cell)]) -> Option<Value> {
    let mut object = Object::new();
    for (key, cell) in cells {
        if let Some(value) = cell.give() {
            object.insert((*key).to_owned(), value);
        }
    }
    (!object.is_empty()).then(|| object.into())
}
