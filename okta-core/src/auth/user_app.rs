//! The credential of a signed-in user: access token, refresh token, and how they are kept.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;

use super::app::{App, Dpop, GrantedFewer, used_token};
use super::client_auth::{ClientAuth, ClientSecret};
use super::failure::Retry;
use super::introspection::Introspection;
use super::jwt::Signer;
use super::server::AuthorizationServer;
use super::sign_in::{SignIn, SignedIn};
use super::store::TokenStore;
use super::store::record::Kept;
use super::token::{Seen, Token};
use super::user::User;
use super::{AuthContext, Credential, Reaction, Reply};
use crate::error::{Error, Result};
use crate::scope::Scopes;

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
    user: Arc<User>,
}

impl UserApp {
    /// A public app (native, no secret) by its client id, and the scopes to sign in with: `openid`
    /// for an ID token, `offline_access` for a refresh token, `okta.*` for Okta's APIs.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the client id is missing or a placeholder, or if there is no scope.
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
        let user = Arc::new(User::new(app, scopes));
        Ok(Self { user })
    }

    fn change(mut self, change: impl FnOnce(&mut App)) -> Self {
        // Nobody shares it before it is a credential.
        if let Some(user) = Arc::get_mut(&mut self.user) {
            change(&mut user.app);
        }
        self
    }

    /// Who issues the tokens. Default: the org's own authorization server.
    #[must_use]
    pub fn authorization_server(self, server: AuthorizationServer) -> Self {
        self.change(|app| app.server = server)
    }

    /// Whether tokens are bound to a proof key. Default: [`Dpop::Auto`].
    #[must_use]
    pub fn dpop(self, dpop: Dpop) -> Self {
        self.change(|app| app.dpop = dpop)
    }

    /// What to do when fewer scopes are granted than asked for. Default: [`GrantedFewer::Warn`].
    #[must_use]
    pub fn when_granted_fewer(self, policy: GrantedFewer) -> Self {
        self.change(|app| app.fewer = policy)
    }

    /// Keeps the session between runs, and shares it with other processes. Default: memory only.
    #[must_use]
    pub fn token_store(self, store: impl TokenStore) -> Self {
        self.change(|app| {
            let profile = app.kept.take().map(|kept| kept.profile);
            app.kept = Some(Kept {
                store: Arc::new(store),
                profile: profile.unwrap_or_default(),
            });
        })
    }

    /// Tells several users of the app on one machine apart in the
    /// [`token_store`](Self::token_store), which must be set first.
    #[must_use]
    pub fn profile(self, name: impl Into<String>) -> Self {
        self.change(|app| {
            if let Some(kept) = &mut app.kept {
                kept.profile = name.into();
            }
        })
    }

    async fn token(&self, cx: &AuthContext<'_>) -> Result<Arc<Token>> {
        self.user.app.check_org(cx.org_url())?;
        let mut retry = Retry::new(true);
        let mut seen = Seen::default();
        loop {
            let now = cx.runtime.clock.monotonic();
            let refresh = async |early: bool| {
                let token = self.user.refresh(cx).await;
                match early {
                    true => token.inspect_err(|failure| failure.was_early(cx)),
                    false => token,
                }
            };
            match self.user.cache.get(now, &mut seen, refresh).await {
                Ok(token) => return Ok(token),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }
}

#[async_trait]
impl Credential for UserApp {
    async fn authorize(&self, cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        let token = self.token(cx).await?;
        self.user.app.attach(cx, &token, headers).await
    }

    async fn reply(&self, cx: &AuthContext<'_>, reply: &Reply<'_>) -> Reaction {
        let reaction = self.user.app.reaction(cx, reply);
        if reaction == Reaction::RepeatWithNewToken
            && let Some(used) = used_token(reply.sent)
        {
            self.user.cache.forget(used);
        }
        reaction
    }

    async fn renew(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.user.app.check_org(cx.org_url())?;
        let mut retry = Retry::new(true);
        loop {
            match self.user.cache.renew(|| self.user.refresh_anew(cx)).await {
                Ok(_) => return Ok(()),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    async fn ready(&self, cx: &AuthContext<'_>, _needed: &Scopes) -> Result<Option<Scopes>> {
        Ok(Some(self.token(cx).await?.scopes.clone()))
    }

    fn granted_scopes(&self) -> Option<Scopes> {
        self.user.cache.current().map(|token| token.scopes.clone())
    }

    fn requested_scopes(&self) -> Option<&Scopes> {
        Some(&self.user.scopes)
    }

    fn client_id(&self) -> Option<&str> {
        Some(&self.user.app.client_id)
    }

    async fn sign_in(&self, cx: &AuthContext<'_>, how: &SignIn) -> Result<SignedIn> {
        self.user.app.check_org(cx.org_url())?;
        if let Some(kept) = &self.user.app.kept {
            // A store that is not safe is better found before the user does anything; and the new
            // tokens get the key of the stored ones.
            drop(self.user.app.hold(cx, kept).await?);
        }
        self.user.settle().await;
        match how {
            SignIn::Browser(flow) => {
                let (issued, nonce) = flow.run(cx, &self.user.app, &self.user.scopes).await?;
                self.user.accept(cx, &issued, Some(&nonce)).await
            }
            SignIn::Device(flow) => {
                let issued = flow.run(cx, &self.user.app, &self.user.scopes).await?;
                self.user.accept(cx, &issued, None).await
            }
        }
    }

    async fn sign_out(&self, cx: &AuthContext<'_>) -> Result<()> {
        self.user.app.check_org(cx.org_url())?;
        self.user.settle().await;
        let mut access_token = self.user.cache.current().map(|token| token.value.clone());
        let mut refresh_token = std::mem::take(&mut *self.user.session()).refresh_token;
        self.user.cache.clear();
        if let Some(kept) = &self.user.app.kept {
            let held = self.user.app.hold(cx, kept).await?;
            // A session of an earlier run, or one that another process refreshed.
            if held.record.refresh_token.is_some() {
                refresh_token = held.record.refresh_token.clone();
            }
            access_token = access_token.or_else(|| held.record.any_access_token());
            held.remove().await?;
        }
        // The refresh token first: the service ends its access tokens with it.
        if let Some(token) = refresh_token {
            self.user.app.revoke(cx, &token, "refresh_token").await?;
        }
        if let Some(token) = access_token {
            self.user.app.revoke(cx, &token, "access_token").await?;
        }
        Ok(())
    }

    async fn introspect(&self, cx: &AuthContext<'_>) -> Result<Introspection> {
        let token = self.token(cx).await?;
        self.user
            .app
            .introspect(cx, &token.value, "access_token")
            .await
    }
}

impl fmt::Debug for UserApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserApp")
            .field("client_id", &self.user.app.client_id)
            .field("auth", &self.user.app.auth)
            .field("scopes", &self.user.scopes.to_string())
            .field("dpop", &self.user.app.dpop)
            .field("store", &self.user.app.kept)
            .finish_non_exhaustive()
    }
}
