//! The credential of a service app: client credentials with a signed assertion, DPoP on demand.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use super::api_token::header_value;
use super::dpop::Prover;
use super::jwt::Signer;
use super::token::{Token, TokenCache};
use super::token_endpoint::Exchange;
use super::{AuthContext, Credential, Reaction, Reply};
use crate::clock::unit;
use crate::error::{Error, ErrorKind, InsufficientScope, Result, ServiceError};
use crate::observe::Event;
use crate::runtime::within;
use crate::scope::Scopes;

/// How long an early renewal may hold up a call.
const EARLY_PATIENCE: Duration = Duration::from_secs(10);

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

/// What to do when the service grants fewer scopes than asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantedFewer {
    /// Warn by `tracing` and go on; the missing scope shows at the first call that needs it.
    #[default]
    Warn,
    /// Fail with [`ErrorKind::InsufficientScope`] before the first call.
    Fail,
}

/// An API service app: `private_key_jwt` at the org's token endpoint.
///
/// The token is cached, renewed shortly before it expires, and renewed once when the service
/// refuses it. One instance serves one org.
///
/// ```no_run
/// # fn f() -> okta_core::Result<()> {
/// use okta_core::{PrivateKey, ServiceApp};
/// let key = PrivateKey::from_file("key.pem", None)?;
/// let app = ServiceApp::new("0oa1b2c3d4", key, ["okta.users.read", "okta.groups.read"])?;
/// # Ok(()) }
/// ```
pub struct ServiceApp {
    client_id: String,
    signer: Arc<dyn Signer>,
    scopes: Scopes,
    dpop: Dpop,
    fewer: GrantedFewer,
    renew_before: Option<Duration>,
    prover: Prover,
    /// The service demanded DPoP once.
    switched: AtomicBool,
    cache: TokenCache,
    /// The org that the first token came from.
    org: OnceLock<String>,
}

impl ServiceApp {
    /// A service app by its client id, key and scopes. `.read` scopes whose `.manage` twin is asked
    /// for too are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the client id is missing or a placeholder, or if there is no scope.
    pub fn new(
        client_id: impl Into<String>,
        key: impl Signer,
        scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        let client_id = client_id.into().trim().to_owned();
        let scopes = scopes.into().without_implied();
        if client_id.is_empty() {
            return Err(Error::config("the client id is missing").with_hint(
                "it stands on the app's page in the Admin Console and begins with 0oa",
            ));
        }
        if client_id.contains(['{', '}']) {
            return Err(Error::config("the client id is still a placeholder")
                .with_hint("replace it with the app's client id, which begins with 0oa"));
        }
        if scopes.is_empty() {
            return Err(Error::config("a service app needs at least one scope")
                .with_hint("give the scopes of the operations you call: scopes_of![users::List]"));
        }
        Ok(Self {
            client_id,
            signer: Arc::new(key),
            scopes,
            dpop: Dpop::default(),
            fewer: GrantedFewer::default(),
            renew_before: None,
            prover: Prover::default(),
            switched: AtomicBool::new(false),
            cache: TokenCache::default(),
            org: OnceLock::new(),
        })
    }

