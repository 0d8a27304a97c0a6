//! What a new release of a specification changes for users, as a changelog entry.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::facts::{Api, Operation, Schema, Type};

/// Markdown; empty if nothing changed.
pub(crate) fn changelog(before: &Api, after: &Api) -> String {
    let mut added = Vec::new();
    let mut changed = Vec::new();
    let mut removed = Vec::new();
    let title = |o: &Operation| format!("operation `{} {}` (`{}`)", o.method, o.path, o.id);
    let old: BTreeMap<_, _> = before
        .operations
        .iter()
        .map(|o| ((&o.path, &o.method), o))
        .collect();
    let new: BTreeMap<_, _> = after
        .operations
        .iter()
        .map(|o| ((&o.path, &o.method), o))
        .collect();
    for (key, operation) in &new {
        match old.get(key) {
            None => added.push(title(operation)),
            Some(before) => operation_changes(before, operation, &title(operation), &mut changed),
        }
    }
    removed.extend(
        old.iter()
            .filter(|(key, _)| !new.contains_key(*key))
            .map(|(_, operation)| title(operation)),
    );
    for (name, schema) in &after.schemas {
        match before.schemas.get(name) {
            None => added.push(format!("schema `{name}`")),
            Some(before) => schema_changes(before, schema, &mut added, &mut changed, &mut removed),
        }
    }
    removed.extend(
        before
            .schemas
            .keys()
            .filter(|name| !after.schemas.contains_key(*name))
            .map(|name| format!("schema `{name}`")),
    );
    let mut text = String::new();
    for (title, lines) in [("Added", added), ("Changed", changed), ("Removed", removed)] {
        if !lines.is_empty() {
            let _ = writeln!(text, "#### {title}\n");
            for line in lines {
                let _ = writeln!(text, "- {line}");
            }
            text.push('\n');
        }
    }
    if !text.is_empty() {
        let head = if before.head.version == after.head.version {
            format!("### {} API {}\n\n", after.head.name, after.head.version)
        } else {
            format!(
                "### {} API {} → {}\n\n",
                after.head.name, before.head.version, after.head.version
            )
        };
        text.insert_str(0, &head);
    }
    text
}

fn operation_changes(
    before: &Operation,
    after: &Operation,
    title: &str,
    changed: &mut Vec<String>,
) {
    let mut note = |what: String| changed.push(format!("{title}: {what}"));
    if before.id != after.id {
        note(format!("operationId was `{}`", before.id));
    }
    let parameters = |o: &Operation| {
        o.parameters
            .iter()
            .map(|p| (p.name.clone(), (p.ty.clone(), p.required)))
            .collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (parameters(before), parameters(after));
    for (name, (ty, required)) in &new {
        match old.get(name) {
            None => note(format!(
                "new parameter `{name}` ({ty}{})",
                if *required { ", required" } else { "" }
            )),
            Some((was, _)) if was != ty => note(format!("parameter `{name}`: {was} → {ty}")),
            Some((_, was)) if was != required => note(format!(
                "parameter `{name}` is {} required",
                if *required { "now" } else { "no longer" }
            )),
            Some(_) => {}
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        note(format!("parameter `{name}` is gone"));
    }
    for (what, was, is) in [("scopes", &before.scopes, &after.scopes)] {
        if was != is {
            note(format!("{what}: {} → {}", was.join(" "), is.join(" ")));
        }
    }
    if before.lifecycle != after.lifecycle {
        note(format!(
            "lifecycle: {} → {}",
            before.lifecycle, after.lifecycle
        ));
    }
    let shapes = |o: &Operation| {
        (
            o.request
                .iter()
                .map(|b| b.ty.to_string())
                .collect::<Vec<_>>(),
            o.responses
                .iter()
                .filter_map(|a| a.ty.as_ref())
                .map(Type::to_string)
                .collect::<Vec<_>>(),
        )
    };
    let ((request_was, response_was), (request, response)) = (shapes(before), shapes(after));
    if request_was != request {
        note(format!(
            "request body: {} → {}",
            request_was.join(", "),
            request.join(", ")
        ));
    }
    if response_was != response {
        note(format!(
            "response: {} → {}",
            response_was.join(", "),
            response.join(", ")
        ));
    }
}

fn schema_changes(
    before: &Schema,
    after: &Schema,
    added: &mut Vec<String>,
    changed: &mut Vec<String>,
    removed: &mut Vec<String>,
) {
    let name = &after.name;
    if before.kind != after.kind || before.ty != after.ty {
        changed.push(format!("schema `{name}` is another kind of schema"));
    }
    for (member, is) in &after.members {
        match before.members.get(member) {
            None => added.push(format!("`{name}.{member}` ({})", is.ty)),
            Some(was) if was.ty != is.ty => {
                changed.push(format!("`{name}.{member}`: {} → {}", was.ty, is.ty))
            }
            Some(was) if was.required != is.required => changed.push(format!(
                "`{name}.{member}` is {} required",
                if is.required { "now" } else { "no longer" }
            )),
            Some(_) => {}
        }
    }
    removed.extend(
        before
            .members
            .keys()
            .filter(|member| !after.members.contains_key(*member))
            .map(|member| format!("`{name}.{member}`")),
    );
    let values = |schema: &Schema| {
        schema
            .values
            .iter()
            .chain(schema.mapping.keys())
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    let (was, is) = (values(before), values(after));
    added.extend(
        is.difference(&was)
            .map(|value| format!("`{name}` value `{value}`")),
    );
    removed.extend(
        was.difference(&is)
            .map(|value| format!("`{name}` value `{value}`")),
    );
}
