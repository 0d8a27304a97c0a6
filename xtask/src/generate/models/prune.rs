//! What operations need of the types, and what types need of each other.

use std::collections::BTreeSet;

use super::unions::Class;
use super::{Body, Item, Models};
use crate::facts::Type;

impl Models<'_> {
    /// Drops inline types that nothing uses, such as the values of a variant's discriminator, and
    /// schemas that only lend their members to others.
    pub(super) fn prune(&mut self, roots: &[Type]) {
        let referenced = self.catalog.referenced();
        let mixin: BTreeSet<&String> = self
            .catalog
            .schemas
            .values()
            .flat_map(|schema| &schema.parents)
            .filter(|id| !referenced.contains(*id))
            .collect();
        let mut queue: Vec<String> = roots
            .iter()
            .filter_map(|ty| self.ty(ty).named().map(str::to_owned))
            .collect();
        for id in self.catalog.schemas.keys() {
            let inline = id.contains(['.', ' ', '|']) || id.ends_with("[]");
            let union = matches!(self.classes.get(id), Some(Class::Union(_)));
            if !inline && (union || !mixin.contains(id)) {
                queue.extend(
                    self.ty(&Type::Schema(id.clone()))
                        .named()
                        .map(str::to_owned),
                );
            }
        }
        let mut used = BTreeSet::new();
        while let Some(name) = queue.pop() {
            if used.insert(name.clone())
                && let Some(item) = self.items.get(&name)
            {
                queue.extend(item.uses());
            }
        }
        self.items.retain(|name, _| used.contains(name));
    }
}

impl Item {
    /// The generated types that this one names.
    pub(crate) fn uses(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        match &self.body {
            Body::Struct(structure) => {
                names.extend(structure.base.clone());
                names.extend(
                    structure
                        .fields
                        .iter()
                        .filter_map(|field| field.ty.named().map(str::to_owned)),
                );
            }
            Body::Union(union) => {
                names.push(union.base.clone());
                names.extend(union.variants.iter().map(|(_, _, payload)| payload.clone()));
            }
            Body::Choice(alternatives) => names.extend(
                alternatives
                    .iter()
                    .filter_map(|a| a.ty.named().map(str::to_owned)),
            ),
            Body::Enum(_) => {}
        }
        names
    }
}
