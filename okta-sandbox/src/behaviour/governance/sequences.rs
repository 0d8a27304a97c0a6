//! Approval sequences: who has to approve a request, in which order.
//!
//! People make sequences in the Access Requests app, which no API does. An org begins with the ones
//! below; a seed's `collections` may hold others, whose `steps` name their approvers: `MANAGER`,
//! `OWNER` (of the resource) or the id of a user or a group.

use serde_json::{Value, json};

use super::{conditions, delegates, not_found, owners};
use crate::access_requests::steps;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::org::Org;
use crate::paging;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listResourceRequestSequencesV2" => list,
        "getResourceRequestSequenceV2" => get,
        "deleteRequestSequenceV2" => delete,
        _ => return None,
    })
}

const SHELF: &str = "/governance/api/v2/request-sequences";

/// The approvers of a sequence, which the API does not show.
const STEPS: &str = "steps";

const FIRST: [(&str, &str, &[&str]); 3] = [
    (
        "Business Justification",
        "The requester says what the access is for. Nobody has to approve it.",
        &[],
    ),
    (
        "Business Justification + Requester's Manager Approval/Justification",
        "The requester says what the access is for, and their manager approves it.",
        &["MANAGER"],
    ),
    (
        "Business Justification + Requester's Manager Approval + Resource Owner Approval",
        "The requester says what the access is for; their manager approves it, then an owner of the resource.",
        &["MANAGER", "OWNER"],
    ),
];

/// Gives an org its first sequences.
fn ensure(org: &mut Org) {
    if org.shelves.contains_key(SHELF) {
        return;
    }
    for (name, description, approvers) in FIRST {
        let id = org.dice.hex(24);
        let steps: Vec<Value> = approvers
            .iter()
            .map(|who| json!({ "approver": who }))
            .collect();
        let sequence = json!({
            "id": id, "name": name, "description": description,
            "compatibleResourceTypes": ["APP", "GROUP"], STEPS: steps,
        });
        org.shelf(SHELF).put(&id, sequence);
    }
}

/// A sequence that is for resources of a type: `APP` or `GROUP`.
pub(super) fn fitting<'o>(org: &'o Org, id: &str, resource_type: &str) -> Option<&'o Value> {
    let sequence = org.shelves.get(SHELF)?.get(id)?;
    let kinds = sequence["compatibleResourceTypes"].as_array();
    let fits = kinds.is_none_or(|kinds| kinds.iter().any(|kind| kind == resource_type));
    fits.then_some(sequence)
}

/// The approvers of a sequence, in their order.
fn approvers(org: &Org, id: &str) -> Vec<String> {
    let sequence = org.shelves.get(SHELF).and_then(|shelf| shelf.get(id));
    let steps = sequence.and_then(|sequence| sequence[STEPS].as_array());
    let steps = steps.into_iter().flatten();
    steps
        .map(|step| text(step, "/approver").to_owned())
        .collect()
}

/// The people who decide for an approver; the first admin where there is nobody.
fn people(org: &Org, approver: &str, requester: &str, resource: &str) -> Vec<String> {
    let of_group = |group: &str| -> Vec<String> {
        let members = org.members.of(group);
        members.map(|(_, user, ())| user.to_owned()).collect()
    };
    let found = match approver {
        "MANAGER" => steps::manager(org, requester).into_iter().collect(),
        "OWNER" => {
            let owners = owners::of(org, resource).into_iter();
            let people = owners.flat_map(|owner| match org.groups.contains(&owner) {
                true => of_group(&owner),
                false => vec![owner],
            });
            people.collect()
        }
        id if org.users.contains(id) => vec![id.to_owned()],
        id => of_group(id),
    };
    match found.is_empty() {
        true => vec![org.admin.clone()],
        false => found,
    }
}

/// The assignees of a task for some people: each of them, or who stands in for them today.
pub(super) fn assigned(org: &Org, people: &[String]) -> (Vec<Value>, Option<String>) {
    let now = org.clock.now();
    let mut instead_of = None;
    let assignees = people.iter().map(|person| {
        let delegate = delegates::delegate_of(org, person, now);
        if delegate.is_some() {
            instead_of = Some(person.clone());
        }
        json!({ "externalId": delegate.unwrap_or_else(|| person.clone()), "type": "OKTA_USER" })
    });
    let assignees = assignees.collect();
    (assignees, instead_of)
}

