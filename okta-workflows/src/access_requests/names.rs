//! Names by which the service's own apps, features and permissions are found.

/// Label of the app that runs delegated flows for Access Requests.
pub(super) const ACCESS_REQUESTS_APP: &str = "Okta Access Requests OAuth";
/// Label of the app whose token the Okta connections of Workflows use.
pub(super) const WORKFLOWS_APP: &str = "Okta Workflows OAuth";
/// Its `name`.
pub(super) const WORKFLOWS_APP_NAME: &str = "flow";

/// Apps (`name`) that an org with Identity Governance has.
pub(super) const GOVERNANCE_APPS: [&str; 6] = [
    "okta_iga",
    "okta_iga_reviewer",
    "okta_entitlement_management",
    "okta_access_requests_resource_catalog",
    "okta_atspoke_sso",
    "okta_access_requests_admin",
];

/// Self-service features, by name.
pub(super) const WORKFLOWS_FEATURE: &str = "Okta Workflows actions in Access Requests";
pub(super) const APP_ADMINS_FEATURE: &str = "Assign admin roles to apps";

/// Permission to run delegated flows, with its name before Workflows had roles of its own.
pub(super) const RUN: [&str; 2] = ["okta.workflows.invoke", "okta.workflows.flows.invoke"];
/// Permission to see delegated flows, old name first.
pub(super) const VIEW: [&str; 2] = ["okta.workflows.read", "okta.workflows.flows.read"];

/// All delegated flows of an org.
pub(super) fn all_flows(org_url: &str, org_id: &str) -> String {
    format!("orn:{}:workflow:{org_id}:flows", partition(org_url))
}

/// One delegated flow.
pub(super) fn one_flow(org_url: &str, org_id: &str, flow_id: &str) -> String {
    format!("{}:{flow_id}", all_flows(org_url, org_id))
}

fn partition(org_url: &str) -> &'static str {
    let host = org_url.split("://").last().unwrap_or_default();
    match host.split(['/', ':']).next().unwrap_or_default() {
        host if host.ends_with(".oktapreview.com") => "oktapreview",
        _ => "okta",
    }
}

/// Names of features and apps as people write them: case and blanks apart.
pub(super) fn same(left: &str, right: &str) -> bool {
    let words =
        |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_lowercase).collect() };
    words(left) == words(right)
}
