//! The credential that the settings describe.

use std::sync::Arc;

use super::key_source::KeySource;
use super::resolve::Settings;
use super::value::AuthorizationMode;
use crate::auth::{
    Algorithm, ApiToken, Bearer, ClientAssertion, ClientSecret, Credential, Dpop, PrivateKey,
    ServiceApp,
};
use crate::error::{Error, Result};

/// Reads the key, if there is one. What is missing is the resolver's finding.
pub(crate) fn credential(settings: Settings) -> Result<Arc<dyn Credential>> {
    let token = || settings.token.clone().ok_or_else(|| missing("token"));
    Ok(match settings.mode.unwrap_or(AuthorizationMode::Ssws) {
        AuthorizationMode::Ssws => Arc::new(ApiToken::new(token()?)?),
        AuthorizationMode::Bearer => Arc::new(Bearer::new(token()?)?),
        mode => Arc::new(service_app(settings, mode)?),
    })
}

fn service_app(settings: Settings, mode: AuthorizationMode) -> Result<ServiceApp> {
    let id = settings.client_id.clone();
    let id = || id.ok_or_else(|| missing("clientId"));
    let scopes = settings.scopes;
    let secret = settings.client_secret;
    let secret = || secret.ok_or_else(|| missing("clientSecret"));
    let mut app = match mode {
        AuthorizationMode::ClientSecret => {
            ServiceApp::with_secret(id()?, ClientSecret::basic(secret()?), scopes)?
        }
        AuthorizationMode::ClientSecretPost => {
            ServiceApp::with_secret(id()?, ClientSecret::post(secret()?), scopes)?
        }
        AuthorizationMode::Jwt => {
            let source = settings.client_assertion;
            let source = source.ok_or_else(|| missing("clientAssertion"))?;
            let assertion = match source.file() {
                Some(path) => ClientAssertion::from_file(path),
                None => ClientAssertion::new(source.text),
            };
            let id = match id() {
                Ok(id) => id,
                Err(_) => assertion.subject()?,
            };
            ServiceApp::with_assertion(id, assertion, scopes)?
        }
        _ => {
            let source = settings.private_key;
            let source = source.ok_or_else(|| missing("privateKey"))?;
            let key = private_key(&source, settings.key_id.as_deref())?;
            ServiceApp::new(id()?, key, scopes)?
        }
    };
    if let Some(enabled) = settings.dpop {
        app = app.dpop(if enabled { Dpop::Always } else { Dpop::Never });
    }
    if let Some(interval) = settings.dpop_key_rotation {
        app = app.rotate_proof_key_every(interval);
    }
    if let Some(margin) = settings.token_renewal {
        app = app.renew_before_expiry(margin);
    }
    Ok(app)
}

fn missing(what: &str) -> Error {
    Error::config(format!("there is no credential: {what} is missing"))
}

fn private_key(source: &KeySource, key_id: Option<&str>) -> Result<PrivateKey> {
    let key = match source.file() {
        Some(path) => PrivateKey::from_file(path, key_id)?,
        None => PrivateKey::from_any(source.text.expose(), key_id)?,
    };
    match &source.algorithm {
        None => Ok(key),
        Some(name) => {
            let algorithm: Algorithm = name.parse().map_err(|_| {
                Error::config("private key: the algorithm is none that Okta accepts")
            })?;
            key.with_algorithm(algorithm)
        }
    }
}
