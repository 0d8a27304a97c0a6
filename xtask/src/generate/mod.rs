//! `cargo xtask generate`: facts → committed Rust.

mod correct;
mod crates;
mod docs;
mod exceptions;
mod format;
mod models;
mod operations;
mod plan;
mod route;
mod sandbox;
mod shapes;
mod tree;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::facts::Api;
use crate::workspace;
use crates::Crate;
use exceptions::Exceptions;
use models::Catalog;
pub(crate) use plan::Planned;

/// Reads the facts, applies corrections, names operations.
pub(crate) fn planned() -> Result<(Vec<Api>, Vec<Planned>, Exceptions)> {
    let directory = workspace::root().join("api");
    let exceptions = Exceptions::read(&directory.join("names.json"))?;
    let mut apis = plan::read_apis(&directory)?;
    correct::apply(&mut apis, &directory)?;
    let planned = plan::plan(&apis, &exceptions)?;
    Ok((apis, planned, exceptions))
}

/// Runs the command.
pub(crate) fn run() -> Result<()> {
    let directory = workspace::root().join("api");
    let exceptions = Exceptions::read(&directory.join("names.json"))?;
    let mut apis = plan::read_apis(&directory)?;
    correct::apply(&mut apis, &directory)?;
    let [management, governance, oauth] = apis.as_mut_slice() else {
        anyhow::bail!("expected three APIs")
    };
    let shared = Catalog::merge(&mut [management, oauth])?;
    let own = Catalog::merge(&mut [governance])?;
    let planned = plan::plan(&apis, &exceptions)?;
    let heads: Vec<_> = apis.iter().map(|api| &api.head).collect();
    let targets = [
        (
            "okta-management",
            Crate {
                entry: "Management",
                under: None,
                heads: vec![heads[0], heads[2]],
                planned: planned.iter().filter(|p| p.api != "governance").collect(),
                catalog: &shared,
            },
        ),
        (
            "okta-governance",
            Crate {
                entry: "Governance",
                under: Some("governance"),
                heads: vec![heads[1]],
                planned: planned.iter().filter(|p| p.api == "governance").collect(),
                catalog: &own,
            },
        ),
    ];
    for (name, target) in &targets {
        let (files, counts) =
            crates::files(target, &exceptions).with_context(|| (*name).to_owned())?;
        let files = format::all(files)?;
        let lines: usize = files.values().map(|text| text.lines().count()).sum();
        println!(
            "{name}: {} operations, {} structs, {} unions by discriminator, {} by kind or members, {} enums; {} files, {lines} lines",
            target.planned.len(),
            counts.structs,
            counts.unions,
            counts.choices,
            counts.enums,
            files.len()
        );
        replace(&workspace::root().join(name).join("src/generated"), &files)?;
    }
    exceptions.check_all_used()?;
    println!("{} exceptions from the naming rule", exceptions.count());
    let table = format::one("operations.rs", &sandbox::operations(&planned))?;
    workspace::write(
        &workspace::root().join("okta-sandbox/src/generated/operations.rs"),
        &table,
    )
}

/// Writes the files and removes all others from the directory.
fn replace(directory: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    for (name, text) in files {
        workspace::write(&directory.join(name), text)?;
    }
    remove_others(directory, directory, files)
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
