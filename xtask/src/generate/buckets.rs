//! Which rate-limit bucket an operation's calls are counted in.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The published buckets.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Vec<Bucket>);

#[derive(Debug, Deserialize)]
struct Bucket {
    id: String,
    methods: Vec<String>,
    path: String,
    #[serde(rename = "match")]
    how: String,
}

impl Buckets {
    /// Reads `api/rate-limits.jsonl`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context("cannot read api/rate-limits.jsonl")?;
        let parse = |(number, line): (usize, &str)| {
            serde_json::from_str(line)
                .with_context(|| format!("api/rate-limits.jsonl:{}", number + 1))
        };
        Ok(Self(
            text.lines().enumerate().map(parse).collect::<Result<_>>()?,
        ))
    }

    /// The bucket of an operation: an exact published one, else the longest published prefix, else
    /// the path's family.
    pub(crate) fn of(&self, method: &str, path: &str) -> String {
        let path_shape = shape(path);
        let mut best: Option<(usize, &str)> = None;
        for bucket in &self.0 {
            let method_fits = bucket
                .methods
                .iter()
                .any(|other| other == "*" || other == method);
            // The catch-all says nothing: traffic shows that families below it are counted apart.
            if !method_fits || bucket.id.ends_with("other") || bucket.how.starts_with("per ") {
                continue;
            }
            for pattern in bucket
                .path
                .split([' ', ','])
                .filter(|part| part.starts_with('/'))
            {
                let pattern = shape(pattern);
                let rank = match pattern.strip_suffix("/**") {
                    None if pattern == path_shape => usize::MAX,
                    Some(prefix)
                        if path_shape
                            .strip_prefix(prefix)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) =>
                    {
                        prefix.len()
                    }
                    _ => continue,
                };
                if best.is_none_or(|(other, _)| rank > other) {
                    best = Some((rank, &bucket.id));
                }
            }
        }
        best.map_or_else(|| family(path), |(_, id)| id.to_owned())
    }
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The family, and apart from it the family's items themselves.
fn family(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part.starts_with('{') && parts.len() > 1 {
            let family = parts.join("/");
            return if path.ends_with(part) {
                format!("{family}/{{id}}")
            } else {
                family
            };
        }
        parts.push(part);
    }
    let length = parts.iter().position(|part| *part == "api");
    let length = length.map_or(3, |at| at + 3).min(parts.len());
    parts[..length].join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_then_longest_prefix_then_family() {
        let bucket = |id: &str, method: &str, path: &str| Bucket {
            id: id.to_owned(),
            methods: vec![method.to_owned()],
            path: path.to_owned(),
            how: String::new(),
        };
        let buckets = Buckets(vec![
            bucket("api-other", "*", "/api/v1/**"),
            bucket("apps", "*", "/api/v1/apps and /api/v1/apps/{id}/**"),
            bucket("app", "GET", "/api/v1/apps/{id}"),
        ]);
        assert_eq!(buckets.of("GET", "/api/v1/apps/{appId}"), "app");
        assert_eq!(buckets.of("POST", "/api/v1/apps/{appId}"), "apps");
        assert_eq!(buckets.of("GET", "/api/v1/apps/{appId}/users"), "apps");
        assert_eq!(buckets.of("GET", "/api/v1/zones"), "/api/v1/zones");
        assert_eq!(
            buckets.of("GET", "/api/v1/zones/{zoneId}"),
            "/api/v1/zones/{id}"
        );
    }
}
