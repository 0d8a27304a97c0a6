//! Giving what was requested: an app, a bundle with its app, or a place in a group with the apps
//! that come with it; for a time, if the request is for one.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{background, conditions, grants, time_bound};
use crate::behaviour::assignments;
use crate::clock;
use crate::json::text;
use crate::log::{Actor, app_target, group_target, named, user_target};
use crate::org::Org;

/// Gives access by an approved request; returns what the request tells of it then.
pub(super) fn give(org: &mut Org, request: &Value) -> Value {
    let resource = text(request, "/requested/resourceId");
    let scope = text(request, "/requested/accessScopeId");
    let user = text(request, "/requestedFor/externalId");
    let until = conditions::hours(text(request, "/accessDuration")).and_then(|hours| {
        org.clock
            .now()
            .checked_add(SignedDuration::from_hours(hours))
            .ok()
    });
    let given = match text(request, "/requested/accessScopeType") {
        "GROUP" => join(org, scope, user),
        "APPLICATION" => assign(org, resource, user),
        "ENTITLEMENT_BUNDLE" => assign(org, resource, user).and_then(|assigned| {
            let by = text(request, "/requestedBy/externalId");
            grants::give_bundle(org, scope, user, until, by, assigned)
        }),
        _ => None,
    };
    let Some(fresh) = given else {
        return json!({ "grantStatus": "MANUAL_REQUIRED" });
    };
    let mut told = json!({ "grantStatus": "GRANTED", "granted": background::NOW });
    if until.is_none() {
        time_bound::outlasted(org, request);
    }
    if let Some(until) = until {
        told["revocationScheduled"] = json!(clock::seconds(until));
        time_bound::begin(org, request, until, fresh);
    }
    told
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

/// Assigns an app; false if the user had it, none where that cannot be.
fn assign(org: &mut Org, app: &str, user: &str) -> Option<bool> {
    let (instance, person) = (org.apps.get(app)?, org.users.get(user)?);
    if org.app_users.contains(app, user) {
        return Some(false);
    }
    let now = clock::zero_millis(org.clock.now());
    let assignment = assignments::fresh(instance, person, "USER", &now);
    org.app_users.put(app, user, assignment);
    log_app(org, app, user);
    Some(true)
}

/// Makes a user a member; false if they were one, none where that cannot be.
fn join(org: &mut Org, group: &str, user: &str) -> Option<bool> {
    // The members of other groups come from elsewhere.
    let kind = org.groups.get(group).map(|group| text(group, "/type"));
    if kind != Some("OKTA_GROUP") || !org.users.contains(user) {
        return None;
    }
    if !org.members.put(group, user, ()) {
        return Some(false);
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
    Some(true)
}
