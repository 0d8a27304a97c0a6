//! Every object schema by the shortest way to it from some body.

use std::collections::BTreeSet;

use super::facts::{Facts, Kind, Type};
use super::make::{Coverage, Fill, Maker};
use super::roots::Root;
use super::tree::Tree;

#[derive(Clone, Debug)]
enum Step {
    Member {
        of: String,
        name: String,
    },
    Element,
    Key,
    /// Members of a union itself, beside those of its variants.
    Own(String),
    Tag {
        by: String,
        tag: String,
    },
}

/// An object schema somewhere inside a body.
#[derive(Clone, Debug)]
pub struct Place {
    /// Index of the body's root.
    pub root: usize,
    /// The schema.
    pub schema: String,
    /// From the root inwards.
    steps: Vec<Step>,
}

/// One place for each object schema that the roots reach.
#[must_use]
pub fn places(facts: &Facts, roots: &[Root]) -> Vec<Place> {
    let mut search = Search {
        facts,
        seen: BTreeSet::new(),
        queue: Vec::new(),
        found: Vec::new(),
    };
    for (n, root) in roots.iter().enumerate() {
        search.visit(&root.ty, n, Vec::new());
    }
    let mut at = 0;
    while let Some((schema, object, root, steps)) = search.queue.get(at).cloned() {
        at += 1;
        search.expand(&schema, object, root, &steps);
    }
    search.found
}

struct Search<'a> {
    facts: &'a Facts,
    seen: BTreeSet<(String, bool)>,
    queue: Vec<(String, bool, usize, Vec<Step>)>,
    found: Vec<Place>,
}

impl Search<'_> {
    fn visit(&mut self, ty: &Type, root: usize, mut steps: Vec<Step>) {
        match ty {
            Type::Array(inner) => {
                steps.push(Step::Element);
                self.visit(inner, root, steps);
            }
            Type::Map(inner) => {
                steps.push(Step::Key);
                self.visit(inner, root, steps);
            }
            Type::Schema(id) => self.enqueue(id, false, root, steps),
            _ => {}
        }
    }

    fn enqueue(&mut self, id: &str, object: bool, root: usize, steps: Vec<Step>) {
        if self.seen.insert((id.to_owned(), object)) {
            self.queue.push((id.to_owned(), object, root, steps));
        }
    }

    fn expand(&mut self, id: &str, object: bool, root: usize, steps: &[Step]) {
        let schema = &self.facts.schemas[id];
        let with = |step: Step| {
            let mut steps = steps.to_vec();
            steps.push(step);
            steps
        };
        if object {
            self.found.push(Place {
                root,
                schema: id.to_owned(),
                steps: steps.to_vec(),
            });
            for (name, member) in self.facts.members(id) {
                self.visit(
                    &member.ty,
                    root,
                    with(Step::Member {
                        of: id.to_owned(),
                        name: name.to_owned(),
                    }),
                );
            }
            return;
        }
        match schema.kind {
            Kind::Alias => {
                let ty = schema.ty.clone().unwrap_or(Type::Any);
                self.visit(&ty, root, steps.to_vec());
            }
            Kind::Enum => {}
            _ => {
                let union = schema.kind == Kind::Union && !self.facts.members(id).is_empty();
                let own = union.then(|| Step::Own(id.to_owned()));
                let steps: Vec<Step> = steps.iter().cloned().chain(own).collect();
                let with = |step: Step| steps.iter().cloned().chain([step]).collect::<Vec<_>>();
                let by = schema
                    .discriminator
                    .as_ref()
                    .filter(|_| !schema.mapping.is_empty());
                match by {
                    Some(by) => {
                        for (tag, target) in &schema.mapping {
                            let steps = with(Step::Tag {
                                by: by.clone(),
                                tag: tag.clone(),
                            });
                            self.enqueue(target, target == id, root, steps);
                        }
                    }
                    None if schema.variants.is_empty() => {
                        self.enqueue(id, true, root, steps.to_vec())
                    }
                    None => {
                        for variant in schema.variants.clone() {
                            self.visit(&variant, root, steps.to_vec());
                        }
                    }
                }
            }
        }
    }
}

impl Place {
    /// Puts an object of the schema where it belongs in a body with required members alone.
    #[must_use]
    pub fn wrap(&self, facts: &Facts, inner: Tree, coverage: &mut Coverage) -> Tree {
        let mut tree = inner;
        let mut tagged: Vec<&str> = Vec::new();
        for step in self.steps.iter().rev() {
            match step {
                // A tag set further inside belongs to a narrower union.
                Step::Tag { by, .. } if tagged.contains(&by.as_str()) => {}
                Step::Tag { by, tag } => {
                    tagged.push(by);
                    if let Tree::Object(members) = &mut tree
                        && !members.iter().any(|(name, _)| name == by)
                    {
                        members.push((by.clone(), Tree::text(tag)));
                    }
                }
                Step::Own(union) => {
                    tree = Maker::new(facts, Fill::Required, coverage).with_own(union, tree);
                }
                Step::Element => {
                    tagged.clear();
                    tree = Tree::Array(vec![tree]);
                }
                Step::Key => {
                    tagged.clear();
                    tree = Tree::Object(vec![("key".to_owned(), tree)]);
                }
                Step::Member { of, name } => {
                    tagged.clear();
                    let mut outer = Maker::new(facts, Fill::Required, coverage).object(of);
                    for by in self.tags(of) {
                        outer.remove(&by);
                    }
                    outer.set(name, tree);
                    tree = outer;
                }
            }
        }
        tree
    }

    /// The object to be put there: all its members, tags right for the way to it.
    #[must_use]
    pub fn object(&self, facts: &Facts, coverage: &mut Coverage) -> Tree {
        let mut tree = Maker::new(facts, Fill::Shallow, coverage).object(&self.schema);
        let mut tagged: Vec<&str> = Vec::new();
        for step in self.steps.iter().rev() {
            let (by, tag) = match step {
                Step::Tag { by, tag } => (by, tag),
                Step::Own(_) => continue,
                _ => break,
            };
            if !tagged.contains(&by.as_str()) {
                tagged.push(by);
                tree.set(by, Tree::text(tag));
            }
        }
        tree
    }

    /// Members that tag steps will set on the object of a schema on the way.
    fn tags(&self, of: &str) -> Vec<String> {
        let at = self
            .steps
            .iter()
            .position(|step| matches!(step, Step::Member { of: other, .. } if other == of));
        let before = &self.steps[..at.unwrap_or_default()];
        let near = before
            .iter()
            .rev()
            .take_while(|step| matches!(step, Step::Tag { .. } | Step::Own(_)));
        let tags = near.filter_map(|step| {
            if let Step::Tag { by, .. } = step {
                Some(by.clone())
            } else {
                None
            }
        });
        tags.collect()
    }
}
