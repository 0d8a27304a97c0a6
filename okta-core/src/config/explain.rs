//! What counts, where it comes from, and what does not count.

use std::fmt;

use serde::Serialize;

use super::source::Source;

/// Every setting of a client with its origin; secrets are redacted. `Display` is a table.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// Settings that are set or have a default, in the order of their table.
    pub settings: Vec<Explained>,
    /// The profile that was chosen, and by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Files that were looked for, in the order of their weight.
    pub files: Vec<String>,
    /// What is probably a mistake: unknown names, values in odd units, mixed origins.
    pub warnings: Vec<String>,
    /// What keeps a client from being built.
    pub faults: Vec<String>,
}

/// One setting.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explained {
    /// Its name in `okta.yaml`, below `okta.client`.
    pub key: &'static str,
    /// The value that counts; `[redacted]` for a secret.
    pub value: String,
    /// Where it comes from.
    pub origin: Source,
    /// Why it has no effect, if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused: Option<String>,
    /// Values of the same setting elsewhere that do not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ignored>,
}

/// A value that does not count.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ignored {
    /// The value; `[redacted]` for a secret.
    pub value: String,
    /// Where it stands.
    pub origin: Source,
    /// Why it does not count.
    pub why: String,
}

impl Explanation {
    /// The setting with this key, such as `orgUrl`.
    pub fn get(&self, key: &str) -> Option<&Explained> {
        self.settings.iter().find(|setting| setting.key == key)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![[
            "setting".to_owned(),
            "value".to_owned(),
            "origin".to_owned(),
        ]];
        for setting in &self.settings {
            let note = setting.unused.as_ref();
            rows.push([
                setting.key.to_owned(),
                setting.value.clone(),
                match note {
                    Some(why) => format!("{}; not used: {why}", setting.origin),
                    None => setting.origin.to_string(),
                },
            ]);
            for ignored in &setting.ignored {
                rows.push([
                    "  ignored".to_owned(),
                    ignored.value.clone(),
                    format!("{}; {}", ignored.origin, ignored.why),
                ]);
            }
        }
        let width = |column: usize| {
            let widths = rows.iter().map(|row| row[column].chars().count());
            widths.max().unwrap_or(0).min(60)
        };
        let (first, second) = (width(0), width(1));
        for [key, value, origin] in &rows {
            writeln!(f, "{key:first$}  {value:second$}  {origin}")?;
        }
        if let Some(profile) = &self.profile {
            writeln!(f, "profile: {profile}")?;
        }
        for (title, lines) in [
            ("file", &self.files),
            ("warning", &self.warnings),
            ("fault", &self.faults),
        ] {
            for line in lines {
                writeln!(f, "{title}: {line}")?;
            }
        }
        Ok(())
    }
}
