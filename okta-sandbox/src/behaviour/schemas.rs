//! Profile schemas of users, groups and app users, and user types.

use serde_json::{Map, Value, json};

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
        "listUserTypes" => list_types,
        "createUserType" => create_type,
        "getUserType" => get_type,
        "updateUserType" => update_type,
        "replaceUserType" => replace_type,
        "deleteUserType" => delete_type,
        _ => return None,
    })
}

/// A user's base attributes: name, title, format, what the user may do, required, length.
type Attribute = (
    &'static str,
    &'static str,
    Option<&'static str>,
    &'static str,
    bool,
    Option<(u32, u32)>,
);

const USER_BASE: [Attribute; 31] = [
    (
        "login",
        "Username",
        None,
        "READ_WRITE",
        true,
        Some((5, 100)),
    ),
    (
        "firstName",
        "First name",
        None,
        "READ_WRITE",
        true,
        Some((1, 50)),
    ),
    (
        "lastName",
        "Last name",
        None,
        "READ_WRITE",
        false,
        Some((1, 50)),
    ),
    ("middleName", "Middle name", None, "READ_ONLY", false, None),
    (
        "honorificPrefix",
        "Honorific prefix",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    (
        "honorificSuffix",
        "Honorific suffix",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    (
        "email",
        "Primary email",
        Some("email"),
        "READ_WRITE",
        true,
        None,
    ),
    ("title", "Title", None, "READ_ONLY", false, None),
    (
        "displayName",
        "Display name",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("nickName", "Nickname", None, "READ_ONLY", false, None),
    (
        "profileUrl",
        "Profile Url",
        Some("uri"),
        "READ_ONLY",
        false,
        None,
    ),
    (
        "secondEmail",
        "Secondary email",
        Some("email"),
        "READ_WRITE",
        false,
        None,
    ),
    (
        "mobilePhone",
        "Mobile phone",
        None,
        "READ_WRITE",
        false,
        Some((0, 100)),
    ),
    (
        "primaryPhone",
        "Primary phone",
        None,
        "HIDE",
        false,
        Some((0, 100)),
    ),
    ("streetAddress", "Street address", None, "HIDE", false, None),
    ("city", "City", None, "HIDE", false, None),
    ("state", "State", None, "HIDE", false, None),
    ("zipCode", "Zip code", None, "HIDE", false, None),
    (
        "countryCode",
        "Country code",
        Some("country-code"),
        "HIDE",
        false,
        None,
    ),
    ("postalAddress", "Postal Address", None, "HIDE", false, None),
    (
        "preferredLanguage",
        "Preferred language",
        Some("language-code"),
        "READ_ONLY",
        false,
        None,
    ),
    ("locale", "Locale", Some("locale"), "READ_ONLY", false, None),
    (
        "timezone",
        "Time zone",
        Some("timezone"),
        "READ_ONLY",
        false,
        None,
    ),
    ("userType", "User type", None, "READ_ONLY", false, None),
    (
        "employeeNumber",
        "Employee number",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("costCenter", "Cost center", None, "READ_ONLY", false, None),
    (
        "organization",
        "Organization",
        None,
        "READ_ONLY",
        false,
        None,
    ),
    ("division", "Division", None, "READ_ONLY", false, None),
    ("department", "Department", None, "READ_ONLY", false, None),
    ("managerId", "ManagerId", None, "READ_ONLY", false, None),
    ("manager", "Manager", None, "READ_ONLY", false, None),
];

/// An OIDC app user's base attributes: name, title, external name.
const OIDC_BASE: [(&str, &str, Option<&str>); 21] = [
    ("userName", "Username", Some("preferred_username")),
    ("name", "Name", None),
    ("nickname", "Nickname", None),
    ("given_name", "Given Name", None),
    ("middle_name", "Middle Name", None),
    ("family_name", "Family Name", None),
    ("email", "Email", None),
    ("profile", "Profile URL", None),
    ("picture", "Picture URL", None),
    ("website", "Website", None),
    ("gender", "Gender", None),
    ("birthdate", "Birthdate", None),
    ("zoneinfo", "Time Zone", None),
    ("locale", "Locale Name", None),
    ("phone_number", "Phone Number", None),
    (
        "street_address",
        "Street Address",
        Some("address.street_address"),
    ),
    ("locality", "Locality", Some("address.locality")),
    ("region", "Region", Some("address.region")),
    ("postal_code", "Postal Code", Some("address.postal_code")),
    ("country", "Country", Some("address.country")),
    ("formatted", "Formatted", Some("address.formatted")),
];

fn skeleton(
    name: &str,
    title: &str,
    base: Map<String, Value>,
    required: &[&str],
    now: &str,
) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": name, "title": title, "lastUpdated": now, "created": now,
        "definitions": {
            "custom": { "id": "#custom", "type": "object", "properties": {}, "required": [] },
            "base": { "id": "#base", "type": "object", "properties": base, "required": required },
        },
        "type": "object",
        "properties": { "profile": { "allOf": [
            { "$ref": "#/definitions/custom" }, { "$ref": "#/definitions/base" },
        ] } },
    })
}

/// The schema of a user type.
pub(crate) fn user_schema(title: &str, now: &str) -> Value {
    let mut base = Map::new();
    for (name, title, format, action, required, length) in USER_BASE {
        let mut attribute = json!({
            "title": title, "type": "string", "mutability": "READ_WRITE", "scope": "NONE",
            "permissions": [{ "principal": "SELF", "action": action }], "master": { "type": "PROFILE_MASTER" },
        });
        if required {
            attribute["required"] = json!(true);
        }
        if let Some(format) = format {
            attribute["format"] = json!(format);
        }
        if let Some((min, max)) = length {
            if min > 0 {
                attribute["minLength"] = json!(min);
            }
            attribute["maxLength"] = json!(max);
        }
        base.insert(name.to_owned(), attribute);
    }
    skeleton("user", title, base, &["login", "firstName", "email"], now)
}

/// The schema of groups.
pub(crate) fn group_schema(now: &str) -> Value {
    let attribute = |title: &str, max: u32| {
        json!({
            "title": title, "description": title, "type": "string", "mutability": "READ_WRITE",
            "scope": "NONE", "maxLength": max,
            "permissions": [{ "principal": "SELF", "action": "READ_WRITE" }],
            "master": { "type": "PROFILE_MASTER" },
        })
    };
    let mut name = attribute("Name", 255);
    name["required"] = json!(true);
    let mut base = Map::new();
    base.insert("name".into(), name);
    base.insert("description".into(), attribute("Description", 1024));
    let mut schema = skeleton("group", "Okta group", base, &["name"], now);
    schema["description"] = json!("Okta group profile template");
    schema
}

/// The schema of an app's users.
pub(crate) fn app_schema(app: &Value, suffix: &str, now: &str) -> Value {
    let mut base = Map::new();
    let oidc = text(app, "/signOnMode") == "OPENID_CONNECT";
    let attributes: &[(&str, &str, Option<&str>)] = if oidc { &OIDC_BASE } else { &OIDC_BASE[..1] };
    for (name, title, external) in attributes {
        let mut attribute = json!({ "title": title, "type": "string", "scope": if oidc { "SELF" } else { "NONE" } });
        if *name == "userName" {
            attribute["required"] = json!(true);
        } else {
            attribute["description"] = json!(title);
        }
        if let Some(external) = external.filter(|_| oidc) {
            attribute["externalName"] = json!(external);
        }
        if *name == "userName" && !oidc {
            attribute["maxLength"] = json!(100);
        }
        base.insert((*name).to_owned(), attribute);
    }
    let name = if oidc {
        format!("{}_{suffix}", text(app, "/name"))
    } else {
        text(app, "/name").to_owned()
    };
    skeleton(
        &name,
        &format!("{} User", text(app, "/label")),
        base,
        &["userName"],
        now,
    )
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
        if part == "custom" {
            schema["definitions"][part]["required"] = Value::Array(names);
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
    let now = clock::zero_millis(call.org.clock.now());
    let schema = call
        .org
        .schemas
        .get_mut(id)
        .ok_or_else(|| Fault::not_found(id, "CVDType"))?;
    apply(schema, &body, &now, plain);
    Ok(())
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
    call.log(
        "directory.group_profile.update",
        vec![named("GroupProfile", "group", "group", "Group")],
    );
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

fn type_view(kind: &Value, base: &str) -> Value {
    let id = text(kind, "/id");
    let schema = id.replacen("oty", "osc", 1);
    let mut kind = kind.clone();
    kind["_links"] = json!({
        "schema": { "rel": "schema", "href": format!("{base}/api/v1/meta/schemas/user/{schema}"), "method": "GET" },
        "self": { "rel": "self", "href": format!("{base}/api/v1/meta/types/user/{id}"), "method": "GET" },
    });
    kind
}

fn list_types(call: &mut Call<'_>) -> Outcome {
    let items = call
        .org
        .user_types
        .values()
        .map(|kind| type_view(kind, call.base()))
        .collect();
    call.all(items)
}

fn named_type(call: &Call<'_>) -> Result<Value, Fault> {
    let id = match call.parameter(0) {
        "default" => &call.org.user_type,
        id => id,
    };
    call.org
        .user_types
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(call.parameter(0), "CVDType"))
}

fn get_type(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&type_view(&named_type(call)?, call.base())))
}

