//! Writes a Rust struct for the profiles of an org, from its own schema: custom attributes with their types, limits
//! and values.
//!
//! Runs on an embedded sandbox; with `OKTA_CLIENT_ORGURL` and credentials in the environment, on that org (scope
//! `okta.schemas.read`; `okta.userTypes.read` with `--user-type`).

#![forbid(unsafe_code)]

mod render;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use okta_core::Client;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

/// Writes Rust structs for user, group or app user profiles.
#[derive(Parser)]
struct Options {
    /// Profile of this user type, by name or id; the default type unless given.
    #[arg(long, value_name = "TYPE", conflicts_with_all = ["group", "app"])]
    user_type: Option<String>,
    /// Profile of groups.
    #[arg(long, conflicts_with = "app")]
    group: bool,
    /// Profile of the users of this app.
    #[arg(long, value_name = "ID")]
    app: Option<String>,
    /// Name of the struct.
    #[arg(long)]
    name: Option<String>,
    /// File to write; standard output unless given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        return write(&Client::from_env()?, &options).await;
    }
    let sandbox = Sandbox::start().await?;
    let builder = Client::builder().org_url(sandbox.url());
    let client = builder.api_token(sandbox.api_token()).build()?;
    let path = "/api/v1/meta/schemas/user/default";
    client
        .call("POST", path)
        .json(&render::sample_attributes())
        .await?;
    write(&client, &options).await
}

async fn write(client: &Client, options: &Options) -> Result<()> {
    let (schema, usual) = if let Some(app) = &options.app {
        let call = client
            .call("GET", "/api/v1/meta/schemas/apps/{app}/default")
            .path("app", app);
        (call.await?.json()?, "AppUserProfile")
    } else if options.group {
        let call = client.call("GET", "/api/v1/meta/schemas/group/default");
        (call.await?.json()?, "GroupProfile")
    } else {
        (
            user_schema(client, options.user_type.as_deref()).await?,
            "UserProfile",
        )
    };
    let name = options.name.as_deref().unwrap_or(usual);
    let code = render::module(&schema, name)?;
    match &options.out {
        Some(file) => std::fs::write(file, code).with_context(|| file.display().to_string())?,
        None => print!("{code}"),
    }
    Ok(())
}

async fn user_schema(client: &Client, kind: Option<&str>) -> Result<Value> {
    let id = match kind {
        None => "default".to_owned(),
        Some(kind) => {
            let types: Value = client
                .call("GET", "/api/v1/meta/types/user")
                .await?
                .json()?;
            let types = types.as_array().cloned().unwrap_or_default();
            let names: Vec<&str> = types
                .iter()
                .filter_map(|one| one["name"].as_str())
                .collect();
            types
                .iter()
                .find(|one| one["name"] == json!(kind) || one["id"] == json!(kind))
                .and_then(|one| one["_links"]["schema"]["href"].as_str()?.rsplit('/').next())
                .with_context(|| format!("no user type {kind}; there are: {}", names.join(", ")))?
                .to_owned()
        }
    };
    let call = client
        .call("GET", "/api/v1/meta/schemas/user/{id}")
        .path("id", id);
    Ok(call.await?.json()?)
}
