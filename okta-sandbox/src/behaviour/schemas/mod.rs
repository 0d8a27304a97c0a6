//! Profile schemas of users, groups and app users, and user types.

mod base;
mod types;

use serde_json::{Value, json};

pub(crate) use base::{app_schema, group_schema, user_schema};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{members, merge, text};
use crate::log::named;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getUserSchema" => get_user_schema,
        "updateUserProfile" => update_user_schema,
        "getGroupSchema" => get_group_schema,
        "updateGroupSchema" => update_group_schema,
        "getApplicationUserSchema" => get_app_schema,
        "updateApplicationUserProfile" => update_app_schema,
        _ => return types::handler(id),
    })
}

/// The schema that a user (or a new user) must fit.
pub(crate) fn user_schema_of<'o>(org: &'o Org, user: Option<&Value>) -> &'o Value {
    let kind = user.map_or(org.user_type.as_str(), |u| text(u, "/type/id"));
    let own = org.schemas.get(&kind.replacen("oty", "osc", 1));
    own.or_else(|| org.schemas.get(&org.user_schema_id()))
        .unwrap_or(&Value::Null)
}

fn attribute<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    ["custom", "base"]
        .iter()
        .find_map(|part| schema["definitions"][*part]["properties"].get(name))
}

/// True if the schema knows the attribute.
pub(crate) fn defines(schema: &Value, name: &str) -> bool {
    attribute(schema, name).is_some()
}

/// The names of required attributes.
pub(crate) fn required(schema: &Value) -> Vec<&str> {
    ["base", "custom"]
        .iter()
        .filter_map(|part| schema["definitions"][*part]["properties"].as_object())
        .flatten()
        .filter(|(_, attribute)| attribute["required"] == true)
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Why a value does not fit its attribute.
pub(crate) fn misfit(schema: &Value, name: &str, value: &Value) -> Option<String> {
    let attribute = attribute(schema, name)?;
    let fits = match (text(attribute, "/type"), value) {
        (_, Value::Null) => true,
        ("string", value) => value.is_string(),
        ("boolean", value) => value.is_boolean(),
        ("integer", value) => value.is_i64() || value.is_u64(),
        ("number", value) => value.is_number(),
        ("array", value) => value.is_array(),
        ("object", value) => value.is_object(),
        _ => true,
    };
    if !fits {
        return Some(format!(
            "{name}: The value is not of type {}",
            text(attribute, "/type")
        ));
    }
    let length = value.as_str()?.chars().count() as u64;
    let limit = |member: &str| attribute.get(member).and_then(Value::as_u64);
    let too_long = limit("maxLength").is_some_and(|max| length > max);
    let too_short = limit("minLength").is_some_and(|min| length < min);
    (too_long || too_short).then(|| format!("{name}: The length of the value is out of bounds"))
}

/// Makes sure that a custom attribute of users exists, with the type of a sample value.
pub(crate) fn ensure_user_attribute(org: &mut Org, name: &str, sample: &Value) {
    let id = org.user_schema_id();
    let Some(schema) = org.schemas.get_mut(&id) else {
        return;
    };
    if defines(schema, name) {
        return;
    }
    let mut attribute = json!({
        "title": name, "type": type_of(sample), "mutability": "READ_WRITE", "scope": "NONE",
        "permissions": [{ "principal": "SELF", "action": "READ_ONLY" }], "master": { "type": "PROFILE_MASTER" },
    });
    if let Value::Array(items) = sample {
        attribute["items"] = json!({ "type": items.first().map_or("string", type_of) });
    }
    members(&mut schema["definitions"]["custom"]["properties"]).insert(name.to_owned(), attribute);
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(_) | Value::Null => "string",
    }
}

fn get_user_schema(call: &mut Call<'_>) -> Outcome {
    let id = schema_id(call)?;
    Ok(Answer::ok(&user_view(call, &id)))
}

fn schema_id(call: &Call<'_>) -> Result<String, Fault> {
    let id = match call.parameter(0) {
        "default" => call.org.user_schema_id(),
        id => id.to_owned(),
    };
    let known = id.starts_with("osc") && call.org.schemas.contains(&id);
    known
        .then_some(id)
        .ok_or_else(|| Fault::not_found(call.parameter(0), "CVDType"))
}

fn user_view(call: &Call<'_>, id: &str) -> Value {
    let base = call.base();
    let mut schema = call.org.schemas.get(id).cloned().unwrap_or_default();
    let named = if id == call.org.user_schema_id() {
        "default"
    } else {
        id
    };
    let kind = id.replacen("osc", "oty", 1);
    schema["id"] = json!(format!("{base}/meta/schemas/user/{named}"));
    schema["_links"] = json!({
        "self": { "rel": "self", "href": format!("{base}/api/v1/meta/schemas/user/{id}"), "method": "GET" },
        "type": { "rel": "type", "href": format!("{base}/api/v1/meta/types/user/{kind}"), "method": "GET" },
    });
    schema
}

