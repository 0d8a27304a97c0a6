//! Event cards from System Log events.
//!
//! ```
//! use okta_management::logs::models::LogEvent;
//! use okta_workflows::{EventCard, event_cards};
//! use okta_core::prelude::*;
//!
//! let event = LogEvent::from_json(
//!     r#"{"eventType":"user.lifecycle.suspend","target":[{"type":"User","id":"00u1","alternateId":"ana@example.com"}]}"#,
//! )?;
//! for card in event_cards(&event) {
//!     if let EventCard::OktaUserSuspended(card) = card {
//!         assert_eq!(card.okta_user.alternate_id, Some("ana@example.com"));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;

use okta_core::model::{Json, Map, Model as _, Timestamp, Value as Encode};
use okta_management::logs::models::{
    LogActor, LogAuthenticationContext, LogClient, LogEvent, LogSecurityContext, LogTarget,
    LogTransaction,
};
use serde::{Serialize, Serializer};

use crate::card::types::{Object, Value};
pub use crate::generated::event_card::{EVENT_TYPES, EventCard};

/// What stands around a log event when it is delivered: the event hook request and the run of the flow. All of it is
/// absent for events that come from the System Log itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Envelope<'a> {
    /// `source` of the request: a URL of the org.
    pub source: Option<&'a str>,
    /// `eventId` of the request.
    pub event_id: Option<&'a str>,
    /// `eventTime` of the request.
    pub event_time: Option<&'a str>,
    /// Headers of the request.
    pub headers: Option<&'a Map<String>>,
    /// Id of the flow's run.
    pub execution_id: Option<&'a str>,
}

/// A log event and what stands around it: what event cards are filled from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    event: &'a LogEvent,
    envelope: Envelope<'a>,
}

impl<'a> Source<'a> {
    /// The log event.
    pub fn event(&self) -> &'a LogEvent {
        self.event
    }

    /// What stands around it.
    pub fn envelope(&self) -> Envelope<'a> {
        self.envelope
    }

    /// The first target of a type.
    pub(crate) fn target(&self, kind: &str) -> Option<&'a LogTarget> {
        self.event
            .target
            .as_deref()?
            .iter()
            .find(|target| target.type_.as_deref() == Some(kind))
    }

    pub(crate) fn first_target(&self) -> Option<&'a LogTarget> {
        self.event.target.as_deref()?.first()
    }

    pub(crate) fn actor(&self) -> Entity<'a> {
        Entity::of(self.event.actor.as_ref())
    }
}

/// An actor or a target: the four members that every event card shows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entity<'a> {
    /// Id.
    pub id: Option<&'a str>,
    /// Login of a user, name of most other things.
    pub alternate_id: Option<&'a str>,
    /// Name as shown.
    pub display_name: Option<&'a str>,
    /// `User`, `AppInstance`, `UserGroup`, ….
    pub type_: Option<&'a str>,
}

/// [`LogActor`] and [`LogTarget`] have these members both.
pub(crate) trait Party {
    fn entity(&self) -> Entity<'_>;
}

macro_rules! party {
    ($($ty:ident),*) => {
        $(impl Party for $ty {
            fn entity(&self) -> Entity<'_> {
                Entity {
                    id: self.id.as_deref(),
                    alternate_id: self.alternate_id.as_deref(),
                    display_name: self.display_name.as_deref(),
                    type_: self.type_.as_deref(),
                }
            }
        })*
    };
}

party!(LogActor, LogTarget);

impl<'a> Entity<'a> {
    pub(crate) fn of(party: Option<&'a impl Party>) -> Self {
        party.map(Party::entity).unwrap_or_default()
    }
}

/// A text member of an open map.
pub(crate) fn text_in<'a>(map: Option<&'a Map<Json>>, name: &str) -> Option<Cow<'a, str>> {
    let raw = map?.get(name)?.as_str();
    match raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        Some(_) => serde_json::from_str(raw).ok().map(Cow::Owned),
        None if raw == "null" => None,
        // A number or list where text is expected: its JSON text.
        None => Some(Cow::Borrowed(raw)),
    }
}

