//! Import of API facts and code generation for the Okta SDK for Rust.
//!
//! `import` turns published descriptions of the APIs into facts (`api/*`), `generate` turns facts
//! into committed Rust. Links none of the product's crates, so that it runs when generated code
//! does not compile.

#![forbid(unsafe_code)]

mod cards;
mod conformance;
mod facts;
mod generate;
mod import;
mod operations;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks of the Okta SDK for Rust")]
enum Task {
    /// Read the published descriptions of the APIs and write the facts in `api/`.
    Import {
        /// Directory with `specs/` and `facts/`.
        shared: PathBuf,
        /// Only print what would change for users, as a changelog entry.
        #[arg(long)]
        diff: bool,
    },
    /// Turn the facts in `api/` into Rust.
    Generate,
    /// List all operations.
    Operations {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// List all connector cards.
    Cards {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Check the generated types against recorded traffic.
    Conformance {
        /// Files of recorded exchanges, and options of the checker: `--show N`, `--drift`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
}

/// Generates from one specification's text: facts and Rust files by name. `names` is the text of a
/// names file, `corrections` that of a corrections file.
///
/// # Errors
/// If the specification is invalid, or names collide.
pub fn generate_from(
    api: &str,
    specification: &str,
    names: &str,
    corrections: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    generate::from_text(api, specification, names, corrections)
}

/// Everything that `generate` writes, from the committed facts: files by directory.
///
/// # Errors
/// If the facts are invalid, or names collide.
pub fn outputs() -> anyhow::Result<BTreeMap<String, BTreeMap<String, String>>> {
    generate::outputs()
}

/// Names of all operations: `METHOD /path` and `users::factors::List`.
///
/// # Errors
/// If the facts are invalid, or names collide.
pub fn operation_names() -> anyhow::Result<Vec<(String, String)>> {
    let name = |p: &generate::Planned| {
        let operation = &p.operation;
        (
            format!("{} {}", operation.method, operation.path),
            p.rust_name(),
        )
    };
    Ok(generate::planned()?.iter().map(name).collect())
}

/// Reads a facts file and writes it again: the text must not change.
///
/// # Errors
/// If the file cannot be read, or a line is invalid.
pub fn rewrite_facts(path: &Path) -> anyhow::Result<String> {
    facts::Api::read(path)?.to_text()
}

/// Runs the task that the command line asks for.
pub fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Import { shared, diff } => import::run(&shared, diff).map(|()| ExitCode::SUCCESS),
        Task::Operations { json } => operations::run(json).map(|()| ExitCode::SUCCESS),
        Task::Cards { json } => cards::list(json).map(|()| ExitCode::SUCCESS),
        Task::Conformance { arguments } => conformance::run(&arguments),
        Task::Generate => generate::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
