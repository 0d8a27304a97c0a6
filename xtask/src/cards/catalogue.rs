//! `catalogue.jsonl`: what `okta_workflows::catalogue()` reads.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

use super::facts::{Card, Connector, Field};
use super::{paths, rust_name};
use crate::facts::Api;

/// A connector or a card a line; absent members are null, false or empty.
pub(super) fn text(connectors: &[Connector], management: &Api) -> Result<String> {
    let mut text = String::new();
    for connector in connectors {
        let mut head = serde_json::to_value(&connector.head)?;
        head["is"] = "connector".into();
        writeln!(text, "{head}")?;
        for card in &connector.cards {
            writeln!(text, "{}", line(connector, card, management)?)?;
        }
    }
    Ok(text)
}

fn line(connector: &Connector, card: &Card, management: &Api) -> Result<Value> {
    let mut line = serde_json::to_value(card)?;
    line["is"] = "card".into();
    line["rust_name"] = rust_name(&connector.head.key, card).into();
    line["executable"] = true.into();
    let mut put = |key: &str, list: Vec<Value>| {
        if !list.is_empty() {
            line[key] = list.into();
        }
    };
    put("event_types", values(&card.event_types)?);
    let mut calls = Vec::new();
    for call in &card.calls {
        let mut value = serde_json::to_value(call)?;
        if let Some(when) = &call.when {
            value["when"] = conditions(when, card)?;
        }
        calls.push(value);
    }
    put("calls", calls);
    for (key, list) in ["options", "inputs", "outputs"]
        .into_iter()
        .zip(card.lists())
    {
        let list: Result<Vec<Value>> = list.iter().map(|f| field(f, card, management)).collect();
        put(key, list?);
    }
    Ok(line)
}

fn values<T: serde::Serialize>(list: &[T]) -> Result<Vec<Value>> {
    Ok(list
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()?)
}

fn field(field: &Field, card: &Card, management: &Api) -> Result<Value> {
    let Value::Object(facts) = serde_json::to_value(field)? else {
        bail!("a field is an object");
    };
    let mut line: Map<String, Value> = facts
        .into_iter()
        .filter(|(key, _)| !matches!(key.as_str(), "in" | "depth" | "path" | "envelope"))
        .collect();
    if let Some(when) = &field.when {
        line.insert("when".to_owned(), conditions(when, card)?);
    }
    if is_secret(field) {
        line.insert("secret".to_owned(), true.into());
    }
    let place = match (&field.path, &field.envelope) {
        (Some(path), _) => Some(("log_event", path, paths::in_log_event(path, management)?)),
        (None, Some(path)) => Some(("delivery", path, paths::in_envelope(path)?)),
        (None, None) => None,
    };
    if let Some((from, path, place)) = place {
        line.insert(
            "place".to_owned(),
            json!({"from": from, "path": path, "confirmed": place.confirmed}),
        );
    }
    if !field.children.is_empty() {
        let children: Result<Vec<Value>> = field
            .children
            .iter()
            .map(|child| self::field(child, card, management))
            .collect();
        line.insert("children".to_owned(), children?.into());
    }
    Ok(line.into())
}

/// Whether the input holds a secret.
pub(super) fn is_secret(field: &Field) -> bool {
    field.list_name == "inputs"
        && field.ty == "text"
        && matches!(field.key.as_str(), "password" | "answer")
}

/// Alternatives of `Option = Choice` and `Option != Choice`.
fn conditions(when: &str, card: &Card) -> Result<Value> {
    let mut list = Vec::new();
    for one in when.split(" | ") {
        let (option, equals, choice) = match (one.split_once(" != "), one.split_once(" = ")) {
            (Some((option, choice)), _) => (option, false, choice),
            (None, Some((option, choice))) => (option, true, choice),
            (None, None) => bail!("{}: `{one}` is no condition", card.slug),
        };
        let Some(found) = card.options.iter().find(|field| field.name == option) else {
            bail!("{}: `{one}` names no option", card.slug);
        };
        list.push(json!({"option": found.key, "equals": equals, "choice": choice}));
    }
    Ok(list.into())
}
