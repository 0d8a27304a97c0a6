//! Published card facts → `api/cards-*.jsonl`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::facts::{
    Auth, Call, Card, Choice, Confidence, Connector, Endpoints, Environment, EventType, Field, Head,
};
use super::{CONNECTORS, facts_file};
use crate::workspace;

/// Writes the facts of all connectors.
pub(crate) fn run(shared: &Path) -> Result<()> {
    for name in CONNECTORS {
        let path = shared.join("facts/cards").join(format!("{name}.json"));
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let document: Value =
            serde_json::from_slice(&bytes).with_context(|| path.display().to_string())?;
        let connector = connector(&document);
        println!("{name}: {} cards", connector.cards.len());
        workspace::write(&workspace::api(&facts_file(name)), &connector.to_text()?)?;
    }
    Ok(())
}

fn connector(document: &Value) -> Connector {
    let head = &document["connector"];
    let auth = &head["auth"];
    let mut cards: Vec<Card> = items(&document["events"])
        .chain(items(&document["actions"]))
        .map(card)
        .collect();
    cards.sort_by(|a, b| (&a.kind, &a.slug).cmp(&(&b.kind, &b.slug)));
    Connector {
        head: Head {
            key: text(&head["key"]),
            name: text(&head["name"]),
            channel: optional(&head["channel_key"]),
            channel_confidence: text(&head["channel_key_confidence"]),
            auth: Auth {
                kind: text(&auth["type"]),
                fields: texts(&auth["fields"]),
                environments: items(&auth["environments"])
                    .map(|one| Environment {
                        name: text(&one["name"]),
                        base_url: text(&one["base_url"]),
                    })
                    .collect(),
                endpoints: Endpoints {
                    authorize: text(&auth["endpoints"]["authorize"]),
                    token: text(&auth["endpoints"]["token"]),
                    revoke: text(&auth["endpoints"]["revoke"]),
                },
                scopes: texts(&auth["scopes"]),
            },
            default_scopes: texts(&head["default_scopes"]),
            other_scopes: texts(&head["other_scopes"]),
            versions: texts(&head["versions_seen"]),
        },
        cards,
    }
}

fn card(card: &Value) -> Card {
    let confidence = &card["confidence"];
    let fields = |list: &str| {
        items(&card[list])
            .map(|one| field(one, list, 0))
            .collect::<Vec<_>>()
    };
    Card {
        kind: text(&card["kind"]),
        slug: text(&card["slug"]),
        name: text(&card["name"]),
        method: optional(&card["workflows_method"]),
        existence: text(&card["existence"]),
        trigger: optional(&card["trigger"]),
        scopes: texts(&card["required_scopes"]),
        streaming: card["streaming"] == true,
        multiple_calls: card["multiple_calls"] == true,
        dynamic_schema: card["dynamic_schema"] == true,
        deprecated: card["deprecated"] == true,
        replacement: optional(&card["replacement"]),
        confidence: Confidence {
            fields: text(&confidence["fields"]),
            inputs: text(&confidence["inputs"]),
            outputs: text(&confidence["outputs"]),
            api: text(&confidence["api"]),
            event_types: text(&confidence["event_types"]),
            log_event_paths: optional(&confidence["log_event_paths"]),
        },
        doc_url: optional(&card["doc_url"]).filter(|_| card["doc_url_confirmed"] == true),
        event_types: event_types(card),
        calls: items(&card["api"]).map(call).collect(),
        options: fields("options"),
        inputs: fields("inputs"),
        outputs: fields("outputs"),
    }
}

/// The card's event types, with the catalogue's entry where there is one.
fn event_types(card: &Value) -> Vec<EventType> {
    texts(&card["system_log_event_types"])
        .into_iter()
        .map(|event_type| {
            let entry = items(&card["event_catalogue"])
                .find(|entry| entry["event_type"] == event_type.as_str());
            EventType {
                target_types: entry
                    .map(|entry| texts(&entry["target_types"]))
                    .unwrap_or_default(),
                debug_data_type: entry.and_then(|entry| optional(&entry["debug_data_type"])),
                event_type,
            }
        })
        .collect()
}

fn call(call: &Value) -> Call {
    Call {
        operation: text(&call["operation_id"]),
        method: text(&call["method"]),
        path: text(&call["path"]),
        api: optional(&call["spec"]),
        role: text(&call["role"]),
        scopes: texts(&call["scopes"]),
        when: optional(&call["when"]),
        paged: call["paginated"] == true,
        query: sources(&call["query"]),
        body: sources(&call["body"]),
        constant: call["body_const"].as_object().cloned().unwrap_or_default(),
    }
}

/// The entries that name a field; the others are prose.
fn sources(map: &Value) -> Map<String, Value> {
    map.as_object()
        .into_iter()
        .flatten()
        .filter(|(_, source)| {
            let source = source.as_str().unwrap_or_default();
            source.starts_with("input ") || source.starts_with("option ")
        })
        .map(|(name, source)| (name.clone(), source.clone()))
        .collect()
}

fn field(field: &Value, list: &str, depth: usize) -> Field {
    let name = text(&field["name"]);
    Field {
        list_name: list.to_owned(),
        depth,
        key: text(&field["key"]),
        group: optional(&field["group"]),
        ty: text(&field["type"]),
        list: field["list"] == true,
        required: field["required"] == true,
        choices: items(&field["allowed"])
            .map(|choice| Choice {
                value: text(&choice["value"]),
                label: optional(&choice["label"]).filter(|_| choice["label"] != choice["value"]),
            })
            .collect(),
        source: optional(&field["value_source"]).map(|words| source(&words)),
        default: Some(field["default"].clone()).filter(|value| !value.is_null()),
        when: optional(&field["when"]),
        wire_key: optional(&field["wire_key"]).filter(|key| *key != name),
        documented_type: optional(&field["documented_type"]),
        path: optional(&field["log_event_path"]),
        envelope: optional(&field["envelope_path"]),
        children: items(&field["children"])
            .map(|child| self::field(child, list, depth + 1))
            .collect(),
        name,
    }
}

/// Where choices come from, as one word.
fn source(words: &str) -> String {
    let words = words.split(',').next().unwrap_or_default();
    let mut out = String::new();
    for c in words.chars() {
        if c.is_ascii_uppercase() && out.ends_with(|c: char| c.is_ascii_lowercase()) {
            out.push('_');
        }
        match c {
            c if c.is_ascii_alphanumeric() => out.push(c.to_ascii_lowercase()),
            _ if !out.ends_with('_') => out.push('_'),
            _ => {}
        }
    }
    let words: Vec<&str> = out
        .split('_')
        .filter(|word| !matches!(*word, "of" | "the" | "get" | ""))
        .collect();
    words.join("_")
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn optional(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn texts(list: &Value) -> Vec<String> {
    items(list).map(text).collect()
}
