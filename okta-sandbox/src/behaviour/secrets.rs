//! Client secrets of apps: at most two, each on or off.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listOAuth2ClientSecrets" => list,
        "createOAuth2ClientSecret" => create,
        "getOAuth2ClientSecret" => get,
        "deleteOAuth2ClientSecret" => delete,
        "activateOAuth2ClientSecret" => activate,
        "deactivateOAuth2ClientSecret" => deactivate,
        _ => return None,
    })
}

const IN_APP: &str = "/credentials/oauthClient/client_secret";

/// A new client secret, at work.
pub(super) fn fresh(org: &mut Org, secret: &str) -> Value {
    let id = org.dice.id("ocs");
    let now = clock::zero_millis(org.clock.now());
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    json!({
        "id": id, "created": now, "lastUpdated": now, "status": "ACTIVE", "client_secret": secret,
        "secret_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]),
    })
}

fn shelf_of(app: &str) -> String {
    format!("/api/v1/apps/{app}/credentials/secrets")
}

/// The secrets that a client can prove itself by.
pub(crate) fn at_work<'o>(org: &'o Org, app: &'o Value) -> Vec<&'o str> {
    let listed = org.shelves.get(&shelf_of(text(app, "/id")));
    let Some(listed) = listed.filter(|shelf| shelf.len() > 0) else {
        // Apps whose secrets were never listed have the one of their creation only.
        let own = text(app, IN_APP);
        return if own.is_empty() {
            Vec::new()
        } else {
            vec![own]
        };
    };
    let active = listed.values().filter(|one| one["status"] == "ACTIVE");
    active.map(|one| text(one, "/client_secret")).collect()
}

/// Keeps the listed secrets in step with the app's own where that is changed: the new one takes the
/// place of the old one. An app that had none for a while begins anew.
pub(super) fn follow(org: &mut Org, before: &Value, app: &Value) {
    let (old, new) = (text(before, IN_APP), text(app, IN_APP));
    let path = shelf_of(text(app, "/id"));
    let Some(listed) = org.shelves.get(&path).filter(|shelf| shelf.len() > 0) else {
        return;
    };
    let place = |value: &str| {
        let mut all = listed.values();
        let found = all.find(|one| text(one, "/client_secret") == value);
        found.map(|one| text(one, "/id").to_owned())
    };
    if new.is_empty() || place(new).is_some() {
        return;
    }
    match place(old) {
        None => {
            org.shelves.remove(&path);
        }
        Some(old) => {
            let secret = fresh(org, new);
            let listed = org.shelf(&path);
            listed.remove(&old);
            listed.put(text(&secret, "/id"), secret.clone());
        }
    }
}

/// Where the app's secrets stand; the app's own is the first.
fn shelf(call: &mut Call<'_>) -> Result<(String, Value), Fault> {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).cloned();
    let app = app.ok_or_else(|| Fault::not_found(id, "AppInstance"))?;
    if app.pointer("/credentials/oauthClient").is_none() {
        let cause = "The app is no OAuth 2.0 client";
        return Err(Fault::validation("appId", &[cause]));
    }
    let shelf = shelf_of(id);
    let own = text(&app, IN_APP).to_owned();
    let known = call
        .org
        .shelf(&shelf)
        .values()
        .any(|s| text(s, "/client_secret") == own);
    if !own.is_empty() && !known {
        let secret = fresh(call.org, &own);
        call.org
            .shelf(&shelf)
            .put(text(&secret, "/id"), secret.clone());
    }
    Ok((shelf, app))
}

fn view(call: &Call<'_>, secret: &Value) -> Value {
    let own = format!(
        "{}/api/v1/apps/{}/credentials/secrets/{}",
        call.base(),
        call.parameter(0),
        text(secret, "/id")
    );
    with_steps(secret, &own)
}

