//! What a connection asks its authorization server for: tokens, and their end.

use okta_core::Error;
use serde_json::json;

use super::app::{Grant, fault};
use super::callback::Answer;
use super::connection::Inner;
use super::pkce;
use super::tokens::{Issued, StoredTokens};
use crate::error::CardError;

/// How long an assertion is valid, in seconds: Salesforce accepts three minutes.
const ASSERTION_SECONDS: i64 = 170;

impl Inner {
    /// New tokens by refresh token or assertion.
    pub(super) async fn fetch(&self) -> Result<StoredTokens, CardError> {
        let fields = match &self.app.grant {
            Grant::JwtBearer { .. } => self.assertion().await?,
            Grant::AuthorizationCode { .. } => {
                let refresh = self
                    .state()
                    .tokens
                    .present()
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
        self.request(fields).await
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
        let answer = Answer::parse(callback);
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

    /// The tokens of a new authorization.
    pub(super) async fn authorize(
        &self,
        callback: Option<&str>,
    ) -> Result<StoredTokens, CardError> {
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
        Ok(tokens)
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

    /// Revokes tokens, all of them whatever becomes of the others; one that is dead already is as good as revoked.
    ///
    /// # Errors
    /// Says which could not be revoked, and why the first could not. Those stay known.
    pub(super) async fn revoke(&self, tokens: Vec<Issued>) -> Result<(), CardError> {
        let count = tokens.len();
        let mut left: Vec<&'static str> = Vec::new();
        let mut first: Option<Error> = None;
        for one in tokens {
            let mut fields = vec![
                field("token", one.token.expose()),
                field("token_type_hint", one.kind.hint()),
            ];
            self.authenticate(&mut fields);
            let sent = self
                .login
                .call("POST", self.app.endpoints.revoke.clone())
                .form(fields)
                .await;
            match sent {
                Err(error) if !is_dead_already(&error) => {
                    left.push(one.kind.hint());
                    first.get_or_insert(error);
                }
                _ => self.state().tokens.revoked(&one.token),
            }
        }
        let Some(error) = first else { return Ok(()) };
        let number = |kind: &str| left.iter().filter(|one| **one == kind).count();
        let message = format!(
            "{} of {count} tokens could not be revoked ({} refresh tokens, {} access tokens)",
            left.len(),
            number("refresh_token"),
            number("access_token"),
        );
        let cause = refused(error);
        let message = format!("{message}: {}", cause.message());
        Err(fault(message)
            .with_hint(
                "they stay known: delete the connection again, or revoke them at the service",
            )
            .with_source(cause))
    }
}

fn is_dead_already(error: &Error) -> bool {
    matches!(
        error.code(),
        Some("invalid_token" | "unsupported_token_type")
    )
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
