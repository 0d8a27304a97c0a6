//! All schemas of one crate, merged from the APIs that live in it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::facts::{Api, Kind, Member, Schema, Type};

/// Schemas by id. An id is the schema's name, except where two APIs use one name differently.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) schemas: BTreeMap<String, Schema>,
}

impl Catalog {
    /// Merges the schemas of several APIs. Where a later API means something else by a name, its
    /// schema is renamed with its API's prefix, also in the API's operations.
    pub(crate) fn merge(apis: &mut [&mut Api]) -> Result<Self> {
        let mut catalog = Self::default();
        for api in apis {
            let clashing = clashing(&catalog.schemas, api);
            let prefix = if api.head.name == "oauth" {
                "OAuth".to_owned()
            } else {
                format!("{} ", api.head.name)
            };
            rename(api, &clashing, &prefix);
            let twins = twins(api);
            api.schemas.retain(|id, _| !twins.contains_key(id));
            relabel(api, &|name: &mut String| {
                if let Some(twin) = twins.get(name) {
                    name.clone_from(twin);
                }
            });
            for (id, schema) in &api.schemas {
                match catalog.schemas.get(id) {
                    Some(other) if other != schema => bail!(
                        "schema `{id}` of the {} API clashes even when prefixed",
                        api.head.name
                    ),
                    _ => {
                        catalog.schemas.insert(id.clone(), schema.clone());
                    }
                }
            }
        }
        Ok(catalog)
    }

    /// The members of a schema with those of its parents, except of the parent `base` and above.
    pub(crate) fn members(&self, id: &str, base: Option<&str>) -> BTreeMap<String, Member> {
        let mut all = BTreeMap::new();
        self.collect(id, base, &mut all, 0);
        all
    }

    fn collect(
        &self,
        id: &str,
        base: Option<&str>,
        all: &mut BTreeMap<String, Member>,
        depth: usize,
    ) {
        let Some(schema) = self.schemas.get(id) else {
            return;
        };
        if depth > 16 || depth > 0 && base == Some(id) {
            return;
        }
        if let Some(Type::Schema(target)) =
            schema.ty.as_ref().filter(|_| schema.kind == Kind::Alias)
        {
            self.collect(target, base, all, depth + 1);
        }
        for parent in &schema.parents {
            self.collect(parent, base, all, depth + 1);
        }
        for (name, member) in &schema.members {
            all.insert(name.clone(), member.clone());
        }
        for name in &schema.requires {
            if let Some(member) = all.get_mut(name) {
                member.required = true;
            }
        }
    }

    /// Whether the schema or a parent takes members beyond its own.
    pub(crate) fn is_open(&self, id: &str, depth: usize) -> bool {
        let Some(schema) = self.schemas.get(id) else {
            return false;
        };
        schema.additional.is_some()
            || schema.extensible
            || depth < 16
                && schema
                    .parents
                    .iter()
                    .any(|parent| self.is_open(parent, depth + 1))
    }

    /// Every schema that a type names, anywhere in the catalog.
    pub(crate) fn referenced(&self) -> BTreeSet<String> {
        self.schemas.values().flat_map(names).collect()
    }

    /// Named schemas, and inline ones that they or the roots lead to. Corrections may have cut off
    /// inline schemas of operations.
    pub(crate) fn live(&self, roots: &[Type]) -> BTreeSet<String> {
        let mut queue: Vec<String> = roots
            .iter()
            .filter_map(Type::schema)
            .map(str::to_owned)
            .collect();
        queue.extend(
            self.schemas
                .keys()
                .filter(|id| !id.contains([' ', '.', '|', '[']))
                .cloned(),
        );
        let mut live = BTreeSet::new();
        while let Some(id) = queue.pop() {
            if let Some(schema) = self.schemas.get(&id)
                && live.insert(id)
            {
                queue.extend(names(schema));
                queue.extend(schema.parents.iter().cloned());
            }
        }
        live
    }
}

