//! JSON Schema of a card's call.

use serde_json::json;

use crate::card::types::{Object, Value};
use crate::catalogue::{CardInfo, Condition, FieldInfo, FieldKind};

/// Options and inputs of a card.
pub(crate) fn call(card: &CardInfo) -> Value {
    let mut root = Object::new();
    root.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    root.insert("title".to_owned(), card.name.as_str().into());
    let parts = [
        ("options", fields(&card.options, false)),
        ("inputs", fields(&card.inputs, true)),
    ];
    root.extend(object(
        parts
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value, false)),
        false,
    ));
    let rules: Vec<Value> = card
        .options
        .iter()
        .chain(&card.inputs)
        .filter_map(|field| rule(card, field))
        .collect();
    if !rules.is_empty() {
        root.insert("allOf".to_owned(), rules.into());
    }
    root.into()
}

/// What the choice of an option means for a field that shows with some choices only: where it shows, it may be
/// required; where it does not, it must be empty.
fn rule(card: &CardInfo, field: &FieldInfo) -> Option<Value> {
    if field.when.is_empty() {
        return None;
    }
    let shows: Vec<Value> = field.when.iter().map(|one| condition(card, one)).collect();
    let mut rule = Object::new();
    rule.insert("if".to_owned(), json!({"anyOf": shows}));
    // Numbered fields have names of their own, and whole calls may be added below generated ones.
    if field.required && !field.key.ends_with("_n") && field.default.is_none() {
        rule.insert(
            "then".to_owned(),
            at(card, field, &json!({"required": [field.key]})),
        );
    }
    let empty = json!({"properties": {&field.key: {"enum": ["", null]}}});
    rule.insert("else".to_owned(), inside(card, field, empty));
    Some(rule.into())
}

/// An option has the choice, in any spelling that a call may use.
fn condition(card: &CardInfo, condition: &Condition) -> Value {
    let option = card.options.iter().find(|one| one.key == condition.option);
    let choice = option.and_then(|option| {
        option
            .choices
            .iter()
            .find(|one| one.value == condition.choice)
    });
    let mut spellings: Vec<Value> = vec![condition.choice.as_str().into()];
    spellings.extend(
        choice
            .and_then(|choice| choice.label.as_deref())
            .map(Value::from),
    );
    match condition.choice.as_str() {
        "Yes" => spellings.push(true.into()),
        "No" => spellings.push(false.into()),
        _ => {}
    }
    // Without a choice the default counts.
    let by_default = option.and_then(|option| option.default.as_ref())
        == Some(&condition.choice.as_str().into());
    let mut options = json!({"properties": {&condition.option: {"enum": spellings}}});
    let mut schema = json!({});
    if !by_default {
        options["required"] = json!([condition.option]);
        schema["required"] = json!(["options"]);
    }
    schema["properties"] = json!({"options": options});
    match condition.equals {
        true => schema,
        false => json!({"not": schema}),
    }
}

/// A schema of the object that holds a field, seen from the call, which must have that object.
fn at(card: &CardInfo, field: &FieldInfo, schema: &Value) -> Value {
    let (part, group) = place(card, field);
    match group {
        Some(group) => {
            json!({"required": [part], "properties": {part: {"required": [&group], "properties": {&group: schema}}}})
        }
        None => json!({"required": [part], "properties": {part: schema}}),
    }
}

/// The same, where the object need not be there.
fn inside(card: &CardInfo, field: &FieldInfo, schema: Value) -> Value {
    let (part, group) = place(card, field);
    match group {
        Some(group) => json!({"properties": {part: {"properties": {group: schema}}}}),
        None => json!({"properties": {part: schema}}),
    }
}

fn place(card: &CardInfo, field: &FieldInfo) -> (&'static str, Option<String>) {
    match card.options.iter().any(|one| std::ptr::eq(one, field)) {
        true => ("options", None),
        false => ("inputs", field.group_key()),
    }
}

/// What a poll of an event card takes.
#[cfg(feature = "serve")]
pub(crate) fn poll(card: &CardInfo) -> Value {
    let options = fields(&card.options, false);
    let needs: &[&str] = match options["required"].is_array() {
        true => &["options"],
        false => &[],
    };
    json!({"type": "object", "additionalProperties": false, "required": needs, "properties": {"options": options, "cursor": {}}})
}

/// Outputs of a card.
#[cfg(feature = "serve")]
pub(crate) fn outputs(card: &CardInfo) -> Value {
    fields(&card.outputs, true)
}

