//! How an app proves who it is at the endpoints of an authorization server.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use serde_json::json;
use zeroize::Zeroizing;

use super::AuthContext;
use super::api_token::header_value;
use super::assertion::ClientAssertion;
use super::jwt::{Signer, compact};
use crate::clock::uuid;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Okta allows up to one hour; a fast clock makes a full hour fail, so that five minutes it is.
const ASSERTION_LIFETIME: i64 = 300;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The secret of an app and how it is sent (RFC 6749 section 2.3.1).
///
/// Okta's own APIs need a key instead; custom authorization servers and API service integrations
/// take secrets.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    secret: Secret,
    post: bool,
}

impl ClientSecret {
    /// `client_secret_basic`: in the `Authorization` header.
    pub fn basic(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            post: false,
        }
    }

    /// `client_secret_post`: in the form.
    pub fn post(secret: impl Into<Secret>) -> Self {
        Self {
            post: true,
            ..Self::basic(secret)
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let text = self.secret.expose();
        if text.trim().is_empty() || text.contains(['{', '}', '\n', '\r']) {
            return Err(Error::config(
                "the client secret is empty, a placeholder, or has line ends",
            )
            .with_hint("copy it from the app's page in the Admin Console"));
        }
        Ok(())
    }
}

pub(super) enum ClientAuth {
    /// An app without a secret: its client id is all it sends.
    Public,
    Secret(ClientSecret),
    Key(Arc<dyn Signer>),
    Assertion(ClientAssertion),
}

/// A form under way to an endpoint, and what of it must not show in an error.
pub(super) struct Form {
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) secrets: Vec<Zeroizing<String>>,
}

impl Form {
    /// Fields, of which those that are named hold secrets.
    pub(super) fn new(fields: &[(&'static str, String)]) -> Self {
        let secret = |name: &str| {
            matches!(
                name,
                "code" | "code_verifier" | "refresh_token" | "device_code" | "token"
            )
        };
        let mut form = Self {
            fields: fields.to_vec(),
            secrets: Vec::new(),
        };
        for (_, value) in fields.iter().filter(|(name, _)| secret(name)) {
            form.secret(value);
        }
        form
    }

    fn assertion(&mut self, assertion: String) {
        let kind = ASSERTION_TYPE.to_owned();
        self.fields.push(("client_assertion_type", kind));
        self.secret(&assertion);
        self.fields.push(("client_assertion", assertion));
    }

    /// As it is and as it looks in a form: answers that repeat what they were sent show either.
    fn secret(&mut self, text: &str) {
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        if encoded != text {
            self.secrets.push(Zeroizing::new(encoded));
        }
        self.secrets.push(Zeroizing::new(text.to_owned()));
    }
}

impl ClientAuth {
    /// Adds what proves the client to a request to `endpoint`.
    pub(super) async fn apply(
        &self,
        cx: &AuthContext<'_>,
        client_id: &str,
        endpoint: &Uri,
        headers: &mut HeaderMap,
        form: &mut Form,
    ) -> Result<()> {
        match self {
            Self::Public => form.fields.push(("client_id", client_id.to_owned())),
            Self::Secret(ClientSecret { secret, post: true }) => {
                form.fields.push(("client_id", client_id.to_owned()));
                form.fields
                    .push(("client_secret", secret.expose().to_owned()));
                form.secret(secret.expose());
            }
            Self::Secret(ClientSecret { secret, .. }) => {
                // Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1).
                let part = |text: &str| {
                    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let pair = Zeroizing::new(format!(
                    "{}:{}",
                    part(client_id),
                    Zeroizing::new(part(secret.expose())).as_str()
                ));
                let base64 = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                let value = Zeroizing::new(format!("Basic {}", base64.as_str()));
                headers.insert(AUTHORIZATION, header_value(&value, "client secret")?);
                form.secret(secret.expose());
                form.secret(&base64);
            }
            Self::Key(signer) => {
                let assertion = assertion(&**signer, cx, client_id, endpoint).await?;
                form.assertion(assertion);
            }
            Self::Assertion(assertion) => {
                let made = assertion.make(endpoint.to_string()).await?;
                form.assertion(made.expose().to_owned());
            }
        }
        Ok(())
    }

    /// For error messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Public => "public client".into(),
            Self::Secret(secret) if secret.post => "client_secret_post".into(),
            Self::Secret(_) => "client_secret_basic".into(),
            Self::Assertion(assertion) => assertion.describe(),
            Self::Key(signer) => {
                let key = match signer.key_id() {
                    Some(id) => format!("key id {id}"),
                    None => "no key id".to_owned(),
                };
                format!("{key}, {}", signer.algorithm())
            }
        }
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(signer) => signer.fmt(f),
            other => f.write_str(&other.describe()),
        }
    }
}

/// A new assertion for each request (RFC 7523): its `jti` is burnt even by a refused one.
async fn assertion(
    signer: &dyn Signer,
    cx: &AuthContext<'_>,
    client_id: &str,
    endpoint: &Uri,
) -> Result<String> {
    let now = cx.server_time().as_second();
    let mut header = json!({ "typ": "JWT", "alg": signer.algorithm().as_str() });
    if let Some(kid) = signer.key_id() {
        header["kid"] = kid.into();
    }
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": endpoint.to_string(),
        "iat": now,
        "exp": now + ASSERTION_LIFETIME,
        "jti": uuid(&*cx.runtime.random),
    });
    compact(signer, &header, &claims).await
}
