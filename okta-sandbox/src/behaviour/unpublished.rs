//! Calls that no specification lists, but that widely used clients make.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::table::Operation;

macro_rules! id_token {
    ($method:literal, $scope:literal) => {
        Operation {
            id: concat!("unpublished", $method, "AppIdToken"),
            method: $method,
            path: "/api/v1/internal/apps/{appId}/settings/oauth/idToken",
            api: "management",
            scopes: &[$scope],
            public: false,
            paged: false,
            success: 200,
        }
    };
}

static ID_TOKEN: [Operation; 2] = [
    id_token!("GET", "okta.apps.read"),
    id_token!("POST", "okta.apps.manage"),
];

/// The operation, its parameters and its behaviour, if a request is one of these.
pub(crate) fn route(request: &Request) -> Option<(&'static Operation, Vec<String>, Handler)> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let [
        "api",
        "v1",
        "internal",
        "apps",
        app,
        "settings",
        "oauth",
        "idToken",
    ] = segments[..]
    else {
        return None;
    };
    let operation = ID_TOKEN.iter().find(|o| o.method == request.method)?;
    let handler: Handler = match operation.method {
        "GET" => issuer,
        _ => set_issuer,
    };
    Some((operation, vec![app.to_owned()], handler))
}

const MODES: &str = "/api/v1/internal/apps/idToken";

fn app(call: &Call<'_>) -> Result<(), Fault> {
    let id = call.parameter(0);
    match call.org.apps.contains(id) {
        true => Ok(()),
        false => Err(Fault::not_found(id, "AppInstance")),
    }
}

/// Who issues the id tokens of an app.
fn issuer(call: &mut Call<'_>) -> Outcome {
    app(call)?;
    let id = call.parameter(0);
    let mode = call.org.shelf(MODES).get(id).cloned();
    Ok(Answer::ok(&json!({
        "issuer": call.base(), "orgUrl": null, "customUrl": null, "audience": id,
        "issuerMode": mode.unwrap_or_else(|| json!("ORG_URL")),
    })))
}

fn set_issuer(call: &mut Call<'_>) -> Outcome {
    app(call)?;
    let mode: Value = call.request.object()?["issuerMode"].clone();
    let id = call.parameter(0);
    call.org.shelf(MODES).put(id, mode.clone());
    Ok(Answer::ok(&json!({
        "issuer": null, "orgUrl": null, "customUrl": null, "audience": null, "issuerMode": mode,
    })))
}
