//! Boxes for recursive types.

use std::collections::{BTreeMap, BTreeSet};

use super::{Body, Item, Ty};

/// Puts what would contain itself into boxes. Unions box their variants themselves.
pub(crate) fn insert(items: &mut BTreeMap<String, Item>) {
    let graph: BTreeMap<String, BTreeSet<String>> = items
        .iter()
        .map(|(name, item)| (name.clone(), by_value(item)))
        .collect();
    let reaches = |from: &str, to: &str| {
        let mut seen = BTreeSet::new();
        let mut queue = vec![from];
        while let Some(name) = queue.pop() {
            if name == to {
                return true;
            }
            if let Some(next) = graph.get(name).filter(|_| seen.insert(name)) {
                queue.extend(next.iter().map(String::as_str));
            }
        }
        false
    };
    for (name, item) in items.iter_mut() {
        let boxed = |ty: &mut Ty| {
            if let Ty::Named(inner) = &ty
                && graph.contains_key(inner)
                && reaches(inner, name)
            {
                *ty = Ty::Boxed(Box::new(ty.clone()));
            }
        };
        match &mut item.body {
            Body::Struct(structure) => structure
                .fields
                .iter_mut()
                .map(|field| &mut field.ty)
                .for_each(boxed),
            Body::Choice(alternatives) => alternatives
                .iter_mut()
                .map(|alternative| &mut alternative.ty)
                .for_each(boxed),
            Body::Union(_) | Body::Enum(_) => {}
        }
    }
}

/// The types that a value of this type contains without indirection.
fn by_value(item: &Item) -> BTreeSet<String> {
    let direct = |ty: &Ty| {
        if let Ty::Named(name) = ty {
            Some(name.clone())
        } else {
            None
        }
    };
    match &item.body {
        Body::Struct(structure) => structure
            .base
            .iter()
            .cloned()
            .chain(
                structure
                    .fields
                    .iter()
                    .filter_map(|field| direct(&field.ty)),
            )
            .collect(),
        Body::Choice(alternatives) => alternatives
            .iter()
            .filter_map(|alternative| direct(&alternative.ty))
            .collect(),
        Body::Union(_) | Body::Enum(_) => BTreeSet::new(),
    }
}
