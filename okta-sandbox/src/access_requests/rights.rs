//! Whether Access Requests may run a delegated flow, and if not, why.

use serde_json::Value;

use super::furnish::app_labelled;
use super::{ACCESS_REQUESTS_APP, FEATURES, catalogue, is_off, lacks_governance, set, setting};
use crate::clock;
use crate::json::text;
use crate::org::Org;

/// Seconds between two syncs of users, groups, apps and flows.
const SYNC_EVERY: i64 = 24 * 3600;

const RUN: [&str; 2] = ["okta.workflows.invoke", "okta.workflows.flows.invoke"];

/// Does the syncs that were due since the last one; they come a day after each other.
fn sync_due(org: &mut Org) {
    let now = org.clock.now();
    let kept = setting(org, "lastSync");
    // Never, so far: the first one comes a day after the org began.
    let last = kept.as_str().unwrap_or(&org.created);
    let Some(last) = clock::parse(last) else {
        return;
    };
    let days = (now.as_second() - last.as_second()) / SYNC_EVERY;
    if days > 0 {
        sync(
            org,
            last + jiff::SignedDuration::from_secs(days * SYNC_EVERY),
        );
    }
}

fn sync(org: &mut Org, at: jiff::Timestamp) {
    catalogue::take_over(org, at);
    set(org, "lastSync", Value::from(clock::millis(at)));
}

/// Takes the flows over now, on somebody's demand.
pub(super) fn sync_now(org: &mut Org) {
    // All that there are: a time in whole milliseconds may lie before the newest.
    catalogue::take_over(org, jiff::Timestamp::MAX);
    let now = org.clock.now();
    sync(org, now);
}

/// True if the resources of a set cover a flow.
fn covers(org: &Org, set: &str, flow: &str) -> bool {
    let path = format!("/api/v1/iam/resource-sets/{set}/resources");
    let resources = org.shelves.get(&path).into_iter();
    let mut orns = resources.flat_map(|shelf| shelf.values());
    orns.any(|resource| {
        // orn:{partition}:workflow:{orgId}:flows[:{flowId}]
        let parts: Vec<&str> = text(resource, "/orn").split(':').collect();
        match parts[..] {
            ["orn", _, "workflow", id, "flows"] => id == org.id,
            ["orn", _, "workflow", id, "flows", one] => id == org.id && one == flow,
            _ => false,
        }
    })
}

fn may_run(org: &Org, role: &str) -> bool {
    let roles = org.shelves.get("/api/v1/iam/roles");
    let role = roles.and_then(|roles| {
        roles
            .get(role)
            .or_else(|| roles.values().find(|one| text(one, "/label") == role))
    });
    let permissions = role.and_then(|role| role["permissions"].as_array());
    permissions
        .into_iter()
        .flatten()
        .any(|one| RUN.contains(&text(one, "/label")))
}

/// Finds out why a flow, by name or id, cannot be run by Access Requests.
///
/// # Errors
/// The first reason.
pub(crate) fn check(org: &mut Org, named: &str) -> Result<Value, String> {
    sync_due(org);
    let flow = catalogue::find(org, named)
        .ok_or_else(|| format!("There is no delegated flow `{named}`."))?;
    let id = text(&flow, "/id").to_owned();
    if lacks_governance(org) {
        return Err("The org has no Identity Governance.".to_owned());
    }
    for feature in FEATURES {
        if is_off(org, feature) {
            return Err(format!("The feature \"{feature}\" is off."));
        }
    }
    let Some(app) = app_labelled(org, ACCESS_REQUESTS_APP) else {
        return Err(format!("There is no app \"{ACCESS_REQUESTS_APP}\"."));
    };
    if app["status"] != "ACTIVE" {
        return Err(format!("The app \"{ACCESS_REQUESTS_APP}\" is not active."));
    }
    let path = format!("/oauth2/v1/clients/{}/roles", text(app, "/id"));
    let roles = org.shelves.get(&path).into_iter();
    let bindings: Vec<Value> = roles
        .flat_map(|shelf| shelf.values().cloned())
        .filter(|role| role["type"] == "CUSTOM")
        .collect();
    let running = |one: &&Value| may_run(org, text(one, "/role"));
    let mut able = bindings.iter().filter(running).peekable();
    if able.peek().is_none() {
        let text = format!(
            "The app \"{ACCESS_REQUESTS_APP}\" has no role with the permission to run delegated flows."
        );
        return Err(text);
    }
    if !able.any(|one| covers(org, text(one, "/resource-set"), &id)) {
        return Err("No resource set that the role is bound with holds the flow.".to_owned());
    }
    if setting(org, "runWorkflows") != true {
        return Err(
            "\"Run a workflow\" is off on the Okta connection of Access Requests.".to_owned(),
        );
    }
    if flow["active"] != true {
        return Err(format!("The flow `{named}` is switched off."));
    }
    if flow["synced"] != true {
        return Err(format!(
            "Access Requests has not taken the flow `{named}` over yet: it syncs every 24 hours, or on demand."
        ));
    }
    Ok(flow)
}
