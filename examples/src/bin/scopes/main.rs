//! Which scopes a program needs, what its token has, and what to grant where.
//!
//! Operations are named as in Rust (`users::List`), by their operationId (`listUsers`), or by method and path
//! (`"GET /api/v1/users"`). With `OKTA_CLIENT_ORGURL` and credentials set, the token of that org is compared; without,
//! that of a sandbox's app which was granted half of what is needed.

#![forbid(unsafe_code)]

use anyhow::{Result, bail};
use clap::Parser;
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use okta_core::{Client, OperationInfo, PrivateKey, Scope, Scopes, ServiceApp};
use okta_sandbox::Sandbox;

/// Compares the scopes that operations need with those that a token has.
#[derive(Parser)]
struct Options {
    /// Operations: `users::List`, `listUsers` or "GET /api/v1/users".
    #[arg(default_values = ["users::List", "users::Update", "groups::List", "campaigns::Create"])]
    operations: Vec<String>,
    /// Only say what is needed; ask no org.
    #[arg(long)]
    offline: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let operations = options
        .operations
        .iter()
        .map(|name| find(name))
        .collect::<Result<Vec<_>>>()?;
    let needed = Scopes::of(&operations);
    print_needs(&operations);
    println!("least that a token must carry: {needed}\n");
    if options.offline {
        return Ok(());
    }
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        return compare(&Client::from_env()?, needed).await;
    }
    let sandbox = Sandbox::start().await?;
    println!("No org is set: the token is that of a sandbox's app, granted every second scope.");
    let half: Vec<&str> = needed.iter().step_by(2).map(Scope::as_str).collect();
    let app = sandbox.create_service_app(&half);
    let key = PrivateKey::parse_with_key_id(&app.private_key_pem, &app.kid)?;
    let client = Client::builder()
        .org_url(sandbox.url())
        .service_app(ServiceApp::new(app.client_id, key, needed.clone())?)
        .build()?;
    compare(&client, needed).await
}

/// An operation of any of the APIs.
fn find(name: &str) -> Result<&'static OperationInfo> {
    let all = || {
        let governance = okta_governance::OPERATIONS.iter();
        okta_management::OPERATIONS
            .iter()
            .chain(governance)
            .map(|entry| entry.info)
    };
    let (method, path) = name.split_once(' ').unwrap_or_default();
    let shape = |path: &str| -> Vec<String> {
        let places = |part: &str| {
            if part.starts_with('{') {
                "{}".into()
            } else {
                part.to_owned()
            }
        };
        path.split('/').map(places).collect()
    };
    let fits = |info: &&'static OperationInfo| {
        info.rust_name
            .strip_prefix("governance::")
            .unwrap_or(info.rust_name)
            == name
            || info.rust_name == name
            || info.id == name
            || (info.method.as_str().eq_ignore_ascii_case(method)
                && shape(info.path) == shape(path))
    };
    if let Some(found) = all().find(fits) {
        return Ok(found);
    }
    let wanted = name.to_lowercase();
    let likeness = |info: &OperationInfo| {
        let alike = [info.rust_name, info.id].map(|known| {
            let known = known.to_lowercase();
            let part = if known.contains(&wanted) { 0.5 } else { 0.0 };
            part + strsim::normalized_damerau_levenshtein(&known, &wanted)
        });
        alike[0].max(alike[1])
    };
    let mut near: Vec<(f64, &str)> = all()
        .map(|info| (likeness(info), info.rust_name))
        .filter(|(likeness, _)| *likeness > 0.5)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.truncate(5);
    let mut near = near
        .iter()
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join(", ");
    if near.is_empty() {
        near = "`cargo xtask operations` lists all".into();
    }
    bail!("no operation is called {name:?}; perhaps: {near}")
}

fn print_needs(operations: &[&'static OperationInfo]) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["operation", "call", "scopes"]);
    for info in operations {
        let scopes = match (info.scopes, info.public) {
            ([], true) => "none: it needs no token".into(),
            ([], false) => "not documented".into(),
            (scopes, _) => scopes.join("\n"),
        };
        table.add_row([
            info.rust_name.into(),
            format!("{} {}", info.method, info.path),
            scopes,
        ]);
    }
    println!("{table}");
}

async fn compare(client: &Client, needed: Scopes) -> Result<()> {
    let report = client.preflight(needed).await?;
    println!("{}", client.org_url());
    if let Some(granted) = &report.granted {
        println!("the token has: {granted}");
    }
    println!("{report}");
    Ok(())
}
