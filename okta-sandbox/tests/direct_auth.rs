//! Direct authentication: passcodes, pushes and codes, as the first factor and the second.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use common::*;
use reqwest::StatusCode;
use scene::*;
use serde_json::{Value, json};

const OTP: &str = "urn:okta:params:oauth:grant-type:otp";
const OOB: &str = "urn:okta:params:oauth:grant-type:oob";
const MFA_OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";

/// A client with these grants whose user has the factors.
async fn with_factors(grants: Value, factors: &[(&str, Value)]) -> Scene {
    let scene = scene(json!({ "grant_types": grants })).await;
    let admin = Admin::new(&scene.sandbox);
    let own = format!("/api/v1/users/{}/factors", id(&scene.user));
    for (kind, profile) in factors {
        // Phones are off in a new org.
        if matches!(*kind, "sms" | "call") {
            let on = format!("/api/v1/org/factors/okta_{kind}/lifecycle/activate");
            assert_eq!(admin.bare("POST", &on).await.0, 200);
        }
        let body = json!({ "factorType": kind, "provider": "OKTA", "profile": profile });
        let (status, factor) = admin.post(&own, body).await;
        assert_eq!(status, 200, "{factor}");
        let activate = format!("{own}/{}/lifecycle/activate", id(&factor));
        let (status, body) = admin.post(&activate, json!({ "passCode": "123456" })).await;
        assert_eq!(status, 200, "{body}");
    }
    scene
}

/// Makes one factor enough for the scene's app.
async fn one_factor(scene: &Scene) {
    let admin = Admin::new(&scene.sandbox);
    let policy = json!({ "type": "ACCESS_POLICY", "name": "One", "description": "d" });
    let (status, policy) = admin.post("/api/v1/policies", policy).await;
    assert_eq!(status, 200, "{policy}");
    let rule = json!({
        "type": "ACCESS_POLICY", "name": "One", "priority": 1,
        "actions": { "appSignOn": { "access": "ALLOW", "verificationMethod": {
            "type": "ASSURANCE", "factorMode": "1FA", "reauthenticateIn": "PT2H",
        } } },
    });
    let rules = format!("/api/v1/policies/{}/rules", id(&policy));
    let (status, rule) = admin.post(&rules, rule).await;
    assert_eq!(status, 200, "{rule}");
    let target = format!("/api/v1/apps/{}/policies/{}", scene.client_id, id(&policy));
    assert_eq!(admin.bare("PUT", &target).await.0, 204);
}

async fn challenge(scene: &Scene, channel: &str) -> (StatusCode, Value) {
    let fields = [
        ("login_hint", LOGIN),
        ("channel_hint", channel),
        ("challenge_hint", OOB),
    ];
    scene.post("/oauth2/v1/primary-authenticate", &fields).await
}

async fn approve(scene: &Scene, code: &str) {
    let url = format!("{}/_sandbox/approve", scene.sandbox.url());
    let (_, body) = answer(client().post(url).json(&json!({ "code": code }))).await;
    assert_eq!(body["decided"], 1);
}

#[tokio::test]
async fn a_passcode_or_a_push_alone_signs_in_where_one_factor_is_enough() {
    let factors = [
        ("token:software:totp", json!(null)),
        ("push", json!(null)),
        ("sms", json!({ "phoneNumber": "+15551234567" })),
    ];
    let scene = with_factors(json!([OTP, OOB, "refresh_token", MFA_OTP]), &factors).await;
    one_factor(&scene).await;
    let otp = async |code: &str| {
        let scope = ("scope", "openid offline_access");
        scene
            .token(&[
                ("grant_type", OTP),
                ("login_hint", LOGIN),
                ("otp", code),
                scope,
            ])
            .await
    };
    assert_eq!(error(&otp("000000").await), (400, "invalid_grant"));
    let (status, tokens) = otp("123456").await;
    assert_eq!(status, 200, "{tokens}");
    let claims = claims_of(member(&tokens, "id_token"));
    assert_eq!(
        (&claims["amr"], &claims["sub"]),
        (&json!(["otp"]), &scene.user["id"])
    );
    assert!(tokens["refresh_token"].is_string());

    let (status, sent) = challenge(&scene, "push").await;
    assert_eq!(
        (status.as_u16(), &sent["interval"], &sent["binding_method"]),
        (200, &json!(5), &json!("none"))
    );
    let code = member(&sent, "oob_code");
    let fields = [("grant_type", OOB), ("oob_code", code), ("scope", "openid")];
    assert_eq!(
        error(&scene.token(&fields).await),
        (400, "authorization_pending")
    );
    approve(&scene, code).await;
    assert_eq!(scene.token(&fields).await.0, 200);
    assert_eq!(
        error(&scene.token(&fields).await),
        (400, "invalid_grant"),
        "once"
    );

    let (_, sent) = challenge(&scene, "sms").await;
    assert_eq!(
        (&sent["binding_method"], sent.get("interval")),
        (&json!("prompt"), None)
    );
    let code = member(&sent, "oob_code");
    for (given, status) in [("000000", 400), ("123456", 200)] {
        let fields = [
            ("grant_type", OOB),
            ("oob_code", code),
            ("binding_code", given),
            ("scope", "openid"),
        ];
        assert_eq!(scene.token(&fields).await.0, status);
    }
}

