//! Bodies spoiled the way odd answers are.

use super::facts::{Facts, Kind, Member, Type};
use super::rng::Rng;
use super::tree::Tree;

/// What a spoiled body must lead to, beside coming back unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A report of drift.
    Drift,
    /// No report.
    NoDrift,
    /// Either.
    Whatever,
}

/// One way of spoiling an object.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// `profile.login := null`
    pub label: String,
    /// The spoiled object.
    pub tree: Tree,
    /// What must come of it.
    pub expected: Expected,
}

/// Values of every JSON type, ordinary and not.
const VALUES: [&str; 26] = [
    "null",
    "true",
    "false",
    "0",
    "5.0",
    "-0",
    "-0.0",
    "1e2",
    "0.1",
    "2.50",
    "123456789012345678901234567890",
    "0.12345678901234567890123",
    "1e400",
    "-1E-400",
    "9223372036854775808",
    "\"\"",
    "\"no such value\"",
    "\"😀\\u0000\"",
    "[]",
    "[null]",
    "[1,\"a\",{}]",
    "[{\"a\":null}]",
    "{}",
    "{\"a\":{\"b\":[null,1.0]}}",
    "{\"\":[[]]}",
    "[[{}],5.10]",
];

fn values() -> impl Iterator<Item = (&'static str, Tree)> {
    VALUES
        .iter()
        .map(|text| (*text, Tree::read(text.as_bytes()).expect("JSON")))
}

/// Every mutation of an object of the schema, at each of its members and their elements.
#[must_use]
pub fn mutations(facts: &Facts, schema: &str, object: &Tree) -> Vec<Mutation> {
    let mut out = Vec::new();
    let Tree::Object(members) = object else {
        return out;
    };
    let known = facts.members(schema);
    for (at, (name, value)) in members.iter().enumerate() {
        let member = known.get(name.as_str());
        let mut add = |label: String, value: Tree, expected: Expected| {
            let mut members = members.clone();
            members[at].1 = value;
            out.push(Mutation {
                label: format!("{name}{label}"),
                tree: Tree::Object(members),
                expected,
            });
        };
        for (text, other) in values() {
            let expected =
                member.map_or(Expected::Whatever, |member| expected(facts, member, &other));
            add(format!(" := {text}"), other, expected);
        }
        inside(value, &mut |label, value| {
            add(label, value, Expected::Whatever)
        });
    }
    let backwards = members.iter().rev().cloned().collect();
    out.push(Mutation {
        label: "members backwards".to_owned(),
        tree: Tree::Object(backwards),
        expected: Expected::Whatever,
    });
    repeated(members, &mut out);
    let open = facts.additional(schema).is_some();
    for (n, (text, value)) in values().enumerate() {
        let (place, at) = if n % 2 == 0 {
            ("first", 0)
        } else {
            ("last", members.len())
        };
        let mut members = members.clone();
        members.insert(at, ("noSuchMember".to_owned(), value));
        let label = format!("{place} noSuchMember = {text}");
        let expected = if open {
            Expected::Whatever
        } else {
            Expected::Drift
        };
        out.push(Mutation {
            label,
            tree: Tree::Object(members),
            expected,
        });
    }
    for (at, (name, _)) in members.iter().enumerate() {
        let mut members = members.clone();
        members.remove(at);
        let label = format!("{name} absent");
        out.push(Mutation {
            label,
            tree: Tree::Object(members),
            expected: Expected::Whatever,
        });
    }
    out
}

/// Elements of lists and values of maps, each replaced by each value.
fn inside(value: &Tree, add: &mut dyn FnMut(String, Tree)) {
    match value {
        Tree::Array(items) => {
            for at in 0..items.len() {
                for (text, other) in values().skip(at).step_by(1 + at) {
                    let mut items = items.clone();
                    items[at] = other;
                    add(format!("[{at}] := {text}"), Tree::Array(items));
                }
            }
        }
        Tree::Object(members) => {
            for (at, (name, value)) in members.iter().enumerate() {
                let mut add = |label: String, value: Tree| {
                    let mut members = members.clone();
                    members[at].1 = value;
                    add(format!(".{name}{label}"), Tree::Object(members));
                };
                for (text, other) in values() {
                    add(format!(" := {text}"), other);
                }
                if matches!(value, Tree::Array(_)) {
                    inside(value, &mut add);
                }
            }
        }
        _ => {}
    }
}

