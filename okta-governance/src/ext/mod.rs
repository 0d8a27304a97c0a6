//! Ergonomics by hand on top of the generated operations and models: a campaign builder, typed
//! field values of access requests, and helpers that follow something until it is done.

pub mod access;
pub mod campaign;
pub mod follow;
mod invalid;

pub use invalid::{Invalid, Problem};
