//! Puts the products into an org, with the faults that are asked for.

use serde_json::{Value, json};

use super::{
    ACCESS_REQUESTS_APP, AccessRequestsFault as Fault, AccessRequestsOrg, FEATURES, WORKFLOWS_APP,
    catalogue, connection, rights, set, teams,
};
use crate::behaviour::apps::{self, grants};
use crate::behaviour::presets::FEATURES_AT;
use crate::clock;
use crate::json::text;
use crate::org::Org;

const ROLES: &str = "/api/v1/iam/roles";
const SETS: &str = "/api/v1/iam/resource-sets";

/// Apps that come with Identity Governance; the last one, with the OAuth client, is made when
/// Access Requests is activated. How that one is named is not published.
const GOVERNANCE_APPS: [(&str, &str); 6] = [
    ("okta_iga", "Okta Access Certifications"),
    ("okta_iga_reviewer", "Okta Access Certification Reviews"),
    ("okta_entitlement_management", "Okta Entitlement Management"),
    (
        "okta_access_requests_resource_catalog",
        "Okta Identity Governance",
    ),
    ("okta_atspoke_sso", "Okta Access Requests"),
    ("okta_access_requests_admin", "Okta Access Requests Admin"),
];

/// Scopes that flows need unless the seed says otherwise.
const FLOW_SCOPES: [&str; 2] = ["okta.users.read", "okta.governance.accessRequests.read"];

/// The app of this label.
pub(crate) fn app_labelled<'o>(org: &'o Org, label: &str) -> Option<&'o Value> {
    org.apps.values().find(|app| text(app, "/label") == label)
}

/// Makes an app of the service's own, unless it is there.
pub(super) fn add_app(org: &mut Org, name: &str, label: &str) -> String {
    if let Some(app) = app_labelled(org, label) {
        return text(app, "/id").to_owned();
    }
    let body = json!({
        "name": name, "label": label, "signOnMode": "OPENID_CONNECT",
        "settings": { "oauthClient": { "application_type": "web" } },
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "private_key_jwt" } },
    });
    let Ok(app) = apps::build(org, &body) else {
        return String::new();
    };
    let id = text(&app, "/id").to_owned();
    apps::add(org, app);
    id
}

pub(super) fn add_governance(org: &mut Org) {
    set(org, "governance", json!(true));
    for (name, label) in GOVERNANCE_APPS {
        add_app(org, name, label);
    }
}

pub(super) fn add_access_requests_app(org: &mut Org) -> String {
    add_app(org, "okta_access_requests_oauth", ACCESS_REQUESTS_APP)
}

pub(super) fn add_workflows(org: &mut Org) -> String {
    add_app(org, "okta_flow_sso", "Okta Workflows");
    add_app(org, WORKFLOWS_APP.1, WORKFLOWS_APP.0)
}

fn feature(org: &mut Org, name: &str, on: bool) {
    let known = org
        .shelf(FEATURES_AT)
        .values()
        .find(|one| text(one, "/name") == name);
    let id = known.map(|one| text(one, "/id").to_owned());
    let id = id.unwrap_or_else(|| org.dice.id("ftr"));
    let feature = json!({
        "id": id, "type": "self-service", "status": if on { "ENABLED" } else { "DISABLED" }, "name": name,
        "description": name, "stage": { "value": "EA" }, "needs": [],
    });
    org.shelf(FEATURES_AT).put(&id, feature);
}

fn set_inactive(org: &mut Org, app: &str) {
    if let Some(app) = org.apps.get_mut(app) {
        app["status"] = json!("INACTIVE");
    }
}

/// Makes the products of an org.
pub(crate) fn furnish(org: &mut Org, wanted: &AccessRequestsOrg, base: &str) {
    let has = |fault: Fault| wanted.faults.contains(&fault);
    for (name, fault) in FEATURES
        .iter()
        .zip([Fault::WorkflowsFeatureOff, Fault::AppAdminsFeatureOff])
    {
        feature(org, name, !has(fault));
    }
    if has(Fault::NoGovernance) {
        set(org, "governance", json!(false));
    } else {
        add_governance(org);
    }
    let mut client = None;
    if !has(Fault::NoGovernance) && !has(Fault::AccessRequestsAppAbsent) {
        let app = add_access_requests_app(org);
        if has(Fault::AccessRequestsAppInactive) {
            set_inactive(org, &app);
        }
        client = Some(app);
    }
    bound_rights(org, wanted, client.as_deref());
    workflows(org, wanted, base);
    set(
        org,
        "runWorkflows",
        json!(!has(Fault::RunWorkflowsOff) && client.is_some()),
    );
    if !has(Fault::NoTeam) && !has(Fault::NoGovernance) {
        let members = org.users.values().take(3);
        let members: Vec<String> = members.map(|user| text(user, "/id").to_owned()).collect();
        teams::add(org, "Facilities", &members);
    }
    match has(Fault::NotSynced) {
        true => {
            catalogue::forget(org);
            set(org, "lastSync", Value::Null);
        }
        false => rights::sync_now(org),
    }
}

