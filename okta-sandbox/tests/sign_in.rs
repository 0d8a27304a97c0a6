//! People sign in: authorization code with PKCE, refresh, device, consent, logout.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use aws_lc_rs::digest;
use browser::{Browser, handed_over};
use common::*;
use okta_sandbox::{PASSWORD, Sandbox};
use scene::*;
use serde_json::json;

#[tokio::test]
async fn a_person_clicks_through_and_the_client_gets_tokens() {
    let scene = scene(json!({})).await;
    let mut browser = scene.browser();
    let page = browser.get(&scene.authorize_url(&[])).await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("to continue to Notes"), "{}", page.html);
    let page = browser
        .submit(&page, &[("username", LOGIN), ("password", "wrong")])
        .await;
    assert!(page.html.contains("Unable to sign in"), "{}", page.html);
    let done = scene.sign_in(&mut browser, &page).await;
    assert!(
        done.location
            .as_deref()
            .expect("leaves")
            .starts_with(REDIRECT)
    );
    let handed = handed_over(&done);
    assert_eq!(handed["state"], "s t/ate");
    assert!(browser.has_cookie("sid"));

    let (status, tokens) = scene.redeem(&handed["code"]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "openid profile email offline_access");
    let id_token = member(&tokens, "id_token");
    assert!(verified(&scene.sandbox, "/oauth2/v1/keys", id_token).await);
    let claims = claims_of(id_token);
    let access = member(&tokens, "access_token");
    let hash = digest::digest(&digest::SHA256, access.as_bytes());
    for (name, value) in [
        ("iss", json!(scene.sandbox.url())),
        ("aud", json!(scene.client_id)),
        ("sub", scene.user["id"].clone()),
        ("nonce", json!("n-1")),
        ("email", json!(LOGIN)),
        ("preferred_username", json!(LOGIN)),
        ("name", json!("Test User")),
        ("amr", json!(["pwd"])),
        ("at_hash", json!(encode(&hash.as_ref()[..16]))),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let claims = claims_of(access);
    assert_eq!(
        (&claims["sub"], &claims["uid"]),
        (&json!(LOGIN), &scene.user["id"])
    );

    let (status, info) = scene.userinfo(access).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&info["given_name"], &info["email_verified"]),
        (&json!("Test"), &json!(true))
    );

    // The session saves the second sign-in.
    let again = browser
        .get(&scene.authorize_url(&[("prompt", "none")]))
        .await;
    assert!(handed_over(&again).contains_key("code"));
    let admin = Admin::new(&scene.sandbox);
    for event in [
        "app.oauth2.authorize.code",
        "app.oauth2.token.grant.id_token",
        "app.oauth2.token.grant.refresh_token",
        "user.authentication.sso",
    ] {
        assert!(!admin.events(event).await.is_empty(), "{event}");
    }
    assert_eq!(
        admin.events("user.session.start").await.len(),
        2,
        "a failure and a success"
    );
}

#[tokio::test]
async fn the_admin_signs_in_with_the_documented_password() {
    let sandbox = Sandbox::start().await.expect("starts");
    let mut browser = Browser::new(sandbox.url());
    let page = browser.get("/login/login.htm").await;
    let login = [
        ("username", "admin@sandbox.example.com"),
        ("password", PASSWORD),
    ];
    let home = browser.submit(&page, &login).await;
    assert!(
        home.html.contains("signed in as admin@sandbox.example.com"),
        "{}",
        home.html
    );
    let out = browser.get("/login/signout").await;
    assert!(out.html.contains("Sign in") && !browser.has_cookie("sid"));
}

#[tokio::test]
async fn what_cannot_be_trusted_is_told_to_the_person_not_to_the_client() {
    let scene = scene(json!({})).await;
    for changes in [
        [("client_id", "0oanobody")],
        [("client_id", "-")],
        [("redirect_uri", "http://127.0.0.1:9/callback/x")],
        [("redirect_uri", "-")],
    ] {
        let page = scene.browser().get(&scene.authorize_url(&changes)).await;
        assert_eq!(
            (page.status.as_u16(), page.location),
            (400, None),
            "{changes:?}"
        );
    }
}

