//! Apps seen as OAuth clients.

use serde_json::{Value, json};

use crate::behaviour::apps;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};
use crate::log::app_target;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listClients" => list,
        "getClient" => get,
        "createClient" => register,
        "replaceClient" => replace,
        "deleteClient" => remove_client,
        "generateNewClientSecret" => new_secret,
        _ => return None,
    })
}

fn view(app: &Value) -> Value {
    let setting = |name: &str| at(app, &format!("/settings/oauthClient/{name}"));
    let issued = crate::clock::parse(text(app, "/created")).map(jiff::Timestamp::as_second);
    json!({
        "client_id": app["id"], "client_name": app["label"], "client_id_issued_at": issued,
        "client_uri": setting("client_uri"), "logo_uri": setting("logo_uri"),
        "application_type": setting("application_type"), "grant_types": setting("grant_types"),
        "response_types": setting("response_types"), "redirect_uris": setting("redirect_uris"),
        "post_logout_redirect_uris": [],
        "token_endpoint_auth_method": at(app, "/credentials/oauthClient/token_endpoint_auth_method"),
        "dpop_bound_access_tokens": setting("dpop_bound_access_tokens"),
    })
}

fn is_client(app: &Value) -> bool {
    app.pointer("/settings/oauthClient").is_some()
}

fn list(call: &mut Call<'_>) -> Outcome {
    let q = call.request.query("q").unwrap_or_default().to_lowercase();
    let hits =
        call.org.apps.placed().filter(|(_, app)| {
            is_client(app) && text(app, "/label").to_lowercase().starts_with(&q)
        });
    call.list(Size::new(50, 200), hits, view)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).filter(|app| is_client(app));
    app.map(|app| Answer::ok(&view(app)))
        .ok_or_else(|| Fault::not_found(id, "PublicClientApp"))
}

/// The client that the path names.
fn named(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    let app = call.org.apps.get(id).filter(|app| is_client(app)).cloned();
    app.ok_or_else(|| Fault::not_found(id, "PublicClientApp"))
}

/// The registration as an app's body.
fn as_app(body: &Value) -> Result<Value, Fault> {
    let name = text(body, "/client_name");
    if name.is_empty() {
        let description = "The 'client_name' must not be blank.";
        return Err(Fault::oauth(400, "invalid_client_metadata", description));
    }
    let mut settings = json!({ "application_type": "web" });
    for name in [
        "application_type",
        "client_uri",
        "logo_uri",
        "grant_types",
        "response_types",
        "redirect_uris",
        "post_logout_redirect_uris",
        "dpop_bound_access_tokens",
        "jwks",
        "jwks_uri",
        "initiate_login_uri",
    ] {
        if let Some(value) = body.get(name).filter(|v| !v.is_null()) {
            settings[name] = value.clone();
        }
    }
    let method = match text(body, "/token_endpoint_auth_method") {
        "" => "client_secret_basic",
        method => method,
    };
    Ok(json!({
        "name": "oidc_client", "label": name, "signOnMode": "OPENID_CONNECT",
        "settings": { "oauthClient": settings },
        "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
    }))
}

/// The client with its secret, as registration answers it.
fn with_secret(app: &Value) -> Value {
    let mut shown = view(app);
    let secret = at(app, "/credentials/oauthClient/client_secret");
    if !secret.is_null() {
        shown["client_secret"] = secret;
        shown["client_secret_expires_at"] = json!(0);
    }
    shown
}

fn register(call: &mut Call<'_>) -> Outcome {
    let body = as_app(&call.request.object()?)?;
    let app = apps::build(call.org, &body)?;
    apps::add(call.org, app.clone());
    call.log("application.lifecycle.create", vec![app_target(&app)]);
    Ok(Answer::json(201, &with_secret(&app)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let old = named(call)?;
    let body = as_app(&call.request.object()?)?;
    let mut app = old.clone();
    app["label"] = body["label"].clone();
    app["settings"]["oauthClient"] = body["settings"]["oauthClient"].clone();
    let method = at(&body, "/credentials/oauthClient/token_endpoint_auth_method");
    app["credentials"]["oauthClient"]["token_endpoint_auth_method"] = method;
    app["lastUpdated"] = json!(crate::clock::zero_millis(call.org.clock.now()));
    call.org.apps.put(call.parameter(0), app.clone());
    call.log("application.lifecycle.update", vec![app_target(&app)]);
    Ok(Answer::ok(&view(&app)))
}

fn remove_client(call: &mut Call<'_>) -> Outcome {
    let app = named(call)?;
    call.org.remove_app(call.parameter(0));
    call.log("application.lifecycle.delete", vec![app_target(&app)]);
    Ok(Answer::no_content())
}

fn new_secret(call: &mut Call<'_>) -> Outcome {
    let mut app = named(call)?;
    app["credentials"]["oauthClient"]["client_secret"] = json!(call.org.dice.secret(40));
    call.org.apps.put(call.parameter(0), app.clone());
    let event = "app.oauth2.client.lifecycle.update";
    call.log(event, vec![app_target(&app)]);
    Ok(Answer::ok(&with_secret(&app)))
}
