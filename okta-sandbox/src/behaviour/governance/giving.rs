//! Giving what was requested: an app, or a place in a group with the apps that come with it.

use serde_json::{Value, json};

use crate::behaviour::assignments;
use crate::clock;
use crate::json::text;
use crate::log::{Actor, app_target, group_target, named, user_target};
use crate::org::Org;

/// Gives access by an approved request; false where somebody has to do it.
pub(super) fn give(org: &mut Org, request: &Value) -> bool {
    let resource = text(request, "/requested/resourceId");
    let user = text(request, "/requestedFor/externalId");
    match text(request, "/requested/accessScopeType") {
        "GROUP" => join(org, text(request, "/requested/accessScopeId"), user),
        "APPLICATION" => assign(org, resource, user),
        // Bundles are given in the app itself.
        _ => false,
    }
}

fn log(org: &mut Org, event: &str, targets: [Option<Value>; 2]) {
    let product = named(
        "SystemPrincipal",
        "unknown",
        "system@okta.com",
        "Okta Access Requests",
    );
    let targets = targets.into_iter().flatten().collect();
    org.log
        .write_by(&org.clock, &Actor::person(product), event, targets);
}

fn log_app(org: &mut Org, app: &str, user: &str) {
    let targets = [
        org.users.get(user).map(user_target),
        org.apps.get(app).map(app_target),
    ];
    log(org, "application.user_membership.add", targets);
}

fn assign(org: &mut Org, app: &str, user: &str) -> bool {
    let (Some(instance), Some(person)) = (org.apps.get(app), org.users.get(user)) else {
        return false;
    };
    if !org.app_users.contains(app, user) {
        let now = clock::zero_millis(org.clock.now());
        let assignment = assignments::fresh(instance, person, "USER", &now);
        org.app_users.put(app, user, assignment);
        log_app(org, app, user);
    }
    true
}

fn join(org: &mut Org, group: &str, user: &str) -> bool {
    if !org.groups.contains(group) || !org.users.contains(user) {
        return false;
    }
    if !org.members.put(group, user, ()) {
        return true;
    }
    let now = clock::zero_millis(org.clock.now());
    if let Some(group) = org.groups.get_mut(group) {
        group["lastMembershipUpdated"] = json!(now);
    }
    let targets = [
        org.users.get(user).map(user_target),
        org.groups.get(group).map(group_target),
    ];
    log(org, "group.user_membership.add", targets);
    let apps = org.app_groups.holders(group);
    let apps: Vec<String> = apps.map(|(_, app)| app.to_owned()).collect();
    for app in apps {
        if assignments::gives(org, &app, group, user) {
            log_app(org, &app, user);
        }
    }
    true
}