/// Applies `definitions` of a body: null removes an attribute, anything else adds or changes it.
fn apply(schema: &mut Value, body: &Value, now: &str, plain: bool) {
    for part in ["custom", "base"] {
        let Some(given) = body["definitions"][part]["properties"].as_object() else {
            continue;
        };
        for (name, patch) in given {
            let properties = members(&mut schema["definitions"][part]["properties"]);
            if patch.is_null() {
                properties.remove(name);
                continue;
            }
            let fresh = !properties.contains_key(name);
            let attribute = properties.entry(name.clone()).or_insert_with(|| json!({}));
            merge(attribute, patch);
            if fresh {
                complete(attribute, plain);
            }
            if attribute["type"] != "array" {
                // How values are combined is a matter of lists.
                crate::json::remove(attribute, "union");
            }
            if attribute.pointer("/items/type") == Some(&json!("object")) {
                attribute["items"]["additionalProperties"] = json!(true);
            }
            if plain {
                crate::json::remove(attribute, "master");
                crate::json::remove(attribute, "permissions");
            }
            if let Some(map) = attribute.as_object_mut() {
                map.retain(|_, v| !v.is_null());
                if map.get("required") == Some(&Value::Bool(false)) {
                    map.remove("required");
                }
            }
        }
        let names: Vec<Value> = schema["definitions"][part]["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, attribute)| attribute["required"] == true)
            .map(|(name, _)| json!(name))
            .collect();
        let empty = schema["definitions"][part]["properties"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty);
        match part {
            "custom" if empty => {
                crate::json::remove(&mut schema["definitions"][part], "required");
            }
            "custom" => schema["definitions"][part]["required"] = Value::Array(names),
            _ => {}
        }
    }
    for member in ["title", "description"] {
        if let Some(given) = body.get(member).filter(|v| v.is_string()) {
            schema[member] = given.clone();
        }
    }
    schema["lastUpdated"] = json!(now);
}

/// What the service adds to a new attribute.
fn complete(attribute: &mut Value, plain: bool) {
    let mut defaults = json!({ "type": "string", "scope": "NONE" });
    if !plain {
        defaults["mutability"] = json!("READ_WRITE");
        defaults["permissions"] = json!([{ "principal": "SELF", "action": "READ_ONLY" }]);
        defaults["master"] = json!({ "type": "PROFILE_MASTER" });
    }
    crate::json::fill(attribute, &defaults);
}

fn update_user_schema(call: &mut Call<'_>) -> Outcome {
    let id = schema_id(call)?;
    update(call, &id, false)?;
    call.log(
        "directory.user_profile.update",
        vec![named("UserProfile", &id, "user", "User")],
    );
    Ok(Answer::ok(&user_view(call, &id)))
}

fn update(call: &mut Call<'_>, id: &str, plain: bool) -> Result<(), Fault> {
    let body = call.request.object()?;
    let gone = |part: &str| -> Vec<String> {
        let given = body["definitions"][part]["properties"].as_object();
        let gone = given
            .into_iter()
            .flatten()
            .filter(|(_, patch)| patch.is_null());
        gone.map(|(name, _)| name.clone()).collect()
    };
    if let Some(name) = gone("base").first() {
        let cause = format!("{name}: A base property cannot be removed.");
        return Err(Fault::validation("base", &[&cause]));
    }
    let now = clock::zero_millis(call.org.clock.now());
    let schema = call
        .org
        .schemas
        .get_mut(id)
        .ok_or_else(|| Fault::not_found(id, "CVDType"))?;
    apply(schema, &body, &now, plain);
    for name in gone("custom") {
        forget_attribute(call.org, id, &name);
    }
    Ok(())
}

/// Takes the values of an attribute that is gone out of the profiles that had it.
fn forget_attribute(org: &mut Org, schema: &str, name: &str) {
    if org.apps.contains(schema) {
        let assigned = org.app_users.of(schema);
        let having = assigned.filter(|(_, _, one)| one["profile"].get(name).is_some());
        let having: Vec<(String, Value)> = having
            .map(|(_, user, one)| (user.to_owned(), one.clone()))
            .collect();
        for (user, mut one) in having {
            crate::json::remove(&mut one["profile"], name);
            org.app_users.put(schema, &user, one);
        }
        return;
    }
    let kind = schema.replacen("osc", "oty", 1);
    let shelf = match schema {
        "group" => &mut org.groups,
        _ => &mut org.users,
    };
    let having = shelf.values().filter(|one| {
        let of_it = schema == "group" || text(one, "/type/id") == kind;
        of_it && one["profile"].get(name).is_some()
    });
    let ids: Vec<String> = having.map(|one| text(one, "/id").to_owned()).collect();
    for id in ids {
        if let Some(one) = shelf.get_mut(&id) {
            crate::json::remove(&mut one["profile"], name);
        }
    }
}

fn group_view(call: &Call<'_>) -> Value {
    let mut schema = call.org.schemas.get("group").cloned().unwrap_or_default();
    let own = format!("{}/api/v1/meta/schemas/group/default", call.base());
    schema["id"] = json!(format!("{}/meta/schemas/group/default", call.base()));
    schema["_links"] = json!({ "self": { "rel": "self", "href": own, "method": "GET" } });
    schema
}

fn get_group_schema(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&group_view(call)))
}

