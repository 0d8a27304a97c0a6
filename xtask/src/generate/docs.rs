//! Documentation comments, written from facts alone.

use std::fmt::Write as _;

use serde_json::Value;

use super::models::{Body, Field, Item};
use super::plan::Planned;
use crate::facts::{Limits, Parameter, Type};

/// Comment of a type.
pub(crate) fn schema(item: &Item) -> String {
    let kind = match &item.body {
        Body::Struct(_) => String::new(),
        Body::Union(union) => format!(", one of several by `{}`", union.by),
        Body::Choice(_) => ", one of several".to_owned(),
        Body::Enum(_) => ", a list of values that may grow".to_owned(),
    };
    let mut text = if item.base_of_union {
        format!(
            "/// Members that all variants of schema `{}` share.",
            item.schema
        )
    } else {
        format!("/// Schema `{}`{kind}.", item.schema)
    };
    notes(&mut text, &item.lifecycle, item.deprecated);
    text + "\n"
}

fn notes(text: &mut String, lifecycle: &str, deprecated: bool) {
    if !lifecycle.is_empty() && lifecycle != "GA" {
        let _ = write!(text, " Lifecycle: {lifecycle}.");
    }
    if deprecated {
        text.push_str(" Deprecated.");
    }
}

/// Comment of a member.
pub(crate) fn member(field: &Field) -> String {
    let fact = &field.fact;
    let mut parts = vec![ty(&fact.ty)];
    for (set, what) in [
        (fact.required, "required"),
        (fact.read_only, "read-only"),
        (fact.write_only, "write-only"),
        (fact.nullable, "may be null"),
    ] {
        if set {
            parts.push(what.to_owned());
        }
    }
    parts.extend(limits(&fact.limits));
    parts.retain(|part| !part.is_empty());
    let mut text = format!("/// `{}`", fact.name);
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    text.push('.');
    notes(&mut text, &fact.lifecycle, fact.deprecated);
    text + "\n"
}

/// A type in words.
fn ty(ty: &Type) -> String {
    match ty {
        Type::Any => "any value".to_owned(),
        Type::Boolean | Type::Number | Type::Integer(_) => ty
            .to_string()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
        Type::String(format) if format.is_empty() => "string".to_owned(),
        Type::String(format) => format!("string ({format})"),
        Type::Array(inner) => format!("list of {}", self::ty(inner)),
        Type::Map(inner) => format!("map of {}", self::ty(inner)),
        Type::Schema(id) if id.contains(['.', ' ', '[', '|']) => String::new(),
        Type::Schema(id) => format!("`{id}`"),
    }
    .trim_end_matches(" of ")
    .to_owned()
}

/// Limits in words.
fn limits(limits: &Limits) -> Vec<String> {
    let code = |value: &Value| {
        format!(
            "`{}`",
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        )
    };
    let mut parts = Vec::new();
    let range = |least: Option<String>, most: Option<String>, unit: &str| match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{unit}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    };
    if let Some(value) = &limits.value {
        parts.push(format!("always `{value}`"));
    }
    if !limits.values.is_empty() {
        parts.push(format!(
            "one of {}",
            limits
                .values
                .iter()
                .map(code)
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let count = |value: Option<u64>| value.map(|value| value.to_string());
    parts.extend(range(text(&limits.min), text(&limits.max), ""));
    parts.extend(range(
        count(limits.min_length),
        count(limits.max_length),
        " characters",
    ));
    parts.extend(range(
        count(limits.min_items),
        count(limits.max_items),
        " items",
    ));
    if limits.unique {
        parts.push("no item twice".to_owned());
    }
    if let Some(default) = &limits.default {
        parts.push(format!("default {}", code(default)));
    }
    if let Some(pattern) = limits
        .pattern
        .as_ref()
        .filter(|pattern| !pattern.contains(['`', '\n']))
    {
        parts.push(format!("pattern `{pattern}`"));
    }
    parts.retain(|part| !part.contains('\n') && part.matches('`').count().is_multiple_of(2));
    parts
}

/// Comment of a parameter's setter.
pub(crate) fn parameter(parameter: &Parameter) -> String {
    let place = match parameter.location.as_str() {
        "header" => "Header",
        "path" => "Path parameter",
        _ => "Query parameter",
    };
    let mut parts = vec![ty(&parameter.ty)];
    parts.extend(limits(&parameter.limits));
    parts.retain(|part| !part.is_empty());
    let mut text = format!("/// {place} `{}`", parameter.name);
    if !parts.is_empty() {
        let _ = write!(text, ": {}", parts.join(", "));
    }
    text.push('.');
    notes(&mut text, &parameter.lifecycle, false);
    if let Some(since) = &parameter.since {
        let _ = write!(text, " Since {since}.");
    }
    text + "\n"
}

/// Comment of an operation.
pub(crate) fn operation(planned: &Planned) -> String {
    let operation = &planned.operation;
    let mut text = format!(
        "/// `{} {}`\n///\n/// Operation `{}`.",
        operation.method, operation.path, operation.id
    );
    let list = |items: &[String]| {
        items
            .iter()
            .map(|item| format!("`{item}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if operation.public {
        text.push_str(" Needs no authentication.");
    }
    if !operation.scopes.is_empty() {
        let _ = write!(text, " Scopes: {}.", list(&operation.scopes));
    }
    if !operation.permissions.is_empty() {
        let _ = write!(
            text,
            " Admin permissions: {}.",
            list(&operation.permissions)
        );
    }
    if !operation.roles.is_empty() {
        let _ = write!(text, " Admin roles: {}.", list(&operation.roles));
    }
    if !operation.skus.is_empty() {
        let _ = write!(text, " Needs: {}.", operation.skus.join(", "));
    }
    notes(&mut text, &operation.lifecycle, operation.deprecated);
    if let Some(since) = &operation.since {
        let _ = write!(text, " Since {since}.");
    }
    if let Some(url) = reference(planned) {
        let _ = write!(text, "\n///\n/// [Reference]({url})");
    }
    text + "\n"
}

/// The published reference page.
fn reference(planned: &Planned) -> Option<String> {
    let (section, id) = (&planned.operation.section, &planned.operation.id);
    let book = match planned.api.as_str() {
        "management" => "openapi/okta-management/management",
        "oauth" => "openapi/okta-oauth/oauth",
        "governance" => "iga/openapi/governance.api",
        _ => return None,
    };
    let section = section.replace(' ', "-");
    (!section.is_empty()).then(|| {
        format!(
            "https://developer.okta.com/docs/api/{book}/tag/{section}/#tag/{section}/operation/{id}"
        )
    })
}
