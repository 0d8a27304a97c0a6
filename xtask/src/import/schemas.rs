//! Schemas of a document as facts. Inline objects, enums and unions become schemas of their own,
//! named after the place where they stand (`User.credentials`, `Group.tags[]`).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::document::{Document, reference, text, texts};
use crate::facts::{Kind, Limits, Member, Schema, Type};

/// Collects the schemas of one document.
pub(crate) struct Schemas<'a> {
    document: &'a Document,
    found: BTreeMap<String, Schema>,
}

/// A type together with what the place says about its value.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) ty: Type,
    pub(crate) limits: Limits,
    read_only: bool,
    write_only: bool,
    nullable: bool,
    deprecated: bool,
    lifecycle: String,
}

impl<'a> Schemas<'a> {
    /// Reads all component schemas.
    pub(crate) fn of(document: &'a Document) -> Result<Self> {
        let mut schemas = Self {
            document,
            found: BTreeMap::new(),
        };
        for (name, value) in document.components("schemas") {
            schemas
                .component(name, value)
                .with_context(|| format!("{}: schema `{name}`", document.name))?;
        }
        Ok(schemas)
    }

    /// All schemas, inline ones included.
    pub(crate) fn into_found(self) -> BTreeMap<String, Schema> {
        self.found
    }

    fn component(&mut self, name: &str, value: &Value) -> Result<()> {
        if structural(value) {
            return self.structure(name, value);
        }
        if let Some(values) = string_enum(value) {
            return self.insert(Schema {
                name: name.to_owned(),
                kind: Kind::Enum,
                values,
                ..about(value)
            });
        }
        let parents = parents(value)?;
        let object = parents.len() > 1 || self.is_object(value, 0)?;
        if object && !parents.is_empty() {
            return self.structure(name, value);
        }
        let typed = self.ty(value, name)?;
        self.insert(Schema {
            name: name.to_owned(),
            kind: Kind::Alias,
            ty: Some(typed.ty),
            limits: typed.limits,
            ..about(value)
        })
    }

    fn insert(&mut self, schema: Schema) -> Result<()> {
        match self.found.insert(schema.name.clone(), schema) {
            Some(before) if before.name.contains(['.', ' ']) => {
                bail!("two inline schemas are both `{}`", before.name)
            }
            _ => Ok(()),
        }
    }

