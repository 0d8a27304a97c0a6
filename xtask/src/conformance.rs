//! `cargo xtask conformance`: runs the binary of the `tests` crate, which links the product.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::workspace;

/// Builds and runs the binary with these arguments.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--package",
            "okta-tests",
            "--bin",
            "conformance",
            "--manifest-path",
        ])
        .arg(workspace::root().join("Cargo.toml"))
        .arg("--")
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