#[tokio::test]
async fn faults_of_a_request_go_back_to_the_client() {
    let scene = scene(json!({})).await;
    for (name, value, expected) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "-", "invalid_request"),
        ("scope", "-", "invalid_scope"),
        ("scope", "openid nonsense", "invalid_scope"),
        ("scope", "profile", "invalid_scope"),
        ("state", "-", "invalid_request"),
        ("code_challenge", "-", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "-", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("prompt", "none", "login_required"),
        ("response_mode", "carrier_pigeon", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
    ] {
        let page = scene
            .browser()
            .get(&scene.authorize_url(&[(name, value)]))
            .await;
        let handed = handed_over(&page);
        assert_eq!(handed["error"], expected, "{name}={value}");
        assert!(!handed["error_description"].is_empty());
        assert_eq!(
            handed.get("state").map(String::as_str),
            (name != "state").then_some("s t/ate")
        );
    }
}

#[tokio::test]
async fn response_modes() {
    let scene = scene(json!({})).await;
    let mut browser = scene.browser();
    let page = browser
        .get(&scene.authorize_url(&[("response_mode", "fragment")]))
        .await;
    let done = scene.sign_in(&mut browser, &page).await;
    assert!(
        done.location
            .as_deref()
            .expect("leaves")
            .starts_with(&format!("{REDIRECT}#"))
    );
    assert!(handed_over(&done).contains_key("code"));
    let form = browser
        .get(&scene.authorize_url(&[("response_mode", "form_post")]))
        .await;
    assert_eq!(
        browser::attribute(&form.html, "<form", "action").as_deref(),
        Some(REDIRECT)
    );
    assert!(form.html.contains("name=\"code\""));
    let message = browser
        .get(&scene.authorize_url(&[("response_mode", "okta_post_message")]))
        .await;
    assert!(
        message.html.contains("postMessage({\"code\""),
        "{}",
        message.html
    );
}

#[tokio::test]
async fn prompts_and_max_age_ask_again() {
    let scene = scene(json!({})).await;
    let mut browser = scene.browser();
    let page = browser.get(&scene.authorize_url(&[])).await;
    scene.sign_in(&mut browser, &page).await;
    let again = browser
        .get(&scene.authorize_url(&[("prompt", "login")]))
        .await;
    assert!(again.html.contains("Password"));
    let done = scene.sign_in(&mut browser, &again).await;
    assert!(handed_over(&done).contains_key("code"));
    let url = scene.authorize_url(&[("max_age", "60")]);
    assert!(browser.get(&url).await.location.is_some());
    scene.sandbox.advance_clock(61);
    assert!(browser.get(&url).await.html.contains("Password"));
    // An unused session ends.
    scene.sandbox.advance_clock(2 * 3600);
    assert!(
        browser
            .get(&scene.authorize_url(&[]))
            .await
            .html
            .contains("Password")
    );
}