/// A secret with the steps that its status allows.
pub(super) fn with_steps(secret: &Value, own: &str) -> Value {
    let hinted = |href: String, allow: &str| json!({ "href": href, "hints": { "allow": [allow] } });
    let mut shown = secret.clone();
    shown["_links"] = match text(secret, "/status") {
        "ACTIVE" => json!({ "deactivate": hinted(format!("{own}/lifecycle/deactivate"), "POST") }),
        _ => json!({
            "activate": hinted(format!("{own}/lifecycle/activate"), "POST"),
            "delete": hinted(own.to_owned(), "DELETE"),
        }),
    };
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (shelf, _) = shelf(call)?;
    let secrets: Vec<Value> = call.org.shelf(&shelf).values().cloned().collect();
    let shown: Vec<Value> = secrets.iter().map(|secret| view(call, secret)).collect();
    Ok(Answer::ok(&json!(shown)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let (shelf, app) = shelf(call)?;
    let body = call.request.object_or_empty()?;
    if call.org.shelf(&shelf).len() >= 2 {
        let cause = "You've reached the maximum number of client secrets per client.";
        return Err(Fault::validation("client_secret", &[cause]));
    }
    let value = match text(&body, "/client_secret") {
        "" => call.org.dice.secret(48),
        given => given.to_owned(),
    };
    let mut secret = fresh(call.org, &value);
    if text(&body, "/status") == "INACTIVE" {
        secret["status"] = json!("INACTIVE");
    }
    call.org
        .shelf(&shelf)
        .put(text(&secret, "/id"), secret.clone());
    call.log(
        "app.oauth2.credentials.lifecycle.create",
        vec![app_target(&app)],
    );
    Ok(Answer::json(201, &view(call, &secret)))
}

fn named(call: &mut Call<'_>) -> Result<(String, Value, Value), Fault> {
    let (shelf, app) = shelf(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf).get(id).cloned();
    let secret = found.ok_or_else(|| Fault::not_found(id, "OAuth2ClientSecret"))?;
    Ok((shelf, app, secret))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, _, secret) = named(call)?;
    Ok(Answer::ok(&view(call, &secret)))
}

/// The newest secret at work is the one that the app shows.
fn tell_app(call: &mut Call<'_>, shelf: &str) {
    let active = call
        .org
        .shelf(shelf)
        .values()
        .rev()
        .find(|s| s["status"] == "ACTIVE");
    let value = active.map(|secret| secret["client_secret"].clone());
    if let (Some(value), Some(app)) = (value, call.org.apps.get_mut(call.parameter(0)))
        && let Some(own) = app.pointer_mut(IN_APP)
    {
        *own = value;
    }
}

fn set(call: &mut Call<'_>, status: &str, event: &str) -> Outcome {
    let (shelf, app, mut secret) = named(call)?;
    let active = call
        .org
        .shelf(&shelf)
        .values()
        .filter(|s| s["status"] == "ACTIVE")
        .count();
    if status == "INACTIVE" && secret["status"] == "ACTIVE" && active == 1 {
        let cause = "The last active client secret cannot be deactivated.";
        return Err(Fault::validation("client_secret", &[cause]));
    }
    secret["status"] = json!(status);
    secret["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).put(named_id, secret.clone());
    tell_app(call, &shelf);
    call.log(event, vec![app_target(&app)]);
    Ok(Answer::ok(&view(call, &secret)))
}

fn activate(call: &mut Call<'_>) -> Outcome {
    set(call, "ACTIVE", "app.oauth2.credentials.lifecycle.activate")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    set(
        call,
        "INACTIVE",
        "app.oauth2.credentials.lifecycle.deactivate",
    )
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (shelf, app, secret) = named(call)?;
    if secret["status"] == "ACTIVE" {
        let cause = "An active client secret cannot be deleted.";
        return Err(Fault::validation("client_secret", &[cause]));
    }
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).remove(named_id);
    call.log(
        "app.oauth2.credentials.lifecycle.delete",
        vec![app_target(&app)],
    );
    Ok(Answer::no_content())
}
