//! Service apps: API clients with a key of their own.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::behaviour::apps::{self, grants};
use crate::json::text;
use crate::oauth::jwk::EcKey;
use crate::oauth::rsa::RsaKey;
use crate::oauth::scopes;
use crate::org::Org;

/// A service app and everything a client needs to act as it.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServiceApp {
    /// The OAuth client id, which is also the app's id.
    pub client_id: String,
    /// The private key, PKCS#8 in PEM.
    pub private_key_pem: String,
    /// The private key as a JWK in one line of JSON.
    pub private_key_jwk: String,
    /// The key's id.
    pub kid: String,
    /// The scopes granted when the app was made.
    pub scopes: Vec<String>,
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("private_key_pem", &"…")
            .field("private_key_jwk", &"…")
            .field("kid", &self.kid)
            .field("scopes", &self.scopes)
            .finish()
    }
}

impl ServiceApp {
    /// The body that makes such an app through the API.
    fn body(label: &str, public_jwk: &Value, dpop: bool) -> Value {
        json!({
            "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": "private_key_jwt" } },
            "settings": { "oauthClient": {
                "application_type": "service", "grant_types": ["client_credentials"],
                "response_types": ["token"], "dpop_bound_access_tokens": dpop,
                "jwks": { "keys": [public_jwk] },
            } },
        })
    }

    /// Makes an app in the org and grants it scopes.
    pub(crate) fn create(
        org: &mut Org,
        key: &EcKey,
        label: &str,
        scopes: &[String],
        dpop: bool,
        issuer: &str,
    ) -> Self {
        let client_id = org.dice.id("0oa");
        Self::install(
            org,
            &client_id,
            key.public_jwk.clone(),
            label,
            scopes,
            dpop,
            issuer,
        );
        Self {
            client_id,
            private_key_pem: key.private_pem.clone(),
            private_key_jwk: key.private_jwk.to_string(),
            kid: key.kid.clone(),
            scopes: scopes.to_vec(),
        }
    }

    fn install(
        org: &mut Org,
        client_id: &str,
        public_jwk: Value,
        label: &str,
        scopes: &[String],
        dpop: bool,
        issuer: &str,
    ) {
        let Ok(mut app) = apps::build(org, &Self::body(label, &public_jwk, dpop)) else {
            return;
        };
        app["id"] = json!(client_id);
        app["orn"] = json!(format!(
            "orn:okta:idp:{}:apps:oidc_client:{client_id}",
            org.id
        ));
        app["credentials"]["oauthClient"]["client_id"] = json!(client_id);
        apps::add(org, app);
        let now = org.created.clone();
        crate::admin::make_super_admin(org, client_id, &now);
        let by = json!({ "id": org.admin, "type": "User" });
        for scope in scopes {
            grants::add(org, client_id, scope, issuer, &by);
        }
    }
}

/// What stays valid when the org is reset: the printed API token and service app.
pub(crate) struct Credentials {
    pub(crate) api_token: String,
    pub(crate) base: String,
    ready: RwLock<Ready>,
}

/// The service app that is ready at start.
struct Ready {
    app: ServiceApp,
    public_jwk: Value,
}

/// [`Credentials`] as they are kept on disk.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptCredentials {
    api_token: String,
    client_id: String,
    private_key_pem: String,
    scopes: Vec<String>,
}

/// Label of the service app that is ready at start.
const READY_LABEL: &str = "Sandbox service app";

impl Credentials {
    /// Fresh credentials of a sandbox at a base URL.
    pub(crate) fn generate(base: &str) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let key = EcKey::generate()?;
        let mut dice = crate::ids::Dice::new(crate::ids::random_seed());
        Ok(Self {
            api_token: crate::ids::api_token(),
            base: base.to_owned(),
            ready: RwLock::new(Ready {
                app: ServiceApp {
                    client_id: dice.id("0oa"),
                    private_key_pem: key.private_pem,
                    private_key_jwk: key.private_jwk.to_string(),
                    kid: key.kid,
                    scopes: scopes::of_api("management"),
                },
                public_jwk: key.public_jwk,
            }),
        })
    }

    /// The service app that is ready at start.
    pub(crate) fn service_app(&self) -> ServiceApp {
        self.ready().app.clone()
    }

    fn ready(&self) -> RwLockReadGuard<'_, Ready> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the ready service app an RSA key instead of the one it has, here and in the org.
    pub(crate) fn use_rsa_key(&self, org: &mut Org) -> Result<(), aws_lc_rs::error::Unspecified> {
        if text(&self.ready().public_jwk, "/kty") == "RSA" {
            return Ok(());
        }
        let key = RsaKey::generate()?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(app) = org.apps.get_mut(&ready.app.client_id) {
            app["settings"]["oauthClient"]["jwks"] = json!({ "keys": [key.public_jwk] });
        }
        ready.public_jwk = key.public_jwk;
        ready.app.private_key_pem = key.private_pem;
        ready.app.private_key_jwk = key.private_jwk.to_string();
        ready.app.kid = key.kid;
        Ok(())
    }

    /// What a restart needs.
    pub(crate) fn kept(&self) -> KeptCredentials {
        let app = self.service_app();
        KeptCredentials {
            api_token: self.api_token.clone(),
            client_id: app.client_id,
            private_key_pem: app.private_key_pem,
            scopes: app.scopes,
        }
    }

    /// The credentials of before, at the base URL of now.
    pub(crate) fn of_kept(
        kept: KeptCredentials,
        base: &str,
    ) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let pem = kept.private_key_pem;
        let (kid, private_jwk, public_jwk) = match EcKey::from_pem(&pem) {
            Ok(key) => (key.kid, key.private_jwk, key.public_jwk),
            Err(_) => {
                let key = RsaKey::from_pem(&pem)?;
                (key.kid, key.private_jwk, key.public_jwk)
            }
        };
        Ok(Self {
            api_token: kept.api_token,
            base: base.to_owned(),
            ready: RwLock::new(Ready {
                app: ServiceApp {
                    client_id: kept.client_id,
                    private_key_pem: pem,
                    private_key_jwk: private_jwk.to_string(),
                    kid,
                    scopes: kept.scopes,
                },
                public_jwk,
            }),
        })
    }

    /// Puts the ready service app into an org.
    pub(crate) fn register(&self, org: &mut Org) {
        let ready = self.ready();
        let (app, key) = (&ready.app, ready.public_jwk.clone());
        ServiceApp::install(
            org,
            &app.client_id,
            key,
            READY_LABEL,
            &app.scopes,
            true,
            &self.base,
        );
    }
}