#[tokio::test]
async fn a_code_works_once_for_its_client_with_its_verifier() {
    let scene = scene(json!({})).await;
    let good = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let code = scene.code(&[]).await;
    for (name, value, expected) in [
        ("redirect_uri", "http://127.0.0.1:9/other", "invalid_grant"),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX",
            "invalid_grant",
        ),
        ("code_verifier", "short", "invalid_grant"),
        ("redirect_uri", "", "invalid_request"),
        ("grant_type", "", "invalid_request"),
        ("grant_type", "urn:nonsense", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "invalid_client"),
        ("code", "nonsense", "invalid_grant"),
    ] {
        let mut fields = good.to_vec();
        fields.push(("code", &code));
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let answer = scene.token(&fields).await;
        assert_eq!(answer.1["error"], expected, "{name}={value}: {}", answer.1);
    }
    let (status, tokens) = scene.redeem(&code).await;
    assert_eq!(status, 200);
    assert_eq!(error(&scene.redeem(&code).await), (400, "invalid_grant"));
    // Its tokens fall with the second use.
    assert_eq!(scene.userinfo(member(&tokens, "access_token")).await.0, 401);
    assert_eq!(
        error(&scene.refresh(member(&tokens, "refresh_token")).await),
        (400, "invalid_grant")
    );

    let code = scene.code(&[]).await;
    scene.sandbox.advance_clock(301);
    assert_eq!(error(&scene.redeem(&code).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn refresh_tokens_rotate_with_grace_and_a_late_reuse_ends_the_family() {
    let rotate = json!({ "refresh_token": { "rotation_type": "ROTATE", "leeway": 30 } });
    let scene = scene(rotate).await;
    let first = scene.tokens().await;
    let old = member(&first, "refresh_token");
    let (status, second) = scene.refresh(old).await;
    assert_eq!(status, 200);
    assert_ne!(member(&second, "refresh_token"), old);
    assert!(second["id_token"].is_string());
    let (status, within) = scene.refresh(old).await;
    assert_eq!(status, 200, "in the grace interval: {within}");
    scene.sandbox.advance_clock(31);
    assert_eq!(error(&scene.refresh(old).await), (400, "invalid_grant"));
    let newest = member(&second, "refresh_token");
    assert_eq!(
        error(&scene.refresh(newest).await),
        (400, "invalid_grant"),
        "the family is revoked"
    );
    assert_eq!(scene.userinfo(member(&within, "access_token")).await.0, 401);
    let admin = Admin::new(&scene.sandbox);
    assert_eq!(admin.events("app.oauth2.token.detect_reuse").await.len(), 1);
}

#[tokio::test]
async fn refresh_narrows_scopes_but_never_widens_them() {
    let scene = scene(json!({})).await;
    let first = scene.tokens().await;
    let token = member(&first, "refresh_token");
    let scene = &scene;
    let ask = |scope: &'static str| async move {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", scope),
        ];
        scene.token(&fields).await
    };
    let (status, narrow) = ask("openid").await;
    assert_eq!((status.as_u16(), &narrow["scope"]), (200, &json!("openid")));
    assert_eq!(narrow["refresh_token"], token, "a static token stays");
    assert_eq!(error(&ask("openid phone").await), (400, "invalid_scope"));
    let (_, whole) = scene.refresh(token).await;
    assert_eq!(whole["scope"], "openid profile email offline_access");
    scene.sandbox.advance_clock(91 * 86_400);
    assert_eq!(error(&scene.refresh(token).await), (400, "invalid_grant"));
}

#[tokio::test]
async fn only_assigned_active_users_get_in() {
    let scene = scene(json!({})).await;
    let admin = Admin::new(&scene.sandbox);
    let other = admin.user("bob@example.com").await;
    let mut browser = scene.browser();
    let page = browser.get(&scene.authorize_url(&[])).await;
    let bob = [("username", "bob@example.com"), ("password", SECRET)];
    let done = browser.submit(&page, &bob).await;
    let handed = handed_over(&done);
    assert_eq!(handed["error"], "access_denied");
    assert_eq!(
        handed["error_description"],
        "User is not assigned to the client application."
    );
    let group = admin.group("Readers").await;
    admin
        .bare(
            "PUT",
            &format!("/api/v1/groups/{group}/users/{}", id(&other)),
        )
        .await;
    admin
        .put(
            &format!("/api/v1/apps/{}/groups/{group}", scene.client_id),
            json!({}),
        )
        .await;
    let done = browser.get(&scene.authorize_url(&[])).await;
    assert!(handed_over(&done).contains_key("code"), "through the group");
    admin
        .bare(
            "POST",
            &format!("/api/v1/users/{}/lifecycle/suspend", id(&other)),
        )
        .await;
    let page = browser.get(&scene.authorize_url(&[])).await;
    assert!(
        browser
            .submit(&page, &bob)
            .await
            .html
            .contains("Unable to sign in")
    );
    assert_eq!(
        error(
            &scene
                .token(&[
                    ("grant_type", "password"),
                    ("username", "bob@example.com"),
                    ("password", SECRET),
                    ("scope", "openid")
                ])
                .await
        ),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn ten_wrong_passwords_lock_the_user() {
    let scene = scene(json!({})).await;
    let scene = &scene;
    let ask = |password: &'static str| async move {
        let fields = [
            ("grant_type", "password"),
            ("username", LOGIN),
            ("password", password),
            ("scope", "openid profile"),
        ];
        scene.token(&fields).await
    };
    let (status, tokens) = ask(SECRET).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_null());
    for _ in 0..10 {
        assert_eq!(error(&ask("wrong").await), (400, "invalid_grant"));
    }
    assert_eq!(error(&ask(SECRET).await), (400, "invalid_grant"));
    let admin = Admin::new(&scene.sandbox);
    let (_, user) = admin.get(&format!("/api/v1/users/{LOGIN}")).await;
    assert_eq!(user["status"], "LOCKED_OUT");
    assert_eq!(admin.events("user.account.lock").await.len(), 1);
}

