//! `open_enum!`: strings of which some are known.

use std::borrow::Cow;
use std::mem;

use super::drift::DriftKind;
use super::shape::WordsShape;
use super::union_macro::shown;
use super::{Decoder, Fault, Unlisted};
use crate::json::Kind;

/// Decodes an enum value.
pub(super) fn decode_word<T>(words: &WordsShape<T>, decoder: &mut Decoder<'_>) -> Result<T, Fault> {
    let text = word_text(decoder)?;
    let value = (words.from)(&text);
    // Empty text needs no allocation.
    let other = (words.other)(Unlisted::new(""));
    if mem::discriminant(&value) == mem::discriminant(&other) {
        note_unlisted(decoder, words.schema, &text);
    }
    Ok(value)
}

fn word_text<'a>(decoder: &mut Decoder<'a>) -> Result<Cow<'a, str>, Fault> {
    match decoder.reader.next_byte() {
        b'"' => Ok(decoder.reader.string()?),
        _ => Err(decoder.misfit(Kind::String)),
    }
}

/// Notes a value that is not listed.
#[cold]
fn note_unlisted(decoder: &mut Decoder<'_>, schema: &'static str, text: &str) {
    decoder.note(DriftKind::UnknownEnumValue, "", schema, shown(text));
}

/// Defines an enum of known strings that also takes any other, kept exactly.
///
/// ```
/// okta_core::open_enum! {
///     /// Size of a pet.
///     pub enum Size: "Size" { Small = "SMALL", Large = "LARGE" }
/// }
///
/// assert_eq!(Size::from("LARGE"), Size::Large);
/// assert_eq!(Size::from("HUGE").as_str(), "HUGE");
/// ```
#[macro_export]
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident : $schema:literal { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                $variant,
            )*
            /// A value that this version does not know.
            Other($crate::model::Unlisted),
        }
        impl $name {
            /// The values that this version knows.
            pub const VALUES: &'static [&'static str] = &[$($text),*];
            /// The value as it is in JSON.
            #[inline]
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(other) => other.as_str(),
                }
            }
        }
        impl ::core::convert::From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Other($crate::model::Unlisted::new(other)),
                }
            }
        }
        impl ::core::convert::From<::std::string::String> for $name {
            #[inline]
            fn from(text: ::std::string::String) -> Self {
                $crate::model::macros::from_text(&text)
            }
        }
        impl $crate::model::Value for $name {
            const SHAPE: $crate::model::Shape<Self> =
                $crate::model::macros::words_shape($schema, Self::as_str, Self::Other);
        }
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }
        impl ::core::cmp::Eq for $name {}
        impl ::core::hash::Hash for $name {
            #[inline]
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }
        impl ::core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        $crate::__serde_shells! { $name }
    };
}
