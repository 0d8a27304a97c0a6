//! Reaching hosts beside the org that take the org's access tokens.

use std::sync::Arc;

use http::{HeaderMap, header::AUTHORIZATION};

use super::{Client, ClientBuilder};
use crate::error::{Error, Result};
use crate::scope::Scopes;
use crate::secret::Secret;

impl Client {
    /// Starts a client of another host that shares this one's transport (proxy, certificates,
    /// connections), clock and deadlines. It has no credential yet: none of this org goes there
    /// unless you give it.
    pub fn elsewhere(&self, url: impl Into<String>) -> ClientBuilder {
        let runtime = &self.inner.runtime;
        let builder = Client::builder()
            .org_url(url)
            .transport(Arc::clone(&runtime.transport))
            .clock(self.clock())
            .random(self.random())
            .retry(self.inner.retry.clone())
            .log_level(self.log_level());
        match self.inner.timeout {
            Some(timeout) => builder.timeout(timeout),
            None => builder.no_timeout(),
        }
    }

    /// The present access token, got if there is none, for a host that takes the org's tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the credential has no bearer token: an API token acts at the org alone,
    /// and a DPoP-bound token needs a proof for each request; [`ErrorKind::Token`](crate::ErrorKind::Token) if none can be had;
    /// [`ErrorKind::InsufficientScope`](crate::ErrorKind::InsufficientScope) if it lacks one of `needed`.
    pub async fn bearer_token(&self, needed: impl Into<Scopes>) -> Result<Secret> {
        let needed = needed.into();
        let uri = self.root_uri()?;
        let cx = self.auth_context(&uri);
        let credential = &self.inner.credential;
        let mut headers = HeaderMap::new();
        self.in_time(&cx, async {
            credential.ready(&cx, &needed).await?;
            credential.authorize(&cx, &mut headers).await
        })
        .await?;
        let value = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Ok(Secret::new(token))
            }
            Some((scheme, _)) => Err(Error::config(format!(
                "the credential authorizes requests with {scheme}, not with a bearer token"
            ))
            .with_hint(if scheme.eq_ignore_ascii_case("dpop") {
                "the token is bound to a key (DPoP); for this host turn \"Require DPoP\" off in the app's settings and use Dpop::Never"
            } else {
                "sign in as a service app, or as a user, whose access token other hosts take"
            })),
            None => Err(Error::config("the credential authorizes requests without a token")
                .with_hint("sign in as a service app, or as a user")),
        }
    }
}
