//! Custom authorization servers: policies, scopes, claims, keys.

#[path = "common/browser.rs"]
mod browser;
#[path = "common/clients.rs"]
mod clients;
mod common;

use browser::{Browser, handed_over};
use clients::{app, ask, secret};
use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

/// A custom server with one scope and, unless told otherwise, a policy that lets all in.
async fn server(admin: &Admin<'_>, minutes: Option<i64>) -> String {
    let body = json!({ "name": "Orders", "description": "d", "audiences": ["api://orders"] });
    let (status, server) = admin.post("/api/v1/authorizationServers", body).await;
    assert_eq!(status, 201, "{server}");
    let own = format!("/api/v1/authorizationServers/{}", id(&server));
    let (status, scope) = admin
        .post(
            &format!("{own}/scopes"),
            json!({ "name": "orders.read", "default": true }),
        )
        .await;
    assert_eq!(status, 201, "{scope}");
    if let Some(minutes) = minutes {
        let policy = json!({
            "type": "OAUTH_AUTHORIZATION_POLICY", "name": "All", "description": "d", "priority": 1,
            "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
        });
        let (status, policy) = admin.post(&format!("{own}/policies"), policy).await;
        assert_eq!(status, 201, "{policy}");
        let rule = json!({
            "type": "RESOURCE_ACCESS", "name": "Any", "priority": 1,
            "conditions": {
                "people": { "groups": { "include": ["EVERYONE"] } },
                "grantTypes": { "include": ["client_credentials", "authorization_code"] },
                "scopes": { "include": ["orders.read", "openid", "profile"] },
            },
            "actions": { "token": { "accessTokenLifetimeMinutes": minutes,
                "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080 } },
        });
        let target = format!("{own}/policies/{}/rules", id(&policy));
        let (status, rule) = admin.post(&target, rule).await;
        assert_eq!(status, 201, "{rule}");
    }
    id(&server)
}

fn part(token: &Value, at: usize) -> Value {
    use base64::Engine as _;
    let part = token
        .as_str()
        .expect("a token")
        .split('.')
        .nth(at)
        .expect("a part");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test]
async fn policies_decide_who_gets_a_token_and_for_how_long() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let app = app(&admin, "service", "client_secret_basic", json!([])).await;
    let (name, secret) = (id(&app), secret(&app));
    let closed = server(&admin, None).await;
    let url = format!("{}/oauth2/{closed}/v1/token", sandbox.url());
    let (status, body) = ask(&url, Some((&name, secret)), &[]).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("access_denied")),
        "{body}"
    );
    admin
        .bare(
            "POST",
            &format!("/api/v1/authorizationServers/{closed}/lifecycle/deactivate"),
        )
        .await;
    admin
        .bare("DELETE", &format!("/api/v1/authorizationServers/{closed}"))
        .await;

    let open = server(&admin, Some(5)).await;
    let issuer = format!("{}/oauth2/{open}", sandbox.url());
    let url = format!("{issuer}/v1/token");
    let (status, body) = ask(&url, Some((&name, secret)), &[("scope", "orders.read")]).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["expires_in"], &body["scope"]),
        (&json!(300), &json!("orders.read"))
    );
    let claims = part(&body["access_token"], 1);
    assert_eq!(
        (
            &claims["iss"],
            &claims["aud"],
            &claims["cid"],
            &claims["sub"],
            &claims["scp"]
        ),
        (
            &json!(issuer),
            &json!("api://orders"),
            &json!(name),
            &json!(name),
            &json!(["orders.read"])
        )
    );
    let (_, keys) = answer(client().get(format!("{issuer}/v1/keys"))).await;
    assert_eq!(
        keys["keys"][0]["kid"],
        part(&body["access_token"], 0)["kid"]
    );
    let (status, body) = ask(&url, Some((&name, secret)), &[]).await;
    assert_eq!(
        (status.as_u16(), &body["scope"]),
        (200, &json!("orders.read")),
        "default scopes"
    );
    for (scope, error) in [
        ("orders.write", "invalid_scope"),
        ("openid", "invalid_scope"),
    ] {
        let (_, body) = ask(&url, Some((&name, secret)), &[("scope", scope)]).await;
        assert_eq!(body["error"], error, "{scope}");
    }
    // A custom server's token opens nothing of the org's.
    let token = body["access_token"].as_str().expect("a token");
    let users = send(
        client()
            .get(format!("{}/api/v1/users", sandbox.url()))
            .header("authorization", format!("Bearer {token}")),
    )
    .await;
    assert_eq!(users.status(), 401);
    assert!(
        users.headers()["www-authenticate"]
            .to_str()
            .expect("text")
            .contains("invalid issuer")
    );
    let (status, body) =
        answer(client().get(format!("{}/oauth2/ausnone/v1/keys", sandbox.url()))).await;
    assert_eq!((status.as_u16(), code(&body)), (404, "E0000007"));
}

