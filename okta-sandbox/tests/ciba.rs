//! Client-initiated back-channel authentication.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use common::*;
use reqwest::StatusCode;
use scene::*;
use serde_json::{Value, json};

const CIBA: &str = "urn:openid:params:grant-type:ciba";

async fn start(scene: &Scene, server: &str, changes: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut fields = vec![
        ("scope", "openid"),
        ("login_hint", LOGIN),
        ("binding_message", "Till 7"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| *value != "-");
    scene
        .post(&format!("{server}/v1/bc/authorize"), &fields)
        .await
}

async fn poll(scene: &Scene, server: &str, id: &str) -> (StatusCode, Value) {
    let fields = [("grant_type", CIBA), ("auth_req_id", id)];
    scene.post(&format!("{server}/v1/token"), &fields).await
}

async fn control(scene: &Scene, name: &str, body: Value) -> Value {
    let url = format!("{}/_sandbox/{name}", scene.sandbox.url());
    let (status, body) = answer(client().post(url).json(&body)).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn the_user_approves_at_the_page_while_the_client_polls() {
    let scene = scene(json!({ "grant_types": ["authorization_code", CIBA] })).await;
    let (status, started) = start(&scene, "/oauth2", &[]).await;
    assert_eq!(
        (
            status.as_u16(),
            &started["expires_in"],
            &started["interval"]
        ),
        (200, &json!(300), &json!(5))
    );
    let id = member(&started, "auth_req_id");
    assert_eq!(
        error(&poll(&scene, "/oauth2", id).await),
        (400, "authorization_pending")
    );
    assert_eq!(
        error(&poll(&scene, "/oauth2", id).await),
        (400, "slow_down")
    );
    assert_eq!(
        error(&poll(&scene, "/oauth2/default", id).await),
        (400, "invalid_grant")
    );

    let mut browser = scene.browser();
    let page = browser.get("/app/approvals").await;
    let page = scene.sign_in(&mut browser, &page).await;
    assert!(
        page.html.contains("Notes") && page.html.contains("Till 7"),
        "{}",
        page.html
    );
    let done = browser.submit(&page, &[("decision", "allow")]).await;
    assert!(done.html.contains("Nothing waits"), "{}", done.html);
    let (status, tokens) = poll(&scene, "/oauth2", id).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(
        claims_of(member(&tokens, "id_token"))["sub"],
        scene.user["id"]
    );
    assert_eq!(
        error(&poll(&scene, "/oauth2", id).await),
        (400, "invalid_grant"),
        "once"
    );

    // The ID token is a hint for the next time, which the user declines.
    let hint = member(&tokens, "id_token");
    let (status, started) = start(
        &scene,
        "/oauth2",
        &[("login_hint", "-"), ("id_token_hint", hint)],
    )
    .await;
    assert_eq!(status, 200, "{started}");
    let id = member(&started, "auth_req_id");
    let decided = control(
        &scene,
        "approve",
        json!({ "login": LOGIN, "decision": "deny" }),
    )
    .await;
    assert_eq!(decided["decided"], 1);
    assert_eq!(
        error(&poll(&scene, "/oauth2", id).await),
        (400, "access_denied")
    );
}

#[tokio::test]
async fn a_request_expires_when_the_client_said() {
    let scene = scene(json!({ "grant_types": [CIBA] })).await;
    let (_, started) = start(&scene, "/oauth2", &[("request_expiry", "30")]).await;
    assert_eq!(started["expires_in"], 30);
    control(&scene, "clock", json!({ "advanceSeconds": 31 })).await;
    let id = member(&started, "auth_req_id");
    assert_eq!(
        error(&poll(&scene, "/oauth2", id).await),
        (400, "expired_token")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request() {
    let scene = scene(json!({ "grant_types": [CIBA, "password"] })).await;
    for (changes, expected) in [
        (&[("scope", "-")][..], "invalid_scope"),
        (&[("scope", "offline_access")], "invalid_scope"),
        (&[("login_hint", "-")], "invalid_request"),
        (&[("id_token_hint", "x")], "invalid_request"),
        (
            &[("login_hint", "-"), ("id_token_hint", "x")],
            "invalid_request",
        ),
        (&[("login_hint", "nobody@example.com")], "unknown_user_id"),
        (
            &[("login_hint", "admin@sandbox.example.com")],
            "access_denied",
        ),
        (&[("request_expiry", "301")], "invalid_request"),
        (&[("request", "x")], "invalid_request_object"),
    ] {
        assert_eq!(
            error(&start(&scene, "/oauth2", changes).await),
            (400, expected),
            "{changes:?}"
        );
    }
    let other = self::scene(json!({})).await;
    assert_eq!(
        error(&start(&other, "/oauth2", &[]).await),
        (400, "unauthorized_client")
    );
}

#[tokio::test]
async fn a_signed_request_carries_the_parameters() {
    let key = fresh_key();
    let mut jwk = public_jwk(&key);
    jwk["kid"] = json!("k");
    let scene = scene(json!({
        "grant_types": [CIBA], "jwks": { "keys": [jwk] },
        "backchannel_authentication_request_signing_alg": "ES256",
    }))
    .await;
    let claims = json!({
        "iss": scene.client_id, "aud": scene.sandbox.url(), "exp": now() + 60, "jti": unique(),
        "scope": "openid", "login_hint": LOGIN, "request_expiry": 60,
    });
    let header = json!({ "alg": "ES256", "kid": "k" });
    let request = jwt(&key, &header, &claims);
    let send = async |request: &str| {
        scene
            .post("/oauth2/v1/bc/authorize", &[("request", request)])
            .await
    };
    let (status, started) = send(&request).await;
    assert_eq!(
        (status.as_u16(), &started["expires_in"]),
        (200, &json!(60)),
        "{started}"
    );
    assert_eq!(
        error(&send(&request).await),
        (400, "invalid_request_object"),
        "used"
    );
    for (name, value) in [
        ("aud", json!("x")),
        ("exp", json!(now() - 1)),
        ("iss", json!("x")),
    ] {
        let mut spoilt = claims.clone();
        spoilt[name] = value;
        spoilt["jti"] = json!(unique());
        let request = jwt(&key, &header, &spoilt);
        assert_eq!(
            error(&send(&request).await),
            (400, "invalid_request_object"),
            "{name}"
        );
    }
    let forged = jwt(&fresh_key(), &header, &claims);
    assert_eq!(error(&send(&forged).await), (400, "invalid_request_object"));
}
