//! The Okta connection of Workflows: whose token the Okta cards of flows use.
//!
//! It was authorized by a person, once, and keeps the scopes that the app had then, whatever is
//! granted later; refreshing does not widen them.

use serde_json::{Value, json};

use super::furnish::app_labelled;
use super::{WORKFLOWS_APP, set, setting};
use crate::clock;
use crate::json::text;
use crate::log::{Actor, named, user_target};
use crate::oauth::authority::{Grant, ORG};
use crate::org::Org;

/// Seconds that an access token lives.
const LIFE: i64 = 3600;

/// Authorizes the connection, or authorizes it anew, with the scopes that the app has now; false
/// without the app.
pub(crate) fn authorize(org: &mut Org) -> bool {
    let Some(app) = app_labelled(org, WORKFLOWS_APP.0) else {
        return false;
    };
    let client = text(app, "/id").to_owned();
    let grants = org.grants.values();
    let scopes: Vec<String> = grants
        .filter(|grant| text(grant, "/clientId") == client)
        .map(|grant| text(grant, "/scopeId").to_owned())
        .collect();
    let event = match setting(org, "connection") {
        Value::Null => "workflows.user.connection.create",
        _ => "workflows.user.connection.reauthorize",
    };
    let at = clock::millis(org.clock.now());
    let connection =
        json!({ "client": client, "scopes": scopes, "authorized": at, "user": org.admin });
    set(org, "connection", connection);
    if let Some(admin) = org.users.get(&org.admin).map(user_target) {
        let targets = vec![
            named(
                "AppInstance",
                "okta_flow_sso",
                "Okta Workflows",
                "Okta Workflows",
            ),
            named("Connection", "okta", "okta", "Okta"),
        ];
        org.log
            .write_by(&org.clock, &Actor::person(admin), event, targets);
    }
    true
}

/// A fresh access token of the connection; none where nobody authorized it.
pub(crate) fn token(org: &mut Org) -> Option<String> {
    let connection = setting(org, "connection");
    let (client, user) = (text(&connection, "/client"), text(&connection, "/user"));
    if client.is_empty() {
        return None;
    }
    let scopes = connection["scopes"].as_array().into_iter().flatten();
    let scopes: Vec<String> = scopes
        .filter_map(|scope| scope.as_str().map(str::to_owned))
        .collect();
    let now = org.clock.now().as_second();
    let token_id = format!("AT.{}", org.dice.secret(32));
    let claims = json!({
        "ver": 1, "jti": token_id, "sub": user, "uid": user, "cid": client, "scp": scopes, "iat": now,
        "exp": now + LIFE,
    });
    let token = org.authority.sign_opaque(&claims);
    let grant = Grant {
        server: ORG.to_owned(),
        client_id: client.to_owned(),
        user_id: Some(user.to_owned()),
        scopes,
        issued: now,
        expires: now + LIFE,
        bound_to: None,
        token_id,
        audience: String::new(),
        family: None,
    };
    org.authority.remember(&token, grant);
    Some(token)
}
