//! Access Requests and Workflows as products of the org: what an admin sets up for a request type
//! that runs a delegated flow, what happens when a request does, and what the two consoles show.
//!
//! What the consoles know, and no API tells, stands in shelves under `/_sandbox/`, so that it is
//! kept like everything else of the org.

pub(crate) mod catalogue;
pub(crate) mod connection;
pub(crate) mod console;
mod fault;
mod flow;
pub(crate) mod furnish;
pub(crate) mod mailbox;
pub(crate) mod rights;
pub(crate) mod runs;
pub(crate) mod steps;
mod surface;
mod switches;
mod teams;

pub use fault::{AccessRequestsFault, AccessRequestsOrg};
pub(crate) use flow::Steps;
pub(crate) use surface::{answer, decider, seed};

pub use flow::{DelegatedFlow, DelegatedRun, FlowCaller, FlowInput};
pub use switches::ConsoleStep;

use serde_json::{Value, json};

use crate::org::Org;

/// Label of the app that Access Requests acts as.
pub(crate) const ACCESS_REQUESTS_APP: &str = "Okta Access Requests OAuth";
/// Label and name of the app that the Okta connections of Workflows use.
pub(crate) const WORKFLOWS_APP: (&str, &str) = ("Okta Workflows OAuth", "flow");

/// Features without which no request type runs a flow.
pub(crate) const FEATURES: [&str; 2] = [
    "Okta Workflows actions in Access Requests",
    "Assign admin roles to apps",
];

/// One value each: what an admin set in a console.
const SETTINGS: &str = "/_sandbox/settings";

/// A setting of the consoles; null if it was never set.
pub(crate) fn setting(org: &Org, name: &str) -> Value {
    let shelf = org.shelves.get(SETTINGS);
    let found = shelf.and_then(|shelf| shelf.get(name)).cloned();
    found.map_or(Value::Null, |kept| kept["value"].clone())
}

pub(crate) fn set(org: &mut Org, name: &str, value: Value) {
    org.shelf(SETTINGS).put(name, json!({ "value": value }));
}

/// True if the org has no Identity Governance at all.
pub(crate) fn lacks_governance(org: &Org) -> bool {
    setting(org, "governance") == json!(false)
}

/// True if a feature is listed for this org and switched off.
pub(crate) fn is_off(org: &Org, feature: &str) -> bool {
    let shelf = org.shelves.get(crate::behaviour::presets::FEATURES_AT);
    let mut features = shelf.into_iter().flat_map(|shelf| shelf.values());
    features.any(|one| one["name"] == feature && one["status"] != "ENABLED")
}
