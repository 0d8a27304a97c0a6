//! Schemas as Rust types.

mod alternatives;
mod boxes;
mod build;
mod catalog;
mod families;
mod prune;
mod render;
mod unions;

pub(crate) use build::{Models, build};
pub(crate) use catalog::Catalog;
pub(crate) use families::{SHARED, families, users};
pub(crate) use render::render;

use crate::facts::Member;

/// A Rust type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    I64,
    F64,
    String,
    Timestamp,
    Json,
    /// A generated type.
    Named(String),
    Vec(Box<Ty>),
    Map(Box<Ty>),
    Boxed(Box<Ty>),
}

impl Ty {
    /// As Rust source.
    pub(crate) fn source(&self) -> String {
        self.source_with(&str::to_owned)
    }

    /// As Rust source, with paths for generated types.
    pub(crate) fn source_with(&self, path: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Bool => "bool".to_owned(),
            Self::I64 => "i64".to_owned(),
            Self::F64 => "f64".to_owned(),
            Self::String => "String".to_owned(),
            Self::Timestamp => "Timestamp".to_owned(),
            Self::Json => "Json".to_owned(),
            Self::Named(name) => path(name),
            Self::Vec(inner) => format!("Vec<{}>", inner.source_with(path)),
            Self::Map(inner) => format!("Map<{}>", inner.source_with(path)),
            Self::Boxed(inner) => format!("Box<{}>", inner.source_with(path)),
        }
    }

    /// The generated type inside.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Vec(inner) | Self::Map(inner) | Self::Boxed(inner) => inner.named(),
            _ => None,
        }
    }
}

/// A generated type.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    /// Name of the schema in the specification.
    pub(crate) schema: String,
    pub(crate) lifecycle: String,
    pub(crate) deprecated: bool,
    /// The struct that the variants of a union share.
    pub(crate) base_of_union: bool,
    pub(crate) body: Body,
}

/// What kind of type.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Struct(Struct),
    Union(Union),
    Choice(Vec<Alternative>),
    /// Values with their variants' names.
    Enum(Vec<(String, String)>),
}

/// A struct.
#[derive(Clone, Debug, Default)]
pub(crate) struct Struct {
    /// Members beyond the table are expected.
    pub(crate) open: bool,
    /// Type of the base, if the struct extends one.
    pub(crate) base: Option<String>,
    /// Discriminator and its value.
    pub(crate) tag: Option<(String, String)>,
    pub(crate) fields: Vec<Field>,
}

/// A struct's member.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) rust: String,
    pub(crate) ty: Ty,
    pub(crate) fact: Member,
    pub(crate) secret: bool,
}

/// A union with a discriminator.
#[derive(Clone, Debug)]
pub(crate) struct Union {
    pub(crate) by: String,
    pub(crate) base: String,
    pub(crate) detached: bool,
    /// Values of the discriminator, variant, payload.
    pub(crate) variants: Vec<(Vec<String>, String, String)>,
}

/// One alternative of a union without discriminator.
#[derive(Clone, Debug)]
pub(crate) struct Alternative {
    pub(crate) when: When,
    pub(crate) variant: String,
    pub(crate) ty: Ty,
}

/// When an alternative applies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    /// JSON kind.
    Kind(&'static str),
    /// One of these members is there.
    Has(Vec<String>),
}
