//! What service apps and user apps have in common: an OAuth client of one org, its proofs, and its
//! tokens on their way into requests.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::api_token::header_value;
use super::client_auth::ClientAuth;
use super::dpop::Prover;
use super::server::AuthorizationServer;
use super::store::record::Kept;
use super::token::Token;
use super::token_endpoint::Issued;
use super::{AuthContext, Reaction, Reply};
use crate::clock::unit;
use crate::error::{Error, ErrorKind, InsufficientScope, Result, ServiceError};
use crate::observe::{Event, log};
use crate::scope::Scopes;

/// Whether tokens are bound to a proof key (DPoP, RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dpop {
    /// Start without; switch when the service demands it, for good.
    #[default]
    Auto,
    /// From the first request; an unbound token is an error.
    Always,
    /// Not even when the service demands it.
    Never,
}

/// What to do when the service grants fewer scopes than asked for. The scopes are compared before
/// the first API call goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantedFewer {
    /// Warn, by [`Event::FewerScopes`](crate::observe::Event::FewerScopes) and `tracing`, and go
    /// on; the missing scope shows at the first call that needs it.
    #[default]
    Warn,
    /// Fail with [`ErrorKind::InsufficientScope`] before the first call.
    Fail,
}

#[derive(Debug)]
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) auth: ClientAuth,
    pub(super) server: AuthorizationServer,
    pub(super) dpop: Dpop,
    pub(super) fewer: GrantedFewer,
    pub(super) renew_before: Option<Duration>,
    pub(super) prover: Prover,
    /// Where tokens outlive the process.
    pub(super) kept: Option<Kept>,
    /// The service demanded DPoP once.
    switched: AtomicBool,
    /// The org that the first token came from.
    org: OnceLock<String>,
}

impl App {
    pub(super) fn new(client_id: impl Into<String>, auth: ClientAuth) -> Result<Self> {
        let client_id = client_id.into().trim().to_owned();
        if client_id.is_empty() {
            return Err(Error::config("the client id is missing").with_hint(
                "it stands on the app's page in the Admin Console and begins with 0oa",
            ));
        }
        if client_id.contains(['{', '}']) {
            return Err(Error::config("the client id is still a placeholder")
                .with_hint("replace it with the app's client id, which begins with 0oa"));
        }
        if let ClientAuth::Secret(secret) = &auth {
            secret.check()?;
        }
        Ok(Self {
            client_id,
            auth,
            server: AuthorizationServer::org(),
            dpop: Dpop::default(),
            fewer: GrantedFewer::default(),
            renew_before: None,
            prover: Prover::default(),
            kept: None,
            switched: AtomicBool::new(false),
            org: OnceLock::new(),
        })
    }

    /// True if token requests carry proofs from the start.
    pub(super) fn proves(&self) -> bool {
        self.dpop == Dpop::Always || self.switched.load(Ordering::Relaxed)
    }

    /// The service wants proofs, from now on.
    pub(super) fn switch(&self) {
        self.switched.store(true, Ordering::Relaxed);
    }

    /// A token of one org must not reach another.
    pub(super) fn check_org(&self, org: &str) -> Result<()> {
        let ours = self.org.get_or_init(|| org.to_owned());
        if ours == org {
            return Ok(());
        }
        Err(
            Error::config(format!("this credential belongs to {ours}, not to {org}"))
                .with_hint("make one credential per org"),
        )
    }

    /// How long before its expiry a token is renewed.
    pub(super) fn margin(&self, lifetime: Duration) -> Duration {
        self.renew_before
            .unwrap_or_else(|| (lifetime / 10).min(Duration::from_secs(300)))
            .min(lifetime / 2)
    }

    /// The token as the cache keeps it; counted and announced.
    pub(super) fn token(&self, cx: &AuthContext<'_>, issued: &Issued) -> Token {
        cx.runtime.stats.token();
        cx.runtime.event(&Event::Token {
            granted: &issued.scopes.to_string(),
            token_type: if issued.proof_key.is_some() {
                "DPoP"
            } else {
                "Bearer"
            },
        });
        let now = cx.runtime.clock.monotonic();
        // Spread, so that many processes do not renew in the same second.
        let spread = 1.0 - 0.2 * unit(&*cx.runtime.random);
        let margin = self.margin(issued.lifetime).mul_f64(spread);
        Token {
            value: issued.token.clone(),
            proof_key: issued.proof_key.clone(),
            scopes: issued.scopes.clone(),
            renew_at: now + issued.lifetime.saturating_sub(margin),
            // A token on its way when it expires is refused: stop a little before.
            expires_at: now + issued.lifetime.saturating_sub(Duration::from_secs(2)),
        }
    }

