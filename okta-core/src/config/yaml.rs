//! YAML as a tree that remembers where everything stands.

use std::collections::HashMap;
use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use crate::secret::Secret;

/// Nodes of one file, repeats through aliases included.
const MAX_NODES: usize = 100_000;
/// Lists and maps inside each other.
const MAX_DEPTH: usize = 64;

/// A value and its place; line and column count from 1, 0 is for values that stand in no file.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) value: Value,
}

/// Texts stay texts: what a number or a switch is, the setting decides. Any may be a secret.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Text(Secret),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Why a text is no YAML, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (line {}, column {})",
            self.what, self.line, self.column
        )
    }
}

impl Node {
    pub(super) fn text(text: impl Into<Secret>) -> Self {
        Self {
            line: 0,
            column: 0,
            value: Value::Text(text.into()),
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Text(text) => text.expose().trim().is_empty(),
            _ => false,
        }
    }

    fn at(span: Span, value: Value) -> Self {
        Self {
            line: span.start.line(),
            column: span.start.col() + 1,
            value,
        }
    }

    fn count(&self) -> usize {
        1 + match &self.value {
            Value::List(items) => items.iter().map(Self::count).sum(),
            Value::Map(members) => members.iter().map(|(_, node)| node.count()).sum(),
            _ => 0,
        }
    }

    /// As JSON with every scalar as text, which is what keys are made of.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Text(text) => text.expose().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(members) => members
                .iter()
                .map(|(key, node)| (key.clone(), node.to_json()))
                .collect(),
        }
    }
}

/// A list or map that is not complete yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<String>,
}

/// The one document of a text; `None` if there is none.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let mut tree = Tree::default();
    let options = granit_parser::options! { emit_comments: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| Fault {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            what: error.info(),
        })?;
        tree.take(event, span).map_err(|what| Fault {
            line: span.start.line(),
            column: span.start.col() + 1,
            what,
        })?;
    }
    Ok(tree.root)
}

#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err("a second document begins here: one file holds one".into());
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let null = style == ScalarStyle::Plain
                    && tag.is_none()
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = match null {
                    true => Value::Null,
                    false => Value::Text(Secret::new(text.into_owned())),
                };
                self.put(Node::at(span, value), anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                self.begin(span, Value::List(Vec::new()), anchor)?
            }
            Event::MappingStart(_, anchor, _) => {
                self.begin(span, Value::Map(Vec::new()), anchor)?
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut done) = self.open.pop() {
                    merge(&mut done.node)?;
                    self.put(done.node, done.anchor)?;
                }
            }
            Event::Alias(id) => {
                let node = self.anchors.get(&id).cloned();
                let node = node.ok_or("an alias stands inside of what it names")?;
                self.nodes += node.count();
                self.put(node, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, span: Span, value: Value, anchor: usize) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!(
                "more than {MAX_DEPTH} lists and maps inside each other"
            ));
        }
        self.open.push(Open {
            node: Node::at(span, value),
            anchor,
            key: None,
        });
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} values"));
        }
        if anchor > 0 {
            self.nodes += node.count();
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::List(items) => items.push(node),
            Value::Map(members) => match open.key.take() {
                Some(key) => members.push((key, node)),
                None => match node.value {
                    Value::Text(text) => open.key = Some(text.expose().to_owned()),
                    Value::Null => open.key = Some(String::new()),
                    _ => return Err("a list or map cannot be a key".into()),
                },
            },
            _ => {}
        }
        Ok(())
    }
}

/// `<<: *other`: members of the other map where this one has none.
fn merge(node: &mut Node) -> Result<(), String> {
    let Value::Map(members) = &mut node.value else {
        return Ok(());
    };
    while let Some(at) = members.iter().position(|(key, _)| key == "<<") {
        let (_, from) = members.remove(at);
        let maps = match from.value {
            Value::List(items) => items,
            _ => vec![from],
        };
        for map in maps {
            let Value::Map(inherited) = map.value else {
                return Err("`<<` takes a map or a list of maps".into());
            };
            for (key, value) in inherited {
                if !members.iter().any(|(own, _)| *own == key) {
                    members.push((key, value));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        parse(text).unwrap().unwrap().to_json().to_string()
    }

    #[test]
    fn trees_keep_places_and_texts() {
        let root = parse("okta:\n  client:\n    token: 0012\n    port: null\n")
            .unwrap()
            .unwrap();
        let Value::Map(okta) = &root.value else {
            panic!()
        };
        let Value::Map(client) = &okta[0].1.value else {
            panic!()
        };
        let Value::Map(settings) = &client[0].1.value else {
            panic!()
        };
        assert_eq!((settings[0].1.line, settings[0].1.column), (3, 12));
        assert!(!settings[0].1.is_absent() && settings[1].1.is_absent());
        assert_eq!(
            json("{'kty': 'RSA', n: 0012, list: [a, null]}"),
            r#"{"kty":"RSA","list":["a",null],"n":"0012"}"#
        );
    }

    #[test]
    fn anchors_and_merges_are_followed_within_limits() {
        assert_eq!(
            json("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  x: 3\n"),
            r#"{"a":{"x":"1","y":"2"},"b":{"x":"3","y":"2"}}"#
        );
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..9 {
            let last = level - 1;
            bomb += &format!(
                "a{level}: &a{level} [{}]\n",
                [format!("*a{last}").as_str(); 10].join(",")
            );
        }
        assert!(parse(&bomb).unwrap_err().what.contains("100000"));
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert!(parse("a: &a [*a]").is_err());
    }

    #[test]
    fn faults_name_their_place() {
        for (text, line) in [
            ("a: b\n  c: d\n", 2),
            ("a: [b\n", 1),
            ("a: *x\n", 1),
            ("---\na\n---\nb\n", 3),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.line, line, "{text}: {fault}");
        }
        assert!(parse("").unwrap().is_none());
    }
}
