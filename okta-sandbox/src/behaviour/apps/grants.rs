//! Scopes granted to an app.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{app_target, named};
use crate::oauth::{access::Principal, scopes};
use crate::org::Org;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listScopeConsentGrants" => list,
        "grantConsentToScope" => create,
        "getScopeConsentGrant" => get,
        "revokeScopeConsentGrant" => revoke,
        _ => return None,
    })
}

/// Stores a grant and returns it.
pub(crate) fn add(org: &mut Org, app: &str, scope: &str, issuer: &str, by: &Value) -> Value {
    let now = clock::zero_millis(org.clock.now());
    let id = org.dice.id("oag");
    let grant = json!({
        "id": id, "status": "ACTIVE", "created": now, "createdBy": by, "lastUpdated": now,
        "issuer": issuer, "clientId": app, "scopeId": scope, "source": "ADMIN",
    });
    org.grants.put(&id, grant.clone());
    grant
}

fn view(grant: &Value, app: &Value, base: &str) -> Value {
    let (id, app_id, label) = (text(grant, "/id"), text(app, "/id"), text(app, "/label"));
    let mut grant = grant.clone();
    grant["_links"] = json!({
        "app": { "href": format!("{base}/api/v1/apps/{app_id}"), "title": label },
        "self": {
            "href": format!("{base}/api/v1/apps/{app_id}/grants/{id}"),
            "hints": { "allow": ["GET", "DELETE"] },
        },
        "client": { "href": format!("{base}/oauth2/v1/clients/{app_id}"), "title": label },
    });
    grant
}

fn with_scope(mut grant: Value) -> Value {
    grant["_embedded"] = json!({ "scope": { "id": grant["scopeId"] } });
    grant
}

fn list(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let embed = call.request.query("expand") == Some("scope");
    let base = call.base();
    let hits = call
        .org
        .grants
        .placed()
        .filter(|(_, grant)| text(grant, "/clientId") == id);
    call.list(Size::new(1000, 1000), hits, |grant| {
        let grant = view(grant, &app, base);
        if embed { with_scope(grant) } else { grant }
    })
}

fn create(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let body = call.request.object()?;
    let (scope, issuer) = (text(&body, "/scopeId"), text(&body, "/issuer"));
    let id = text(&app, "/id");
    if app.pointer("/settings/oauthClient").is_none() {
        return Err(Fault::validation(
            "scopeId",
            &["scopeId: The application is not an OAuth client."],
        ));
    }
    if issuer != call.base() {
        return Err(Fault::validation(
            "issuer",
            &["issuer: The issuer must be the org authorization server."],
        ));
    }
    if !scopes::all().contains(scope) {
        let cause = format!("scopeId: '{scope}' is not a valid scope.");
        return Err(Fault::validation("scopeId", &[&cause]));
    }
    if call.org.has_grant(id, scope) {
        return Err(Fault::validation(
            "scopeId",
            &["scopeId: The scope is already granted to the client."],
        ));
    }
    let by = match &call.principal {
        Principal::Token { user_id, .. } | Principal::User { user_id, .. } => {
            json!({ "id": user_id, "type": "User" })
        }
        Principal::Client { client_id, .. } => json!({ "id": client_id, "type": "Client" }),
        Principal::Anonymous => Value::Null,
    };
    let grant = add(call.org, id, scope, issuer, &by);
    let targets = vec![app_target(&app), named("Scope", scope, scope, scope)];
    call.log("app.oauth2.admin.consent.grant", targets);
    Ok(Answer::ok(&with_scope(view(&grant, &app, call.base()))))
}

fn named_grant(call: &Call<'_>, app: &Value) -> Result<Value, Fault> {
    let id = call.parameter(1);
    let grant = call
        .org
        .grants
        .get(id)
        .filter(|g| text(g, "/clientId") == text(app, "/id"));
    grant
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "OAuth2ScopeConsentGrant"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let grant = named_grant(call, &app)?;
    let grant = view(&grant, &app, call.base());
    let embed = call.request.query("expand") == Some("scope");
    Ok(Answer::ok(&if embed { with_scope(grant) } else { grant }))
}

fn revoke(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let grant = named_grant(call, &app)?;
    call.org.grants.remove(text(&grant, "/id"));
    let scope = text(&grant, "/scopeId");
    let targets = vec![app_target(&app), named("Scope", scope, scope, scope)];
    call.log("app.oauth2.admin.consent.revoke", targets);
    Ok(Answer::no_content())
}
