//! Schemas → items.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use super::alternatives::short_names;
use super::catalog::Catalog;
use super::unions::{Class, Discriminated, classify, common_members};
use super::{Body, Field, Item, Struct, Ty, Union, boxes};
use crate::facts::{Limits, Member, Schema, Type};
use crate::generate::exceptions::Exceptions;
use crate::generate::words;

/// All types of a crate.
pub(crate) struct Models<'a> {
    pub(crate) catalog: &'a Catalog,
    exceptions: &'a Exceptions,
    pub(super) classes: BTreeMap<String, Class>,
    /// Union that a schema's struct extends.
    bases: BTreeMap<String, String>,
    /// Type names for inline schemas of operations: `METHOD /path` → `UsersList`.
    operations: &'a BTreeMap<String, String>,
    /// By Rust name.
    pub(crate) items: BTreeMap<String, Item>,
}

/// Builds the types that operations use (`roots`) and those of all named schemas.
pub(crate) fn build<'a>(
    catalog: &'a Catalog,
    exceptions: &'a Exceptions,
    operations: &'a BTreeMap<String, String>,
    roots: &[Type],
) -> Result<Models<'a>> {
    let (mut classes, bases) = classify(catalog);
    for class in classes
        .values()
        .filter_map(|class| {
            if let Class::Union(union) = class {
                Some(union.clone())
            } else {
                None
            }
        })
        .collect::<Vec<_>>()
    {
        for variant in class.mapping.values() {
            if classes.get(variant) == Some(&Class::Empty) {
                classes.insert(variant.clone(), Class::Struct);
            }
        }
    }
    let mut models = Models {
        catalog,
        exceptions,
        classes,
        bases,
        operations,
        items: BTreeMap::new(),
    };
    let live = catalog.live(roots);
    let mut problems = Vec::new();
    for (id, schema) in catalog.schemas.iter().filter(|(id, _)| live.contains(*id)) {
        if let Err(problem) = models.add(id, schema) {
            problems.push(format!("{problem:#}"));
        }
    }
    if !problems.is_empty() {
        bail!(
            "{}",
            problems.join(
                "
"
            )
        );
    }
    models.prune(roots);
    boxes::insert(&mut models.items);
    Ok(models)
}

