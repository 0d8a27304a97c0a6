//! The credential that the settings describe.

use std::sync::Arc;

use super::key_source::{KeySource, path};
use super::resolve::Settings;
use super::value::AuthorizationMode;
use crate::auth::{Algorithm, ApiToken, Bearer, Credential, Dpop, PrivateKey, ServiceApp};
use crate::error::{Error, Result};

/// Reads the key, if there is one. What is missing is the resolver's finding.
pub(crate) fn credential(settings: Settings) -> Result<Arc<dyn Credential>> {
    let missing = |what: &str| Error::config(format!("there is no credential: {what} is missing"));
    let token = || settings.token.clone().ok_or_else(|| missing("token"));
    Ok(match settings.mode.unwrap_or(AuthorizationMode::Ssws) {
        AuthorizationMode::Ssws => Arc::new(ApiToken::new(token()?)?),
        AuthorizationMode::Bearer => Arc::new(Bearer::new(token()?)?),
        AuthorizationMode::PrivateKey => {
            let id = settings.client_id.ok_or_else(|| missing("clientId"))?;
            let source = settings.private_key.ok_or_else(|| missing("privateKey"))?;
            let key = private_key(&source, settings.key_id.as_deref())?;
            let mut app = ServiceApp::new(id, key, settings.scopes)?;
            if let Some(enabled) = settings.dpop {
                app = app.dpop(if enabled { Dpop::Always } else { Dpop::Never });
            }
            if let Some(margin) = settings.token_renewal {
                app = app.renew_before_expiry(margin);
            }
            Arc::new(app)
        }
    })
}

fn private_key(source: &KeySource, key_id: Option<&str>) -> Result<PrivateKey> {
    let text = source.text.expose();
    let like_path = text.len() < 4096 && !text.contains(['{', '\n']) && !text.contains("-----");
    let file = like_path.then(|| path(text, source.base.as_deref()));
    let key = match file.filter(|path| path.is_file()) {
        Some(path) => PrivateKey::from_file(path, key_id)?,
        None => PrivateKey::from_any(text, key_id)?,
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
