//! Structs of card fields, choices of dropdowns and card types.

/// Makes a struct of card fields: `Clone`, `Debug`, `Default`, `PartialEq`, serde, and
/// [`Cell`](crate::card::types::Cell), so that it may be a field itself.
///
/// ```
/// okta_workflows::fields! {
///     /// Who gets a badge.
///     Holder {
///         /// *Name*, required.
///         name: "name" String,
///         /// *Floors*.
///         floors: "floors" Vec<i64>,
///     }
/// }
/// let holder: Holder = serde_json::from_str(r#"{"name":"Ana","floors":"3"}"#)?;
/// assert_eq!(holder.floors, [3]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! fields {
    ($(#[$meta:meta])* $name:ident $(dynamic $dynamic:literal)? {
        $($(#[$doc:meta])* $field:ident : $key:literal $ty:ty),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$doc])* pub $field: $ty,)*
        }
        impl $crate::card::types::Fields for $name {
            const DYNAMIC: ::core::option::Option<&'static str> = $crate::__dynamic!($($dynamic)?);
            fn cells(&mut self) -> ::std::vec::Vec<(&'static str, &mut dyn $crate::card::types::Cell)> {
                ::std::vec![$(($key, &mut self.$field)),*]
            }
            fn shown(&self) -> ::std::vec::Vec<(&'static str, &dyn $crate::card::types::Cell)> {
                ::std::vec![$(($key, &self.$field)),*]
            }
        }
        $crate::__cell_struct! { $name }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __cell_struct {
    ($name:ident) => {
        impl $crate::card::types::Cell for $name {
            fn take(
                &mut self,
                value: $crate::card::types::Value,
            ) -> ::core::result::Result<(), $crate::card::types::Misfit> {
                use $crate::card::types::Fields as _;
                $crate::card::types::take_fields(
                    &mut self.cells(),
                    <Self as $crate::card::types::Fields>::DYNAMIC,
                    value,
                )
            }
            fn give(&self) -> ::core::option::Option<$crate::card::types::Value> {
                use $crate::card::types::Fields as _;
                $crate::card::types::give_fields(&self.shown())
            }
        }
        impl $crate::__serde::Serialize for $name {
            fn serialize<S: $crate::__serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::card::serialize(self, serializer)
            }
        }
        impl<'de> $crate::__serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                $crate::card::deserialize(deserializer)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __dynamic {
    () => {
        ::core::option::Option::None
    };
    ($key:literal) => {
        ::core::option::Option::Some($key)
    };
}

/// Makes an enum of the fixed choices of a dropdown; the first one is the default.
#[macro_export]
macro_rules! choices {
    ($(#[$meta:meta])* $name:ident {
        $first:ident = $first_value:literal $(, $variant:ident = $value:literal)* $(,)?
    }) => {
        $(#[$meta])*
        #[doc = concat!("Choices of a dropdown; `", stringify!($name), "`.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            #[doc = concat!("*", $first_value, "*.")]
            #[default]
            $first,
            $(
                #[doc = concat!("*", $value, "*.")]
                $variant,
            )*
        }
        impl $name {
            /// Every choice.
            pub const ALL: &'static [Self] = &[Self::$first $(, Self::$variant)*];
            /// The choice as the platform writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_value,
                    $(Self::$variant => $value,)*
                }
            }
        }
        impl $crate::card::types::Cell for $name {
            fn take(
                &mut self,
                value: $crate::card::types::Value,
            ) -> ::core::result::Result<(), $crate::card::types::Misfit> {
                const VALUES: &[&str] = &[$first_value $(, $value)*];
                *self = Self::ALL[$crate::card::choice(VALUES, &value)?];
                ::core::result::Result::Ok(())
            }
            fn give(&self) -> ::core::option::Option<$crate::card::types::Value> {
                ::core::option::Option::Some(self.as_str().into())
            }
        }
    };
}

/// Makes the type of an action card from the `Options`, `Input` and `Output` in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! action_card {
    ($(#[$meta:meta])* $name:ident : $connector:literal $slug:literal) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            /// Options: what is chosen on the card's face.
            pub options: Options,
            /// Inputs.
            pub input: Input,
        }
        impl $crate::card::ActionCard for $name {
            const CONNECTOR: &'static str = $connector;
            const SLUG: &'static str = $slug;
            type Output = Output;
            fn parts(&self) -> [&dyn $crate::card::types::Cell; 2] {
                [&self.options, &self.input]
            }
            fn parts_mut(&mut self) -> [&mut dyn $crate::card::types::Cell; 2] {
                [&mut self.options, &mut self.input]
            }
        }
    };
}

/// The connector's function for each of its action cards; a card without function does not compile.
#[doc(hidden)]
#[macro_export]
macro_rules! dispatch {
    ($service:ty; $($slug:literal => $card:ident $($function:ident)::+),* $(,)?) => {
        /// Runs a card; `None` if there is no such card.
        pub(crate) fn run<'a>(
            slug: &str,
            cx: &'a $crate::run::Run<'_, $service>,
        ) -> Option<$crate::run::RunFuture<'a>> {
            Some(match slug {
                $($slug => Box::pin(async move {
                    $($function)::+(cx, cx.card::<$card>()?).await
                }),)*
                _ => return None,
            })
        }
    };
}
