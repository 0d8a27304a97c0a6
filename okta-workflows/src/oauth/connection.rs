//! A connection: its app, its tokens, the client that uses them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use okta_core::{Client, ClientBuilder, Scopes, Secret};
use url::Url;

use super::app::{Grant, OAuthApp, fault};
use super::credential::{Anonymous, ConnectionCredential};
use super::pkce;
use super::tokens::{StoredTokens, Tokens};
use crate::error::CardError;
use crate::sdk::Connection;

/// Makes the HTTP settings of the connection's clients: transport, clock, timeouts. URL and credential are set
/// afterwards.
pub type HttpSettings = Arc<dyn Fn() -> ClientBuilder + Send + Sync>;

/// A connection by OAuth. Cloning shares it.
#[derive(Clone)]
pub struct OAuthConnection {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) app: OAuthApp,
    http: HttpSettings,
    pub(super) login: Client,
    state: Mutex<State>,
    /// One renewal at a time.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) tokens: Tokens,
    pub(super) pending: Option<Pending>,
    client: Option<(String, Client)>,
}

/// An authorization that a person is about to give.
pub(super) struct Pending {
    pub(super) state: String,
    pub(super) verifier: Secret,
}

impl fmt::Debug for OAuthConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthConnection")
            .field("login_url", &self.inner.app.login_url)
            .field("client_id", &self.inner.app.client_id)
            .field("authorized", &self.is_authorized())
            .finish()
    }
}

impl OAuthConnection {
    /// A connection without tokens.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`](crate::CardErrorKind::Connection) if the login URL is none.
    pub fn new(app: OAuthApp) -> Result<Self, CardError> {
        Self::with_http(app, Arc::new(Client::builder))
    }

    /// A connection whose clients have HTTP settings of the caller's.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_http(app: OAuthApp, http: HttpSettings) -> Result<Self, CardError> {
        let login = http()
            .org_url(&app.login_url)
            .credential(Anonymous)
            .build()
            .map_err(|error| fault(error.to_string()).with_source(error))?;
        Ok(Self {
            inner: Arc::new(Inner {
                app,
                http,
                login,
                state: Mutex::default(),
                renewing: tokio::sync::Mutex::new(()),
            }),
        })
    }

    /// Takes tokens that were stored, so that a restart needs no person. [`delete`](Connection::delete) revokes these
    /// and what comes after them; tokens of before the restart that were not stored are not known.
    pub fn restore(&self, tokens: StoredTokens) {
        self.inner.renewed(tokens);
    }

    /// The present tokens, to be stored safely.
    pub fn tokens(&self) -> Option<StoredTokens> {
        self.inner.state().tokens.present().cloned()
    }

    /// Whether there are tokens.
    pub fn is_authorized(&self) -> bool {
        self.inner.state().tokens.present().is_some()
    }

    /// A client of the service that uses the connection's tokens and renews them.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`](crate::CardErrorKind::Connection) if there are no tokens yet.
    pub fn client(&self) -> Result<Client, CardError> {
        let mut state = self.inner.state();
        let tokens = state.tokens.present().ok_or_else(unauthorized)?;
        let url = tokens
            .instance_url
            .clone()
            .unwrap_or_else(|| self.inner.app.login_url.clone());
        if let Some((known, client)) = &state.client
            && *known == url
        {
            return Ok(client.clone());
        }
        let client = (self.inner.http)()
            .org_url(&url)
            .credential(ConnectionCredential {
                inner: Arc::clone(&self.inner),
            })
            .build()?;
        state.client = Some((url, client.clone()));
        Ok(client)
    }
}

