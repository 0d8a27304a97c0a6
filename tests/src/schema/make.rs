//! Bodies that the specification allows.

use std::collections::BTreeMap;

use super::facts::{Facts, Kind, Limits, Member, Type};
use super::rng::Rng;
use super::tree::Tree;

/// Which optional members a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// All of them, as far as size and recursion allow.
    Full,
    /// All of the outermost object, none inside.
    Shallow,
    /// None.
    Required,
    /// Each in so many of 100 cases.
    Random(usize),
}

/// What was chosen where there was a choice: variants, enum values, null or not.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    sites: BTreeMap<String, (usize, usize)>,
}

impl Coverage {
    /// The next of so many options, in turns.
    fn next(&mut self, site: &str, options: usize) -> usize {
        let seen = match self.sites.get_mut(site) {
            Some((_, seen)) => seen,
            None => &mut self.sites.entry(site.to_owned()).or_insert((options, 0)).1,
        };
        *seen += 1;
        (*seen - 1) % options.max(1)
    }

    /// How many options were taken, and the places where some were not.
    #[must_use]
    pub fn taken(&self) -> (usize, Vec<&str>) {
        let count = self
            .sites
            .values()
            .map(|(options, seen)| options.min(seen))
            .sum();
        let missing = self
            .sites
            .iter()
            .filter(|(_, (options, seen))| seen < options);
        (count, missing.map(|(site, _)| site.as_str()).collect())
    }

    /// Whether all options of all places met so far were taken.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.sites.values().all(|(options, seen)| seen >= options)
    }
}

/// Makes bodies.
pub struct Maker<'a> {
    facts: &'a Facts,
    fill: Fill,
    coverage: &'a mut Coverage,
    /// Random choices instead of choices in turns.
    rng: Option<&'a mut Rng>,
    stack: Vec<String>,
    size: usize,
}

const TEXTS: [&str; 7] = [
    "text",
    "",
    "a \"quoted\" \\ line\nand\ttab",
    "Zürich 東京 😀",
    "null",
    "\u{0}\u{7f}\u{2028}",
    "0123456789abcdef0123456789abcdef0123456789",
];
const INTEGERS: [&str; 7] = [
    "1",
    "0",
    "-1",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "3600",
];
const NUMBERS: [&str; 7] = ["0.5", "1", "-2.25", "0.1", "1e300", "123456.789", "5e-324"];
const ANY: [&str; 8] = [
    "null",
    "true",
    "1.00",
    "\"text\"",
    "[1,[],{\"a\":null}]",
    "{\"a\":{\"b\":[0.10]},\"\":\"\"}",
    "123456789012345678901234567890.123456789",
    "{}",
];
/// A body does not grow beyond about so many values.
const LIMIT: usize = 1500;

impl<'a> Maker<'a> {
    /// Chooses in turns, so that many bodies cover all options.
    pub fn new(facts: &'a Facts, fill: Fill, coverage: &'a mut Coverage) -> Self {
        Self {
            facts,
            fill,
            coverage,
            rng: None,
            stack: Vec::new(),
            size: 0,
        }
    }

    /// Chooses at random.
    pub fn random(
        facts: &'a Facts,
        percent: usize,
        coverage: &'a mut Coverage,
        rng: &'a mut Rng,
    ) -> Self {
        Self {
            rng: Some(rng),
            ..Self::new(facts, Fill::Random(percent), coverage)
        }
    }

    fn choose(&mut self, site: &str, options: usize) -> usize {
        match &mut self.rng {
            Some(rng) => rng.below(options),
            None => self.coverage.next(site, options),
        }
    }

    fn pick(&mut self, site: &str, options: &[&str]) -> String {
        options[self.choose(site, options.len())].to_owned()
    }

    fn optional(&mut self) -> bool {
        if self.size > LIMIT {
            return false;
        }
        match self.fill {
            Fill::Full => true,
            Fill::Shallow => self.stack.len() <= 1,
            Fill::Required => false,
            Fill::Random(percent) => self.rng.as_mut().is_some_and(|rng| rng.chance(percent)),
        }
    }

    /// A value of the type.
    pub fn make(&mut self, ty: &Type) -> Tree {
        self.size += 1;
        match ty {
            Type::Any => {
                let text = self.pick("any", &ANY);
                Tree::read(text.as_bytes()).expect("JSON")
            }
            Type::Boolean => Tree::Bool(self.choose("boolean", 2) == 0),
            Type::Integer => Tree::Number(self.pick("integer", &INTEGERS)),
            Type::Number => Tree::Number(self.pick("number", &NUMBERS)),
            Type::Text(format) if format == "date-time" => Tree::Text(self.pick(
                "date-time",
                &[
                    "2026-06-30T12:34:56.000Z",
                    "2026-06-30T12:34:56+02:00",
                    "2026-06-30T12:34:56Z",
                ],
            )),
            Type::Text(_) => Tree::Text(self.pick("text", &TEXTS)),
            Type::Array(inner) => {
                let count = if self.again(inner) {
                    0
                } else {
                    1 + self.choose("items", 2)
                };
                Tree::Array((0..count).map(|_| self.make(inner)).collect())
            }
            Type::Map(inner) => {
                let names: &[&str] = if self.again(inner) {
                    &[]
                } else {
                    &["a-key", "", "schlüssel \"2\""]
                };
                let count = names.len().min(1 + self.choose("keys", 3));
                Tree::Object(
                    names[..count]
                        .iter()
                        .map(|name| ((*name).to_owned(), self.make(inner)))
                        .collect(),
                )
            }
            Type::Schema(id) => self.schema(id),
        }
    }

