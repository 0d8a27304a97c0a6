//! `cargo xtask operations`: the operations as data.

use std::io::Write as _;

use anyhow::Result;
use serde::Serialize;

use crate::generate;

#[derive(Serialize)]
struct Line<'a> {
    operation_id: &'a str,
    method: &'a str,
    path: &'a str,
    api: &'a str,
    rust_name: String,
    scopes: &'a [String],
    lifecycle: &'a str,
    paging: String,
    idempotent: bool,
    /// How `okta-sandbox` answers: `behaviour`, `engine` or `none`.
    sandbox: &'a str,
    /// Why it doesn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_reason: Option<&'a str>,
}

/// Prints all operations, by API, path and method.
pub(crate) fn run(json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let sandbox = generate::coverage::sandbox()?;
    for planned in generate::planned()? {
        let operation = &planned.operation;
        let answered = sandbox.get(&operation.id);
        let line = Line {
            operation_id: &operation.id,
            method: &operation.method,
            path: &operation.path,
            api: &planned.api,
            rust_name: planned.rust_name(),
            scopes: &operation.scopes,
            lifecycle: &operation.lifecycle,
            paging: planned.paging.to_ascii_lowercase(),
            idempotent: planned.idempotent(),
            sandbox: answered.map_or("none", |s| s.by.as_str()),
            sandbox_reason: answered.and_then(|s| s.reason.as_deref()),
        };
        if json {
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        } else {
            writeln!(out, "{:7} {} {}", line.method, line.path, line.rust_name)?;
        }
    }
    Ok(())
}