fn unauthorized() -> CardError {
    fault("the connection has no tokens").with_hint("authorize it first")
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renewed(&self, tokens: StoredTokens) {
        let now = self.login.clock().wall();
        self.state().tokens.renewed(tokens, now);
    }

    pub(crate) fn granted(&self) -> Option<Scopes> {
        let state = self.state();
        state.tokens.present()?.scope.as_deref().map(Scopes::parse)
    }

    /// The present access token; a server without one gets it.
    pub(crate) async fn access_token(&self) -> Result<Secret, CardError> {
        let present = || self.state().tokens.access().cloned();
        match (present(), &self.app.grant) {
            (Some(token), _) => Ok(token),
            (None, Grant::JwtBearer { .. }) => {
                self.renew_if("").await?;
                present().ok_or_else(unauthorized)
            }
            (None, Grant::AuthorizationCode { .. }) => Err(unauthorized()),
        }
    }

    /// Why the present token could not be renewed.
    pub(crate) fn renewal_failure(&self) -> Option<CardError> {
        self.state().tokens.failure()
    }

    /// Renews unless somebody else has done so since this token was used.
    pub(crate) async fn renew_if(&self, refused: &str) -> Result<(), CardError> {
        let _one = self.renewing.lock().await;
        let present = self.state().tokens.access().cloned();
        if present.is_some_and(|present| present.expose() != refused) {
            return Ok(());
        }
        self.fetch_new().await
    }

    pub(crate) async fn renew(&self) -> Result<(), CardError> {
        let _one = self.renewing.lock().await;
        self.fetch_new().await
    }

    async fn fetch_new(&self) -> Result<(), CardError> {
        match self.fetch().await {
            Ok(tokens) => {
                self.renewed(tokens);
                Ok(())
            }
            Err(error) => {
                self.state().tokens.failed(error.clone());
                Err(error)
            }
        }
    }

    /// Takes the tokens of a new authorization.
    async fn begin(&self, callback: Option<&str>) -> Result<(), CardError> {
        let tokens = self.authorize(callback).await?;
        let now = self.login.clock().wall();
        self.state().tokens.authorized(tokens, now);
        Ok(())
    }
}

#[async_trait]
impl Connection for OAuthConnection {
    fn authorization_url(&self) -> Result<Option<String>, CardError> {
        let app = &self.inner.app;
        let Grant::AuthorizationCode { redirect_uri } = &app.grant else {
            return Ok(None);
        };
        let base = app.login_url.trim_end_matches('/');
        let mut url = Url::parse(&format!("{base}{}", app.endpoints.authorize))
            .map_err(|_| fault("the authorization endpoint is not a URL"))?;
        let random = self.inner.login.random();
        let pending = Pending {
            state: pkce::random_text(&*random),
            verifier: pkce::random_text(&*random).into(),
        };
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &app.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &app.scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair(
                "code_challenge",
                &pkce::challenge(pending.verifier.expose()),
            )
            .append_pair("code_challenge_method", "S256");
        self.inner.state().pending = Some(pending);
        Ok(Some(url.into()))
    }

    async fn authorize(&self, callback: Option<&str>) -> Result<(), CardError> {
        self.inner.begin(callback).await
    }

    async fn reauthorize(&self, callback: Option<&str>) -> Result<(), CardError> {
        self.inner.begin(callback).await?;
        let former = self.inner.state().tokens.former();
        let revoked = self.inner.revoke(former).await;
        revoked.map_err(|error| {
            let message = format!("the connection has new tokens, but {}", error.message());
            error.saying(message)
        })
    }

    async fn test(&self) -> Result<(), CardError> {
        if self.inner.app.test_path.is_empty() {
            return self.inner.access_token().await.map(drop);
        }
        let client = match &self.inner.app.grant {
            Grant::JwtBearer { .. } => {
                self.inner.access_token().await?;
                self.client()?
            }
            Grant::AuthorizationCode { .. } => self.client()?,
        };
        client
            .call("GET", self.inner.app.test_path.clone())
            .await
            .map(drop)
            .map_err(|error| CardError::from(error).with_hint("reauthorize the connection"))
    }

    async fn delete(&self) -> Result<(), CardError> {
        let all = self.inner.state().tokens.all();
        let revoked = self.inner.revoke(all).await;
        let mut state = self.inner.state();
        state.tokens.close();
        state.pending = None;
        state.client = None;
        revoked
    }

    async fn granted_scopes(&self) -> Result<Option<Scopes>, CardError> {
        // A server needs nobody to authorize it.
        self.inner.access_token().await?;
        Ok(self.inner.granted())
    }
}
