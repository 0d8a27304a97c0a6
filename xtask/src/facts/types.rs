//! Type expressions of the facts files.

use std::fmt;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// The type of a value, written as a short expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Type {
    /// `any`: any JSON value.
    Any,
    /// `boolean`.
    Boolean,
    /// `integer`, perhaps with a format: `integer:int32`.
    Integer(String),
    /// `number`.
    Number,
    /// `string`, perhaps with a format: `string:date-time`.
    String(String),
    /// `[T]`: an array.
    Array(Box<Type>),
    /// `{T}`: an object of members with any name.
    Map(Box<Type>),
    /// `#Name`: a schema.
    Schema(String),
}

impl Type {
    /// Parses the expression.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(name) = text.strip_prefix('#') {
            return Ok(Self::Schema(name.to_owned()));
        }
        if let Some(inner) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return Ok(Self::Array(Box::new(Self::parse(inner)?)));
        }
        if let Some(inner) = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            return Ok(Self::Map(Box::new(Self::parse(inner)?)));
        }
        let (kind, format) = text.split_once(':').unwrap_or((text, ""));
        Ok(match kind {
            "any" => Self::Any,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer(format.to_owned()),
            "number" => Self::Number,
            "string" => Self::String(format.to_owned()),
            _ => bail!("`{text}` is not a type"),
        })
    }

    /// The schema that the type names, within arrays and maps.
    pub(crate) fn schema(&self) -> Option<&str> {
        match self {
            Self::Array(inner) | Self::Map(inner) => inner.schema(),
            Self::Schema(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Boolean => f.write_str("boolean"),
            Self::Number => f.write_str("number"),
            Self::Integer(format) if format.is_empty() => f.write_str("integer"),
            Self::Integer(format) => write!(f, "integer:{format}"),
            Self::String(format) if format.is_empty() => f.write_str("string"),
            Self::String(format) => write!(f, "string:{format}"),
            Self::Array(inner) => write!(f, "[{inner}]"),
            Self::Map(inner) => write!(f, "{{{inner}}}"),
            Self::Schema(name) => write!(f, "#{name}"),
        }
    }
}

impl Serialize for Type {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_read_and_write_alike() {
        for text in [
            "any",
            "boolean",
            "integer:int32",
            "number",
            "string:date-time",
            "[#User]",
            "{[string]}",
            "#a b",
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), text);
        }
        assert!(Type::parse("strin").is_err());
    }
}