pub(super) fn edit_link(call: &Call<'_>, id: &str) -> String {
    format!("{}/next/sequences/{id}", call.base())
}

fn view(call: &Call<'_>, sequence: &Value) -> Value {
    let mut shown = sequence.clone();
    remove(&mut shown, STEPS);
    shown["link"] = json!(edit_link(call, text(sequence, "/id")));
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    ensure(call.org);
    let kind = conditions::resource_type(call.org, call.parameter(0)).ok_or_else(not_found)?;
    let all = call.org.shelves[SHELF].values();
    let fitting = all.filter(|one| fitting(call.org, text(one, "/id"), kind).is_some());
    let data: Vec<Value> = fitting.map(|one| view(call, one)).collect();
    let own = paging::self_url(call.request, &paging::admin_base(call.base()));
    Ok(Answer::ok(&json!({ "data": data, "_links": {
        "self": { "href": own }, "newSequence": { "href": edit_link(call, "new") },
    } })))
}

fn get(call: &mut Call<'_>) -> Outcome {
    ensure(call.org);
    let kind = conditions::resource_type(call.org, call.parameter(0)).ok_or_else(not_found)?;
    let sequence = fitting(call.org, call.parameter(1), kind).ok_or_else(not_found)?;
    Ok(Answer::ok(&view(call, sequence)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    ensure(call.org);
    let id = call.parameter(0);
    let shelf = call.org.shelves.get(SHELF);
    let sequence = shelf.and_then(|shelf| shelf.get(id)).cloned();
    let sequence = sequence.ok_or_else(not_found)?;
    if let Some(condition) = conditions::with_sequence(call.org, id) {
        let cause = format!("The request sequence is used by the request condition {condition}.");
        return Err(Fault::api(
            409,
            "E0000195",
            "Api validation failed due to conflict: Request Sequence",
            &[&cause],
        ));
    }
    call.org.shelf(SHELF).remove(id);
    let name = text(&sequence, "/name");
    let target = named("AccessRequestSequence", id, "unknown", name);
    call.log("access.request.sequence.delete", vec![target]);
    Ok(Answer::no_content())
}

/// What requests go through: condition, sequence, its approvers and how many have approved.
const APPROVALS: &str = "/_sandbox/request-approvals";

/// Lets a request go through the sequence of a condition.
pub(super) fn begin(org: &mut Org, request: &str, condition: &Value) {
    let sequence = text(condition, "/approvalSequenceId");
    let state = json!({
        "condition": condition["id"], "sequence": sequence, "approvers": approvers(org, sequence),
        "done": 0,
    });
    org.shelf(APPROVALS).put(request, state);
}

/// The condition and the sequence of a request.
pub(super) fn of_request(org: &Org, request: &str) -> Option<(String, String)> {
    let state = org.shelves.get(APPROVALS)?.get(request)?;
    let part = |pointer| text(state, pointer).to_owned();
    Some((part("/condition"), part("/sequence")))
}

/// Who has to approve a request now; none at the end of its sequence.
pub(super) fn next(org: &Org, request: &Value) -> Option<Vec<String>> {
    let state = org.shelves.get(APPROVALS)?.get(text(request, "/id"))?;
    let done = state["done"].as_u64().unwrap_or(0) as usize;
    let approver = state["approvers"].get(done)?.as_str()?;
    let requester = text(request, "/requestedFor/externalId");
    let resource = text(request, "/requested/resourceId");
    Some(people(org, approver, requester, resource))
}

/// One approver has approved; true if another one has to.
pub(super) fn approved(org: &mut Org, request: &str) -> bool {
    let shelf = org.shelf(APPROVALS);
    let Some(state) = shelf.get_mut(request) else {
        return false;
    };
    let done = state["done"].as_u64().unwrap_or(0) + 1;
    state["done"] = json!(done);
    let all = state["approvers"].as_array().map_or(0, Vec::len);
    (done as usize) < all
}
