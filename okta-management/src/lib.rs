#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ext;
mod generated;

pub use ext::log_tail::{LogBatch, LogCheckpoint, LogTail};
pub use ext::ordered::Ordered;
pub use generated::*;

/// What most programs want in scope: the entry points on the client, and `okta-core`'s prelude.
pub mod prelude {
    pub use crate::Management;
    pub use okta_core::prelude::*;
}
