//! Entitlements of apps, and their values.

use serde_json::{Value, json};

use super::resources::{checked, invalid, own_orn, target, target_app};
use super::{
    bundles, filter, fits, grants, labels, leftovers, link, not_found, page, page_body, stamped,
    stored,
};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listEntitlements" => list,
        "createEntitlement" => create,
        "getEntitlement" => get,
        "replaceEntitlement" => replace,
        "updateEntitlement" => update,
        "deleteEntitlement" => delete,
        "listAllEntitlementValues" => list_all_values,
        "listEntitlementValues" => list_values,
        "getEntitlementValue" => get_value,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/entitlements";

/// Values that an entitlement may get at once.
const PROPERTIES: [&str; 7] = [
    "id",
    "name",
    "externalValue",
    "description",
    "multiValue",
    "required",
    "dataType",
];

/// All entitlements.
pub(super) fn all(org: &Org) -> impl Iterator<Item = &Value> {
    let shelf = org.shelves.get(SHELF);
    shelf.into_iter().flat_map(|shelf| shelf.values())
}

fn values_of(entitlement: &Value) -> &[Value] {
    entitlement["values"].as_array().map_or(&[], Vec::as_slice)
}

/// What a value shows within something else.
fn short_value(value: &Value) -> Value {
    let mut shown = json!({});
    for name in ["id", "name", "externalValue", "description", "orn"] {
        if let Some(member) = value.get(name) {
            shown[name] = member.clone();
        }
    }
    shown
}

/// An entitlement's own members, with the values of these ids.
pub(super) fn with_values(entitlement: &Value, wanted: impl Fn(&str) -> bool) -> Value {
    let mut shown = json!({});
    for name in PROPERTIES {
        if let Some(member) = entitlement.get(name) {
            shown[name] = member.clone();
        }
    }
    let values = values_of(entitlement).iter();
    let values = values.filter(|value| wanted(text(value, "/id")));
    shown["values"] = values.map(short_value).collect();
    shown
}

/// References `[{id, values: [{id}]}]` with names and values, as far as they still exist.
pub(super) fn full(org: &Org, references: &Value) -> Value {
    let references = references.as_array().into_iter().flatten();
    let shown = references.filter_map(|reference| {
        let id = text(reference, "/id");
        let entitlement = all(org).find(|one| text(one, "/id") == id)?;
        let ids: Vec<&str> = ids_of(&reference["values"]).collect();
        Some(with_values(entitlement, |value| ids.contains(&value)))
    });
    shown.collect()
}

/// The ids of a list of objects.
pub(super) fn ids_of(list: &Value) -> impl Iterator<Item = &str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one["id"].as_str())
}

/// Like [`known`], for somebody to have: a single value where there cannot be more.
pub(super) fn references(org: &Org, app: &Value, given: &Value) -> Result<Value, Fault> {
    let kept = known(org, app, given)?;
    for one in kept.as_array().into_iter().flatten() {
        let id = text(one, "/id");
        let entitlement = all(org).find(|known| text(known, "/id") == id);
        if values_of(one).len() > 1 && entitlement.is_some_and(|e| e["multiValue"] != true) {
            let reason = format!("The entitlement {id} takes a single value.");
            return Err(invalid("entitlements.values", &reason));
        }
    }
    Ok(kept)
}

/// The entitlement and the value of the id of a value.
pub(super) fn find_value<'o>(org: &'o Org, id: &str) -> Option<(&'o Value, &'o Value)> {
    all(org)
        .flat_map(|one| values_of(one).iter().map(move |value| (one, value)))
        .find(|(_, value)| value["id"] == id)
}

