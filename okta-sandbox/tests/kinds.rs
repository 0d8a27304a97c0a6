//! Kinds of orgs: the Classic engine, and features that not every org has.

mod common;

use common::*;
use okta_sandbox::{Engine, Features, Sandbox};
use serde_json::{Value, json};

/// The links of an object, by name.
fn link_names(object: &Value) -> Vec<&str> {
    let links = object["_links"].as_object().expect("links");
    links.keys().map(String::as_str).collect()
}

async fn new_app(admin: &Admin<'_>, label: &str) -> Value {
    let app = json!({
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "client_secret_basic" } },
        "settings": { "oauthClient": {
            "application_type": "web", "grant_types": ["authorization_code"], "response_types": ["code"],
            "redirect_uris": ["https://app.example/callback"],
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    app
}

#[tokio::test]
async fn a_classic_org_has_nothing_of_the_identity_engine() {
    let builder = Sandbox::builder().engine(Engine::Classic);
    let sandbox = builder.start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let pipeline = async |sandbox: &Sandbox| {
        let document = Admin::new(sandbox)
            .get("/.well-known/okta-organization")
            .await
            .1;
        document["pipeline"].clone()
    };
    assert_eq!(pipeline(&sandbox).await, "v1");
    for path in [
        "/api/v1/authenticators",
        "/api/v1/device-assurances",
        "/api/v1/devices",
    ] {
        let (status, fault) = admin.get(path).await;
        assert_eq!((status.as_u16(), code(&fault)), (401, "E0000015"), "{path}");
    }
    let body = json!({ "type": "ACCESS_POLICY", "name": "Two factors" });
    let (status, fault) = admin.post("/api/v1/policies", body).await;
    assert_eq!((status.as_u16(), code(&fault)), (401, "E0000015"));
    let (_, policies) = admin.get("/api/v1/policies?type=ACCESS_POLICY").await;
    assert_eq!(policies, json!([]));
    let (_, policies) = admin.get("/api/v1/policies?type=OKTA_SIGN_ON").await;
    assert_eq!(policies[0]["system"], true);
    let app = new_app(&admin, "Classic").await;
    let links = link_names(&app);
    assert!(
        !links.contains(&"accessPolicy") && !links.contains(&"profileEnrollment"),
        "{links:?}"
    );

    sandbox.reset().expect("a fresh org");
    assert_eq!(pipeline(&sandbox).await, "v1", "a reset keeps the kind");
    let modern = Sandbox::start().await.expect("starts");
    assert_eq!(pipeline(&modern).await, "idx");
    let admin = Admin::new(&modern);
    assert_eq!(admin.get("/api/v1/authenticators").await.0, 200);
    assert!(link_names(&new_app(&admin, "Modern").await).contains(&"accessPolicy"));
}

#[tokio::test]
async fn features_show_in_what_objects_look_like() {
    for (features, newest) in [(Features::early(), false), (Features::newest(), true)] {
        let builder = Sandbox::builder().features(features);
        let sandbox = builder.start().await.expect("starts");
        let admin = Admin::new(&sandbox);
        let profile = json!({ "login": "a@example.com", "email": "a@example.com",
            "firstName": "A", "lastName": "B" });
        let (_, user) = admin
            .post("/api/v1/users", json!({ "profile": profile }))
            .await;
        assert_eq!(user["status"], "PROVISIONED");
        assert_eq!(user.get("realmId").is_some(), newest);
        assert_eq!(link_names(&user).contains(&"resetFactors"), newest);
        let (_, listed) = admin.get("/api/v1/users").await;
        assert_eq!(listed[0].get("realmId").is_some(), newest);
        let group = admin.group("G").await;
        let (_, group) = admin.get(&format!("/api/v1/groups/{group}")).await;
        assert_eq!(link_names(&group).contains(&"owners"), newest);
        let app = new_app(&admin, "App").await;
        assert_eq!(app["settings"].get("emOptInStatus").is_some(), newest);
        assert_eq!(app.get("universalLogout").is_some(), newest);
        let client = &app["settings"]["oauthClient"];
        assert_eq!(client.get("participate_slo").is_some(), newest);
        let body = json!({ "type": "ACCESS_POLICY", "name": "P" });
        let (_, policy) = admin.post("/api/v1/policies", body).await;
        let path = format!("/api/v1/policies/{}/rules", id(&policy));
        let body = json!({ "type": "ACCESS_POLICY", "name": "R" });
        let (_, rule) = admin.post(&path, body).await;
        assert_eq!(
            rule["conditions"].get("riskScore").is_some(),
            newest,
            "{rule}"
        );
    }
}

#[tokio::test]
async fn a_seed_makes_an_org_of_another_kind() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    admin.group("Before").await;
    let seed =
        json!({ "users": 2, "org": { "engine": "classic", "features": { "groupOwners": true } } });
    let (status, state) = admin.post("/_sandbox/seed", seed).await;
    assert_eq!(
        (status.as_u16(), &state["users"], &state["groups"]),
        (200, &json!(3), &json!(1))
    );
    assert_eq!(admin.get("/api/v1/authenticators").await.0, 401);
    assert!(link_names(&admin.get("/api/v1/groups").await.1[0]).contains(&"owners"));
    admin.post("/_sandbox/seed", json!({ "users": 1 })).await;
    assert_eq!(
        admin.get("/api/v1/authenticators").await.0,
        401,
        "it stays of its kind"
    );
    let bad = json!({ "org": { "engine": "steam" } });
    let (status, fault) = admin.post("/_sandbox/seed", bad).await;
    assert_eq!(status, 400, "{fault}");
    let bad = Sandbox::builder().seed_json(json!({ "org": { "engine": "steam" } }));
    assert!(bad.start().await.is_err());
}