/// A value of an event card as JSON.
#[doc(hidden)]
pub trait Shown {
    fn shown(&self) -> Option<Value>;
}

impl Shown for Option<&str> {
    fn shown(&self) -> Option<Value> {
        self.map(Value::from)
    }
}

impl Shown for Option<Cow<'_, str>> {
    fn shown(&self) -> Option<Value> {
        self.as_deref().map(Value::from)
    }
}

impl Shown for Option<&Timestamp> {
    fn shown(&self) -> Option<Value> {
        self.map(|moment| moment.as_str().into())
    }
}

fn encoded(value: &impl Encode) -> Option<Value> {
    serde_json::from_slice(&okta_core::model::encode(value)).ok()
}

impl Shown for &LogEvent {
    fn shown(&self) -> Option<Value> {
        serde_json::from_str(&self.to_json()).ok()
    }
}

macro_rules! shown_models {
    ($($ty:ty),*) => {
        $(impl Shown for Option<&$ty> {
            fn shown(&self) -> Option<Value> {
                self.and_then(encoded)
            }
        })*
    };
}

shown_models!(
    LogAuthenticationContext,
    LogClient,
    LogSecurityContext,
    LogTransaction,
    Map<Json>,
    Map<String>
);

impl Shown for Entity<'_> {
    fn shown(&self) -> Option<Value> {
        object([
            ("id", &self.id as &dyn Shown),
            ("alternate_id", &self.alternate_id),
            ("display_name", &self.display_name),
            ("type", &self.type_),
        ])
    }
}

/// Members that are there.
#[doc(hidden)]
pub fn object<'a>(
    members: impl IntoIterator<Item = (&'static str, &'a dyn Shown)>,
) -> Option<Value> {
    let members = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.shown()?)));
    let object: Object = members.collect();
    (!object.is_empty()).then(|| object.into())
}

#[doc(hidden)]
pub fn serialize<S: Serializer>(shown: &dyn Shown, serializer: S) -> Result<S::Ok, S::Error> {
    shown
        .shown()
        .unwrap_or_else(|| Object::new().into())
        .serialize(serializer)
}

/// Makes a group of outputs.
#[doc(hidden)]
#[macro_export]
macro_rules! event_group {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$doc:meta])* $field:ident : $key:literal $ty:ty = |$source:ident| $value:expr),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name<'a> {
            $($(#[$doc])* pub $field: $ty,)*
        }
        impl<'a> $name<'a> {
            #[inline]
            pub(crate) fn of(source: &$crate::event::Source<'a>) -> Self {
                Self {
                    $($field: { let $source = source; $value },)*
                }
            }
        }
        impl $crate::event::Shown for $name<'_> {
            fn shown(&self) -> ::core::option::Option<$crate::card::types::Value> {
                $crate::event::object([$(($key, &self.$field as &dyn $crate::event::Shown)),*])
            }
        }
        impl $crate::__serde::Serialize for $name<'_> {
            fn serialize<S: $crate::__serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::event::serialize(self, serializer)
            }
        }
    };
}

