//! Connections by OAuth 2.0: authorization code with PKCE and refresh, or a signed JWT for servers.
//!
//! An [`OAuthConnection`] gets, renews and revokes the tokens of an [`OAuthApp`]; [`OAuthConnection::client`] is an
//! [`okta_core::Client`] of the service that uses them: its retry, deadlines, errors, and the one transport of the SDK.

mod app;
mod callback;
mod connection;
mod credential;
pub(crate) mod pkce;
mod request;
mod tokens;

pub use app::{Grant, OAuthApp};
pub use connection::{HttpSettings, OAuthConnection};
#[cfg(feature = "stand-in")]
pub(crate) use pkce::challenge;
pub use tokens::StoredTokens;
