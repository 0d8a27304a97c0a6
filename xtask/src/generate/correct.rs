//! Applies the corrections to the facts.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::facts::{Answer, Api, Correction, Kind, Limits, Member, Parameter, Type, corrections};

/// Applies observed and hand-kept corrections; every hand-kept one must match something.
pub(crate) fn apply(apis: &mut [Api], directory: &Path) -> Result<()> {
    let observed = corrections::read(&directory.join("corrections-observed.jsonl"))?;
    let kept = corrections::read(&directory.join("corrections.jsonl"))?;
    apply_all(apis, &observed, &kept)
}

/// Applies the given corrections.
pub(crate) fn apply_all(
    apis: &mut [Api],
    observed: &[Correction],
    kept: &[Correction],
) -> Result<()> {
    let overruled = |correction: &Correction| {
        kept.iter().any(|other| {
            (&other.api, &other.schema, &other.member)
                == (&correction.api, &correction.schema, &correction.member)
                && other.schema.is_some()
        })
    };
    for correction in observed
        .iter()
        .filter(|c| c.problem == "next_link_parameter")
    {
        for api in apis.iter_mut() {
            next_link_parameter(api, correction);
        }
    }
    // What is open first: custom attributes seen in such schemas are no members of theirs.
    let (first, rest): (Vec<_>, Vec<_>) = kept
        .iter()
        .partition(|c| matches!(c.problem.as_str(), "open" | "only_listed_members"));
    for correction in first {
        apply_kept(apis, correction)?;
    }
    let foreign = |correction: &Correction| {
        correction.problem == "undocumented_member"
            && kept.iter().any(|other| {
                other.problem == "only_listed_members" && other.schema == correction.schema
            })
    };
    for correction in observed
        .iter()
        .filter(|correction| !overruled(correction) && !foreign(correction))
    {
        if let Some(api) = apis.iter_mut().find(|api| api.head.name == correction.api) {
            // A new release may have mended what was observed: no match is fine.
            let _mended = apply_one(api, correction)?;
        }
    }
    rest.into_iter()
        .try_for_each(|correction| apply_kept(apis, correction))?;
    apis.iter_mut().for_each(tags_are_values);
    Ok(())
}

/// What a discriminator maps is a value of its member, also where the member's enum forgets it.
fn tags_are_values(api: &mut Api) {
    let mut missing: Vec<(String, String)> = Vec::new();
    for schema in api.schemas.values() {
        let Some(by) = &schema.discriminator else {
            continue;
        };
        for (tag, variant) in &schema.mapping {
            let Some(owner) = owner(api, variant, by, 0) else {
                continue;
            };
            let ty = super::shapes::resolved(api, &api.schemas[&owner].members[by].ty);
            if let Type::Schema(name) = ty {
                missing.push((name.clone(), tag.clone()));
            }
        }
    }
    for (name, tag) in missing {
        if let Some(found) = api.schemas.get_mut(&name)
            && found.kind == Kind::Enum
            && !found.values.contains(&tag)
        {
            found.values.push(tag);
        }
    }
}

/// Applies a hand-kept correction, which must match something.
fn apply_kept(apis: &mut [Api], correction: &Correction) -> Result<()> {
    let api = apis
        .iter_mut()
        .find(|api| api.head.name == correction.api)
        .with_context(|| {
            format!(
                "api/corrections.jsonl: no API is named `{}`",
                correction.api
            )
        })?;
    if !apply_one(api, correction)? {
        bail!(
            "api/corrections.jsonl: this correction matches nothing, remove or mend it: {}",
            serde_json::to_string(correction)?
        );
    }
    Ok(())
}

fn apply_one(api: &mut Api, correction: &Correction) -> Result<bool> {
    if let Some(operation) = &correction.operation {
        return Ok(operation_correction(api, operation, correction));
    }
    let Some(schema) = &correction.schema else {
        return Ok(false);
    };
    if schema == "*" {
        return Ok(everywhere(api, correction));
    }
    if correction.problem == "wrong_discriminator" {
        let Some(schema) = api.schemas.get_mut(schema) else {
            return Ok(false);
        };
        schema.discriminator.clone_from(&correction.member);
        schema.mapping.clone_from(&correction.mapping);
        return Ok(true);
    }
    if correction.problem == "open" {
        let Some(schema) = api.schemas.get_mut(schema) else {
            return Ok(false);
        };
        schema.extensible = true;
        return Ok(true);
    }
    if correction.problem == "only_listed_members" {
        return Ok(api.schemas.contains_key(schema));
    }
    let Some(member) = &correction.member else {
        return Ok(false);
    };
    if correction.problem == "undocumented_member" || correction.problem == "new_member" {
        return add_member(api, schema, member, correction);
    }
    if correction.problem == "unknown_enum_value" {
        return add_values(api, schema, member, &correction.values);
    }
    let Some(place) = find(api, schema, member) else {
        return Ok(false);
    };
    let Place::Member { schema, member } = place else {
        return Ok(false);
    };
    let Some(member) = api
        .schemas
        .get_mut(&schema)
        .and_then(|schema| schema.members.get_mut(&member))
    else {
        return Ok(false);
    };
    match correction.problem.as_str() {
        "null_for_non_nullable" => member.nullable = true,
        "missing_required" => member.required = false,
        "format_mismatch" => {
            member.limits.pattern = None;
            if matches!(&member.ty, Type::String(format) if !format.is_empty()) {
                member.ty = Type::String(String::new());
            }
        }
        "type_mismatch" | "wrong_type" => {
            member.ty = correction
                .ty
                .clone()
                .unwrap_or_else(|| mismatch(&correction.seen));
            member.limits = Limits::default();
        }
        "discriminator_miss" => {}
        other => bail!("`{other}` is not a kind of correction"),
    }
    Ok(true)
}

