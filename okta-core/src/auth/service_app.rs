//! The credential of a service app: client credentials, DPoP on demand.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;

use super::app::{App, Dpop, GrantedFewer, used_token};
use super::assertion::ClientAssertion;
use super::client_auth::{ClientAuth, ClientSecret};
use super::failure::{Failure, Retry};
use super::introspection::Introspection;
use super::jwt::Signer;
use super::server::AuthorizationServer;
use super::store::TokenStore;
use super::store::record::Kept;
use super::token::{Seen, Token, TokenCache};
use super::token_endpoint::Issued;
use super::{AuthContext, Credential, Reaction, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::log;
use crate::runtime::within;
use crate::scope::Scopes;

/// How long an early renewal may hold up a call.
const EARLY_PATIENCE: Duration = Duration::from_secs(10);

/// An API service app: the client credentials grant with a signed assertion (`private_key_jwt`) or
/// a client secret.
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
///
/// Which scopes a token is asked for with: a fixed list ([`new`](Self::new); with
/// [`scopes_of!`](crate::scopes_of!) the least that the named operations need), or what each call
/// needs ([`incremental`](Self::incremental)).
pub struct ServiceApp {
    app: App,
    /// Asked for with every token.
    scopes: Scopes,
    /// Asks for what the call at hand needs, too.
    incremental: bool,
    /// By what was asked for.
    caches: Mutex<BTreeMap<String, Arc<TokenCache>>>,
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
        Self::fixed(client_id, ClientAuth::Key(Arc::new(key)), scopes.into())
    }

    /// A service app with a client secret: [`ClientSecret::basic`] or [`ClientSecret::post`].
    /// Okta's own APIs demand a key instead; custom authorization servers and API service
    /// integrations take secrets.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the secret is empty or a placeholder.
    pub fn with_secret(
        client_id: impl Into<String>,
        secret: ClientSecret,
        scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        Self::fixed(client_id, ClientAuth::Secret(secret), scopes.into())
    }

    /// A service app whose assertions somebody else signs: another system, an HSM, a platform that
    /// gives each workload an identity.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the assertion is empty or no JWT.
    pub fn with_assertion(
        client_id: impl Into<String>,
        assertion: ClientAssertion,
        scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        assertion.check()?;
        Self::fixed(client_id, ClientAuth::Assertion(assertion), scopes.into())
    }

    /// A service app that asks for exactly the scopes of the call at hand, by the operation's
    /// record, and keeps a token for each set; a token that is enough is used again. The app must
    /// be granted the scopes all the same.
    ///
    /// Untyped calls have no record: give their scopes with [`always`](Self::always).
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the client id is missing or a placeholder.
    pub fn incremental(client_id: impl Into<String>, key: impl Signer) -> Result<Self> {
        Ok(Self {
            app: App::new(client_id, ClientAuth::Key(Arc::new(key)))?,
            scopes: Scopes::new(),
            incremental: true,
            caches: Mutex::default(),
        })
    }

    fn fixed(client_id: impl Into<String>, auth: ClientAuth, scopes: Scopes) -> Result<Self> {
        let app = App::new(client_id, auth)?;
        let scopes = scopes.without_implied();
        if scopes.is_empty() {
            return Err(Error::config("a service app needs at least one scope")
                .with_hint("give the scopes of the operations you call: scopes_of![users::List]"));
        }
        Ok(Self {
            app,
            scopes,
            incremental: false,
            caches: Mutex::default(),
        })
    }

    /// Scopes that every token is asked for with, beside those of the call.
    #[must_use]
    pub fn always(mut self, scopes: impl Into<Scopes>) -> Self {
        self.scopes.extend(scopes.into());
        self.scopes = self.scopes.without_implied();
        self
    }

    /// Who issues the tokens. Default: the org's own authorization server.
    #[must_use]
    pub fn authorization_server(mut self, server: AuthorizationServer) -> Self {
        self.app.server = server;
        self
    }

    /// Whether tokens are bound to a proof key. Default: [`Dpop::Auto`].
    #[must_use]
    pub fn dpop(mut self, dpop: Dpop) -> Self {
        self.app.dpop = dpop;
        self
    }

    /// Makes a new proof key for DPoP with the first token that is fetched when the present key is
    /// older than this; tokens keep the key that they were issued for. Default: never.
    #[must_use]
    pub fn rotate_proof_key_every(mut self, interval: Duration) -> Self {
        self.app.prover.rotate_every(interval);
        self
    }

    /// What to do when fewer scopes are granted than asked for. Default: [`GrantedFewer::Warn`].
    #[must_use]
    pub fn when_granted_fewer(mut self, policy: GrantedFewer) -> Self {
        self.app.fewer = policy;
        self
    }

    /// How long before its expiry a token is renewed. Default: a tenth of its lifetime, at most 5
    /// minutes; never more than half of the lifetime.
    #[must_use]
    pub fn renew_before_expiry(mut self, margin: Duration) -> Self {
        self.app.renew_before = Some(margin);
        self
    }

    /// Keeps tokens between runs, and shares them with other processes. Default: memory only.
    #[must_use]
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.app.kept = Some(Kept {
            store: Arc::new(store),
            profile: String::new(),
        });
        self
    }

    /// Scopes that every token is asked for with.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Thumbprint (RFC 7638) of the proof key that DPoP tokens are bound to.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if no key can be generated.
    pub fn proof_key_thumbprint(&self) -> Result<String> {
        self.app.prover.thumbprint()
    }

    fn caches(&self) -> MutexGuard<'_, BTreeMap<String, Arc<TokenCache>>> {
        // A poisoned lock only means that another thread panicked between two assignments.
        self.caches
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What to ask for when these scopes are needed.
    fn asked(&self, needed: &Scopes) -> Scopes {
        if !self.incremental {
            return self.scopes.clone();
        }
        let mut asked = self.scopes.clone();
        asked.extend(needed.iter().cloned());
        asked.without_implied()
    }

    fn needed(&self, cx: &AuthContext<'_>) -> Result<Scopes> {
        if !self.incremental {
            return Ok(Scopes::new());
        }
        let needed = cx
            .operation
            .map_or_else(Scopes::new, |info| Scopes::of(&[info]));
        if needed.is_empty() && self.scopes.is_empty() {
            return Err(Error::config(
                "which scopes this call needs is not known, so that none can be asked for",
            )
            .with_hint("name them for all calls: ServiceApp::incremental(…)?.always([…])"));
        }
        Ok(needed)
    }

    /// The cache for a set of scopes: one with a usable token that is enough, else the set's own.
    fn cache(&self, asked: &Scopes, now: Duration) -> Arc<TokenCache> {
        let mut caches = self.caches();
        let name = asked.to_string();
        if !caches.contains_key(&name) {
            let enough = caches.values().find(|cache| {
                cache
                    .usable(now)
                    .is_some_and(|token| asked.missing_from(&token.scopes).is_empty())
            });
            if let Some(cache) = enough {
                return Arc::clone(cache);
            }
        }
        Arc::clone(caches.entry(name).or_default())
    }

    async fn token(&self, cx: &AuthContext<'_>, needed: &Scopes) -> Result<Arc<Token>> {
        self.app.check_org(cx.org_url())?;
        let asked = self.asked(needed);
        let mut retry = Retry::new(true);
        let mut seen = Seen::default();
        loop {
            let now = cx.runtime.clock.monotonic();
            let cache = self.cache(&asked, now);
            let fetch = async |early: bool| {
                if !early {
                    return self.fetch(cx, &asked, &cache, true).await;
                }
                // The present token is still good: a slow endpoint must not hold up the call.
                let end = now.saturating_add(EARLY_PATIENCE);
                let end = cx.deadline.map_or(end, |deadline| deadline.min(end));
                within(cx.runtime, Some(end), self.fetch(cx, &asked, &cache, true))
                    .await
                    .unwrap_or_else(|| {
                        let what = "the token endpoint is slow to renew the token";
                        Err(Error::new(ErrorKind::Timeout, what).into())
                    })
                    .inspect_err(|failure| failure.was_early(cx))
            };
            match cache.get(now, &mut seen, fetch).await {
                Ok(token) => return Ok(token),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    /// One attempt to get a token: from the store, if `stored` ones will do, else from the endpoint.
    async fn fetch(
        &self,
        cx: &AuthContext<'_>,
        asked: &Scopes,
        cache: &TokenCache,
        stored: bool,
    ) -> Result<Token, Failure> {
        let Some(kept) = &self.app.kept else {
            let issued = self.issue(cx, asked).await?;
            return Ok(self.app.token(cx, &issued));
        };
        let mut held = self.app.hold(cx, kept).await?;
        if let Some(damaged) = &held.damaged {
            log!(cx.runtime.logs, WARN, error = %damaged, "the stored tokens are replaced");
        }
        let refused = cache.refused();
        let token = held.record.token(cx, &self.app, asked, refused.as_ref());
        if let Some(token) = token.filter(|_| stored) {
            return Ok(token);
        }
        let issued = self.issue(cx, asked).await?;
        held.record.put(cx, &self.app, asked, &issued)?;
        if let Err(error) = held.save().await {
            // It can be had again at any time.
            log!(cx.runtime.logs, WARN, error = %error, "the access token could not be stored");
        }
        Ok(self.app.token(cx, &issued))
    }

    async fn issue(&self, cx: &AuthContext<'_>, asked: &Scopes) -> Result<Issued, Failure> {
        let fields = [
            ("grant_type", "client_credentials".to_owned()),
            ("scope", asked.to_string()),
        ];
        self.app.prover.rotate_if_due(cx.runtime);
        let mut issued = self.app.request_token(cx, &fields, asked).await;
        if let Err(failure) = &mut issued
            && failure.error.code() == Some("consent_required")
        {
            // Not one scope: the error says which to grant where.
            let lacking = self.app.lacking(cx, asked, Some(Scopes::new()));
            failure.error.inner_mut().scope = Some(lacking);
        }
        let issued = issued?;
        self.app.compare_scopes(cx, asked, &issued.scopes)?;
        Ok(issued)
    }
}

#[async_trait]
impl Credential for ServiceApp {
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        let needed = self.needed(cx)?;
        let token = self.token(cx, &needed).await?;
        self.app.attach(cx, &token, headers).await
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
        let reaction = self.app.reaction(cx, reply);
        if reaction == Reaction::RepeatWithNewToken
            && let Some(used) = used_token(reply.sent)
        {
            self.caches().values().for_each(|cache| cache.forget(used));
        }
        reaction
    }

    async fn renew(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.app.check_org(cx.org_url())?;
        if self.incremental {
            // Each call gets its own again.
            self.caches().values().for_each(|cache| {
                if let Some(token) = cache.current() {
                    cache.forget(token.value.expose());
                }
            });
            return Ok(());
        }
        let cache = self.cache(&self.scopes, cx.runtime.clock.monotonic());
        let mut retry = Retry::new(true);
        loop {
            match cache
                .renew(|| self.fetch(cx, &self.scopes, &cache, false))
                .await
            {
                Ok(_) => return Ok(()),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    async fn ready(&self, cx: &AuthContext<'_>, needed: &Scopes) -> Result<Option<Scopes>> {
        let token = self.token(cx, needed).await?;
        Ok(Some(token.scopes.clone()))
    }

    /// Of all tokens held.
    fn granted_scopes(&self) -> Option<Scopes> {
        let caches = self.caches();
        let mut tokens = caches.values().filter_map(|cache| cache.current());
        let mut scopes = tokens.next()?.scopes.clone();
        for token in tokens {
            scopes.extend(token.scopes.iter().cloned());
        }
        Some(scopes)
    }

    fn requested_scopes(&self) -> Option<&Scopes> {
        // Incremental: whatever is needed is asked for.
        (!self.incremental).then_some(&self.scopes)
    }

    fn client_id(&self) -> Option<&str> {
        Some(&self.app.client_id)
    }

    async fn sign_out(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.app.check_org(cx.org_url())?;
        let caches: Vec<_> = self.caches().values().cloned().collect();
        let mut tokens: Vec<_> = caches.iter().filter_map(|cache| cache.current()).collect();
        caches.iter().for_each(|cache| cache.clear());
        if let Some(kept) = &self.app.kept {
            let held = self.app.hold(cx, kept).await?;
            held.remove().await?;
        }
        tokens.dedup_by(|a, b| a.value == b.value);
        for token in tokens {
            self.app.revoke(cx, &token.value, "access_token").await?;
        }
        Ok(())
    }

    async fn introspect(&self, cx: &AuthContext<'_>) -> Result<Introspection> {
        let needed = self.needed(cx).unwrap_or_default();
        let token = self.token(cx, &needed).await?;
        self.app.introspect(cx, &token.value, "access_token").await
    }
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.app.client_id)
            .field("key", &self.app.auth)
            .field("scopes", &self.scopes.to_string())
            .field("incremental", &self.incremental)
            .field("dpop", &self.app.dpop)
            .field("store", &self.app.kept)
            .finish_non_exhaustive()
    }
}
