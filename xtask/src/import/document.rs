//! An OpenAPI document as loosely typed JSON, with errors that name the place.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// A parsed document.
pub(crate) struct Document {
    /// File name, for messages.
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) root: Value,
}

impl Document {
    /// Reads and parses a YAML (or JSON) file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the specification {}", path.display()))?;
        let text = std::str::from_utf8(&bytes).with_context(|| format!("{name} is not UTF-8"))?;
        Self::parse(&name, text)
    }

    /// Parses a document's text.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let sha256 = Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let options = serde_saphyr::options! { budget: None };
        let root: Value = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| anyhow!("{name} is not valid YAML: {error}"))?;
        let document = Self {
            name: name.to_owned(),
            sha256,
            root,
        };
        let version = document.root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0.") {
            bail!("{name}: `openapi` is `{version}`, expected 3.0.x");
        }
        if document.root["paths"].as_object().is_none_or(Map::is_empty) {
            bail!("{name}: no `paths`");
        }
        Ok(document)
    }

    /// `info.version`.
    pub(crate) fn version(&self) -> Result<&str> {
        self.root["info"]["version"]
            .as_str()
            .with_context(|| format!("{}: `info.version` is missing", self.name))
    }

    /// The components of one kind, by name.
    pub(crate) fn components(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.root["components"][kind]
            .as_object()
            .into_iter()
            .flatten()
    }

    /// The component that a `$ref` of this kind names.
    pub(crate) fn component(&self, kind: &str, name: &str) -> Result<&Value> {
        self.root["components"][kind]
            .get(name)
            .with_context(|| format!("{}: `#/components/{kind}/{name}` does not exist", self.name))
    }

    /// Follows a `$ref`, if the value is one.
    pub(crate) fn follow<'a>(&'a self, kind: &str, value: &'a Value) -> Result<&'a Value> {
        let mut value = value;
        for _ in 0..16 {
            match reference(value, kind).with_context(|| self.name.clone())? {
                Some(name) => value = self.component(kind, name)?,
                None => return Ok(value),
            }
        }
        bail!("{}: a `$ref` of kind `{kind}` leads in a circle", self.name)
    }
}

/// The name in a `$ref` to a component of this kind.
pub(crate) fn reference<'a>(value: &'a Value, kind: &str) -> Result<Option<&'a str>> {
    let Some(target) = value.get("$ref").and_then(Value::as_str) else {
        return Ok(None);
    };
    target
        .strip_prefix("#/components/")
        .and_then(|rest| rest.strip_prefix(kind))
        .and_then(|rest| rest.strip_prefix('/'))
        .map(Some)
        .with_context(|| format!("`$ref: {target}` does not point into components/{kind}"))
}

/// A list of texts; absent counts as empty, other values are texts of their JSON.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// A scalar as text.
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