#[tokio::test]
async fn consent_is_asked_once_and_can_be_refused() {
    let scene = scene(json!({ "consent_method": "REQUIRED" })).await;
    let mut browser = scene.browser();
    let page = browser.get(&scene.authorize_url(&[])).await;
    let consent = scene.sign_in(&mut browser, &page).await;
    assert!(
        consent.html.contains("Notes would like to have"),
        "{}",
        consent.html
    );
    let none = browser
        .get(&scene.authorize_url(&[("prompt", "none")]))
        .await;
    assert_eq!(handed_over(&none)["error"], "consent_required");
    let denied = browser.submit(&consent, &[("consent", "deny")]).await;
    assert_eq!(handed_over(&denied)["error"], "access_denied");
    let consent = browser.get(&scene.authorize_url(&[])).await;
    let done = browser.submit(&consent, &[("consent", "allow")]).await;
    assert!(handed_over(&done).contains_key("code"));
    let silent = browser
        .get(&scene.authorize_url(&[("prompt", "none")]))
        .await;
    assert!(handed_over(&silent).contains_key("code"));
    let forced = browser
        .get(&scene.authorize_url(&[("prompt", "consent")]))
        .await;
    let done = browser.submit(&forced, &[("consent", "allow")]).await;
    assert!(handed_over(&done).contains_key("code"), "{}", done.html);
}

#[tokio::test]
async fn a_session_token_stands_for_a_sign_in() {
    let scene = scene(json!({})).await;
    let url = format!("{}/api/v1/authn", scene.sandbox.url());
    let ask = |password: &str| {
        answer(
            client()
                .post(&url)
                .json(&json!({ "username": LOGIN, "password": password })),
        )
    };
    let (status, body) = ask("wrong").await;
    assert_eq!((status.as_u16(), code(&body)), (401, "E0000004"));
    let (status, body) = ask(SECRET).await;
    assert_eq!((status.as_u16(), &body["status"]), (200, &json!("SUCCESS")));
    let token = member(&body, "sessionToken").to_owned();
    let target = scene.authorize_url(&[("sessionToken", &token), ("prompt", "none")]);
    let done = scene.browser().get(&target).await;
    assert!(handed_over(&done).contains_key("code"));
    let done = scene.browser().get(&target).await;
    assert_eq!(
        handed_over(&done)["error"],
        "login_required",
        "it works once"
    );
}

#[tokio::test]
async fn pushed_requests_work_once() {
    let scene = scene(json!({})).await;
    let challenge = challenge(VERIFIER);
    let (status, pushed) = scene
        .post(
            "/oauth2/v1/par",
            &[
                ("redirect_uri", REDIRECT),
                ("response_type", "code"),
                ("scope", "openid"),
                ("state", "x"),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ],
        )
        .await;
    assert_eq!(status, 201, "{pushed}");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", &scene.client_id);
    query.append_pair("request_uri", member(&pushed, "request_uri"));
    let target = format!("/oauth2/v1/authorize?{}", query.finish());
    let mut browser = scene.browser();
    let page = browser.get(&target).await;
    let done = scene.sign_in(&mut browser, &page).await;
    assert!(handed_over(&done).contains_key("code"));
    assert_eq!(scene.browser().get(&target).await.status, 400);
    let answer = scene
        .post("/oauth2/v1/par", &[("redirect_uri", REDIRECT)])
        .await;
    assert_eq!(error(&answer), (400, "invalid_request"));
}
