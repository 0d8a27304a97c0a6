//! The resource catalog.
//!
//! In an org that never had request conditions every app is an entry that anyone may ask for. Once
//! there are conditions, they decide what is in the catalog, and for whom. Besides apps these are
//! groups, and groups and bundles below their app.
//!
//! Which fields a request has to fill in is part of the seed; without a seed there are none.

use serde_json::{Value, json};

use super::leftovers::remove_where;
use super::{bundles, conditions, filter, fits as filter_fits, link, not_found, page, risk};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllDefaultEntriesV2" | "listAllDefaultUserEntriesV2" | "listMyDefaultEntriesV2" => {
            list
        }
        "getCatalogEntryV2" | "getMyEntryV2" => get,
        "getCatalogEntryRequestFieldsV2"
        | "getMyCatalogEntryRequestFieldsV2"
        | "getMyCatalogEntryUserRequestFieldsV2" => fields,
        _ => return None,
    })
}

const ENTRIES: &str = "/governance/api/v2/catalogs/default/entries";
/// Where the fields of entries stand, by entry.
const FIELDS: &str = "/governance/api/v2/catalogs/default/fields";

/// The entry of an app: the same id with another prefix.
fn entry_of(app: &str) -> String {
    app.replacen("0oa", "cen", 1)
}

/// The app of an entry.
fn app_of(org: &Org, entry: &str) -> Option<String> {
    let app = entry.replacen("cen", "0oa", 1);
    org.apps.contains(&app).then_some(app)
}

/// Entries that are not apps: `{id, resource, kind, scope}`, made when a condition offers them.
const OTHERS: &str = "/_sandbox/catalog-entries";

/// Makes the entry of what a condition names, unless there is one.
pub(super) fn enter(org: &mut Org, resource: &str, kind: &str, scope: &str) {
    let same = |one: &Value| one["resource"] == resource && one["scope"] == scope;
    let known = org.shelves.get(OTHERS);
    let is_known = known.is_some_and(|known| known.values().any(same));
    if !is_known {
        let id = org.dice.id("cen");
        let entry = json!({ "id": id, "resource": resource, "kind": kind, "scope": scope });
        org.shelf(OTHERS).put(&id, entry);
    }
}

/// An app or a group is gone.
pub(super) fn forget(org: &mut Org, id: &str) {
    remove_where(org, OTHERS, |one| {
        one["resource"] == id || one["scope"] == id
    });
    if let Some(fields) = org.shelves.get_mut(FIELDS) {
        fields.remove(&entry_of(id));
    }
}

/// The resource and the scope of an entry, with the type of the scope.
pub(super) fn offered(org: &Org, entry: &str) -> Option<(String, String, String)> {
    if let Some(app) = app_of(org, entry) {
        return Some((app.clone(), app, "APPLICATION".to_owned()));
    }
    let entry = org.shelves.get(OTHERS)?.get(entry)?;
    let part = |pointer| text(entry, pointer).to_owned();
    Some((part("/resource"), part("/scope"), part("/kind")))
}

/// What a request of an entry asks for.
pub(super) fn requested(org: &Org, entry: &str) -> Value {
    let mut requested = json!({ "entryId": entry });
    if let Some((resource, scope, kind)) = offered(org, entry) {
        let is_app = org.apps.contains(&resource);
        requested["resourceId"] = json!(resource);
        requested["resourceType"] = json!(if is_app { "APPLICATION" } else { "GROUP" });
        requested["accessScopeId"] = json!(scope);
        requested["accessScopeType"] = json!(kind);
    }
    requested
}