/// Names that stand twice.
fn repeated(members: &[(String, Tree)], out: &mut Vec<Mutation>) {
    let odd = [
        Tree::Null,
        Tree::number("7"),
        Tree::text("twice"),
        Tree::Object(Vec::new()),
        Tree::Array(Vec::new()),
    ];
    for (name, value) in members {
        for other in &odd {
            let text = other.write(super::Style::Plain);
            let mut add = |label: String, tree: Vec<(String, Tree)>| {
                out.push(Mutation {
                    label,
                    tree: Tree::Object(tree),
                    expected: Expected::Whatever,
                });
            };
            let mut later = members.to_vec();
            later.push((name.clone(), other.clone()));
            add(format!("{name} again as {text}"), later);
            let mut earlier = members.to_vec();
            earlier.insert(0, (name.clone(), other.clone()));
            add(format!("{name} before as {text}"), earlier);
            let mut thrice = members.to_vec();
            thrice.push((name.clone(), other.clone()));
            thrice.push((name.clone(), value.clone()));
            add(format!("{name} again as {text} and again"), thrice);
        }
    }
    for (first, last) in [
        (Tree::Null, Tree::number("1.0")),
        (Tree::number("1.0"), Tree::Null),
    ] {
        let mut members = members.to_vec();
        members.insert(0, ("noSuchMember".to_owned(), first));
        members.push(("noSuchMember".to_owned(), last));
        let label = "noSuchMember twice".to_owned();
        out.push(Mutation {
            label,
            tree: Tree::Object(members),
            expected: Expected::Whatever,
        });
    }
}

/// Whether another value in a member's place must be reported.
fn expected(facts: &Facts, member: &Member, value: &Tree) -> Expected {
    if *value == Tree::Null {
        return Expected::NoDrift;
    }
    let observed = matches!(value, Tree::Text(text) if facts.observed.contains(text));
    // Anonymous alternatives become one struct; another one may say something else of the member.
    if member.widened || observed || member.of.contains('|') {
        return Expected::Whatever;
    }
    let drift = |other: bool| {
        if other {
            Expected::Drift
        } else {
            Expected::NoDrift
        }
    };
    match facts.resolved(&member.ty) {
        Type::Any => Expected::NoDrift,
        Type::Boolean => drift(!matches!(value, Tree::Bool(_))),
        Type::Text(_) => drift(!matches!(value, Tree::Text(_))),
        Type::Integer | Type::Number if !matches!(value, Tree::Number(_)) => Expected::Drift,
        Type::Array(_) if !matches!(value, Tree::Array(_)) => Expected::Drift,
        Type::Map(_) if !matches!(value, Tree::Object(_)) => Expected::Drift,
        Type::Schema(id) => match facts.schemas.get(id) {
            Some(schema) if schema.kind == Kind::Enum => drift(match value {
                Tree::Text(text) => !schema.values.contains(text),
                _ => true,
            }),
            Some(schema) if schema.kind == Kind::Object && !matches!(value, Tree::Object(_)) => {
                Expected::Drift
            }
            _ => Expected::Whatever,
        },
        _ => Expected::Whatever,
    }
}

/// Spoils a body at random places; says what was done.
pub fn random_mutations(tree: &mut Tree, rng: &mut Rng) -> Vec<String> {
    let count = 1 + rng.below(6);
    (0..count)
        .map(|_| {
            let at = rng.below(tree.size());
            let mut left = at;
            let mut label = String::new();
            spoil(tree, &mut left, rng, &mut label);
            format!("value {at}: {label}")
        })
        .collect()
}

fn spoil(tree: &mut Tree, left: &mut usize, rng: &mut Rng, label: &mut String) -> bool {
    if *left == 0 {
        *label = spoil_here(tree, rng);
        return true;
    }
    *left -= 1;
    match tree {
        Tree::Array(items) => items.iter_mut().any(|item| spoil(item, left, rng, label)),
        Tree::Object(members) => members
            .iter_mut()
            .any(|(_, value)| spoil(value, left, rng, label)),
        _ => false,
    }
}

fn spoil_here(tree: &mut Tree, rng: &mut Rng) -> String {
    match tree {
        Tree::Object(members) if !members.is_empty() && rng.chance(60) => {
            let at = rng.below(members.len());
            let other = members[rng.below(members.len())].clone();
            match rng.below(4) {
                0 => members.insert(at, other),
                1 => members.push(other),
                2 => drop(members.remove(at)),
                _ => members.insert(at, ("näme \"x\"".to_owned(), other.1)),
            }
            "members shuffled".to_owned()
        }
        Tree::Array(items) if !items.is_empty() && rng.chance(60) => {
            let at = rng.below(items.len());
            let other = items[at].clone();
            items.push(Tree::Array(vec![other]));
            "element wrapped".to_owned()
        }
        _ => {
            let text = VALUES[rng.below(VALUES.len())];
            *tree = Tree::read(text.as_bytes()).expect("JSON");
            format!(":= {text}")
        }
    }
}
