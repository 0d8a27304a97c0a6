//! `choice!`: a value whose type is told by its JSON kind or by the members it has.

use super::drift::DriftKind;
use super::{Decoder, Fault, Json};
use crate::json::{Kind, Reader};

/// Whether the next value is of a kind; `number` includes integers.
#[doc(hidden)]
#[must_use]
pub fn is_kind(decoder: &Decoder<'_>, kind: Kind) -> bool {
    match decoder.reader.clone().kind() {
        Ok(Kind::Integer) => matches!(kind, Kind::Integer | Kind::Number),
        Ok(found) => found == kind,
        Err(_) => false,
    }
}

/// Whether the next value is an object with one of these members.
#[doc(hidden)]
#[must_use]
pub fn has_any(decoder: &Decoder<'_>, members: &[&str]) -> bool {
    decoder.reader.look_for_any(members).is_some()
}

/// Decodes by the alternative that was chosen; a misfit is kept as text.
#[doc(hidden)]
pub fn decode_other(decoder: &mut Decoder<'_>, schema: &'static str) -> Result<Json, Fault> {
    let raw = decoder.reader.raw()?;
    let found = Reader::from_text(raw)
        .kind()
        .map_or("nothing", Kind::as_str);
    decoder.note(DriftKind::WrongType, "", schema, found);
    Ok(Json::checked(raw))
}

/// Decodes one alternative; `None` if the value does not fit it after all, then the reader is where it was.
#[doc(hidden)]
#[inline]
pub fn attempt<'a, T: super::Value>(decoder: &mut Decoder<'a>) -> Result<Option<T>, Fault> {
    let mark = decoder.mark();
    match T::decode(decoder) {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Misfit(_)) => {
            decoder.rewind(&mark);
            Ok(None)
        }
        Err(fatal) => Err(fatal),
    }
}

/// Defines an enum over types that have no discriminator. The first alternative whose condition holds is taken:
/// a JSON kind (`string`, `integer`, `number`, `boolean`, `array`, `object`, `null`) or `has "member" | "member"`.
/// `Other` keeps everything else as it is, also a value that does not fit the alternative its kind chose.
///
/// Payloads are stored as written; write `Box<T>` for large ones.
///
/// ```
/// use okta_core::model::*;
///
/// okta_core::choice! {
///     /// One name or many.
///     pub enum Names: "Names" { string => One(String), array => Many(Vec<String>) }
/// }
///
/// assert_eq!(decode::<Names>(br#""Rex""#)?.0, Names::One("Rex".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident : $schema:literal { $($body:tt)* }) => {
        $crate::__choice! { [$(#[$meta])*] $name $schema [] $($body)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __choice {
    ($head:tt $name:ident $schema:literal [$($done:tt)*]
        has $($member:literal)|+ => $variant:ident($payload:ty) $(, $($rest:tt)*)?
    ) => {
        $crate::__choice! { $head $name $schema
            [$($done)* { [has $($member),+] $variant $payload }] $($($rest)*)? }
    };
    ($head:tt $name:ident $schema:literal [$($done:tt)*]
        $kind:ident => $variant:ident($payload:ty) $(, $($rest:tt)*)?
    ) => {
        $crate::__choice! { $head $name $schema
            [$($done)* { [$kind] $variant $payload }] $($($rest)*)? }
    };
    ([$(#[$meta:meta])*] $name:ident $schema:literal [$({ $test:tt $variant:ident $payload:ty })*]) => {
        $(#[$meta])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("A `", stringify!($payload), "`.")]
                $variant($payload),
            )*
            /// Anything else.
            Other($crate::model::Json),
        }
        impl $crate::model::Value for $name {
            #[inline]
            fn decode(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<Self, $crate::model::Fault> {
                $(if $crate::__choice_test!(decoder $test) {
                    if let ::core::option::Option::Some(value) = $crate::model::macros::attempt(decoder)? {
                        return Ok(Self::$variant(value));
                    }
                } else)* {}
                $crate::model::macros::decode_other(decoder, $schema).map(Self::Other)
            }
            #[inline]
            fn encode(&self, writer: &mut $crate::json::Writer) {
                match self {
                    $(Self::$variant(value) => $crate::model::Value::encode(value, writer),)*
                    Self::Other(json) => $crate::model::Value::encode(json, writer),
                }
            }
            #[inline]
            fn text(&self) -> ::core::option::Option<&str> {
                match self {
                    $(Self::$variant(value) => $crate::model::Value::text(value),)*
                    Self::Other(_) => ::core::option::Option::None,
                }
            }
        }
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $(Self::$variant(value) => ::core::fmt::Debug::fmt(value, f),)*
                    Self::Other(_) => f.write_str("<other>"),
                }
            }
        }
        $(
            impl ::core::convert::From<$payload> for $name {
                #[inline]
                fn from(value: $payload) -> Self {
                    Self::$variant(value)
                }
            }
        )*
        $crate::__same_and_serde! { $name }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __choice_test {
    ($decoder:ident [has $($member:literal),+]) => {
        $crate::model::macros::has_any($decoder, &[$($member),+])
    };
    ($decoder:ident [null]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Null) };
    ($decoder:ident [boolean]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Boolean) };
    ($decoder:ident [integer]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Integer) };
    ($decoder:ident [number]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Number) };
    ($decoder:ident [string]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::String) };
    ($decoder:ident [array]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Array) };
    ($decoder:ident [object]) => { $crate::model::macros::is_kind($decoder, $crate::json::Kind::Object) };
}