fn permission(name: &str, now: &str) -> Value {
    json!({ "label": name, "created": now, "lastUpdated": now, "conditions": null })
}

/// Role, resource set and binding.
fn bound_rights(org: &mut Org, wanted: &AccessRequestsOrg, client: Option<&str>) {
    let has = |fault: Fault| wanted.faults.contains(&fault);
    let now = clock::zero_millis(org.clock.now());
    let mut role = None;
    if !has(Fault::RoleMissing) {
        let mut names = match wanted.old_names {
            true => vec!["okta.workflows.read", "okta.workflows.invoke"],
            false => vec!["okta.workflows.flows.read", "okta.workflows.flows.invoke"],
        };
        if has(Fault::RoleWithoutRun) {
            names.pop();
        }
        let id = org.dice.id("cr0");
        let permissions: Vec<Value> = names.iter().map(|name| permission(name, &now)).collect();
        let made = json!({
            "id": id, "label": "Flow runner", "description": "Runs delegated flows", "isCloneable": false,
            "created": now, "lastUpdated": now, "permissions": permissions,
        });
        org.shelf(ROLES).put(&id, made);
        role = Some(id);
    }
    let mut set = None;
    if !has(Fault::ResourceSetMissing) {
        let id = org.dice.id("iam");
        let made = json!({
            "id": id, "label": "Flows", "description": "Delegated flows", "created": now, "lastUpdated": now,
        });
        org.shelf(SETS).put(&id, made);
        let orn = match (has(Fault::ResourceSetWithoutFlow), &wanted.flow) {
            (true, _) => format!("orn:okta:directory:{}:groups", org.id),
            (false, None) => format!("orn:okta:workflow:{}:flows", org.id),
            (false, Some(flow)) => format!("orn:okta:workflow:{}:flows:{flow}", org.id),
        };
        let resource = org.dice.id("ire");
        let made = json!({ "id": resource, "orn": orn, "created": now, "lastUpdated": now });
        org.shelf(&format!("{SETS}/{id}/resources"))
            .put(&resource, made);
        set = Some(id);
    }
    let (Some(role), Some(set)) = (role, set) else {
        return;
    };
    let assignee = match client {
        _ if has(Fault::BindingMissing) => return,
        Some(_) if has(Fault::BoundToAPerson) => format!("/api/v1/users/{}", org.admin),
        Some(client) => format!("/oauth2/v1/clients/{client}"),
        None => return,
    };
    let id = org.dice.id("ra1");
    let kind = if assignee.starts_with("/oauth2") {
        "CLIENT"
    } else {
        "USER"
    };
    let binding = json!({
        "id": id, "label": "Flow runner", "type": "CUSTOM", "status": "ACTIVE", "created": now,
        "lastUpdated": now, "assignmentType": kind, "role": role, "resource-set": set,
    });
    org.shelf(&format!("{assignee}/roles")).put(&id, binding);
}

/// The Workflows app, its scopes, and its connection.
fn workflows(org: &mut Org, wanted: &AccessRequestsOrg, base: &str) {
    let has = |fault: Fault| wanted.faults.contains(&fault);
    if has(Fault::WorkflowsAppAbsent) {
        return;
    }
    let app = add_workflows(org);
    let scopes: Vec<String> = match wanted.scopes.is_empty() {
        true => FLOW_SCOPES.iter().map(|s| (*s).to_owned()).collect(),
        false => wanted.scopes.clone(),
    };
    // The connection has the scopes that were granted when somebody authorized it: a minute later
    // if all is well, a minute before if not.
    let late = has(Fault::NotReauthorized);
    if late {
        org.clock.advance(-60);
        connection::authorize(org);
        org.clock.advance(60);
    }
    if !has(Fault::ScopesNotGranted) {
        let by = json!({ "id": org.admin, "type": "User" });
        org.clock.advance(-60 * i64::from(!late));
        for scope in &scopes {
            if !org.has_grant(&app, scope) {
                grants::add(org, &app, scope, base, &by);
            }
        }
        org.clock.advance(60 * i64::from(!late));
    }
    if !late {
        connection::authorize(org);
    }
    if has(Fault::WorkflowsAppInactive) {
        set_inactive(org, &app);
    }
}