impl Models<'_> {
    /// The type that a type expression becomes.
    pub(crate) fn ty(&self, ty: &Type) -> Ty {
        self.ty_at(ty, 0)
    }

    pub(super) fn ty_at(&self, ty: &Type, depth: usize) -> Ty {
        match ty {
            Type::Any => Ty::Json,
            Type::Boolean => Ty::Bool,
            Type::Integer(_) => Ty::I64,
            Type::Number => Ty::F64,
            Type::String(format) if format == "date-time" => Ty::Timestamp,
            Type::String(_) => Ty::String,
            Type::Array(inner) => Ty::Vec(Box::new(self.ty_at(inner, depth + 1))),
            Type::Map(inner) => Ty::Map(Box::new(self.ty_at(inner, depth + 1))),
            Type::Schema(_) if depth > 32 => Ty::Json,
            Type::Schema(id) => match self.classes.get(id) {
                None => Ty::Json,
                Some(Class::Alias(target)) => self.ty_at(target, depth + 1),
                Some(Class::Empty) => {
                    let inner = self.catalog.schemas[id]
                        .additional
                        .as_ref()
                        .map_or(Ty::Json, |ty| self.ty_at(ty, depth + 1));
                    Ty::Map(Box::new(inner))
                }
                Some(Class::Choice(variants)) => {
                    let mut kinds = self.by_kind(variants, depth + 1);
                    match (kinds.len(), kinds.pop()) {
                        // All alternatives are, say, strings.
                        (1, Some((kind, types))) if kind != "object" => match types.as_slice() {
                            [only] => only.clone(),
                            _ if kind == "string" => Ty::String,
                            _ => Ty::Json,
                        },
                        (1, Some((_, types))) if types.len() == 1 => types[0].clone(),
                        _ => Ty::Named(self.name(id)),
                    }
                }
                Some(_) => Ty::Named(self.name(id)),
            },
        }
    }

    /// The Rust name of a schema.
    pub(crate) fn name(&self, id: &str) -> String {
        if let Some(name) = self.exceptions.schema(id) {
            return name.to_owned();
        }
        if let Some((method, rest)) = id.split_once(" /")
            && let Some((path, rest)) = rest.split_once(' ')
            && let Some(operation) = self.operations.get(&format!("{method} /{path}"))
        {
            let (what, rest) = rest
                .find(['.', '[', '{', '|'])
                .map_or((rest, ""), |at| rest.split_at(at));
            let what = if what == "request" {
                "request"
            } else {
                "response"
            };
            return words::type_name(&format!("{operation} {what} {rest}"));
        }
        if let Some((parameter, operation)) = id
            .strip_prefix("parameter ")
            .and_then(|rest| rest.split_once(" of "))
            && let Some(operation) = self.operations.get(operation)
        {
            return words::type_name(&format!("{operation} {parameter}"));
        }
        words::type_name(&id.replace('|', " alternative "))
    }

    fn base_name(&self, id: &str) -> String {
        let key = format!("{id} base");
        self.exceptions
            .schema(&key)
            .map_or_else(|| format!("{}Base", self.name(id)), str::to_owned)
    }

    fn insert(&mut self, item: Item) -> Result<()> {
        if words::TAKEN_TYPES.contains(&item.name.as_str()) {
            bail!(
                "schema `{}` cannot be a type named `{}`; name it in api/names.json",
                item.schema,
                item.name
            );
        }
        if let Some(twin) = self.items.get(&item.name) {
            bail!(
                "schemas `{}` and `{}` would both be the type `{}`; name one in api/names.json",
                twin.schema,
                item.schema,
                item.name
            );
        }
        self.items.insert(item.name.clone(), item);
        Ok(())
    }

    fn add(&mut self, id: &str, schema: &Schema) -> Result<()> {
        let Some(class) = self.classes.get(id).cloned() else {
            return Ok(());
        };
        let item = |name: String, body: Body| Item {
            name,
            schema: id.to_owned(),
            lifecycle: schema.lifecycle.clone(),
            deprecated: schema.deprecated,
            base_of_union: false,
            body,
        };
        let name = self.name(id);
        let body = match class {
            Class::Alias(_) | Class::Empty => return Ok(()),
            Class::Enum => Body::Enum(self.variants(id, &schema.values)?),
            Class::Struct => Body::Struct(self.structure(id)?),
            Class::Merged(parts) => {
                let mut members = BTreeMap::new();
                for part in parts {
                    for (name, member) in self.catalog.members(&part, None) {
                        members.entry(name).or_insert(Member {
                            required: false,
                            ..member
                        });
                    }
                }
                let fields = self.fields(id, members.into_values())?;
                Body::Struct(Struct {
                    fields,
                    ..Struct::default()
                })
            }
            Class::Union(union) => return self.union(id, schema, &union),
            Class::Choice(variants) => {
                if self.ty(&Type::Schema(id.to_owned())) != Ty::Named(name.clone()) {
                    return Ok(());
                }
                Body::Choice(self.choice(id, &variants)?)
            }
        };
        self.insert(item(name, body))
    }

    fn variants(&self, id: &str, values: &[String]) -> Result<Vec<(String, String)>> {
        let mut out: Vec<(String, String)> = Vec::new();
        for value in values {
            let name = self
                .exceptions
                .value(id, value)
                .map_or_else(|| words::variant(value), str::to_owned);
            // Values that differ only by case: the later one says so.
            let twin =
                |name: &str, out: &[(String, String)]| out.iter().any(|(_, other)| other == name);
            let name = if twin(&name, &out) && value.chars().all(|c| !c.is_uppercase()) {
                format!("{name}Lowercase")
            } else if twin(&name, &out) && value.chars().all(|c| !c.is_lowercase()) {
                format!("{name}Uppercase")
            } else if twin(&name, &out) {
                format!("{name}Capitalized")
            } else {
                name
            };
            if let Some((twin, _)) = out.iter().find(|(_, other)| *other == name) {
                bail!(
                    "enum `{id}`: `{twin}` and `{value}` would both be `{name}`; name one in api/names.json"
                );
            }
            out.push((value.clone(), name));
        }
        Ok(out)
    }

    /// The members of the base of a union.
    fn base_members(&self, id: &str, union: &Discriminated) -> BTreeMap<String, Member> {
        let heirs = self.bases.iter().any(|(heir, base)| {
            base == id
                && self.catalog.members(heir, None).len()
                    != self.catalog.members(heir, Some(id)).len()
        });
        let mut members = if heirs {
            self.catalog.members(id, None)
        } else {
            common_members(self.catalog, id)
        };
        let of = |members: &BTreeMap<String, Member>| {
            members
                .get(&union.by)
                .is_none_or(|member| member.limits.value.is_some())
        };
        if of(&members) {
            let member = Member {
                schema: id.to_owned(),
                name: union.by.clone(),
                ty: Type::String(String::new()),
                required: true,
                read_only: false,
                write_only: false,
                nullable: false,
                deprecated: false,
                lifecycle: String::new(),
                limits: Limits::default(),
            };
            members.insert(union.by.clone(), member);
        }
        members
    }

    fn structure(&self, id: &str) -> Result<Struct> {
        let base = self.bases.get(id);
        let mut members = self.catalog.members(id, base.map(String::as_str));
        let mut tag = None;
        if let Some(base) = base
            && let Some(Class::Union(union)) = self.classes.get(base)
        {
            let inherited = self.base_members(base, union);
            members.retain(|name, member| {
                *name != union.by
                    && inherited
                        .get(name)
                        .is_none_or(|other| self.ty(&other.ty) != self.ty(&member.ty))
            });
            let mut tags = union
                .mapping
                .iter()
                .filter(|(_, variant)| *variant == id)
                .map(|(tag, _)| tag);
            if let (Some(only), None) = (tags.next(), tags.next()) {
                tag = Some((union.by.clone(), only.clone()));
            }
        }
        if base.is_none() {
            tag = self.only_tag(id);
        }
        Ok(Struct {
            open: self.catalog.is_open(id, 0),
            base: base.map(|base| self.base_name(base)),
            tag,
            fields: self.fields(id, members.into_values())?,
        })
    }

    /// The tag of a variant of detached unions, if they all agree on it.
    fn only_tag(&self, id: &str) -> Option<(String, String)> {
        let mut tags = BTreeSet::new();
        for class in self.classes.values() {
            if let Class::Union(union) = class {
                let own = union.mapping.iter().filter(|(_, variant)| *variant == id);
                tags.extend(own.map(|(tag, _)| (union.by.clone(), tag.clone())));
            }
        }
        let first = tags.pop_first()?;
        tags.is_empty().then_some(first)
    }

    fn fields(&self, id: &str, members: impl Iterator<Item = Member>) -> Result<Vec<Field>> {
        let mut fields: Vec<Field> = Vec::new();
        for member in members {
            let named = self.exceptions.member(&member.schema, &member.name);
            let rust = named.map_or_else(|| words::member(&member.name), str::to_owned);
            if let Some(twin) = fields.iter().find(|field| field.rust == rust) {
                bail!(
                    "schema `{id}`: members `{}` and `{}` would both be `{rust}`",
                    twin.fact.name,
                    member.name
                );
            }
            let secret = self.is_secret(id, &member);
            fields.push(Field {
                rust,
                ty: self.ty(&member.ty),
                fact: member,
                secret,
            });
        }
        Ok(fields)
    }

    fn is_secret(&self, id: &str, member: &Member) -> bool {
        let secrets = &self.exceptions.secrets;
        let scalar = !matches!(
            self.ty(&member.ty),
            Ty::Bool | Ty::I64 | Ty::F64 | Ty::Timestamp | Ty::Named(_)
        );
        let places = [
            format!("{id}.{}", member.name),
            format!("{}.{}", member.schema, member.name),
        ];
        if places.iter().any(|place| secrets.not.contains(place)) {
            return false;
        }
        places.iter().any(|place| secrets.of.contains(place))
            || scalar
                && (member.write_only
                    || secrets.members.contains(&member.name)
                    || matches!(&member.ty, Type::String(format) if format == "password"))
    }

    fn union(&mut self, id: &str, schema: &Schema, union: &Discriminated) -> Result<()> {
        let item = |name: String, body: Body| Item {
            name,
            schema: id.to_owned(),
            lifecycle: schema.lifecycle.clone(),
            deprecated: schema.deprecated,
            base_of_union: false,
            body,
        };
        let (name, base) = (self.name(id), self.base_name(id));
        let mut by_variant: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (tag, variant) in &union.mapping {
            by_variant.entry(variant).or_default().push(tag.clone());
        }
        let own = by_variant.remove(id);
        let names: Vec<(&str, String)> = by_variant
            .keys()
            .map(|variant| (*variant, self.name(variant)))
            .collect();
        let short = short_names(
            &names
                .iter()
                .map(|(_, name)| name.as_str())
                .collect::<Vec<_>>(),
            &name,
        );
        let mut variants: Vec<(Vec<String>, String, String)> = Vec::new();
        for ((variant, payload), short) in names.iter().zip(short) {
            let tags = by_variant[variant].clone();
            let short = match (short, tags.as_slice()) {
                (Some(short), _) => short,
                (None, [tag]) => words::variant(tag),
                (None, _) => payload.clone(),
            };
            variants.push((tags, short, payload.clone()));
        }
        // A mapping to the union itself: a variant with the base's members alone.
        for tag in own.into_iter().flatten() {
            let variant = words::variant(&tag);
            let payload = format!("{name}{variant}");
            let empty = Struct {
                base: Some(base.clone()),
                tag: Some((union.by.clone(), tag.clone())),
                ..Struct::default()
            };
            if !union.detached {
                self.insert(item(payload.clone(), Body::Struct(empty)))?;
                variants.push((vec![tag], variant, payload));
            }
        }
        for (n, (_, variant, _)) in variants.iter().enumerate() {
            if let Some((_, _, twin)) = variants[..n].iter().find(|(_, other, _)| other == variant)
            {
                bail!(
                    "union `{id}`: `{twin}` and `{}` would both be the variant `{variant}`",
                    variants[n].2
                );
            }
        }
        let fields = self.fields(id, self.base_members(id, union).into_values())?;
        let open = self.catalog.is_open(id, 0);
        let shared = Struct {
            open,
            base: None,
            tag: None,
            fields,
        };
        self.insert(Item {
            base_of_union: true,
            ..item(base.clone(), Body::Struct(shared))
        })?;
        self.insert(item(
            name,
            Body::Union(Union {
                by: union.by.clone(),
                base,
                detached: union.detached,
                variants,
            }),
        ))
    }
}
