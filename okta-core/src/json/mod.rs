//! A pull reader and a writer for JSON text.
//!
//! The reader is concrete (no type parameter, no trait), so code built on it is compiled once and not once per
//! model. It is strict: what it accepts is exactly RFC 8259, with these rules where the RFC leaves a choice:
//!
//! | case | rule |
//! |---|---|
//! | byte order mark | one at the very start is skipped, anywhere else it is an error |
//! | lone surrogate (`"\ud800"`) | error where the string is resolved, since no `String` can hold it; kept in text that is not, so models keep such a member raw |
//! | duplicate names | reported as they stand; the model layer lets the last one win |
//! | numbers | kept as text until somebody asks for a type |
//! | nesting | at most [`MAX_DEPTH`] open arrays and objects, read or skipped |
//! | after the value | only white space ([`Reader::end`]) |
//!
//! UTF-8 is checked once, up front; every later step works on valid text.
//!
//! # Why an own reader
//!
//! A well-kept pull parser would have been taken at equal speed. `jiter`, the closest in shape, was measured on recorded
//! bodies (`cargo bench -p okta-tests --bench codec`, rows `reader skip` and `reader walk`): this reader skips values at
//! 1.0 to 1.4 times and takes every name, string and number at 1.2 to 1.9 times its speed, and it also compares an
//! expected name in place, gives any value's text, and looks ahead without a copy, which the model layer is built on.

mod error;
mod number;
mod reader;
mod skip;
mod string;
mod tree;
mod writer;

pub use error::{Error, ErrorKind};
pub use reader::{Kind, Reader};
pub use tree::same_value;
pub use writer::Writer;

pub(crate) use number::{exact_f64, exact_i64};
pub(crate) use string::{is_plain, resolve_bytes, resolve_lossy};
pub(crate) use tree::{diff_objects, merge_objects};

/// Deepest nesting of arrays and objects that is read, skipped or kept.
///
/// Models are recursive functions over recursive data: the cap bounds the stack that decoding, encoding, `Debug`
/// and dropping need, whatever a server sends.
pub const MAX_DEPTH: usize = 128;
