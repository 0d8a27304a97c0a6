#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod access_requests;
pub mod card;
pub mod catalogue;
pub mod custom;
pub mod event;
pub mod identity_governance;
pub mod invoke;
pub mod oauth;
pub mod okta;
pub mod registry;
pub mod salesforce;
pub mod sdk;
#[cfg(feature = "serve")]
pub mod serve;

mod builtin;
mod error;
mod generated;
mod project;
mod run;
mod schema;
mod validate;

pub use card::{ActionCard, CardCall};
pub use catalogue::{call_schema, catalogue, catalogue_schema};
pub use error::{CardError, CardErrorKind};
pub use event::{EventCard, EventCards, event_cards, event_cards_in};
pub use registry::Registry;
pub use sdk::{Action, Connection, Connector, Event, HelperFlows, RunContext};

#[doc(hidden)]
pub use serde as __serde;