/// Makes an event card.
#[doc(hidden)]
#[macro_export]
macro_rules! event_card {
    ($(#[$meta:meta])* $name:ident : $connector:literal $slug:literal { $($rest:tt)* }) => {
        $crate::event_group! { $(#[$meta])* $name { $($rest)* } }
        impl $name<'_> {
            /// Key of the connector.
            pub const CONNECTOR: &'static str = $connector;
            /// Slug of the card.
            pub const SLUG: &'static str = $slug;
        }
    };
}

pub(crate) type Build = for<'a> fn(&Source<'a>) -> EventCard<'a>;

/// Makes the enum of all event cards and the table of event types.
#[doc(hidden)]
#[macro_export]
macro_rules! event_cards {
    (
        cards { $($variant:ident($module:ident::events::$card:ident<'a>)),* $(,)? }
        types { $($event_type:literal => [$($fired:ident($of:ident::events::$built:ident)),*]),* $(,)? }
    ) => {
        /// Any event card that the System Log fires.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum EventCard<'a> {
            $(
                #[doc = concat!("[`", stringify!($card), "`](crate::", stringify!($module), "::events::", stringify!($card), ")")]
                $variant($module::events::$card<'a>),
            )*
        }
        impl<'a> EventCard<'a> {
            /// Key of the connector.
            pub fn connector(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $module::events::$card::CONNECTOR,)*
                }
            }
            /// Slug of the card.
            pub fn slug(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $module::events::$card::SLUG,)*
                }
            }
            fn as_shown(&self) -> &dyn $crate::event::Shown {
                match self {
                    $(Self::$variant(card) => card,)*
                }
            }
            /// Outputs of the card as a JSON object.
            pub fn to_value(&self) -> $crate::card::types::Value {
                self.as_shown().shown().unwrap_or_else(|| $crate::card::types::Object::new().into())
            }
        }
        impl $crate::__serde::Serialize for EventCard<'_> {
            fn serialize<S: $crate::__serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::event::serialize(self.as_shown(), serializer)
            }
        }
        /// Every event type that fires a card.
        pub static EVENT_TYPES: &[&str] = &[$($event_type),*];

        pub(crate) fn of_type(event_type: &str) -> &'static [$crate::event::Build] {
            match event_type {
                $($event_type => &[$(|source| EventCard::$fired($of::events::$built::of(source))),*],)*
                _ => &[],
            }
        }
    };
}

/// The cards that a log event fires: none for an event type without card, two for the three types that both the Okta
/// and the Identity Governance connector have a card for.
pub fn event_cards(event: &LogEvent) -> EventCards<'_> {
    event_cards_in(event, Envelope::default())
}

/// [`event_cards`] of a delivered event, with what stands around it.
pub fn event_cards_in<'a>(event: &'a LogEvent, envelope: Envelope<'a>) -> EventCards<'a> {
    let event_type = event.event_type.as_deref().unwrap_or_default();
    EventCards {
        source: Source { event, envelope },
        builds: crate::generated::event_card::of_type(event_type).iter(),
        connector: None,
    }
}

/// Iterator over the cards of one event.
#[derive(Clone, Debug)]
pub struct EventCards<'a> {
    source: Source<'a>,
    builds: std::slice::Iter<'static, Build>,
    connector: Option<String>,
}

impl<'a> EventCards<'a> {
    /// Only the cards of one connector: `okta` or `okta_identity_governance`.
    #[must_use]
    pub fn of_connector(mut self, key: &str) -> Self {
        self.connector = Some(key.to_owned());
        self
    }

    /// The event itself, whether or not a card knows it.
    pub fn raw(&self) -> &'a LogEvent {
        self.source.event
    }
}

impl<'a> Iterator for EventCards<'a> {
    type Item = EventCard<'a>;

    fn next(&mut self) -> Option<EventCard<'a>> {
        loop {
            let card = (self.builds.next()?)(&self.source);
            match &self.connector {
                Some(key) if card.connector() != key => {}
                _ => return Some(card),
            }
        }
    }
}

impl EventCard<'_> {
    /// Whether the card passes a choice of one application, as four of the cards have as an option: true for the id
    /// of the app instance that the event is about. `None` lets every event pass.
    pub fn is_about_app(&self, app_instance_id: Option<&str>) -> bool {
        let Some(wanted) = app_instance_id else {
            return true;
        };
        let value = self.to_value();
        ["application", "okta_application"]
            .iter()
            .any(|group| value[*group]["id"] == wanted)
    }
}
