//! JSON Schema of a card's call.

use crate::card::types::{Object, Value};
use crate::catalogue::{CardInfo, FieldInfo, FieldKind};

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
    root.into()
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
        FieldKind::DateTime => typed(&["string", "number"]),
        FieldKind::File => typed(&["string", "object"]),
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
                schema.insert("type".to_owned(), "string".into());
            }
            schema
        }
    };
    schema.insert("title".to_owned(), field.name.as_str().into());
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

fn typed(kinds: &[&str]) -> Object {
    let mut schema = Object::new();
    schema.insert("type".to_owned(), kinds.to_vec().into());
    schema
}
