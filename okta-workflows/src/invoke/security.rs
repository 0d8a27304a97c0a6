//! How a caller proves itself to a flow.

use std::fmt;

use async_trait::async_trait;
use okta_core::auth::Reaction;
use okta_core::auth::{AuthContext, Reply};
use okta_core::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::AUTHORIZATION};
use okta_core::{Client, Credential, Error, ErrorKind, Result, Scopes, Secret};

use super::operations::INVOKE_SCOPE;

const CLIENT_TOKEN: HeaderName = HeaderName::from_static("x-api-client-token");

/// The credential of a flow's client; it stays inside this module's clients, whose origin was
/// checked.
pub(super) enum Security {
    /// No proof: the alias alone.
    Public,
    /// Header `x-api-client-token`.
    ClientToken(Secret),
    /// The same token as a query parameter, because the caller asked for it.
    ClientTokenInQuery(Secret),
    /// A bearer token of the org authorization server.
    OAuth(Client),
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "Public",
            Self::ClientToken(_) | Self::ClientTokenInQuery(_) => "ClientToken",
            Self::OAuth(_) => "OAuth",
        })
    }
}

#[async_trait]
impl Credential for Security {
    async fn authorize(&self, _cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        let (name, text) = match self {
            Self::Public | Self::ClientTokenInQuery(_) => return Ok(()),
            Self::ClientToken(token) => (CLIENT_TOKEN, token.expose().to_owned()),
            Self::OAuth(org) => {
                let token = org.bearer_token([INVOKE_SCOPE]).await?;
                (AUTHORIZATION, format!("Bearer {}", token.expose()))
            }
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "the token contains line ends or control characters",
            )
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
        // A refused call has not run the flow: one new token, and once more.
        match self {
            Self::OAuth(org) if reply.status() == StatusCode::UNAUTHORIZED && !cx.has_renewed() => {
                match org.renew_token().await {
                    Ok(()) => Reaction::RepeatWithNewToken,
                    Err(_) => Reaction::Accept,
                }
            }
            _ => Reaction::Accept,
        }
    }

    fn granted_scopes(&self) -> Option<Scopes> {
        match self {
            Self::OAuth(org) => org.granted_scopes(),
            _ => None,
        }
    }

    fn is_scoped(&self) -> bool {
        matches!(self, Self::OAuth(_))
    }
}
