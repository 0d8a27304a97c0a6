//! Creates groups and fills them from a CSV file: at the allowed rate, with progress, with a report that names every
//! failure, and with a journal: a run that was killed goes on where it was.
//!
//! Runs on an embedded sandbox, where the first run is stopped half-way and a second one goes on; with
//! `OKTA_CLIENT_ORGURL` and credentials in the environment, on that org (scope `okta.groups.manage`, `okta.users.read`).

#![forbid(unsafe_code)]

mod job;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use okta_core::{Client, Stopper};
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};

/// Creates the groups of a CSV file (columns `group` and `login`) and adds their members.
#[derive(Parser)]
struct Options {
    /// CSV file with the columns `group` and `login`; without it the sandbox makes one up.
    file: Option<PathBuf>,
    /// Calls under way at a time.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
}

/// One line of the file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    group: String,
    login: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        let file = options
            .file
            .context("name a CSV file with the columns group and login")?;
        let client = Client::from_env()?;
        return match job::run(
            &client,
            &file,
            options.concurrency,
            &Stopper::default(),
            None,
        )
        .await?
        {
            true => Ok(()),
            false => bail!("not everything was done; run it again to go on"),
        };
    }
    let sandbox = Sandbox::start().await?;
    sandbox.seed(SeedOrg {
        users: 400,
        ..SeedOrg::default()
    });
    let builder = Client::builder().org_url(sandbox.url());
    let client = builder.api_token(sandbox.api_token()).build()?;
    let file = match options.file {
        Some(file) => file,
        None => made_up(&client).await?,
    };
    println!("== first run, stopped half-way");
    let stopper = Stopper::default();
    job::run(&client, &file, options.concurrency, &stopper, Some(200)).await?;
    println!("\n== second run");
    job::run(
        &client,
        &file,
        options.concurrency,
        &Stopper::default(),
        None,
    )
    .await?;
    println!("\n{}", client.stats());
    Ok(())
}

/// Five groups of eighty, and one member whom nobody knows.
async fn made_up(client: &Client) -> Result<PathBuf> {
    let active = r#"status eq "ACTIVE""#;
    let users = client
        .users()
        .list()
        .search(active)
        .items()
        .try_collect()
        .await?;
    let path = Path::new("target").join("bulk-groups.csv");
    std::fs::create_dir_all("target")?;
    let mut file = csv::Writer::from_path(&path)?;
    file.write_record(["group", "login"])?;
    let logins = users
        .iter()
        .filter_map(|user| user.profile.as_ref()?.login.clone());
    for (number, login) in logins.cycle().take(400).enumerate() {
        file.write_record([format!("Team {}", number % 5), login])?;
    }
    file.write_record(["Team 0", "nobody@example.com"])?;
    file.flush()?;
    // The sandbox is a new org each time.
    for name in ["groups", "members"] {
        let _ = std::fs::remove_file(job::journal_path(&path, name));
    }
    Ok(path)
}