/// Everything that may stand in the catalog, in the form of `OTHERS`, for a user or for anybody.
fn entries(org: &Org, user: Option<&str>) -> Vec<(u64, Value)> {
    let apps = org.apps.placed().map(|(place, app)| {
        let id = text(app, "/id");
        let entry =
            json!({ "id": entry_of(id), "resource": id, "kind": "APPLICATION", "scope": id });
        (place, entry)
    });
    let mut all: Vec<(u64, Value)> = apps.collect();
    if !conditions::govern(org) {
        return all;
    }
    let behind = all.last().map_or(0, |(place, _)| *place);
    let others = org.shelves.get(OTHERS).into_iter();
    let others = others.flat_map(|shelf| shelf.placed());
    all.extend(others.map(|(place, entry)| (behind + place, entry.clone())));
    let shown = |entry: &Value| {
        let (resource, scope) = (text(entry, "/resource"), text(entry, "/scope"));
        let own = conditions::offers(org, resource, scope, user);
        own || (scope == resource && requestable_below(org, resource, user))
    };
    all.retain(|(_, entry)| shown(entry));
    all
}

/// True if something below the entry of a resource can be asked for.
fn requestable_below(org: &Org, resource: &str, user: Option<&str>) -> bool {
    let others = org.shelves.get(OTHERS).into_iter();
    let mut below = others
        .flat_map(|shelf| shelf.values())
        .filter(|one| one["resource"] == resource && one["scope"] != resource);
    below.any(|one| conditions::offers(org, resource, text(one, "/scope"), user))
}

/// The name that an entry has, and its parent.
fn about(org: &Org, entry: &Value) -> Value {
    let (resource, scope) = (text(entry, "/resource"), text(entry, "/scope"));
    let name = match text(entry, "/kind") {
        "APPLICATION" => org.apps.get(scope).map(|app| app["label"].clone()),
        "GROUP" => org
            .groups
            .get(scope)
            .map(|group| group["profile"]["name"].clone()),
        _ => bundles::find(org, scope).map(|bundle| bundle["name"].clone()),
    };
    let parent = match scope == resource {
        true => Value::Null,
        false => json!(entry_of(resource)),
    };
    json!({ "name": name, "parent": parent })
}

fn view(call: &Call<'_>, entry: &Value, user: Option<&str>) -> Value {
    let (resource, scope) = (text(entry, "/resource"), text(entry, "/scope"));
    let own = format!("{ENTRIES}/{}", text(entry, "/id"));
    let (label, related) = match text(entry, "/kind") {
        "APPLICATION" => ("Application", format!("/api/v1/apps/{scope}")),
        "GROUP" => ("Group", format!("/api/v1/groups/{scope}")),
        _ => (
            "Entitlement bundle",
            format!("/governance/api/v1/entitlement-bundles/{scope}"),
        ),
    };
    let open = !conditions::govern(call.org);
    let about = about(call.org, entry);
    let mut shown = json!({
        "id": entry["id"], "name": about["name"], "label": label, "description": "",
        "requestable": open || conditions::offers(call.org, resource, scope, user),
        "_links": {
            "self": link(call, &own),
            "createRequest": link(call, super::requests::SHELF),
            "relatedEntity": link(call, &related),
        },
    });
    if !about["parent"].is_null() {
        shown["parent"] = about["parent"].clone();
    }
    shown
}

