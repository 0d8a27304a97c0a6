//! The resources of a set, and what of them it leaves out.

use serde_json::{Value, json};

use super::{SHELF, below, log, named, view as view_set};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::paging::{self, Size};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listResourceSetResources" => list,
        "addResourceSetResource" => add,
        "addResourceSetResources" => add_all,
        "getResourceSetResource" => get,
        "replaceResourceSetResource" => replace,
        "deleteResourceSetResource" => remove_one,
        _ => return None,
    })
}

/// Authorization servers in ORNs and in paths.
const SERVERS: (&str, &str) = ("authorization_servers", "authorizationServers");

/// ORN and REST address (null for flows) of a resource that is given as either.
fn addresses(call: &Call<'_>, given: &str) -> Option<(String, Value)> {
    let org = &call.org.id;
    if given.starts_with("orn:") {
        let parts: Vec<&str> = given.splitn(5, ':').collect();
        let [_, _, _, _, rest] = parts[..] else {
            return None;
        };
        let mut names: Vec<&str> = rest.split(':').collect();
        // The catalogue's name of an app is no part of its address.
        if names.len() == 3 && names[0] == "apps" {
            names.remove(1);
        }
        if let Some(server) = names.first_mut().filter(|name| **name == SERVERS.0) {
            *server = SERVERS.1;
        }
        let href = match parts[2] {
            "workflow" => Value::Null,
            _ => json!(format!("{}/api/v1/{}", call.base(), names.join("/"))),
        };
        return Some((given.to_owned(), href));
    }
    let (_, path) = given.split_once("/api/v1/")?;
    let mut names: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let name = names
        .get(1)
        .and_then(|id| call.org.apps.get(id))
        .map(|app| text(app, "/name"));
    if let (Some(&"apps"), Some(name)) = (names.first(), name) {
        names.insert(1, name);
    }
    if let Some(server) = names.first_mut().filter(|name| **name == SERVERS.1) {
        *server = SERVERS.0;
    }
    let service = match names.first() {
        Some(&"apps") => "idp",
        Some(&name) if name == SERVERS.0 => "idp",
        _ => "directory",
    };
    Some((
        format!("orn:okta:{service}:{org}:{}", names.join(":")),
        json!(given),
    ))
}

pub(super) fn put(
    call: &mut Call<'_>,
    set: &Value,
    given: &Value,
    conditions: &Value,
) -> Result<Value, Fault> {
    let given = given.as_str().unwrap_or_default();
    let Some((orn, href)) = addresses(call, given) else {
        let cause = format!("resources: {given} is not a resource");
        return Err(Fault::validation("resources", &[&cause]));
    };
    let shelf = below(set, "resources");
    let known = call
        .org
        .shelf(&shelf)
        .values()
        .find(|r| text(r, "/orn") == orn)
        .cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let id = call.org.dice.id("ire");
    let now = clock::zero_millis(call.org.clock.now());
    let mut resource =
        json!({ "id": id, "orn": orn, "href": href, "created": now, "lastUpdated": now });
    if !conditions.is_null() {
        resource["conditions"] = conditions.clone();
    }
    call.org.shelf(&shelf).put(&id, resource.clone());
    Ok(resource)
}

fn view(call: &Call<'_>, set: &Value, resource: &Value) -> Value {
    let own = format!(
        "{}{}/{}",
        call.base(),
        below(set, "resources"),
        text(resource, "/id")
    );
    let mut shown = resource.clone();
    shown["_links"] = json!({ "resource": { "href": own } });
    // Flows have no address, only an ORN.
    if let Some(href) = remove(&mut shown, "href").filter(|href| !href.is_null()) {
        shown["_links"]["self"] = json!({ "href": href });
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let shelf = below(&set, "resources");
    call.org.shelf(&shelf);
    let resources = call.org.shelves[&shelf].placed();
    let quirks = &call.org.settings.paging;
    let page = paging::cut(call.request, quirks, Size::new(100, 100), resources)?;
    let shown: Vec<Value> = page
        .items
        .into_iter()
        .map(|resource| view(call, &set, resource))
        .collect();
    let own = format!("{}{SHELF}/{}", call.base(), text(&set, "/id"));
    let mut body = json!({ "resources": shown, "_links": {
        "resource-set": { "href": own }, "self": { "href": format!("{own}/resources") },
    } });
    if let Some(cursor) = &page.next {
        let href = paging::next_url(call.request, call.base(), cursor, page.limit);
        body["_links"]["next"] = json!({ "href": href });
    }
    Ok(Answer::ok(&body))
}

fn add(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let body = call.request.object()?;
    if let Some((orn, _)) = addresses(call, text(&body, "/resourceOrnOrUrl")) {
        checked_conditions(&json!({ "orn": orn }), &body["conditions"])?;
    }
    let resource = put(call, &set, &body["resourceOrnOrUrl"], &body["conditions"])?;
    log(call, "iam.resourceset.resources.add", &set);
    Ok(Answer::ok(&view(call, &set, &resource)))
}

fn add_all(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let body = call.request.object()?;
    for resource in body["additions"].as_array().into_iter().flatten() {
        put(call, &set, resource, &Value::Null)?;
    }
    log(call, "iam.resourceset.resources.add", &set);
    Ok(Answer::ok(&view_set(call, &set)))
}

fn one(call: &mut Call<'_>, set: &Value) -> Result<Value, Fault> {
    call.stored(&below(set, "resources"), 1, "IAMPolicyResource")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let resource = one(call, &set)?;
    Ok(Answer::ok(&view(call, &set, &resource)))
}

/// Replaces what a resource does not include; without conditions it includes everything again.
fn replace(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let mut resource = one(call, &set)?;
    let body = call.request.object()?;
    let conditions = checked_conditions(&resource, &body["conditions"])?;
    if resource.get("conditions") != conditions.as_ref() {
        match conditions {
            Some(conditions) => resource["conditions"] = conditions,
            None => {
                remove(&mut resource, "conditions");
            }
        }
        resource["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        let shelf = below(&set, "resources");
        call.org
            .shelf(&shelf)
            .put(text(&resource, "/id"), resource.clone());
        log(call, "iam.resourceset.resources.update", &set);
    }
    Ok(Answer::ok(&view(call, &set, &resource)))
}

/// Conditions exclude resources of the kind that the resource is about.
fn checked_conditions(resource: &Value, given: &Value) -> Result<Option<Value>, Fault> {
    let invalid = |reason: &str| {
        let cause = format!("conditions: {reason}");
        Fault::validation("conditions", &[&cause])
    };
    let kind = |orn: &str| orn.split(':').nth(4).unwrap_or_default().to_owned();
    let Some(excluded) = given.get("Exclude").filter(|one| !one.is_null()) else {
        return Ok(None);
    };
    let orns = excluded["okta:ORN"]
        .as_array()
        .filter(|orns| !orns.is_empty());
    let orns = orns.ok_or_else(|| invalid("Exclude needs the ORNs of resources."))?;
    for orn in orns {
        let orn = orn.as_str().filter(|orn| orn.starts_with("orn:"));
        let orn = orn.ok_or_else(|| invalid("A resource to exclude is no ORN."))?;
        if kind(orn) != kind(text(resource, "/orn")) {
            return Err(invalid(&format!("{orn} is not a part of the resource.")));
        }
    }
    Ok(Some(json!({ "Exclude": { "okta:ORN": orns } })))
}

fn remove_one(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    one(call, &set)?;
    let named_id = call.parameter(1);
    call.org.shelf(&below(&set, "resources")).remove(named_id);
    log(call, "iam.resourceset.resources.delete", &set);
    Ok(Answer::no_content())
}
