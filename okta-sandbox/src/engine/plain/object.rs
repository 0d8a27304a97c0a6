//! How objects look: their key, stamps, status and links.

use serde_json::{Map, Value, json};

use super::{names, plan};
use crate::call::Call;
use crate::clock;
use crate::json::text;
use crate::schema::{self, Kind, Maker, Schema, Type};

/// Who calls.
pub(super) fn caller(call: &Call<'_>) -> String {
    call.caller().to_owned()
}

/// The present in the form of the API's dates.
pub(super) fn now(call: &Call<'_>) -> String {
    let now = call.org.clock.now();
    match call.operation.api {
        "governance" => clock::seconds(now),
        _ => clock::zero_millis(now),
    }
}

/// A maker of missing members for this call.
pub(super) fn maker<'m>(call: &'m mut Call<'_>, full: bool) -> Maker<'m> {
    let (now, base, org) = (now(call), call.base().to_owned(), call.org.id.clone());
    Maker {
        api: call.operation.api,
        dice: &mut call.org.dice,
        now,
        base,
        org,
        full,
    }
}

/// The object schema of a type, the tagged alternative of a value.
pub(super) fn schema_of(api: &str, ty: Option<&Type>, value: &Value) -> Option<&'static Schema> {
    let found = schema::object(api, ty?)?;
    Some(schema::variant(api, found, value))
}

/// The member that addresses objects of a collection.
pub(super) fn key<'k>(schema: Option<&'static Schema>, parameter: Option<&'k str>) -> &'k str {
    let has = |name: &str| schema.is_some_and(|s| s.members.contains_key(name));
    match parameter {
        _ if has("id") => "id",
        Some(name) if has(name) => name,
        Some("keyId") if has("kid") => "kid",
        Some("templateName" | "featureName" | "appName") if has("name") => "name",
        _ => "id",
    }
}

/// Sets the members that tell who changed the object when.
pub(super) fn stamp(call: &Call<'_>, schema: Option<&Schema>, object: &mut Value, fresh: bool) {
    let Some(schema) = schema else { return };
    let (now, who) = (now(call), caller(call));
    for (name, member) in &schema.members {
        let lower = name.to_lowercase();
        let made = lower.starts_with("created");
        let changed = ["lastupdate", "lastmodified", "updated", "modified"]
            .iter()
            .any(|start| lower.starts_with(start));
        if !(made && fresh || changed) {
            continue;
        }
        match schema::resolve(call.operation.api, &member.ty) {
            Type::Text(_) if lower.ends_with("by") => object[name] = json!(who),
            Type::Text(_) => object[name] = json!(now),
            Type::Integer => object[name] = json!(call.org.clock.now().as_millisecond()),
            _ => {}
        }
    }
}

/// The statuses that an object may have.
pub(super) fn statuses(api: &str, schema: Option<&Schema>) -> Vec<String> {
    let member = schema.and_then(|s| s.members.get("status"));
    let ty = member.map(|member| schema::resolve(api, &member.ty));
    match ty {
        Some(Type::Named(name)) => match schema::schema(api, &name) {
            Some(found) if found.kind == Kind::Enum => found.values.clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The status of a new object.
pub(super) fn begin(api: &str, collection: &str, schema: Option<&Schema>, object: &mut Value) {
    let known = statuses(api, schema);
    let Some(first) = known.first() else { return };
    let writable = schema.is_some_and(|s| !s.members["status"].read_only);
    if writable && known.iter().any(|s| s == text(object, "/status")) {
        return;
    }
    let wanted = names::first_status(collection).filter(|s| known.iter().any(|k| k == s));
    let active = known.iter().find(|s| *s == "ACTIVE").map(String::as_str);
    object["status"] = json!(wanted.or(active).unwrap_or(first));
}

/// What a verb makes of the status.
pub(super) fn after(verb: &str, known: &[String]) -> Option<String> {
    let candidates: &[&str] = match verb {
        "activate" | "unsuspend" | "enable" => &["ACTIVE", "ENABLED"],
        "deactivate" | "disable" => &["INACTIVE", "DISABLED", "DEACTIVATED"],
        "suspend" => &["SUSPENDED"],
        "pause" => &["PAUSED"],
        "resume" | "retry" => &["IN_PROGRESS", "SCHEDULED"],
        "stop" | "cancel" => &["CANCELLED", "CANCELED", "FAILED"],
        "verify" => &["VERIFIED", "COMPLETED"],
        "start-import" => &["TRIGGERED", "IN_PROGRESS"],
        _ => &[],
    };
    let found = candidates.iter().find(|c| known.iter().any(|k| k == *c));
    found.map(|status| (*status).to_owned())
}

/// The links of an object: those that its schema lists and that lead somewhere.
pub(super) fn links(
    call: &Call<'_>,
    schema: Option<&'static Schema>,
    template: &str,
    own: &str,
    object: &Value,
) -> Option<Value> {
    let api = call.operation.api;
    let member = schema?.members.get("_links")?;
    let listed = schema::object(api, &member.ty)?;
    let mut links = Map::new();
    for (name, link) in &listed.members {
        let target = match name.as_str() {
            "self" => Some((template.to_owned(), own.to_owned())),
            _ => ["", "/lifecycle"].iter().find_map(|between| {
                let path = format!("{template}{between}/{name}");
                let there = !plan::methods(&path).is_empty();
                there.then(|| (path, format!("{own}{between}/{name}")))
            }),
        };
        let active = text(object, "/status") == "ACTIVE";
        let due = match name.as_str() {
            "activate" => !active,
            "deactivate" => active,
            _ => true,
        };
        let (path, href) = match target {
            Some(target) if due => target,
            None if link.needed => (template.to_owned(), format!("{own}/{name}")),
            _ => continue,
        };
        let shape = schema::object(api, &link.ty);
        let mut made = json!({ "href": href });
        if shape.is_none_or(|s| s.members.contains_key("hints")) && api != "governance" {
            let mut allow = plan::methods(&path);
            allow.sort_unstable();
            made["hints"] = json!({ "allow": allow });
        }
        links.insert(name.clone(), made);
    }
    Some(Value::Object(links))
}
