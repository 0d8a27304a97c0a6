//! The connection as a credential of a client.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use okta_core::auth::{AuthContext, Reply};
use okta_core::{Credential, Error, ErrorKind, Result, Scopes};

use super::connection::Inner;

/// Sends the connection's token; after a 401 gets a new one and repeats the call once.
pub(crate) struct ConnectionCredential {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for ConnectionCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionCredential")
    }
}

#[async_trait]
impl Credential for ConnectionCredential {
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        // The service refused the token, and there is no other: that is the error, not the refusal.
        if cx.has_renewed()
            && let Some(failure) = self.inner.renewal_failure()
        {
            return Err(token_error(failure));
        }
        let token = self.inner.access_token().await.map_err(token_error)?;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Error::new(ErrorKind::Token, "the access token is no header value"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> okta_core::auth::Reaction {
        use okta_core::auth::Reaction;
        // A header that is wrong stays wrong with another token.
        let malformed = reply
            .body()
            .windows(19)
            .any(|part| part == b"INVALID_AUTH_HEADER");
        // The identity endpoints of Salesforce say it with 403 and this text.
        let over = reply.status() == 401 || reply.body().starts_with(b"Bad_OAuth_Token");
        if !over || cx.has_renewed() || malformed {
            return Reaction::Accept;
        }
        let refused = reply
            .request_headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        // If this fails, `authorize` tells why.
        let _ = self.inner.renew_if(refused).await;
        Reaction::RepeatWithNewToken
    }

    async fn renew(&self, _cx: &AuthContext<'_>) -> Result<()> {
        self.inner.renew().await.map_err(token_error)
    }

    fn granted_scopes(&self) -> Option<Scopes> {
        self.inner.granted()
    }

    fn client_id(&self) -> Option<&str> {
        Some(&self.inner.app.client_id)
    }
}

fn token_error(error: crate::CardError) -> Error {
    Error::new(ErrorKind::Token, error.message().to_owned()).with_source(error)
}

/// No credential: token requests authenticate themselves.
#[derive(Debug)]
pub(crate) struct Anonymous;

#[async_trait]
impl Credential for Anonymous {
    async fn authorize(&self, _cx: &AuthContext<'_>, _headers: &mut HeaderMap) -> Result<()> {
        Ok(())
    }

    fn is_scoped(&self) -> bool {
        false
    }
}
