//! Every object schema by the shortest way to it from some body.

use std::collections::BTreeSet;

use super::facts::{Facts, Kind, Type};
use super::make::{Coverage, Fill, Maker};
use super::roots::Root;
use super::tree::{Style, Tree};

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

/// Text around a place: a body with required members alone.
#[derive(Clone, Debug)]
pub struct Shell {
    before: String,
    after: String,
}

impl Shell {
    /// The body with this value in the place.
    #[must_use]
    pub fn around(&self, value: &Tree, style: Style) -> String {
        format!("{}{}{}", self.before, value.write(style), self.after)
    }
}

/// Stands in the place while the body around it is made.
const HERE: &str = "HERE IS THE PLACE";

impl Place {
    /// What stands around the place.
    ///
    /// # Panics
    /// If the way to the place leads nowhere.
    #[must_use]
    pub fn shell(&self, facts: &Facts, coverage: &mut Coverage) -> Shell {
        let mut tree = Tree::text(HERE);
        let mut tagged: Vec<&str> = Vec::new();
        for step in self
            .steps
            .iter()
            .rev()
            .skip(self.near(self.steps.len()).count())
        {
            match step {
                Step::Tag { .. } | Step::Own(_) => {
                    mark(facts, step, &mut tree, &mut tagged, coverage)
                }
                Step::Element => tree = Tree::Array(vec![tree]),
                Step::Key => tree = Tree::Object(vec![("key".to_owned(), tree)]),
                Step::Member { of, name } => {
                    let mut outer = Maker::new(facts, Fill::Required, coverage).object(of);
                    outer.set(name, tree);
                    tree = outer;
                    tagged.clear();
                }
            }
        }
        let text = tree.write(Style::Plain);
        let (before, after) = text.split_once(&format!("\"{HERE}\"")).expect("the place");
        Shell {
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    /// The object to be put there: all its members, tags right for the way to it.
    #[must_use]
    pub fn object(&self, facts: &Facts, coverage: &mut Coverage) -> Tree {
        let mut tree = Maker::new(facts, Fill::Shallow, coverage).object(&self.schema);
        let mut tagged: Vec<&str> = Vec::new();
        for step in self.near(self.steps.len()) {
            mark(facts, step, &mut tree, &mut tagged, coverage);
        }
        tree
    }

    /// Steps before the given one that say which variant its object is, from the inside outwards.
    fn near(&self, before: usize) -> impl Iterator<Item = &Step> {
        let steps = self.steps[..before].iter().rev();
        steps.take_while(|step| matches!(step, Step::Tag { .. } | Step::Own(_)))
    }
}

/// Sets what makes the object the variant that the step leads to.
fn mark<'a>(
    facts: &Facts,
    step: &'a Step,
    tree: &mut Tree,
    tagged: &mut Vec<&'a str>,
    coverage: &mut Coverage,
) {
    match step {
        // A tag set further inside belongs to a narrower union.
        Step::Tag { by, tag } if !tagged.contains(&by.as_str()) => {
            tagged.push(by);
            tree.remove(by);
            tree.set(by, Tree::text(tag));
        }
        Step::Own(union) => {
            let whole = std::mem::replace(tree, Tree::Null);
            *tree = Maker::new(facts, Fill::Required, coverage).with_own(union, whole);
        }
        _ => {}
    }
}
