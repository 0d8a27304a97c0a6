//! `cargo xtask import`: published descriptions → `api/*`.

mod diff;
mod document;
mod operations;
mod overlay;
mod recorded;
mod schemas;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::facts::{Api, Head, corrections};
use crate::workspace;
use document::Document;

/// The APIs, by the name of their facts file.
pub(crate) const APIS: [&str; 3] = ["management", "governance", "oauth"];

/// Reads one document's text as facts.
pub(crate) fn document(name: &str, file: &str, text: &str) -> Result<Api> {
    facts(name, &Document::parse(file, text)?)
}

fn facts(name: &str, document: &Document) -> Result<Api> {
    let mut schemas = schemas::Schemas::of(document)?;
    let operations = operations::read(document, &mut schemas)?;
    let mut scopes: BTreeSet<String> = operations
        .iter()
        .flat_map(|operation| operation.scopes.clone())
        .collect();
    for (_, scheme) in document.components("securitySchemes") {
        for flow in scheme["flows"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, flow)| flow)
        {
            scopes.extend(
                flow["scopes"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(scope, _)| scope.clone()),
            );
        }
    }
    let head = Head {
        name: name.to_owned(),
        version: document.version()?.to_owned(),
        sha256: document.sha256.clone(),
        scopes: scopes.into_iter().collect(),
    };
    Ok(Api {
        head,
        operations,
        schemas: schemas.into_found(),
    })
}

/// Runs the command: writes `api/*`, or with `diff` only prints what changed.
pub(crate) fn run(shared: &Path, diff: bool) -> Result<()> {
    if !shared.is_dir() {
        bail!(
            "`{}` is not a directory; give the directory that holds `specs` and `facts`",
            shared.display()
        );
    }
    let mut changes = String::new();
    for name in APIS {
        let document = Document::read(&shared.join("specs").join(format!("{name}.yaml")))?;
        let api = facts(name, &document).with_context(|| format!("import of the {name} API"))?;
        let path = workspace::api(&format!("{name}.jsonl"));
        if diff {
            let before = if path.exists() {
                Api::read(&path)?
            } else {
                Api::default()
            };
            changes.push_str(&diff::changelog(&before, &api));
        } else {
            workspace::write(&path, &api.to_text()?)?;
            println!(
                "{name}: {} operations, {} schemas",
                api.operations.len(),
                api.schemas.len()
            );
        }
    }
    if diff {
        print!(
            "{}",
            if changes.is_empty() {
                "No changes.\n"
            } else {
                &changes
            }
        );
        return Ok(());
    }
    let observed = overlay::read(&shared.join("facts/spec-overlay.json"))?;
    workspace::write(
        &workspace::api("corrections-observed.jsonl"),
        &corrections::to_text(&observed)?,
    )?;
    println!("{} observed corrections", observed.len());
    crate::cards::import(shared)?;
    let limits = shared.join("facts/rate-limits.json");
    let bytes =
        std::fs::read(&limits).with_context(|| format!("cannot read {}", limits.display()))?;
    let limits: Value = serde_json::from_slice(&bytes).context("rate-limits.json")?;
    workspace::write(&workspace::api("rate-limits.jsonl"), &buckets(&limits)?)?;
    let events = shared.join("facts/system-log-event-types.json");
    let bytes =
        std::fs::read(&events).with_context(|| format!("cannot read {}", events.display()))?;
    let events: Value = serde_json::from_slice(&bytes).context("system-log-event-types.json")?;
    workspace::write(&workspace::api("event-types.txt"), &event_types(&events)?)?;
    let recorded = recorded::read(&shared.join("recorded/open.jsonl.gz"))?;
    workspace::write(&workspace::api("recorded.jsonl"), &recorded)
}

/// The published rate-limit buckets, one a line.
fn buckets(limits: &Value) -> Result<String> {
    let mut lines = Vec::new();
    for bucket in limits["buckets"]
        .as_array()
        .context("rate-limits.json: `buckets` is not a list")?
    {
        let mut line = serde_json::Map::new();
        for key in ["id", "limits", "match", "methods", "path", "window_seconds"] {
            if let Some(value) = bucket.get(key) {
                line.insert(key.to_owned(), value.clone());
            }
        }
        lines.push(serde_json::to_string(&line)?);
    }
    lines.sort();
    Ok(lines.join("\n") + "\n")
}

/// The System Log's event types, one a line; a `*` marks what event hooks may ask for.
fn event_types(catalogue: &Value) -> Result<String> {
    let types = catalogue["eventTypes"]
        .as_array()
        .context("system-log-event-types.json: `eventTypes` is not a list")?;
    let mut lines: Vec<String> = Vec::new();
    for one in types {
        let name = one["name"]
            .as_str()
            .context("system-log-event-types.json: a type without `name`")?;
        let mark = if one["eventHookEligible"] == true {
            " *"
        } else {
            ""
        };
        lines.push(format!("{name}{mark}\n"));
    }
    lines.sort();
    Ok(lines.concat())
}
