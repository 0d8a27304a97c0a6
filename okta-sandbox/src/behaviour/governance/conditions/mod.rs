//! Request conditions: who may ask for which access to a resource, and how it is approved.
//!
//! What a condition names may go away: groups, bundles, its sequence. A condition without a
//! requester, a scope or a sequence left is `INVALID` until it is updated, whatever it was before.

mod check;
mod scope;

pub(super) use check::{durations, hours, longer};
pub(super) use scope::{resource_type, valid_scopes};

use serde_json::{Value, json};

use super::leftovers::remove_where;
use super::{catalog, link, not_found, sequences, stamped};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::oauth::is_member;
use crate::org::Org;
use crate::paging;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listResourceRequestConditionsV2" => list,
        "createResourceRequestConditionV2" => create,
        "getResourceRequestConditionV2" => get,
        "updateResourceRequestConditionV2" => update,
        "deleteResourceRequestConditionV2" => delete,
        "activateResourceRequestConditionV2" => activate,
        "deactivateResourceRequestConditionV2" => deactivate,
        _ => return None,
    })
}

/// All conditions, with their resource in a member that no answer shows.
const SHELF: &str = "/governance/api/v2/request-conditions";
const RESOURCE: &str = "~resource";

/// True once somebody made a condition: from then on conditions decide what the catalog offers.
pub(super) fn govern(org: &Org) -> bool {
    org.shelves.contains_key(SHELF)
}

fn all(org: &Org) -> impl Iterator<Item = &Value> {
    let shelf = org.shelves.get(SHELF).into_iter();
    shelf.flat_map(|shelf| shelf.values())
}

/// The conditions of a resource, the first to look at first.
fn of<'o>(org: &'o Org, resource: &str) -> Vec<&'o Value> {
    let mut found: Vec<&Value> = all(org).filter(|one| one[RESOURCE] == resource).collect();
    found.sort_by_key(|one| one["priority"].as_u64());
    found
}

/// A resource is gone.
pub(super) fn forget(org: &mut Org, resource: &str) {
    remove_where(org, SHELF, |one| one[RESOURCE] == resource);
}

/// The condition that a sequence is needed for.
pub(super) fn with_sequence(org: &Org, sequence: &str) -> Option<String> {
    let mut using = all(org).filter(|one| one["approvalSequenceId"] == sequence);
    using.next().map(|one| text(one, "/id").to_owned())
}

/// The ids that settings list, those that are still there.
fn present(org: &Org, settings: &Value) -> Option<(&'static str, Vec<Value>)> {
    let (member, there): (_, fn(&Org, &str) -> bool) = match text(settings, "/type") {
        "GROUPS" => ("groups", |org, id| org.groups.contains(id)),
        "ENTITLEMENT_BUNDLES" => ("entitlementBundles", scope::has_bundle),
        _ => return None,
    };
    let listed = settings[member].as_array().into_iter().flatten();
    let left = listed.filter(|one| there(org, text(one, "/id"))).cloned();
    Some((member, left.collect()))
}

/// A condition as it is now: without what has gone, and `INVALID` if too little is left.
fn now(org: &Org, condition: &Value) -> Value {
    let mut seen = condition.clone();
    let mut valid = true;
    for settings in ["requesterSettings", "accessScopeSettings"] {
        if let Some((member, left)) = present(org, &seen[settings]) {
            valid &= !left.is_empty();
            seen[settings][member] = json!(left);
        }
    }
    let kind = resource_type(org, text(condition, "/~resource")).unwrap_or_default();
    if sequences::fitting(org, text(condition, "/approvalSequenceId"), kind).is_none() {
        remove(&mut seen, "approvalSequenceId");
        valid = false;
    }
    if !valid {
        seen["status"] = json!("INVALID");
    }
    seen
}

/// The active condition that lets somebody ask for a scope of a resource, the first by priority.
pub(super) fn admitting(org: &Org, resource: &str, scope: &str, user: &str) -> Option<Value> {
    let conditions = of(org, resource).into_iter().map(|one| now(org, one));
    let mut fitting = conditions.filter(|one| {
        one["status"] == "ACTIVE" && scope::covers(one, resource, scope) && admits(org, one, user)
    });
    fitting.next()
}

fn admits(org: &Org, condition: &Value, user: &str) -> bool {
    let settings = &condition["requesterSettings"];
    let mut groups = settings["groups"].as_array().into_iter().flatten();
    settings["type"] == "EVERYONE" || groups.any(|group| is_member(org, text(group, "/id"), user))
}

/// True if somebody, or the given user, can ask for a scope of a resource.
pub(super) fn offers(org: &Org, resource: &str, scope: &str, user: Option<&str>) -> bool {
    of(org, resource).into_iter().any(|one| {
        let one = now(org, one);
        one["status"] == "ACTIVE"
            && scope::covers(&one, resource, scope)
            && user.is_none_or(|user| admits(org, &one, user))
    })
}

fn view(call: &Call<'_>, condition: &Value) -> Value {
    let mut shown = now(call.org, condition);
    let resource = remove(&mut shown, RESOURCE).unwrap_or_default();
    let resource = resource.as_str().unwrap_or_default();
    let id = text(condition, "/id");
    let own = format!("/governance/api/v2/resources/{resource}/request-conditions/{id}");
    shown["_links"] = json!({ "self": link(call, &own) });
    shown
}

