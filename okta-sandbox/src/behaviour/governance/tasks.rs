//! The tasks of pending requests: who has to decide, and the decision.

use serde_json::{Value, json};

use super::{background, caller, listed, listed_of, not_found, read, requests, sequences, settled};
use crate::access_requests::steps;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllTasksV2" => list,
        "listAllMyTasksV2" => list_mine,
        "getTaskV2" => get,
        "getMyTaskV2" => |call| mine(call).and_then(|()| get(call)),
        "updateTaskV2" => update,
        "resolveTaskV2" => resolve,
        "resolveMyTaskV2" => |call| mine(call).and_then(|()| resolve(call)),
        _ => return None,
    })
}

const SHELF: &str = "/governance/api/v2/tasks";

/// Opens the approval task of a request for some people: ASSIGNING for a moment, then OPEN.
pub(super) fn open(org: &mut Org, request: &str, people: &[String]) {
    let (assignees, instead_of) = sequences::assigned(org, people);
    let id = org.dice.hex(24);
    let now = org.clock.now();
    let at = clock::seconds(now);
    let mut task = json!({
        "id": id, "assignees": assignees, "status": "ASSIGNING",
        "label": "Approve access", "requestId": request, "createdAt": at, "updatedAt": at,
        "type": "APPROVAL", "value": null, "isEscalated": false, "isDelegated": instead_of.is_some(),
        "originalAssigneeId": instead_of,
    });
    let next = json!({ "status": "OPEN", "updatedAt": background::NOW });
    background::plan(&mut task, now, &[next]);
    org.shelf(SHELF).put(&id, task);
}

fn list(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, Value::clone, short)
}

fn is_assigned(task: &Value, user: &str) -> bool {
    let assignees = task["assignees"].as_array().into_iter().flatten();
    { assignees }.any(|one| one["externalId"] == user)
}

fn list_mine(call: &mut Call<'_>) -> Outcome {
    let me = caller(call);
    listed_of(
        call,
        SHELF,
        |task| is_assigned(task, &me),
        Value::clone,
        short,
    )
}

/// The task of the path is one that the caller is to work on.
fn mine(call: &Call<'_>) -> Result<(), Fault> {
    let me = caller(call);
    let known = call.org.shelves.get(SHELF);
    let known = known.and_then(|shelf| shelf.get(call.parameter(0)));
    match known.is_some_and(|task| is_assigned(task, &me)) {
        true => Ok(()),
        false => Err(not_found()),
    }
}

/// List items leave out what became of the task.
fn short(_: &Call<'_>, task: &Value) -> Value {
    let mut shown = task.clone();
    for member in ["isEscalated", "isDelegated", "originalAssigneeId"] {
        remove(&mut shown, member);
    }
    shown
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&read(call, SHELF, call.parameter(0))?))
}

/// The task, if it can still be worked on.
fn workable(call: &mut Call<'_>) -> Result<Value, Fault> {
    let task = settled(call.org, SHELF, call.parameter(0))?;
    if task["status"] != "OPEN" {
        let cause = "status: The task is not open.";
        return Err(Fault::validation("status", &[cause]));
    }
    Ok(task)
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut task = workable(call)?;
    let body = call.request.object()?;
    for assignee in body["assignees"].as_array().into_iter().flatten() {
        if !call.org.users.contains(text(assignee, "/externalId")) {
            let cause = "assignees: The user does not exist.";
            return Err(Fault::validation("assignees", &[cause]));
        }
    }
    if let Some(assignees) = body.get("assignees") {
        if assignees.as_array().is_none_or(Vec::is_empty) {
            let cause = "assignees: must have at least 1 item";
            return Err(Fault::validation("assignees", &[cause]));
        }
        task["assignees"] = assignees.clone();
    }
    task["updatedAt"] = json!(clock::seconds(call.org.clock.now()));
    call.org.shelf(SHELF).put(text(&task, "/id"), task.clone());
    Ok(Answer::ok(&task))
}

fn resolve(call: &mut Call<'_>) -> Outcome {
    let mut task = workable(call)?;
    let body = call.request.object_or_empty()?;
    let value = text(&body, "/value");
    if steps::has(call.org, text(&task, "/requestId")) {
        let by = caller(call);
        return finish(call.org, task, value, &by).map(|task| Answer::ok(&task));
    }
    if !matches!(value, "APPROVED" | "DENIED") {
        let cause = "value: The value must be one of APPROVED, DENIED.";
        return Err(Fault::validation("value", &[cause]));
    }
    let by = caller(call);
    let request = requests::decide(call.org, text(&task, "/requestId"), value, &by)?;
    complete(call.org, &mut task, value, &by);
    if request["status"] != "PENDING" {
        call.log(super::decisions::RESOLVED, vec![requests::target(&request)]);
    }
    Ok(Answer::ok(&task))
}

/// Completes a task of a request that goes by steps; the request goes on.
pub(super) fn finish(
    org: &mut Org,
    mut task: Value,
    value: &str,
    by: &str,
) -> Result<Value, Fault> {
    steps::completed(org, &task, value)?;
    complete(org, &mut task, value, by);
    Ok(task)
}

/// A task by its id.
pub(super) fn named(org: &Org, id: &str) -> Option<Value> {
    org.shelves.get(SHELF)?.get(id).cloned()
}

fn complete(org: &mut Org, task: &mut Value, value: &str, by: &str) {
    task["status"] = json!("COMPLETED");
    task["value"] = json!(value);
    task["completedBy"] = json!({ "externalId": by, "type": "OKTA_USER" });
    task["updatedAt"] = json!(clock::seconds(org.clock.now()));
    org.shelf(SHELF).put(text(task, "/id"), task.clone());
}

/// Completes the task of a request that was decided elsewhere.
pub(super) fn completed(org: &mut Org, request: &str, value: &str, by: &str) {
    let shelf = org.shelf(SHELF);
    let task = shelf
        .values()
        .find(|task| task["requestId"] == request && task["status"] != "COMPLETED");
    let id = task.map(|task| text(task, "/id").to_owned());
    if let Some(id) = id
        && let Ok(mut task) = settled(org, SHELF, &id)
    {
        complete(org, &mut task, value, by);
    }
}