/// Checks references to entitlements of an app, and brings them into the form that is kept.
pub(super) fn known(org: &Org, app: &Value, given: &Value) -> Result<Value, Fault> {
    let mut kept: Vec<Value> = Vec::new();
    for reference in given.as_array().into_iter().flatten() {
        let id = text(reference, "/id");
        let entitlement = all(org).find(|one| text(one, "/id") == id);
        let entitlement = entitlement
            .filter(|one| one["parent"]["externalId"] == app["id"])
            .ok_or_else(|| {
                let reason = format!("{id} is no entitlement of the resource.");
                invalid("entitlements", &reason)
            })?;
        if kept.iter().any(|one| one["id"] == id) {
            return Err(invalid("entitlements", &format!("{id} is listed twice.")));
        }
        let ids: Vec<&str> = ids_of(&reference["values"]).collect();
        let known = |id: &&&str| values_of(entitlement).iter().any(|v| v["id"] == **id);
        if let Some(unknown) = ids.iter().find(|id| !known(id)) {
            let reason = format!("{unknown} is no value of the entitlement {id}.");
            return Err(invalid("entitlements.values", &reason));
        }
        if ids.is_empty() {
            let reason = "At least one value is needed.";
            return Err(invalid("entitlements.values", reason));
        }
        let values: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        kept.push(json!({ "id": id, "values": values }));
    }
    Ok(json!(kept))
}

fn view(call: &Call<'_>, entitlement: &Value, whole: bool) -> Value {
    let mut shown = entitlement.clone();
    let values = values_of(entitlement);
    match whole {
        true => shown["values"] = values.iter().map(short_value).collect(),
        false => {
            remove(&mut shown, "values");
        }
    }
    shown["metadata"] = json!({ "total": values.len() });
    let own = format!("{SHELF}/{}", text(entitlement, "/id"));
    shown["_links"] = json!({
        "self": link(call, &own), "values": link(call, &format!("{own}/values")),
    });
    shown
}

fn value_view(call: &Call<'_>, entitlement: &Value, value: &Value) -> Value {
    let mut shown = value.clone();
    merge(
        &mut shown,
        &json!({
            "entitlementId": entitlement["id"], "parent": entitlement["parent"],
            "parentResourceOrn": entitlement["parentResourceOrn"],
        }),
    );
    let id = (text(entitlement, "/id"), text(value, "/id"));
    shown["_links"] = json!({ "self": link(call, &format!("{SHELF}/{}/values/{}", id.0, id.1)) });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    call.org.shelf(SHELF);
    let hits = call.org.shelves[SHELF].placed();
    let hits: Vec<(u64, &Value)> = hits.filter(|(_, one)| fits(filter.as_ref(), one)).collect();
    let total = hits.len();
    let mut body = page_body(call, hits.into_iter(), |one| view(call, one, false))?;
    body["metadata"] = json!({ "total": total });
    Ok(Answer::ok(&body))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let entitlement = stored(call, SHELF)?;
    Ok(Answer::ok(&view(call, &entitlement, true)))
}

/// Refuses an entitlement whose value for the app another one of the app has.
fn check_unique(org: &Org, app: &Value, given: &Value, own: &str) -> Result<(), Fault> {
    let taken = all(org).any(|one| {
        one["parent"]["externalId"] == app["id"]
            && one["externalValue"] == given["externalValue"]
            && one["id"] != own
    });
    match taken {
        true => Err(invalid(
            "externalValue",
            "An entitlement with this value already exists for the resource.",
        )),
        false => Ok(()),
    }
}

/// A value with an id, unless the entitlement has one of the same value for the app.
fn new_value(call: &mut Call<'_>, entitlement: &Value, given: &Value) -> Result<Value, Fault> {
    check_value(entitlement, given, "")?;
    let id = call.org.dice.id("ent");
    let mut value = stamped(call, &id);
    merge(&mut value, given);
    value["orn"] = json!(own_orn(call.org, "entitlement-values", &id));
    Ok(value)
}