fn create_type(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let name = text(&body, "/name");
    if name.is_empty() || text(&body, "/displayName").is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    if call
        .org
        .user_types
        .values()
        .any(|kind| text(kind, "/name") == name)
    {
        return Err(Fault::validation(
            "name",
            &["name: A user type with this name already exists."],
        ));
    }
    let now = clock::zero_millis(call.org.clock.now());
    let admin = call.org.admin.clone();
    let id = call.org.dice.id("oty");
    let kind = json!({
        "id": id, "displayName": body["displayName"], "name": name, "description": body["description"],
        "createdBy": admin, "lastUpdatedBy": admin, "created": now, "lastUpdated": now, "default": false,
    });
    let schema = user_schema(text(&body, "/displayName"), &now);
    call.org.schemas.put(&id.replacen("oty", "osc", 1), schema);
    call.org.user_types.put(&id, kind.clone());
    Ok(Answer::ok(&type_view(&kind, call.base())))
}

fn write_type(call: &mut Call<'_>) -> Outcome {
    let mut kind = named_type(call)?;
    let body = call.request.object()?;
    for member in ["displayName", "description"] {
        if let Some(given) = body.get(member) {
            kind[member] = given.clone();
        }
    }
    kind["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&kind, "/id").to_owned();
    call.org.user_types.put(&id, kind.clone());
    Ok(Answer::ok(&type_view(&kind, call.base())))
}

fn update_type(call: &mut Call<'_>) -> Outcome {
    write_type(call)
}

fn replace_type(call: &mut Call<'_>) -> Outcome {
    write_type(call)
}

fn delete_type(call: &mut Call<'_>) -> Outcome {
    let kind = named_type(call)?;
    let id = text(&kind, "/id");
    let used = call
        .org
        .users
        .values()
        .any(|user| text(user, "/type/id") == id);
    if kind["default"] == true || used {
        return Err(Fault::validation(
            "id",
            &["The user type cannot be deleted while it is in use."],
        ));
    }
    call.org.user_types.remove(id);
    call.org.schemas.remove(&id.replacen("oty", "osc", 1));
    Ok(Answer::no_content())
}
