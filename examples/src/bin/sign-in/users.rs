//! People sign in: browser, session, rotation, device, DPoP, sign-out.

use std::path::Path;

use anyhow::{Result, bail};
use okta_core::auth::{FileTokenStore, SignedIn};
use okta_core::{BrowserSignIn, Client, DeviceSignIn, Dpop, ErrorKind, UserApp};
use okta_management::prelude::*;

use crate::org::Org;
use crate::person::Browser;
use crate::{line, step};

const SCOPES: [&str; 4] = ["openid", "profile", "offline_access", "okta.users.read"];

pub(crate) async fn run(org: &Org) -> Result<()> {
    let directory = std::env::temp_dir().join(format!("okta-sign-in-{}", std::process::id()));
    let store = FileTokenStore::new(directory.join("tokens"));
    let result = story(org, &store, &directory).await;
    std::fs::remove_dir_all(&directory)?;
    result
}

async fn story(org: &Org, store: &FileTokenStore, directory: &Path) -> Result<()> {
    step("Authorization code with PKCE, in the browser");
    let id = org.native_app("Notes", false).await?;
    let app = || UserApp::new(&id, SCOPES).map(|app| app.token_store(store.clone()));
    let client = client(org, app()?)?;
    said(&client.sign_in(browser(org)).await?);
    let me = client.users().get("me").await?;
    line(format!(
        "GET /api/v1/users/me: {}",
        me.id.unwrap_or_default()
    ));

    step("The session outlives the process");
    let file = std::fs::read_dir(directory.join("tokens"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|end| end == "json"));
    let Some(file) = file else {
        bail!("no token file")
    };
    line(format!("tokens are in {}{}", file.display(), mode(&file)?));
    let stolen = std::fs::read(&file)?;
    let next_run = self::client(org, app()?)?;
    next_run.users().get("me").await?;
    line("a new client calls without another sign-in");

    step("Refresh with rotation");
    next_run.renew_token().await?;
    line("the refresh token was exchanged for a new one, which was stored before it was used");
    std::fs::write(&file, stolen)?;
    match self::client(org, app()?)?.renew_token().await {
        Err(error) if error.kind() == ErrorKind::SignIn => {
            line(format!("the old one, used again: {error}"))
        }
        other => bail!("a used refresh token was accepted: {other:?}"),
    }

    step("Device authorization: the code is entered elsewhere");
    let (url, login, password) = (
        org.sandbox.url().to_owned(),
        org.login.clone(),
        org.password,
    );
    let how = DeviceSignIn::new(move |prompt| {
        line(format!(
            "go to {} and enter {}",
            prompt.verification_uri, prompt.user_code
        ));
        let page = format!("{url}/activate?user_code={}", prompt.user_code);
        let login = login.clone();
        tokio::spawn(
            async move { show(Browser::default().sign_in(&page, &login, password).await) },
        );
    });
    said(&client.sign_in(how).await?);

    step("Sign out");
    line(format!(
        "before: active = {}",
        client.introspect_token().await?.active
    ));
    client.sign_out().await?;
    match client.users().get("me").await {
        Err(error) if error.kind() == ErrorKind::SignIn => line(error),
        other => bail!("still signed in: {other:?}"),
    }

    step("The same with tokens bound to a key (DPoP)");
    let id = org.native_app("Notes with DPoP", true).await?;
    let client = self::client(org, UserApp::new(id, SCOPES)?.dpop(Dpop::Always))?;
    said(&client.sign_in(browser(org)).await?);
    client.users().get("me").await?;
    client.renew_token().await?;
    let last = org
        .sandbox
        .requests()
        .into_iter()
        .rev()
        .find(|request| request.path.starts_with("/api"));
    line(format!(
        "the call went out as {}",
        last.and_then(|request| request.scheme).unwrap_or("?")
    ));
    Ok(())
}

fn client(org: &Org, app: UserApp) -> Result<Client> {
    Ok(Client::builder()
        .org_url(org.sandbox.url())
        .credential(app)
        .build()?)
}

/// In a program of yours the closure opens the address in the user's browser.
fn browser(org: &Org) -> BrowserSignIn {
    let (login, password) = (org.login.clone(), org.password);
    BrowserSignIn::new(move |url| {
        let (url, login) = (url.to_owned(), login.clone());
        line(format!(
            "the browser opens {}",
            url.split('?').next().unwrap_or_default()
        ));
        tokio::spawn(async move { show(Browser::default().sign_in(&url, &login, password).await) });
        Ok(())
    })
    .redirect_uri(&org.redirect_uri)
}

fn show(page: std::io::Result<crate::person::Page>) {
    match page {
        Ok(page) => line(format!("the last page says {:?}", page.title())),
        Err(error) => line(format!("the browser failed: {error}")),
    }
}

fn said(signed_in: &SignedIn) {
    if let Some(user) = &signed_in.user {
        let login = user.login.as_deref().unwrap_or("somebody");
        line(format!(
            "signed in as {login} by {}, ID token checked",
            user.methods.join("+")
        ));
    }
    line(format!("granted: {}", signed_in.scopes));
}

#[cfg(unix)]
fn mode(file: &Path) -> Result<String> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(format!(
        ", mode {:o}",
        std::fs::metadata(file)?.permissions().mode() & 0o777
    ))
}

#[cfg(not(unix))]
fn mode(_file: &Path) -> Result<String> {
    Ok(String::new())
}
