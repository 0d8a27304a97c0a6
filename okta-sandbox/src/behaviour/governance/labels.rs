//! Labels with their values, and the resources that bear them.

use serde_json::{Value, json};

use super::leftovers::remove_where;
use super::resources::{checked, here, invalid, parts, tail, taken, unknown};
use super::{bundles, entitlements, filter, fits, link, page, stored};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listLabels" => list,
        "createLabel" => create,
        "getLabel" => get,
        "updateLabel" => update,
        "deleteLabel" => delete,
        "listLabelResources" => resources,
        "assignResourceLabels" => assign,
        "removeResourceLabels" => unassign,
        _ => return None,
    })
}

const SHELF: &str = "/governance/api/v1/labels";
/// The ids of the label values of resources, by ORN.
const ASSIGNED: &str = RESOURCES;
const RESOURCES: &str = "/governance/api/v1/resource-labels";

/// Values that a label may have.
const MOST_VALUES: usize = 10;

const COLORS: [&str; 9] = [
    "red", "orange", "yellow", "green", "blue", "purple", "teal", "beige", "gray",
];

fn values(label: &Value) -> &[Value] {
    label["values"].as_array().map_or(&[], Vec::as_slice)
}

fn target(label: &Value) -> Value {
    let (id, name) = (text(label, "/labelId"), text(label, "/name"));
    named("ResourceLabel", id, "unknown", name)
}

/// The ids of the label values of a resource.
pub(super) fn of(org: &Org, orn: &str) -> Vec<String> {
    let shelf = org.shelves.get(ASSIGNED);
    let assigned = shelf.and_then(|shelf| shelf.get(orn));
    let ids = assigned.and_then(|assigned| assigned["values"].as_array());
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    ids.map(str::to_owned).collect()
}

fn view(call: &Call<'_>, label: &Value) -> Value {
    let mut shown = label.clone();
    let own = format!("{SHELF}/{}", text(label, "/labelId"));
    shown["_links"] = json!({ "self": link(call, &own) });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let all = call.org.shelf(SHELF).values();
    let all = all.filter(|label| fits(filter.as_ref(), label));
    let data: Vec<Value> = all.cloned().collect();
    let data: Vec<Value> = data.iter().map(|label| view(call, label)).collect();
    let own = crate::paging::self_url(call.request, call.base());
    Ok(Answer::ok(&json!({
        "data": data, "_links": { "self": { "href": own } }, "metadata": { "total": data.len() },
    })))
}

fn blank(member: &str) -> Fault {
    invalid(member, "The field cannot be left blank")
}

fn check_value(value: &Value) -> Result<(), Fault> {
    let name = text(value, "/name");
    if name.is_empty() || name.chars().count() > 50 {
        return Err(blank("values.name"));
    }
    let color = &value["metadata"]["additionalProperties"]["backgroundColor"];
    match color.as_str() {
        Some(color) if !COLORS.contains(&color) => {
            let member = "backgroundColor";
            let cause = format!("{member}: The value must be one of {}.", COLORS.join(", "));
            Err(Fault::validation(member, &[&cause]))
        }
        _ => Ok(()),
    }
}

/// Names are unique: of labels, and of the values of a label.
fn check_names(org: &mut Org, label: &Value) -> Result<(), Fault> {
    let same =
        |a: &Value, b: &Value| text(a, "/name").to_lowercase() == text(b, "/name").to_lowercase();
    let mut others = org.shelf(SHELF).values();
    if others.any(|one| one["labelId"] != label["labelId"] && same(one, label)) {
        return Err(taken("name"));
    }
    let values = values(label);
    if values.len() > MOST_VALUES {
        let cause = format!("values: size must be at most {MOST_VALUES}");
        return Err(Fault::validation("values", &[&cause]));
    }
    let twice = |(index, value): (usize, &Value)| values[..index].iter().any(|v| same(v, value));
    match values.iter().enumerate().any(twice) {
        true => Err(taken("values.name")),
        false => Ok(()),
    }
}