/// A member that has one wrong type in many schemas.
fn everywhere(api: &mut Api, correction: &Correction) -> bool {
    let (Some(name), Some(ty), Some(wrong)) =
        (&correction.member, &correction.ty, &correction.instead_of)
    else {
        return false;
    };
    let mut any = false;
    for member in api
        .schemas
        .values_mut()
        .filter_map(|schema| schema.members.get_mut(name))
    {
        if member.ty == *wrong {
            member.ty.clone_from(ty);
            any = true;
        }
    }
    any
}

/// What holds both what was promised and what was seen.
fn mismatch(seen: &std::collections::BTreeMap<String, u64>) -> Type {
    if seen
        .keys()
        .all(|text| text.contains("integer expected, number sent"))
    {
        Type::Number
    } else {
        Type::Any
    }
}

/// Where a path inside a schema leads.
enum Place {
    Member { schema: String, member: String },
    Type(Type),
}

fn find(api: &Api, schema: &str, path: &str) -> Option<Place> {
    let mut ty = Type::Schema(schema.to_owned());
    let mut place = None;
    for segment in path.split('.') {
        let (name, suffix) = segment.split_once(['[', '{']).unwrap_or((segment, ""));
        if !name.is_empty() {
            let Type::Schema(schema) = super::shapes::resolved(api, &ty) else {
                return None;
            };
            let owner = owner(api, schema, name, 0)?;
            ty = api.schemas[&owner].members[name].ty.clone();
            place = Some(Place::Member {
                schema: owner,
                member: name.to_owned(),
            });
        }
        for _ in 0..usize::from(!suffix.is_empty()) {
            let (Type::Array(inner) | Type::Map(inner)) = super::shapes::resolved(api, &ty) else {
                return None;
            };
            ty = (**inner).clone();
            place = Some(Place::Type(ty.clone()));
        }
    }
    place
}

/// The schema that declares a member: the schema itself or one of its parents.
fn owner(api: &Api, schema: &str, member: &str, depth: usize) -> Option<String> {
    let found = api.schemas.get(schema)?;
    if found.members.contains_key(member) {
        return Some(schema.to_owned());
    }
    if depth > 16 {
        return None;
    }
    found
        .parents
        .iter()
        .find_map(|parent| owner(api, parent, member, depth + 1))
}

fn names_alike(api: &Api, schema: &str, member: &str, depth: usize) -> bool {
    let Some(found) = api.schemas.get(schema).filter(|_| depth < 16) else {
        return false;
    };
    found
        .members
        .keys()
        .any(|other| super::words::member(other) == super::words::member(member))
        || found
            .parents
            .iter()
            .any(|parent| names_alike(api, parent, member, depth + 1))
}

fn add_member(api: &mut Api, schema: &str, path: &str, correction: &Correction) -> Result<bool> {
    let (parent, name) = path
        .rsplit_once('.')
        .map_or((None, path), |(parent, name)| (Some(parent), name));
    let target = match parent {
        None => Type::Schema(schema.to_owned()),
        Some(parent) => match find(api, schema, parent) {
            Some(Place::Member { schema, member }) => {
                api.schemas[&schema].members[&member].ty.clone()
            }
            Some(Place::Type(ty)) => ty,
            None => return Ok(false),
        },
    };
    let Type::Schema(target) = super::shapes::resolved(api, &target).clone() else {
        return Ok(false);
    };
    if name.contains(['[', '{']) || owner(api, &target, name, 0).is_some() {
        return Ok(false);
    }
    let open = api
        .schemas
        .get(&target)
        .is_some_and(|schema| schema.extensible || schema.additional.is_some());
    if correction.problem == "undocumented_member" && open {
        return Ok(false);
    }
    // A spelling that would read like a declared member's name stays where unknown members are.
    if correction.ty.is_none() && names_alike(api, &target, name, 0) {
        return Ok(false);
    }
    let ty = correction
        .ty
        .clone()
        .unwrap_or_else(|| observed_type(api, correction));
    let Some(target) = api
        .schemas
        .get_mut(&target)
        .filter(|s| matches!(s.kind, Kind::Object | Kind::Union))
    else {
        return Ok(false);
    };
    if target.kind == Kind::Union && target.discriminator.is_none() {
        return Ok(false);
    }
    let member = Member {
        schema: target.name.clone(),
        name: name.to_owned(),
        ty,
        required: false,
        read_only: false,
        write_only: false,
        nullable: correction.seen.contains_key("null"),
        deprecated: false,
        lifecycle: String::new(),
        limits: Limits::default(),
    };
    target.members.insert(name.to_owned(), member);
    Ok(true)
}

