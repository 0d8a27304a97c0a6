//! The tokens of a connection.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use okta_core::{Client, ClientBuilder, Scopes, Secret};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::app::{Grant, OAuthApp, fault};
use super::credential::{Anonymous, ConnectionCredential};
use super::pkce;
use crate::error::CardError;
use crate::sdk::Connection;

/// Makes the HTTP settings of the connection's clients: transport, clock, timeouts. URL and credential are set
/// afterwards.
pub type HttpSettings = Arc<dyn Fn() -> ClientBuilder + Send + Sync>;

/// How long an assertion is valid, in seconds: Salesforce accepts three minutes.
const ASSERTION_SECONDS: i64 = 170;
/// Most tokens that are remembered to be revoked.
const REMEMBERED: usize = 100;

/// Tokens as the service gave them.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredTokens {
    /// Access token.
    pub access_token: Secret,
    /// Refresh token; absent for servers.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    /// Scopes that were granted, separated by blanks.
    #[serde(default)]
    pub scope: Option<String>,
    /// Where the API is, if not at the login URL (Salesforce).
    #[serde(default)]
    pub instance_url: Option<String>,
    /// URL of the user who authorized (Salesforce).
    #[serde(default)]
    pub id: Option<String>,
}

/// A connection by OAuth. Cloning shares it.
#[derive(Clone)]
pub struct OAuthConnection {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) app: OAuthApp,
    http: HttpSettings,
    login: Client,
    state: Mutex<State>,
    /// One renewal at a time.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    tokens: Option<StoredTokens>,
    pending: Option<Pending>,
    issued: Vec<Secret>,
    client: Option<(String, Client)>,
}

struct Pending {
    state: String,
    verifier: Secret,
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

    /// Takes tokens that were stored, so that a restart needs no person.
    pub fn restore(&self, tokens: StoredTokens) {
        self.inner.keep(tokens);
    }

    /// The present tokens, to be stored safely.
    pub fn tokens(&self) -> Option<StoredTokens> {
        self.inner.state().tokens.clone()
    }

    /// Whether there are tokens.
    pub fn is_authorized(&self) -> bool {
        self.inner.state().tokens.is_some()
    }

    /// A client of the service that uses the connection's tokens and renews them.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`](crate::CardErrorKind::Connection) if there are no tokens yet.
    pub fn client(&self) -> Result<Client, CardError> {
        let mut state = self.inner.state();
        let tokens = state.tokens.as_ref().ok_or_else(unauthorized)?;
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
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mut tokens: StoredTokens) {
        let mut state = self.state();
        // A refresh answers only what is new.
        if let Some(before) = state.tokens.take() {
            tokens.refresh_token = tokens.refresh_token.or(before.refresh_token);
            tokens.scope = tokens.scope.or(before.scope);
            tokens.instance_url = tokens.instance_url.or(before.instance_url);
            tokens.id = tokens.id.or(before.id);
        }
        state.issued.push(tokens.access_token.clone());
        if state.issued.len() > REMEMBERED {
            state.issued.remove(0);
        }
        state.tokens = Some(tokens);
    }

    pub(crate) fn granted(&self) -> Option<Scopes> {
        let state = self.state();
        state.tokens.as_ref()?.scope.as_deref().map(Scopes::parse)
    }

    pub(crate) async fn access_token(&self) -> Result<Secret, CardError> {
        let present = self
            .state()
            .tokens
            .as_ref()
            .map(|tokens| tokens.access_token.clone());
        match (present, &self.app.grant) {
            (Some(token), _) => Ok(token),
            (None, Grant::JwtBearer { .. }) => {
                self.renew().await?;
                let state = self.state();
                let tokens = state.tokens.as_ref().ok_or_else(unauthorized)?;
                Ok(tokens.access_token.clone())
            }
            (None, Grant::AuthorizationCode { .. }) => Err(unauthorized()),
        }
    }

    /// Renews unless somebody else has done so since this token was used.
    pub(crate) async fn renew_if(&self, refused: &str) -> Result<(), CardError> {
        let _one = self.renewing.lock().await;
        let present = self
            .state()
            .tokens
            .as_ref()
            .map(|tokens| tokens.access_token.clone());
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
        let fields = match &self.app.grant {
            Grant::JwtBearer { .. } => self.assertion().await?,
            Grant::AuthorizationCode { .. } => {
                let refresh = self
                    .state()
                    .tokens
                    .as_ref()
                    .and_then(|tokens| tokens.refresh_token.clone());
                let refresh = refresh.ok_or_else(|| {
                    fault("the access token is over, and there is no refresh token").with_hint(
                        "ask for the scope refresh_token (offline_access) and reauthorize",
                    )
                })?;
                vec![
                    field("grant_type", "refresh_token"),
                    field("refresh_token", refresh.expose()),
                ]
            }
        };
        let tokens = self.request(fields).await?;
        self.keep(tokens);
        Ok(())
    }

