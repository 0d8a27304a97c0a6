//! Signing a real person in at a real org.

use anyhow::{Context, Result};
use okta_core::auth::{FileTokenStore, SignedIn};
use okta_core::{
    BrowserSignIn, Client, ClientBuilder, Config, DeviceSignIn, Error, ErrorKind, Scopes, UserApp,
};

use crate::{Options, line, step};

/// Signs in, unless an earlier run did, and says who it is.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let config = Config::load()?;
    let explained = config.explain();
    let setting = |key: &str| explained.get(key).map(|setting| setting.value.clone());
    let client_id = setting("clientId").context("set OKTA_CLIENT_CLIENTID to a native app")?;
    let scopes = setting("scopes").unwrap_or_else(|| "openid profile offline_access".into());
    let app =
        UserApp::new(client_id, Scopes::parse(&scopes))?.token_store(FileTokenStore::in_home()?);
    // Org URL, proxy and timeouts by the settings; the credential is this one.
    let client = ClientBuilder::from_config(config).credential(app).build()?;

    if options.sign_out {
        client.sign_out().await?;
        line("signed out: the tokens are revoked and forgotten");
        return Ok(());
    }
    step(&format!("Sign in at {}", client.org_url()));
    // A session of an earlier run goes on.
    match client.introspect_token().await {
        Err(error) if error.kind() == ErrorKind::SignIn => {
            let signed_in = sign_in(&client, options).await?;
            line(match &signed_in.user {
                Some(user) => format!(
                    "signed in as {}",
                    user.login.as_ref().unwrap_or(&user.subject)
                ),
                None => "signed in".into(),
            });
            line(format!("granted: {}", signed_in.scopes));
        }
        other => line(format!(
            "still signed in as {}",
            other?.username.unwrap_or_default()
        )),
    }
    let reply = client.call("GET", "/oauth2/v1/userinfo").await?;
    let user: serde_json::Value = serde_json::from_slice(reply.body())?;
    line(format!("GET /oauth2/v1/userinfo: {}", user["sub"]));
    line("the session is kept for the next run; --sign-out ends it");
    Ok(())
}

async fn sign_in(client: &Client, options: &Options) -> Result<SignedIn, Error> {
    if options.device {
        let how = DeviceSignIn::new(|prompt| {
            line(format!(
                "go to {} and enter {}",
                prompt.verification_uri, prompt.user_code
            ));
        });
        return client
            .sign_in(how.on_progress(|poll| line(format!("waiting, {:.0?} left", poll.left))))
            .await;
    }
    let how = BrowserSignIn::new(|url| {
        line(format!("open this address:\n  {url}"));
        Ok(())
    });
    client
        .sign_in(how.redirect_uri(&options.redirect_uri))
        .await
}
