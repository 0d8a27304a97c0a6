//! The delegated flows that the org has, as Workflows lists them: what goes into them, not what
//! they do.

use serde_json::{Value, json};

use super::flow::FlowInput;
use crate::clock;
use crate::json::text;
use crate::org::Org;

const SHELF: &str = "/_sandbox/delegated-flows";

/// Lists a flow, or what is new of it, and returns its id.
pub(super) fn put(org: &mut Org, name: &str, inputs: &[FlowInput]) -> String {
    let known = find(org, name);
    let id = match &known {
        Some(flow) => text(flow, "/id").to_owned(),
        None => org.dice.uuid(),
    };
    let now = clock::millis(org.clock.now());
    let created = known
        .as_ref()
        .map_or(json!(now), |flow| flow["created"].clone());
    let synced = known.is_some_and(|flow| flow["synced"] == true);
    let inputs: Vec<Value> = inputs.iter().map(|input| input.to_json()).collect();
    let flow = json!({
        "id": id, "name": name, "inputs": inputs, "active": true, "created": created, "synced": synced,
    });
    org.shelf(SHELF).put(&id, flow);
    id
}

/// A flow by id or name.
pub(super) fn find(org: &Org, named: &str) -> Option<Value> {
    let shelf = org.shelves.get(SHELF)?;
    let by_name = || shelf.values().find(|flow| text(flow, "/name") == named);
    shelf.get(named).or_else(by_name).cloned()
}

pub(super) fn all(org: &Org) -> Vec<Value> {
    let shelf = org.shelves.get(SHELF).into_iter();
    shelf.flat_map(|shelf| shelf.values().cloned()).collect()
}

/// Marks the flows that Access Requests has taken over: those made until a time.
pub(super) fn take_over(org: &mut Org, until: jiff::Timestamp) {
    for flow in org.shelf(SHELF).values_mut() {
        if clock::parse(text(flow, "/created")).is_some_and(|made| made <= until) {
            flow["synced"] = json!(true);
        }
    }
}

/// Access Requests knows no flow any more.
pub(super) fn forget(org: &mut Org) {
    for flow in org.shelf(SHELF).values_mut() {
        flow["synced"] = json!(false);
    }
}

/// Switches a flow on or off; false if there is none.
pub(super) fn switch(org: &mut Org, named: &str, active: bool) -> bool {
    let Some(flow) = find(org, named) else {
        return false;
    };
    if let Some(kept) = org.shelf(SHELF).get_mut(text(&flow, "/id")) {
        kept["active"] = json!(active);
    }
    true
}