    /// The service grants what it likes and says nothing.
    pub(super) fn compare_scopes(
        &self,
        cx: &AuthContext<'_>,
        asked: &Scopes,
        granted: &Scopes,
    ) -> Result<()> {
        let missing = asked.missing_from(granted);
        if missing.is_empty() {
            return Ok(());
        }
        log!(cx.runtime.logs, WARN, client_id = self.client_id, %missing, %granted, "fewer scopes granted than asked for");
        cx.runtime.event(&Event::FewerScopes {
            client_id: &self.client_id,
            missing: &missing.to_string(),
            granted: &granted.to_string(),
        });
        if self.fewer == GrantedFewer::Warn {
            return Ok(());
        }
        let mut error = Error::new(
            ErrorKind::InsufficientScope,
            "fewer scopes granted than asked for",
        );
        error.inner_mut().scope = Some(self.lacking(cx, asked, Some(granted.clone())));
        Err(error)
    }

    pub(super) fn lacking(
        &self,
        cx: &AuthContext<'_>,
        asked: &Scopes,
        granted: Option<Scopes>,
    ) -> InsufficientScope {
        InsufficientScope {
            needed: asked.clone(),
            granted,
            requested: Some(asked.clone()),
            app: Some(self.client_id.clone()),
            operation: "token request".into(),
            org_url: cx.org_url().to_owned(),
        }
    }

    /// Puts the token, and a proof if it is bound, into a request.
    pub(super) async fn attach(
        &self,
        cx: &AuthContext<'_>,
        token: &Token,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        let scheme = if token.proof_key.is_some() {
            "DPoP"
        } else {
            "Bearer"
        };
        let text = token.value.expose();
        headers.insert(
            AUTHORIZATION,
            header_value(&format!("{scheme} {text}"), "access token")?,
        );
        if let Some(key) = &token.proof_key {
            let proof = self
                .prover
                .proof(key, cx.runtime, cx.method, cx.uri, Some(text))
                .await?;
            headers.insert("dpop", proof);
            headers.insert(
                "x-okta-user-agent-extended",
                HeaderValue::from_static("isDPoP:true"),
            );
        }
        Ok(())
    }

    /// What a reply to an API request asks for; a refused token is to be forgotten by the caller.
    pub(super) fn reaction(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
        self.prover.observe(reply.headers);
        match reply.status.as_u16() {
            400 | 401 if reply.has_error("use_dpop_nonce") => {
                if self.prover.outdates(reply.sent.get("dpop")) {
                    Reaction::Repeat
                } else {
                    Reaction::Accept
                }
            }
            400 if reply.has_error("invalid_dpop_proof") => {
                // The clock was learnt from this reply's Date; a proof by it may be accepted.
                let about_time = reply
                    .challenges()
                    .iter()
                    .filter_map(|challenge| challenge.description())
                    .any(|text| {
                        text.contains("future")
                            || text.contains("five minutes")
                            || text.contains("'iat'")
                    });
                let first = !cx
                    .challenges
                    .iter()
                    .any(|c| c.error() == Some("invalid_dpop_proof"));
                if about_time && first {
                    Reaction::Repeat
                } else {
                    Reaction::Accept
                }
            }
            401 if !cx.renewed && is_about_the_token(reply) => Reaction::RepeatWithNewToken,
            _ => Reaction::Accept,
        }
    }
}

/// The service says 401 for missing features too; a new token changes nothing about those.
fn is_about_the_token(reply: &Reply<'_>) -> bool {
    let code = ServiceError::parse(reply.body).code;
    match code.as_deref() {
        Some("E0000015" | "E0000004") => false,
        _ => !reply.challenges().iter().any(|c| {
            matches!(
                c.error(),
                Some("insufficient_scope" | "insufficient_user_authentication")
            )
        }),
    }
}

/// The token that a request carried.
pub(super) fn used_token(sent: &HeaderMap) -> Option<&str> {
    let text = sent.get(AUTHORIZATION)?.to_str().ok()?;
    text.split_once(' ').map(|(_, token)| token)
}
