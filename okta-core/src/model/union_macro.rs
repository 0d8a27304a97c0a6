//! `union!`: an object whose type depends on one of its members.

use std::borrow::Cow;

use super::drift::DriftKind;
use super::{Decoder, Fault};
use crate::json::{Kind, Writer};

/// Refuses what is no object, so that the caller keeps it.
#[doc(hidden)]
#[inline]
pub fn is_object(decoder: &mut Decoder<'_>) -> Result<(), Fault> {
    match decoder.reader.next_byte() {
        b'{' => Ok(()),
        _ => Err(decoder.misfit(Kind::Object)),
    }
}

/// Looks ahead for the tag, wherever it stands in the object; the first one counts.
///
/// `None` if it is absent, null, or no string.
#[doc(hidden)]
#[must_use]
pub fn find_tag<'a>(decoder: &Decoder<'a>, name: &str) -> Option<Cow<'a, str>> {
    let mut ahead = decoder.reader.look_for(name)?;
    match ahead.next_byte() {
        b'"' => ahead.string().ok(),
        _ => None,
    }
}

/// Begins the writing of a union.
#[doc(hidden)]
#[inline]
pub fn begin_union(writer: &mut Writer, key: &'static str) {
    writer.mark_union(key);
}

/// Notes that no variant has this tag.
#[doc(hidden)]
#[cold]
pub fn no_variant(
    decoder: &mut Decoder<'_>,
    schema: &'static str,
    member: &str,
    tag: Option<&str>,
) {
    if decoder.reader.next_byte() != b'{' {
        return;
    }
    let found = match tag {
        Some(tag) => shown(tag),
        None => Cow::Borrowed("no tag"),
    };
    decoder.note(DriftKind::UnknownTag, member, schema, found);
}

/// A value as a report may show it: short and made like an identifier, else only its type.
pub(super) fn shown(text: &str) -> Cow<'static, str> {
    let harmless =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    if text.len() <= 40 && text.bytes().all(harmless) {
        Cow::Owned(text.to_owned())
    } else {
        Cow::Borrowed("string")
    }
}

