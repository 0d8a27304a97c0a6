//! The modules of a crate, as a tree.

use std::collections::BTreeMap;

use super::plan::Planned;
use super::words;

/// A module with its handle.
#[derive(Debug, Default)]
pub(crate) struct Node<'a> {
    pub(crate) name: String,
    /// Path parameters that the handle takes itself.
    pub(crate) own: Vec<String>,
    /// Path parameters that the handle holds, those of its parents first.
    pub(crate) held: Vec<String>,
    pub(crate) children: BTreeMap<String, Node<'a>>,
    pub(crate) operations: Vec<&'a Planned>,
}

impl<'a> Node<'a> {
    /// The tree of these operations.
    pub(crate) fn tree(planned: impl Iterator<Item = &'a Planned>) -> Self {
        let mut root = Self::default();
        for planned in planned {
            let mut node = &mut root;
            for (name, parameters) in &planned.route.module {
                let held = node.held.clone();
                node = node.children.entry(name.clone()).or_insert_with(|| {
                    let own: Vec<String> = parameters
                        .iter()
                        .map(|parameter| words::ident(parameter))
                        .collect();
                    // `/users/{id}/roles/{id}`: the handle's names must differ.
                    let own: Vec<String> = own
                        .into_iter()
                        .map(|mut own| {
                            while held.contains(&own) {
                                own.insert_str(0, "inner_");
                            }
                            own
                        })
                        .collect();
                    Self {
                        name: name.clone(),
                        held: held.iter().chain(&own).cloned().collect(),
                        own,
                        ..Self::default()
                    }
                });
            }
            node.operations.push(planned);
        }
        root
    }

    /// Whether it stands for the client.
    pub(crate) fn is_root(&self) -> bool {
        self.name.is_empty()
    }

    /// Type name of the handle.
    pub(crate) fn handle(&self) -> String {
        words::type_name(&self.name)
    }
}
