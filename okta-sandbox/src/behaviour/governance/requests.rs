//! Access requests of catalog entries (version 2).
//!
//! SUBMITTED, PENDING and, after a decision, the progress of the grant show for one read or two
//! seconds each.

use serde_json::{Value, json};

use super::{background, caller, catalog, link, listed, read, settled, stamped, tasks};
use crate::behaviour::assignments;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::log::named;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllRequestsV2" => list,
        "createRequestV2" => create,
        "getRequestV2" => get,
        "createMyRequestV2" => create_mine,
        "getMyRequestV2" => get_mine,
        "createRequestMessageV2" => message,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v2/requests";

pub(super) fn target(request: &Value) -> Value {
    named(
        "AccessRequest",
        text(request, "/id"),
        "unknown",
        text(request, "/subject"),
    )
}

fn view(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = request.clone();
    let entry = text(request, "/requested/entryId");
    shown["_links"] = json!({
        "self": link(call, &format!("{SHELF}/{}", text(request, "/id"))),
        "catalogEntry": link(call, &format!("/governance/api/v2/catalogs/default/entries/{entry}")),
    });
    shown
}

/// List items leave approval, risk and fields out.
fn short(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = view(call, request);
    for member in ["requestApproval", "riskAssessment", "requesterFieldValues"] {
        remove(&mut shown, member);
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, Value::clone, short)
}

fn submit(call: &mut Call<'_>, entry: &str, requested_for: &str, fields: &Value) -> Outcome {
    if entry.is_empty() {
        let cause = "requested.entryId: The field cannot be left blank";
        return Err(Fault::validation("requested", &[cause]));
    }
    if !call.org.users.contains(requested_for) {
        let cause = "requestedFor.externalId: The user does not exist.";
        return Err(Fault::validation("requestedFor", &[cause]));
    }
    let id = call.org.dice.id("req");
    let mut request = stamped(call, &id);
    let by = caller(call);
    fill(
        &mut request,
        &json!({
            "status": "SUBMITTED", "requestedBy": { "externalId": by, "type": "OKTA_USER" },
            "requestedFor": { "externalId": requested_for, "type": "OKTA_USER" },
            "requested": catalog::requested(call.org, entry),
            "requesterFieldValues": if fields.is_array() { fields.clone() } else { json!([]) },
            "riskAssessment": { "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES", "riskRules": [] },
        }),
    );
    if let Some(duration) = catalog::duration(fields) {
        request["accessDuration"] = json!(duration);
    }
    let answer = Answer::json(202, &view(call, &request));
    let now = call.org.clock.now();
    let next = if catalog::fits(call.org, entry, fields) {
        tasks::open(call.org, &id);
        json!({ "status": "PENDING", "requestApproval": {
            "type": "OKTA", "providerName": "Okta Access Requests", "providerDescription": "",
            "decisions": [],
        } })
    } else {
        // Found after the call answered: the submission is accepted first.
        json!({ "status": "REJECTED", "resolved": background::NOW })
    };
    background::plan(&mut request, now, &[next]);
    call.org.shelf(SHELF).put(&id, request.clone());
    call.log("access.request.create", vec![target(&request)]);
    Ok(answer)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let entry = text(&body, "/requested/entryId");
    let whom = text(&body, "/requestedFor/externalId");
    submit(call, entry, whom, &body["requesterFieldValues"])
}

fn get(call: &mut Call<'_>) -> Outcome {
    let request = read(call, SHELF, call.parameter(0))?;
    Ok(Answer::ok(&view(call, &request)))
}

fn create_mine(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object_or_empty()?;
    let me = caller(call);
    submit(call, call.parameter(0), &me, &body["requesterFieldValues"])
}

fn get_mine(call: &mut Call<'_>) -> Outcome {
    let request = read(call, SHELF, call.parameter(1))?;
    Ok(Answer::ok(&view(call, &request)))
}

fn message(call: &mut Call<'_>) -> Outcome {
    settled(call.org, SHELF, call.parameter(0))?;
    call.request.object()?;
    Ok(Answer::no_content())
}

/// Decides a pending request; approved access is given.
pub(super) fn decide(
    org: &mut Org,
    id: &str,
    decision: &str,
    decider: &str,
) -> Result<Value, Fault> {
    let mut request = settled(org, SHELF, id)?;
    if request["status"] != "PENDING" {
        return Err(Fault::api(
            409,
            "E0000195",
            "Api validation failed due to conflict: Request",
            &["The request is not pending."],
        ));
    }
    let now = org.clock.now();
    let at = json!(clock::seconds(now));
    request["status"] = json!(decision);
    request["resolved"] = at.clone();
    request["lastUpdated"] = at.clone();
    request["requestApproval"]["status"] = json!(decision);
    request["requestApproval"]["decided"] = at.clone();
    request["requestApproval"]["decisions"] =
        json!([{ "deciderId": decider, "decision": decision, "decided": at }]);
    if decision == "APPROVED" {
        request["grantStatus"] = json!("PENDING");
        let given = match give(org, &request) {
            true => json!({ "grantStatus": "GRANTED", "granted": background::NOW }),
            false => json!({ "grantStatus": "MANUAL_REQUIRED" }),
        };
        background::plan(&mut request, now, &[given]);
    }
    org.shelf(SHELF).put(id, request.clone());
    Ok(background::shown(&request))
}

/// Assigns the requested app; false where there is none to assign.
fn give(org: &mut Org, request: &Value) -> bool {
    let app = text(request, "/requested/resourceId");
    let user = text(request, "/requestedFor/externalId");
    let now = clock::zero_millis(org.clock.now());
    let (Some(instance), Some(person)) = (org.apps.get(app), org.users.get(user)) else {
        return false;
    };
    if !org.app_users.contains(app, user) {
        let assignment = assignments::fresh(instance, person, "USER", &now);
        org.app_users.put(app, user, assignment);
    }
    true
}
