//! Services sign in: keys of every algorithm, DPoP, secrets, scopes by call.

use anyhow::Result;
use okta_core::auth::{Algorithm, AuthorizationServer};
use okta_core::{Client, ClientSecret, Dpop, PrivateKey, ServiceApp, prelude::*};
use okta_management::{prelude::*, users};

use crate::org::Org;
use crate::{line, step};

pub(crate) async fn run(org: &Org) -> Result<()> {
    step("A service app with a key (private_key_jwt), in every algorithm");
    let rsa = PrivateKey::generate(Algorithm::Rs256)?;
    for algorithm in Algorithm::ALL {
        // One RSA key signs with all six of its algorithms; each curve has its own.
        let key = match rsa.clone().with_algorithm(algorithm) {
            Ok(key) => key,
            Err(_) => PrivateKey::generate(algorithm)?,
        };
        let id = org.service_app(&key, false).await?;
        let client = client(org, ServiceApp::new(id, key, scopes_of![users::List])?)?;
        let page = client.users().list().await?;
        line(format!("{algorithm}: {} users", page.items.len()));
    }
    line(
        rsa.with_algorithm(Algorithm::Es256)
            .err()
            .map_or_else(String::new, |error| format!("wrong pairing: {error}")),
    );

    step("The same with tokens bound to a key (DPoP)");
    let key = PrivateKey::generate(Algorithm::Es256)?;
    let id = org.service_app(&key, true).await?;
    let app = ServiceApp::new(&id, key.clone(), scopes_of![users::List])?.dpop(Dpop::Always);
    let thumbprint = app.proof_key_thumbprint()?;
    let client = self::client(org, app)?;
    client.users().list().await?;
    line(format!("bound to the proof key {thumbprint}"));
    let before = client.introspect_token().await?.active;
    client.sign_out().await?;
    line(format!("revoked; it was active: {before}"));

    step("Scopes by call: a token for what is needed, no more");
    let client = self::client(org, ServiceApp::incremental(id, key)?)?;
    client.users().list().await?;
    line(format!(
        "after one call: {}",
        client.granted_scopes().unwrap_or_default()
    ));
    if let Err(error) = client.groups().list().await {
        line(format!("not granted to the app: {error}"));
    }

    step("A client secret, at a custom authorization server");
    org.custom_scope("reports.read").await?;
    for method in ["client_secret_basic", "client_secret_post"] {
        let (id, secret) = org.secret_app(method).await?;
        let secret = match method {
            "client_secret_post" => ClientSecret::post(secret),
            _ => ClientSecret::basic(secret),
        };
        let issuer = format!("{}/oauth2/default", org.sandbox.url());
        let app = ServiceApp::with_secret(id, secret, ["reports.read"])?
            .authorization_server(AuthorizationServer::from_issuer(&issuer)?);
        let said = self::client(org, app)?.introspect_token().await?;
        line(format!(
            "{method}: a token of {} with {}",
            said.issuer.unwrap_or_default(),
            said.scopes
        ));
    }
    Ok(())
}

fn client(org: &Org, app: ServiceApp) -> Result<Client> {
    Ok(Client::builder()
        .org_url(org.sandbox.url())
        .credential(app)
        .build()?)
}