fn update_group_schema(call: &mut Call<'_>) -> Outcome {
    update(call, "group", false)?;
    Ok(Answer::ok(&group_view(call)))
}

fn app_view(call: &Call<'_>, id: &str) -> Value {
    let mut schema = call.org.schemas.get(id).cloned().unwrap_or_default();
    schema["id"] = json!(format!("{}/meta/schemas/apps/{id}/default", call.base()));
    schema
}

fn get_app_schema(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    if !call.org.apps.contains(id) {
        return Err(Fault::not_found(id, "AppInstance"));
    }
    Ok(Answer::ok(&app_view(call, id)))
}

fn update_app_schema(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    if !call.org.apps.contains(id) {
        return Err(Fault::not_found(id, "AppInstance"));
    }
    update(call, id, true)?;
    call.log(
        "directory.app_user_profile.update",
        vec![named("AppUserProfile", id, id, id)],
    );
    Ok(Answer::ok(&app_view(call, id)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    fn change(bench: &Bench, schema: &str, part: &str, name: &str, patch: &Value) -> u16 {
        let body = json!({ "definitions": { part: { "properties": { name: patch } } } });
        bench
            .call(
                "POST",
                &format!("/api/v1/meta/schemas/{schema}"),
                Some(&body),
            )
            .0
    }

    #[test]
    fn values_go_with_their_attribute() {
        let bench = Bench::new();
        let attribute = json!({ "title": "Desk", "type": "string" });
        for schema in ["user/default", "group/default"] {
            assert_eq!(change(&bench, schema, "custom", "desk", &attribute), 200);
        }
        let login = "ann@example.com";
        let user = json!({ "profile": {
            "firstName": "A", "lastName": "B", "email": login, "login": login, "desk": "7",
        } });
        let (_, user) = bench.call("POST", "/api/v1/users", Some(&user));
        let group = json!({ "profile": { "name": "One", "desk": "7" } });
        let (_, group) = bench.call("POST", "/api/v1/groups", Some(&group));
        let app = json!({ "signOnMode": "BOOKMARK", "label": "Marks", "name": "bookmark",
            "settings": { "app": { "url": "https://example.com" } } });
        let (_, app) = bench.call("POST", "/api/v1/apps", Some(&app));
        let of_app = format!("apps/{}/default", text(&app, "/id"));
        assert_eq!(change(&bench, &of_app, "custom", "desk", &attribute), 200);
        let assigned = json!({ "id": user["id"], "profile": { "desk": "7" } });
        let users = format!("/api/v1/apps/{}/users", text(&app, "/id"));
        assert_eq!(bench.call("POST", &users, Some(&assigned)).0, 200);
        let own = [
            format!("/api/v1/users/{}", text(&user, "/id")),
            format!("/api/v1/groups/{}", text(&group, "/id")),
            format!("{users}/{}", text(&user, "/id")),
        ];
        for path in &own {
            assert_eq!(
                bench.call("GET", path, None).1["profile"]["desk"],
                "7",
                "{path}"
            );
        }
        for schema in ["user/default", "group/default", &of_app] {
            assert_eq!(change(&bench, schema, "custom", "desk", &Value::Null), 200);
        }
        for path in &own {
            assert!(
                bench.call("GET", path, None).1["profile"]["desk"].is_null(),
                "{path}"
            );
        }
        // Users can be changed as before.
        let body = json!({ "profile": { "nickName": "Annie" } });
        assert_eq!(bench.call("POST", &own[0], Some(&body)).0, 200);
    }

    #[test]
    fn base_properties_stay() {
        let bench = Bench::new();
        assert_eq!(
            change(&bench, "user/default", "base", "login", &Value::Null),
            400
        );
        let (_, schema) = bench.call("GET", "/api/v1/meta/schemas/user/default", None);
        assert!(schema["definitions"]["base"]["properties"]["login"].is_object());
    }
}
