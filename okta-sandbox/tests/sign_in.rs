//! People sign in: authorization code with PKCE, refresh, device, consent, logout.

#[path = "common/browser.rs"]
mod browser;
mod common;

use aws_lc_rs::digest;
use browser::{Browser, Page, handed_over};
use common::*;
use okta_sandbox::{PASSWORD, Sandbox};
use reqwest::StatusCode;
use serde_json::{Value, json};

const REDIRECT: &str = "http://127.0.0.1:9/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn challenge(verifier: &str) -> String {
    encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// A public client and its user.
struct Scene {
    sandbox: Sandbox,
    client_id: String,
    user: Value,
}

const LOGIN: &str = "ada@example.com";
const SECRET: &str = "Secret-1234";

async fn scene(settings: Value) -> Scene {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let mut client = json!({
        "application_type": "native", "redirect_uris": [REDIRECT],
        "post_logout_redirect_uris": ["http://127.0.0.1:9/bye"], "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code", "password"],
    });
    for (name, value) in settings.as_object().expect("settings") {
        client[name] = value.clone();
    }
    let body = json!({
        "name": "oidc_client", "label": "Notes", "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "none" } },
        "settings": { "oauthClient": client },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    let user = admin.user(LOGIN).await;
    let assignment = json!({ "id": user["id"] });
    let (status, body) = admin
        .post(&format!("/api/v1/apps/{}/users", id(&app)), assignment)
        .await;
    assert_eq!(status, 200, "{body}");
    Scene {
        client_id: id(&app),
        sandbox,
        user,
    }
}

impl Scene {
    fn browser(&self) -> Browser {
        Browser::new(self.sandbox.url())
    }

    fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = challenge(VERIFIER);
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid profile email offline_access"),
            ("state", "s t/ate"),
            ("nonce", "n-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        fields.retain(|(_, value)| *value != "-");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields);
        format!("/oauth2/v1/authorize?{}", query.finish())
    }

    async fn sign_in(&self, browser: &mut Browser, page: &Page) -> Page {
        browser
            .submit(page, &[("username", LOGIN), ("password", SECRET)])
            .await
    }

    async fn code(&self, changes: &[(&str, &str)]) -> String {
        let mut browser = self.browser();
        let page = browser.get(&self.authorize_url(changes)).await;
        let done = self.sign_in(&mut browser, &page).await;
        handed_over(&done)["code"].clone()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("client_id", &self.client_id);
        body.extend_pairs(fields);
        answer(
            client()
                .post(format!("{}{path}", self.sandbox.url()))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.finish()),
        )
        .await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        self.post("/oauth2/v1/token", fields).await
    }

    async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    async fn tokens(&self) -> Value {
        let (status, tokens) = self.redeem(&self.code(&[]).await).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn userinfo(&self, token: &str) -> (StatusCode, Value) {
        answer(
            client()
                .get(format!("{}/oauth2/v1/userinfo", self.sandbox.url()))
                .header("authorization", format!("Bearer {token}")),
        )
        .await
    }
}

fn member<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {tokens}"))
}

fn error(answer: &(StatusCode, Value)) -> (u16, &str) {
    (
        answer.0.as_u16(),
        answer.1["error"].as_str().unwrap_or_default(),
    )
}

fn claims_of(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Checks an RS256 signature against a JWKS, independently of the sandbox's code.
async fn verified(sandbox: &Sandbox, keys: &str, token: &str) -> bool {
    use aws_lc_rs::rsa::PublicKeyComponents;
    use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
    use base64::Engine as _;
    let decode = |text: &str| {
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .expect("base64url")
    };
    let (_, set) = answer(client().get(format!("{}{keys}", sandbox.url()))).await;
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let header: Value =
        serde_json::from_slice(&decode(token.split('.').next().expect("a header"))).expect("JSON");
    set["keys"].as_array().expect("keys").iter().any(|key| {
        let (n, e) = (decode(member(key, "n")), decode(member(key, "e")));
        key["kid"] == header["kid"]
            && key["kty"] == "RSA"
            && PublicKeyComponents { n, e }
                .verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    input.as_bytes(),
                    &decode(signature),
                )
                .is_ok()
    })
}

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
