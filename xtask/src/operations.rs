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
}

/// Prints all operations, by API, path and method.
pub(crate) fn run(json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for planned in generate::planned()? {
        let operation = &planned.operation;
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
        };
        if json {
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        } else {
            writeln!(out, "{:7} {} {}", line.method, line.path, line.rust_name)?;
        }
    }
    Ok(())
}
