//! `model!`: a struct becomes a model.

/// Makes a model of a struct: table, slots, and the traits [`Value`](crate::model::Value),
/// [`Model`](crate::model::Model), [`HasBase`](crate::model::HasBase), `Debug`, `PartialEq`, `Serialize`,
/// `Deserialize`. The struct derives `Clone` and `Default`, its members are `Option<T>`, and it has an `extra: Extra`,
/// or a `base` instead if it extends another model. Names in JSON must not need escapes.
///
/// ```
/// use okta_core::model::*;
///
/// #[derive(Clone, Default)]
/// pub struct Pet {
///     pub id: Option<String>,
///     pub extra: Extra,
/// }
/// okta_core::model! { Pet: "Pet" { id: "id" = READ_ONLY | REQUIRED } }
///
/// let pet = Pet::from_json(r#"{"id":"1","color":"red"}"#)?;
/// assert_eq!(pet.get::<String>("color")?.as_deref(), Some("red"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! model {
    (open $name:ident : $schema:literal $($rest:tt)*) => {
        $crate::__model! { true $name $schema $($rest)* }
    };
    ($name:ident : $schema:literal $($rest:tt)*) => {
        $crate::__model! { false $name $schema $($rest)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($open:literal $name:ident $schema:literal
        $(tag $key:literal = $tag:literal)?
        { $($field:ident : $json:literal $(= $flags:expr)?),* $(,)? }
    ) => {
        impl $crate::model::Object for $name {
            fn parts<'a>(&'a self, visit: &mut dyn FnMut($crate::model::Parts<'_, 'a>)) {
                visit($crate::model::Parts {
                    table: <Self as $crate::model::Model>::table(),
                    slots: &[$(&self.$field),*],
                    rest: $crate::model::Rest::Extra(&self.extra),
                });
            }
            fn parts_mut(&mut self, visit: &mut dyn FnMut($crate::model::PartsMut<'_>)) {
                visit($crate::model::PartsMut {
                    table: <Self as $crate::model::Model>::table(),
                    slots: &mut [$(&mut self.$field),*],
                    rest: $crate::model::RestMut::Extra(&mut self.extra),
                });
            }
        }
        $crate::__model_traits! {
            $open $name $schema [::core::option::Option::None, 0]
            $(tag $key = $tag)? { $($field : $json $(= $flags)?),* }
        }
    };
    ($open:literal $name:ident $schema:literal extends $($base:ident)::+
        $(tag $key:literal = $tag:literal)?
        { $($field:ident : $json:literal $(= $flags:expr)?),* $(,)? }
    ) => {
        impl $crate::model::Object for $name {
            fn parts<'a>(&'a self, visit: &mut dyn FnMut($crate::model::Parts<'_, 'a>)) {
                visit($crate::model::Parts {
                    table: <Self as $crate::model::Model>::table(),
                    slots: &[$(&self.$field),*],
                    rest: $crate::model::Rest::Base(&self.base),
                });
            }
            fn parts_mut(&mut self, visit: &mut dyn FnMut($crate::model::PartsMut<'_>)) {
                visit($crate::model::PartsMut {
                    table: <Self as $crate::model::Model>::table(),
                    slots: &mut [$(&mut self.$field),*],
                    rest: $crate::model::RestMut::Base(&mut self.base),
                });
            }
        }
        impl<B> $crate::model::HasBase<B> for $name
        where
            $($base)::+: $crate::model::HasBase<B>,
        {
            fn base(&self) -> &B {
                $crate::model::HasBase::base(&self.base)
            }
            fn base_mut(&mut self) -> &mut B {
                $crate::model::HasBase::base_mut(&mut self.base)
            }
        }
        $crate::__model_traits! {
            $open $name $schema [::core::option::Option::Some($($base)::+::__TABLE), $($base)::+::__COUNT]
            $(tag $key = $tag)? { $($field : $json $(= $flags)?),* }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model_traits {
    ($open:literal $name:ident $schema:literal [$base:expr, $offset:expr]
        $(tag $key:literal = $tag:literal)?
        { $($field:ident : $json:literal $(= $flags:expr)?),* }
    ) => {
        impl $name {
            #[doc(hidden)]
            pub const __COUNT: usize = $offset + <[&str]>::len(&[$($json),*]);
            #[doc(hidden)]
            pub const __TABLE: &'static $crate::model::Table = {
                static MEMBERS: [$crate::model::Member; <[&str]>::len(&[$($json),*])] =
                    [$($crate::model::Member::new(concat!(",\"", $json, "\":"), 0 $(| $flags)?)),*];
                static TABLE: $crate::model::Table = $crate::model::Table {
                    name: $schema,
                    open: $open,
                    base: $base,
                    offset: $offset,
                    tag: $crate::__model_tag!($($key = $tag)?),
                    members: &MEMBERS,
                    first: $crate::model::macros::Guess::new(),
                    shadows: $crate::model::macros::Shadows::new(),
                };
                &TABLE
            };
        }
        impl $crate::model::HasBase<$name> for $name {
            fn base(&self) -> &Self {
                self
            }
            fn base_mut(&mut self) -> &mut Self {
                self
            }
        }
        impl $crate::model::Model for $name {
            #[inline]
            fn table() -> &'static $crate::model::Table {
                Self::__TABLE
            }
        }
        impl $crate::model::Value for $name {
            #[inline]
            fn decode(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<Self, $crate::model::Fault> {
                let mut model = Self::default();
                $crate::model::macros::decode_whole_or_object(&mut model, decoder)?;
                Ok(model)
            }
            #[inline]
            fn encode(&self, writer: &mut $crate::json::Writer) {
                $crate::model::macros::encode_object(self, writer);
            }
            #[inline]
            fn fits(decoder: &mut $crate::model::Decoder<'_>) -> ::core::result::Result<(), $crate::model::Fault> {
                $crate::model::macros::is_object(decoder)
            }
            #[inline]
            fn decode_member(
                slot: &mut ::core::option::Option<Self>,
                decoder: &mut $crate::model::Decoder<'_>,
            ) -> ::core::result::Result<(), $crate::model::Fault> {
                $crate::model::macros::decode_member(slot.insert(Self::default()), decoder)
            }
            #[inline]
            fn decode_element(
                list: &mut ::std::vec::Vec<Self>,
                decoder: &mut $crate::model::Decoder<'_>,
            ) -> ::core::result::Result<(), $crate::model::Fault> {
                $crate::model::macros::decode_element(list, decoder)
            }
            #[inline]
            fn decode_boxed(
                decoder: &mut $crate::model::Decoder<'_>,
            ) -> ::core::result::Result<::std::boxed::Box<Self>, $crate::model::Fault> {
                let mut model = ::std::boxed::Box::<Self>::default();
                $crate::model::macros::decode_whole_or_object(&mut *model, decoder)?;
                Ok(model)
            }
            #[inline]
            fn tag_text(&self, key: &str) -> ::core::option::Option<&str> {
                $crate::model::macros::tag_text(self, key)
            }
        }
        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::model::macros::debug_object(self, f)
            }
        }
        impl ::core::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::model::macros::same_object(self, other)
            }
        }
        $crate::__serde_shells! { $name }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model_tag {
    () => {
        ::core::option::Option::None
    };
    ($key:literal = $tag:literal) => {
        ::core::option::Option::Some(($key, $tag))
    };
}
