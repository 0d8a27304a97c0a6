//! What can have owners: apps, groups and collections, and what is within an app: bundles and
//! values of entitlements.

use serde_json::{Value, json};

use super::resources::{invalid, own_orn, parts, tail, unknown, wanted};
use super::{bundles, collections, entitlements, filter, fits, not_found, owners, page_body};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    match id {
        "listResourceOwnerCatalogResources" => Some(without_owners),
        _ => None,
    }
}

/// What a resource shows; its profile has the members of the object that are given.
fn shown(kind: &str, id: &str, orn: &str, name: &Value, description: Option<&Value>) -> Value {
    let mut profile = json!({ "id": id, "name": name });
    if let Some(description) = description {
        profile["description"] = description.clone();
    }
    json!({ "id": id, "type": kind, "orn": orn, "profile": profile })
}

fn bundle(one: &Value) -> Value {
    let (id, orn) = (text(one, "/id"), text(one, "/orn"));
    shown(
        "entitlement-bundles",
        id,
        orn,
        &one["name"],
        one.get("description"),
    )
}

fn value(entitlement: &Value, one: &Value) -> Value {
    let (id, orn) = (text(one, "/id"), text(one, "/orn"));
    let name = &one["name"];
    let mut value = shown("entitlement-values", id, orn, name, one.get("description"));
    value["profile"]["parent"] = json!({ "id": entitlement["id"], "name": entitlement["name"] });
    value
}

/// A resource that an ORN names, with the ORN of what it is within: an app or the resource itself.
pub(super) fn named(org: &Org, orn: &str) -> Result<(Value, String), Fault> {
    let (kind, id) = parts(orn).ok_or_else(not_found)?;
    let found = match kind {
        "apps" => {
            let app = org.apps.get(id);
            app.map(|app| (shown(kind, id, orn, &app["label"], None), orn.to_owned()))
        }
        "groups" => org.groups.get(id).map(|group| {
            let profile = &group["profile"];
            let own = shown(kind, id, orn, &profile["name"], profile.get("description"));
            (own, orn.to_owned())
        }),
        "collections" => collections::find(org, id).map(|one| {
            let own = own_orn(org, kind, id);
            let own = shown(kind, id, &own, &one["name"], one.get("description"));
            (own, orn.to_owned())
        }),
        "entitlement-bundles" => bundles::find(org, id)
            .map(|one| (bundle(one), text(one, "/targetResourceOrn").to_owned())),
        "entitlement-values" => entitlements::find_value(org, id).map(|(entitlement, one)| {
            let parent = text(entitlement, "/parentResourceOrn").to_owned();
            (value(entitlement, one), parent)
        }),
        _ => None,
    };
    found.ok_or_else(not_found)
}

/// Everything within an app.
fn within(org: &Org, app: &str) -> Vec<Value> {
    let of_app = bundles::all(org).filter(|one| text(one, "/target/externalId") == app);
    let mut all: Vec<Value> = of_app.map(bundle).collect();
    for entitlement in entitlements::all(org).filter(|one| text(one, "/parent/externalId") == app) {
        let values = entitlement["values"].as_array().into_iter().flatten();
        all.extend(values.map(|one| value(entitlement, one)));
    }
    all
}

/// What is within an app and has no owner.
fn without_owners(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let filter = filter.ok_or_else(|| invalid("filter", "The field cannot be left blank"))?;
    let parent = wanted(&filter, "parentResourceOrn");
    let parent =
        parent.ok_or_else(|| invalid("filter", "The filter must name parentResourceOrn."))?;
    let about_profile = call
        .request
        .query("filter")
        .is_some_and(|f| f.contains("resource.profile."));
    if about_profile && wanted(&filter, "resource.type").is_none() {
        return Err(invalid("filter", "The filter must name resource.type."));
    }
    let app = call.org.apps.get(tail(parent));
    let app = app.ok_or_else(|| unknown("parentResourceOrn", parent))?;
    let fitting = within(call.org, text(app, "/id"))
        .into_iter()
        .filter(|one| {
            let seen = json!({ "parentResourceOrn": parent, "resource": one });
            owners::of(call.org, text(one, "/id")).is_empty() && fits(Some(&filter), &seen)
        });
    let fitting: Vec<Value> = fitting.collect();
    let placed = fitting.iter().zip(1..).map(|(one, place)| (place, one));
    let mut body = page_body(call, placed, Value::clone)?;
    body["parentResourceOrn"] = app["orn"].clone();
    Ok(Answer::ok(&body))
}
