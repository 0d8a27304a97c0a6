//! Whether the objects that a path names above its end exist.

use serde_json::Value;

use super::{names, plan};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::schema::{self, Kind};

/// Refuses a call whose path names an object that does not exist. `upto` is how many segments of
/// the path name parents.
pub(super) fn check(call: &mut Call<'_>, upto: usize) -> Result<(), Fault> {
    let template: Vec<&'static str> = call.operation.path.split('/').skip(1).collect();
    for place in 0..upto.min(template.len()) {
        let Some(name) = parameter(template[place]) else {
            continue;
        };
        let collection = format!("/{}", template[..place].join("/"));
        let shelf = format!("/{}", call.request.segments[..place].join("/"));
        let id = call.request.segments[place].clone();
        if !exists(call, &collection, &shelf, name, &id) {
            let schema = plan::at(&format!("{collection}/{{{name}}}"), "GET")
                .and_then(|get| schema::facts(get.id).answer.as_ref())
                .and_then(|ty| schema::object(call.operation.api, ty))
                .map(|schema| schema.name);
            return Err(missing(call, &collection, schema, &id));
        }
    }
    Ok(())
}

/// The 404 of a collection's service.
pub(super) fn missing(call: &Call<'_>, collection: &str, schema: Option<&str>, id: &str) -> Fault {
    if call.operation.api == "governance" {
        return Fault::api(404, "E0000007", "Resource not found exception", &[]);
    }
    Fault::not_found(id, &names::missing(collection, schema))
}

/// The name of a path parameter.
pub(super) fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// The values that a path parameter may have, where its schema lists them.
pub(super) fn listed(api: &str, operation: &str, name: &str) -> Option<&'static [String]> {
    let ty = schema::facts(operation).path.get(name)?;
    let found = schema::object(api, ty)?;
    (found.kind == Kind::Enum).then_some(found.values.as_slice())
}

pub(super) fn exists(
    call: &mut Call<'_>,
    collection: &str,
    shelf: &str,
    name: &str,
    id: &str,
) -> bool {
    let api = call.operation.api;
    if let Some(values) = listed(api, call.operation.id, name) {
        return values.iter().any(|v| v == id);
    }
    let org = &mut *call.org;
    match (names::word(collection), name) {
        ("users", "userId" | "id" | "userIdOrLogin") => {
            id == "me" || org.users.contains(id) || org.logins.contains_key(&id.to_lowercase())
        }
        ("groups", "groupId") if collection == "/api/v1/groups" => org.groups.contains(id),
        ("rules", "groupRuleId") => org.rules.contains(id),
        ("apps", "appId") | ("identity-sources", _) => org.apps.contains(id),
        ("clients", "clientId") => {
            let registered = org
                .shelves
                .get(shelf)
                .is_some_and(|shelf| shelf.contains(id));
            registered || org.apps.contains(id)
        }
        ("policies", "policyId") if collection == "/api/v1/policies" => org.policies.contains(id),
        (_, "appName") => true,
        ("resources", "resourceId") if collection.starts_with("/governance/api/v2") => true,
        _ => {
            let known = org.shelves.get(shelf);
            if known.is_some_and(|shelf| shelf.contains(id) || shelf.values().any(|o| keyed(o, id)))
            {
                return true;
            }
            // Nothing lists or makes such objects: the path names something outside the API.
            plan::methods(collection).is_empty()
                && plan::at(&format!("{collection}/{{{name}}}"), "GET").is_none()
        }
    }
}

/// Whether an object answers to a name besides its id.
pub(super) fn keyed(object: &Value, id: &str) -> bool {
    ["/label", "/name", "/key", "/primary/name"]
        .iter()
        .any(|pointer| text(object, pointer) == id)
}
