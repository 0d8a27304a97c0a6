//! The files of one generated crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::exceptions::Exceptions;
use super::models::{self, Catalog, SHARED};
use super::operations::{Writer, module_title};
use super::parts::{MODELS, Parts};
use super::plan::Planned;
use super::roots::{entries, entry, facade, part_root, scopes};
use super::tree::Node;
use crate::facts::{Head, Type};

/// A crate to write.
pub(crate) struct Crate<'a> {
    /// Name of the extension trait.
    pub(crate) entry: &'static str,
    /// Function of the client under which all hangs, if not on the client itself.
    pub(crate) under: Option<&'static str>,
    pub(crate) heads: Vec<&'a Head>,
    pub(crate) planned: Vec<&'a Planned>,
    pub(crate) catalog: &'a Catalog,
    /// Name without `okta-`.
    pub(crate) name: &'static str,
    pub(crate) parts: &'a Parts,
}

/// Files by the part of the crate (the crate itself is the empty name) and the path below `src/generated/`.
pub(crate) type Files = BTreeMap<String, BTreeMap<String, String>>;

/// How much was generated.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) structs: usize,
    pub(crate) unions: usize,
    pub(crate) choices: usize,
    pub(crate) enums: usize,
}

/// Modules that the crate has beside its families.
const OTHER_MODULES: [&str; 6] = ["entry", "ext", "models", "prelude", "scopes", "table"];

/// A family with more types than this gets one file for each first letter.
const MANY_TYPES: usize = 250;

/// All files, unformatted.
pub(crate) fn files(target: &Crate<'_>, exceptions: &Exceptions) -> Result<(Files, Counts)> {
    let mut operation_names = BTreeMap::new();
    let mut roots = Vec::new();
    for planned in &target.planned {
        let operation = &planned.operation;
        let name = planned.route.rust_name().replace("::", "_");
        operation_names.insert(
            format!("{} {}", operation.method, operation.path),
            name.clone(),
        );
        operation_names.insert(operation.id.clone(), name);
        roots.extend(types(planned));
    }
    let models = models::build(target.catalog, exceptions, &operation_names, &roots)?;
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for planned in &target.planned {
        let family = planned.route.module[0].0.clone();
        let named = types(planned)
            .into_iter()
            .filter_map(|ty| models.ty(&ty).named().map(str::to_owned));
        used.entry(family).or_default().extend(named);
    }
    let users = models::users(&models.items, &used);
    let families = models::families(&users);
    let writer = Writer {
        models: &models,
        families: &families,
    };
    let header = header(&target.heads);
    let tree = Node::tree(target.planned.iter().copied());
    let parts = target.parts;
    let mut modules: BTreeSet<String> = tree.children.keys().cloned().collect();
    parts.check_families(&modules)?;
    let mut files = Files::new();
    for family in &modules {
        if OTHER_MODULES.contains(&family.as_str()) {
            bail!("a family cannot be named `{family}`; name its path in api/names.json");
        }
        let out = files.entry(parts.of_family(family).to_owned()).or_default();
        operation_files(out, &writer, &tree, family, &header)?;
    }
    modules.insert(SHARED.to_owned());
    for family in &modules {
        let mut own: BTreeMap<&str, Vec<&models::Item>> = BTreeMap::new();
        for item in models.items.values() {
            if families.get(&item.name) == Some(family) {
                let part = parts.of_type(&users[&item.name], SHARED);
                own.entry(part).or_default().push(item);
            }
        }
        if family == SHARED && parts.any() {
            // Those of the models stand in every part's `shared`, too.
            for part in parts.names() {
                own.entry(part).or_default();
            }
        }
        for (part, own) in own {
            let out = files.entry(part.to_owned()).or_default();
            let shared = family != SHARED && uses_shared(&own, &families);
            let base = (family == SHARED && parts.any() && part != MODELS).then_some(target.name);
            out.extend(model_files(family, &own, shared, base, &header));
            let module = out
                .entry(format!("{family}/mod.rs"))
                .or_insert_with(|| format!("{header}//! Types that several families use.\n\n"));
            let at = module.find("mod calls;").unwrap_or(module.len());
            module.insert_str(at, "pub mod models;\n");
        }
        if family == SHARED && !parts.any() {
            let out = files.entry(String::new()).or_default();
            out.entry(format!("{SHARED}/mod.rs"))
                .or_insert_with(|| format!("{header}//! Types that several families use.\n\n"));
        }
    }
    for (part, files) in &mut files {
        let root = part_root(target, files, &header, part);
        files.insert("mod.rs".to_owned(), root);
    }
    if parts.any() {
        let facade = facade(target, &modules, &header);
        files.insert(
            String::new(),
            BTreeMap::from([("mod.rs".to_owned(), facade)]),
        );
    }
    let itself = files.entry(String::new()).or_default();
    itself.insert("entry.rs".to_owned(), entry(target, &tree, &header));
    itself.insert("table.rs".to_owned(), entries(target, &writer, &header));
    itself.insert("scopes.rs".to_owned(), scopes(target, &header));
    let mut counts = Counts::default();
    for item in models.items.values() {
        match item.body {
            models::Body::Struct(_) => counts.structs += 1,
            models::Body::Union(_) => counts.unions += 1,
            models::Body::Choice(_) => counts.choices += 1,
            models::Body::Enum(_) => counts.enums += 1,
        }
    }
    Ok((files, counts))
}

