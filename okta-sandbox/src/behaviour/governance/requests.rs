//! Access requests of catalog entries (version 2).
//!
//! Where conditions govern the catalog, the first one that lets the person in says who approves and
//! how long the access lasts. SUBMITTED, PENDING and, after a decision, the progress of the grant show for one read or two
//! seconds each.

use serde_json::{Value, json};

use super::{
    background, caller, catalog, conditions, giving, link, listed, not_found, read,
    request_settings, sequences, settled, stamped, tasks,
};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

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
    if let Some((condition, sequence)) = sequences::of_request(call.org, text(request, "/id")) {
        let resource = text(request, "/requested/resourceId");
        let path =
            format!("/governance/api/v2/resources/{resource}/request-conditions/{condition}");
        shown["_links"]["approvalCondition"] = link(call, &path);
        let href = sequences::edit_link(call, &sequence);
        shown["_links"]["approvalSequence"] = json!({ "href": href, "hints": {} });
    }
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

/// The condition by which somebody asks for an entry; none where conditions do not govern.
fn condition(call: &Call<'_>, entry: &str, person: &str) -> Result<Option<Value>, Fault> {
    if !conditions::govern(call.org) {
        return Ok(None);
    }
    let (resource, scope, _) = catalog::offered(call.org, entry).ok_or_else(not_found)?;
    let condition = conditions::admitting(call.org, &resource, &scope, person);
    let condition = condition.ok_or_else(|| {
        let cause = format!("requested.entryId: {entry} cannot be requested for {person}.");
        Fault::validation("requested", &[&cause])
    })?;
    Ok(Some(condition))
}

/// How long the access lasts that a condition gives; false if that is not what one may ask for.
fn lasts(request: &mut Value, condition: &Value) -> bool {
    let settings = &condition["accessDurationSettings"];
    match text(settings, "/type") {
        "ADMIN_FIXED_DURATION" => request["accessDuration"] = settings["duration"].clone(),
        "REQUESTER_SPECIFIED_DURATION" => {
            let asked = text(request, "/accessDuration");
            return !conditions::longer(asked, text(settings, "/maximumDuration"));
        }
        // Access without an end is not asked for by a time.
        _ => return request.get("accessDuration").is_none(),
    }
    true
}

/// A request that breaks a risk rule goes by what the resource says of such requests.
fn overridden(condition: &mut Value, setting: &Value) {
    for member in ["approvalSequenceId", "accessDurationSettings"] {
        if let Some(instead) = setting.get(member) {
            condition[member] = instead.clone();
        }
    }
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
    let mut condition = condition(call, entry, requested_for)?;
    let id = call.org.dice.id("req");
    let mut request = stamped(call, &id);
    let by = caller(call);
    let risk = catalog::risk(call.org, entry, requested_for);
    let restricted = risk["requestSubmissionType"] == "RESTRICTED";
    if risk["requestSubmissionType"] == "ALLOWED_WITH_OVERRIDES"
        && let Some(condition) = &mut condition
    {
        let resource = catalog::offered(call.org, entry).map(|(resource, ..)| resource);
        let setting = request_settings::on_conflict(call.org, &resource.unwrap_or_default());
        overridden(condition, &setting);
    }
    fill(
        &mut request,
        &json!({
            "status": "SUBMITTED", "requestedBy": { "externalId": by, "type": "OKTA_USER" },
            "requestedFor": { "externalId": requested_for, "type": "OKTA_USER" },
            "requested": catalog::requested(call.org, entry),
            "requesterFieldValues": if fields.is_array() { fields.clone() } else { json!([]) },
            "riskAssessment": risk,
        }),
    );
    if let Some(duration) = catalog::duration(fields) {
        request["accessDuration"] = json!(duration);
    }
    let fits = !restricted
        && catalog::fits(call.org, entry, fields)
        && condition
            .as_ref()
            .is_none_or(|one| lasts(&mut request, one));
    if let Some(condition) = &condition {
        sequences::begin(call.org, &id, condition);
    }
    let answer = Answer::json(202, &view(call, &request));
    let states = match fits {
        true => pending(call.org, &request, condition.is_some()),
        // Found after the call answered: the submission is accepted first.
        false => vec![json!({ "status": "REJECTED", "resolved": background::NOW })],
    };
    let now = call.org.clock.now();
    background::plan(&mut request, now, &states);
    call.org.shelf(SHELF).put(&id, request.clone());
    call.log("access.request.create", vec![target(&request)]);
    if !fits {
        call.log("access.request.reject", vec![target(&request)]);
    }
    Ok(answer)
}

