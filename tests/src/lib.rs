//! Shared helpers of the integration tests.

mod coming_from;
pub mod conformance;
pub mod schema;

pub use coming_from::{Org, coming_from};

/// The examples of the README at the root run against the sandbox.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The ten everyday tasks, beside what they take elsewhere.
#[cfg(doctest)]
#[doc = include_str!("../../docs/COMING_FROM.md")]
pub struct ComingFrom;

/// Each kind of error, and what to do.
#[cfg(doctest)]
#[doc = include_str!("../../docs/ERRORS.md")]
pub struct ErrorsPage;
