//! Action cards as Rust: one file a card, and the connector's dispatch.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

use super::HEADER;
use super::catalogue::is_secret;
use super::facts::{Card, Connector, Field};
use crate::generate::{ident, type_name, variant};

/// Files of `actions/` and `dispatch.rs`.
pub(super) fn files(connector: &Connector, module: &str) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut modules = String::from(HEADER);
    let mut names = String::new();
    let mut dispatch = format!(
        "{HEADER}use super::actions::*;\nuse crate::{module}::run::{{self, Service}};\n\ncrate::dispatch! {{\n    Service;\n"
    );
    for card in connector.cards.iter().filter(|card| card.kind == "action") {
        let (slug, name) = (&card.slug, type_name(&card.slug));
        let text = action(card, connector)
            .with_context(|| format!("action card {}/{slug}", connector.head.key))?;
        files.insert(format!("{module}/actions/{slug}.rs"), text);
        let _ = writeln!(modules, "pub mod {slug};");
        let _ = writeln!(names, "pub use {slug}::{name};");
        let _ = writeln!(dispatch, "    {slug:?} => {name} run::{slug},");
    }
    dispatch.push_str("}\n");
    files.insert(format!("{module}/dispatch.rs"), dispatch);
    files.insert(
        format!("{module}/actions/mod.rs"),
        format!("{modules}\n{names}"),
    );
    Ok(files)
}

/// What is written before the card itself.
#[derive(Default)]
struct Parts {
    choices: Vec<(String, Vec<(String, String)>)>,
    structs: Vec<Struct>,
}

/// Name, documentation, name of the dynamic member, members as (name, key, type, documentation).
type Struct = (String, String, Option<String>, Vec<[String; 4]>);

fn action(card: &Card, connector: &Connector) -> Result<String> {
    let mut parts = Parts::default();
    for (name, what, list) in [
        ("Options", "Options", &card.options),
        ("Input", "Inputs", &card.inputs),
        ("Output", "Outputs", &card.outputs),
    ] {
        let members = grouped(name, list, &mut parts)?;
        parts.structs.push((
            name.to_owned(),
            format!("{what} of the card."),
            members.1,
            members.0,
        ));
    }
    let mut body = String::new();
    for (name, choices) in &parts.choices {
        let _ = writeln!(body, "crate::choices! {{\n    {name} {{");
        for (variant, value) in choices {
            let _ = writeln!(body, "        {variant} = {value:?},");
        }
        body.push_str("    }\n}\n\n");
    }
    for (name, doc, dynamic, members) in &parts.structs {
        let dynamic = dynamic
            .as_ref()
            .map(|key| format!(" dynamic {key:?}"))
            .unwrap_or_default();
        let _ = writeln!(
            body,
            "crate::fields! {{\n    /// {doc}\n    {name}{dynamic} {{"
        );
        for [name, key, ty, doc] in members {
            let _ = writeln!(body, "        /// {doc}\n        {name}: {key:?} {ty},");
        }
        body.push_str("    }\n}\n\n");
    }
    let name = type_name(&card.slug);
    let _ = writeln!(
        body,
        "crate::action_card! {{\n    /// *{}* of the {} connector.",
        card.name, connector.head.name
    );
    for call in card.calls.iter().filter(|call| call.role == "primary") {
        let _ = writeln!(body, "    ///\n    /// `{} {}`", call.method, call.path);
        if let Some(when) = &call.when {
            let _ = writeln!(body, "    /// when {when}.");
        }
    }
    if !card.scopes.is_empty() {
        let _ = writeln!(
            body,
            "    ///\n    /// Scopes: `{}`.",
            card.scopes.join("`, `")
        );
    }
    let _ = writeln!(
        body,
        "    {name}: {:?} {:?}\n}}",
        connector.head.key, card.slug
    );
    let used: Vec<&str> = ["DateTime", "FileContent", "Object", "SecretCell", "Value"]
        .into_iter()
        .filter(|name| {
            parts
                .structs
                .iter()
                .flat_map(|one| &one.3)
                .any(|member| mentions(&member[2], name))
        })
        .collect();
    let imports = match used.as_slice() {
        [] => String::new(),
        used => format!("use crate::card::types::{{{}}};\n\n", used.join(", ")),
    };
    Ok(format!("{HEADER}{imports}{body}"))
}

fn mentions(ty: &str, name: &str) -> bool {
    ty.split(|c: char| !c.is_alphanumeric())
        .any(|word| word == name)
}

