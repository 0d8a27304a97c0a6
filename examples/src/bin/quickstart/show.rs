//! What the quickstart prints: steps, progress, differences, the closing table.

use std::{collections::BTreeSet, io::IsTerminal, time::Duration};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressStyle};
use okta_core::{Client, OperationInfo};
use serde_json::Value;

/// Begins a step of the story.
pub(crate) fn step(title: &str) {
    println!("\n● {title}");
}

/// A line of a step.
pub(crate) fn line(text: impl AsRef<str>) {
    for line in text.as_ref().lines() {
        println!("  {line}");
    }
}

/// A counter on a terminal; nothing when the output goes elsewhere.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("  {spinner} {pos} {msg} ({per_sec})")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::no_length()
        .with_style(style)
        .with_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Members that differ between two JSON texts, as `path: before → after`.
pub(crate) fn differences(before: &str, after: &str) -> Vec<String> {
    let parse = |text| serde_json::from_str(text).unwrap_or(Value::Null);
    let mut found = Vec::new();
    compare("", &parse(before), &parse(after), &mut found);
    found
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let path = format!("{path}.{name}");
                match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => compare(&path, old, new, found),
                    (Some(old), None) => found.push(format!("{path}: {old} → (gone)")),
                    (None, Some(new)) => found.push(format!("{path}: (absent) → {new}")),
                    (None, None) => {}
                }
            }
        }
        _ if before == after => {}
        _ => found.push(format!("{path}: {before} → {after}")),
    }
}

/// The table at the end: what it took.
pub(crate) fn totals(client: &Client, operations: &[&OperationInfo]) {
    step("What it took");
    let stats = client.stats();
    let drift = client.drift();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["what", "how much"]);
    if !operations.is_empty() {
        let names: BTreeSet<&str> = operations.iter().map(|info| info.id).collect();
        let names: Vec<&str> = names.into_iter().collect();
        table.add_row([
            "operations".to_owned(),
            format!("{}: {}", names.len(), names.join(", ")),
        ]);
    }
    table.add_row(["calls".to_owned(), stats.calls.to_string()]);
    table.add_row([
        "requests".to_owned(),
        format!("{} ({} repeated)", stats.attempts, stats.retries),
    ]);
    table.add_row(["pages".to_owned(), stats.pages.to_string()]);
    table.add_row(["tokens".to_owned(), stats.tokens.to_string()]);
    table.add_row([
        "waits".to_owned(),
        format!("{} ({:.1} s)", stats.waits, stats.waited.as_secs_f64()),
    ]);
    table.add_row([
        "drift".to_owned(),
        format!("{} in {} places", stats.drifts, drift.entries.len()),
    ]);
    table.add_row(["undecodable".to_owned(), stats.undecodable.to_string()]);
    line(table.to_string());
    for entry in drift.entries.iter().take(8) {
        line(format!(
            "drift: {} {} {}: expected {}, found {} ({}×)",
            entry.operation, entry.path, entry.kind, entry.expected, entry.found, entry.count
        ));
    }
    if drift.entries.len() > 8 {
        line(format!("… and {} more places", drift.entries.len() - 8));
    }
}
