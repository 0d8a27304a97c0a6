//! Facts of operations that follow from their schemas: lists, pages, bodies.

use crate::facts::{Api, Kind, Operation, Schema, Type};

use super::route::Shape;

/// Members that may stand beside the one array of a list object.
const ENVELOPE: [&str; 9] = [
    "_links",
    "_link",
    "links",
    "metadata",
    "_metadata",
    "_embedded",
    "total",
    "totalCount",
    "count",
];

/// How an operation answers with many things.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listing {
    /// Type of one item.
    pub(crate) item: Type,
    /// Member of the answer that holds the items.
    pub(crate) member: Option<String>,
}

/// The type of the JSON answer of a success, with its status.
pub(crate) fn answer(operation: &Operation) -> Option<(u16, &Type)> {
    operation
        .responses
        .iter()
        .filter(|answer| {
            (200..300).contains(&answer.status) && answer.media.as_deref().is_some_and(is_json)
        })
        .find_map(|answer| Some((answer.status, answer.ty.as_ref()?)))
}

/// JSON media types.
pub(crate) fn is_json(media: &str) -> bool {
    media == "application/json" || media.ends_with("+json")
}

/// Follows aliases.
pub(crate) fn resolved<'a>(api: &'a Api, ty: &'a Type) -> &'a Type {
    let mut ty = ty;
    for _ in 0..16 {
        match ty {
            Type::Schema(name) => match api.schemas.get(name) {
                Some(Schema {
                    kind: Kind::Alias,
                    ty: Some(target),
                    ..
                }) => ty = target,
                _ => return ty,
            },
            _ => return ty,
        }
    }
    ty
}

/// Whether the operation takes a cursor.
fn takes_cursor(operation: &Operation) -> bool {
    operation
        .parameters
        .iter()
        .any(|parameter| parameter.location == "query" && parameter.name == "after")
}

/// The listing in an operation's answer, if there is one.
pub(crate) fn listing(api: &Api, operation: &Operation) -> Option<Listing> {
    let (_, ty) = answer(operation)?;
    match resolved(api, ty) {
        Type::Array(item) => Some(Listing {
            item: (**item).clone(),
            member: None,
        }),
        Type::Schema(name) => {
            let schema = api
                .schemas
                .get(name)
                .filter(|schema| schema.kind == Kind::Object)?;
            let members = members(api, schema, 0);
            let mut arrays = members
                .iter()
                .filter_map(|(name, ty)| match resolved(api, ty) {
                    Type::Array(item) => Some((name, item)),
                    _ => None,
                });
            let (member, item) = arrays.next()?;
            if arrays.next().is_some() {
                return None;
            }
            let bare = members
                .iter()
                .all(|(name, _)| name == member || ENVELOPE.contains(&name.as_str()));
            (bare || takes_cursor(operation)).then(|| Listing {
                item: (**item).clone(),
                member: Some(member.clone()),
            })
        }
        _ => None,
    }
}

fn members(api: &Api, schema: &Schema, depth: usize) -> Vec<(String, Type)> {
    let mut all = Vec::new();
    if depth < 16 {
        for parent in schema
            .parents
            .iter()
            .filter_map(|name| api.schemas.get(name))
        {
            all.extend(members(api, parent, depth + 1));
        }
    }
    for (name, member) in &schema.members {
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), member.ty.clone()));
    }
    all
}

/// What naming needs to know of an operation.
pub(crate) fn shape(api: &Api, operation: &Operation) -> Shape {
    let listing = listing(api, operation).filter(|_| operation.method == "GET");
    Shape {
        api: api.head.name.clone(),
        method: operation.method.clone(),
        path: operation.path.clone(),
        list: listing.is_some(),
        plain_list: listing
            .as_ref()
            .is_some_and(|listing| listing.member.is_none() || takes_cursor(operation)),
        has_body: !operation.request.is_empty(),
    }
}

/// Paging of an operation, by the name of core's variant.
pub(crate) fn paging(api: &Api, operation: &Operation, listing: Option<&Listing>) -> &'static str {
    match listing {
        Some(Listing { member: None, .. }) => "Link",
        Some(Listing {
            member: Some(_), ..
        }) if takes_cursor(operation) || links_to_next(api, operation) => "Body",
        _ => "None",
    }
}

/// Whether the answer object has `_links.next`.
fn links_to_next(api: &Api, operation: &Operation) -> bool {
    let member = |ty: &Type, name: &str| {
        let Type::Schema(id) = resolved(api, ty) else {
            return None;
        };
        let schema = api.schemas.get(id)?;
        members(api, schema, 0)
            .into_iter()
            .find(|(other, _)| other == name)
    };
    answer(operation)
        .and_then(|(_, ty)| member(ty, "_links"))
        .and_then(|(_, links)| member(&links, "next"))
        .is_some()
}
