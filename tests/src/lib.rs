//! Shared helpers of the integration tests.

pub mod conformance;
pub mod schema;

/// The examples of the README at the root run against the sandbox.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