    /// The signed assertion of a server (RFC 7523).
    async fn assertion(&self) -> Result<Vec<(String, String)>, CardError> {
        let Grant::JwtBearer {
            signer,
            subject,
            audience,
        } = &self.app.grant
        else {
            return Ok(Vec::new());
        };
        let mut header = json!({"alg": signer.algorithm().as_str()});
        if let Some(kid) = signer.key_id() {
            header["kid"] = kid.into();
        }
        let expires = self.login.clock().wall().as_second() + ASSERTION_SECONDS;
        let claims =
            json!({"iss": self.app.client_id, "sub": subject, "aud": audience, "exp": expires});
        let mut token = format!(
            "{}.{}",
            pkce::base64url(header.to_string().as_bytes()),
            pkce::base64url(claims.to_string().as_bytes())
        );
        let signature = signer.sign(token.as_bytes()).await?;
        token.push('.');
        token.push_str(&pkce::base64url(&signature));
        Ok(vec![
            field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            field("assertion", &token),
        ])
    }

    /// A token request, with the app's own authentication where the grant is not an assertion.
    async fn request(&self, mut fields: Vec<(String, String)>) -> Result<StoredTokens, CardError> {
        if !matches!(self.app.grant, Grant::JwtBearer { .. }) {
            self.authenticate(&mut fields);
        }
        let call = self
            .login
            .call("POST", self.app.endpoints.token.clone())
            .form(fields)
            .header("accept", "application/json");
        let raw = call.await.map_err(refused)?;
        raw.json()
            .map_err(|_| fault("the token endpoint's answer holds no access token"))
    }

    fn authenticate(&self, fields: &mut Vec<(String, String)>) {
        fields.push(field("client_id", &self.app.client_id));
        if let Some(secret) = &self.app.client_secret {
            fields.push(field("client_secret", secret.expose()));
        }
    }

    async fn exchange(&self, callback: &str) -> Result<StoredTokens, CardError> {
        let Grant::AuthorizationCode { redirect_uri } = &self.app.grant else {
            return Err(fault(
                "this connection needs no person: authorize it without a callback",
            ));
        };
        let answer = Answer::parse(callback)?;
        let pending = self.state().pending.take().ok_or_else(|| {
            fault("no authorization is under way").with_hint("begin with authorization_url()")
        })?;
        if answer.state.as_deref() != Some(pending.state.as_str()) {
            return Err(fault(
                "the state of the callback is not that of the request: it may be forged",
            ));
        }
        let code = match (answer.error, answer.code) {
            (Some(error), _) => {
                let hint = hint_of(&error);
                let description = answer.description.unwrap_or_default();
                let refusal = fault(format!(
                    "the authorization was refused: {error} ({description})"
                ));
                return Err(match hint {
                    Some(hint) => refusal.with_hint(hint),
                    None => refusal,
                });
            }
            (None, Some(code)) => code,
            (None, None) => return Err(fault("the callback holds neither a code nor an error")),
        };
        self.request(vec![
            field("grant_type", "authorization_code"),
            field("code", code.expose()),
            field("redirect_uri", redirect_uri),
            field("code_verifier", pending.verifier.expose()),
        ])
        .await
    }

    async fn authorize(&self, callback: Option<&str>) -> Result<(), CardError> {
        let tokens = match (callback, &self.app.grant) {
            (None, Grant::JwtBearer { .. }) => self.request(self.assertion().await?).await?,
            (None, Grant::AuthorizationCode { .. }) => {
                return Err(fault("a person has to sign in").with_hint(
                    "send them to authorization_url() and give the URL to which they come back",
                ));
            }
            (Some(callback), _) => self.exchange(callback).await?,
        };
        self.check_scopes(&tokens)?;
        // What an earlier authorization had is not this one's.
        self.state().tokens = None;
        self.keep(tokens);
        Ok(())
    }

    /// A refresh token must come with an authorization that asked for one.
    fn check_scopes(&self, tokens: &StoredTokens) -> Result<(), CardError> {
        let asked = |name: &str| self.app.scopes.iter().any(|scope| scope == name);
        let wanted = asked("refresh_token") || asked("offline_access");
        let by_code = matches!(self.app.grant, Grant::AuthorizationCode { .. });
        if by_code && wanted && tokens.refresh_token.is_none() {
            return Err(fault("the service gave no refresh token").with_hint(
                "allow the scope refresh_token (offline_access) and the refresh token grant in the app",
            ));
        }
        Ok(())
    }

