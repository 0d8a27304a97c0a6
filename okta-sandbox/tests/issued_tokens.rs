//! Refresh tokens and consents as the Management API lists and revokes them.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/scene.rs"]
mod scene;

use browser::handed_over;
use common::*;
use scene::*;
use serde_json::{Value, json};

async fn password(scene: &Scene, server: &str) -> Value {
    let fields = [
        ("grant_type", "password"),
        ("username", LOGIN),
        ("password", SECRET),
        ("scope", "openid offline_access"),
    ];
    let (status, tokens) = scene.post(&format!("{server}/v1/token"), &fields).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(id).collect()
}

#[tokio::test]
async fn tokens_are_listed_and_revoked_where_they_belong() {
    let scene = scene(json!({})).await;
    let admin = Admin::new(&scene.sandbox);
    let (user, client) = (id(&scene.user), scene.client_id.clone());
    let (_, server) = admin.get("/api/v1/authorizationServers/default").await;
    let server = id(&server);
    let of_user = format!("/api/v1/users/{user}/clients/{client}/tokens");
    let of_server = format!("/api/v1/authorizationServers/{server}/clients/{client}/tokens");
    let of_app = format!("/api/v1/apps/{client}/tokens");
    assert_eq!(admin.get(&of_user).await.1, json!([]));

    let org = password(&scene, "/oauth2").await;
    let custom = password(&scene, "/oauth2/default").await;
    assert_eq!(ids(&admin.get(&of_user).await.1).len(), 2);
    assert_eq!(ids(&admin.get(&of_app).await.1).len(), 2);
    let (status, listed) = admin.get(&format!("{of_server}?expand=scopes")).await;
    assert_eq!((status.as_u16(), ids(&listed).len()), (200, 1), "{listed}");
    let token = &listed[0];
    assert_eq!(
        (&token["clientId"], &token["userId"], &token["status"]),
        (&json!(client), &json!(user), &json!("ACTIVE"))
    );
    assert_eq!(token["scopes"], json!(["openid", "offline_access"]));
    assert_eq!(token["_embedded"]["scopes"][0]["name"], "openid");
    assert!(token["expiresAt"].is_string());

    // The page of one leads to the next.
    let (_, first) = admin.get(&format!("{of_user}?limit=1")).await;
    assert_eq!(ids(&first).len(), 1);

    for clients in [
        format!("/api/v1/users/{user}/clients"),
        format!("/api/v1/authorizationServers/{server}/clients"),
    ] {
        let (_, listed) = admin.get(&clients).await;
        assert_eq!(listed[0]["client_id"], json!(client), "{clients}");
        let tokens = listed[0]["_links"]["tokens"]["href"]
            .as_str()
            .expect("a link");
        assert!(!ids(&admin.get(tokens).await.1).is_empty(), "{tokens}");
    }

    let one = format!("{of_server}/{}", id(token));
    assert_eq!(admin.get(&one).await.0, 200);
    assert_eq!(admin.bare("DELETE", &one).await.0, 204);
    assert_eq!(admin.get(&one).await.0, 404);
    assert_eq!(admin.get(&of_server).await.1, json!([]));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", member(&custom, "refresh_token")),
    ];
    let refused = scene.post("/oauth2/default/v1/token", &refresh).await;
    assert_eq!(error(&refused), (400, "invalid_grant"));
    assert_eq!(
        scene.refresh(member(&org, "refresh_token")).await.0,
        200,
        "the other lives"
    );

    assert_eq!(admin.bare("DELETE", &of_user).await.0, 204);
    assert_eq!(admin.get(&of_app).await.1, json!([]));
    let refused = scene.refresh(member(&org, "refresh_token")).await;
    assert_eq!(error(&refused), (400, "invalid_grant"));
    assert!(!admin.events("app.oauth2.as.token.revoke").await.is_empty());
    assert_eq!(admin.get("/api/v1/apps/0oanone/tokens").await.0, 404);
}

#[tokio::test]
async fn a_revoked_consent_is_asked_for_again() {
    let scene = scene(json!({ "consent_method": "REQUIRED" })).await;
    let admin = Admin::new(&scene.sandbox);
    let mut browser = scene.browser();
    let url = scene.authorize_url(&[("scope", "openid profile")]);
    let page = browser.get(&url).await;
    let page = scene.sign_in(&mut browser, &page).await;
    let done = browser.submit(&page, &[("consent", "allow")]).await;
    assert!(handed_over(&done).contains_key("code"));

    let grants = format!("/api/v1/users/{}/grants", id(&scene.user));
    let (_, listed) = admin.get(&format!("{grants}?scopeId=profile")).await;
    assert_eq!(ids(&listed).len(), 1, "{listed}");
    assert_eq!(
        (&listed[0]["source"], &listed[0]["clientId"]),
        (&json!("END_USER"), &json!(scene.client_id))
    );
    let silent = format!("{url}&prompt=none");
    assert!(handed_over(&browser.get(&silent).await).contains_key("code"));
    let one = format!("{grants}/{}", id(&listed[0]));
    assert_eq!(admin.get(&one).await.0, 200);
    assert_eq!(admin.bare("DELETE", &one).await.0, 204);
    assert_eq!(admin.get(&one).await.0, 404);
    let asked = handed_over(&browser.get(&silent).await);
    assert_eq!(asked["error"], "consent_required");
    let of_client = format!(
        "/api/v1/users/{}/clients/{}/grants",
        id(&scene.user),
        scene.client_id
    );
    assert_eq!(admin.bare("DELETE", &of_client).await.0, 204);
    assert_eq!(admin.get(&grants).await.1, json!([]));
}
