//! `model!`: a struct becomes a model.

/// Makes a model of a struct: table, slots, and the traits [`Value`](crate::model::Value),
/// [`Model`](crate::model::Model), [`HasBase`](crate::model::HasBase), `Debug`, `PartialEq`, `Serialize`,
/// `Deserialize`, `Default`. The struct derives `Clone`, its members are `Option<T>`, and it has an `extra: Extra`,
/// or a `base` instead if it extends another model. Names in JSON must not need escapes (the
/// generator checks it; the macro does not).
///
/// Every line of the expansion is paid for two thousand times in the builds of the API crates: what can be done once
/// belongs into the drivers, and everything is `#[inline]`, so that a program compiles the models it uses and no other.
///
/// ```
/// use okta_core::model::*;
///
/// #[derive(Clone)]
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
        $crate::__model_impls! {
            $open $name $schema [extra show_extra lend_extra] [::core::option::Option::None]
            $(tag $key = $tag)? { $($field : $json $(= $flags)?),* }
        }
    };
    ($open:literal $name:ident $schema:literal extends $($base:ident)::+
        $(tag $key:literal = $tag:literal)?
        { $($field:ident : $json:literal $(= $flags:expr)?),* $(,)? }
    ) => {
        impl<B> $crate::model::HasBase<B> for $name
        where
            $($base)::+: $crate::model::HasBase<B>,
        {
            #[inline]
            fn base(&self) -> &B {
                $crate::model::HasBase::base(&self.base)
            }
            #[inline]
            fn base_mut(&mut self) -> &mut B {
                $crate::model::HasBase::base_mut(&mut self.base)
            }
        }
        $crate::__model_impls! {
            $open $name $schema [base show_base lend_base]
            [::core::option::Option::Some(<$($base)::+ as $crate::model::Value>::TABLE)]
            $(tag $key = $tag)? { $($field : $json $(= $flags)?),* }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model_impls {
    ($open:literal $name:ident $schema:literal [$below:ident $show:ident $lend:ident] [$base:expr]
        $(tag $key:literal = $tag:literal)?
        { $($field:ident : $json:literal $(= $flags:expr)?),* }
    ) => {
        impl $crate::model::Object for $name {
            #[inline]
            fn parts<'a>(&'a self, visit: $crate::model::Show<'_, 'a>) {
                $crate::model::macros::$show::<Self>(visit, &[$(&self.$field),*], &self.$below);
            }
            #[inline]
            fn parts_mut(&mut self, visit: $crate::model::Lend<'_>) {
                $crate::model::macros::$lend::<Self>(visit, &mut [$(&mut self.$field),*], &mut self.$below);
            }
        }
        impl $crate::model::Value for $name {
            const SHAPE: $crate::model::Shape<Self> =
                $crate::model::macros::model_shape($crate::model::macros::Schema {
                    name: $schema,
                    open: $open,
                    base: $base,
                    tag: $crate::__model_tag!($($key = $tag)?),
                    members: &[$($crate::model::Member {
                        key: concat!(",\"", $json, "\":"),
                        flags: 0 $(| $flags)?,
                    }),*],
                });
        }
        impl ::core::default::Default for $name {
            #[inline]
            fn default() -> Self {
                Self {
                    $($field: ::core::option::Option::None,)*
                    $below: ::core::default::Default::default(),
                }
            }
        }
        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::model::macros::debug_object(self, f)
            }
        }
        impl ::core::cmp::PartialEq for $name {
            #[inline]
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
