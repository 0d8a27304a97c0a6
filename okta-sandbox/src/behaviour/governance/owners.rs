//! Who owns a resource: up to five users or groups each.

use serde_json::{Value, json};

use super::leftovers::remove_where;
use super::resources::{here, parts};
use super::{filter, fits, ownable, page};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::org::Org;
use crate::paging;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listResourceOwners" => list,
        "configureResourceOwners" => configure,
        "updateResourceOwners" => update,
        _ => return None,
    })
}

/// Owners by the ORN of what they own.
const SHELF: &str = "/governance/api/v1/resource-owners";

/// The users and groups that own a resource.
pub(super) fn of(org: &Org, resource: &str) -> Vec<String> {
    let owned = org.shelves.get(SHELF).into_iter();
    let mut owned = owned.flat_map(|shelf| shelf.values());
    let found = owned.find(|owned| text(owned, "/resource/id") == resource);
    let owners = found.and_then(|owned| owned["principals"].as_array());
    let owners = owners.into_iter().flatten();
    owners.map(|owner| text(owner, "/id").to_owned()).collect()
}

/// Owners that a resource may have.
const MOST: usize = 5;

fn principal(call: &Call<'_>, orn: &str) -> Result<Value, Fault> {
    let (kind, id) = parts(orn).unwrap_or_default();
    let found = match kind {
        "users" => call.org.users.get(id).map(|user| {
            let name = |part: &str| text(user, &format!("/profile/{part}")).to_owned();
            let whole = format!("{} {}", name("firstName"), name("lastName"));
            (
                "users",
                json!({ "name": whole.trim(), "email": name("email") }),
            )
        }),
        "groups" => call.org.groups.get(id).map(|group| {
            (
                "groups",
                json!({
                    "name": text(group, "/profile/name"),
                    "metadata": { "userAssignmentCount": call.org.members.count(id) },
                }),
            )
        }),
        _ => None,
    };
    let (kind, profile) = found.ok_or_else(|| {
        let cause = format!("principalOrns: {orn} is no user or group");
        Fault::validation("principalOrns", &[&cause])
    })?;
    let mut profile = profile;
    profile["id"] = json!(id);
    let page = match kind {
        "users" => "admin/user/profile/view",
        _ => "admin/group",
    };
    let href = format!("{}/{page}/{id}", paging::admin_base(call.base()));
    profile["_links"] = json!({ "self": { "href": href } });
    Ok(json!({ "id": id, "orn": orn, "type": kind, "profile": profile }))
}

/// Sets the owners of a resource and returns how that looks.
fn set(call: &mut Call<'_>, orn: &str, owners: &[String]) -> Result<Value, Fault> {
    if owners.len() > MOST {
        let cause = format!("principalOrns: size must be at most {MOST}");
        return Err(Fault::validation("principalOrns", &[&cause]));
    }
    let orn = &here(call.org, orn);
    let (resource, parent) = ownable::named(call.org, orn)?;
    let principals = owners.iter().map(|owner| principal(call, owner));
    let principals: Vec<Value> = principals.collect::<Result<_, _>>()?;
    let owned =
        json!({ "resource": resource, "principals": principals, "parentResourceOrn": parent });
    match principals.is_empty() {
        true => {
            call.org.shelf(SHELF).remove(orn);
        }
        false => call.org.shelf(SHELF).put(orn, owned.clone()),
    }
    let target = named(
        "Resource",
        text(&resource, "/id"),
        orn,
        text(&resource, "/profile/name"),
    );
    call.log("resource.owner.update", vec![target]);
    Ok(owned)
}

/// A user or a group that owns something is gone.
pub(super) fn forget_owner(org: &mut Org, id: &str) {
    let Some(shelf) = org.shelves.get_mut(SHELF) else {
        return;
    };
    let owns = |owned: &Value| {
        let owners = owned["principals"].as_array().into_iter().flatten();
        { owners }.any(|owner| owner["id"] == id)
    };
    let owned = shelf.entries().filter(|(_, owned)| owns(owned));
    let owned: Vec<String> = owned.map(|(orn, _)| orn.to_owned()).collect();
    for orn in owned {
        let Some(owned) = shelf.get_mut(&orn) else {
            continue;
        };
        let owners = owned["principals"].as_array_mut();
        let left = owners.map_or(0, |owners| {
            owners.retain(|owner| owner["id"] != id);
            owners.len()
        });
        if left == 0 {
            shelf.remove(&orn);
        }
    }
}

/// Something that may have owners is gone.
pub(super) fn forget_resource(org: &mut Org, id: &str) {
    remove_where(org, SHELF, |owned| text(owned, "/resource/id") == id);
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .get("orn")
            .or_else(|| members.get("principalOrn"))
            .map(texts)
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn configure(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let (resources, owners) = (texts(&body["resourceOrns"]), texts(&body["principalOrns"]));
    if resources.is_empty() {
        let cause = "resourceOrns: The field cannot be left blank";
        return Err(Fault::validation("resourceOrns", &[cause]));
    }
    let mut shown = Vec::new();
    for orn in resources {
        shown.push(set(call, &orn, &owners)?);
    }
    Ok(Answer::ok(&json!({ "data": shown })))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let orn = text(&body, "/resourceOrn");
    if orn.is_empty() {
        let cause = "resourceOrn: The field cannot be left blank";
        return Err(Fault::validation("resourceOrn", &[cause]));
    }
    let key = here(call.org, orn);
    let before = call
        .org
        .shelf(SHELF)
        .get(&key)
        .map(|owned| owned["principals"].clone());
    let mut owners = before.map(|owners| texts(&owners)).unwrap_or_default();
    for step in body["data"].as_array().into_iter().flatten() {
        let given = texts(&step["value"]);
        match text(step, "/op").to_uppercase().as_str() {
            "ADD" => owners.extend(given),
            "REMOVE" => owners.retain(|owner| !given.contains(owner)),
            "REPLACE" => owners = given,
            _ => {
                let cause = "op: The field has an invalid value";
                return Err(Fault::validation("op", &[cause]));
            }
        }
    }
    let mut unique: Vec<String> = Vec::new();
    for owner in owners {
        if !unique.contains(&owner) {
            unique.push(owner);
        }
    }
    set(call, orn, &unique)?;
    Ok(Answer::no_content())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    if filter.is_none() {
        let cause = "filter: The field cannot be left blank";
        return Err(Fault::validation("filter", &[cause]));
    }
    call.org.shelf(SHELF);
    let hits = call.org.shelves[SHELF]
        .placed()
        .filter(|(_, owned)| fits(filter.as_ref(), owned));
    page(call, hits, Value::clone)
}