#[tokio::test]
async fn a_password_needs_a_second_factor_where_the_policy_wants_two() {
    let factors = [("token:software:totp", json!(null)), ("push", json!(null))];
    let scene = with_factors(json!(["password", MFA_OTP, MFA_OOB]), &factors).await;
    let fields = [
        ("grant_type", "password"),
        ("username", LOGIN),
        ("password", SECRET),
        ("scope", "openid"),
    ];
    let stopped = scene.token(&fields).await;
    assert_eq!(error(&stopped), (403, "mfa_required"));
    let token = member(&stopped.1, "mfa_token");
    let wrong = [
        ("grant_type", MFA_OTP),
        ("mfa_token", token),
        ("otp", "000000"),
    ];
    assert_eq!(error(&scene.token(&wrong).await), (400, "invalid_grant"));
    let (status, tokens) = scene
        .token(&[
            ("grant_type", MFA_OTP),
            ("mfa_token", token),
            ("otp", "123456"),
        ])
        .await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(
        claims_of(member(&tokens, "id_token"))["amr"],
        json!(["pwd", "otp", "mfa"])
    );
    let again = [
        ("grant_type", MFA_OTP),
        ("mfa_token", token),
        ("otp", "123456"),
    ];
    assert_eq!(
        error(&scene.token(&again).await),
        (400, "access_denied"),
        "once"
    );

    let stopped = scene.token(&fields).await;
    let token = member(&stopped.1, "mfa_token");
    let ask = async |fields: &[(&str, &str)]| {
        let mut all = vec![("mfa_token", token)];
        all.extend_from_slice(fields);
        scene.post("/oauth2/v1/challenge", &all).await
    };
    let (status, told) = ask(&[("challenge_types_supported", MFA_OTP)]).await;
    assert_eq!(
        (status.as_u16(), told),
        (200, json!({ "challenge_type": MFA_OTP }))
    );
    assert_eq!(
        error(&ask(&[("challenge_types_supported", "foo")]).await),
        (403, "access_denied")
    );
    assert_eq!(
        error(&ask(&[("channel_hint", "sms")]).await),
        (403, "access_denied"),
        "not enrolled"
    );
    assert_eq!(
        error(&ask(&[("channel_hint", "owl")]).await),
        (400, "invalid_request")
    );
    let (status, sent) = ask(&[("channel_hint", "push")]).await;
    assert_eq!(
        (status.as_u16(), &sent["challenge_type"]),
        (200, &json!(MFA_OOB))
    );
    let code = member(&sent, "oob_code");
    let fields = [
        ("grant_type", MFA_OOB),
        ("mfa_token", token),
        ("oob_code", code),
    ];
    assert_eq!(
        error(&scene.token(&fields).await),
        (400, "authorization_pending")
    );
    approve(&scene, code).await;
    assert_eq!(scene.token(&fields).await.0, 200);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused() {
    let scene = with_factors(json!(["password", OOB, MFA_OTP]), &[]).await;
    assert_eq!(
        error(&challenge(&scene, "owl").await),
        (400, "invalid_request")
    );
    assert_eq!(
        error(&challenge(&scene, "push").await),
        (403, "access_denied"),
        "not enrolled"
    );
    let no_hint = [("login_hint", LOGIN), ("channel_hint", "push")];
    let path = "/oauth2/v1/primary-authenticate";
    assert_eq!(
        error(&scene.post(path, &no_hint).await),
        (400, "invalid_request")
    );
    assert_eq!(
        error(&scene.post("/oauth2/v1/oob-authenticate", &no_hint).await),
        (403, "access_denied")
    );
    let fields = [
        ("grant_type", "password"),
        ("username", LOGIN),
        ("password", SECRET),
        ("scope", "openid"),
    ];
    assert_eq!(
        error(&scene.token(&fields).await),
        (403, "access_denied"),
        "no second factor"
    );
    let other = self::scene(json!({})).await;
    assert_eq!(
        error(&challenge(&other, "push").await),
        (400, "unauthorized_client")
    );
    assert_eq!(
        other.token(&fields).await.0,
        200,
        "an app that cannot ask for a second factor"
    );
}