/// The schemas that a schema's types name.
fn names(schema: &Schema) -> Vec<String> {
    let types = schema
        .members
        .values()
        .map(|member| &member.ty)
        .chain(&schema.variants)
        .chain(&schema.ty)
        .chain(&schema.additional);
    types
        .filter_map(Type::schema)
        .map(str::to_owned)
        .chain(schema.mapping.values().cloned())
        .collect()
}

/// Names that both sides use, but not for the same schema.
fn clashing(known: &BTreeMap<String, Schema>, api: &Api) -> BTreeSet<String> {
    let mut clashing: BTreeSet<String> = api
        .schemas
        .iter()
        .filter(|(id, schema)| known.get(*id).is_some_and(|other| other != *schema))
        .map(|(id, _)| id.clone())
        .collect();
    loop {
        let before = clashing.len();
        for (id, schema) in &api.schemas {
            let inline_of_clashing = clashing.iter().any(|other| {
                id.strip_prefix(other.as_str())
                    .is_some_and(|rest| rest.starts_with(['.', '|', '[']))
            });
            let mut names = schema
                .parents
                .iter()
                .map(String::as_str)
                .chain(schema.mapping.values().map(String::as_str))
                .chain(
                    schema
                        .members
                        .values()
                        .map(|m| &m.ty)
                        .chain(&schema.variants)
                        .chain(&schema.ty)
                        .filter_map(Type::schema),
                );
            if known.contains_key(id) && names.any(|name| clashing.contains(name))
                || inline_of_clashing
            {
                clashing.insert(id.clone());
            }
        }
        if clashing.len() == before {
            return clashing;
        }
    }
}

fn rename(api: &mut Api, names: &BTreeSet<String>, prefix: &str) {
    relabel(api, &|name: &mut String| {
        if names.contains(name) {
            let pascal = super::super::words::type_name(name);
            *name = if name.contains(['.', '[', '|', ' ']) {
                format!("{prefix}{name}")
            } else {
                format!("{prefix}{pascal}")
            };
        }
    });
}

/// Inline unions with the same alternatives are one: the name of each twin, and that of the first.
fn twins(api: &Api) -> BTreeMap<String, String> {
    let mut first: Vec<&Schema> = Vec::new();
    let mut names = BTreeMap::new();
    let inline =
        |schema: &&Schema| schema.kind == Kind::Union && schema.name.contains([' ', '.', '[']);
    for schema in api.schemas.values().filter(inline) {
        let same = |other: &&&Schema| {
            (&other.variants, &other.discriminator, &other.mapping)
                == (&schema.variants, &schema.discriminator, &schema.mapping)
                && other.members == schema.members
        };
        match first.iter().find(same) {
            Some(twin) => {
                names.insert(schema.name.clone(), twin.name.clone());
            }
            None => first.push(schema),
        }
    }
    names
}

/// Gives schemas other names, wherever they are named.
fn relabel(api: &mut Api, new: &dyn Fn(&mut String)) {
    let schemas = std::mem::take(&mut api.schemas);
    for (mut id, mut schema) in schemas {
        new(&mut id);
        new(&mut schema.name);
        schema
            .parents
            .iter_mut()
            .chain(schema.mapping.values_mut())
            .for_each(new);
        schema
            .variants
            .iter_mut()
            .chain(&mut schema.ty)
            .chain(&mut schema.additional)
            .for_each(|ty| rename_type(ty, new));
        for member in schema.members.values_mut() {
            rename_type(&mut member.ty, new);
        }
        api.schemas.insert(id, schema);
    }
    for operation in &mut api.operations {
        operation
            .parameters
            .iter_mut()
            .for_each(|parameter| rename_type(&mut parameter.ty, new));
        operation
            .request
            .iter_mut()
            .for_each(|body| rename_type(&mut body.ty, new));
        operation
            .responses
            .iter_mut()
            .filter_map(|answer| answer.ty.as_mut())
            .for_each(|ty| rename_type(ty, new));
    }
}

fn rename_type(ty: &mut Type, new: &dyn Fn(&mut String)) {
    match ty {
        Type::Schema(name) => new(name),
        Type::Array(inner) | Type::Map(inner) => rename_type(inner, new),
        _ => {}
    }
}