/// The type of a member that is only known from traffic.
fn observed_type(api: &Api, correction: &Correction) -> Type {
    let kinds: BTreeSet<&str> = correction
        .seen
        .keys()
        .map(String::as_str)
        .filter(|kind| *kind != "null")
        .collect();
    let links = |shape: &str| {
        let inner = shape.trim_matches(['{', '}']);
        !inner.is_empty()
            && inner
                .split(',')
                .all(|name| matches!(name.trim(), "href" | "hints" | "name" | "type"))
            && inner.contains("href")
    };
    let link = api.schemas.contains_key("HrefObject")
        && !correction.shapes.is_empty()
        && correction.shapes.iter().all(|shape| links(shape));
    match Vec::from_iter(kinds).as_slice() {
        ["string"] => Type::String(String::new()),
        ["boolean"] => Type::Boolean,
        ["integer"] => Type::Integer(String::new()),
        ["number"] | ["integer", "number"] => Type::Number,
        ["object"] if link => Type::Schema("HrefObject".to_owned()),
        ["object"] => Type::Map(Box::new(Type::Any)),
        ["array"] => Type::Array(Box::new(Type::Any)),
        _ => Type::Any,
    }
}

fn add_values(api: &mut Api, schema: &str, member: &str, values: &[String]) -> Result<bool> {
    let ty = match find(api, schema, member) {
        Some(Place::Member { schema, member }) => api.schemas[&schema].members[&member].ty.clone(),
        Some(Place::Type(ty)) => ty,
        None => return Ok(false),
    };
    let mut ty = super::shapes::resolved(api, &ty);
    while let Type::Array(inner) | Type::Map(inner) = ty {
        ty = super::shapes::resolved(api, inner);
    }
    let Type::Schema(name) = ty.clone() else {
        return Ok(false);
    };
    let Some(found) = api
        .schemas
        .get_mut(&name)
        .filter(|schema| schema.kind == Kind::Enum)
    else {
        return Ok(false);
    };
    for value in values {
        if let Ok(value) = serde_json::from_str::<String>(value)
            && !found.values.contains(&value)
        {
            found.values.push(value);
        }
    }
    Ok(true)
}

/// A parameter that only next links show.
fn next_link_parameter(api: &mut Api, correction: &Correction) {
    let (Some(id), Some(name)) = (&correction.operation, &correction.member) else {
        return;
    };
    let Some(operation) = api
        .operations
        .iter_mut()
        .find(|operation| operation.id == *id)
    else {
        return;
    };
    if operation
        .parameters
        .iter()
        .any(|parameter| parameter.name == *name)
    {
        return;
    }
    operation.parameters.push(Parameter {
        operation: id.clone(),
        name: name.clone(),
        location: "query".to_owned(),
        ty: if name == "limit" {
            Type::Integer(String::new())
        } else {
            Type::String(String::new())
        },
        required: false,
        joined: false,
        since: None,
        lifecycle: String::new(),
        limits: Limits::default(),
    });
}

fn operation_correction(api: &mut Api, id: &str, correction: &Correction) -> bool {
    let Some(operation) = api
        .operations
        .iter_mut()
        .find(|operation| operation.id == id)
    else {
        return false;
    };
    let status = correction.status.unwrap_or(200);
    match correction.problem.as_str() {
        "wrong_response" => {
            operation.responses.retain(|answer| answer.status != status);
            operation.responses.push(Answer {
                status,
                media: correction
                    .ty
                    .as_ref()
                    .map(|_| "application/json".to_owned()),
                ty: correction.ty.clone(),
            });
            operation.responses.sort_by_key(|answer| answer.status);
        }
        "wrong_request" => {
            let Some(ty) = &correction.ty else {
                return false;
            };
            operation
                .request
                .iter_mut()
                .for_each(|body| body.ty.clone_from(ty));
        }
        "undocumented_status" => {
            let success = operation
                .responses
                .iter()
                .find(|answer| answer.status < 300 && answer.ty.is_some());
            let (media, ty) = match success {
                Some(answer) if status < 300 && !correction.kind.contains("empty") => {
                    (answer.media.clone(), answer.ty.clone())
                }
                _ => (None, None),
            };
            match operation
                .responses
                .iter_mut()
                .find(|answer| answer.status == status)
            {
                Some(answer) if answer.ty.is_none() => (answer.media, answer.ty) = (media, ty),
                Some(_) => {}
                None => {
                    operation.responses.push(Answer { status, media, ty });
                    operation.responses.sort_by_key(|answer| answer.status);
                }
            }
        }
        "undocumented_media_type" => {}
        _ => return false,
    }
    true
}