    /// Whether the type would recurse.
    fn again(&self, ty: &Type) -> bool {
        match ty {
            Type::Array(inner) | Type::Map(inner) => self.again(inner),
            Type::Schema(id) => {
                self.stack.iter().filter(|other| *other == id).count() > 1 || self.stack.len() > 40
            }
            _ => false,
        }
    }

    fn schema(&mut self, id: &str) -> Tree {
        let schema = self
            .facts
            .schemas
            .get(id)
            .unwrap_or_else(|| panic!("no schema is named `{id}`"));
        match schema.kind {
            Kind::Alias => return self.make(&schema.ty.clone().unwrap_or(Type::Any)),
            Kind::Enum => {
                let values: Vec<&str> = schema.values.iter().map(String::as_str).collect();
                return Tree::Text(self.pick(&format!("enum {id}"), &values));
            }
            Kind::Object | Kind::Union => {}
        }
        if let Some(by) = schema
            .discriminator
            .as_ref()
            .filter(|_| !schema.mapping.is_empty())
        {
            let choice = self.choose(&format!("union {id}"), schema.mapping.len());
            let (tag, target) = schema.mapping.iter().nth(choice).expect("a choice");
            let tree = self.variant(id, by, tag, target);
            return if schema.kind == Kind::Union {
                self.with_own(id, tree)
            } else {
                tree
            };
        }
        if !schema.variants.is_empty() {
            let choice = self.choose(&format!("union {id}"), schema.variants.len());
            let tree = self.make(&schema.variants[choice]);
            return self.with_own(id, tree);
        }
        self.object(id)
    }

    /// The value with members of the union itself, beside those of the variant.
    pub fn with_own(&mut self, id: &str, mut tree: Tree) -> Tree {
        if let (Tree::Object(members), Tree::Object(own)) = (&mut tree, self.object(id)) {
            for (name, value) in own {
                if !members.iter().any(|(other, _)| *other == name) {
                    members.push((name, value));
                }
            }
        }
        tree
    }

    fn variant(&mut self, id: &str, by: &str, tag: &str, target: &str) -> Tree {
        let inner = self.facts.schemas.get(target).expect("a variant");
        let nested = inner.discriminator.as_deref() == Some(by) && target != id;
        let mut tree = match inner.mapping.get(tag).filter(|_| nested) {
            Some(last) if last != target => self.variant(target, by, tag, last),
            Some(_) => self.object(target),
            None if target == id => self.object(id),
            None => self.schema(target),
        };
        if !nested || inner.mapping.contains_key(tag) {
            tree.set(by, Tree::text(tag));
        }
        tree
    }

    /// An object with the members of this schema and its parents.
    pub fn object(&mut self, id: &str) -> Tree {
        self.stack.push(id.to_owned());
        assert!(
            self.stack.len() < 60,
            "required members recurse: {:?}",
            self.stack
        );
        let mut members = Vec::new();
        for (name, member) in self.facts.members(id) {
            // A member with one value only is what tells variants apart.
            let tells = member.limits.value.is_some();
            let wanted = member.required || tells || self.optional() && !self.again(&member.ty);
            if wanted {
                let value = self.member(&member);
                members.push((name.to_owned(), value));
            }
        }
        if let Some(ty) = self.facts.additional(id).filter(|_| self.optional()) {
            members.push(("custom-Attribute_1".to_owned(), self.make(&ty)));
        }
        self.stack.pop();
        Tree::Object(members)
    }

    /// A value of a member.
    pub fn member(&mut self, member: &Member) -> Tree {
        let nullable = match &member.ty {
            Type::Schema(id) => {
                member.nullable
                    || self
                        .facts
                        .schemas
                        .get(id)
                        .is_some_and(|schema| schema.nullable)
            }
            _ => member.nullable,
        };
        if nullable && self.choose(&format!("null {}.{}", member.of, member.name), 2) == 1 {
            return Tree::Null;
        }
        match &member.limits {
            Limits {
                value: Some(value), ..
            } => match self.facts.resolved(&member.ty) {
                Type::Text(_) => Tree::text(value),
                Type::Boolean => Tree::Bool(value == "true"),
                _ => self.make(&member.ty),
            },
            Limits { values, .. } if !values.is_empty() => {
                let choice = self.choose(
                    &format!("value {}.{}", member.of, member.name),
                    values.len(),
                );
                Tree::read(values[choice].to_string().as_bytes()).expect("JSON")
            }
            _ => self.make(&member.ty),
        }
    }
}
