//! Badge access, end to end: an Identity Governance request type calls a delegated flow.
//!
//! The org is an embedded sandbox where everything is wrong that can be. The doctor finds it and repairs it, people do
//! what no API does, and then three stories run: a request whose flow mails the person who hands badges out; one whose
//! flow calls a badge system, with access until a date; and one whose flow meets a 403 for want of a scope.
//!
//! With `OKTA_CLIENT_ORGURL` and credentials in the environment, the doctor looks at that org and changes nothing.

#![forbid(unsafe_code)]

// Its second half is the other example's.
#[allow(dead_code)]
#[path = "../badge-connector/badges.rs"]
mod badges;
mod flows;
mod org;
mod tell;
mod variants;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use okta_core::Client;
use okta_workflows::access_requests::Doctor;

/// Badge access by an access request that runs a delegated flow.
#[derive(Parser)]
struct Options {
    /// Which of the stories.
    #[arg(long, value_enum, default_value_t = Variant::All)]
    variant: Variant,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Variant {
    /// The flow mails the assignee, who closes the request.
    Mail,
    /// The flow calls the badge system, and access ends by itself.
    Badge,
    /// The flow's own call is refused until a scope is granted.
    Scope,
    /// All three.
    All,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        let client = Client::from_env()?;
        tell::step(&format!("What the doctor says of {}", client.org_url()));
        let (diagnosis, plan) = Doctor::new(&client).needing(flows::SCOPES).examine().await;
        println!("{diagnosis}\n\nIt would make these calls, and makes none here:\n{plan}");
        return Ok(());
    }
    let org = org::Org::start().await?;
    org.repair().await?;
    let wanted = |variant| options.variant == Variant::All || options.variant == variant;
    if wanted(Variant::Mail) {
        variants::mail(&org).await?;
    }
    if wanted(Variant::Badge) {
        variants::badge(&org).await?;
    }
    if wanted(Variant::Scope) {
        variants::scope(&org).await?;
    }
    org.show_log().await
}
