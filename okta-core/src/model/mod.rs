//! Lossless models: typed views over JSON that come back out as they went in.
//!
//! A model is a struct of public `Option<T>` members and one [`Extra`], described by a static table that `model!`
//! makes. One driver, compiled once, decodes and encodes them all by that table.
//!
//! # Rules
//!
//! | the JSON | the struct | what is written again |
//! |---|---|---|
//! | unknown member | kept in `extra` as text; *drift* unless the model is `open` | the same |
//! | known member, value of another type | member `None`, text in `extra`; drift | the text, while the member is `None` |
//! | known member, null | `None`, remembered in `extra` | null, while the member is `None` |
//! | list or map of scalars with one misfit | the whole member is a misfit | as above |
//! | element of a list or map of models that is no object | a model whose `extra` holds the whole value; drift | the value |
//! | string with half a surrogate pair (`"\ud800"`), which no `String` holds | misfit | the text |
//! | same name twice | the last one counts, whether typed, null or text | the last one, once |
//! | number for an `i64`: `5.0`, `5e0`, `-0` | 5, 5, 0: by value | `5`, `5`, `0` |
//! | number that `i64` or `f64` cannot hold exactly | misfit | the text |
//! | unlisted enum value | `Other`, exact text; drift | the text |
//! | union tag unknown, null, absent or no string | `Other` with the base's members; drift | the same |
//! | more than [`MAX_DEPTH`](crate::json::MAX_DEPTH) nested arrays and objects | error | |
//!
//! `Some` always wins over what is remembered. A variant of a union that was built by hand writes its tag; one that
//! was decoded writes what it was decoded from. Own members of a model shadow those of its base.
//!
//! Decoding is bounded in depth, and so are encoding, `Debug` and dropping what was decoded. Values built by hand
//! recurse as deep as they were built.

mod base;
mod choice_macro;
mod debug;
mod drift;
mod entry;
mod enum_macro;
mod extra;
mod json_value;
mod layers;
mod model_macro;
mod model_trait;
mod object_decode;
mod object_encode;
mod shape;
mod shells;
mod slot;
mod table;
mod timestamp;
mod union_macro;
mod unlisted;
mod value;

use std::collections::BTreeMap;

pub use crate::json::Error as DecodeError;
pub use base::HasBase;
pub use drift::{Decoder, Drift, DriftKind, Fault};
pub use entry::{Items, Recoded, Undecodable, decode, decode_items, encode, recode};
pub(crate) use entry::{Place, Whole, decode_page, decode_part, decode_whole, element_of};
pub use extra::Extra;
pub use json_value::Json;
pub use model_trait::{MemberError, MissingMember, Model, required};
#[doc(hidden)]
pub use shape::Shape;
pub use slot::{Lend, Object, Show, Slot};
pub use table::{DEPRECATED, Member, NULLABLE, READ_ONLY, REQUIRED, SECRET, Table, WRITE_ONLY};
pub use timestamp::Timestamp;
pub use unlisted::Unlisted;
pub use value::Value;

/// A JSON object whose member names are data.
pub type Map<T> = BTreeMap<String, T>;

/// What the macros expand to; not for direct use.
#[doc(hidden)]
pub mod macros {
    pub use super::choice_macro::{attempt, decode_other, has_any, is_kind};
    pub use super::debug::debug_object;
    pub use super::object_encode::same_object;
    pub use super::shape::{from_text, model_shape, words_shape};
    pub use super::shells::{deserialize, same, serialize};
    pub use super::slot::{lend_base, lend_extra, show_base, show_extra};
    pub use super::table::Schema;
    pub use super::union_macro::{begin_union, find_tag, is_object, no_variant};
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
}