#[tokio::test]
async fn the_default_server_lets_all_in_and_describes_itself() {
    let sandbox = Sandbox::start().await.expect("starts");
    let issuer = format!("{}/oauth2/default", sandbox.url());
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let url = format!("{issuer}/.well-known/{name}");
        let (status, document) = answer(client().get(url)).await;
        assert_eq!(
            (status.as_u16(), &document["issuer"]),
            (200, &json!(issuer))
        );
        assert_eq!(document["token_endpoint"], format!("{issuer}/v1/token"));
        assert_eq!(
            document.get("userinfo_endpoint").is_some(),
            name.starts_with("openid")
        );
    }
    let url = format!("{}/.well-known/oauth-authorization-server", sandbox.url());
    assert_eq!(answer(client().get(url)).await.1["issuer"], sandbox.url());
}

#[tokio::test]
async fn claims_of_a_custom_server_are_computed() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let server = server(&admin, Some(60)).await;
    let own = format!("/api/v1/authorizationServers/{server}/claims");
    for claim in [
        json!({ "name": "first", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": "String.toUpperCase(user.firstName)" }),
        json!({ "name": "teams", "claimType": "IDENTITY", "valueType": "GROUPS",
            "group_filter_type": "STARTS_WITH", "value": "Team" }),
        json!({ "name": "hidden", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": "\"x\"", "conditions": { "scopes": ["email"] } }),
    ] {
        let (status, body) = admin.post(&own, claim).await;
        assert_eq!(status, 201, "{body}");
    }
    let app = app(&admin, "web", "client_secret_post", json!([])).await;
    let federated = format!("/api/v1/apps/{}/federated-claims", id(&app));
    for (name, expression) in [
        ("given", "user.profile.firstName + '!'"),
        ("unset", "appuser.entitlements.role"),
    ] {
        let claim = json!({ "name": name, "expression": expression });
        assert_eq!(admin.post(&federated, claim).await.0, 201, "{name}");
    }
    let user = admin.user("ada@example.com").await;
    let group = admin.group("Team Red").await;
    admin
        .bare(
            "PUT",
            &format!("/api/v1/groups/{group}/users/{}", id(&user)),
        )
        .await;
    admin
        .post(
            &format!("/api/v1/apps/{}/users", id(&app)),
            json!({ "id": user["id"] }),
        )
        .await;
    let mut browser = Browser::new(sandbox.url());
    let target = format!(
        "/oauth2/{server}/v1/authorize?client_id={}&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcb\
         &response_type=code&scope=openid%20profile%20orders.read&state=x",
        id(&app)
    );
    let page = browser.get(&target).await;
    let done = browser
        .submit(
            &page,
            &[("username", "ada@example.com"), ("password", "Secret-1234")],
        )
        .await;
    let code = handed_over(&done)["code"].clone();
    let url = format!("{}/oauth2/{server}/v1/token", sandbox.url());
    let name = id(&app);
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs([
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:9/cb"),
        ("client_id", &name),
        ("client_secret", secret(&app)),
    ]);
    let request = client()
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish());
    let (status, tokens) = answer(request).await;
    assert_eq!(status, 200, "{tokens}");
    let access = part(&tokens["access_token"], 1);
    assert_eq!(
        (&access["first"], access.get("hidden")),
        (&json!("TEST"), None)
    );
    let identity = part(&tokens["id_token"], 1);
    assert_eq!(identity["teams"], json!(["Team Red"]));
    assert_eq!(
        (&identity["given"], identity.get("unset")),
        (&json!("Test!"), None)
    );
    let token = tokens["access_token"].as_str().expect("a token");
    let info = |server: &str| {
        let url = format!("{}/oauth2/{server}/v1/userinfo", sandbox.url());
        answer(
            client()
                .get(url)
                .header("authorization", format!("Bearer {token}")),
        )
    };
    let (status, facts) = info(&server).await;
    assert_eq!(
        (status.as_u16(), &facts["teams"]),
        (200, &json!(["Team Red"]))
    );
    assert_eq!(info("default").await.0, 401, "another server's token");
    let events = admin.events("app.oauth2.as.token.grant.id_token").await;
    assert_eq!(events.len(), 1);
}

#[tokio::test]
async fn keys_of_a_server_rotate_by_the_api() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let own = "/api/v1/authorizationServers/default/credentials";
    let (status, keys) = admin.get(&format!("{own}/keys")).await;
    assert_eq!(status, 200);
    let states = |keys: &Value| -> Vec<(String, String)> {
        let text = |k: &Value, n: &str| k[n].as_str().expect("text").to_owned();
        keys.as_array()
            .expect("keys")
            .iter()
            .map(|k| (text(k, "status"), text(k, "kid")))
            .collect()
    };
    let before = states(&keys);
    assert_eq!(
        (before[0].0.as_str(), before[1].0.as_str()),
        ("ACTIVE", "NEXT")
    );
    let rotate = format!("{own}/lifecycle/keyRotate");
    assert_eq!(admin.post(&rotate, json!({ "use": "enc" })).await.0, 400);
    let (status, keys) = admin.post(&rotate, json!({ "use": "sig" })).await;
    assert_eq!(status, 200);
    let after = states(&keys);
    assert_eq!(after[0], ("ACTIVE".to_owned(), before[1].1.clone()));
    assert!(after.contains(&("EXPIRED".to_owned(), before[0].1.clone())));
    let (_, published) =
        answer(client().get(format!("{}/oauth2/default/v1/keys", sandbox.url()))).await;
    assert_eq!(published["keys"].as_array().expect("keys").len(), 3);
    assert_eq!(admin.events("app.oauth2.as.key.rollover").await.len(), 1);
}
