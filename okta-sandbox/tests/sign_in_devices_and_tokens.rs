//! Devices, introspection, revocation, sign-out and keys, after a person signed in.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use browser::handed_over;
use common::*;
use reqwest::StatusCode;
use scene::*;
use serde_json::{Value, json};

async fn device(scene: &Scene) -> Value {
    let (status, device) = scene
        .post(
            "/oauth2/v1/device/authorize",
            &[("scope", "openid offline_access")],
        )
        .await;
    assert_eq!(status, 200, "{device}");
    device
}

async fn poll(scene: &Scene, device: &Value) -> (StatusCode, Value) {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let code = member(device, "device_code");
    scene
        .token(&[("grant_type", grant), ("device_code", code)])
        .await
}

#[tokio::test]
async fn a_device_waits_for_its_user() {
    let scene = scene(json!({})).await;
    let waiting = device(&scene).await;
    assert_eq!(
        (&waiting["expires_in"], &waiting["interval"]),
        (&json!(600), &json!(5))
    );
    assert_eq!(
        error(&poll(&scene, &waiting).await),
        (400, "authorization_pending")
    );
    assert_eq!(error(&poll(&scene, &waiting).await), (400, "slow_down"));
    scene.sandbox.advance_clock(6);
    assert_eq!(
        error(&poll(&scene, &waiting).await),
        (400, "slow_down"),
        "10 s since slow_down"
    );
    scene.sandbox.advance_clock(20);
    assert_eq!(
        error(&poll(&scene, &waiting).await),
        (400, "authorization_pending")
    );

    let mut browser = scene.browser();
    let page = browser.get("/activate").await;
    let page = browser.submit(&page, &[("user_code", "WRNG")]).await;
    assert!(page.html.contains("Invalid code"));
    let code = member(&waiting, "user_code").to_lowercase();
    let typed = format!("{} {}", &code[..4], &code[4..]);
    let page = browser.submit(&page, &[("user_code", &typed)]).await;
    let ask = scene.sign_in(&mut browser, &page).await;
    assert!(ask.html.contains("Notes on the device"), "{}", ask.html);
    let done = browser.submit(&ask, &[("decision", "allow")]).await;
    assert!(done.html.contains("Device activated"));
    let (status, tokens) = poll(&scene, &waiting).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
    assert_eq!(
        error(&poll(&scene, &waiting).await),
        (400, "invalid_grant"),
        "once"
    );

    // The second time the link carries the code and the session is there.
    let refused = device(&scene).await;
    let ask = browser
        .get(member(&refused, "verification_uri_complete"))
        .await;
    browser.submit(&ask, &[("decision", "deny")]).await;
    assert_eq!(error(&poll(&scene, &refused).await), (400, "access_denied"));
    let late = device(&scene).await;
    scene.sandbox.advance_clock(601);
    assert_eq!(error(&poll(&scene, &late).await), (400, "expired_token"));
}

#[tokio::test]
async fn introspection_and_revocation() {
    let scene = scene(json!({})).await;
    let tokens = scene.tokens().await;
    let facts = |token: String| {
        let scene = &scene;
        async move {
            scene
                .post("/oauth2/v1/introspect", &[("token", &token)])
                .await
                .1
        }
    };
    let access = member(&tokens, "access_token").to_owned();
    let refresh = member(&tokens, "refresh_token").to_owned();
    let id_token = member(&tokens, "id_token").to_owned();
    let about = facts(access.clone()).await;
    for (name, value) in [
        ("active", json!(true)),
        ("username", json!(LOGIN)),
        ("uid", scene.user["id"].clone()),
        ("client_id", json!(scene.client_id)),
        ("token_type", json!("Bearer")),
        ("scope", json!("openid profile email offline_access")),
    ] {
        assert_eq!(about[name], value, "{name}");
    }
    assert_eq!(facts(refresh.clone()).await["active"], true);
    assert_eq!(facts(id_token).await["sub"], scene.user["id"]);
    assert_eq!(
        facts("nonsense".to_owned()).await,
        json!({ "active": false })
    );

    let (status, _) = scene.post("/oauth2/v1/revoke", &[("token", &access)]).await;
    assert_eq!(status, 200);
    assert_eq!(facts(access.clone()).await, json!({ "active": false }));
    let (status, renewed) = scene.refresh(&refresh).await;
    assert_eq!(
        status, 200,
        "revoking an access token leaves the refresh token"
    );
    let (status, _) = scene
        .post("/oauth2/v1/revoke", &[("token", &refresh)])
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        facts(member(&renewed, "access_token").to_owned()).await["active"],
        false
    );
    assert_eq!(
        error(&scene.refresh(&refresh).await),
        (400, "invalid_grant")
    );
    let (status, _) = scene
        .post("/oauth2/v1/revoke", &[("token", "nonsense")])
        .await;
    assert_eq!(status, 200);
    let answer = scene.post("/oauth2/v1/revoke", &[]).await;
    assert_eq!(error(&answer), (400, "invalid_request"));
}

#[tokio::test]
async fn logout_ends_the_session_and_goes_where_the_app_says() {
    let scene = scene(json!({})).await;
    let mut browser = scene.browser();
    let page = browser.get(&scene.authorize_url(&[])).await;
    let done = scene.sign_in(&mut browser, &page).await;
    let (_, tokens) = scene.redeem(&handed_over(&done)["code"]).await;
    let target = |hint: &str, uri: &str| {
        format!("/oauth2/v1/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}&state=x%20y")
    };
    let hint = member(&tokens, "id_token");
    let page = browser
        .get(&target(hint, "http%3A%2F%2F127.0.0.1%3A9%2Felsewhere"))
        .await;
    assert_eq!(page.status, 400);
    let page = browser
        .get(&target("nonsense", "http%3A%2F%2F127.0.0.1%3A9%2Fbye"))
        .await;
    assert_eq!(page.status, 400);
    let page = browser
        .get(&target(hint, "http%3A%2F%2F127.0.0.1%3A9%2Fbye"))
        .await;
    assert_eq!(
        page.location.as_deref(),
        Some("http://127.0.0.1:9/bye?state=x+y")
    );
    let none = browser
        .get(&scene.authorize_url(&[("prompt", "none")]))
        .await;
    assert_eq!(handed_over(&none)["error"], "login_required");
}

#[tokio::test]
async fn keys_rotate_and_old_id_tokens_verify_until_the_next_rotation() {
    let scene = scene(json!({})).await;
    let tokens = scene.tokens().await;
    let token = member(&tokens, "id_token");
    let rotate = |what: &'static str| {
        send(
            client()
                .post(format!("{}/_sandbox/rotate", scene.sandbox.url()))
                .json(&json!({ "what": [what] })),
        )
    };
    assert_eq!(rotate("keys").await.status(), 204);
    assert!(verified(&scene.sandbox, "/oauth2/v1/keys", token).await);
    let fresh = scene.tokens().await;
    assert!(
        verified(
            &scene.sandbox,
            "/oauth2/v1/keys",
            member(&fresh, "id_token")
        )
        .await
    );
    assert_eq!(rotate("keys-at-once").await.status(), 204);
    assert!(
        !verified(
            &scene.sandbox,
            "/oauth2/v1/keys",
            member(&fresh, "id_token")
        )
        .await
    );
    assert_eq!(rotate("tokens").await.status(), 204);
    assert_eq!(scene.userinfo(member(&fresh, "access_token")).await.0, 401);
    assert_eq!(rotate("nonsense").await.status(), 400);
}