fn fields(fields: &[FieldInfo], grouped: bool) -> Value {
    let mut members: Vec<(String, Value, bool)> = Vec::new();
    let mut groups: Vec<String> = Vec::new();
    for field in fields {
        match field.group_key().filter(|_| grouped) {
            None => members.push((
                field.key.clone(),
                one(field),
                field.required && field.when.is_empty(),
            )),
            Some(group) if groups.contains(&group) => {}
            Some(group) => {
                let inside: Vec<&FieldInfo> = fields
                    .iter()
                    .filter(|field| field.group_key().as_ref() == Some(&group))
                    .collect();
                let open = inside
                    .iter()
                    .any(|field| field.kind == FieldKind::Dynamic || field.key.ends_with("_n"));
                let required = inside
                    .iter()
                    .any(|field| field.required && field.when.is_empty());
                let inner = inside.iter().map(|field| {
                    let required =
                        field.required && field.when.is_empty() && !field.key.ends_with("_n");
                    (field.key.clone(), one(field), required)
                });
                members.push((group.clone(), object(inner, open).into(), required));
                groups.push(group);
            }
        }
    }
    object(members.into_iter(), false).into()
}

fn object(members: impl Iterator<Item = (String, Value, bool)>, open: bool) -> Object {
    let mut properties = Object::new();
    let mut required: Vec<Value> = Vec::new();
    for (key, schema, needed) in members {
        if needed {
            required.push(key.as_str().into());
        }
        properties.insert(key, schema);
    }
    let mut schema = Object::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("additionalProperties".to_owned(), open.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn one(field: &FieldInfo) -> Value {
    let mut schema = match field.kind {
        FieldKind::Text => typed(&["string", "number", "boolean"]),
        FieldKind::Number => typed(&["number", "string"]),
        FieldKind::Boolean => typed(&["boolean", "string"]),
        FieldKind::DateTime => moment(),
        FieldKind::File => {
            let mut schema = typed(&["string", "object"]);
            schema.insert("contentEncoding".to_owned(), "base64".into());
            schema
        }
        FieldKind::Object if field.key == "body" => Object::new(),
        FieldKind::Object | FieldKind::Dynamic if field.children.is_empty() => {
            typed(&["object", "string"])
        }
        FieldKind::Object | FieldKind::Dynamic => {
            let children = field
                .children
                .iter()
                .map(|child| (child.key.clone(), one(child), false));
            object(children, true)
        }
        FieldKind::Dropdown => {
            let mut schema = Object::new();
            if !field.choices.is_empty() && field.source.is_none() {
                let mut choices: Vec<Value> = field
                    .choices
                    .iter()
                    .flat_map(|choice| [Some(&choice.value), choice.label.as_ref()])
                    .flatten()
                    .map(|text| text.as_str().into())
                    .collect();
                // True and false name Yes and No.
                if field.choices.iter().any(|choice| choice.value == "Yes") {
                    choices.extend([true.into(), false.into()]);
                }
                schema.insert("enum".to_owned(), choices.into());
            } else {
                schema = typed(&["string", "number"]);
            }
            schema
        }
    };
    schema.insert("title".to_owned(), field.name.as_str().into());
    // An empty text says nothing.
    let needed = field.required && field.when.is_empty() && field.default.is_none();
    if needed && !field.list && field.kind == FieldKind::Text {
        schema.insert("minLength".to_owned(), 1.into());
    }
    if let Some(default) = &field.default {
        schema.insert("default".to_owned(), default.clone());
    }
    if field.secret {
        schema.insert("writeOnly".to_owned(), true.into());
    }
    if field.list {
        let mut list = Object::new();
        list.insert("type".to_owned(), "array".into());
        list.insert("items".to_owned(), schema.into());
        // One element may stand for the list.
        let mut either = Object::new();
        either.insert("title".to_owned(), field.name.as_str().into());
        let single = list.get("items").cloned().unwrap_or_default();
        either.insert("anyOf".to_owned(), vec![list.into(), single].into());
        return either.into();
    }
    schema.into()
}

/// A moment, in the forms of the platform: RFC 3339, a date with or without time (UTC), seconds or milliseconds.
fn moment() -> Object {
    let mut schema = Object::new();
    let loose = r"^\s*(-?\d+|\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2}([.,]\d+)?)?)?)?)\s*$";
    let forms = json!([{"type": "string", "format": "date-time"}, {"type": "string", "pattern": loose}, {"type": "integer"}]);
    schema.insert("anyOf".to_owned(), forms);
    schema
}

fn typed(kinds: &[&str]) -> Object {
    let mut schema = Object::new();
    schema.insert("type".to_owned(), kinds.to_vec().into());
    schema
}