    /// Whether a schema describes objects, also by way of its parents.
    fn is_object(&self, value: &Value, depth: usize) -> Result<bool> {
        if depth > 16 {
            bail!("`allOf` leads in a circle");
        }
        if let Some(name) = reference(value, "schemas")? {
            return self.is_object(self.document.component("schemas", name)?, depth + 1);
        }
        if structural(value) {
            return Ok(value.get("oneOf").is_none() && value.get("anyOf").is_none()
                || value.get("properties").is_some());
        }
        for part in value["allOf"].as_array().into_iter().flatten() {
            if self.is_object(part, depth + 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A schema with members, parents, or alternatives.
    fn structure(&mut self, name: &str, value: &Value) -> Result<()> {
        let mut schema = Schema {
            name: name.to_owned(),
            parents: parents(value)?,
            ..about(value)
        };
        let mut required = Vec::new();
        let inline = value["allOf"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|part| part.get("$ref").is_none());
        for part in inline.chain([value]) {
            required.extend(texts(&part["required"]));
            if let Some(additional) = part
                .get("additionalProperties")
                .filter(|a| **a != Value::Bool(false))
            {
                schema.additional = Some(match additional {
                    Value::Bool(_) => Type::Any,
                    other => self.ty(other, &format!("{name}{{}}"))?.ty,
                });
            }
            schema.extensible |= part["x-okta-extensible"].as_bool().unwrap_or_default();
            if let Some(discriminator) = part.get("discriminator") {
                schema.discriminator = discriminator["propertyName"].as_str().map(str::to_owned);
                for (tag, target) in discriminator["mapping"].as_object().into_iter().flatten() {
                    let target = target.as_str().unwrap_or_default();
                    let target = target.rsplit('/').next().unwrap_or(target);
                    self.document
                        .component("schemas", target)
                        .with_context(|| format!("mapping of `{tag}`"))?;
                    schema.mapping.insert(tag.clone(), target.to_owned());
                }
            }
            for key in ["oneOf", "anyOf"] {
                for (number, variant) in part[key].as_array().into_iter().flatten().enumerate() {
                    schema.kind = Kind::Union;
                    let typed = self.ty(variant, &format!("{name}|{number}"))?;
                    if !schema.variants.contains(&typed.ty) {
                        schema.variants.push(typed.ty);
                    }
                }
            }
            for (member, value) in part["properties"].as_object().into_iter().flatten() {
                let typed = self
                    .ty(value, &format!("{name}.{member}"))
                    .with_context(|| format!("member `{member}`"))?;
                let member = Member {
                    schema: name.to_owned(),
                    name: member.clone(),
                    ty: typed.ty,
                    required: false,
                    read_only: typed.read_only,
                    write_only: typed.write_only,
                    nullable: typed.nullable,
                    deprecated: typed.deprecated,
                    lifecycle: typed.lifecycle,
                    limits: typed.limits,
                };
                schema.members.insert(member.name.clone(), member);
            }
        }
        required.sort();
        required.dedup();
        for name in required {
            match schema.members.get_mut(&name) {
                Some(member) => member.required = true,
                None => schema.requires.push(name),
            }
        }
        self.insert(schema)
    }

    /// The type of a schema at a place; `place` names it if it is inline.
    pub(crate) fn ty(&mut self, value: &Value, place: &str) -> Result<Typed> {
        let (mut ty, mut limits) = (Type::Any, limits(value)?);
        if let Some(name) = reference(value, "schemas")? {
            self.document.component("schemas", name)?;
            ty = Type::Schema(name.to_owned());
        } else if structural(value) || parents(value)?.len() > 1 {
            self.structure(place, value)?;
            ty = Type::Schema(place.to_owned());
        } else if let Some(parts) = value["allOf"].as_array() {
            let mut merged = Value::Object(
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(key, _)| *key != "allOf")
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
            );
            for part in parts {
                for (key, value) in part.as_object().into_iter().flatten() {
                    merged[key] = value.clone();
                }
            }
            return self.ty_beside_reference(&merged, place);
        } else if let Some(values) = string_enum(value) {
            if let [only] = values.as_slice() {
                ty = Type::String(String::new());
                limits.value = Some(only.clone());
            } else {
                let schema = Schema {
                    name: place.to_owned(),
                    kind: Kind::Enum,
                    values,
                    ..Schema::default()
                };
                self.insert(schema)?;
                ty = Type::Schema(place.to_owned());
            }
        } else {
            let format = value["format"].as_str().unwrap_or_default().to_owned();
            match value["type"].as_str() {
                Some("string") => ty = Type::String(format),
                Some("integer") => ty = Type::Integer(format),
                Some("number") => ty = Type::Number,
                Some("boolean") => ty = Type::Boolean,
                Some("array") => {
                    let items = value.get("items").unwrap_or(&Value::Null);
                    ty = Type::Array(Box::new(self.ty(items, &format!("{place}[]"))?.ty));
                }
                Some("object") => {
                    ty = Type::Map(Box::new(match value.get("additionalProperties") {
                        None | Some(Value::Bool(_)) => Type::Any,
                        Some(other) => self.ty(other, &format!("{place}{{}}"))?.ty,
                    }));
                }
                Some(other) => bail!("`{other}` is not a type of OpenAPI 3.0"),
                None => {}
            }
        }
        Ok(typed(ty, limits, value))
    }

    /// `allOf` of one reference with annotations beside it.
    fn ty_beside_reference(&mut self, merged: &Value, place: &str) -> Result<Typed> {
        let found = self.ty(merged, place)?;
        Ok(Typed {
            limits: limits(merged)?,
            ..found
        })
    }
}

fn typed(ty: Type, limits: Limits, value: &Value) -> Typed {
    let flag = |key: &str| value[key].as_bool().unwrap_or_default();
    Typed {
        ty,
        limits,
        read_only: flag("readOnly"),
        write_only: flag("writeOnly"),
        nullable: flag("nullable") || flag("x-explicit-null"),
        deprecated: flag("deprecated"),
        lifecycle: value["x-okta-lifecycle"]["lifecycle"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Whether a schema has members, alternatives or a discriminator of its own.
fn structural(value: &Value) -> bool {
    let filled = |key: &str| {
        value[key]
            .as_object()
            .is_some_and(|members| !members.is_empty())
    };
    filled("properties")
        || value.get("oneOf").is_some()
        || value.get("anyOf").is_some()
        || value.get("discriminator").is_some()
        || value["allOf"].as_array().into_iter().flatten().any(|part| {
            part.get("$ref").is_none()
                && (structural(part) || part.get("additionalProperties").is_some())
        })
}

fn parents(value: &Value) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for part in value["allOf"].as_array().into_iter().flatten() {
        if let Some(name) = reference(part, "schemas")? {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// The values of a string enum.
fn string_enum(value: &Value) -> Option<Vec<String>> {
    let values = value.get("enum")?.as_array()?;
    let kind = value["type"].as_str();
    let strings = kind == Some("string")
        || kind.is_none() && values.iter().all(|v| v.is_string() || v.is_null());
    if !strings {
        return None;
    }
    let mut out: Vec<String> = Vec::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        let value = text(value);
        if !out.contains(&value) {
            out.push(value);
        }
    }
    (!out.is_empty()).then_some(out)
}

fn about(value: &Value) -> Schema {
    Schema {
        nullable: value["nullable"].as_bool().unwrap_or_default(),
        deprecated: value["deprecated"].as_bool().unwrap_or_default(),
        lifecycle: value["x-okta-lifecycle"]["lifecycle"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        extensible: value["x-okta-extensible"].as_bool().unwrap_or_default(),
        ..Schema::default()
    }
}

fn limits(value: &Value) -> Result<Limits> {
    let number = |key: &str| -> Result<Option<u64>> {
        value
            .get(key)
            .map(|v| {
                v.as_u64()
                    .with_context(|| format!("`{key}` is `{v}`, not a count"))
            })
            .transpose()
    };
    let kind = value["type"].as_str().unwrap_or_default();
    Ok(Limits {
        value: None,
        values: if matches!(kind, "integer" | "number" | "boolean") {
            value["enum"].as_array().cloned().unwrap_or_default()
        } else {
            Vec::new()
        },
        default: value.get("default").filter(|v| !v.is_null()).cloned(),
        min: value.get("minimum").cloned(),
        max: value.get("maximum").cloned(),
        min_length: number("minLength")?,
        max_length: number("maxLength")?,
        min_items: number("minItems")?,
        max_items: number("maxItems")?,
        pattern: value["pattern"].as_str().map(str::to_owned),
        unique: value["uniqueItems"].as_bool().unwrap_or_default(),
    })
}
