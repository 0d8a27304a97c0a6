#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod access_requests;
mod admin;
mod behaviour;
#[cfg(test)]
mod bench;
mod builder;
mod call;
mod clock;
mod console;
mod control;
mod durable;
mod engine;
mod exchange;
mod expression;
mod fault;
mod faults;
mod flows;
#[cfg(test)]
mod fuzz;
mod generated;
mod hooks;
mod ids;
mod journal;
mod json;
mod kind;
mod limits;
mod log;
mod oauth;
mod org;
mod paging;
mod pipeline;
mod quirks;
mod registry;
mod sandbox;
mod schema;
mod search;
mod seed;
mod server;
mod service_app;
mod shelf;
mod sorting;
mod store;
mod table;
mod tls;

pub use access_requests::{
    AccessRequestsFault, AccessRequestsOrg, ConsoleStep, DelegatedFlow, DelegatedRun, FlowCaller,
    FlowInput,
};
pub use builder::Builder;
pub use faults::{FaultRule, Oddity};
pub use flows::{FlowCall, FlowReply, FlowSecurity};
pub use generated::operations::OPERATIONS;
pub use journal::Entry;
pub use kind::{Engine, Features};
pub use limits::{OrgKind, RateLimits};
pub use paging::PagingQuirks;
pub use sandbox::Sandbox;
pub use seed::{PASSWORD, SeedOrg};
pub use service_app::ServiceApp;
pub use table::Operation;
pub use tls::Tls;
