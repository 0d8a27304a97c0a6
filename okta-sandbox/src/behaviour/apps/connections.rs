//! The connection that an app provisions through. Nothing is provisioned; the connection is kept,
//! switched and verified.

use serde_json::{Value, json};

use super::{named_app, signing};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, remove, text};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getDefaultProvisioningConnectionForApplication" => get,
        "updateDefaultProvisioningConnectionForApplication" => update,
        "activateDefaultProvisioningConnectionForApplication" => |call| switch(call, "ENABLED"),
        "deactivateDefaultProvisioningConnectionForApplication" => |call| switch(call, "DISABLED"),
        "getUserProvisioningConnectionJWKS" => keys,
        "verifyProvisioningConnectionForApplication" => verify,
        _ => return None,
    })
}

/// The connections by app.
const CONNECTIONS: &str = "/api/v1/apps/connections";

pub(super) fn forget(org: &mut Org, app: &str) {
    org.shelf(CONNECTIONS).remove(app);
}

/// The apps whose connection a person consents to in a browser.
const CONSENTED: [&str; 4] = ["google", "office365", "slack", "zoomus"];

fn none() -> Value {
    json!({ "status": "UNKNOWN", "profile": { "authScheme": "UNKNOWN" } })
}

fn known(call: &mut Call<'_>, app: &Value) -> Value {
    let known = call.org.shelf(CONNECTIONS).get(text(app, "/id")).cloned();
    known.unwrap_or_else(none)
}

/// A connection with its links; one of an app that does not provision has none.
fn view(call: &Call<'_>, app: &Value, connection: &Value) -> Value {
    let mut shown = connection.clone();
    let step = match text(connection, "/status") {
        "ENABLED" => "deactivate",
        "DISABLED" => "activate",
        _ => return shown,
    };
    let own = format!(
        "{}/api/v1/apps/{}/connections/default",
        call.base(),
        text(app, "/id")
    );
    let hinted =
        |href: String, allow: &[&str]| json!({ "href": href, "hints": { "allow": allow } });
    shown["_links"] = json!({
        "self": hinted(own.clone(), &["GET", "POST"]),
        step: hinted(format!("{own}/lifecycle/{step}"), &["POST"]),
    });
    shown
}

fn get(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let connection = known(call, &app);
    Ok(Answer::ok(&view(call, &app, &connection)))
}

fn awaits_consent(app: &Value, scheme: &str) -> bool {
    scheme == "OAUTH2" && CONSENTED.contains(&text(app, "/name"))
}

/// A connection that a person has to consent to works only from then on.
fn update(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let body = call.request.object()?;
    let scheme = match text(&body, "/profile/authScheme") {
        // Clients call it either way.
        "OAUTH" | "OAUTH2" => "OAUTH2",
        scheme @ ("TOKEN" | "UNKNOWN") => scheme,
        "" => {
            let cause = "authScheme: The field cannot be left blank";
            return Err(Fault::validation("authScheme", &[cause]));
        }
        _ => {
            let cause = "authScheme: The field has an invalid value";
            return Err(Fault::validation("authScheme", &[cause]));
        }
    };
    let mut connection = none();
    if scheme != "UNKNOWN" {
        let before = known(call, &app);
        let consented =
            text(&before, "/profile/authScheme") == scheme && before["status"] == "ENABLED";
        let enabled = !awaits_consent(&app, scheme) || consented;
        let mut profile = at(&body, "/profile");
        profile["authScheme"] = json!(scheme);
        // Secrets are not shown again.
        remove(&mut profile, "token");
        remove(&mut profile, "settings");
        connection = json!({
            "authScheme": scheme, "status": if enabled { "ENABLED" } else { "DISABLED" },
            "profile": profile,
        });
        if let Some(url) = body.get("baseUrl") {
            connection["baseUrl"] = url.clone();
        }
    }
    call.org
        .shelf(CONNECTIONS)
        .put(text(&app, "/id"), connection.clone());
    Ok(Answer::ok(&view(call, &app, &connection)))
}

/// Switching what is no connection changes nothing, and is no mistake.
fn switch(call: &mut Call<'_>, status: &str) -> Outcome {
    let app = named_app(call)?;
    let connections = call.org.shelf(CONNECTIONS);
    if let Some(connection) = connections.get_mut(text(&app, "/id"))
        && connection["status"] != "UNKNOWN"
    {
        connection["status"] = json!(status);
    }
    Ok(Answer::no_content())
}

/// What the other side verifies the app's assertions with: the public half of its signing key.
fn keys(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let mut keys = Vec::new();
    if let Some(mut key) = signing::active(call.org, &app)? {
        for member in ["created", "lastUpdated", "expiresAt", "x5c", "x5t#S256"] {
            remove(&mut key, member);
        }
        key["alg"] = json!("RSA");
        keys.push(key);
    }
    Ok(Answer::ok(&json!({ "jwks": { "keys": keys } })))
}

/// The end of a consent in a browser: the connection works from now on.
fn verify(call: &mut Call<'_>) -> Outcome {
    let (name, id) = (call.parameter(0), call.parameter(1));
    let app = call.org.apps.get(id).cloned();
    let app = app.filter(|app| CONSENTED.contains(&name) && text(app, "/name") == name);
    let app = app.ok_or_else(|| Fault::not_found(id, "AppInstance"))?;
    for parameter in ["code", "state"] {
        if call.request.query(parameter).is_none_or(str::is_empty) {
            let cause = format!("{parameter}: The field cannot be left blank");
            return Err(Fault::validation(parameter, &[&cause]));
        }
    }
    let mut connection = known(call, &app);
    if text(&connection, "/profile/authScheme") != "OAUTH2" {
        return Err(Fault::not_found(id, "ProvisioningConnection"));
    }
    connection["status"] = json!("ENABLED");
    call.org.shelf(CONNECTIONS).put(id, connection);
    Ok(Answer::no_content())
}
