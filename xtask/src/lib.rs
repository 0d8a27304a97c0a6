//! Import of API facts and code generation for the Okta SDK for Rust.
//!
//! `import` turns published descriptions of the APIs into facts (`api/*`), `generate` turns facts
//! into committed Rust. Links none of the product's crates, so that it runs when generated code
//! does not compile.

#![forbid(unsafe_code)]

mod conformance;
mod facts;
mod generate;
mod import;
mod operations;
mod workspace;

use std::path::PathBuf;
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
    /// Check the generated types against recorded traffic.
    Conformance {
        /// Files of recorded exchanges, and options of the checker: `--show N`, `--drift`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
}

/// Runs the task that the command line asks for.
pub fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Import { shared, diff } => import::run(&shared, diff).map(|()| ExitCode::SUCCESS),
        Task::Operations { json } => operations::run(json).map(|()| ExitCode::SUCCESS),
        Task::Conformance { arguments } => conformance::run(&arguments),
        Task::Generate => generate::run().map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
