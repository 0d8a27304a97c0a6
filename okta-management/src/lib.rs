#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;
pub use log_tail::{LogBatch, LogCheckpoint, LogTail};
#[doc(inline)]
pub use okta_management_platform::{log_tail, ordered};
pub use ordered::Ordered;

/// What most programs want in scope: the entry points on the client, and `okta-core`'s prelude.
pub mod prelude {
    pub use crate::Management;
    pub use okta_core::prelude::*;
}
