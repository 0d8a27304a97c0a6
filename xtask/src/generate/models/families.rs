//! Which family a type belongs to: the top-level module of the operations that use it.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;

/// Where types of several families stand.
pub(crate) const SHARED: &str = "shared";

/// Family of each type. `roots`: types that a family's operations name.
pub(crate) fn families(
    items: &BTreeMap<String, Item>,
    roots: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, String> {
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
    users
        .into_iter()
        .map(|(name, families)| {
            let family = match Vec::from_iter(families).as_slice() {
                [only] => (*only).to_owned(),
                _ => SHARED.to_owned(),
            };
            (name.to_owned(), family)
        })
        .collect()
}
