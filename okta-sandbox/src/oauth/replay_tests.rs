//! Codes, tokens and sign-ins that come too late, or twice.

use serde_json::{Value, json};

use super::scene::{REDIRECT, Scene, header};
use super::token::DEVICE;
use crate::json::text;

const TOKEN: &str = "/oauth2/v1/token";

fn error(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, text(&answer.1, "/error"))
}

/// A browser's way to a code.
fn code(scene: &Scene, client: &str, scope: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs([
        ("client_id", client),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", scope),
        ("state", "s"),
    ]);
    let target = format!("/oauth2/v1/authorize?{}", query.finish());
    let answer = scene.browse(&scene.sign_in(), &target);
    let url = url::Url::parse(header(&answer, "location")).expect("a redirect");
    let found = url.query_pairs().find(|(name, _)| name == "code");
    found.expect("a code").1.into_owned()
}

fn redeem(scene: &Scene, client: (&str, &str), code: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.0),
        ("client_secret", client.1),
        ("code", code),
        ("redirect_uri", REDIRECT),
    ];
    scene.post(TOKEN, &fields)
}

#[test]
fn a_code_of_a_suspended_user_opens_nothing() {
    let scene = Scene::new();
    let grants = json!(["authorization_code"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let code = code(&scene, &id, "openid");
    scene.step("suspend");
    let answer = redeem(&scene, (&id, &secret), &code);
    assert_eq!(error(&answer), (400, "invalid_grant"));
}

#[test]
fn a_code_used_twice_ends_its_device_secret_too() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "refresh_token"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let code = code(&scene, &id, "openid offline_access device_sso");
    let (status, tokens) = redeem(&scene, (&id, &secret), &code);
    assert_eq!(status, 200, "{tokens}");
    let active = |token: &str| {
        let token = text(&tokens, token);
        let fields = [
            ("client_id", id.as_str()),
            ("client_secret", &secret),
            ("token", token),
        ];
        scene.post("/oauth2/v1/introspect", &fields).1["active"] == true
    };
    let all = ["/access_token", "/refresh_token", "/device_secret"];
    assert!(all.iter().all(|token| active(token)), "{tokens}");
    let again = redeem(&scene, (&id, &secret), &code);
    assert_eq!(error(&again), (400, "invalid_grant"));
    assert!(!all.iter().any(|token| active(token)));
}

#[test]
fn introspection_tells_no_token_of_who_may_not_act_alive() {
    let scene = Scene::new();
    let grants = json!(["authorization_code", "password"]);
    let (id, secret) = scene.client("client_secret_post", &grants, &json!({}));
    let (other, other_secret) = scene.client("client_secret_post", &grants, &json!({}));
    let tokens = scene.by_password(TOKEN, (&id, &secret), "openid");
    let active = || {
        let fields = [
            ("client_id", other.as_str()),
            ("client_secret", &other_secret),
            ("token", text(&tokens, "/access_token")),
        ];
        scene.post("/oauth2/v1/introspect", &fields).1["active"].clone()
    };
    assert_eq!(active(), true);
    scene.step("suspend");
    assert_eq!(active(), false);
    scene.step("unsuspend");
    assert_eq!(active(), true);
    let off = format!("/api/v1/apps/{id}/lifecycle/deactivate");
    scene.bench.call("POST", &off, None);
    assert_eq!(active(), false);
}

#[test]
fn a_device_that_a_user_allowed_stays_out_once_the_user_is_gone() {
    let scene = Scene::new();
    let (id, _) = scene.client("none", &json!(["authorization_code", DEVICE]), &json!({}));
    let fields = [("client_id", id.as_str()), ("scope", "openid")];
    let (_, device) = scene.post("/oauth2/v1/device/authorize", &fields);
    let cookie = scene.sign_in();
    let form = format!("user_code={}&decision=allow", text(&device, "/user_code"));
    let lines = [("cookie", cookie.as_str())];
    let media = "application/x-www-form-urlencoded";
    let page = scene
        .bench
        .with(&lines, "POST", "/activate", media, form.into_bytes());
    assert!(String::from_utf8_lossy(&page.body).contains("Device activated"));
    scene.step("deactivate");
    scene.step("activate?sendEmail=false");
    let code = text(&device, "/device_code");
    let fields = [
        ("grant_type", DEVICE),
        ("client_id", &id),
        ("device_code", code),
    ];
    let answer = scene.post(TOKEN, &fields);
    assert_eq!(error(&answer), (400, "invalid_grant"));
}