/// Whose catalog a call looks at; none for all entries of the org.
fn whose(call: &Call<'_>) -> Option<String> {
    match call.operation.id {
        "listMyDefaultEntriesV2" | "getMyEntryV2" => Some(super::caller(call)),
        "listAllDefaultUserEntriesV2" => Some(call.parameter(0).to_owned()),
        _ => None,
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let looked_for = call.request.query("match").unwrap_or_default();
    let looked_for = looked_for.to_lowercase();
    // The only filter with a negation, which asks for entries at the top.
    let top = call
        .request
        .query("filter")
        .is_some_and(|f| f.contains("not(parent pr)"));
    let user = whose(call);
    let mut all = entries(call.org, user.as_deref());
    all.retain(|(_, entry)| {
        let about = about(call.org, entry);
        text(&about, "/name").to_lowercase().contains(&looked_for)
            && match top {
                true => about["parent"].is_null(),
                false => filter_fits(filter.as_ref(), &about),
            }
    });
    let hits = all.iter().map(|(place, entry)| (*place, entry));
    page(call, hits, |entry| view(call, entry, user.as_deref()))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let user = whose(call);
    let all = entries(call.org, user.as_deref());
    let found = all.iter().find(|(_, one)| one["id"] == call.parameter(0));
    let (_, entry) = found.ok_or_else(not_found)?;
    Ok(Answer::ok(&view(call, entry, user.as_deref())))
}

fn definitions(org: &Org, entry: &str) -> Vec<Value> {
    let shelf = org.shelves.get(FIELDS);
    let fields = shelf.and_then(|shelf| shelf.get(entry));
    fields
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// What a request of an entry for somebody would mean for risk rules.
pub(super) fn risk(org: &Org, entry: &str, person: &str) -> Value {
    let (resource, scope, kind) = offered(org, entry).unwrap_or_default();
    risk::conflicts::of_request(org, &resource, (&kind, &scope), person)
}

/// The fields that a request for somebody has to fill in; none where it would be refused.
fn fields(call: &mut Call<'_>) -> Outcome {
    let entry = call.parameter(0);
    offered(call.org, entry).ok_or_else(not_found)?;
    let person = match call.operation.id {
        "getMyCatalogEntryRequestFieldsV2" => super::caller(call),
        _ => call.parameter(1).to_owned(),
    };
    let risk = risk(call.org, entry, &person);
    let fields = match text(&risk, "/requestSubmissionType") {
        "RESTRICTED" => Vec::new(),
        _ => definitions(call.org, entry),
    };
    let metadata = json!({ "riskAssessment": risk });
    Ok(Answer::ok(&json!({ "data": fields, "metadata": metadata })))
}

/// Sets the fields of an app's entry, from the seed: `{ app id: [fields] }`.
pub(crate) fn seed_fields(org: &mut Org, fields: &Value) -> Result<(), String> {
    for (app, fields) in fields.as_object().into_iter().flatten() {
        if !org.apps.contains(app) {
            return Err(format!("request fields for {app}, which is no app"));
        }
        if !fields.is_array() {
            return Err(format!("the request fields of {app} are no array"));
        }
        org.shelf(FIELDS).put(&entry_of(app), fields.clone());
    }
    Ok(())
}

/// The access duration among field values.
pub(super) fn duration(values: &Value) -> Option<&str> {
    let values = values.as_array().into_iter().flatten();
    let mut named =
        values.filter(|v| matches!(text(v, "/id"), "OKTA_ACCESS_DURATION" | "ACCESS_DURATION"));
    named.next().map(|value| text(value, "/value"))
}

/// Whether the values of a request are ones that its fields take.
pub(super) fn fits(org: &Org, entry: &str, values: &Value) -> bool {
    let fields = definitions(org, entry);
    let given: Vec<&Value> = values.as_array().into_iter().flatten().collect();
    let value_of = |field: &Value| given.iter().find(|v| v["id"] == field["id"]);
    let known = |value: &&Value| {
        text(value, "/id").contains("ACCESS_DURATION")
            || text(value, "/id") == "OKTA_REQUESTED_FOR"
            || fields.iter().any(|field| field["id"] == value["id"])
    };
    // Entries without fields take anything: the sandbox cannot know what they ask for.
    (fields.is_empty() || given.iter().all(known))
        && fields.iter().all(|field| match value_of(field) {
            Some(value) => takes(field, value),
            None => {
                field["required"] != true || field["readOnly"] == true || field["value"].is_string()
            }
        })
}

fn takes(field: &Value, value: &Value) -> bool {
    let choices = field["choices"].as_array();
    let chosen = |one: &Value| choices.is_none_or(|choices| choices.contains(one));
    let single = text(value, "/value");
    match text(field, "/type") {
        "SELECT" => chosen(&value["value"]),
        "MULTISELECT" => {
            let all = value["values"].as_array();
            all.is_some_and(|all| !all.is_empty() && all.iter().all(chosen))
        }
        "ISO_DATE" => crate::clock::parse(single).is_some(),
        "DURATION" => single.len() <= 5 && single.parse::<jiff::Span>().is_ok(),
        "OKTA_USER_ID" => single.starts_with("00u"),
        _ => !single.is_empty(),
    }
}

/// The 400 of values that the fields of a request type do not take.
pub(super) fn refused(cause: &str) -> Fault {
    Fault::validation("requesterFieldValues", &[cause])
}
