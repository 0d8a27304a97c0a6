//! How a request of a console's request type goes on, step by step.

use serde_json::{Map, Value, json};

use super::flow::check_inputs;
use super::furnish::app_labelled;
use super::{ACCESS_REQUESTS_APP, catalogue, console, mailbox, rights, runs, teams};
use crate::clock;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{Actor, app_target, named};
use crate::org::Org;

const REQUESTS: &str = "/governance/api/v1/requests";
const TASKS: &str = "/governance/api/v2/tasks";
/// Requests on their way: `{id, step, state, assignee, requester, values}`.
const UNDER_WAY: &str = "/_sandbox/requests";

/// From whom Access Requests writes mails.
const SENDER: &str = "access-requests@sandbox.example.com";

fn state(org: &Org, id: &str) -> Option<Value> {
    org.shelves.get(UNDER_WAY)?.get(id).cloned()
}

/// True if a request goes by the steps of a console's request type.
pub(crate) fn has(org: &Org, id: &str) -> bool {
    org.shelves
        .get(UNDER_WAY)
        .is_some_and(|shelf| shelf.contains(id))
}

/// What the console shows of a request.
pub(super) fn shown(org: &Org, id: &str) -> Option<Value> {
    let state = state(org, id)?;
    let kind = console::of(org, text(&state, "/type"))?;
    let at = state["step"].as_u64().unwrap_or(0) as usize;
    let steps = kind["steps"].as_array().cloned().unwrap_or_default();
    let steps = steps.into_iter().enumerate().map(|(index, mut step)| {
        step["state"] = match index.cmp(&at) {
            std::cmp::Ordering::Less => json!("DONE"),
            std::cmp::Ordering::Equal => state["state"].clone(),
            std::cmp::Ordering::Greater => json!("TO_COME"),
        };
        step
    });
    let steps: Vec<Value> = steps.collect();
    let mut shown = state.clone();
    shown["steps"] = json!(steps);
    Some(shown)
}

fn email(org: &Org, user: &str) -> String {
    let user = org.users.get(user);
    user.map_or("", |user| text(user, "/profile/email"))
        .to_owned()
}

fn target(org: &Org, id: &str) -> Value {
    let request = org.shelves.get(REQUESTS).and_then(|shelf| shelf.get(id));
    let subject = request.map_or("", |request| text(request, "/subject"));
    named("AccessRequest", id, "unknown", subject)
}

/// Access Requests as an actor of events.
fn product(org: &Org) -> Value {
    match app_labelled(org, ACCESS_REQUESTS_APP) {
        Some(app) => {
            let mut actor = app_target(app);
            actor["type"] = json!("PublicClientApp");
            actor
        }
        None => named(
            "SystemPrincipal",
            "unknown",
            "system@okta.com",
            "Access Requests",
        ),
    }
}

fn log(org: &mut Org, event: &str, id: &str) {
    let actor = Actor::person(product(org));
    let targets = vec![target(org, id)];
    org.log.write_by(&org.clock, &actor, event, targets);
}

/// Takes a filed request on: a member of the team is its assignee, fields from people are filled
/// in, and the first step begins. Returns the values as the API shows them.
pub(crate) fn begin(
    org: &mut Org,
    id: &str,
    kind: &Value,
    requester: &str,
    values: Vec<Value>,
) -> Vec<Value> {
    let assignee = teams::next_member(org, text(kind, "/team")).unwrap_or_default();
    let mut all = values;
    for field in kind["fields"].as_array().into_iter().flatten() {
        let whose = match text(field, "/from") {
            "requester.email" => email(org, requester),
            "assignee.email" => email(org, &assignee),
            _ => continue,
        };
        all.retain(|value| value["id"] != field["id"]);
        let mut value = field.clone();
        crate::json::remove(&mut value, "from");
        value["value"] = json!(whose);
        all.push(value);
    }
    let state = json!({
        "id": id, "type": kind["id"], "step": 0, "state": "WAITING", "assignee": assignee,
        "requester": requester, "values": all, "task": null, "note": null,
    });
    org.shelf(UNDER_WAY).put(id, state);
    all
}

/// Does what can be done now: of one request that was just filed or changed.
pub(crate) fn go_on(org: &mut Org, id: &str) {
    // Each turn ends a step; a request has few of them.
    while turn(org, id) {}
}

