//! What people do at a browser: sign in at an app, agree to what it asks for, sign out; and codes by phone.

use serde_json::{Value, json};

use super::org::Org;
use super::person::Browser;

pub(crate) async fn run(org: &Org) {
    browser(org).await;
    phone(org, "sms").await;
    phone(org, "call").await;
}

async fn browser(org: &Org) {
    let user = org.user("kim", true).await;
    // Where the browser ends up matters to nobody.
    let end = format!("{}/_sandbox/health", org.sandbox.url());
    let app = json!({
        "name": "oidc_client", "label": "Notes", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "application_type": "web", "redirect_uris": [end], "response_types": ["code"],
            "grant_types": ["authorization_code"], "consent_method": "REQUIRED",
        }},
    });
    let app = org.send("POST /api/v1/apps", &app.to_string()).await;
    org.send(
        &format!("POST /api/v1/apps/{app}/users"),
        &json!({"id": user, "scope": "USER"}).to_string(),
    )
    .await;
    let scope = r#"{"name":"notes.read","consent":"REQUIRED"}"#;
    org.send("POST /api/v1/authorizationServers/default/scopes", scope)
        .await;
    let page = format!(
        "{}/oauth2/default/v1/authorize?client_id={app}&response_type=code&scope=openid%20notes.read&state=s&redirect_uri={end}",
        org.sandbox.url()
    );
    let mut browser = Browser::default();
    let login = "kim@example.com";
    let password = "Sandbox-1234";
    browser
        .sign_in(&page, login, password)
        .await
        .expect("a page");
    let out = format!(
        "{}/login/signout?fromURI=/_sandbox/health",
        org.sandbox.url()
    );
    browser
        .sign_in(&out, login, password)
        .await
        .expect("a page");
}

/// A phone is enrolled, then verifies its person.
async fn phone(org: &Org, kind: &str) {
    let user = org.user(&format!("lea-{kind}"), true).await;
    let factors = format!("/api/v1/users/{user}/factors");
    // Phones are off in a new org.
    let on = format!("POST /api/v1/org/factors/okta_{kind}/lifecycle/activate");
    org.send(&on, "{}").await;
    let phone =
        json!({"factorType": kind, "provider": "OKTA", "profile": {"phoneNumber": "+15550100"}});
    let factor = org
        .send(&format!("POST {factors}"), &phone.to_string())
        .await;
    let code = r#"{"passCode":"123456"}"#;
    org.send(&format!("POST {factors}/{factor}/lifecycle/activate"), code)
        .await;
    for body in ["{}", code] {
        org.send(&format!("POST {factors}/{factor}/verify"), body)
            .await;
    }
    let wrong: Value = json!({"passCode": "000000"});
    let refused = org
        .client
        .call("POST", format!("{factors}/{factor}/verify"))
        .json(&wrong)
        .await;
    assert_eq!(
        refused
            .expect_err("wrong")
            .status()
            .map(|status| status.as_u16()),
        Some(403)
    );
}
