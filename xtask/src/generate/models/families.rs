//! Which family a type belongs to: the top-level module of the operations that use it.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;

/// Where types of several families stand.
pub(crate) const SHARED: &str = "shared";

/// The families whose operations use each type; [`SHARED`] stands for none. `roots`: types that a family's operations
/// name.
pub(crate) fn users(
    items: &BTreeMap<String, Item>,
    roots: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (family, names) in roots {
        let mut queue: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = queue.pop() {
            if let Some((name, item)) = items.get_key_value(&name)
                && users.entry(name).or_default().insert(family)
            {
                queue.extend(item.uses());
            }
        }
    }
    // What no operation uses is shared, with all that it uses.
    let mut queue: Vec<String> = items
        .keys()
        .filter(|name| !users.contains_key(name.as_str()))
        .cloned()
        .collect();
    while let Some(name) = queue.pop() {
        if let Some((name, item)) = items.get_key_value(&name)
            && users.entry(name).or_default().insert(SHARED)
        {
            queue.extend(item.uses());
        }
    }
    let owned = |families: BTreeSet<&str>| families.into_iter().map(str::to_owned).collect();
    users
        .into_iter()
        .map(|(name, families)| (name.to_owned(), owned(families)))
        .collect()
}

/// Family of each type, from [`users`].
pub(crate) fn families(users: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, String> {
    let family = |families: &BTreeSet<String>| match families.first() {
        Some(only) if families.len() == 1 => only.clone(),
        _ => SHARED.to_owned(),
    };
    users
        .iter()
        .map(|(name, families)| (name.clone(), family(families)))
        .collect()
}
