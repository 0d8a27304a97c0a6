//! An Okta org in a process, for clients in any language.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use okta_sandbox::{Engine, OrgKind, PASSWORD, RateLimits, Sandbox, SeedOrg, Tls};

/// An Okta org in a process.
#[derive(Parser)]
#[command(name = "okta-sandbox", disable_version_flag = true)]
struct Options {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Made-up users.
    #[arg(long, default_value_t = 0)]
    users: usize,
    /// Made-up groups.
    #[arg(long, default_value_t = 0)]
    groups: usize,
    /// Made-up apps.
    #[arg(long, default_value_t = 0)]
    apps: usize,
    /// Seed of everything made up.
    #[arg(long, default_value_t = 1)]
    random_seed: u64,
    /// Send rate-limit headers but refuse nothing.
    #[arg(long)]
    no_rate_limit: bool,
    /// Documented rate limits instead of ten times as much: integrator_free, one_app, enterprise
    /// or workforce, with half of each bucket for one token or client.
    #[arg(long, conflicts_with = "no_rate_limit", value_parser = org_kind)]
    rate_limits: Option<OrgKind>,
    /// The engine of a new org: identity or classic.
    #[arg(long, value_parser = engine)]
    engine: Option<Engine>,
    /// JSON to seed the org with, in the form of `POST /_sandbox/seed`.
    #[arg(long)]
    seed_file: Option<PathBuf>,
    /// Keep the org in this directory, over restarts and crashes. Seeds are for a new one only.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Speak TLS. Without --tls-cert a certificate authority is made, to be trusted by clients.
    #[arg(long)]
    tls: bool,
    /// Certificate chain in PEM.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key in PEM.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where the made certificate authority is written in PEM; a file in the directory for
    /// temporary files unless told.
    #[arg(long)]
    tls_ca: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("okta-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = Sandbox::builder().port(options.port);
    if options.no_rate_limit {
        builder = builder.rate_limits(RateLimits::off());
    }
    if let Some(kind) = options.rate_limits {
        builder = builder.rate_limits(RateLimits::of(kind).principal_share(50));
    }
    if options.users + options.groups + options.apps > 0 {
        builder = builder.seed(SeedOrg {
            users: options.users,
            groups: options.groups,
            apps: options.apps,
            random_seed: options.random_seed,
            ..SeedOrg::default()
        });
    }
    if let Some(engine) = options.engine {
        builder = builder.engine(engine);
    }
    if let Some(path) = options.seed_file {
        builder = builder.seed_json(serde_json::from_str(&read(&path)?)?);
    }
    if let (Some(chain), Some(key)) = (&options.tls_cert, &options.tls_key) {
        builder = builder.tls(Tls::from_pem(read(chain)?, read(key)?));
    } else if options.tls {
        builder = builder.tls(Tls::generate()?);
    }
    if let Some(directory) = options.data {
        builder = builder.data(directory);
    }
    let sandbox = builder.start().await?;
    let authority = match sandbox.ca_pem() {
        None => None,
        Some(pem) => {
            let name = format!("okta-sandbox-ca-{}.pem", std::process::id());
            let path = options
                .tls_ca
                .unwrap_or_else(|| std::env::temp_dir().join(name));
            std::fs::write(&path, pem).map_err(|e| format!("{}: {e}", path.display()))?;
            Some(path)
        }
    };
    // A closed pipe must not end the org.
    let _ = greet(&sandbox, authority.as_deref());
    // Official SDKs take no other kind of key. The org serves while it is made.
    sandbox.use_rsa_key()?;
    let _ = introduce(&sandbox);
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn org_kind(name: &str) -> Result<OrgKind, String> {
    Ok(match name {
        "integrator_free" => OrgKind::IntegratorFree,
        "one_app" => OrgKind::OneApp,
        "enterprise" => OrgKind::Enterprise,
        "workforce" => OrgKind::Workforce,
        _ => return Err("one of integrator_free, one_app, enterprise, workforce".to_owned()),
    })
}

fn engine(name: &str) -> Result<Engine, String> {
    Ok(match name {
        "identity" => Engine::Identity,
        "classic" => Engine::Classic,
        _ => return Err("one of identity, classic".to_owned()),
    })
}

/// A file's text; the error names the file.
fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Says where the org is and how an admin gets in.
fn greet(sandbox: &Sandbox, authority: Option<&Path>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Okta sandbox at {}", sandbox.url())?;
    if let Some(path) = authority {
        writeln!(out, "Certificate authority to trust: {}", path.display())?;
    }
    writeln!(
        out,
        "Sign-in: admin@sandbox.example.com, password {PASSWORD}"
    )?;
    writeln!(out, "API token: {}", sandbox.api_token())?;
    out.flush()
}

/// Describes the service app, and gives the environment for clients.
fn introduce(sandbox: &Sandbox) -> std::io::Result<()> {
    let app = sandbox.service_app();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Service app (private_key_jwt, DPoP required): {}",
        app.client_id
    )?;
    writeln!(out, "Key id: {}", app.kid)?;
    writeln!(out, "Private key (JWK): {}", app.private_key_jwk)?;
    writeln!(
        out,
        "Private key (PEM):\n{}",
        app.private_key_pem.trim_end()
    )?;
    writeln!(out, "Granted scopes: {}", app.scopes.join(" "))?;
    writeln!(out)?;
    let (url, scopes) = (sandbox.url(), app.scopes.join(" "));
    let block = |title, own: &[(&str, &str)]| environment(title, url, own);
    let token = block(
        "# Environment for the API token:",
        &[
            ("AUTHORIZATIONMODE", "SSWS"),
            ("TOKEN", sandbox.api_token()),
        ],
    );
    let service_app = block(
        "# Or, instead, for the service app:",
        &[
            ("AUTHORIZATIONMODE", "PrivateKey"),
            ("CLIENTID", &app.client_id),
            ("SCOPES", &scopes),
            ("PRIVATEKEYID", &app.kid),
            ("PRIVATEKEY", &app.private_key_jwk),
        ],
    );
    writeln!(out, "{token}\n{service_app}")?;
    out.flush()
}

/// Lines to paste into a shell. Values with spaces or quotes stand in single quotes, of which none
/// has any.
fn environment(title: &str, url: &str, own: &[(&str, &str)]) -> String {
    let mut block = format!("{title}\n");
    let mut names = String::new();
    for (name, value) in [("ORGURL", url)].iter().chain(own) {
        let quote = if value.contains([' ', '"']) { "'" } else { "" };
        block += &format!("OKTA_CLIENT_{name}={quote}{value}{quote}\n");
        names += &format!(" OKTA_CLIENT_{name}");
    }
    block + &format!("export{names}\n")
}
