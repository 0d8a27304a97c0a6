//! From an answer's JSON to the outputs that a card shows.
//!
//! The rule: an output's key in camel case is the answer's member, on the top level or in `profile`; a key that begins
//! with `raw_` is the whole answer, `links` is `_links`, and a dynamic field is the `profile`. What a card names
//! differently stands in a list of aliases: key and JSON pointer (RFC 6901).

use crate::card::types::{Object, Value};
use crate::catalogue::{CardInfo, FieldInfo, FieldKind};

/// Keys and where their values stand.
pub(crate) type Aliases<'a> = &'a [(&'a str, &'a str)];

/// The outputs that show under the options, filled from an answer.
pub(crate) fn outputs(
    card: &CardInfo,
    options: &Object,
    body: &Value,
    aliases: Aliases<'_>,
) -> Object {
    let mut outputs = Object::new();
    for field in &card.outputs {
        if CardInfo::shows(&field.when, options)
            && let Some(value) = value(field, body, aliases)
        {
            put(&mut outputs, field, value);
        }
    }
    outputs
}

/// Puts a value at its field's place.
pub(crate) fn put(outputs: &mut Object, field: &FieldInfo, value: Value) {
    match field.group_key() {
        None => {
            outputs.insert(field.key.clone(), value);
        }
        Some(group) => {
            let group = outputs.entry(group).or_insert_with(|| Object::new().into());
            if let Some(group) = group.as_object_mut() {
                group.insert(field.key.clone(), value);
            }
        }
    }
}

/// The fields of one object.
pub(crate) fn object(fields: &[FieldInfo], body: &Value, aliases: Aliases<'_>) -> Object {
    fields
        .iter()
        .filter_map(|field| Some((field.key.clone(), value(field, body, aliases)?)))
        .collect()
}

fn value(field: &FieldInfo, body: &Value, aliases: Aliases<'_>) -> Option<Value> {
    let key = field.key.as_str();
    if key.starts_with("raw_") {
        return Some(body.clone());
    }
    if key.ends_with("_properties") && !field.children.is_empty() {
        return Some(object(&field.children, body, aliases).into());
    }
    let found = match aliases.iter().find(|alias| alias.0 == key) {
        Some((_, pointer)) => body.pointer(pointer),
        None => find(field, body),
    };
    let found = found.filter(|value| !value.is_null())?;
    Some(shaped(field, found, aliases))
}

fn find<'a>(field: &FieldInfo, body: &'a Value) -> Option<&'a Value> {
    if field.kind == FieldKind::Dynamic {
        return Some(&body["profile"]);
    }
    let camel = match field.key.as_str() {
        "links" => "_links".to_owned(),
        key => camel(key),
    };
    body.get(&camel)
        .or_else(|| body.get(&field.key))
        .or_else(|| body.get("profile")?.get(&camel))
        .or_else(|| match field.key.as_str() {
            "user_id" => body.get("id"),
            "username" => body.get("userName"),
            _ => None,
        })
}

/// The value as the field's kind shows it.
fn shaped(field: &FieldInfo, value: &Value, aliases: Aliases<'_>) -> Value {
    match (field.kind, value) {
        (_, Value::Array(list)) if field.list && !field.children.is_empty() => list
            .iter()
            .map(|one| Value::from(object(&field.children, one, aliases)))
            .collect(),
        (FieldKind::Object, Value::Object(_)) if !field.children.is_empty() => {
            object(&field.children, value, aliases).into()
        }
        // Okta shows by an empty object that there is a password.
        (FieldKind::Boolean, Value::Object(_)) => true.into(),
        (FieldKind::Text, Value::Object(_)) if !field.list => value.to_string().into(),
        _ => value.clone(),
    }
}

/// `last_updated` → `lastUpdated`.
pub(crate) fn camel(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    for (number, word) in key.split('_').enumerate() {
        let mut chars = word.chars();
        match chars.next() {
            Some(first) if number > 0 => {
                out.push(first.to_ascii_uppercase());
                out.push_str(chars.as_str());
            }
            _ => out.push_str(word),
        }
    }
    out
}
