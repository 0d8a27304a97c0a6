//! What the service says about a token (RFC 7662), and taking tokens back (RFC 7009).

use serde::Deserialize;
use serde_json::Value;

use super::AuthContext;
use super::app::App;
use super::failure::Retry;
use super::server::Endpoint;
use super::token_endpoint::Answered;
use crate::error::Result;
use crate::scope::Scopes;
use crate::secret::Secret;

/// A token as its authorization server sees it (RFC 7662 section 2.2).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Introspection {
    /// False if the token is unknown, expired or revoked; then nothing else is said.
    pub active: bool,
    /// Scopes that it carries.
    pub scopes: Scopes,
    /// Client id of the app that it was issued to.
    pub client_id: Option<String>,
    /// Login of the user that it was issued for.
    pub username: Option<String>,
    /// `Bearer` or `DPoP`.
    pub token_type: Option<String>,
    /// Whom it is about: a user, or the app itself.
    pub subject: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When it expires, by the service's clock.
    pub expires_at: Option<jiff::Timestamp>,
    /// When it was issued, by the service's clock.
    pub issued_at: Option<jiff::Timestamp>,
}

#[derive(Deserialize)]
struct Said {
    active: bool,
    scope: Option<String>,
    client_id: Option<String>,
    username: Option<String>,
    token_type: Option<String>,
    sub: Option<String>,
    iss: Option<String>,
    exp: Option<Value>,
    iat: Option<Value>,
}

/// Seconds since 1970 as a number; `None` for anything else.
pub(super) fn moment(value: Option<&Value>) -> Option<jiff::Timestamp> {
    let value = value?;
    let seconds = value.as_i64().or_else(|| {
        let seconds = value.as_f64()?;
        // Casts saturate; jiff refuses what is out of its range.
        Some(seconds as i64)
    })?;
    jiff::Timestamp::from_second(seconds).ok()
}

impl App {
    /// Posts a form until it succeeds or the policy ends.
    pub(super) async fn post_repeated(
        &self,
        cx: &AuthContext<'_>,
        endpoint: Endpoint,
        fields: &[(&'static str, String)],
    ) -> Result<Answered> {
        let mut retry = Retry::new(true);
        loop {
            let failure = match self.post(cx, endpoint, fields).await {
                Ok(answered) if answered.reply.status.is_success() => return Ok(answered),
                Ok(answered) => self.refused(cx, answered),
                Err(failure) => failure,
            };
            retry.after(cx, failure).await?;
        }
    }

    /// Ends a token; one that is unknown or expired counts as ended.
    pub(super) async fn revoke(
        &self,
        cx: &AuthContext<'_>,
        token: &Secret,
        kind: &'static str,
    ) -> Result<()> {
        let fields = [
            ("token", token.expose().to_owned()),
            ("token_type_hint", kind.to_owned()),
        ];
        self.post_repeated(cx, Endpoint::Revoke, &fields)
            .await
            .map(|_| ())
    }

    pub(super) async fn introspect(
        &self,
        cx: &AuthContext<'_>,
        token: &Secret,
        kind: &'static str,
    ) -> Result<Introspection> {
        let fields = [
            ("token", token.expose().to_owned()),
            ("token_type_hint", kind.to_owned()),
        ];
        let answered = self
            .post_repeated(cx, Endpoint::Introspect, &fields)
            .await?;
        let said: Said = serde_json::from_slice(&answered.reply.body)
            .map_err(|_| answered.odd("the answer is not an introspection reply"))?;
        Ok(Introspection {
            active: said.active,
            scopes: said.scope.as_deref().map(Scopes::parse).unwrap_or_default(),
            client_id: said.client_id,
            username: said.username,
            token_type: said.token_type,
            subject: said.sub,
            issuer: said.iss,
            expires_at: moment(said.exp.as_ref()),
            issued_at: moment(said.iat.as_ref()),
        })
    }
}
