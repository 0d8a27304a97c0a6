//! Which operations recorded traffic shows, and how often: the evidence behind `docs/COVERAGE.md`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Counts exchanges by operationId, one line each, sorted.
pub(super) fn read(path: &Path) -> Result<String> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (index, line) in lines.enumerate() {
        let place = || format!("{name}, line {}", index + 1);
        let exchange: Value =
            serde_json::from_str(&line.with_context(place)?).with_context(place)?;
        if let Some(operation) = exchange["operation_id"].as_str() {
            *counts.entry(operation.to_owned()).or_default() += 1;
        }
    }
    let line = |(operation, exchanges)| json!({ "operation": operation, "exchanges": exchanges });
    Ok(counts
        .into_iter()
        .map(line)
        .map(|line| format!("{line}\n"))
        .collect())
}
