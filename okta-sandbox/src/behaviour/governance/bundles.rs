//! Entitlement bundles: values of several entitlements of an app under one name.

use serde_json::{Value, json};

use super::resources::{checked, includes, invalid, own_orn, target, target_app};
use super::{entitlements, filter, fits, grants, leftovers, link, not_found, page, stamped};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listEntitlementBundles" => list,
        "createEntitlementBundle" => create,
        "getEntitlementBundle" => get,
        "replaceEntitlementBundle" => replace,
        "deleteEntitlementBundle" => delete,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/entitlement-bundles";

pub(super) fn find<'o>(org: &'o Org, id: &str) -> Option<&'o Value> {
    org.shelves.get(SHELF)?.get(id)
}

/// All bundles.
pub(super) fn all(org: &Org) -> impl Iterator<Item = &Value> {
    let shelf = org.shelves.get(SHELF);
    shelf.into_iter().flat_map(|shelf| shelf.values())
}

/// Whether a bundle has an entitlement or a value of this id.
pub(super) fn uses(org: &Org, id: &str) -> bool {
    all(org).any(|bundle| refers(&bundle["entitlements"], id))
}

/// Whether references name an entitlement or a value.
pub(super) fn refers(references: &Value, id: &str) -> bool {
    let references = references.as_array().into_iter().flatten();
    { references }
        .any(|one| one["id"] == id || entitlements::ids_of(&one["values"]).any(|v| v == id))
}

fn view(call: &Call<'_>, bundle: &Value, full: bool) -> Value {
    let mut shown = bundle.clone();
    if full {
        shown["entitlements"] = entitlements::full(call.org, &bundle["entitlements"]);
    }
    let own = format!("{SHELF}/{}", text(bundle, "/id"));
    shown["_links"] = json!({ "self": link(call, &own) });
    shown
}

fn named_one(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    call.org.shelf(SHELF).get(id).cloned().ok_or_else(not_found)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    call.org.shelf(SHELF);
    let full = includes(call, "full_entitlements");
    let hits = call.org.shelves[SHELF].placed();
    let hits = hits.filter(|(_, one)| fits(filter.as_ref(), one));
    page(call, hits, |one| view(call, one, full))
}

/// A single bundle always shows names and values of its entitlements.
fn get(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    Ok(Answer::ok(&view(call, &bundle, true)))
}

fn check_name(org: &Org, app: &Value, name: &str, own: &str) -> Result<(), Fault> {
    let taken = all(org).any(|one| {
        one["target"]["externalId"] == app["id"] && one["name"] == name && one["id"] != own
    });
    match taken {
        true => Err(invalid(
            "name",
            "A bundle with this name already exists for the resource.",
        )),
        false => Ok(()),
    }
}

/// What a body says of a bundle: its name, description and entitlements.
fn content(call: &Call<'_>, app: &Value, body: &Value, own: &str) -> Result<Value, Fault> {
    check_name(call.org, app, text(body, "/name"), own)?;
    let references = entitlements::references(call.org, app, &body["entitlements"])?;
    if references.as_array().is_none_or(Vec::is_empty) {
        return Err(invalid("entitlements", "The field cannot be left blank"));
    }
    let mut content = json!({ "name": body["name"], "entitlements": references });
    if let Some(description) = body.get("description") {
        content["description"] = description.clone();
    }
    Ok(content)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let app = target_app(call.org, &body["target"])?;
    let content = content(call, &app, &body, "")?;
    let id = call.org.dice.id("enb");
    let mut bundle = stamped(call, &id);
    merge(&mut bundle, &content);
    merge(
        &mut bundle,
        &json!({
            "orn": own_orn(call.org, "entitlement-bundles", &id), "target": target(&app),
            "targetResourceOrn": app["orn"], "status": "ACTIVE",
        }),
    );
    call.org.shelf(SHELF).put(&id, bundle.clone());
    tell(call, "create", &bundle);
    let shown = view(call, &bundle, false);
    let location = text(&shown, "/_links/self/href").to_owned();
    Ok(Answer::json(201, &shown).with("location", location))
}

fn tell(call: &mut Call<'_>, verb: &str, bundle: &Value) {
    let target = named(
        "EntitlementBundle",
        text(bundle, "/id"),
        text(bundle, "/orn"),
        text(bundle, "/name"),
    );
    call.log(&format!("resource.entitlement_bundle.{verb}"), vec![target]);
}

/// What the bundle's grants give changes with it.
fn replace(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let mut bundle = named_one(call)?;
    let id = text(&bundle, "/id").to_owned();
    if body["id"] != bundle["id"] {
        return Err(invalid("id", "The value must be the id of the bundle."));
    }
    for fixed in ["target", "targetResourceOrn"] {
        if body[fixed] != bundle[fixed] {
            return Err(invalid(fixed, "The field cannot be changed."));
        }
    }
    let app = target_app(call.org, &bundle["target"])?;
    let content = content(call, &app, &body, &id)?;
    remove(&mut bundle, "description");
    merge(&mut bundle, &content);
    let now = stamped(call, &id);
    for name in ["lastUpdated", "lastUpdatedBy"] {
        bundle[name] = now[name].clone();
    }
    call.org.shelf(SHELF).put(&id, bundle.clone());
    grants::recount_bundle(call, &id);
    tell(call, "update", &bundle);
    Ok(Answer::ok(&view(call, &bundle, false)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    let id = text(&bundle, "/id");
    if grants::uses(call.org, id) {
        let cause = "The bundle cannot be deleted while it is granted.";
        return Err(Fault::api(
            409,
            "E0000195",
            "Api validation failed due to conflict: Entitlement Bundle",
            &[cause],
        ));
    }
    call.org.shelf(SHELF).remove(id);
    leftovers::forget_within(call.org, id);
    tell(call, "delete", &bundle);
    Ok(Answer::no_content())
}
