#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod generated;
mod profiles;

pub use generated::*;