/// Defines an enum over models that one member of the object tells apart.
///
/// Variants are boxed. `Other` holds the base for an unknown, null or absent tag. With `base`, every variant's model
/// extends the base, and `base()` reaches it; `detached` unions have no common base in their variants.
///
/// ```
/// use okta_core::model::*;
///
/// #[derive(Clone)]
/// pub struct Pet { pub kind: Option<String>, pub extra: Extra }
/// okta_core::model! { Pet: "Pet" { kind: "kind" } }
/// #[derive(Clone)]
/// pub struct Cat { pub base: Pet, pub lives: Option<i64> }
/// okta_core::model! { Cat: "Cat" extends Pet tag "kind" = "CAT" { lives: "lives" } }
/// okta_core::union! {
///     /// Any pet.
///     pub enum AnyPet: "AnyPet" by "kind" base Pet { "CAT" => Cat(Cat) }
/// }
///
/// let pet = decode::<AnyPet>(br#"{"lives":9,"kind":"CAT"}"#)?.0;
/// assert!(matches!(&pet, AnyPet::Cat(cat) if cat.lives == Some(9)));
/// assert_eq!(pet.tag(), Some("CAT"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! union {
    ($(#[$meta:meta])* pub enum $name:ident : $schema:literal by $key:literal base $($base:ident)::+
        { $($body:tt)* }
    ) => {
        $crate::__union! { [$(#[$meta])*] $name $schema $key [$($base)::+] $($body)* }
        $crate::__union_base! { $name [$($base)::+] $($body)* }
    };
    ($(#[$meta:meta])* pub enum $name:ident : $schema:literal by $key:literal detached $($base:ident)::+
        { $($body:tt)* }
    ) => {
        $crate::__union! { [$(#[$meta])*] $name $schema $key [$($base)::+] $($body)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __union {
    ([$(#[$meta:meta])*] $name:ident $schema:literal $key:literal [$base:ty]
        $($($tag:literal)|+ => $variant:ident($payload:ty)),* $(,)?
    ) => {
        $(#[$meta])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("`", $key, "`: ", stringify!($($tag)|+), ".")]
                $variant(::std::boxed::Box<$payload>),
            )*
            #[doc = concat!("Any other `", $key, "`, or none.")]
            Other(::std::boxed::Box<$base>),
        }
        impl $name {
            /// The member that tells the variants apart, as it is now.
            #[must_use]
            #[inline]
            pub fn tag(&self) -> ::core::option::Option<&str> {
                $crate::model::Value::tag_text(self, $key)
            }
        }
        impl ::core::default::Default for $name {
            #[inline]
            fn default() -> Self {
                Self::Other(::core::default::Default::default())
            }
        }
        impl $crate::model::Value for $name {
            #[inline]
            fn decode(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<Self, $crate::model::Fault> {
                let tag = $crate::model::macros::find_tag(decoder, $key);
                Ok(match tag.as_deref() {
                    $(::core::option::Option::Some($($tag)|+) => {
                        Self::$variant(<$payload as $crate::model::Value>::decode_boxed(decoder)?)
                    })*
                    tag => {
                        $crate::model::macros::no_variant(decoder, $schema, $key, tag);
                        Self::Other(<$base as $crate::model::Value>::decode_boxed(decoder)?)
                    }
                })
            }
            #[inline]
            fn encode(&self, writer: &mut $crate::json::Writer) {
                $crate::model::macros::begin_union(writer, $key);
                match self {
                    $(Self::$variant(variant) => $crate::model::Value::encode(&**variant, writer),)*
                    Self::Other(other) => $crate::model::Value::encode(&**other, writer),
                }
            }
            #[inline]
            fn fits(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<(), $crate::model::Fault> {
                $crate::model::macros::is_object(decoder)
            }
            #[inline]
            fn tag_text(&self, key: &str) -> ::core::option::Option<&str> {
                match self {
                    $(Self::$variant(variant) => $crate::model::Value::tag_text(&**variant, key),)*
                    Self::Other(other) => $crate::model::Value::tag_text(&**other, key),
                }
            }
        }
        $(
            impl ::core::convert::From<$payload> for $name {
                #[inline]
                fn from(variant: $payload) -> Self {
                    Self::$variant(::std::boxed::Box::new(variant))
                }
            }
        )*
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self {
                    $(Self::$variant(variant) => ::core::fmt::Debug::fmt(variant, f),)*
                    Self::Other(other) => ::core::fmt::Debug::fmt(other, f),
                }
            }
        }
        $crate::__same_and_serde! { $name }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __union_base {
    ($name:ident [$base:ty]
        $($($tag:literal)|+ => $variant:ident($payload:ty)),* $(,)?
    ) => {
        impl $name {
            /// The members that all variants share.
            #[must_use]
            #[inline]
            pub fn base(&self) -> &$base {
                match self {
                    $(Self::$variant(variant) => $crate::model::HasBase::<$base>::base(&**variant),)*
                    Self::Other(other) => other,
                }
            }
            /// The members that all variants share, to be changed.
            #[must_use]
            #[inline]
            pub fn base_mut(&mut self) -> &mut $base {
                match self {
                    $(Self::$variant(variant) => $crate::model::HasBase::<$base>::base_mut(&mut **variant),)*
                    Self::Other(other) => other,
                }
            }
        }
        impl<B> $crate::model::HasBase<B> for $name
        where
            $base: $crate::model::HasBase<B>,
        {
            #[inline]
            fn base(&self) -> &B {
                $crate::model::HasBase::base($name::base(self))
            }
            #[inline]
            fn base_mut(&mut self) -> &mut B {
                $crate::model::HasBase::base_mut($name::base_mut(self))
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __same_and_serde {
    ($name:ident) => {
        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::model::macros::same(self, other)
            }
        }
        $crate::__serde_shells! { $name }
    };
}
