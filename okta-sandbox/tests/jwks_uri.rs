//! Clients that publish their keys at a `jwks_uri`.

mod common;
#[path = "common/published.rs"]
mod published;

use common::*;
use okta_sandbox::Sandbox;
use published::{Published, named};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn ask_with(
    sandbox: &Sandbox,
    client_id: &str,
    key: &aws_lc_rs::signature::EcdsaKeyPair,
    kid: &str,
) -> (StatusCode, Value) {
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": format!("{}/oauth2/v1/token", sandbox.url()),
        "exp": now() + 300, "jti": unique(),
    });
    let assertion = jwt(key, &json!({ "alg": "ES256", "kid": kid }), &claims);
    answer(token_form(sandbox, "okta.users.read", &assertion)).await
}

#[tokio::test]
async fn published_keys_are_read_kept_and_read_again_for_a_new_one() {
    let published = Published::start().await;
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let body = json!({
        "name": "oidc_client", "label": "Publisher", "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "private_key_jwt" } },
        "settings": { "oauthClient": {
            "application_type": "service", "grant_types": ["client_credentials"],
            "response_types": ["token"], "dpop_bound_access_tokens": false,
            "jwks_uri": published.url,
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    let app_id = id(&app);
    let grant = json!({ "scopeId": "okta.users.read", "issuer": sandbox.url() });
    let (status, grant) = admin
        .post(&format!("/api/v1/apps/{app_id}/grants"), grant)
        .await;
    assert_eq!(status, 200, "{grant}");

    let (first, second) = (fresh_key(), fresh_key());
    let (status, body) = ask_with(&sandbox, &app_id, &first, "one").await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (401, &json!("invalid_client"))
    );
    assert!(
        body["error_description"]
            .as_str()
            .expect("a text")
            .contains("jwks_uri"),
        "{body}"
    );

    published.publish_keys(&[named(&first, "one")]);
    let before = published.reads();
    for _ in 0..3 {
        let (status, body) = ask_with(&sandbox, &app_id, &first, "one").await;
        assert_eq!(status, 200, "{body}");
    }
    assert_eq!(published.reads(), before + 1, "read once");

    // A new key is found although the old set is still good.
    let (status, _) = ask_with(&sandbox, &app_id, &second, "two").await;
    assert_eq!(status, 401);
    published.publish_keys(&[named(&second, "two")]);
    let (status, body) = ask_with(&sandbox, &app_id, &second, "two").await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = ask_with(&sandbox, &app_id, &first, "two").await;
    assert_eq!(status, 401, "{body}");
    let (status, body) = ask_with(&sandbox, &app_id, &first, "one").await;
    assert_eq!(status, 401, "a key that is gone: {body}");
}
