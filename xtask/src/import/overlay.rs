//! The overlay of corrections that were seen in recorded traffic.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::document::{text, texts};
use crate::facts::Correction;

/// Reads `spec-overlay.json` as corrections, sorted.
pub(crate) fn read(path: &Path) -> Result<Vec<Correction>> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read the overlay {}", path.display()))?;
    let root: Value = serde_json::from_slice(&bytes).with_context(|| name.clone())?;
    let list = |key: &str| {
        root[key]
            .as_array()
            .with_context(|| format!("{name}: `{key}` is not a list"))
    };
    let mut corrections = Vec::new();
    for (n, value) in list("corrections")?.iter().enumerate() {
        let problem = value["problem"]
            .as_str()
            .with_context(|| format!("{name}: correction {n} has no `problem`"))?;
        let optional = |key: &str| value[key].as_str().map(str::to_owned);
        let observed = &value["observed"];
        let status = value["status"].as_u64().map(u16::try_from).transpose()?;
        let shape = |text: &String| text.starts_with(['{', '[']);
        corrections.push(Correction {
            api: optional("spec").unwrap_or_default(),
            schema: optional("schema"),
            member: optional("member"),
            operation: optional("operation"),
            status,
            problem: problem.to_owned(),
            direction: optional("direction").unwrap_or_default(),
            kind: optional("kind").unwrap_or_default(),
            seen: observed["detail"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(k, v)| (k.clone(), v.as_u64().unwrap_or_default()))
                .collect(),
            values: observed["values"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.clone())
                .collect(),
            shapes: texts(&observed["examples"])
                .into_iter()
                .filter(shape)
                .collect(),
            count: value["count"].as_u64().unwrap_or_default(),
            recordings: value["recordings"].as_u64().unwrap_or_default(),
            since_2025: value["since_2025"].as_u64().unwrap_or_default(),
            operations: texts(&value["operation_ids"]),
            ..Correction::default()
        });
    }
    for (key, problem) in [
        ("undocumented_operations", "undocumented_operation"),
        ("next_link_parameters", "next_link_parameter"),
    ] {
        for value in list(key)? {
            corrections.push(Correction {
                operation: Some(text(&value["operation"])),
                member: value["parameter"].as_str().map(str::to_owned),
                problem: problem.to_owned(),
                values: texts(&value["statuses"]),
                count: value["count"].as_u64().unwrap_or_default(),
                ..Correction::default()
            });
        }
    }
    let place = |c: &Correction| {
        (
            c.api.clone(),
            c.schema.clone(),
            c.member.clone(),
            c.operation.clone(),
            c.status,
            c.problem.clone(),
            c.direction.clone(),
        )
    };
    corrections.sort_by_cached_key(place);
    Ok(corrections)
}
