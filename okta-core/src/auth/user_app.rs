//! The credential of a signed-in user: access token, refresh token, and how they are kept.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use http::HeaderMap;

use super::app::{App, Dpop, GrantedFewer, used_token};
use super::client_auth::{ClientAuth, ClientSecret};
use super::failure::{Failure, Retry};
use super::introspection::Introspection;
use super::jwt::Signer;
use super::server::AuthorizationServer;
use super::sign_in::{Keys, SignIn, SignedIn};
use super::store::TokenStore;
use super::store::record::{Held, Kept};
use super::token::{Seen, Token, TokenCache};
use super::token_endpoint::Issued;
use super::{AuthContext, Credential, Reaction, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::observe::log;
use crate::scope::Scopes;
use crate::secret::Secret;

/// An app that acts for a user who signed in: [`Client::sign_in`](crate::Client::sign_in) with a
/// [`BrowserSignIn`](crate::BrowserSignIn) or a [`DeviceSignIn`](crate::DeviceSignIn).
///
/// With the scope `offline_access` the session outlives its access token: it is refreshed shortly
/// before it expires. A new refresh token is stored before anything is done with the new access
/// token, so that rotation loses no session. One instance serves one org and one user at a time.
///
/// ```no_run
/// # async fn f() -> okta_core::Result<()> {
/// use okta_core::{BrowserSignIn, Client, ErrorKind, UserApp, auth::FileTokenStore};
/// let app = UserApp::new("0oa1b2c3d4", ["openid", "offline_access", "okta.users.read.self"])?
///     .token_store(FileTokenStore::in_home()?);
/// let client = Client::builder()
///     .org_url("https://acme.okta.com")
///     .credential(app)
///     .build()?;
/// match client.call("GET", "/api/v1/users/me").await {
///     // Nobody yet, or the session ended.
///     Err(error) if error.kind() == ErrorKind::SignIn => {
///         client
///             .sign_in(BrowserSignIn::new(|url| Ok(println!("open {url}"))))
///             .await?;
///     }
///     other => drop(other?),
/// }
/// # Ok(()) }
/// ```
pub struct UserApp {
    app: App,
    scopes: Scopes,
    cache: TokenCache,
    session: Mutex<Session>,
    keys: Keys,
}

#[derive(Default)]
struct Session {
    refresh_token: Option<Secret>,
    /// The store did not take what is here: it is newer.
    unsaved: bool,
}

impl UserApp {
    /// A public app (native, no secret) by its client id, and the scopes to sign in with: `openid`
    /// for an ID token, `offline_access` for a refresh token, `okta.*` for Okta's APIs.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the client id is missing or a placeholder, or if there is no scope.
    pub fn new(client_id: impl Into<String>, scopes: impl Into<Scopes>) -> Result<Self> {
        Self::with(client_id, ClientAuth::Public, scopes.into())
    }

    /// A confidential app with a client secret.
    ///
    /// # Errors
    /// As [`new`](Self::new); also if the secret is empty or a placeholder.
    pub fn with_secret(
        client_id: impl Into<String>,
        secret: ClientSecret,
        scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        Self::with(client_id, ClientAuth::Secret(secret), scopes.into())
    }

    /// A confidential app with a key (`private_key_jwt`).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_key(
        client_id: impl Into<String>,
        key: impl Signer,
        scopes: impl Into<Scopes>,
    ) -> Result<Self> {
        Self::with(client_id, ClientAuth::Key(Arc::new(key)), scopes.into())
    }

    fn with(client_id: impl Into<String>, auth: ClientAuth, scopes: Scopes) -> Result<Self> {
        let app = App::new(client_id, auth)?;
        let scopes = scopes.without_implied();
        if scopes.is_empty() {
            return Err(Error::config("a sign-in needs at least one scope")
                .with_hint("openid for who it is, offline_access to stay signed in, okta.* for Okta's APIs"));
        }
        Ok(Self {
            app,
            scopes,
            cache: TokenCache::default(),
            session: Mutex::default(),
            keys: Keys::default(),
        })
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

    /// What to do when fewer scopes are granted than asked for. Default: [`GrantedFewer::Warn`].
    #[must_use]
    pub fn when_granted_fewer(mut self, policy: GrantedFewer) -> Self {
        self.app.fewer = policy;
        self
    }

    /// Keeps the session between runs, and shares it with other processes. Default: memory only.
    #[must_use]
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        let profile = self.app.kept.take().map(|kept| kept.profile);
        self.app.kept = Some(Kept {
            store: Arc::new(store),
            profile: profile.unwrap_or_default(),
        });
        self
    }

    /// Tells several users of the app on one machine apart in the
    /// [`token_store`](Self::token_store), which must be set first.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        if let Some(kept) = &mut self.app.kept {
            kept.profile = name.into();
        }
        self
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        // A poisoned lock only means that another thread panicked between two assignments.
        self.session
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn token(&self, cx: &AuthContext<'_>) -> Result<Arc<Token>> {
        self.app.check_org(cx.org_url())?;
        let mut retry = Retry::new(true);
        let mut seen = Seen::default();
        loop {
            let now = cx.runtime.clock.monotonic();
            // Early or not, it is never abandoned: the answer may hold a rotated refresh token.
            match self
                .cache
                .get(now, &mut seen, |_| self.refresh(cx, true))
                .await
            {
                Ok(token) => return Ok(token),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    /// One attempt to get a token: from the store, where another process may have refreshed it,
    /// else by the refresh token. `stored`: a good access token of the store will do.
    async fn refresh(&self, cx: &AuthContext<'_>, stored: bool) -> Result<Token, Failure> {
        let Some(kept) = &self.app.kept else {
            let Some(refresh_token) = self.session().refresh_token.clone() else {
                return Err(self.nobody().into());
            };
            let issued = self.exchange(cx, &refresh_token).await?;
            self.keep(cx, &issued, None).await?;
            return Ok(self.app.token(cx, &issued));
        };
        let mut held = self.app.hold(cx, kept).await?;
        let unsaved = self.session().unsaved;
        if !unsaved {
            if let Some(damaged) = held.damaged.take() {
                return Err(damaged.into());
            }
            self.session().refresh_token = held.record.refresh_token.clone();
            let refused = self.cache.refused();
            let token = held
                .record
                .token(cx, &self.app, &self.scopes, refused.as_ref());
            if let Some(token) = token.filter(|_| stored) {
                return Ok(token);
            }
        }
        let Some(refresh_token) = self.session().refresh_token.clone() else {
            return Err(self.nobody().into());
        };
        let issued = match self.exchange(cx, &refresh_token).await {
            Ok(issued) => issued,
            Err(failure) => {
                if failure.error.kind() == ErrorKind::SignIn
                    && let Err(error) = held.remove().await
                {
                    log!(cx.runtime.logs, WARN, error = %error, "the ended session could not be removed from the store");
                }
                return Err(failure);
            }
        };
        self.keep(cx, &issued, Some(&mut held)).await?;
        Ok(self.app.token(cx, &issued))
    }

    async fn exchange(
        &self,
        cx: &AuthContext<'_>,
        refresh_token: &Secret,
    ) -> Result<Issued, Failure> {
        let fields = [
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh_token.expose().to_owned()),
        ];
        let issued = self.app.request_token(cx, &fields, &self.scopes).await;
        let failure = match issued {
            Ok(issued) => return Ok(issued),
            Err(failure) => failure,
        };
        if failure.error.code() != Some("invalid_grant") {
            return Err(failure);
        }
        let mut session = self.session();
        if session.refresh_token.as_ref() == Some(refresh_token) {
            *session = Session::default();
        }
        let mut error = failure.error;
        error.inner_mut().kind = ErrorKind::SignIn;
        Err(error
            .with_hint("sign in again: the refresh token expired, was revoked, or was used a second time, in which case the service ends the whole session")
            .into())
    }

    /// Takes a new refresh token, stored first; the old one stays if none came.
    async fn keep(
        &self,
        cx: &AuthContext<'_>,
        issued: &Issued,
        held: Option<&mut Held<'_>>,
    ) -> Result<()> {
        let refresh_token = {
            let mut session = self.session();
            if issued.refresh_token.is_some() {
                session.refresh_token = issued.refresh_token.clone();
            }
            session.unsaved = true;
            session.refresh_token.clone()
        };
        if let Some(held) = held {
            held.record.put(cx, &self.app, &self.scopes, issued)?;
            held.record.refresh_token = refresh_token;
            held.save().await?;
        }
        self.session().unsaved = false;
        Ok(())
    }

    fn nobody(&self) -> Error {
        let had_one = self.cache.current().is_some() || self.cache.refused().is_some();
        let error = Error::new(
            ErrorKind::SignIn,
            match had_one {
                true => "the session has ended, and there is no refresh token",
                false => "nobody is signed in",
            },
        );
        let offline = self.scopes.iter().any(|s| s.as_str() == "offline_access");
        error.with_hint(match (had_one, offline) {
            (true, false) => "sign in again; with the scope offline_access a session lasts longer",
            (true, true) => "sign in again; allow the app the refresh token grant, so that a session lasts longer",
            (false, _) => "call Client::sign_in first",
        })
    }

    /// A sign-in brought these tokens.
    async fn accept(
        &self,
        cx: &AuthContext<'_>,
        issued: &Issued,
        nonce: Option<&str>,
    ) -> Result<SignedIn> {
        let user = match &issued.id_token {
            Some(token) => Some(
                self.keys
                    .check(cx, &self.app, token, nonce, &issued.token)
                    .await?,
            ),
            None if self.scopes.iter().any(|s| s.as_str() == "openid") => {
                return Err(Error::new(
                    ErrorKind::Token,
                    "sign-in: no ID token came although openid was asked for",
                ));
            }
            None => None,
        };
        self.app.compare_scopes(cx, &self.scopes, &issued.scopes)?;
        // Another user may have been signed in before: nothing of that session stays.
        *self.session() = Session::default();
        match &self.app.kept {
            Some(kept) => {
                let mut held = self.app.hold_for_new(cx, kept).await?;
                held.record.clear();
                self.keep(cx, issued, Some(&mut held)).await?;
            }
            None => self.keep(cx, issued, None).await?,
        }
        let token = self.app.token(cx, issued);
        self.cache.put(token);
        Ok(SignedIn {
            user,
            missing: self.scopes.missing_from(&issued.scopes),
            scopes: issued.scopes.clone(),
            can_refresh: issued.refresh_token.is_some(),
        })
    }
}

#[async_trait]
impl Credential for UserApp {
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        let token = self.token(cx).await?;
        self.app.attach(cx, &token, headers).await
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
        let reaction = self.app.reaction(cx, reply);
        if reaction == Reaction::RepeatWithNewToken
            && let Some(used) = used_token(reply.sent)
        {
            self.cache.forget(used);
        }
        reaction
    }

    async fn renew(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.app.check_org(cx.org_url())?;
        let mut retry = Retry::new(true);
        loop {
            match self.cache.renew(|| self.refresh(cx, false)).await {
                Ok(_) => return Ok(()),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    async fn ready(&self, cx: &AuthContext<'_>, _needed: &Scopes) -> Result<Option<Scopes>> {
        Ok(Some(self.token(cx).await?.scopes.clone()))
    }

    fn granted_scopes(&self) -> Option<Scopes> {
        self.cache.current().map(|token| token.scopes.clone())
    }

    fn requested_scopes(&self) -> Option<&Scopes> {
        Some(&self.scopes)
    }

    fn client_id(&self) -> Option<&str> {
        Some(&self.app.client_id)
    }

    async fn sign_in(&self, cx: &AuthContext<'_>, how: &SignIn) -> Result<SignedIn> {
        self.app.check_org(cx.org_url())?;
        if let Some(kept) = &self.app.kept {
            // A store that is not safe is better found before the user does anything; and the new
            // tokens get the key of the stored ones.
            drop(self.app.hold(cx, kept).await?);
        }
        match how {
            SignIn::Browser(flow) => {
                let (issued, nonce) = flow.run(cx, &self.app, &self.scopes).await?;
                self.accept(cx, &issued, Some(&nonce)).await
            }
            SignIn::Device(flow) => {
                let issued = flow.run(cx, &self.app, &self.scopes).await?;
                self.accept(cx, &issued, None).await
            }
        }
    }

    async fn sign_out(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.app.check_org(cx.org_url())?;
        let mut access_token = self.cache.current().map(|token| token.value.clone());
        let mut refresh_token = std::mem::take(&mut *self.session()).refresh_token;
        self.cache.clear();
        if let Some(kept) = &self.app.kept {
            let held = self.app.hold(cx, kept).await?;
            // A session of an earlier run, or one that another process refreshed.
            if held.record.refresh_token.is_some() {
                refresh_token = held.record.refresh_token.clone();
            }
            access_token = access_token.or_else(|| held.record.any_access_token());
            held.remove().await?;
        }
        // The refresh token first: the service ends its access tokens with it.
        if let Some(token) = refresh_token {
            self.app.revoke(cx, &token, "refresh_token").await?;
        }
        if let Some(token) = access_token {
            self.app.revoke(cx, &token, "access_token").await?;
        }
        Ok(())
    }

    async fn introspect(&self, cx: &AuthContext<'_>) -> Result<Introspection> {
        let token = self.token(cx).await?;
        self.app.introspect(cx, &token.value, "access_token").await
    }
}

impl fmt::Debug for UserApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserApp")
            .field("client_id", &self.app.client_id)
            .field("auth", &self.app.auth)
            .field("scopes", &self.scopes.to_string())
            .field("dpop", &self.app.dpop)
            .field("store", &self.app.kept)
            .finish_non_exhaustive()
    }
}
