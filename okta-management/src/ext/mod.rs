//! Written by hand beside the generated code: what takes more than one call.

pub mod log_tail;
mod lookups;
pub mod ordered;
mod profiles;
