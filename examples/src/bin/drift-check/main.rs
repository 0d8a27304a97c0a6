//! What an org answers that the SDK doesn't know: reads every list that the credential may read, and prints where
//! answers differ from the API description. Nothing is changed.
//!
//! Runs on an embedded sandbox with odd data; with `OKTA_CLIENT_ORGURL` and credentials (or `okta.yaml` and
//! `--profile`), on that org. Exit status: 0 nothing unknown, 1 something unknown, 2 a list could not be read.

#![forbid(unsafe_code)]

mod odd;
mod read;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use okta_core::Client;

/// Reports what an org answers that the SDK does not know.
#[derive(Parser)]
struct Options {
    /// A profile of okta.yaml.
    #[arg(long)]
    profile: Option<String>,
    /// One JSON object in place of tables.
    #[arg(long)]
    json: bool,
    /// Pages read of each list.
    #[arg(long, default_value_t = 2)]
    pages: usize,
    /// Objects of each list whose own lists are read, too; 0 for none.
    #[arg(long, default_value_t = 2)]
    sample: usize,
    /// An earlier report (--json): what stands there is known.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(options: Options) -> Result<ExitCode> {
    let known = match &options.baseline {
        Some(path) => report::Baseline::read(path)?,
        None => report::Baseline::default(),
    };
    let real = std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty());
    // Held until the end: dropping it stops the sandbox.
    let mut sandbox = None;
    let client = match &options.profile {
        Some(name) => Client::from_profile(name.as_str())?,
        None if real => Client::from_env()?,
        None => {
            let org = odd::sandbox().await.context("starting the sandbox")?;
            let client = Client::builder()
                .org_url(org.url())
                .api_token(org.api_token())
                .build()?;
            sandbox = Some(org);
            client
        }
    };
    let seen = read::all(&client, options.pages, options.sample).await?;
    let report = report::Report::new(&client, seen, &known);
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    drop(sandbox);
    Ok(report.exit_code())
}
