//! Settings of access requests: of the org and of its resources.

use serde_json::{Value, json};

use super::{catalog, conditions, not_found, sequences, settings};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getOrgRequestSettingsV2" => get_org,
        "updateOrgRequestSettingsV2" => update_org,
        "getRequestSettingsV2" => get,
        "updateResourceRequestSettingsV2" => update,
        "listMyEntryUsersV2" => others,
        _ => return None,
    })
}

/// Settings by resource; those of the org stand under its id.
const SHELF: &str = "/governance/api/v2/request-settings";

const UPDATED: &str = "access.request.settings.update";

/// The longest access of a unit.
pub(super) fn longest(unit: &str) -> u64 {
    match unit {
        "hours" => 72,
        "weeks" => 12,
        _ => 90,
    }
}

fn kept(org: &Org, of: &str) -> Value {
    let shelf = org.shelves.get(SHELF);
    let kept = shelf.and_then(|shelf| shelf.get(of)).cloned();
    kept.unwrap_or_else(|| json!({}))
}

/// A resource is gone.
pub(super) fn forget(org: &mut Org, resource: &str) {
    if let Some(shelf) = org.shelves.get_mut(SHELF) {
        shelf.remove(resource);
    }
}

fn get_org(call: &mut Call<'_>) -> Outcome {
    let kept = kept(call.org, &call.org.id);
    let mut shown = json!({
        "subprocessorsAcknowledged": kept["subprocessorsAcknowledged"] != false,
        "provisioningStatus": "PROVISIONED", "requestExperiences": ["CATALOG"],
        "longTimePastProvisioned": true,
    });
    if let Some(integrations) = kept.get("integrations") {
        shown["integrations"] = settings::connected(call.org, integrations);
    }
    Ok(Answer::ok(&shown))
}

fn update_org(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let mut kept = kept(call.org, &call.org.id);
    if let Some(acknowledged) = body.get("subprocessorsAcknowledged") {
        if !acknowledged.is_boolean() {
            let cause = "subprocessorsAcknowledged: must be a boolean";
            return Err(Fault::validation("subprocessorsAcknowledged", &[cause]));
        }
        kept["subprocessorsAcknowledged"] = acknowledged.clone();
    }
    if let Some(integrations) = body.get("integrations") {
        settings::check(call.org, integrations)?;
        kept["integrations"] = integrations.clone();
    }
    let id = call.org.id.clone();
    call.org.shelf(SHELF).put(&id, kept.clone());
    let target = named("Org", &id, "unknown", "Access request settings");
    call.log(UPDATED, vec![target]);
    Ok(Answer::ok(&kept))
}

/// The setting for requests that a risk rule is against. Where the sequence that may override it
/// is gone nobody may ask.
pub(super) fn on_conflict(org: &Org, resource: &str) -> Value {
    let mut risk = kept(org, resource)["risk"].clone();
    if risk.is_null() {
        return json!({ "requestSubmissionType": "RESTRICTED" });
    }
    let kind = conditions::resource_type(org, resource).unwrap_or_default();
    let sequence = text(&risk, "/approvalSequenceId");
    if !sequence.is_empty() && sequences::fitting(org, sequence, kind).is_none() {
        remove(&mut risk, "approvalSequenceId");
        risk["requestSubmissionType"] = json!("RESTRICTED");
        risk["error"] = json!(["INVALID_SEQUENCE"]);
    }
    risk
}

/// What conditions of a resource may say, and its own settings.
fn view(org: &Org, resource: &str) -> Value {
    let kept = kept(org, resource);
    let types = |names: &[&str]| -> Vec<Value> {
        let names = names.iter();
        names.map(|name| json!({ "type": name })).collect()
    };
    let risk = on_conflict(org, resource);
    let mut shown = json!({
        "validAccessScopeSettings": types(&conditions::valid_scopes(org, resource)),
        "validRequesterSettings": types(&["EVERYONE", "GROUPS"]),
        "validAccessDurationSettings": {
            "supportedTypes": types(&["ADMIN_FIXED_DURATION", "REQUESTER_SPECIFIED_DURATION"]),
            "required": false, "maximumDays": longest("days"), "maximumHours": longest("hours"),
            "maximumWeeks": longest("weeks"),
        },
        "validRiskSettings": { "supportedTypes": types(&["DEFAULT_SETTING"]) },
        "riskSettings": { "defaultSetting": risk },
        "validRequestOnBehalfOfSettings": types(&["EVERYONE", "DIRECT_REPORT"]),
    });
    if let Some(behalf) = kept.get("behalf") {
        shown["requestOnBehalfOfSettings"] = behalf.clone();
    }
    shown
}

