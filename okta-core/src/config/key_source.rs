//! Where a private key stands, in any notation: text, path, JWK as a map.

use std::path::{Path, PathBuf};

use super::source::{Found, Source};
use super::value;
use super::yaml::{Node, Value};
use crate::secret::Secret;

/// A private key, or an assertion, before it is read.
#[derive(Clone)]
pub(crate) struct KeySource {
    pub(crate) text: Secret,
    pub(crate) algorithm: Option<String>,
    /// Directory of the file in which a relative path stands.
    pub(crate) base: Option<PathBuf>,
}

impl KeySource {
    /// The file that the text names, if it names one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let text = self.text.expose();
        let like_path = text.len() < 4096 && !text.contains(['{', '\n']) && !text.contains("-----");
        let file = like_path.then(|| path(text, self.base.as_deref()));
        file.filter(|path| path.is_file())
    }
}

pub(super) fn place(source: &Source) -> Option<&Path> {
    match source {
        Source::File { path, .. } => Some(path),
        _ => None,
    }
}

pub(super) fn base(found: &Found) -> Option<PathBuf> {
    place(&found.source)?.parent().map(Path::to_owned)
}

/// A path as written: `~/` is the user's home, others begin at `base` if there is such a file.
pub(super) fn path(text: &str, base: Option<&Path>) -> PathBuf {
    if let Some(rest) = text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\"))
        && let Some(home) = std::env::home_dir()
    {
        return home.join(rest);
    }
    match base.map(|base| base.join(text)) {
        Some(path) if path.is_file() => path,
        _ => PathBuf::from(text),
    }
}

/// A private key in any notation, and the key id that stands beside it.
pub(super) fn key(found: &Found) -> Result<(KeySource, Option<String>), String> {
    let mut source = KeySource {
        text: Secret::new(""),
        algorithm: None,
        base: base(found),
    };
    let members = match &found.node.value {
        Value::List(_) => return Err("expected a key, found a list".into()),
        Value::Map(members) => members,
        _ => {
            let text = value::text(&found.node)?;
            source.text = Secret::new(text);
            // A JWK in another notation than JSON: that of Python, or of YAML.
            if text.starts_with('{')
                && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
                && let Ok(Some(node)) = super::yaml::parse(text)
                && let Value::Map(members) = &node.value
                && members.len() > 1
            {
                source.text = Secret::new(node.to_json().to_string());
            }
            return Ok((source, None));
        }
    };
    if let [(_, only)] = &members[..]
        && only.is_absent()
    {
        // A placeholder in braces; `text` says so.
        value::text(&found.node)?;
    }
    let by = |names: &[&str]| {
        members
            .iter()
            .find(|(key, node)| {
                names.contains(&super::setting::normal(key).as_str()) && !node.is_absent()
            })
            .map(|(_, node)| node)
    };
    if let Some(file) = by(&["keyfilepath", "path", "file", "pem", "key", "text"]) {
        source.text = Secret::new(value::text(file)?);
        source.algorithm = by(&["algorithm", "alg"])
            .map(value::text)
            .transpose()?
            .map(str::to_owned);
        let key_id = by(&["kid", "keyid", "privatekeyid"])
            .map(value::text)
            .transpose()?;
        return Ok((source, key_id.map(str::to_owned)));
    }
    // .NET reads names in any case.
    let node = Node {
        line: 0,
        column: 0,
        value: Value::Map(
            members
                .iter()
                .filter(|(_, node)| !node.is_absent())
                .map(|(key, node)| (key.to_ascii_lowercase(), node.clone()))
                .collect(),
        ),
    };
    source.text = Secret::new(node.to_json().to_string());
    Ok((source, None))
}
