//! Which schemas are unions, and how their alternatives are told apart.
//!
//! The rule:
//! 1. A discriminator with a mapping decides.
//! 2. Without one, a member that all alternatives have, with disjoint lists of values, decides.
//! 3. Anonymous objects become one struct with the members of all.
//! 4. Alternatives of different JSON kinds are told apart by kind.
//! 5. Objects are told apart by members that only one alternative has: required ones if there are
//!    any. The alternative without such members comes last and takes all other objects; if all have
//!    some, it is the first that comes last.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Kind, Member, Schema, Type};

use super::catalog::Catalog;

/// What becomes of a schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Class {
    /// Another name for a type.
    Alias(Type),
    Enum,
    /// An object without any member of its own.
    Empty,
    Struct,
    /// By a discriminator.
    Union(Discriminated),
    /// By kind or by members.
    Choice(Vec<Type>),
    /// Anonymous alternatives in one struct.
    Merged(Vec<String>),
}

/// A union with a discriminator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Discriminated {
    pub(crate) by: String,
    /// Schema ids by value of the discriminator.
    pub(crate) mapping: BTreeMap<String, String>,
    /// Variants repeat the members of a common base instead of sharing it.
    pub(crate) detached: bool,
}

/// Classifies all schemas and gives each variant its base: schema id → union id.
pub(crate) fn classify(catalog: &Catalog) -> (BTreeMap<String, Class>, BTreeMap<String, String>) {
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    for (id, schema) in &catalog.schemas {
        let class = class(catalog, schema);
        classes.insert(id.clone(), class);
    }
    let bases = bases(catalog, &mut classes);
    (classes, bases)
}

fn class(catalog: &Catalog, schema: &Schema) -> Class {
    match schema.kind {
        Kind::Enum => return Class::Enum,
        Kind::Alias => return Class::Alias(schema.ty.clone().unwrap_or(Type::Any)),
        Kind::Object | Kind::Union => {}
    }
    if let Some(by) = schema
        .discriminator
        .as_ref()
        .filter(|_| !schema.mapping.is_empty())
    {
        return Class::Union(Discriminated {
            by: by.clone(),
            mapping: schema.mapping.clone(),
            detached: false,
        });
    }
    if schema.variants.is_empty() {
        return if catalog.members(&schema.name, None).is_empty()
            && !catalog.is_open(&schema.name, 0)
            || catalog.members(&schema.name, None).is_empty()
        {
            Class::Empty
        } else {
            Class::Struct
        };
    }
    if let Some(union) = implicit(catalog, schema) {
        return Class::Union(union);
    }
    let inline: Vec<String> = schema
        .variants
        .iter()
        .filter_map(Type::schema)
        .filter(|id| id.starts_with(&format!("{}|", schema.name)))
        .map(str::to_owned)
        .collect();
    if inline.len() == schema.variants.len() {
        return Class::Merged(inline);
    }
    if let [only] = schema.variants.as_slice() {
        return Class::Alias(only.clone());
    }
    Class::Choice(schema.variants.clone())
}

/// Values that a member may have, if they are listed.
fn listed(catalog: &Catalog, member: &Member) -> Option<BTreeSet<String>> {
    if let Some(value) = &member.limits.value {
        return Some(BTreeSet::from([value.clone()]));
    }
    let Type::Schema(id) = &member.ty else {
        return None;
    };
    let schema = catalog.schemas.get(id)?;
    (schema.kind == Kind::Enum).then(|| schema.values.iter().cloned().collect())
}

/// A member that tells the alternatives apart although no discriminator is declared.
fn implicit(catalog: &Catalog, schema: &Schema) -> Option<Discriminated> {
    let ids: Vec<&str> = schema
        .variants
        .iter()
        .map(|ty| {
            if let Type::Schema(id) = ty {
                Some(id.as_str())
            } else {
                None
            }
        })
        .collect::<Option<_>>()?;
    let members: Vec<_> = ids.iter().map(|id| common_members(catalog, id)).collect();
    let (first, rest) = members.split_first().filter(|(_, rest)| !rest.is_empty())?;
    'names: for (name, member) in first {
        let Some(values) = listed(catalog, member) else {
            continue;
        };
        let mut mapping: BTreeMap<String, String> = values
            .into_iter()
            .map(|value| (value, ids[0].to_owned()))
            .collect();
        for (other, id) in rest.iter().zip(&ids[1..]) {
            let Some(values) = other.get(name).and_then(|member| listed(catalog, member)) else {
                continue 'names;
            };
            for value in values {
                if mapping.insert(value, (*id).to_owned()).is_some() {
                    continue 'names;
                }
            }
        }
        return Some(Discriminated {
            by: name.clone(),
            mapping,
            detached: false,
        });
    }
    None
}