fn get(call: &mut Call<'_>) -> Outcome {
    let resource = call.parameter(0);
    conditions::resource_type(call.org, resource).ok_or_else(not_found)?;
    Ok(Answer::ok(&view(call.org, resource)))
}

fn wrong(summary: &str, cause: &str) -> Fault {
    Fault::validation(&format!("Request settings {summary}"), &[cause])
}

fn missing() -> Fault {
    let cause = "Request settings is missing required fields";
    wrong("missing required fields", cause)
}

fn improper(properties: &str) -> Fault {
    let cause = format!("Request settings has invalid properties: {properties}");
    wrong("has invalid properties", &cause)
}

fn check_behalf(settings: &Value) -> Result<(), Fault> {
    if !settings["allowed"].is_boolean() {
        return Err(missing());
    }
    let listed = settings.get("onlyFor").filter(|list| !list.is_null());
    let fits = listed.is_none_or(|list| {
        let list = list.as_array();
        list.is_some_and(|list| !list.is_empty() && list.iter().all(|one| one == "DIRECT_REPORT"))
    });
    match fits {
        true => Ok(()),
        false => Err(improper("onlyFor")),
    }
}

/// The default setting for requests that a risk rule stops, as it is kept.
fn risk(settings: &Value) -> Result<Value, Fault> {
    let default = &settings["defaultSetting"];
    let kind = text(default, "/requestSubmissionType");
    match kind {
        "RESTRICTED" | "ALLOWED_WITH_NO_OVERRIDES" => Ok(json!({ "requestSubmissionType": kind })),
        "ALLOWED_WITH_OVERRIDES" => {
            let mut kept = default.clone();
            // Without a sequence nobody could override; one that is gone shows as an error.
            if text(default, "/approvalSequenceId").len() != 24 {
                return Err(missing());
            }
            match &default["accessDurationSettings"] {
                Value::Null => {
                    remove(&mut kept, "accessDurationSettings");
                }
                durations => conditions::durations(durations)?,
            }
            Ok(kept)
        }
        "" => Err(missing()),
        _ => Err(improper("requestSubmissionType")),
    }
}

fn update(call: &mut Call<'_>) -> Outcome {
    let resource = call.parameter(0);
    conditions::resource_type(call.org, resource).ok_or_else(not_found)?;
    let body = call.request.object()?;
    let known = ["requestOnBehalfOfSettings", "riskSettings"];
    let names = body.as_object().into_iter().flat_map(|body| body.keys());
    let names: Vec<&str> = names.map(String::as_str).collect();
    let unknown: Vec<&str> = names
        .iter()
        .copied()
        .filter(|n| !known.contains(n))
        .collect();
    if names.is_empty() {
        return Err(missing());
    }
    if !unknown.is_empty() {
        return Err(improper(&unknown.join(", ")));
    }
    let mut kept = kept(call.org, resource);
    match body.get(known[0]) {
        None => {}
        Some(Value::Null) => {
            remove(&mut kept, "behalf");
        }
        Some(settings) => {
            check_behalf(settings)?;
            kept["behalf"] = settings.clone();
            if kept["behalf"]["onlyFor"].is_null() {
                remove(&mut kept["behalf"], "onlyFor");
            }
        }
    }
    if let Some(settings) = body.get(known[1]) {
        kept["risk"] = risk(settings)?;
    }
    call.org.shelf(SHELF).put(resource, kept);
    let target = named("Resource", resource, "unknown", "Request settings");
    call.log(UPDATED, vec![target]);
    Ok(Answer::ok(&view(call.org, resource)))
}

/// True if somebody may ask for a resource for another person.
pub(super) fn may_ask_for(org: &Org, resource: &str, asker: &str, person: &str) -> bool {
    if asker == person {
        return true;
    }
    let settings = &kept(org, resource)["behalf"];
    let only_reports = settings["onlyFor"].is_array();
    settings["allowed"] == true
        && (!only_reports
            || crate::access_requests::steps::manager(org, person).is_some_and(|m| m == asker))
}

/// The other people for whom the caller may ask for an entry.
fn others(call: &mut Call<'_>) -> Outcome {
    let filter = super::filter(call)?;
    let offered = catalog::offered(call.org, call.parameter(0));
    let (resource, ..) = offered.ok_or_else(not_found)?;
    let me = super::caller(call);
    let org = &call.org;
    let hits = org.users.placed().filter(|(_, user)| {
        let id = text(user, "/id");
        id != me
            && text(user, "/status") == "ACTIVE"
            && super::fits(filter.as_ref(), &user["profile"])
            && may_ask_for(org, &resource, &me, id)
    });
    super::page(call, hits, |user| {
        let name = |part: &str| user["profile"][part].clone();
        json!({ "id": user["id"], "firstName": name("firstName"), "lastName": name("lastName"),
            "email": name("email") })
    })
}