fn target(condition: &Value) -> Value {
    named(
        "AccessRequestCondition",
        text(condition, "/id"),
        "unknown",
        text(condition, "/name"),
    )
}

/// The condition that the path names.
fn addressed(call: &Call<'_>) -> Result<Value, Fault> {
    let shelf = call.org.shelves.get(SHELF);
    let found = shelf.and_then(|shelf| shelf.get(call.parameter(1)));
    let of_resource = found.filter(|one| one[RESOURCE] == call.parameter(0));
    of_resource.cloned().ok_or_else(not_found)
}

fn list(call: &mut Call<'_>) -> Outcome {
    resource_type(call.org, call.parameter(0)).ok_or_else(not_found)?;
    let conditions = of(call.org, call.parameter(0)).into_iter();
    let data: Vec<Value> = conditions
        .map(|one| {
            let mut shown = view(call, one);
            // Lists tell the type of settings alone.
            for settings in ["requesterSettings", "accessScopeSettings"] {
                shown[settings] = json!({ "type": shown[settings]["type"] });
            }
            shown
        })
        .collect();
    let own = paging::self_url(call.request, &paging::admin_base(call.base()));
    Ok(Answer::ok(
        &json!({ "data": data, "_links": { "self": { "href": own } } }),
    ))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let condition = addressed(call)?;
    Ok(Answer::ok(&view(call, &condition)))
}

/// Puts a condition at a place among those of its resource; the others keep their order.
fn place(org: &mut Org, condition: &mut Value, wanted: Option<u64>) {
    let id = text(condition, "/id").to_owned();
    let others = of(org, text(condition, "/~resource")).into_iter();
    let others = others.map(|one| text(one, "/id").to_owned());
    let mut order: Vec<String> = others.filter(|other| *other != id).collect();
    let wanted = wanted.map_or(order.len(), |place| place as usize);
    order.insert(wanted.min(order.len()), id.clone());
    for (place, other) in order.iter().enumerate() {
        if *other == id {
            condition["priority"] = json!(place);
        } else if let Some(other) = org.shelf(SHELF).get_mut(other) {
            other["priority"] = json!(place);
        }
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let resource = call.parameter(0);
    let kind = resource_type(call.org, resource).ok_or_else(not_found)?;
    let body = call.request.object()?;
    check::required(&body)?;
    let id = call.org.dice.id("rco");
    let mut condition = stamped(call, &id);
    condition[RESOURCE] = json!(resource);
    condition["status"] = json!("INACTIVE");
    check::take(call.org, &mut condition, &body, kind)?;
    place(call.org, &mut condition, body["priority"].as_u64());
    call.org.shelf(SHELF).put(&id, condition.clone());
    call.log("access.request.condition.create", vec![target(&condition)]);
    Ok(Answer::json(201, &view(call, &condition)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut condition = addressed(call)?;
    let kind = resource_type(call.org, call.parameter(0)).ok_or_else(not_found)?;
    let body = call.request.object()?;
    check::take(call.org, &mut condition, &body, kind)?;
    if now(call.org, &condition)["status"] == "INVALID" {
        return Err(check::invalid(
            "The update would leave the condition invalid.",
        ));
    }
    if let Some(priority) = body["priority"].as_u64() {
        place(call.org, &mut condition, Some(priority));
    }
    store(call, &mut condition);
    call.log("access.request.condition.update", vec![target(&condition)]);
    Ok(Answer::ok(&view(call, &condition)))
}

/// Keeps a changed condition, and the entries that it offers.
fn store(call: &mut Call<'_>, condition: &mut Value) {
    condition["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
    condition["lastUpdatedBy"] = json!(super::caller(call));
    if condition["status"] == "ACTIVE" {
        let resource = text(condition, "/~resource").to_owned();
        if call.org.groups.contains(&resource) {
            catalog::enter(call.org, &resource, "GROUP", &resource);
        }
        for (kind, id) in scope::named(condition) {
            catalog::enter(call.org, &resource, kind, &id);
        }
    }
    let id = text(condition, "/id").to_owned();
    call.org.shelf(SHELF).put(&id, condition.clone());
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let mut condition = addressed(call)?;
    // To the end first: the ones behind it move up.
    place(call.org, &mut condition, None);
    call.org.shelf(SHELF).remove(text(&condition, "/id"));
    call.log("access.request.condition.delete", vec![target(&condition)]);
    Ok(Answer::no_content())
}

fn activate(call: &mut Call<'_>) -> Outcome {
    switch(call, "INACTIVE", "ACTIVE")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    switch(call, "ACTIVE", "INACTIVE")
}

fn switch(call: &mut Call<'_>, from: &str, to: &str) -> Outcome {
    let mut condition = addressed(call)?;
    let (done, event) = match to {
        "ACTIVE" => ("activated", "access.request.condition.activate"),
        _ => ("deactivated", "access.request.condition.deactivate"),
    };
    if now(call.org, &condition)["status"] != from {
        let cause = format!("Only Request Condition with status={from} may be {done}");
        return Err(Fault::api(
            409,
            "E0000195",
            "Api validation failed due to conflict: Request Condition",
            &[&cause],
        ));
    }
    condition["status"] = json!(to);
    store(call, &mut condition);
    call.log(event, vec![target(&condition)]);
    Ok(Answer::ok(&view(call, &condition)))
}
