//! `api/parts.json`: the internal crates that a generated crate is divided into. Those compile side by side; the crate
//! itself gives all of them out under the paths that it would have in one piece.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Holds the types that several parts use.
pub(crate) const MODELS: &str = "models";

/// The parts of one crate with their families.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Parts(BTreeMap<String, BTreeSet<String>>);

impl Parts {
    /// The parts of every divided crate.
    pub(crate) fn read(path: &Path) -> Result<BTreeMap<String, Parts>> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let all: BTreeMap<String, Parts> = serde_json::from_str(&text)
            .with_context(|| format!("cannot understand {}", path.display()))?;
        for (name, parts) in &all {
            parts.check().with_context(|| format!("parts of {name}"))?;
        }
        Ok(all)
    }

    fn check(&self) -> Result<()> {
        if self.0.contains_key(MODELS) {
            bail!("`{MODELS}` is the part of the types that others share; name this one otherwise");
        }
        if self
            .0
            .values()
            .filter(|families| families.is_empty())
            .count()
            != 1
        {
            bail!("exactly one part must be without families: it gets all that no other names");
        }
        let mut seen = BTreeSet::new();
        for family in self.0.values().flatten() {
            if !seen.insert(family) {
                bail!("`{family}` is in two parts");
            }
        }
        Ok(())
    }

    /// That every family named exists.
    pub(crate) fn check_families(&self, known: &BTreeSet<String>) -> Result<()> {
        for (part, families) in &self.0 {
            if let Some(unknown) = families.difference(known).next() {
                bail!("api/parts.json puts `{unknown}` into `{part}`, but there is no such family");
            }
        }
        Ok(())
    }

    /// Whether the crate is divided at all.
    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The parts that hold operations.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The part of a family's operations, and of the types that it alone uses.
    pub(crate) fn of_family(&self, family: &str) -> &str {
        let named = self
            .0
            .iter()
            .find(|(_, families)| families.contains(family));
        let rest = || self.0.iter().find(|(_, families)| families.is_empty());
        named.or_else(rest).map_or("", |(part, _)| part)
    }

    /// The part of a type that these families use: [`MODELS`] if they are of several.
    pub(crate) fn of_type(&self, users: &BTreeSet<String>, shared: &str) -> &str {
        if !self.any() {
            return "";
        }
        let known = users.iter().all(|family| family != shared);
        let parts: BTreeSet<&str> = users.iter().map(|family| self.of_family(family)).collect();
        match parts.first() {
            Some(only) if known && parts.len() == 1 => only,
            _ => MODELS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Parts {
        serde_json::from_str(text).expect("parts")
    }

    fn users(families: &[&str]) -> BTreeSet<String> {
        families.iter().map(|family| (*family).to_owned()).collect()
    }

    #[test]
    fn families_and_types_have_one_part() {
        let parts = parts(r#"{"near": ["a", "b"], "far": []}"#);
        parts.check().expect("valid");
        assert_eq!(
            (parts.of_family("a"), parts.of_family("z")),
            ("near", "far")
        );
        assert_eq!(parts.of_type(&users(&["a", "b"]), "shared"), "near");
        assert_eq!(parts.of_type(&users(&["y", "z"]), "shared"), "far");
        assert_eq!(parts.of_type(&users(&["a", "z"]), "shared"), MODELS);
        assert_eq!(parts.of_type(&users(&["a", "shared"]), "shared"), MODELS);
        assert_eq!(Parts::default().of_type(&users(&["a", "z"]), "shared"), "");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| parts(text).check().expect_err("refused").to_string();
        assert!(error(r#"{"near": ["a"], "far": ["a"], "rest": []}"#).contains("`a` is in two"));
        assert!(error(r#"{"near": ["a"]}"#).contains("without families"));
        assert!(error(r#"{"models": [], "near": ["a"]}"#).contains("`models`"));
        let unknown = parts(r#"{"near": ["a"], "far": []}"#).check_families(&users(&["b"]));
        assert!(
            unknown
                .expect_err("refused")
                .to_string()
                .contains("puts `a` into `near`")
        );
    }
}
