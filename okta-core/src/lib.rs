#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// codec
pub mod json;
pub mod model;

// client
pub mod auth;
pub mod bulk;
pub mod call;
pub mod clock;
pub mod config;
pub mod error;
pub mod observe;
pub mod operation;
pub mod pacing;
pub mod paging;
pub mod scope;
pub mod testing;
pub mod transport;

mod client;
mod response;
mod retry;
mod runtime;
mod secret;
mod stopper;
mod task;

pub use {bytes, http};

pub use auth::{
    ApiToken, Bearer, BrowserSignIn, ClientAssertion, ClientSecret, Credential, DeviceSignIn, Dpop,
    PrivateKey, ServiceApp, UserApp,
};
pub use call::{Call, PreparedRequest};
pub use client::{Client, ClientBuilder, MissingScope, Preflight};
pub use config::Config;
pub use error::{Error, ErrorKind, Result};
pub use model::{Extra, Json, Map, Timestamp};
pub use operation::{Operation, OperationInfo, Paged};
pub use pacing::Pacing;
pub use paging::{Cursor, Page};
pub use response::{RateLimit, RawResponse, Response};
pub use retry::RetryPolicy;
pub use scope::{Scope, Scopes};
pub use secret::Secret;
pub use stopper::Stopper;
pub use transport::Transport;

/// What most programs want in scope: the traits behind `.items()` and `.with_timeout()`, and the
/// types they are used with.
pub mod prelude {
    pub use crate::model::Model;
    pub use crate::operation::{Operation, Paged};
    pub use crate::{Client, Error, ErrorKind, Page, Response, Scope, Scopes, scopes_of};
}

#[doc(hidden)]
pub mod __private {
    pub use bytes::Bytes;
}
