#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// codec
pub mod json;
pub mod model;

// client
