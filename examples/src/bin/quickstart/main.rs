//! The main job of the SDK, in one go: sign in as a service app, stream all users, change one without losing
//! anything, create a governance campaign, meet the 403 that names its scope, get past it, and read back what
//! happened in the System Log.
//!
//! Runs on an embedded sandbox. With `OKTA_CLIENT_ORGURL` and credentials in the environment, its read-only part runs
//! on that org.

#![forbid(unsafe_code)]

mod recorded;
mod show;
mod story;
mod survey;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Parser;
use okta_core::Client;

/// Runs the main job of the SDK on an embedded sandbox, or its read-only part on the org in `OKTA_CLIENT_ORGURL`.
#[derive(Parser)]
struct Options {
    /// Seed the sandbox with the users, groups and apps found in recorded traffic (JSON lines, plain or gzipped).
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Users to make up.
    #[arg(long, default_value_t = 3000)]
    users: usize,
    /// Groups to make up.
    #[arg(long, default_value_t = 120)]
    groups: usize,
    /// Apps to make up.
    #[arg(long, default_value_t = 25)]
    apps: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        if options.seed.is_some() {
            bail!("--seed fills a sandbox; unset OKTA_CLIENT_ORGURL to use it");
        }
        let client = Client::from_env()?;
        show::step(&format!("Read-only part on {}", client.org_url()));
        survey::run(&client).await?;
        show::totals(&client, &[]);
        return Ok(());
    }
    story::run(&options).await
}
