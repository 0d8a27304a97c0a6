//! `cargo xtask generate`: facts → committed Rust.

mod arguments;
mod buckets;
mod correct;
pub(crate) mod coverage;
mod crates;
mod demands;
mod docs;
mod exceptions;
mod format;
mod models;
mod operations;
mod parts;
mod plan;
mod roots;
mod route;
mod sandbox;
mod schemas;
mod shapes;
mod tree;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::facts::Api;
use crate::workspace;
use buckets::Buckets;
use crates::Crate;
use exceptions::Exceptions;
use models::Catalog;
use parts::Parts;
pub(crate) use plan::Planned;
pub(crate) use words::{ident, member, type_name, variant};

/// Facts with corrections applied, and everything decided about operations.
pub(crate) struct Loaded {
    apis: Vec<Api>,
    catalogs: Vec<Catalog>,
    planned: Vec<Planned>,
    exceptions: Exceptions,
    parts: BTreeMap<String, Parts>,
}

impl Loaded {
    fn management(&self) -> Result<&Api> {
        self.apis
            .iter()
            .find(|api| api.head.name == "management")
            .context("there are no facts about the management API")
    }
}

/// Reads the committed facts and names all operations.
fn load() -> Result<Loaded> {
    let directory = workspace::root().join("api");
    let exceptions = Exceptions::read(&directory.join("names.json"))?;
    let mut apis = plan::read_apis(&directory)?;
    correct::apply(&mut apis, &directory)?;
    let catalogs = merge(&mut apis)?;
    let buckets = Buckets::read(&directory.join("rate-limits.jsonl"))?;
    let planned = plan::plan(&apis, &exceptions, &buckets)?;
    Ok(Loaded {
        apis,
        catalogs,
        planned,
        exceptions,
        parts: Parts::read(&directory.join("parts.json"))?,
    })
}

/// One catalog for each crate: Management with OAuth, Governance.
fn merge(apis: &mut [Api]) -> Result<Vec<Catalog>> {
    let mut catalogs = Vec::new();
    for target in ["management", "governance"] {
        let mut own: Vec<&mut Api> = apis
            .iter_mut()
            .filter(|api| route::crate_of(&api.head.name) == target)
            .collect();
        catalogs.push(Catalog::merge(&mut own)?);
    }
    Ok(catalogs)
}

/// All operations.
pub(crate) fn planned() -> Result<Vec<Planned>> {
    Ok(load()?.planned)
}

/// The generated crates' files by their path in the workspace.
fn crate_files(loaded: &Loaded) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let of = |name: &'static str| {
        let heads = loaded.apis.iter().map(|api| &api.head);
        let heads = heads
            .filter(|head| route::crate_of(&head.name) == name)
            .collect();
        let planned: Vec<&Planned> = loaded
            .planned
            .iter()
            .filter(|planned| route::crate_of(&planned.api) == name)
            .collect();
        (heads, planned)
    };
    let mut all = BTreeMap::new();
    for (number, (name, entry, under)) in [
        ("management", "Management", None),
        ("governance", "Governance", Some("governance")),
    ]
    .into_iter()
    .enumerate()
    {
        let (heads, planned) = of(name);
        if planned.is_empty() {
            continue;
        }
        let whole = Parts::default();
        let target = Crate {
            entry,
            under,
            heads,
            planned,
            catalog: &loaded.catalogs[number],
            name,
            parts: loaded.parts.get(name).unwrap_or(&whole),
        };
        let (parts, counts) =
            crates::files(&target, &loaded.exceptions).with_context(|| format!("okta-{name}"))?;
        let mut lines = 0;
        let mut number_of_files = 0;
        for (part, files) in parts {
            let files = format::all(files)?;
            lines += files
                .values()
                .map(|text| text.lines().count())
                .sum::<usize>();
            number_of_files += files.len();
            let directory = if part.is_empty() {
                format!("okta-{name}/src/generated")
            } else {
                format!("okta-{name}/parts/{part}/src/generated")
            };
            all.insert(directory, files);
        }
        eprintln!(
            "okta-{name}: {} operations, {} structs, {} unions by discriminator, {} by kind or members, {} enums; {number_of_files} files, {lines} lines",
            target.planned.len(),
            counts.structs,
            counts.unions,
            counts.choices,
            counts.enums,
        );
    }
    Ok(all)
}

/// Every generated directory with its files, from the committed facts.
pub(crate) fn outputs() -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let loaded = load()?;
    let mut all = crate_files(&loaded)?;
    loaded.exceptions.check_all_used()?;
    eprintln!(
        "{} exceptions from the naming rule",
        loaded.exceptions.count()
    );
    let table = format::one("operations.rs", &sandbox::operations(&loaded.planned))?;
    all.insert(
        "okta-sandbox/src/generated".to_owned(),
        BTreeMap::from([
            ("operations.rs".to_owned(), table),
            (
                "schemas.txt".to_owned(),
                schemas::table(&loaded.apis, &loaded.planned),
            ),
            (
                "event-types.txt".to_owned(),
                std::fs::read_to_string(workspace::root().join("api/event-types.txt"))
                    .context("cannot read api/event-types.txt; run `cargo xtask import` first")?,
            ),
        ]),
    );
    let page = coverage::page(&loaded.planned)?;
    let management = loaded.management()?;
    all.insert(
        "docs".to_owned(),
        BTreeMap::from([
            ("COVERAGE.md".to_owned(), page),
            ("CARDS.md".to_owned(), crate::cards::page(management)?),
            ("DEMANDS.md".to_owned(), demands::page()?),
        ]),
    );
    let mut cards = format::all(crate::cards::files(management)?)?;
    cards.extend(crate::cards::data(management)?);
    all.insert("okta-workflows/src/generated".to_owned(), cards);
    Ok(all)
}

/// Generates from one specification's text, without any file: for tests.
pub(crate) fn from_text(
    api: &str,
    specification: &str,
    names: &str,
    corrections: &str,
) -> Result<BTreeMap<String, String>> {
    let mut apis = vec![crate::import::document(
        api,
        "specification",
        specification,
    )?];
    let facts = apis[0].to_text()?;
    let kept = crate::facts::corrections::parse(corrections, "corrections")?;
    correct::apply_all(&mut apis, &[], &kept)?;
    let exceptions = Exceptions::parse(names)?;
    let catalogs = merge(&mut apis)?;
    let planned = plan::plan(&apis, &exceptions, &Buckets::default())?;
    let loaded = Loaded {
        apis,
        catalogs,
        planned,
        exceptions,
        parts: BTreeMap::new(),
    };
    let mut files: BTreeMap<String, String> =
        crate_files(&loaded)?.into_values().flatten().collect();
    files.insert("facts.jsonl".to_owned(), facts);
    Ok(files)
}

/// Runs the command.
pub(crate) fn run() -> Result<()> {
    for (directory, files) in outputs()? {
        let directory = workspace::root().join(directory);
        for (name, text) in &files {
            workspace::write(&directory.join(name), text)?;
        }
        // The others also hold files written by hand.
        if directory.ends_with("src/generated")
            && !directory.starts_with(workspace::root().join("okta-sandbox"))
        {
            remove_others(&directory, &directory, &files)?;
        }
    }
    Ok(())
}

fn remove_others(root: &Path, directory: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for entry in std::fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(root, &path, files)?;
            if std::fs::read_dir(&path)?.next().is_none() {
                std::fs::remove_dir(&path)?;
            }
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .replace('\\', "/");
            if !files.contains_key(&name) {
                std::fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}