/// The members of an object, or those that all variants of a union share.
pub(crate) fn common_members(catalog: &Catalog, id: &str) -> BTreeMap<String, Member> {
    let own = catalog.members(id, None);
    let Some(schema) = catalog.schemas.get(id) else {
        return own;
    };
    let mut variants: BTreeSet<&str> = schema.mapping.values().map(String::as_str).collect();
    variants.extend(schema.variants.iter().filter_map(Type::schema));
    variants.remove(id);
    let mut shared: Option<BTreeMap<String, Member>> = None;
    for variant in variants {
        let members = catalog.members(variant, None);
        shared = Some(match shared {
            None => members,
            Some(shared) => shared
                .into_iter()
                .filter(|(name, member)| members.get(name).is_some_and(|other| same(member, other)))
                .collect(),
        });
    }
    let mut all = shared.unwrap_or_default();
    all.extend(own);
    all
}

/// Every member that an object, or any variant of a union, may have.
pub(crate) fn possible_members(catalog: &Catalog, id: &str) -> BTreeMap<String, Member> {
    let mut all = catalog.members(id, None);
    if let Some(schema) = catalog.schemas.get(id) {
        for variant in schema
            .mapping
            .values()
            .map(String::as_str)
            .chain(schema.variants.iter().filter_map(Type::schema))
        {
            for (name, member) in catalog.members(variant, None) {
                all.entry(name).or_insert(member);
            }
        }
    }
    all
}

/// Whether two schemas mean the same by a member.
fn same(a: &Member, b: &Member) -> bool {
    a.ty == b.ty && (a.limits.value.is_none() || a.limits.value == b.limits.value)
}

/// The union that a schema inherits from.
fn inherited<'a>(
    catalog: &'a Catalog,
    classes: &BTreeMap<String, Class>,
    id: &str,
    depth: usize,
) -> Option<&'a str> {
    let schema = catalog.schemas.get(id).filter(|_| depth < 16)?;
    schema.parents.iter().find_map(|parent| {
        if matches!(classes.get(parent), Some(Class::Union(_))) {
            Some(parent.as_str())
        } else {
            inherited(catalog, classes, parent, depth + 1)
        }
    })
}

/// Decides which unions share a base with their variants.
fn bases(catalog: &Catalog, classes: &mut BTreeMap<String, Class>) -> BTreeMap<String, String> {
    let mut memberships: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let unions: BTreeMap<String, Discriminated> = classes
        .iter()
        .filter_map(|(id, class)| {
            if let Class::Union(union) = class {
                Some((id.clone(), union.clone()))
            } else {
                None
            }
        })
        .collect();
    for (id, union) in &unions {
        for variant in union.mapping.values() {
            memberships
                .entry(variant.clone())
                .or_default()
                .insert(id.clone());
        }
    }
    let mut bases = BTreeMap::new();
    for (id, union) in &unions {
        let fits = |variant: &String| {
            if variant == id {
                return true;
            }
            if !matches!(classes.get(variant), Some(Class::Struct | Class::Empty)) {
                return false;
            }
            match inherited(catalog, classes, variant, 0) {
                Some(parent) => parent == id,
                None => memberships[variant].len() == 1,
            }
        };
        if union.mapping.values().all(fits) {
            bases.extend(
                union
                    .mapping
                    .values()
                    .filter(|variant| *variant != id)
                    .map(|variant| (variant.clone(), id.clone())),
            );
        } else if let Some(Class::Union(union)) = classes.get_mut(id) {
            union.detached = true;
        }
    }
    // Heirs that the mapping doesn't list.
    for id in catalog.schemas.keys() {
        if let (Some(Class::Struct | Class::Empty), Some(parent)) =
            (classes.get(id), inherited(catalog, classes, id, 0))
            && matches!(classes.get(parent), Some(Class::Union(union)) if !union.detached)
        {
            bases.entry(id.clone()).or_insert_with(|| parent.to_owned());
        }
    }
    for id in bases.keys() {
        // A variant without members of its own is still a type: it has those of the base.
        classes.insert(id.clone(), Class::Struct);
    }
    bases
}
