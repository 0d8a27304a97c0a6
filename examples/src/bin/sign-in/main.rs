//! All ways to sign in, as one story on an embedded sandbox. With `OKTA_CLIENT_ORGURL` and `OKTA_CLIENT_CLIENTID` set,
//! it signs you in at that org instead: in the browser, or with `--device` by a code.

#![forbid(unsafe_code)]

mod interactive;
mod org;
mod person;
mod services;
mod users;

use anyhow::Result;
use clap::Parser;
use okta_core::{PrivateKey, auth::Algorithm};

/// Shows every way to sign in on an embedded sandbox, or signs you in at the org in `OKTA_CLIENT_ORGURL`.
#[derive(Parser)]
struct Options {
    /// Sign in by a code that you enter on another device.
    #[arg(long)]
    device: bool,
    /// The redirect URI that is registered with the app.
    #[arg(
        long,
        default_value = "http://localhost:8080/callback",
        value_name = "URI"
    )]
    redirect_uri: String,
    /// Revoke the stored session of an earlier run and forget it.
    #[arg(long)]
    sign_out: bool,
    /// Make a key pair: prints the JWKS to paste into an app, and writes the private key to a new file.
    #[arg(long, value_name = "FILE")]
    keygen: Option<std::path::PathBuf>,
    /// Algorithm of the key pair: RS256 to RS512, PS256 to PS512, ES256 to ES512.
    #[arg(
        long,
        default_value = "ES256",
        requires = "keygen",
        value_name = "NAME"
    )]
    algorithm: Algorithm,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(file) = &options.keygen {
        return keygen(file, options.algorithm);
    }
    if std::env::var_os("OKTA_CLIENT_ORGURL").is_some_and(|url| !url.is_empty()) {
        return interactive::run(&options).await;
    }
    let org = org::Org::start().await?;
    users::run(&org).await?;
    services::run(&org).await?;
    step("Done");
    Ok(())
}

fn keygen(file: &std::path::Path, algorithm: Algorithm) -> Result<()> {
    use std::io::Write as _;
    let key = PrivateKey::generate(algorithm)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut private = options.open(file)?;
    private.write_all(key.to_pkcs8_pem()?.expose().as_bytes())?;
    println!("{}", key.public_jwks());
    eprintln!(
        "private key: {} (key id {})",
        file.display(),
        key.thumbprint()
    );
    Ok(())
}

/// Begins a step of the story.
fn step(title: &str) {
    println!("\n● {title}");
}

/// A line of a step.
fn line(text: impl std::fmt::Display) {
    for line in text.to_string().lines() {
        println!("  {line}");
    }
}