/// Takes the steps of all requests whose time has come.
pub(crate) fn catch_up(org: &mut Org) {
    let Some(shelf) = org.shelves.get(UNDER_WAY) else {
        return;
    };
    let waiting = shelf.values().filter(|state| state["state"] == "TIMER");
    let ids: Vec<String> = waiting.map(|state| text(state, "/id").to_owned()).collect();
    for id in ids {
        go_on(org, &id);
    }
}

fn put(org: &mut Org, state: &Value) {
    let id = text(state, "/id").to_owned();
    org.shelf(UNDER_WAY).put(&id, state.clone());
}

/// A step has come to its end.
fn step_done(state: &mut Value) {
    state["step"] = json!(state["step"].as_u64().unwrap_or(0) + 1);
    state["state"] = json!("WAITING");
    state["task"] = Value::Null;
    state["note"] = Value::Null;
}

/// One step further; false where the request waits for somebody, for a time, or is done.
fn turn(org: &mut Org, id: &str) -> bool {
    let Some(mut state) = state(org, id) else {
        return false;
    };
    let Some(kind) = console::of(org, text(&state, "/type")) else {
        return false;
    };
    if matches!(text(&state, "/state"), "TASK" | "FAILED" | "RESOLVED") {
        return false;
    }
    let at = state["step"].as_u64().unwrap_or(0) as usize;
    let Some(step) = kind["steps"].get(at) else {
        resolve(org, &mut state);
        return false;
    };
    let on = match text(step, "/type") {
        "APPROVAL" | "TASK" => {
            open_task(org, &mut state, step);
            false
        }
        "TIMER" => {
            let due = clock::parse(
                value_of(&state, text(step, "/until"))
                    .as_str()
                    .unwrap_or(""),
            );
            let over = due.is_none_or(|due| due <= org.clock.now());
            match over {
                true => step_done(&mut state),
                false => state["state"] = json!("TIMER"),
            }
            over
        }
        _ => run_flow(org, &mut state, step),
    };
    put(org, &state);
    on
}

/// The value of a field, by its prompt.
fn value_of(state: &Value, field: &str) -> Value {
    let values = state["values"].as_array().into_iter().flatten();
    let mut named = values.filter(|value| value["prompt"] == field);
    let value = named.next().map_or(Value::Null, |one| one["value"].clone());
    // A chosen option stands in a list of one.
    match value {
        Value::Array(mut one) if one.len() == 1 => one.remove(0),
        value => value,
    }
}

/// The manager of a user, by the attribute `managerId`: a login or an email.
pub(crate) fn manager(org: &Org, user: &str) -> Option<String> {
    let user = org.users.get(user)?;
    let named = text(user, "/profile/managerId").to_lowercase();
    if named.is_empty() {
        return None;
    }
    let by_email = || {
        let mut users = org.users.values();
        let found = users.find(|one| text(one, "/profile/email").to_lowercase() == named);
        found.map(|one| text(one, "/id").to_owned())
    };
    org.logins.get(&named).cloned().or_else(by_email)
}

/// Opens the task of a step, and writes to whoever has to do it.
fn open_task(org: &mut Org, state: &mut Value, step: &Value) {
    let request = text(state, "/id").to_owned();
    let (kind, label, who) = match text(step, "/type") {
        "APPROVAL" => {
            let requester = text(state, "/requester");
            let who = match text(step, "/approver") {
                // Without a manager the assignee decides.
                "MANAGER" => manager(org, requester),
                id => Some(id.to_owned()),
            };
            ("APPROVAL", "Approve access".to_owned(), who)
        }
        _ => ("TODO", text(step, "/label").to_owned(), None),
    };
    let who = who.unwrap_or_else(|| text(state, "/assignee").to_owned());
    let id = org.dice.hex(24);
    let at = clock::seconds(org.clock.now());
    let task = json!({
        "id": id, "assignees": [{ "externalId": who, "type": "OKTA_USER" }], "status": "OPEN",
        "label": label, "requestId": request, "createdAt": at, "updatedAt": at, "type": kind,
        "value": null, "isEscalated": false, "isDelegated": false, "originalAssigneeId": null,
    });
    org.shelf(TASKS).put(&id, task);
    state["task"] = json!(id);
    state["state"] = json!("TASK");
    let subject = text(&target(org, &request), "/displayName").to_owned();
    let to = email(org, &who);
    mailbox::send(
        org,
        SENDER,
        &to,
        &format!("{label}: {subject}"),
        &format!("You have a task in the request \"{subject}\": {label}."),
    );
}

