//! How a type is decoded and encoded, as data: one constant for each type instead of a set of methods.

use super::table::{NO_SCHEMA, Schema};
use super::{Object, Unlisted};

/// What the provided methods of [`Value`](super::Value) do for a type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Shape<T> {
    /// The type has methods of its own.
    Own,
    /// Likewise, and they are so short that they are compiled into each place of use.
    Scalar,
    /// The drivers of models work on it.
    Model {
        /// What the type is as data.
        schema: Schema,
        /// How the drivers reach its values.
        of: ModelShape<T>,
    },
    /// An open enum.
    Words(WordsShape<T>),
}

#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct ModelShape<T> {
    pub(super) blank: fn() -> T,
    pub(super) object: fn(&T) -> &dyn Object,
    pub(super) object_mut: fn(&mut T) -> &mut dyn Object,
}

#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct WordsShape<T> {
    pub(super) schema: &'static str,
    pub(super) from: fn(&str) -> T,
    pub(super) text: fn(&T) -> &str,
    pub(super) other: fn(Unlisted) -> T,
}

impl<T> Shape<T> {
    pub(super) const fn schema(&self) -> Schema {
        match self {
            Self::Model { schema, .. } => *schema,
            Self::Own | Self::Scalar | Self::Words(_) => NO_SCHEMA,
        }
    }
}

// Functions of their own rather than associated ones: an inferred `Shape<_>` in a path or literal costs the compiler a
// check of its own for each type.

/// Of a model.
#[doc(hidden)]
#[must_use]
pub const fn model_shape<T: Object + Default>(schema: Schema) -> Shape<T> {
    Shape::Model {
        schema,
        of: ModelShape {
            blank: T::default,
            object: |model| model,
            object_mut: |model| model,
        },
    }
}

/// Of an open enum.
#[doc(hidden)]
#[must_use]
pub const fn words_shape<T: for<'a> From<&'a str>>(
    schema: &'static str,
    text: fn(&T) -> &str,
    other: fn(Unlisted) -> T,
) -> Shape<T> {
    Shape::Words(WordsShape {
        schema,
        from: |text| T::from(text),
        text,
        other,
    })
}

/// What an open enum's `From<String>` does.
#[doc(hidden)]
#[must_use]
pub fn from_text<T: for<'a> From<&'a str>>(text: &str) -> T {
    T::from(text)
}
