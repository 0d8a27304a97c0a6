//! An org for the examples of `docs/COMING_FROM.md`.

use okta_core::{Client, Error};
use okta_sandbox::{Sandbox, SeedOrg};

/// A sandbox with people, groups and apps, and one of each.
#[derive(Debug)]
#[non_exhaustive]
pub struct Org {
    /// Stops when dropped.
    pub sandbox: Sandbox,
    /// Of the super admin.
    pub client: Client,
    /// Id of an active user that is in no app.
    pub user: String,
    /// Id of a group.
    pub group: String,
    /// Id of an app that nobody is assigned to.
    pub app: String,
}

/// Runs one example.
///
/// # Panics
/// If the example fails.
pub fn coming_from(example: impl AsyncFnOnce(Org) -> Result<(), Error>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let result = runtime.block_on(async {
        let org = org().await?;
        example(org).await
    });
    result.expect("the example runs");
}

async fn org() -> Result<Org, Error> {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    sandbox.seed(SeedOrg {
        users: 40,
        groups: 3,
        apps: 3,
        ..SeedOrg::default()
    });
    let client = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()?;
    let id = |value: serde_json::Value| value["id"].as_str().unwrap_or_default().to_owned();
    let user = serde_json::json!({ "profile": { "firstName": "Ben", "lastName": "Muster", "email": "ben@example.com", "login": "ben@example.com" } });
    let user = client
        .call("POST", "/api/v1/users")
        .json(&user)
        .await?
        .json()?;
    let group = serde_json::json!({ "profile": { "name": "Newcomers" } });
    let group = client
        .call("POST", "/api/v1/groups")
        .json(&group)
        .await?
        .json()?;
    let app = serde_json::json!({ "name": "bookmark", "label": "Intranet", "signOnMode": "BOOKMARK", "settings": { "app": { "requestIntegration": false, "url": "https://intranet.example.com" } } });
    let app = client
        .call("POST", "/api/v1/apps")
        .json(&app)
        .await?
        .json()?;
    Ok(Org {
        sandbox,
        client,
        user: id(user),
        group: id(group),
        app: id(app),
    })
}
