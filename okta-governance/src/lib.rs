#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ext;
mod generated;

pub use ext::access::{AccessRequest, AccessRequestV1, FieldValue};
pub use ext::campaign::CampaignBuilder;
pub use ext::{Invalid, Problem, access, campaign, follow};
pub use generated::*;

/// What most programs want in scope: the entry point on the client, and `okta-core`'s prelude.
pub mod prelude {
    pub use crate::Governance;
    pub use okta_core::prelude::*;
}
