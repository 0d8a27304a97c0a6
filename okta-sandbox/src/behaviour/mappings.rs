//! Profile mappings: one from each app and identity provider to the default user type.
//!
//! A mapping's id follows from its source's, so that nothing is stored until it is changed.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::named;
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listProfileMappings" => list,
        "getProfileMapping" => get,
        "updateProfileMapping" => update,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/mappings";
const IDPS: &str = "/api/v1/idps";

/// The apps and identity providers that map to users.
fn sources(org: &Org) -> impl Iterator<Item = &Value> {
    let providers = org
        .shelves
        .get(IDPS)
        .into_iter()
        .flat_map(|shelf| shelf.values());
    org.apps.values().chain(providers)
}

fn mapping_id(source: &str) -> String {
    format!("prm{}", source.get(3..).unwrap_or(source))
}

fn short(org: &Org, source: &Value, base: &str) -> Value {
    let id = text(source, "/id");
    let (user, schema) = (&org.user_type, org.user_schema_id());
    let name = match text(source, "/type") {
        "" => text(source, "/name").to_owned(),
        "SAML2" => "saml_idp".to_owned(),
        kind => format!("{}_idp", kind.to_lowercase()),
    };
    json!({
        "id": mapping_id(id),
        "source": {
            "id": id, "name": name, "type": "appuser",
            "_links": {
                "self": { "href": format!("{base}/api/v1/apps/{id}") },
                "schema": { "href": format!("{base}/api/v1/meta/schemas/apps/{id}/default") },
            },
        },
        "target": {
            "id": user, "name": "user", "type": "user",
            "_links": {
                "self": { "href": format!("{base}/api/v1/meta/types/user/{user}") },
                "schema": { "href": format!("{base}/api/v1/meta/schemas/user/{schema}") },
            },
        },
        "_links": { "self": { "href": format!("{base}{SHELF}/{}", mapping_id(id)) } },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let wanted = |name: &str| call.request.query(name).filter(|v| !v.is_empty());
    let (source, target) = (wanted("sourceId"), wanted("targetId"));
    let org = &*call.org;
    let known =
        |id: &str| sources(org).any(|s| text(s, "/id") == id) || org.user_types.contains(id);
    if [source, target].into_iter().flatten().any(|id| !known(id)) {
        return Ok(Answer::json(
            404,
            &json!({ "status": 404, "message": "Resource not found" }),
        ));
    }
    let hits = sources(org)
        .enumerate()
        .map(|(n, one)| (n as u64 + 1, one))
        .filter(|(_, one)| {
            source.is_none_or(|id| text(one, "/id") == id)
                && target.is_none_or(|id| id == org.user_type)
        });
    call.list(Size::new(20, 200), hits, |one| short(org, one, call.base()))
}

/// What the service maps from a new source: attribute of the user, attribute of the app user.
const OIDC: [(&str, &str); 15] = [
    ("login", "email"),
    ("displayName", "displayName"),
    ("nickName", "nickname"),
    ("firstName", "firstName"),
    ("middleName", "middleName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("profileUrl", "profile"),
    ("timezone", "zoneinfo"),
    ("primaryPhone", "phoneNumber"),
    ("streetAddress", "street_address"),
    ("city", "locality"),
    ("state", "region"),
    ("zipCode", "postalCode"),
    ("countryCode", "country"),
];
const SAML: [(&str, &str); 5] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
    ("mobilePhone", "mobilePhone"),
    ("login", "userName"),
];
const SOCIAL: [(&str, &str); 5] = [
    ("login", "email"),
    ("email", "email"),
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("profileUrl", "profileUrl"),
];
const APP: [(&str, &str); 3] = [
    ("firstName", "firstName"),
    ("lastName", "lastName"),
    ("email", "email"),
];

fn properties(source: &str) -> Value {
    let pairs: &[(&str, &str)] = match source {
        "oidc_idp" => &OIDC,
        "saml_idp" => &SAML,
        name if name.ends_with("_idp") => &SOCIAL,
        _ => &APP,
    };
    let property = |from: &str| {
        let expression = match from {
            "zoneinfo" => {
                r#"appuser.zoneinfo == null ? "America/Los_Angeles" : appuser.zoneinfo"#.to_owned()
            }
            from => format!("appuser.{from}"),
        };
        json!({ "expression": expression, "pushStatus": "DONT_PUSH" })
    };
    let all = pairs.iter();
    all.map(|(to, from)| ((*to).to_owned(), property(from)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The mapping of a path, with its properties.
fn whole(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    let stored = call.org.shelf(SHELF).get(id).cloned();
    let source = sources(call.org).find(|s| mapping_id(text(s, "/id")) == id);
    let source = source.ok_or_else(|| Fault::not_found(id, "ProfileMapping"))?;
    let mut mapping = short(call.org, source, call.base());
    let name = text(&mapping, "/source/name").to_owned();
    mapping["properties"] = stored.unwrap_or_else(|| properties(&name));
    Ok(mapping)
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&whole(call)?))
}

/// Merges properties; null takes one away. Only attributes of the target can be mapped.
fn update(call: &mut Call<'_>) -> Outcome {
    let mut mapping = whole(call)?;
    let body = call.request.object()?;
    let schema = super::schemas::user_schema_of(call.org, None);
    let given = body["properties"].as_object();
    for name in given.into_iter().flat_map(|m| m.keys()) {
        if !super::schemas::defines(schema, name) {
            let cause = format!("Invalid target field {name}");
            return Err(Fault::validation("updateMapping", &[&cause]));
        }
    }
    merge(&mut mapping["properties"], &body["properties"]);
    if let Some(properties) = mapping["properties"].as_object_mut() {
        properties.retain(|_, value| !value.is_null());
    }
    let id = text(&mapping, "/id").to_owned();
    call.org
        .shelf(SHELF)
        .put(&id, mapping["properties"].clone());
    call.log(
        "directory.mapping.update",
        vec![named("ProfileMapping", &id, "unknown", &id)],
    );
    Ok(Answer::ok(&mapping))
}
