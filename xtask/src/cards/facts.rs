//! The committed facts about connector cards: `api/cards-*.jsonl`.
//!
//! One thing a line, without prose: a connector, then its cards by kind and slug, each followed by its System Log
//! event types, its calls and its fields (in the card's own order; `depth` tells children from siblings).

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}

/// A connector with its cards.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Connector {
    pub(crate) head: Head,
    /// By kind and slug.
    pub(crate) cards: Vec<Card>,
}

/// What is known about the connector itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) key: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
    pub(crate) channel_confidence: String,
    pub(crate) auth: Auth,
    pub(crate) default_scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) other_scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<String>,
}

/// How a connection of the connector is authorized.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) fields: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) environments: Vec<Environment>,
    pub(crate) endpoints: Endpoints,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Environment {
    pub(crate) name: String,
    pub(crate) base_url: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Endpoints {
    pub(crate) authorize: String,
    pub(crate) token: String,
    pub(crate) revoke: String,
}

/// A card without its lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Card {
    pub(crate) kind: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    pub(crate) existence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trigger: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) streaming: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) multiple_calls: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) dynamic_schema: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replacement: Option<String>,
    pub(crate) confidence: Confidence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doc_url: Option<String>,
    #[serde(skip)]
    pub(crate) event_types: Vec<EventType>,
    #[serde(skip)]
    pub(crate) calls: Vec<Call>,
    #[serde(skip)]
    pub(crate) options: Vec<Field>,
    #[serde(skip)]
    pub(crate) inputs: Vec<Field>,
    #[serde(skip)]
    pub(crate) outputs: Vec<Field>,
}

/// How sure the facts of a card are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confidence {
    pub(crate) fields: String,
    pub(crate) inputs: String,
    pub(crate) outputs: String,
    pub(crate) api: String,
    pub(crate) event_types: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_event_paths: Option<String>,
}

/// A System Log event type that fires the card, and what the event catalogue says about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventType {
    pub(crate) event_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) target_types: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) debug_data_type: Option<String>,
}

/// An API call of the card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<String>,
    pub(crate) role: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) paged: bool,
    /// Query parameter → `input X` or `option X`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) query: Map<String, Value>,
    /// Body member → `input X` or `option X`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) body: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) constant: Map<String, Value>,
}

/// An option, input or output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// `options`, `inputs` or `outputs`.
    #[serde(rename = "in")]
    pub(crate) list_name: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) depth: usize,
    pub(crate) key: String,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) list: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<Choice>,
    /// Where further choices or generated fields come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wire_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) documented_type: Option<String>,
    /// Path in the log event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// Path in the delivery around the log event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) envelope: Option<String>,
    #[serde(skip)]
    pub(crate) children: Vec<Field>,
}

/// A fixed choice of a dropdown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    Connector(Head),
    Card(Box<Card>),
    EventType(EventType),
    Call(Call),
    Field(Box<Field>),
}

impl Card {
    /// The three lists of fields.
    pub(crate) fn lists(&self) -> [&[Field]; 3] {
        [&self.options, &self.inputs, &self.outputs]
    }

    /// operationIds of the calls that do the work, each once.
    pub(crate) fn operations(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for call in self.calls.iter().filter(|call| call.role == "primary") {
            if !found.contains(&call.operation.as_str()) {
                found.push(&call.operation);
            }
        }
        found
    }

    /// Adds a field; an error if the card has it already.
    pub(crate) fn add(&mut self, field: Field) -> Result<()> {
        let Some(list) = self.list_mut(&field.list_name) else {
            bail!("no list `{}`", field.list_name);
        };
        if list
            .iter()
            .any(|one| one.key == field.key && one.group == field.group)
        {
            bail!("the card has `{}` already; take the line out", field.name);
        }
        list.push(field);
        Ok(())
    }

    /// Adds a call, in the place of the one with this path if one is given.
    pub(crate) fn add_call(&mut self, call: Call, replaces: Option<&str>) -> Result<()> {
        let same = |one: &Call| one.method == call.method && one.path == call.path;
        if self.calls.iter().any(same) {
            bail!(
                "the card has `{} {}` already; take the line out",
                call.method,
                call.path
            );
        }
        match replaces {
            None => self.calls.push(call),
            Some(path) => match self.calls.iter_mut().find(|one| one.path == path) {
                Some(one) => *one = call,
                None => bail!("the card has no call of `{path}`"),
            },
        }
        Ok(())
    }

    fn list_mut(&mut self, name: &str) -> Option<&mut Vec<Field>> {
        match name {
            "options" => Some(&mut self.options),
            "inputs" => Some(&mut self.inputs),
            "outputs" => Some(&mut self.outputs),
            _ => None,
        }
    }
}

impl Connector {
    /// The facts file's text.
    pub(crate) fn to_text(&self) -> Result<String> {
        let mut lines = vec![Line::Connector(self.head.clone())];
        for card in &self.cards {
            lines.push(Line::Card(Box::new(card.clone())));
            lines.extend(card.event_types.iter().cloned().map(Line::EventType));
            lines.extend(card.calls.iter().cloned().map(Line::Call));
            for fields in card.lists() {
                push_fields(&mut lines, fields);
            }
        }
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{}", serde_json::to_string(&line)?)?;
        }
        Ok(text)
    }

    /// Reads a facts file's text; `name` is for error messages.
    pub(crate) fn from_text(text: &str, name: &str) -> Result<Self> {
        let mut connector = Self::default();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{name}:{}", number + 1);
            let line: Line = serde_json::from_str(line).with_context(place)?;
            if let Line::Connector(head) = line {
                connector.head = head;
                continue;
            }
            if let Line::Card(card) = line {
                connector.cards.push(*card);
                continue;
            }
            let Some(card) = connector.cards.last_mut() else {
                bail!("{}: the line belongs to no card", place());
            };
            match line {
                Line::EventType(found) => card.event_types.push(found),
                Line::Call(call) => card.calls.push(call),
                Line::Field(field) => {
                    let Some(list) = card.list_mut(&field.list_name) else {
                        bail!("{}: no list `{}`", place(), field.list_name);
                    };
                    let Some(siblings) = siblings(list, field.depth) else {
                        bail!("{}: a child must follow its parent", place());
                    };
                    siblings.push(*field);
                }
                Line::Connector(_) | Line::Card(_) => {}
            }
        }
        Ok(connector)
    }

    /// Reads a facts file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read api/{name}; run `cargo xtask import` first"))?;
        Self::from_text(&text, &format!("api/{name}"))
    }
}

fn push_fields(lines: &mut Vec<Line>, fields: &[Field]) {
    for field in fields {
        lines.push(Line::Field(Box::new(field.clone())));
        push_fields(lines, &field.children);
    }
}

/// The list that a field of this depth belongs to.
fn siblings(list: &mut Vec<Field>, depth: usize) -> Option<&mut Vec<Field>> {
    let mut list = list;
    for _ in 0..depth {
        list = &mut list.last_mut()?.children;
    }
    Some(list)
}
