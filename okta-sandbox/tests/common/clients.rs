//! OAuth clients of a test, and how they ask for tokens.
#![allow(unreachable_pub, reason = "as in its parent")]

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::common::{Admin, answer, client};

/// An app of type service, or web with a redirect URI.
pub async fn app(admin: &Admin<'_>, kind: &str, method: &str, keys: Value) -> Value {
    let (grants, responses) = match kind {
        "service" => (json!(["client_credentials"]), json!(["token"])),
        _ => (json!(["authorization_code"]), json!(["code"])),
    };
    let body = json!({
        "name": "oidc_client", "label": format!("{kind} {method}"), "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
        "settings": { "oauthClient": {
            "application_type": kind, "grant_types": grants, "response_types": responses,
            "redirect_uris": ["http://127.0.0.1:9/cb"], "dpop_bound_access_tokens": false,
            "jwks": { "keys": keys },
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    app
}

/// The secret of an app that the API just made.
pub fn secret(app: &Value) -> &str {
    app["credentials"]["oauthClient"]["client_secret"]
        .as_str()
        .expect("a secret")
}

/// Asks a token endpoint by client credentials.
pub async fn ask(
    url: &str,
    basic: Option<(&str, &str)>,
    fields: &[(&str, &str)],
) -> (StatusCode, Value) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.append_pair("grant_type", "client_credentials");
    body.extend_pairs(fields);
    let mut request = client()
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    if let Some((name, secret)) = basic {
        request = request.basic_auth(name, Some(secret));
    }
    answer(request).await
}
