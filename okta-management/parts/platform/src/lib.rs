#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod generated;
pub mod log_tail;
pub mod ordered;

pub use generated::*;