fn check_value(entitlement: &Value, given: &Value, own: &str) -> Result<(), Fault> {
    for name in ["name", "externalValue"] {
        if given[name].as_str().is_none_or(str::is_empty) {
            let member = format!("values.{name}");
            return Err(invalid(&member, "The field cannot be left blank"));
        }
    }
    let same =
        |value: &&Value| value["externalValue"] == given["externalValue"] && value["id"] != own;
    match values_of(entitlement).iter().find(same) {
        Some(_) => Err(invalid(
            "values.externalValue",
            "The entitlement already has this value.",
        )),
        None => Ok(()),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let mut body = checked(call, Fullness::Whole)?;
    if text(&body, "/parent/externalId").is_empty() {
        return Err(invalid("parent", "The field cannot be left blank"));
    }
    let app = target_app(call.org, &body["parent"])?;
    check_unique(call.org, &app, &body, "")?;
    let values = remove(&mut body, "values").unwrap_or_default();
    let id = call.org.dice.id("esp");
    let mut entitlement = stamped(call, &id);
    merge(
        &mut entitlement,
        &json!({ "required": false, "values": [] }),
    );
    merge(&mut entitlement, &body);
    entitlement["parent"] = target(&app);
    entitlement["parentResourceOrn"] = app["orn"].clone();
    for given in values.as_array().into_iter().flatten() {
        let value = new_value(call, &entitlement, given)?;
        if let Some(values) = entitlement["values"].as_array_mut() {
            values.push(value);
        }
    }
    call.org.shelf(SHELF).put(&id, entitlement.clone());
    tell(call, "create", &entitlement);
    Ok(Answer::json(201, &view(call, &entitlement, true)))
}

fn tell(call: &mut Call<'_>, verb: &str, entitlement: &Value) {
    let id = text(entitlement, "/id");
    let orn = own_orn(call.org, "entitlements", id);
    let target = named("Entitlement", id, &orn, text(entitlement, "/name"));
    call.log(&format!("resource.entitlement.{verb}"), vec![target]);
}

/// Keeps a changed entitlement.
fn keep(call: &mut Call<'_>, mut entitlement: Value) -> Outcome {
    let id = text(&entitlement, "/id").to_owned();
    let now = stamped(call, &id);
    for name in ["lastUpdated", "lastUpdatedBy"] {
        entitlement[name] = now[name].clone();
    }
    call.org.shelf(SHELF).put(&id, entitlement.clone());
    tell(call, "update", &entitlement);
    Ok(Answer::ok(&view(call, &entitlement, true)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let mut entitlement = stored(call, SHELF)?;
    for fixed in ["dataType", "externalValue"] {
        if body[fixed] != entitlement[fixed] {
            return Err(invalid(fixed, "The field cannot be changed."));
        }
    }
    let values = entitlement["values"].clone();
    remove(&mut entitlement, "description");
    merge(&mut entitlement, &body);
    entitlement["values"] = values;
    if let Some(given) = body.get("values").filter(|values| values.is_array()) {
        let given = given.as_array().cloned().unwrap_or_default();
        set_values(call, &mut entitlement, &given)?;
    }
    keep(call, entitlement)
}

/// The values of a replace: those with ids change, those without are new, those left out go.
fn set_values(call: &mut Call<'_>, entitlement: &mut Value, given: &[Value]) -> Result<(), Fault> {
    let before = values_of(entitlement).to_vec();
    entitlement["values"] = json!([]);
    for one in given {
        let value = match one["id"].as_str() {
            None => new_value(call, entitlement, one)?,
            Some(id) => {
                let known = before.iter().find(|value| value["id"] == id);
                let mut value = known.cloned().ok_or_else(not_found)?;
                merge(&mut value, one);
                check_value(entitlement, &value, id)?;
                value
            }
        };
        if let Some(values) = entitlement["values"].as_array_mut() {
            values.push(value);
        }
    }
    let gone = before.iter().map(|value| text(value, "/id"));
    let gone = { gone }.filter(|id| !ids_of(&entitlement["values"]).any(|kept| kept == *id));
    for id in gone {
        check_unused(call.org, id)?;
    }
    Ok(())
}

/// Refuses to take away what a bundle or a grant has.
fn check_unused(org: &Org, id: &str) -> Result<(), Fault> {
    match bundles::uses(org, id) || grants::uses(org, id) {
        true => Err(invalid(
            "id",
            "The entitlement is in use by a bundle or a grant.",
        )),
        false => Ok(()),
    }
}

/// Steps `{op, path, refType, value}` on the entitlement or on its values.
fn update(call: &mut Call<'_>) -> Outcome {
    let steps = checked(call, Fullness::Part)?;
    let mut entitlement = stored(call, SHELF)?;
    for step in steps.as_array().into_iter().flatten() {
        let (op, path) = (text(step, "/op"), text(step, "/path"));
        match (text(step, "/refType"), path.strip_prefix("/values/")) {
            ("ENTITLEMENT-VALUE", Some(id)) => {
                change_value(call, &mut entitlement, op, id, &step["value"])?;
            }
            ("ENTITLEMENT", None) => change_member(&mut entitlement, op, path, &step["value"])?,
            _ => return Err(invalid("path", "The field has an invalid value")),
        }
    }
    keep(call, entitlement)
}

fn change_member(
    entitlement: &mut Value,
    op: &str,
    path: &str,
    value: &Value,
) -> Result<(), Fault> {
    let name = path.trim_start_matches('/');
    match (op, name) {
        ("REMOVE", "description") => {
            remove(entitlement, name);
            Ok(())
        }
        ("ADD" | "REPLACE", "name" | "description")
            if value.as_str().is_some_and(|v| !v.is_empty()) =>
        {
            entitlement[name] = value.clone();
            Ok(())
        }
        _ => Err(invalid("path", "The field has an invalid value")),
    }
}

fn change_value(
    call: &mut Call<'_>,
    entitlement: &mut Value,
    op: &str,
    id: &str,
    given: &Value,
) -> Result<(), Fault> {
    if (op, id) == ("ADD", "-") {
        let value = new_value(call, entitlement, given)?;
        if let Some(values) = entitlement["values"].as_array_mut() {
            values.push(value);
        }
        return Ok(());
    }
    let place = values_of(entitlement)
        .iter()
        .position(|value| value["id"] == id);
    let place = place.ok_or_else(not_found)?;
    match op {
        "REMOVE" => {
            check_unused(call.org, id)?;
            leftovers::forget_within(call.org, id);
            if let Some(values) = entitlement["values"].as_array_mut() {
                values.remove(place);
            }
        }
        "REPLACE" => {
            let mut value = entitlement["values"][place].clone();
            merge(&mut value, given);
            value["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
            check_value(entitlement, &value, id)?;
            entitlement["values"][place] = value;
        }
        _ => return Err(invalid("op", "The field has an invalid value")),
    }
    Ok(())
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let entitlement = stored(call, SHELF)?;
    let id = text(&entitlement, "/id");
    check_unused(call.org, id)?;
    call.org.shelf(SHELF).remove(id);
    for value in ids_of(&entitlement["values"]) {
        leftovers::forget_within(call.org, value);
    }
    tell(call, "delete", &entitlement);
    Ok(Answer::no_content())
}

fn list_all_values(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let all: Vec<Value> = all(call.org)
        .flat_map(|one| values_of(one).iter().map(move |value| (one, value)))
        .map(|(one, value)| value_view(call, one, value))
        .collect();
    value_page(call, filter.as_ref(), &all)
}

fn list_values(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let entitlement = stored(call, SHELF)?;
    let values = values_of(&entitlement).iter();
    let all: Vec<Value> = values
        .map(|value| value_view(call, &entitlement, value))
        .collect();
    value_page(call, filter.as_ref(), &all)
}

fn value_page(
    call: &Call<'_>,
    filter: Option<&crate::expression::Expression>,
    values: &[Value],
) -> Outcome {
    let placed = values
        .iter()
        .enumerate()
        .map(|(n, value)| (n as u64 + 1, value));
    page(
        call,
        placed.filter(|(_, value)| {
            let mut seen = (*value).clone();
            seen["labelValueId"] = json!(labels::of(call.org, text(value, "/orn")));
            fits(filter, &seen)
        }),
        Value::clone,
    )
}

fn get_value(call: &mut Call<'_>) -> Outcome {
    let entitlement = stored(call, SHELF)?;
    let id = call.parameter(1);
    let value = values_of(&entitlement)
        .iter()
        .find(|value| value["id"] == id);
    let value = value.ok_or_else(not_found)?;
    Ok(Answer::ok(&value_view(call, &entitlement, value)))
}
