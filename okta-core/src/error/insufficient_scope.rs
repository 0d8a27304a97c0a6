//! What to do about a token that lacks a scope.

use crate::scope::{Scope, Scopes};

/// The access token does not carry a scope that the operation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct InsufficientScope {
    pub(crate) needed: Scopes,
    pub(crate) granted: Option<Scopes>,
    pub(crate) requested: Option<Scopes>,
    pub(crate) app: Option<String>,
    pub(crate) operation: String,
    pub(crate) org_url: String,
}

impl InsufficientScope {
    /// Scopes that the operation needs, by the API description; by the service's own words where
    /// the operation is not known.
    pub fn needed(&self) -> &Scopes {
        &self.needed
    }

    /// Scopes that the token carries, where the credential knows them.
    pub fn granted(&self) -> Option<&Scopes> {
        self.granted.as_ref()
    }

    /// Needed scopes that the token does not carry; all needed ones if its scopes are unknown.
    pub fn missing(&self) -> Scopes {
        match &self.granted {
            Some(granted) => self.needed.missing_from(granted),
            None => self.needed.clone(),
        }
    }

    /// Client id of the service app that the token was issued to, where the credential knows it.
    pub fn app(&self) -> Option<&str> {
        self.app.as_deref()
    }

    /// The operation that was refused, with method and path.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Which app, which call or console page, and that a new token is needed.
    pub fn how_to_fix(&self) -> String {
        let missing = self.missing();
        let scopes = if missing.is_empty() {
            &self.needed
        } else {
            &missing
        };
        how_to_grant(
            scopes,
            self.requested.as_ref(),
            self.app.as_deref(),
            &self.org_url,
        )
    }
}

/// How a scope comes into a token: the client asks for it, an admin grants it to the app, and a new
/// token is issued.
pub(crate) fn how_to_grant(
    scopes: &Scopes,
    requested: Option<&Scopes>,
    app: Option<&str>,
    org_url: &str,
) -> String {
    let names = if scopes.is_empty() {
        "the missing scope".to_owned()
    } else {
        scopes.to_string()
    };
    let first = scopes.iter().next().map_or("{scope}", Scope::as_str);
    let (whom, id) = match app {
        Some(id) => (format!("app {id}"), id),
        None => (
            "the app that the token was issued to".to_owned(),
            "{clientId}",
        ),
    };
    let ask = match requested.map(|requested| scopes.missing_from(requested)) {
        Some(unasked) if !unasked.is_empty() => {
            format!("the client does not ask for {unasked}: add it to the client's scopes; ")
        }
        _ => String::new(),
    };
    format!(
        "{ask}grant {names} to {whom}: POST {org_url}/api/v1/apps/{id}/grants \
         {{\"scopeId\":\"{first}\",\"issuer\":\"{org_url}\"}} once per scope, or Admin Console > Applications > \
         the app > Okta API Scopes; then get a new token (one keeps the scopes it was issued with)"
    )
}
