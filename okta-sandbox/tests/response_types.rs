//! Implicit and hybrid response types of the authorization endpoint.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use aws_lc_rs::digest;
use browser::{attribute, handed_over};
use common::*;
use scene::*;
use serde_json::{Value, json};

async fn implicit() -> Scene {
    scene(json!({
        "application_type": "browser", "response_types": ["code", "id_token", "token"],
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
    }))
    .await
}

fn half_hash(text: &str) -> Value {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    json!(encode(&hash.as_ref()[..16]))
}

#[tokio::test]
async fn tokens_come_in_the_fragment_with_what_vouches_for_them() {
    let scene = implicit().await;
    let mut browser = scene.browser();
    let page = browser.get("/login/login.htm").await;
    scene.sign_in(&mut browser, &page).await;
    for kinds in [
        "id_token",
        "token",
        "id_token token",
        "code id_token",
        "token code",
        "code id_token token",
    ] {
        let page = browser
            .get(&scene.authorize_url(&[("response_type", kinds)]))
            .await;
        let location = page.location.clone().expect("a redirect");
        assert!(
            location.starts_with(&format!("{REDIRECT}#")),
            "{kinds}: {location}"
        );
        let handed = handed_over(&page);
        let has = |kind: &str| kinds.split(' ').any(|k| k == kind);
        assert_eq!(handed["state"], "s t/ate");
        for (kind, field) in [
            ("code", "code"),
            ("id_token", "id_token"),
            ("token", "access_token"),
            ("token", "token_type"),
        ] {
            assert_eq!(handed.contains_key(field), has(kind), "{kinds}: {field}");
        }
        assert!(!handed.contains_key("refresh_token"));
        if has("token") {
            let (status, info) = scene.userinfo(&handed["access_token"]).await;
            assert_eq!((status.as_u16(), &info["email"]), (200, &json!(LOGIN)));
            assert_eq!(handed["expires_in"], "3600");
            assert_eq!(
                handed["scope"].contains("offline_access"),
                has("code"),
                "{kinds}"
            );
        }
        if has("id_token") {
            let token = &handed["id_token"];
            assert!(verified(&scene.sandbox, "/oauth2/v1/keys", token).await);
            let claims = claims_of(token);
            assert_eq!(claims["nonce"], "n-1");
            let vouched = |field: &str| handed.get(field).map_or(Value::Null, |v| half_hash(v));
            assert_eq!(claims["at_hash"], vouched("access_token"), "{kinds}");
            assert_eq!(claims["c_hash"], vouched("code"), "{kinds}");
            // Alone, it has to tell everything.
            let alone = !has("token") && !has("code");
            assert_eq!(claims["given_name"] == json!("Test"), alone, "{kinds}");
        }
        if has("code") {
            let (status, tokens) = scene.redeem(&handed["code"]).await;
            assert_eq!(status, 200, "{tokens}");
            assert!(tokens["refresh_token"].is_string());
        }
    }
    let admin = Admin::new(&scene.sandbox);
    for event in [
        "app.oauth2.authorize.implicit.id_token",
        "app.oauth2.authorize.implicit.access_token",
    ] {
        assert!(!admin.events(event).await.is_empty(), "{event}");
    }
}

#[tokio::test]
async fn a_form_carries_tokens_too() {
    let scene = implicit().await;
    let mut browser = scene.browser();
    let url = scene.authorize_url(&[
        ("response_type", "code id_token"),
        ("response_mode", "form_post"),
    ]);
    let page = browser.get(&url).await;
    let page = scene.sign_in(&mut browser, &page).await;
    assert_eq!(
        attribute(&page.html, "<form", "action").as_deref(),
        Some(REDIRECT)
    );
    for name in ["code", "id_token", "state"] {
        assert!(page.html.contains(&format!("name=\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn what_the_client_may_not_ask_for_is_refused_in_the_fragment() {
    let scene = implicit().await;
    for (changes, error) in [
        (
            &[("response_type", "id_token"), ("nonce", "-")][..],
            "invalid_request",
        ),
        (
            &[("response_type", "id_token"), ("response_mode", "query")],
            "invalid_request",
        ),
        (
            &[("response_type", "id_token"), ("scope", "offline_access")],
            "invalid_scope",
        ),
    ] {
        let page = scene.browser().get(&scene.authorize_url(changes)).await;
        let location = page.location.clone().expect("a redirect");
        assert!(location.contains('#'), "{location}");
        assert_eq!(handed_over(&page)["error"], error, "{changes:?}");
    }
    let url = scene.authorize_url(&[("response_type", "code none")]);
    let refused = handed_over(&scene.browser().get(&url).await);
    assert_eq!(refused["error"], "unsupported_response_type");

    // Neither the grant nor the response type alone suffices.
    for (responses, grants, error) in [
        (
            json!(["code", "id_token"]),
            json!(["authorization_code"]),
            "unauthorized_client",
        ),
        (
            json!(["code"]),
            json!(["authorization_code", "implicit"]),
            "unsupported_response_type",
        ),
    ] {
        let settings = json!({ "response_types": responses, "grant_types": grants });
        let scene = self::scene(settings).await;
        let url = scene.authorize_url(&[("response_type", "id_token")]);
        let refused = handed_over(&scene.browser().get(&url).await);
        assert_eq!(refused["error"], error);
    }
}