/// Begins the flow of a step. Access Requests hears nothing of its end, so the request goes on.
fn run_flow(org: &mut Org, state: &mut Value, step: &Value) -> bool {
    let named = text(step, "/flow");
    let mut inputs = Map::new();
    for (input, source) in step["inputs"].as_object().into_iter().flatten() {
        let value = match source.as_str().unwrap_or_default() {
            "requester.email" => json!(email(org, text(state, "/requester"))),
            "assignee.email" => json!(email(org, text(state, "/assignee"))),
            field => value_of(state, field),
        };
        if !value.is_null() {
            inputs.insert(input.clone(), value);
        }
    }
    let checked = rights::check(org, named).and_then(|flow| {
        let inputs = check_inputs(&flow, &Value::Object(inputs))?;
        Ok((flow, inputs))
    });
    let caller = product(org);
    match checked {
        Ok((flow, inputs)) => {
            runs::begin(org, &flow, inputs, &caller);
            step_done(state);
            true
        }
        Err(reason) => {
            let name = catalogue::find(org, named);
            let name = name.map_or(named.to_owned(), |flow| text(&flow, "/name").to_owned());
            runs::log(org, &Actor::person(caller), &name, Some(&reason));
            state["state"] = json!("FAILED");
            state["note"] = json!(reason);
            false
        }
    }
}

/// Tries the step again that failed.
pub(super) fn retry(org: &mut Org, id: &str) -> Result<Value, String> {
    let mut state = state(org, id).ok_or_else(|| format!("there is no request {id}"))?;
    if state["state"] != "FAILED" {
        return Err(format!("no step of the request {id} has failed"));
    }
    state["state"] = json!("WAITING");
    put(org, &state);
    go_on(org, id);
    shown(org, id).ok_or_else(|| format!("there is no request {id}"))
}

fn resolve(org: &mut Org, state: &mut Value) {
    let id = text(state, "/id").to_owned();
    let at = json!(clock::seconds(org.clock.now()));
    if let Some(request) = org.shelf(REQUESTS).get_mut(&id) {
        request["requestStatus"] = json!("RESOLVED");
        request["resolved"] = at.clone();
        request["lastUpdated"] = at;
    }
    state["state"] = json!("RESOLVED");
    put(org, state);
    log(org, "access.request.resolve", &id);
    let subject = text(&target(org, &id), "/displayName").to_owned();
    let to = email(org, text(state, "/requester"));
    let body = format!("Your request \"{subject}\" is done.");
    mailbox::send(org, SENDER, &to, &format!("Done: {subject}"), &body);
}

/// A task of the request was completed: the request goes on, or ends with a denial.
///
/// # Errors
/// 400 for an approval without a decision.
pub(crate) fn completed(org: &mut Org, task: &Value, value: &str) -> Result<(), Fault> {
    let id = text(task, "/requestId").to_owned();
    let Some(mut state) = state(org, &id).filter(|state| state["task"] == task["id"]) else {
        return Err(Fault::validation(
            "status",
            &["status: The task is not open."],
        ));
    };
    if text(task, "/type") == "APPROVAL" && !matches!(value, "APPROVED" | "DENIED") {
        let cause = "value: The value must be one of APPROVED, DENIED.";
        return Err(Fault::validation("value", &[cause]));
    }
    log(org, "access.request.update", &id);
    match value {
        "DENIED" => resolve(org, &mut state),
        _ => {
            step_done(&mut state);
            put(org, &state);
            go_on(org, &id);
        }
    }
    Ok(())
}

/// True if a request waits for this task.
pub(crate) fn has_task(org: &Org, task: &str) -> bool {
    let shelf = org.shelves.get(UNDER_WAY).into_iter();
    let mut states = shelf.flat_map(|shelf| shelf.values());
    states.any(|state| state["task"] == task)
}

/// The task that a request waits for.
pub(crate) fn open(org: &Org, id: &str) -> Option<String> {
    state(org, id)?["task"].as_str().map(str::to_owned)
}
