//! Apps seen as OAuth clients.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{at, text};
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listClients" => list,
        "getClient" => get,
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
