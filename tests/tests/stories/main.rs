//! Whole stories against the sandbox.

#![forbid(unsafe_code)]

mod auth;
mod governance;
mod limits;
mod models;
mod paging;
// The browser of the example.
#[allow(dead_code)]
#[path = "../../../examples/src/bin/sign-in/person.rs"]
mod person;
mod sign_in;

use okta_core::{Client, PrivateKey, Scopes, ServiceApp as Credential};
use okta_sandbox::{Sandbox, ServiceApp};

/// A client with the super admin's API token.
fn admin(sandbox: &Sandbox) -> Client {
    let builder = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token());
    builder.build().expect("a client")
}

/// The service app as a credential that asks for these scopes.
fn credential(app: &ServiceApp, scopes: impl Into<Scopes>) -> Credential {
    let key = PrivateKey::from_any(&app.private_key_pem, Some(&app.kid)).expect("a key");
    Credential::new(app.client_id.clone(), key, scopes).expect("a credential")
}

/// A client that is the service app.
fn service(sandbox: &Sandbox, app: &ServiceApp, scopes: impl Into<Scopes>) -> Client {
    let builder = Client::builder()
        .org_url(sandbox.url())
        .service_app(credential(app, scopes));
    builder.build().expect("a client")
}

/// How many requests went to the token endpoint, and with which statuses.
fn token_calls(sandbox: &Sandbox) -> Vec<u16> {
    let requests = sandbox.requests();
    requests
        .iter()
        .filter(|entry| entry.path == "/oauth2/v1/token")
        .map(|entry| entry.status)
        .collect()
}