/// The states of a request that was taken: it waits for its approvers, or for nobody.
fn pending(org: &mut Org, request: &Value, by_sequence: bool) -> Vec<Value> {
    let waiting = json!({ "status": "PENDING", "requestApproval": {
        "type": "OKTA", "providerName": "Okta Access Requests", "providerDescription": "",
        "decisions": [],
    } });
    let people = match by_sequence {
        true => sequences::next(org, request),
        false => Some(vec![org.admin.clone()]),
    };
    if let Some(people) = people {
        tasks::open(org, text(request, "/id"), &people);
        return vec![waiting];
    }
    let given = giving::give(org, request);
    let approved = json!({
        "status": "APPROVED", "resolved": background::NOW, "grantStatus": "PENDING",
        "requestApproval": { "status": "APPROVED", "decided": background::NOW },
    });
    vec![waiting, approved, given]
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
    let entry = call.parameter(0);
    let whom = match text(&body, "/requestedFor/externalId") {
        "" => me.clone(),
        whom => whom.to_owned(),
    };
    let resource = catalog::offered(call.org, entry).map(|(resource, ..)| resource);
    let resource = resource.unwrap_or_default();
    if !request_settings::may_ask_for(call.org, &resource, &me, &whom) {
        let cause = "requestedFor: The resource cannot be requested on behalf of this user.";
        return Err(Fault::validation("requestedFor", &[cause]));
    }
    submit(call, entry, &whom, &body["requesterFieldValues"])
}

fn get_mine(call: &mut Call<'_>) -> Outcome {
    let [entry, id] = [0, 1].map(|index| call.parameter(index));
    let me = caller(call);
    let known = call.org.shelf(SHELF).get(id);
    let mine = |one: &&Value| {
        let people = ["/requestedBy/externalId", "/requestedFor/externalId"];
        text(one, "/requested/entryId") == entry && people.map(|who| text(one, who)).contains(&&*me)
    };
    known.filter(mine).ok_or_else(not_found)?;
    let request = read(call, SHELF, id)?;
    Ok(Answer::ok(&view(call, &request)))
}

fn message(call: &mut Call<'_>) -> Outcome {
    settled(call.org, SHELF, call.parameter(0))?;
    call.given(Fullness::Whole)?;
    Ok(Answer::empty(201))
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
    request["lastUpdated"] = at.clone();
    let verb = match decision {
        "APPROVED" => "APPROVE",
        _ => "DENY",
    };
    let made = json!({ "deciderId": decider, "decision": verb, "decided": at });
    if let Some(decisions) = request["requestApproval"]["decisions"].as_array_mut() {
        decisions.push(made);
    }
    if decision == "APPROVED" && sequences::approved(org, id) {
        let people = sequences::next(org, &request).unwrap_or_default();
        tasks::open(org, id, &people);
        org.shelf(SHELF).put(id, request.clone());
        return Ok(request);
    }
    request["status"] = json!(decision);
    request["resolved"] = at.clone();
    request["requestApproval"]["status"] = json!(decision);
    request["requestApproval"]["decided"] = at;
    if decision == "APPROVED" {
        request["grantStatus"] = json!("PENDING");
        let given = giving::give(org, &request);
        background::plan(&mut request, now, &[given]);
    }
    org.shelf(SHELF).put(id, request.clone());
    Ok(background::shown(&request))
}
