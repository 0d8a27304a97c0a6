//! The engine over the published facts alone: what an operation does follows from its path, its
//! method and its schemas.
//!
//! Objects of a collection stand on the shelf of the collection's path; what exists once at a
//! path (settings) stands on the shelf [`SETTINGS`].

mod act;
mod add;
mod events;
mod list;
mod names;
mod object;
mod parents;
mod patch;
mod plan;
mod single;
mod step;

use crate::call::{Call, Handler, Outcome};
use crate::fault::Fault;
use crate::table::Operation;

use plan::Plan;
#[cfg(test)]
pub(crate) use plan::reason;

/// Where singletons stand, by their path.
const SETTINGS: &str = "/settings";

/// The engine's behaviour for an operation, if its facts say enough.
pub(crate) fn handler(operation: &Operation) -> Option<Handler> {
    match plan::of(operation) {
        Plan::None(_) => None,
        _ => Some(run as Handler),
    }
}

/// Answers a call of the engine.
pub(crate) fn run(call: &mut Call<'_>) -> Outcome {
    match plan::of(call.operation) {
        Plan::None(_) => Err(Fault::code("E0000008", &[])),
        plan => act::Act::new(call, plan)?.run(),
    }
}

#[cfg(test)]
mod tests;
