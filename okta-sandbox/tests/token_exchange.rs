//! Token exchange: for a user at the next service, between apps of a device, to a web app.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use browser::handed_over;
use common::*;
use scene::*;
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const IDENTITY: &str = "urn:ietf:params:oauth:token-type:id_token";
const DEVICE_SECRET: &str = "urn:x-oath:params:oauth:token-type:device-secret";

/// A public native client that everybody may use, with these grants.
async fn native(admin: &Admin<'_>, label: &str, grants: Value) -> String {
    let body = json!({
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "none" } },
        "settings": { "implicitAssignment": true, "oauthClient": {
            "application_type": "native", "redirect_uris": [REDIRECT], "grant_types": grants,
            "response_types": ["code"],
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    id(&app)
}

/// Puts token exchange and everything else into the one rule of the default server.
async fn open_default_server(admin: &Admin<'_>) {
    let own = "/api/v1/authorizationServers/default/policies";
    let (_, policies) = admin.get(own).await;
    let rules = format!("{own}/{}/rules", id(&policies[0]));
    let (_, found) = admin.get(&rules).await;
    let mut rule = found[0].clone();
    rule["conditions"]["grantTypes"]["include"] =
        json!(["authorization_code", "password", EXCHANGE]);
    let target = format!("{rules}/{}", id(&rule));
    let (status, rule) = admin.put(&target, rule).await;
    assert_eq!(status, 200, "{rule}");
    let scope = json!({ "name": "orders.read" });
    let (status, scope) = admin
        .post("/api/v1/authorizationServers/default/scopes", scope)
        .await;
    assert_eq!(status, 201, "{scope}");
}

async fn password(scene: &Scene, path: &str, scope: &str) -> Value {
    let fields = [
        ("grant_type", "password"),
        ("username", LOGIN),
        ("password", SECRET),
        ("scope", scope),
    ];
    let (status, tokens) = scene.post(path, &fields).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[tokio::test]
async fn a_service_acts_for_the_user_at_the_next_one() {
    let scene = scene(json!({})).await;
    let admin = Admin::new(&scene.sandbox);
    open_default_server(&admin).await;
    let body = json!({
        "name": "oidc_client", "label": "API one", "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "client_secret_post" } },
        "settings": { "oauthClient": {
            "application_type": "service", "grant_types": [EXCHANGE, "client_credentials"],
            "response_types": ["token"], "dpop_bound_access_tokens": false,
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    let secret = app["credentials"]["oauthClient"]["client_secret"]
        .as_str()
        .expect("a secret");
    let tokens = password(&scene, "/oauth2/default/v1/token", "openid").await;
    let subject = member(&tokens, "access_token").to_owned();
    let service = Scene {
        client_id: id(&app),
        user: Value::Null,
        sandbox: scene.sandbox,
    };
    let ask = async |changes: &[(&str, &str)]| {
        let mut fields = vec![
            ("client_secret", secret),
            ("grant_type", EXCHANGE),
            ("subject_token", subject.as_str()),
            ("subject_token_type", ACCESS),
            ("scope", "orders.read"),
            ("audience", "api://default"),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        service.post("/oauth2/default/v1/token", &fields).await
    };
    let (status, issued) = ask(&[]).await;
    assert_eq!(status, 200, "{issued}");
    assert_eq!(issued["issued_token_type"], ACCESS);
    assert!(issued.get("refresh_token").is_none() && issued.get("id_token").is_none());
    let (before, after) = (
        claims_of(&subject),
        claims_of(member(&issued, "access_token")),
    );
    for name in ["sub", "uid", "auth_time"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_eq!(
        (&after["cid"], &after["scp"]),
        (&json!(service.client_id), &json!(["orders.read"]))
    );
    for (changes, expected) in [
        (("scope", "openid"), "invalid_scope"),
        (("scope", "nonsense"), "invalid_scope"),
        (("audience", "api://other"), "invalid_target"),
        (("subject_token", "x"), "invalid_grant"),
        (("subject_token_type", IDENTITY), "invalid_request"),
        (("subject_token_type", ""), "invalid_request"),
    ] {
        assert_eq!(
            error(&ask(&[changes]).await),
            (400, expected),
            "{changes:?}"
        );
    }

    // Another server takes it once it trusts the first.
    let admin = Admin::new(&service.sandbox);
    let body = json!({ "name": "Two", "description": "d", "audiences": ["api://two"] });
    let (_, two) = admin.post("/api/v1/authorizationServers", body).await;
    let two = id(&two);
    let own = format!("/api/v1/authorizationServers/{two}");
    admin
        .post(&format!("{own}/scopes"), json!({ "name": "orders.read" }))
        .await;
    let (_, default) = admin.get("/api/v1/authorizationServers/default").await;
    let policy = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": "All", "description": "d", "priority": 1,
        "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
    });
    let (_, policy) = admin.post(&format!("{own}/policies"), policy).await;
    let rule = json!({
        "type": "RESOURCE_ACCESS", "name": "Any", "priority": 1,
        "conditions": {
            "people": { "groups": { "include": ["EVERYONE"] } },
            "grantTypes": { "include": [EXCHANGE] }, "scopes": { "include": ["*"] },
        },
        "actions": { "token": { "accessTokenLifetimeMinutes": 5 } },
    });
    let (status, rule) = admin
        .post(&format!("{own}/policies/{}/rules", id(&policy)), rule)
        .await;
    assert_eq!(status, 201, "{rule}");
    let fields = [
        ("client_secret", secret),
        ("grant_type", EXCHANGE),
        ("subject_token", subject.as_str()),
        ("subject_token_type", ACCESS),
        ("scope", "orders.read"),
        ("audience", "api://two"),
    ];
    let path = format!("/oauth2/{two}/v1/token");
    assert_eq!(
        error(&service.post(&path, &fields).await),
        (400, "invalid_grant")
    );
    let trust = json!({ "trusted": [default["id"]] });
    let (status, body) = admin.post(&format!("{own}/associatedServers"), trust).await;
    assert_eq!(status, 200, "{body}");
    let (status, issued) = service.post(&path, &fields).await;
    assert_eq!(
        (status.as_u16(), &issued["expires_in"]),
        (200, &json!(300)),
        "{issued}"
    );
}

#[tokio::test]
async fn apps_of_a_device_share_a_sign_in_until_its_secret_is_revoked() {
    let mut scene = scene(json!({})).await;
    let admin = Admin::new(&scene.sandbox);
    open_default_server(&admin).await;
    let second = native(
        &admin,
        "Second",
        json!(["authorization_code", "refresh_token", EXCHANGE]),
    )
    .await;
    let first = scene.client_id.clone();
    let scope = "openid offline_access device_sso";
    let tokens = password(&scene, "/oauth2/default/v1/token", scope).await;
    let secret = member(&tokens, "device_secret").to_owned();
    let fields = [
        ("grant_type", EXCHANGE),
        ("actor_token", secret.as_str()),
        ("actor_token_type", DEVICE_SECRET),
        ("subject_token", member(&tokens, "id_token")),
        ("subject_token_type", IDENTITY),
        ("scope", "openid offline_access"),
        ("audience", "api://default"),
    ];
    let path = "/oauth2/default/v1/token";
    assert_eq!(
        error(&scene.post(path, &fields).await),
        (400, "unauthorized_client")
    );
    scene.client_id = second;
    let (status, shared) = scene.post(path, &fields).await;
    assert_eq!(status, 200, "{shared}");
    assert_eq!(shared["issued_token_type"], ACCESS);
    let claims = claims_of(member(&shared, "id_token"));
    assert_eq!(claims["sub"], scene.user["id"]);
    assert_eq!(
        claims["auth_time"],
        claims_of(member(&tokens, "id_token"))["auth_time"]
    );
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", member(&shared, "refresh_token")),
    ];
    assert_eq!(scene.post(path, &refresh).await.0, 200);

    scene.client_id = first;
    let token = [("token", secret.as_str())];
    let (_, facts) = scene.post("/oauth2/default/v1/introspect", &token).await;
    assert_eq!(facts["active"], true, "{facts}");
    assert_eq!(scene.post("/oauth2/default/v1/revoke", &token).await.0, 200);
    let (_, facts) = scene.post("/oauth2/default/v1/introspect", &token).await;
    assert_eq!(facts["active"], false);
    let second = claims["aud"].as_str().expect("a client").to_owned();
    scene.client_id = second;
    assert_eq!(
        error(&scene.post(path, &fields).await),
        (400, "invalid_grant")
    );
    assert_eq!(
        error(&scene.post(path, &refresh).await),
        (400, "invalid_grant"),
        "signed out"
    );
}

#[tokio::test]
async fn an_app_opens_a_web_app_that_allows_it_once() {
    let mut scene =
        scene(json!({ "grant_types": ["authorization_code", "password", EXCHANGE] })).await;
    let admin = Admin::new(&scene.sandbox);
    let target = native(&admin, "Target", json!(["authorization_code"])).await;
    let fields = [
        ("grant_type", "password"),
        ("username", LOGIN),
        ("password", SECRET),
        ("scope", "openid interclient_access"),
    ];
    assert_eq!(error(&scene.token(&fields).await), (400, "invalid_scope"));
    let allowed = format!("/api/v1/apps/{target}/interclient-allowed-apps");
    let (status, mapping) = admin.post(&allowed, json!({ "id": scene.client_id })).await;
    assert_eq!(
        (status.as_u16(), &mapping["trustedAppInstanceId"]),
        (201, &json!(scene.client_id))
    );
    let (status, _) = admin.post(&allowed, json!({ "id": target })).await;
    assert_eq!(status, 400);
    assert_eq!(admin.get(&allowed).await.1, json!([scene.client_id]));
    let targets = format!("/api/v1/apps/{}/interclient-target-apps", scene.client_id);
    assert_eq!(admin.get(&targets).await.1, json!([target]));

    let (status, tokens) = scene.token(&fields).await;
    assert_eq!(status, 200, "{tokens}");
    let audience = format!("urn:okta:apps:{target}");
    let exchange = [
        ("grant_type", EXCHANGE),
        ("actor_token", member(&tokens, "access_token")),
        ("actor_token_type", ACCESS),
        ("subject_token", member(&tokens, "id_token")),
        ("subject_token_type", IDENTITY),
        ("audience", audience.as_str()),
        (
            "requested_token_type",
            "urn:okta:params:oauth:token-type:interclient_token",
        ),
    ];
    let (status, issued) = scene.token(&exchange).await;
    assert_eq!(
        (status.as_u16(), &issued["token_type"]),
        (200, &json!("N_A")),
        "{issued}"
    );
    let token = member(&issued, "access_token").to_owned();

    let origin = std::mem::replace(&mut scene.client_id, target.clone());
    let url = scene.authorize_url(&[("interclient_token", token.as_str()), ("scope", "openid")]);
    let opened = scene.browser().get(&url).await;
    assert!(handed_over(&opened).contains_key("code"));
    let again = handed_over(&scene.browser().get(&url).await);
    assert_eq!(again["error"], "invalid_request");

    scene.client_id = origin;
    let (status, _) = admin
        .bare("DELETE", &format!("{allowed}/{}", scene.client_id))
        .await;
    assert_eq!(status, 204);
    assert_eq!(error(&scene.token(&exchange).await), (400, "access_denied"));
}