fn fresh_value(call: &mut Call<'_>, given: &Value) -> Result<Value, Fault> {
    check_value(given)?;
    let mut value = json!({ "labelValueId": call.org.dice.id("lbl"), "name": given["name"] });
    if given["metadata"].is_object() {
        value["metadata"] = given["metadata"].clone();
    }
    Ok(value)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = checked(call, Fullness::Whole)?;
    let mut fresh = Vec::new();
    for value in values(&body) {
        fresh.push(fresh_value(call, value)?);
    }
    let id = call.org.dice.id("lbc");
    let label = json!({ "labelId": id, "name": body["name"], "values": fresh });
    check_names(call.org, &label)?;
    call.org.shelf(SHELF).put(&id, label.clone());
    call.log("resource.label.update", vec![target(&label)]);
    Ok(Answer::json(201, &view(call, &label)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let label = stored(call, SHELF)?;
    Ok(Answer::ok(&view(call, &label)))
}

/// Refuses to take away values that resources bear.
fn check_unused(org: &Org, ids: &[&str]) -> Result<(), Fault> {
    let assigned = org.shelves.get(ASSIGNED).into_iter();
    let used = assigned.flat_map(|shelf| shelf.values()).find(|one| {
        let mut values = values(one).iter().filter_map(Value::as_str);
        // What is gone bears nothing.
        values.any(|id| ids.contains(&id)) && profile(org, text(one, "/orn")).is_some()
    });
    match used {
        None => Ok(()),
        Some(one) => {
            let reason = format!("The label is assigned to {}", text(one, "/orn"));
            Err(invalid("values", &reason))
        }
    }
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut label = stored(call, SHELF)?;
    let steps = checked(call, Fullness::Whole)?;
    let refused = |member: &str| invalid(member, "The field has an invalid value");
    for step in steps.as_array().into_iter().flatten() {
        let path: Vec<&str> = text(step, "/path").split('/').skip(1).collect();
        let given = &step["value"];
        match (text(step, "/op"), path.as_slice()) {
            ("REPLACE", ["name"]) => {
                if given.as_str().is_none_or(str::is_empty) {
                    return Err(blank("name"));
                }
                label["name"] = given.clone();
            }
            ("ADD", ["values", "-"]) => {
                let value = fresh_value(call, given)?;
                label["values"] = json!([values(&label), &[value]].concat());
            }
            (op @ ("REMOVE" | "REPLACE"), ["values", id, rest @ ..]) => {
                let mut all = values(&label).to_vec();
                let place = all.iter().position(|v| text(v, "/labelValueId") == *id);
                let place = place.ok_or_else(|| unknown("/values", id))?;
                match (op, rest) {
                    ("REMOVE", []) => {
                        check_unused(call.org, &[id])?;
                        all.remove(place);
                    }
                    // Whatever the path says after the id, the members stand in the value.
                    ("REPLACE", _) if given.is_object() => merge(&mut all[place], given),
                    ("REPLACE", _) => return Err(refused("value")),
                    _ => return Err(refused("path")),
                }
                if let Some(value) = all.get_mut(place).filter(|_| op == "REPLACE") {
                    value["labelValueId"] = json!(id);
                    check_value(value)?;
                }
                label["values"] = json!(all);
            }
            _ => return Err(refused("path")),
        }
    }
    check_names(call.org, &label)?;
    let id = text(&label, "/labelId");
    call.org.shelf(SHELF).put(id, label.clone());
    call.log("resource.label.update", vec![target(&label)]);
    Ok(Answer::ok(&view(call, &label)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let label = stored(call, SHELF)?;
    let ids: Vec<&str> = values(&label)
        .iter()
        .map(|value| text(value, "/labelValueId"))
        .collect();
    check_unused(call.org, &ids)?;
    call.org.shelf(SHELF).remove(text(&label, "/labelId"));
    call.log("resource.label.update", vec![target(&label)]);
    Ok(Answer::no_content())
}

/// What bears labels: apps, groups, bundles and values; none if there is no such thing.
fn profile(org: &Org, orn: &str) -> Option<Value> {
    let (kind, id) = parts(orn)?;
    let (name, description) = match kind {
        "apps" => (text(org.apps.get(id)?, "/label"), ""),
        "groups" => {
            let group = org.groups.get(id)?;
            (
                text(group, "/profile/name"),
                text(group, "/profile/description"),
            )
        }
        "entitlement-bundles" => {
            let bundle = bundles::find(org, id)?;
            (text(bundle, "/name"), text(bundle, "/description"))
        }
        "entitlement-values" => {
            let (_, value) = entitlements::find_value(org, id)?;
            (text(value, "/name"), text(value, "/description"))
        }
        _ => return None,
    };
    let mut profile = json!({ "id": id, "name": name });
    if !description.is_empty() {
        profile["description"] = json!(description);
    }
    Some(profile)
}

/// A resource with its labels, each with those of its values that the resource bears.
fn labelled(call: &Call<'_>, orn: &str) -> Value {
    let ids = of(call.org, orn);
    let all = call.org.shelves.get(SHELF).into_iter();
    let labels = all.flat_map(|shelf| shelf.values()).filter_map(|label| {
        let mut shown = view(call, label);
        let values = shown["values"].as_array_mut()?;
        values.retain(|value| ids.iter().any(|id| value["labelValueId"] == id.as_str()));
        (!values.is_empty()).then_some(shown)
    });
    let labels: Vec<Value> = labels.collect();
    let own = format!("{RESOURCES}?filter=orn%20eq%20%22{orn}%22");
    json!({
        "orn": orn, "profile": profile(call.org, orn), "labels": labels,
        "_links": { "self": link(call, &own) },
    })
}

fn resources(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?.ok_or_else(|| blank("filter"))?;
    call.org.shelf(ASSIGNED);
    let hits = call.org.shelves[ASSIGNED].placed().filter(|(_, one)| {
        let orn = text(one, "/orn");
        let kind = parts(orn).map_or("", |(kind, _)| kind);
        let shown = json!({ "orn": orn, "labelValueId": one["values"], "resourceType": kind });
        fits(Some(&filter), &shown) && profile(call.org, orn).is_some()
    });
    page(call, hits, |one| labelled(call, text(one, "/orn")))
}

/// Resources and label values of a body, all of them known.
fn asked(call: &mut Call<'_>) -> Result<(Vec<String>, Vec<String>), Fault> {
    let body = checked(call, Fullness::Whole)?;
    let texts = |member: &str| {
        let all = body[member].as_array().into_iter().flatten();
        all.filter_map(Value::as_str)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (orns, ids) = (texts("resourceOrns"), texts("labelValueIds"));
    if let Some(orn) = orns.iter().find(|orn| profile(call.org, orn).is_none()) {
        return Err(unknown("/resourceOrns", orn));
    }
    let orns = orns.iter().map(|orn| here(call.org, orn)).collect();
    let labels = call.org.shelf(SHELF);
    let known = |id: &&String| {
        let mut all = labels.values().flat_map(values);
        all.any(|value| text(value, "/labelValueId") == id.as_str())
    };
    if let Some(id) = ids.iter().find(|id| !known(id)) {
        return Err(unknown("/labelValueIds", id));
    }
    Ok((orns, ids))
}

/// Something that may bear labels is gone.
pub(super) fn forget(org: &mut Org, id: &str) {
    remove_where(org, ASSIGNED, |one| tail(text(one, "/orn")) == id);
}

/// Sets the labels of a resource.
fn set(call: &mut Call<'_>, orn: &str, ids: &[String]) {
    if ids == of(call.org, orn) {
        return;
    }
    match ids.is_empty() {
        true => {
            call.org.shelf(ASSIGNED).remove(orn);
        }
        false => {
            let assigned = json!({ "orn": orn, "values": ids });
            call.org.shelf(ASSIGNED).put(orn, assigned);
        }
    }
    let profile = profile(call.org, orn).unwrap_or_default();
    let (id, name) = (text(&profile, "/id"), text(&profile, "/name"));
    let target = named("Resource", id, orn, name);
    call.log("resource.label.assignment.update", vec![target]);
}

fn assign(call: &mut Call<'_>) -> Outcome {
    let (orns, ids) = asked(call)?;
    for orn in &orns {
        let mut all = of(call.org, orn);
        for id in &ids {
            if !all.contains(id) {
                all.push(id.clone());
            }
        }
        set(call, orn, &all);
    }
    let data: Vec<Value> = orns.iter().map(|orn| labelled(call, orn)).collect();
    let own = link(call, &call.request.path);
    Ok(Answer::ok(
        &json!({ "data": data, "_links": { "self": own } }),
    ))
}

fn unassign(call: &mut Call<'_>) -> Outcome {
    let (orns, ids) = asked(call)?;
    for orn in &orns {
        let mut rest = of(call.org, orn);
        rest.retain(|id| !ids.contains(id));
        set(call, orn, &rest);
    }
    Ok(Answer::no_content())
}
