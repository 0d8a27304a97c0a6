//! Runs of delegated flows: they begin when Access Requests or an admin says so, and go on by
//! themselves. Whoever began one hears nothing of its end.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::flow::{DelegatedRun, FlowCaller};
use super::{connection, steps};
use crate::behaviour::governance;
use crate::clock;
use crate::json::{remove, text};
use crate::log::{Actor, named, user_target};
use crate::org::Org;
use crate::pipeline::Shared;

const SHELF: &str = "/_sandbox/flow-runs";
/// Ids of runs that are to begin.
const DUE: &str = "/_sandbox/flow-runs-due";

/// Logs that a flow was started; with a reason, that it was not.
pub(super) fn log(org: &mut Org, actor: &Actor, flow: &str, refused: Option<&str>) {
    let targets = vec![
        named(
            "AppInstance",
            "okta_flow_sso",
            "Okta Workflows",
            "Okta Workflows",
        ),
        named("Flow", flow, flow, flow),
    ];
    let event = "workflows.user.delegatedflow.run";
    match refused {
        None => org.log.write_by(&org.clock, actor, event, targets),
        Some(reason) => org
            .log
            .write_refused(&org.clock, actor, event, targets, reason),
    }
}

/// Lets a flow begin; returns the execution's id.
pub(super) fn begin(
    org: &mut Org,
    flow: &Value,
    inputs: Map<String, Value>,
    caller: &Value,
) -> String {
    let id = org.dice.uuid();
    let at = clock::millis(org.clock.now());
    let run = json!({
        "executionId": id, "flowId": flow["id"], "flow": flow["name"], "status": "STARTED",
        "inputs": inputs, "caller": caller, "started": at, "ended": null, "output": null,
        "error": null,
    });
    org.shelf(SHELF).put(&id, run);
    org.shelf(DUE).put(&id, json!(id));
    log(
        org,
        &Actor::person(caller.clone()),
        text(flow, "/name"),
        None,
    );
    id
}

/// The first admin, as the one who runs a flow from the Admin Console.
pub(super) fn admin(org: &Org) -> Value {
    let admin = org.users.get(&org.admin);
    admin.map(user_target).unwrap_or_default()
}

/// All runs, oldest first.
pub(super) fn all(org: &Org) -> Vec<Value> {
    let shelf = org.shelves.get(SHELF).into_iter();
    shelf.flat_map(|shelf| shelf.values().cloned()).collect()
}

fn end(org: &mut Org, id: &str, outcome: Result<Value, String>) {
    let at = clock::millis(org.clock.now());
    let Some(run) = org.shelf(SHELF).get_mut(id) else {
        return;
    };
    run["ended"] = json!(at);
    match outcome {
        Ok(output) => {
            run["status"] = json!("SUCCEEDED");
            run["output"] = output;
        }
        Err(error) => {
            run["status"] = json!("FAILED");
            run["error"] = json!(error);
        }
    }
}

/// Takes the steps of requests whose time has come, and lets the flows run that are to begin.
pub(crate) fn start_due(shared: &Arc<Shared>) {
    let mut begun: Vec<(Value, Option<String>)> = Vec::new();
    {
        let mut org = shared.org();
        steps::catch_up(&mut org);
        governance::end_what_is_over(&mut org);
        let Some(due) = org.shelves.get(DUE).filter(|due| due.len() > 0) else {
            return;
        };
        let ids: Vec<String> = due
            .values()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        for id in ids {
            org.shelf(DUE).remove(&id);
            if let Some(run) = org.shelf(SHELF).get(&id).cloned() {
                let token = connection::token(&mut org);
                begun.push((run, token));
            }
        }
    }
    for (mut run, okta_token) in begun {
        let id = text(&run, "/executionId").to_owned();
        let Some(steps) = shared.flows.delegated(text(&run, "/flowId")) else {
            let error = "the sandbox was started anew: nobody has given it the flow's steps again";
            end(&mut shared.org(), &id, Err(error.to_owned()));
            continue;
        };
        let inputs = match remove(&mut run, "inputs") {
            Some(Value::Object(inputs)) => inputs,
            _ => Map::new(),
        };
        let seen = DelegatedRun {
            flow: text(&run, "/flow").to_owned(),
            inputs,
            execution_id: id.clone(),
            caller: FlowCaller {
                id: text(&run, "/caller/id").to_owned(),
                alternate_id: text(&run, "/caller/alternateId").to_owned(),
                display_name: text(&run, "/caller/displayName").to_owned(),
                kind: text(&run, "/caller/type").to_owned(),
            },
            org_url: shared.credentials.base.clone(),
            okta_token,
            shared: Arc::clone(shared),
        };
        let there = Arc::clone(shared);
        let work = steps(seen);
        shared.flows.spawn(async move {
            let outcome = work.await;
            end(&mut there.org(), &id, outcome);
            // A disk that cannot keep it is told of at the next call.
            let _ = there.save();
        });
    }
}
