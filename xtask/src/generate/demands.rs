//! `docs/DEMANDS.md`: what users of such SDKs ask for, and the tests that prove it here.
//!
//! A test proves a demand by its name: `demand_07_…` belongs to number 7 of `api/demands.jsonl`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::workspace;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Demand {
    number: u32,
    /// A: at launch; B: what sets it apart; C: expected.
    weight: String,
    title: String,
    /// Why no test proves it.
    #[serde(default)]
    without: String,
}

/// Names of tests by number, each with its file.
type Tests = BTreeMap<u32, Vec<(String, String)>>;

/// The page.
pub(super) fn page() -> Result<String> {
    let root = workspace::root();
    let path = workspace::api("demands.jsonl");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut tests = Tests::new();
    for member in members(&root)? {
        for folder in ["src", "tests"] {
            collect(&root, &root.join(&member).join(folder), &mut tests)?;
        }
    }
    render(&text, tests)
}

/// The workspace's crates, by their directories.
fn members(root: &Path) -> Result<Vec<String>> {
    let mut members = Vec::new();
    for entry in std::fs::read_dir(root).context("cannot list the workspace")? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file()
            && let Some(name) = path.file_name()
        {
            members.push(name.to_string_lossy().into_owned());
        }
    }
    members.sort();
    Ok(members)
}

fn collect(root: &Path, directory: &Path, tests: &mut Tests) -> Result<()> {
    if !directory.is_dir() || directory.ends_with("generated") {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?
    {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, tests)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let file = path.strip_prefix(root).unwrap_or(&path);
            let file = file.to_string_lossy().replace('\\', "/");
            for (number, name) in names(&text) {
                tests.entry(number).or_default().push((file.clone(), name));
            }
        }
    }
    Ok(())
}

/// Functions called `demand_NN_…`, and names that a macro makes functions of: at the beginning of a
/// line, with a colon or an arrow behind them.
fn names(text: &str) -> Vec<(u32, String)> {
    let mut names = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        let function = line
            .strip_prefix("async fn demand_")
            .or_else(|| line.strip_prefix("fn demand_"));
        let Some(rest) = function.or_else(|| line.strip_prefix("demand_")) else {
            continue;
        };
        let name: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let behind = &rest[name.len()..];
        let of_macro = behind.starts_with(": ") || behind.starts_with(" => ");
        if function.is_none() && !of_macro {
            continue;
        }
        if let Some((number, _)) = name.split_once('_')
            && let Ok(number) = number.parse()
        {
            names.push((number, format!("demand_{name}")));
        }
    }
    names
}

fn render(demands: &str, mut tests: Tests) -> Result<String> {
    let mut rows = String::new();
    let (mut all, mut proven) = (BTreeMap::new(), BTreeMap::new());
    for (line, text) in demands.lines().enumerate() {
        let demand: Demand = serde_json::from_str(text)
            .with_context(|| format!("api/demands.jsonl, line {}", line + 1))?;
        if usize::try_from(demand.number)? != line + 1 {
            bail!(
                "api/demands.jsonl, line {}: number {} stands here",
                line + 1,
                demand.number
            );
        }
        *all.entry(demand.weight.clone()).or_insert(0) += 1;
        let found = tests.remove(&demand.number).unwrap_or_default();
        let status = match (found.is_empty(), demand.without.as_str()) {
            (false, _) => {
                *proven.entry(demand.weight.clone()).or_insert(0) += 1;
                "tested".to_owned()
            }
            (true, "") => "none: a test is missing".to_owned(),
            (true, reason) => format!("none: {reason}"),
        };
        let found: Vec<String> = found
            .iter()
            .map(|(file, name)| format!("`{file}::{name}`"))
            .collect();
        writeln!(
            rows,
            "| {} | {} | {} | {status} | {} |",
            demand.number,
            demand.weight,
            demand.title,
            found.join("<br>")
        )?;
    }
    if let Some((number, found)) = tests.first_key_value() {
        bail!("{}: there is no demand {number}", found[0].1);
    }
    let counts: Vec<String> = all
        .iter()
        .map(|(weight, count)| {
            format!(
                "{} of {count} of weight {weight}",
                proven.get(weight).unwrap_or(&0)
            )
        })
        .collect();
    Ok(format!(
        "# Demands\n\n\
         Generated by `cargo xtask generate` from `api/demands.jsonl` and the names of tests; do not edit.\n\n\
         What users of SDKs for this service, and of Rust SDKs for others, suffer from or ask for. Weight A: needed from \
         the start; B: sets it apart; C: expected. A test whose name begins with `demand_NN_` proves number NN.\n\n\
         Tested: {}.\n\n\
         | # | weight | demand | status | tests |\n|---|---|---|---|---|\n{rows}",
        counts.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_found() {
        let text = "    async fn demand_07_null() {\nfn demand_33_no_secret_shows(\n// fn demand_01_x\nfn other() {}\nfn demand_x() {}\n    demand_13_with_one_task: 1, |_| {};\n    demand_14_x => y\n    demand_15_called();";
        assert_eq!(
            names(text),
            [
                (7, "demand_07_null".to_owned()),
                (33, "demand_33_no_secret_shows".to_owned()),
                (13, "demand_13_with_one_task".to_owned()),
                (14, "demand_14_x".to_owned())
            ]
        );
    }

    #[test]
    fn demands_without_tests_say_why() {
        let demands = "{\"number\":1,\"weight\":\"A\",\"title\":\"One\"}\n{\"number\":2,\"weight\":\"B\",\"title\":\"Two\",\"without\":\"later\"}\n{\"number\":3,\"weight\":\"B\",\"title\":\"Three\"}";
        let tests = Tests::from([(1, vec![("a.rs".to_owned(), "demand_01_x".to_owned())])]);
        let page = render(demands, tests).unwrap();
        assert!(
            page.contains("| 1 | A | One | tested | `a.rs::demand_01_x` |"),
            "{page}"
        );
        assert!(page.contains("| 2 | B | Two | none: later |  |"), "{page}");
        assert!(
            page.contains("none: a test is missing")
                && page.contains("1 of 1 of weight A, 0 of 2 of weight B"),
            "{page}"
        );
        let stray = Tests::from([(9, vec![("a.rs".to_owned(), "demand_09_x".to_owned())])]);
        assert!(render(demands, stray).is_err());
    }
}