    /// Revokes tokens; one that is dead already is as good as revoked.
    async fn revoke(&self, tokens: Vec<(Secret, &'static str)>) -> Result<(), CardError> {
        for (token, kind) in tokens {
            let mut fields = vec![
                field("token", token.expose()),
                field("token_type_hint", kind),
            ];
            self.authenticate(&mut fields);
            let sent = self
                .login
                .call("POST", self.app.endpoints.revoke.clone())
                .form(fields)
                .await;
            match sent {
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.code(),
                        Some("invalid_token" | "unsupported_token_type")
                    ) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        Ok(())
    }

    /// Every token that is known, the refresh token first: it takes its access tokens with it.
    fn all_tokens(&self) -> Vec<(Secret, &'static str)> {
        let state = self.state();
        let refresh = state
            .tokens
            .as_ref()
            .and_then(|tokens| tokens.refresh_token.clone());
        let access = state
            .issued
            .iter()
            .cloned()
            .map(|token| (token, "access_token"));
        refresh
            .map(|token| (token, "refresh_token"))
            .into_iter()
            .chain(access)
            .collect()
    }
}

fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A refusal of the token endpoint. Its text holds no secrets: the client scrubs them.
fn refused(error: okta_core::Error) -> CardError {
    let code = error.code().unwrap_or_default().to_owned();
    let message = match error.summary() {
        Some(summary) if !code.is_empty() => {
            format!("the authorization server refused: {code} ({summary})")
        }
        _ => format!("the authorization server cannot be used: {error}"),
    };
    let refusal = fault(message);
    let refusal = match hint_of(&code) {
        Some(hint) => refusal.with_hint(hint),
        None => refusal,
    };
    refusal.with_source(error)
}

/// What to do about an OAuth error code.
fn hint_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_grant" | "inactive_user" | "inactive_org" => "reauthorize the connection",
        "invalid_client" | "invalid_client_id" => {
            "check client id and secret of the app, and that it is installed in the org"
        }
        "invalid_app_access" => "an admin has to approve the user for the app",
        "invalid_scope" => "allow the scopes in the app",
        "redirect_uri_mismatch" | "redirect_uri_missing" => {
            "enter exactly this redirect URI in the app"
        }
        "access_denied" => "the person refused; ask again",
        "rate_limit_exceeded" | "unknown_error" => "try again later",
        "unsupported_grant_type" | "unauthorized_client" => "allow the grant type in the app",
        _ => return None,
    })
}

/// What the service sent back.
#[derive(Default)]
struct Answer {
    code: Option<Secret>,
    state: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Answer {
    fn parse(callback: &str) -> Result<Self, CardError> {
        let query = match Url::parse(callback) {
            Ok(url) => url.query().unwrap_or_default().to_owned(),
            Err(_) => callback.trim_start_matches('?').to_owned(),
        };
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "code" => answer.code = Some(Secret::new(value)),
                "state" => answer.state = Some(value.into_owned()),
                "error" => answer.error = Some(value.into_owned()),
                "error_description" => answer.description = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(answer)
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
        self.inner.authorize(callback).await
    }

    async fn reauthorize(&self, callback: Option<&str>) -> Result<(), CardError> {
        let old = self.inner.all_tokens();
        self.inner.authorize(callback).await?;
        {
            let mut state = self.inner.state();
            // Only the newest is left to be revoked later.
            let newest = state.issued.pop();
            state.issued = newest.into_iter().collect();
        }
        self.inner.revoke(old).await
    }

    async fn test(&self) -> Result<(), CardError> {
        if self.inner.app.test_path.is_empty() {
            return self.inner.access_token().await.map(drop);
        }
        let client = match &self.inner.app.grant {
            Grant::JwtBearer { .. } if !self.is_authorized() => {
                self.inner.renew().await?;
                self.client()?
            }
            _ => self.client()?,
        };
        client
            .call("GET", self.inner.app.test_path.clone())
            .await
            .map(drop)
            .map_err(|error| CardError::from(error).with_hint("reauthorize the connection"))
    }

    async fn delete(&self) -> Result<(), CardError> {
        self.inner.revoke(self.inner.all_tokens()).await?;
        *self.inner.state() = State::default();
        Ok(())
    }

    async fn granted_scopes(&self) -> Result<Option<Scopes>, CardError> {
        if !self.is_authorized() {
            return Err(unauthorized());
        }
        Ok(self.inner.granted())
    }
}