/// The modules of a family's operations.
fn operation_files(
    out: &mut BTreeMap<String, String>,
    writer: &Writer<'_>,
    tree: &Node<'_>,
    family: &str,
    header: &str,
) -> Result<()> {
    let Some(node) = tree.children.get(family) else {
        return Ok(());
    };
    let title = module_title(node);
    let mut text = format!("{header}//! {title}\n\n");
    for child in node.children.values() {
        let _ = writeln!(text, "pub mod {};", child.name);
        let inner = writer.module(child, family, true)?;
        out.insert(
            format!("{family}/calls/{}.rs", child.name),
            format!("{header}//! {}\n\n{inner}", module_title(child)),
        );
    }
    text.push('\n');
    text.push_str(&writer.module(node, family, false)?);
    out.insert(format!("{family}/calls.rs"), text);
    let module = format!("{header}//! {title}\n\nmod calls;\n\npub use calls::*;\n");
    out.insert(format!("{family}/mod.rs"), module);
    Ok(())
}

/// The types that an operation names.
fn types(planned: &Planned) -> Vec<Type> {
    let operation = &planned.operation;
    let answers = operation
        .responses
        .iter()
        .filter(|answer| answer.status < 400)
        .filter_map(|answer| answer.ty.clone());
    let bodies = operation
        .request
        .iter()
        .filter(|body| body.media != "multipart/form-data")
        .map(|body| body.ty.clone());
    let parameters = operation
        .parameters
        .iter()
        .filter(|p| p.location == "query")
        .map(|p| p.ty.clone());
    let item = planned.listing.iter().map(|listing| listing.item.clone());
    answers
        .chain(bodies)
        .chain(parameters)
        .chain(item)
        .collect()
}

fn uses_shared(own: &[&models::Item], families: &BTreeMap<String, String>) -> bool {
    own.iter()
        .flat_map(|item| item.uses())
        .any(|name| families.get(&name).is_some_and(|family| family == SHARED))
}

/// The types of a family: one file, or one for each first letter if there are very many.
fn model_files(
    family: &str,
    own: &[&models::Item],
    shared: bool,
    base: Option<&str>,
    header: &str,
) -> BTreeMap<String, String> {
    let base = base.map_or_else(String::new, |name| {
        format!("pub use okta_{name}_{MODELS}::{SHARED}::{MODELS}::*;\n\n")
    });
    let uses_shared = "use crate::generated::shared::models::*;\n";
    let core = |items: &[&models::Item]| {
        let structs = items
            .iter()
            .any(|item| matches!(item.body, models::Body::Struct(_) | models::Body::Choice(_)));
        if structs {
            "use okta_core::model::*;\n\n"
        } else {
            ""
        }
    };
    let text = |items: &[&models::Item]| {
        let rendered = items.iter().map(|item| models::render(item));
        rendered.collect::<Vec<_>>().join("\n")
    };
    let mut files = BTreeMap::new();
    if own.len() <= MANY_TYPES {
        let shared = if shared {
            format!("{uses_shared}\n")
        } else {
            String::new()
        };
        files.insert(
            format!("{family}/models.rs"),
            format!(
                "{header}//! Types.\n\n{}{shared}{base}{}",
                core(own),
                text(own)
            ),
        );
        return files;
    }
    let mut letters: BTreeMap<char, Vec<&models::Item>> = BTreeMap::new();
    for item in own {
        let letter = item.name.chars().next().unwrap_or('_').to_ascii_lowercase();
        letters.entry(letter).or_default().push(item);
    }
    let mut module = format!("{header}//! Types.\n\n{base}");
    for letter in letters.keys() {
        let _ = writeln!(module, "mod {letter};");
    }
    module.push('\n');
    for (letter, items) in letters {
        let _ = writeln!(module, "pub use {letter}::*;");
        let others = items.iter().flat_map(|item| item.uses()).any(|name| {
            let other = name.chars().next().unwrap_or('_').to_ascii_lowercase();
            other != letter && (!base.is_empty() || own.iter().any(|item| item.name == name))
        });
        let siblings = if others {
            format!("use crate::generated::{family}::models::*;\n\n")
        } else {
            String::new()
        };
        let shared = if shared {
            format!("{uses_shared}\n")
        } else {
            String::new()
        };
        files.insert(
            format!("{family}/models/{letter}.rs"),
            format!(
                "{header}//! Types.\n\n{}{shared}{siblings}{}",
                core(&items),
                text(&items)
            ),
        );
    }
    files.insert(format!("{family}/models.rs"), module);
    files
}

fn header(heads: &[&Head]) -> String {
    let mut text = String::from("//! Generated by `cargo xtask generate`; do not edit.\n");
    for head in heads {
        let _ = writeln!(
            text,
            "//! From the {} API {} (sha256 {}).",
            head.name,
            head.version,
            &head.sha256[..16.min(head.sha256.len())]
        );
    }
    text.push_str("//!\n");
    text
}
