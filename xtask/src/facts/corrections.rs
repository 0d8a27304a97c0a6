//! Corrections of the specifications, each with its evidence.
//!
//! `api/corrections-observed.jsonl` is written by `import` from the overlay of recorded traffic;
//! `api/corrections.jsonl` is kept by hand and never written. Both are applied by `generate`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use super::Type;

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One difference between a specification and what the service does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    pub(crate) api: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    /// Path of the member inside the schema: `settings.algorithm`, `allow[]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    pub(crate) problem: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) direction: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) kind: String,
    /// The right type, where the correction states one.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) ty: Option<Type>,
    /// The type that a correction of all schemas replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) instead_of: Option<Type>,
    /// The right mapping of a discriminator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) mapping: BTreeMap<String, String>,
    /// What was seen, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) seen: BTreeMap<String, u64>,
    /// Values that the specification doesn't list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    /// Members of the objects seen, without values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) shapes: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) count: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) recordings: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) since_2025: u64,
    /// Operations in whose recorded traffic it was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) operations: Vec<String>,
    /// Why, for corrections kept by hand.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) reason: String,
}

/// Reads a corrections file; absent means none.
pub(crate) fn read(path: &Path) -> Result<Vec<Correction>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read api/{name}"))?;
    parse(&text, &format!("api/{name}"))
}

/// Parses corrections, one a line; `name` is for error messages.
pub(crate) fn parse(text: &str, name: &str) -> Result<Vec<Correction>> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| serde_json::from_str(line).with_context(|| format!("{name}:{}", n + 1)))
        .collect()
}

/// The file's text: one correction a line.
pub(crate) fn to_text(corrections: &[Correction]) -> Result<String> {
    let mut text = String::new();
    for correction in corrections {
        text.push_str(&serde_json::to_string(correction)?);
        text.push('\n');
    }
    Ok(text)
}
