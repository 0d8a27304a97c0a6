//! A person, an app and a browser, for tests of signing in.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use aws_lc_rs::digest;
use okta_sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::browser::{Browser, Page, handed_over};
use super::common::*;

pub const REDIRECT: &str = "http://127.0.0.1:9/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub fn challenge(verifier: &str) -> String {
    encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// A public client and its user.
pub struct Scene {
    pub sandbox: Sandbox,
    pub client_id: String,
    pub user: Value,
}

pub const LOGIN: &str = "ada@example.com";
pub const SECRET: &str = "Secret-1234";

pub async fn scene(settings: Value) -> Scene {
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
    pub fn browser(&self) -> Browser {
        Browser::new(self.sandbox.url())
    }

    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
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

    pub async fn sign_in(&self, browser: &mut Browser, page: &Page) -> Page {
        browser
            .submit(page, &[("username", LOGIN), ("password", SECRET)])
            .await
    }

    pub async fn code(&self, changes: &[(&str, &str)]) -> String {
        let mut browser = self.browser();
        let page = browser.get(&self.authorize_url(changes)).await;
        let done = self.sign_in(&mut browser, &page).await;
        handed_over(&done)["code"].clone()
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
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

    pub async fn token(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        self.post("/oauth2/v1/token", fields).await
    }

    pub async fn redeem(&self, code: &str) -> (StatusCode, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    pub async fn tokens(&self) -> Value {
        let (status, tokens) = self.redeem(&self.code(&[]).await).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    pub async fn userinfo(&self, token: &str) -> (StatusCode, Value) {
        answer(
            client()
                .get(format!("{}/oauth2/v1/userinfo", self.sandbox.url()))
                .header("authorization", format!("Bearer {token}")),
        )
        .await
    }
}

pub fn member<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {tokens}"))
}

pub fn error(answer: &(StatusCode, Value)) -> (u16, &str) {
    (
        answer.0.as_u16(),
        answer.1["error"].as_str().unwrap_or_default(),
    )
}

pub fn claims_of(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Checks an RS256 signature against a JWKS, independently of the sandbox's code.
pub async fn verified(sandbox: &Sandbox, keys: &str, token: &str) -> bool {
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
