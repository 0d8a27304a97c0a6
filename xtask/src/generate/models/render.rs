//! Types as Rust source.

use std::fmt::Write as _;

use super::{Body, Field, Item, Struct, When};
use crate::generate::docs;

/// The source of one type.
pub(crate) fn render(item: &Item) -> String {
    let mut out = String::new();
    let title = docs::schema(item);
    match &item.body {
        Body::Struct(structure) => self::structure(&mut out, item, &title, structure),
        Body::Union(union) => {
            let how = if union.detached { "detached" } else { "base" };
            let _ = writeln!(
                out,
                "okta_core::union! {{\n{}    pub enum {}: {:?} by {:?} {how} {} {{",
                indented(&title),
                item.name,
                item.schema,
                union.by,
                union.base
            );
            for (tags, variant, payload) in &union.variants {
                let tags: Vec<String> = tags.iter().map(|tag| format!("{tag:?}")).collect();
                let _ = writeln!(out, "        {} => {variant}({payload}),", tags.join(" | "));
            }
            out.push_str("    }\n}\n");
        }
        Body::Choice(alternatives) => {
            let _ = writeln!(
                out,
                "okta_core::choice! {{\n{}    pub enum {}: {:?} {{",
                indented(&title),
                item.name,
                item.schema
            );
            for alternative in alternatives {
                let when = match &alternative.when {
                    When::Kind(kind) => (*kind).to_owned(),
                    When::Has(members) => format!(
                        "has {}",
                        members
                            .iter()
                            .map(|member| format!("{member:?}"))
                            .collect::<Vec<_>>()
                            .join(" | ")
                    ),
                };
                let _ = writeln!(
                    out,
                    "        {when} => {}({}),",
                    alternative.variant,
                    alternative.ty.source()
                );
            }
            out.push_str("    }\n}\n");
        }
        Body::Enum(values) => {
            let _ = writeln!(
                out,
                "okta_core::open_enum! {{\n{}    pub enum {}: {:?} {{",
                indented(&title),
                item.name,
                item.schema
            );
            for (value, name) in values {
                let _ = writeln!(out, "        {name} = {value:?},");
            }
            out.push_str("    }\n}\n");
        }
    }
    out
}

fn indented(doc: &str) -> String {
    doc.lines().map(|line| format!("    {line}\n")).collect()
}

fn structure(out: &mut String, item: &Item, title: &str, structure: &Struct) {
    let name = &item.name;
    let _ = writeln!(out, "{title}#[derive(Clone)]\npub struct {name} {{");
    if let Some(base) = &structure.base {
        let _ = writeln!(
            out,
            "    /// The members that all variants share.\n    pub base: {base},"
        );
    }
    for field in &structure.fields {
        let _ = writeln!(
            out,
            "    {}    pub {}: Option<{}>,",
            docs::member(field),
            field.rust,
            field.ty.source()
        );
    }
    if structure.base.is_none() {
        out.push_str("    /// Unknown members, and what else must survive a round trip.\n    pub extra: Extra,\n");
    }
    out.push_str("}\n\n");
    let open = if structure.open { "open " } else { "" };
    let extends = structure
        .base
        .as_ref()
        .map(|base| format!(" extends {base}"))
        .unwrap_or_default();
    let tag = structure
        .tag
        .as_ref()
        .map(|(by, value)| format!(" tag {by:?} = {value:?}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "okta_core::model! {{\n    {open}{name}: {:?}{extends}{tag} {{",
        item.schema
    );
    for field in &structure.fields {
        // `model!` puts names into JSON text as they are.
        let plain = |c: char| c >= ' ' && c != '"' && c != '\\';
        assert!(
            field.fact.name.chars().all(plain),
            "{}.{} needs escapes",
            item.schema,
            field.fact.name
        );
        let flags = flags(field);
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!(" = {}", flags.join(" | "))
        };
        let _ = writeln!(out, "        {}: {:?}{flags},", field.rust, field.fact.name);
    }
    out.push_str("    }\n}\n");
    let required: Vec<&Field> = structure
        .fields
        .iter()
        .filter(|field| field.fact.required)
        .collect();
    if !required.is_empty() {
        let _ = writeln!(out, "\nimpl {name} {{");
        for (n, field) in required.iter().enumerate() {
            if n > 0 {
                out.push('\n');
            }
            let function = field.rust.trim_end_matches('_');
            let _ = writeln!(
                out,
                "    /// `{}`, which the specification requires.\n    #[inline]\n    pub fn try_{function}(&self) -> Result<&{}, MissingMember> {{\n        required(&self.{}, {:?}, {:?})\n    }}",
                field.fact.name,
                field.ty.source(),
                field.rust,
                item.schema,
                field.fact.name
            );
        }
        out.push_str("}\n");
    }
}

fn flags(field: &Field) -> Vec<&'static str> {
    let fact = &field.fact;
    [
        (fact.required, "REQUIRED"),
        (fact.read_only, "READ_ONLY"),
        (fact.write_only, "WRITE_ONLY"),
        (fact.nullable, "NULLABLE"),
        (field.secret, "SECRET"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}
