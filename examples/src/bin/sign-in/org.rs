//! The org of the story: a sandbox with a user, and the apps that sign in.

use std::net::TcpListener;

use anyhow::{Context, Result};
use okta_core::http::Method;
use okta_core::{Client, PrivateKey};
use okta_sandbox::{PASSWORD, Sandbox, SeedOrg};
use serde_json::{Value, json};

use crate::{line, step};

pub(crate) struct Org {
    pub(crate) sandbox: Sandbox,
    admin: Client,
    pub(crate) login: String,
    pub(crate) password: &'static str,
    /// Where the browser comes back to: Okta compares it exactly, port included.
    pub(crate) redirect_uri: String,
    user_id: String,
}

impl Org {
    pub(crate) async fn start() -> Result<Self> {
        step("Start an Okta org in this process");
        let sandbox = Sandbox::start().await?;
        sandbox.seed(SeedOrg {
            users: 5,
            ..SeedOrg::default()
        });
        let admin = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            .build()?;
        let mut org = Self {
            sandbox,
            admin,
            login: String::new(),
            password: PASSWORD,
            redirect_uri: format!("http://localhost:{}/callback", free_port()?),
            user_id: String::new(),
        };
        let users = org
            .send(
                Method::GET,
                "/api/v1/users?search=status%20eq%20%22ACTIVE%22",
                &Value::Null,
            )
            .await?;
        // The first one is the admin.
        org.login = text(&users[1]["profile"]["login"])?;
        org.user_id = text(&users[1]["id"])?;
        line(format!("{} with the user {}", org.sandbox.url(), org.login));
        Ok(org)
    }

    /// A native app with the user assigned: public, so PKCE and rotation protect it.
    pub(crate) async fn native_app(&self, label: &str, dpop: bool) -> Result<String> {
        let app = self
            .app(label, "none", &json!({
                "application_type": "native", "redirect_uris": [self.redirect_uri], "response_types": ["code"],
                "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
                "refresh_token": { "rotation_type": "ROTATE", "leeway": 0 },
                "dpop_bound_access_tokens": dpop,
            }))
            .await?;
        let id = text(&app["id"])?;
        self.send(
            Method::POST,
            &format!("/api/v1/apps/{id}/users"),
            &json!({ "id": self.user_id }),
        )
        .await?;
        self.sandbox.grant(&id, "okta.users.read");
        Ok(id)
    }

    /// A service app that knows this public key.
    pub(crate) async fn service_app(&self, key: &PrivateKey, dpop: bool) -> Result<String> {
        let jwks: Value = serde_json::from_str(&key.public_jwks())?;
        let app = self
            .app(
                "Service",
                "private_key_jwt",
                &json!({
                    "application_type": "service", "grant_types": ["client_credentials"],
                    "response_types": ["token"], "jwks": jwks, "dpop_bound_access_tokens": dpop,
                }),
            )
            .await?;
        let id = text(&app["id"])?;
        self.sandbox.grant(&id, "okta.users.read");
        // Scopes say what a token is for; an admin role says what the app may see.
        let roles = format!("/oauth2/v1/clients/{id}/roles");
        self.send(Method::POST, &roles, &json!({ "type": "READ_ONLY_ADMIN" }))
            .await?;
        Ok(id)
    }

    /// A service app with a secret; gives id and secret.
    pub(crate) async fn secret_app(&self, method: &str) -> Result<(String, String)> {
        let app = self
            .app(
                "Reports",
                method,
                &json!({
                    "application_type": "service", "grant_types": ["client_credentials"],
                    "response_types": ["token"], "dpop_bound_access_tokens": false,
                }),
            )
            .await?;
        let secret = text(&app["credentials"]["oauthClient"]["client_secret"])?;
        Ok((text(&app["id"])?, secret))
    }

    /// A scope of the custom authorization server `default`.
    pub(crate) async fn custom_scope(&self, name: &str) -> Result<()> {
        let path = "/api/v1/authorizationServers/default/scopes";
        self.send(Method::POST, path, &json!({ "name": name }))
            .await
            .map(|_| ())
    }

    async fn app(&self, label: &str, method: &str, client: &Value) -> Result<Value> {
        let dpop = client["dpop_bound_access_tokens"].clone();
        let body = json!({
            "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
            "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
            "settings": { "oauthClient": client },
        });
        let app = self.send(Method::POST, "/api/v1/apps", &body).await?;
        self.sandbox.require_dpop(&text(&app["id"])?, dpop == true);
        Ok(app)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut call = self.admin.call(method, path.to_owned());
        if !body.is_null() {
            call = call.json(body);
        }
        Ok(serde_json::from_slice(call.await?.body())?)
    }
}

/// A port that nobody listens on at the moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn text(value: &Value) -> Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("the answer lacks a member")
}
