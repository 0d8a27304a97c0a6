//! The resource catalog: every app is an entry that anyone may ask for.
//!
//! Which fields a request has to fill in is part of the seed; without a seed there are none.

use serde_json::{Value, json};

use super::{filter, fits as filter_fits, link, not_found, page};
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

/// What a request of an entry asks for.
pub(super) fn requested(org: &Org, entry: &str) -> Value {
    let mut requested = json!({ "entryId": entry });
    if let Some(app) = app_of(org, entry) {
        requested["resourceId"] = json!(app);
        requested["resourceType"] = json!("APPLICATION");
    }
    requested
}

fn view(call: &Call<'_>, app: &Value) -> Value {
    let id = entry_of(text(app, "/id"));
    let own = format!("{ENTRIES}/{id}");
    json!({
        "id": id, "name": app["label"], "label": "Application", "description": "", "requestable": true,
        "_links": {
            "self": link(call, &own),
            "createRequest": link(call, super::requests::SHELF),
            "relatedEntity": link(call, &format!("/api/v1/apps/{}", text(app, "/id"))),
        },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let looked_for = call.request.query("match").unwrap_or_default();
    let looked_for = looked_for.to_lowercase();
    let apps = call.org.apps.placed().filter(|(_, app)| {
        let entry = json!({ "name": app["label"], "parent": null });
        text(app, "/label").to_lowercase().contains(&looked_for)
            && (filter_fits(filter.as_ref(), &entry)
                // Top-level entries are asked for in this way.
                || call.request.query("filter").is_some_and(|f| f.contains("not(parent pr)")))
    });
    page(call, apps, |app| view(call, app))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let app = app_of(call.org, call.parameter(0)).ok_or_else(not_found)?;
    let app = call.org.apps.get(&app).ok_or_else(not_found)?;
    Ok(Answer::ok(&view(call, app)))
}

fn definitions(org: &Org, entry: &str) -> Vec<Value> {
    let shelf = org.shelves.get(FIELDS);
    let fields = shelf.and_then(|shelf| shelf.get(entry));
    fields
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn fields(call: &mut Call<'_>) -> Outcome {
    let entry = call.parameter(0);
    app_of(call.org, entry).ok_or_else(not_found)?;
    let fields = definitions(call.org, entry);
    Ok(Answer::ok(&json!({ "data": fields, "metadata": {
        "riskAssessment": { "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES", "riskRules": [] },
    } })))
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