type Members = (Vec<[String; 4]>, Option<String>);

/// Members of a list: fields without group, and one struct a group.
fn grouped(list: &str, fields: &[Field], parts: &mut Parts) -> Result<Members> {
    let mut members = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for field in fields {
        // Options are few and have keys of their own: no groups.
        let Some(group) = field.group.as_deref().filter(|_| list != "Options") else {
            members.push(member(list, field, parts)?);
            continue;
        };
        if done.contains(&group) {
            continue;
        }
        done.push(group);
        let name = format!("{list}{}", type_name(group));
        let inside: Vec<&Field> = fields
            .iter()
            .filter(|field| field.group.as_deref() == Some(group))
            .collect();
        let inner = members_of(&name, &inside, parts)?;
        parts
            .structs
            .push((name.clone(), format!("Group *{group}*."), inner.1, inner.0));
        let key = group_key(group);
        members.push([ident(&key), key, name, format!("Group *{group}*.")]);
    }
    Ok((members, None))
}

/// Key of a group: its name in snake case.
pub(super) fn group_key(group: &str) -> String {
    let mut key = String::new();
    for c in group.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => key.push(c.to_ascii_lowercase()),
            _ if !key.ends_with('_') && !key.is_empty() => key.push('_'),
            _ => {}
        }
    }
    key.trim_end_matches('_').to_owned()
}

fn members_of(parent: &str, fields: &[&Field], parts: &mut Parts) -> Result<Members> {
    let mut members = Vec::new();
    let mut dynamic = None;
    for field in fields {
        if field.ty == "dynamic" {
            dynamic = Some(field.key.clone());
        }
        members.push(member(parent, field, parts)?);
    }
    Ok((members, dynamic))
}

fn member(parent: &str, field: &Field, parts: &mut Parts) -> Result<[String; 4]> {
    let output = field.list_name == "outputs";
    let plain = field.required && field.when.is_none() && !output;
    let inner = match field.ty.as_str() {
        "text" if is_secret(field) => return Ok(done(field, "SecretCell")),
        "text" => "String".to_owned(),
        "number" => "i64".to_owned(),
        "boolean" => "bool".to_owned(),
        "datetime" => "DateTime".to_owned(),
        "file" => "FileContent".to_owned(),
        "dynamic" => return Ok(done(field, "Object")),
        "object" if field.key == "body" => "Value".to_owned(),
        "object" if field.children.is_empty() => "Object".to_owned(),
        "object" => {
            let name = format!("{parent}{}", type_name(&field.key));
            let children: Vec<&Field> = field.children.iter().collect();
            let inside = members_of(&name, &children, parts)?;
            parts.structs.push((
                name.clone(),
                format!("*{}*.", field.name),
                inside.1,
                inside.0,
            ));
            name
        }
        "dropdown" if field.choices.is_empty() || field.source.is_some() => "String".to_owned(),
        "dropdown" => {
            let name = format!("{}Choice", type_name(&field.key));
            let choices: Vec<(String, String)> = field
                .choices
                .iter()
                .map(|choice| {
                    let label = choice.label.as_ref().unwrap_or(&choice.value);
                    (variant(label), choice.value.clone())
                })
                .collect();
            match parts.choices.iter().find(|(found, _)| *found == name) {
                None => parts.choices.push((name.clone(), choices)),
                Some((_, before)) if *before == choices => {}
                Some(_) => bail!("two different lists of choices are called {name}"),
            }
            name
        }
        other => bail!("`{}` has the unknown type {other}", field.name),
    };
    let ty = match (field.key.ends_with("_n"), field.list, plain) {
        (true, true, _) => format!("Vec<Vec<{inner}>>"),
        (true, false, _) | (false, true, _) => format!("Vec<{inner}>"),
        (false, false, true) if inner != "DateTime" => inner,
        _ => format!("Option<{inner}>"),
    };
    Ok(done(field, &ty))
}

fn done(field: &Field, ty: &str) -> [String; 4] {
    let mut doc = format!("*{}*", field.name);
    if field.required {
        doc.push_str(", required");
    }
    if let Some(when) = &field.when {
        let _ = write!(doc, ", when {when}");
    }
    if let Some(source) = &field.source {
        let _ = write!(doc, "; source: `{source}`");
    }
    doc.push('.');
    [ident(&field.key), field.key.clone(), ty.to_owned(), doc]
}
