//! Why a request type of Access Requests cannot run a delegated flow, and the repair.
//!
//! With `OKTA_CLIENT_ORGURL` and credentials (or `okta.yaml` and `--profile`) it looks at that org, shows the calls
//! that would mend it, and asks before it makes them. Without, it treats an embedded sandbox org where everything is
//! wrong. Exit status: 0 nothing is wrong as far as the API tells, 1 something is, 2 not everything could be looked at.

#![forbid(unsafe_code)]

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use okta_core::Client;
use okta_sandbox::{AccessRequestsOrg, Sandbox};
use okta_workflows::access_requests::{Diagnosis, Doctor, Flows, Interrupted, Plan, Treatment};
use serde_json::{Value, json};

/// Finds out why a request type cannot run a delegated flow, and mends it.
#[derive(Parser)]
struct Options {
    /// A profile of okta.yaml.
    #[arg(long)]
    profile: Option<String>,
    /// Show findings and calls, and make none of them.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object in place of the checklist.
    #[arg(long)]
    json: bool,
    /// Make the calls without asking.
    #[arg(long)]
    yes: bool,
    /// A scope that the flow's own calls need; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The one flow that Access Requests may run, by its id in ORNs; all flows unless told.
    #[arg(long, value_name = "ID")]
    flow: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(options: &Options) -> Result<u8> {
    let real = std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty());
    // Held until the end: dropping it stops the sandbox.
    let mut sandbox = None;
    let client = match &options.profile {
        Some(name) => Client::from_profile(name.as_str())?,
        None if real => Client::from_env()?,
        None => {
            let org = Sandbox::builder().access_requests(AccessRequestsOrg::everything_wrong());
            let org = org.start().await.context("starting the sandbox")?;
            let client = Client::builder()
                .org_url(org.url())
                .api_token(org.api_token())
                .build()?;
            sandbox = Some(org);
            client
        }
    };
    let embedded = sandbox.is_some();
    let mut scopes = options.scopes.clone();
    if embedded && scopes.is_empty() {
        scopes = vec![
            "okta.users.read".into(),
            "okta.governance.accessRequests.read".into(),
        ];
    }
    let mut doctor = Doctor::new(&client).needing(scopes);
    if let Some(id) = &options.flow {
        doctor = doctor.flows(Flows::One(id.clone()));
    }
    let (before, plan) = doctor.examine().await;
    if !options.json {
        let whose = if embedded {
            "a sandbox org where everything is wrong"
        } else {
            "the org"
        };
        println!(
            "{} ({whose})\n\n{before}\n\nRepair:\n{plan}\n",
            client.org_url()
        );
    }
    if plan.is_empty() || options.dry_run || !(options.yes || embedded || agreed(&plan, options)?) {
        if options.json {
            print_json(&before, &plan, None)?;
        }
        return Ok(before.exit_status());
    }
    let treated = doctor.apply().await.map_err(|stopped| *stopped);
    if options.json {
        print_json(&before, &plan, Some(&treated))?;
    }
    match treated {
        Ok(treated) => {
            if !options.json {
                for (step, request) in &treated.done {
                    let request = request.as_deref().unwrap_or("no id");
                    println!("done: {} (request {request})", step.what);
                }
                println!("\nAfterwards:\n{}", treated.after);
            }
            Ok(treated.after.exit_status())
        }
        Err(stopped) => {
            if !options.json {
                for (step, _) in &stopped.done {
                    println!("done: {}", step.what);
                }
            }
            Err(stopped.into())
        }
    }
}

/// Asks whoever sits at the terminal; nobody there means no.
fn agreed(plan: &Plan, options: &Options) -> Result<bool> {
    if options.json || !std::io::stdin().is_terminal() {
        eprintln!("nothing was changed: --yes makes the calls");
        return Ok(false);
    }
    print!("Make these {} calls? [y/N] ", plan.steps.len());
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn print_json(
    before: &Diagnosis,
    plan: &Plan,
    treated: Option<&Result<Treatment, Interrupted>>,
) -> Result<()> {
    let (done, after, stopped) = match treated {
        None => (Value::Null, Value::Null, Value::Null),
        Some(Ok(treated)) => (json!(treated.done), json!(treated.after), Value::Null),
        Some(Err(stopped)) => (
            json!(stopped.done),
            Value::Null,
            json!({ "step": stopped.step, "error": stopped.error.to_string() }),
        ),
    };
    let report = json!({
        "before": before, "plan": plan, "done": done, "after": after, "interrupted": stopped,
    });
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
