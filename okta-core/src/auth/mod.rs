//! Credentials: what makes a request acceptable to the service.

mod api_token;
mod app;
mod assertion;
mod client_auth;
mod context;
mod der;
mod dpop;
mod failure;
mod generate;
mod introspection;
mod jwk;
mod jwt;
mod key;
mod key_text;
mod pem;
mod server;
mod service_app;
mod sign_in;
mod store;
mod token;
mod token_endpoint;
mod user;
mod user_app;

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;

pub use api_token::{ApiToken, Bearer};
pub use app::{Dpop, GrantedFewer};
pub use assertion::ClientAssertion;
pub use client_auth::ClientSecret;
pub use context::{AuthContext, Reply};
pub use introspection::Introspection;
pub use jwt::{Algorithm, Signer};
pub use key::PrivateKey;
pub use server::AuthorizationServer;
pub use service_app::ServiceApp;
pub use sign_in::{
    BrowserSignIn, DeviceProgress, DevicePrompt, DeviceSignIn, IdClaims, SignIn, SignedIn,
};
pub use store::{FileTokenStore, MemoryTokenStore, TokenKey, TokenLock, TokenStore};
pub use user_app::UserApp;

use crate::error::{Error, Result};
use crate::scope::Scopes;

/// Authorizes requests. It is called inside every attempt, so that proofs and tokens are fresh,
/// and may do IO through its context (same transport, deadline and proxy as the call).
#[async_trait]
pub trait Credential: fmt::Debug + Send + Sync + 'static {
    /// Adds what authorizes this attempt to the headers. Mark secret values sensitive.
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()>;

    /// Sees the reply to each attempt: learns nonces, renews a refused token. `Repeat` sends the
    /// request once more at once; the client bounds how often.
    async fn reply(&self, _cx: &AuthContext<'_>, _reply: &Reply<'_>) -> Reaction {
        Reaction::Accept
    }

    /// Gets a new token, whatever the state of the present one. Nothing to do for credentials
    /// that do not expire.
    async fn renew(&self, _cx: &AuthContext<'_>) -> Result<()> {
        Ok(())
    }

    /// Gets a token if there is none yet that may carry these scopes, and says which it carries;
    /// `None` if that cannot be known.
    async fn ready(&self, _cx: &AuthContext<'_>, _needed: &Scopes) -> Result<Option<Scopes>> {
        Ok(self.granted_scopes())
    }

    /// Scopes that the present token carries; `None` if unknown or if scopes do not apply.
    fn granted_scopes(&self) -> Option<Scopes> {
        None
    }

    /// Scopes that tokens are asked for with; `None` if this credential asks for none.
    fn requested_scopes(&self) -> Option<&Scopes> {
        None
    }

    /// Client id of the app that the token is issued to, if there is one.
    fn client_id(&self) -> Option<&str> {
        None
    }

    /// Signs a user in, whoever was before.
    async fn sign_in(&self, _cx: &AuthContext<'_>, _how: &SignIn) -> Result<SignedIn> {
        Err(unsupported("acts for no user who could sign in"))
    }

    /// Revokes the tokens at the service and forgets them, stored ones included.
    async fn sign_out(&self, _cx: &AuthContext<'_>) -> Result<()> {
        Err(unsupported("has no token of its own to revoke"))
    }

    /// Asks the service what it knows of the present access token.
    async fn introspect(&self, _cx: &AuthContext<'_>) -> Result<Introspection> {
        Err(unsupported("cannot ask about its token"))
    }

    /// True if requests are limited by scopes; false for API tokens, which act with their owner's
    /// roles.
    fn is_scoped(&self) -> bool {
        true
    }
}

fn unsupported(what: &str) -> Error {
    Error::config(format!("this credential {what}")).with_hint("use a ServiceApp or a UserApp")
}

/// What a credential makes of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The reply stands.
    Accept,
    /// Something changed (a nonce, the clock): send the request once more.
    Repeat,
    /// The token was refused and forgotten: send the request once more with a new one. The context
    /// says afterwards that this call has had its renewal.
    RepeatWithNewToken,
}
