//! `open_enum!`: strings of which some are known.

use std::borrow::Cow;

use super::drift::DriftKind;
use super::union_macro::shown;
use super::{Decoder, Fault};
use crate::json::Kind;

/// Reads the text of an enum value.
#[doc(hidden)]
#[inline]
pub fn enum_string<'a>(decoder: &mut Decoder<'a>) -> Result<Cow<'a, str>, Fault> {
    match decoder.reader.next_byte() {
        b'"' => Ok(decoder.reader.string()?),
        _ => Err(decoder.misfit(Kind::String)),
    }
}

/// Notes a value that is not listed.
#[doc(hidden)]
#[cold]
pub fn note_unlisted(decoder: &mut Decoder<'_>, schema: &'static str, text: &str) {
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
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(other) => other.as_str(),
                }
            }
        }
        impl ::core::convert::From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Other($crate::model::Unlisted::new(other)),
                }
            }
        }
        impl ::core::convert::From<::std::string::String> for $name {
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }
        impl $crate::model::Value for $name {
            fn decode(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<Self, $crate::model::Fault> {
                let text = $crate::model::macros::enum_string(decoder)?;
                let value = Self::from(&*text);
                if let Self::Other(_) = value {
                    $crate::model::macros::note_unlisted(decoder, $schema, &text);
                }
                Ok(value)
            }
            fn encode(&self, writer: &mut $crate::json::Writer) {
                writer.string(self.as_str());
            }
            fn text(&self) -> ::core::option::Option<&str> {
                ::core::option::Option::Some(self.as_str())
            }
        }
        impl ::core::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }
        impl ::core::cmp::Eq for $name {}
        impl ::core::cmp::PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> ::core::option::Option<::core::cmp::Ordering> {
                ::core::option::Option::Some(self.cmp(other))
            }
        }
        impl ::core::cmp::Ord for $name {
            fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }
        impl ::core::hash::Hash for $name {
            fn hash<H: ::core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        $crate::__serde_shells! { $name }
    };
}