    /// Whether tokens are bound to a proof key. Default: [`Dpop::Auto`].
    #[must_use]
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        self.dpop = dpop;
        self
    }

    /// What to do when fewer scopes are granted than asked for. Default: [`GrantedFewer::Warn`].
    #[must_use]
    pub fn when_granted_fewer(mut self, policy: GrantedFewer) -> Self {
        self.fewer = policy;
        self
    }

    /// How long before its expiry a token is renewed. Default: a tenth of its lifetime, at most 5
    /// minutes; never more than half of the lifetime.
    #[must_use]
    pub fn renew_before_expiry(mut self, margin: Duration) -> Self {
        self.renew_before = Some(margin);
        self
    }

    /// Scopes that are asked for.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Thumbprint (RFC 7638) of the proof key that DPoP tokens are bound to.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if no key can be generated.
    pub fn proof_key_thumbprint(&self) -> Result<String> {
        self.prover.thumbprint()
    }

    fn proves(&self) -> bool {
        self.dpop == Dpop::Always || self.switched.load(Ordering::Relaxed)
    }

    /// A token of one org must not reach another.
    fn check_org(&self, org: &str) -> Result<()> {
        let ours = self.org.get_or_init(|| org.to_owned());
        if ours == org {
            return Ok(());
        }
        Err(Error::config(format!(
            "this service app credential belongs to {ours}, not to {org}"
        ))
        .with_hint("make one ServiceApp per org"))
    }

    async fn fetch(&self, cx: &AuthContext<'_>) -> Result<Token> {
        self.check_org(cx.org_url())?;
        let dpop = self.proves();
        let issued = Exchange {
            client_id: &self.client_id,
            signer: &*self.signer,
            scopes: &self.scopes,
            prover: &self.prover,
            dpop,
            may_switch: self.dpop == Dpop::Auto,
        }
        .run(cx)
        .await?;
        if issued.bound {
            self.switched.store(true, Ordering::Relaxed);
        } else if self.dpop == Dpop::Always {
            return Err(Error::new(
                ErrorKind::Token,
                "the service issued a token that is not bound to the proof key",
            )
            .with_hint("switch DPoP on for the app, or use Dpop::Auto"));
        }
        cx.runtime.stats.token();
        cx.runtime.event(&Event::Token {
            granted: &issued.scopes.to_string(),
            token_type: if issued.bound { "DPoP" } else { "Bearer" },
        });
        self.compare_scopes(cx, &issued.scopes)?;
        let now = cx.runtime.clock.monotonic();
        let margin = self
            .renew_before
            .unwrap_or_else(|| (issued.lifetime / 10).min(Duration::from_secs(300)))
            .min(issued.lifetime / 2);
        // Spread, so that many processes do not renew in the same second.
        let margin = margin.mul_f64(1.0 - 0.2 * unit(&*cx.runtime.random));
        Ok(Token {
            value: issued.token,
            bound: issued.bound,
            scopes: issued.scopes,
            renew_at: now + issued.lifetime.saturating_sub(margin),
            // A token on its way when it expires is refused: stop a little before.
            expires_at: now + issued.lifetime.saturating_sub(Duration::from_secs(2)),
        })
    }

    /// The service grants what it likes and says nothing.
    fn compare_scopes(&self, cx: &AuthContext<'_>, granted: &Scopes) -> Result<()> {
        let missing = self.scopes.missing_from(granted);
        if missing.is_empty() {
            return Ok(());
        }
        tracing::warn!(client_id = self.client_id, %missing, %granted, "fewer scopes granted than asked for");
        if self.fewer == GrantedFewer::Warn {
            return Ok(());
        }
        let mut error = Error::new(
            ErrorKind::InsufficientScope,
            "fewer scopes granted than asked for",
        );
        error.inner_mut().scope = Some(InsufficientScope {
            needed: self.scopes.clone(),
            granted: Some(granted.clone()),
            requested: Some(self.scopes.clone()),
            app: Some(self.client_id.clone()),
            operation: "token request".into(),
            org_url: cx.org_url().to_owned(),
        });
        Err(error)
    }

    async fn token(&self, cx: &AuthContext<'_>) -> Result<Arc<Token>> {
        self.check_org(cx.org_url())?;
        let now = cx.runtime.clock.monotonic();
        let fetch = async |early: bool| {
            if !early {
                return self.fetch(cx).await;
            }
            // The present token is still good: a slow endpoint must not hold up the call.
            let end = now.saturating_add(EARLY_PATIENCE);
            let end = cx.deadline.map_or(end, |deadline| deadline.min(end));
            within(cx.runtime, Some(end), self.fetch(cx))
                .await
                .unwrap_or_else(|| {
                    let what = "the token endpoint is slow to renew the token";
                    Err(Error::new(ErrorKind::Timeout, what))
                })
        };
        self.cache.get(now, fetch).await
    }
}

#[async_trait]
impl Credential for ServiceApp {
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        let token = self.token(cx).await?;
        let scheme = if token.bound { "DPoP" } else { "Bearer" };
        let text = token.value.expose();
        headers.insert(
            AUTHORIZATION,
            header_value(&format!("{scheme} {text}"), "access token")?,
        );
        if token.bound {
            let proof = self
                .prover
                .proof(cx.runtime, cx.method, cx.uri, Some(text))
                .await?;
            headers.insert("dpop", proof);
            headers.insert(
                "x-okta-user-agent-extended",
                HeaderValue::from_static("isDPoP:true"),
            );
        }
        Ok(())
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
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
            401 if !cx.renewed && is_about_the_token(reply) => {
                if let Some(used) = used_token(reply.sent) {
                    self.cache.forget(used);
                }
                Reaction::RepeatWithNewToken
            }
            _ => Reaction::Accept,
        }
    }

    async fn renew(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.cache.renew(|| self.fetch(cx)).await.map(|_| ())
    }

    async fn ready(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.token(cx).await.map(|_| ())
    }

    fn granted_scopes(&self) -> Option<Scopes> {
        self.cache.current().map(|token| token.scopes.clone())
    }

    fn requested_scopes(&self) -> Option<&Scopes> {
        Some(&self.scopes)
    }

    fn client_id(&self) -> Option<&str> {
        Some(&self.client_id)
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

fn used_token(sent: &HeaderMap) -> Option<&str> {
    let text = sent.get(AUTHORIZATION)?.to_str().ok()?;
    text.split_once(' ').map(|(_, token)| token)
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("key", &self.signer)
            .field("scopes", &self.scopes.to_string())
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}
