//! Streams all users of an org to CSV or NDJSON, with progress; a run that was cut off goes on where it was.
//!
//! Runs on an embedded sandbox; with `OKTA_CLIENT_ORGURL` and credentials in the environment, on that org (scope
//! `okta.users.read`).

#![forbid(unsafe_code)]

mod output;
mod row;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use okta_core::Client;
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use output::{Output, What};
use serde::{Deserialize, Serialize};

/// Exports all users of the org in OKTA_CLIENT_ORGURL, or of an embedded sandbox.
#[derive(Parser)]
struct Options {
    /// File to write, with its directories; the place to go on from stands beside it, in FILE.resume, until the export is complete.
    #[arg(long, default_value = "target/users.csv")]
    out: PathBuf,
    /// Comma separated rows, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Members to write, custom attributes too: id,status,profile.login,profile.costCenter. NDJSON without it has whole
    /// users.
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    /// Only users that a search expression finds, such as: status eq "ACTIVE". Without it, the service leaves
    /// deactivated users out; status pr finds all.
    #[arg(long)]
    search: Option<String>,
    /// Go on with an export that was cut off.
    #[arg(long)]
    resume: bool,
    /// Stop after this many pages, as if cut off.
    #[arg(long)]
    pages: Option<usize>,
    /// Users to make up in the sandbox.
    #[arg(long, default_value_t = 5000)]
    users: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize)]
enum Format {
    Csv,
    Ndjson,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut options = Options::parse();
    if options.format == Format::Csv && options.fields.is_empty() {
        options.fields = row::usual_fields();
    }
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        return export(&Client::from_env()?, &options).await;
    }
    let sandbox = Sandbox::start().await?;
    sandbox.seed(SeedOrg {
        users: options.users,
        ..SeedOrg::default()
    });
    let builder = Client::builder().org_url(sandbox.url());
    export(&builder.api_token(sandbox.api_token()).build()?, &options).await
}

async fn export(client: &Client, options: &Options) -> Result<()> {
    let what = What {
        format: options.format,
        fields: options.fields.clone(),
        search: options.search.clone(),
    };
    let (mut output, place) = if options.resume {
        let (output, place) = Output::reopen(&options.out, what)?;
        (output, Some(place))
    } else {
        (Output::create(&options.out, what)?, None)
    };
    let mut list = client.users().list().limit(200);
    if let Some(search) = &options.search {
        list = list.search(search.clone());
    }
    let mut rows = 0;
    if let Some(place) = place {
        rows = place.rows;
        if let Some(cursor) = place.cursor {
            list = list.resume(cursor);
        }
    }
    let bar = ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
        "{spinner} {msg} ({per_sec}, {elapsed})",
    )?);
    let mut pages = list.pages().prefetch();
    let mut count = 0;
    while let Some(page) = pages
        .try_next()
        .await
        .with_context(|| format!("after {rows} users; --resume goes on from there"))?
    {
        for user in &page.items {
            output.write(&user.to_json())?;
        }
        // What the SDK could not decode is exported as it came.
        for odd in &page.undecodable {
            output.write(odd.json.as_str())?;
        }
        let written = (page.items.len() + page.undecodable.len()) as u64;
        rows += written;
        bar.inc(written);
        bar.set_message(format!("{} users", HumanCount(rows)));
        count += 1;
        match pages.cursor() {
            Some(cursor) => output.save(Some(cursor), rows)?,
            None => output.finish()?,
        }
        if options.pages == Some(count) && pages.cursor().is_some() {
            bar.finish_and_clear();
            println!("stopped after {rows} users; go on with --resume");
            return Ok(());
        }
    }
    bar.finish_and_clear();
    println!("{rows} users in {}", options.out.display());
    println!("{}", client.stats());
    Ok(())
}
