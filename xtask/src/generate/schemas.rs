//! The sandbox's own table of schemas: what its engine validates requests and makes answers with.
//!
//! One thing a line, read lazily at run time: `API TAB NAME TAB JSON` for a schema, with short
//! member names since the file is part of the binary, and `=ID TAB JSON` for an operation.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::plan::Planned;
use crate::facts::{Api, Kind, Limits, Member, Operation, Schema, Type};

/// `okta-sandbox/src/generated/schemas.txt`.
pub(crate) fn table(apis: &[Api], planned: &[Planned]) -> String {
    let mut text = String::new();
    let mut operations: Vec<&Operation> = planned.iter().map(|p| &p.operation).collect();
    operations.sort_by(|a, b| a.id.cmp(&b.id));
    for operation in operations {
        let _ = writeln!(text, "={}\t{}", operation.id, operation_line(operation));
    }
    for api in apis {
        for (name, schema) in &api.schemas {
            let _ = writeln!(text, "{}\t{name}\t{}", api.head.name, schema_line(schema));
        }
    }
    text
}

fn put(into: &mut Map<String, Value>, name: &str, value: Value, wanted: bool) {
    if wanted {
        into.insert(name.to_owned(), value);
    }
}

fn operation_line(operation: &Operation) -> Value {
    let mut line = Map::new();
    if let Some(body) = operation.request.first() {
        line.insert("request".to_owned(), json!(body.ty));
        let plain = body.media == "application/json";
        put(&mut line, "media", json!(body.media), !plain);
        put(&mut line, "body", json!(1), operation.body_required);
    }
    let answer = operation.responses.iter().find(|r| r.status < 400);
    if let Some(ty) = answer.and_then(|answer| answer.ty.as_ref()) {
        line.insert("answer".to_owned(), json!(ty));
    }
    let queries = || {
        operation
            .parameters
            .iter()
            .filter(|p| p.location == "query")
    };
    let needs: Vec<&str> = queries()
        .filter(|p| p.required)
        .map(|p| p.name.as_str())
        .collect();
    put(&mut line, "needs", json!(needs), !needs.is_empty());
    if let Some(limit) = queries().find(|p| p.name == "limit") {
        let limits = &limit.limits;
        put(
            &mut line,
            "page",
            json!(limits.default),
            limits.default.is_some(),
        );
        put(&mut line, "most", json!(limits.max), limits.max.is_some());
    }
    let in_path: BTreeMap<&str, &Type> = operation
        .parameters
        .iter()
        .filter(|p| p.location == "path" && matches!(p.ty, Type::Schema(_)))
        .map(|p| (p.name.as_str(), &p.ty))
        .collect();
    put(&mut line, "path", json!(in_path), !in_path.is_empty());
    Value::Object(line)
}

fn limits_into(line: &mut Map<String, Value>, limits: &Limits) {
    let numbers = [
        ("min", json!(limits.min)),
        ("max", json!(limits.max)),
        ("short", json!(limits.min_length)),
        ("long", json!(limits.max_length)),
        ("few", json!(limits.min_items)),
        ("many", json!(limits.max_items)),
        ("def", json!(limits.default)),
        ("value", json!(limits.value)),
    ];
    for (name, value) in numbers {
        let wanted = !value.is_null();
        put(line, name, value, wanted);
    }
}

fn member_line(member: &Member) -> Value {
    let mut line = Map::new();
    line.insert("t".to_owned(), json!(member.ty));
    put(&mut line, "need", json!(1), member.required);
    put(&mut line, "ro", json!(1), member.read_only);
    put(&mut line, "wo", json!(1), member.write_only);
    put(&mut line, "nil", json!(1), member.nullable);
    limits_into(&mut line, &member.limits);
    if line.len() == 1 {
        return json!(member.ty);
    }
    Value::Object(line)
}

fn schema_line(schema: &Schema) -> Value {
    let mut line = Map::new();
    let kind = match schema.kind {
        Kind::Object => "object",
        Kind::Union => "union",
        Kind::Enum => "enum",
        Kind::Alias => "alias",
    };
    put(&mut line, "k", json!(kind), schema.kind != Kind::Object);
    put(&mut line, "t", json!(schema.ty), schema.ty.is_some());
    put(
        &mut line,
        "values",
        json!(schema.values),
        !schema.values.is_empty(),
    );
    put(
        &mut line,
        "up",
        json!(schema.parents),
        !schema.parents.is_empty(),
    );
    put(
        &mut line,
        "or",
        json!(schema.variants),
        !schema.variants.is_empty(),
    );
    put(
        &mut line,
        "by",
        json!(schema.discriminator),
        schema.discriminator.is_some(),
    );
    put(
        &mut line,
        "map",
        json!(schema.mapping),
        !schema.mapping.is_empty(),
    );
    put(
        &mut line,
        "need",
        json!(schema.requires),
        !schema.requires.is_empty(),
    );
    put(
        &mut line,
        "rest",
        json!(schema.additional),
        schema.additional.is_some(),
    );
    put(&mut line, "open", json!(1), schema.extensible);
    put(&mut line, "nil", json!(1), schema.nullable);
    limits_into(&mut line, &schema.limits);
    let members: BTreeMap<&str, Value> = schema
        .members
        .values()
        .map(|member| (member.name.as_str(), member_line(member)))
        .collect();
    put(&mut line, "m", json!(members), !members.is_empty());
    Value::Object(line)
}
