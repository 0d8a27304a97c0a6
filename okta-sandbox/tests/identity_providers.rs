//! Identity providers: linked users, signing keys, the store of certificates.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

async fn provider(admin: &Admin<'_>, name: &str, kid: &str, persistent: bool) -> String {
    let body = json!({
        "type": "SAML2", "name": name,
        "protocol": {
            "type": "SAML2", "settings": { "honorPersistentNameId": persistent },
            "endpoints": {
                "sso": { "url": "https://idp.example", "binding": "HTTP-POST" },
                "acs": { "binding": "HTTP-POST", "type": "INSTANCE" },
            },
            "credentials": { "trust": { "issuer": "https://idp.example", "audience": "a", "kid": kid } },
        },
        "policy": {
            "provisioning": { "action": "AUTO", "groups": { "action": "NONE" } },
            "accountLink": { "action": "AUTO" },
            "subject": { "userNameTemplate": { "template": "idpuser.email" }, "matchType": "USERNAME" },
        },
    });
    let (status, provider) = admin.post("/api/v1/idps", body).await;
    assert_eq!(status, 200, "{provider}");
    format!("/api/v1/idps/{}", id(&provider))
}

/// Some certificate: one that an app of the org signs with.
async fn certificate(admin: &Admin<'_>) -> Value {
    let app = json!({
        "name": "bookmark", "label": "Signs", "signOnMode": "BOOKMARK",
        "settings": { "app": { "requestIntegration": false, "url": "https://a.example" } },
    });
    let (_, app) = admin.post("/api/v1/apps", app).await;
    let path = format!(
        "/api/v1/apps/{}/credentials/keys/generate?validityYears=2",
        id(&app)
    );
    let (status, key) = admin.bare("POST", &path).await;
    assert_eq!(status, 201, "{key}");
    key
}

#[tokio::test]
async fn the_store_reads_certificates_and_keeps_those_in_use() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let made = certificate(&admin).await;
    let keys = "/api/v1/idps/credentials/keys";
    for bad in [json!({}), json!({ "x5c": [] }), json!({ "x5c": ["MIIB"] })] {
        let (status, refused) = admin.post(keys, bad).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (400, "E0000001"),
            "{refused}"
        );
    }
    let (status, key) = admin.post(keys, json!({ "x5c": made["x5c"] })).await;
    assert_eq!(status, 200, "{key}");
    for member in ["n", "e", "x5c", "x5t#S256"] {
        assert_eq!(key[member], made[member], "{member}");
    }
    let day = |key: &Value| key["expiresAt"].as_str().expect("a date")[..10].to_owned();
    assert_eq!(day(&key), day(&made));

    let own = format!("{keys}/{}", key["kid"].as_str().expect("a kid"));
    let other = certificate(&admin).await;
    let (status, replaced) = admin.put(&own, json!({ "x5c": other["x5c"] })).await;
    assert_eq!(status, 200, "{replaced}");
    assert_eq!(
        (&replaced["kid"], &replaced["n"]),
        (&key["kid"], &other["n"])
    );
    assert_eq!(admin.get(keys).await.1, json!([replaced]));

    let kid = key["kid"].as_str().expect("a kid");
    let saml = provider(&admin, "Partner", kid, true).await;
    assert_eq!(admin.bare("DELETE", &own).await.0, 400);
    assert_eq!(admin.bare("DELETE", &saml).await.0, 204);
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.get(&own).await.0, 404);
    for verb in ["create", "update", "delete"] {
        assert_eq!(
            admin.events(&format!("system.idp.key.{verb}")).await.len(),
            1
        );
    }
}

#[tokio::test]
async fn signing_keys_are_listed_generated_and_shared() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let first = provider(&admin, "First", "k", true).await;
    let second = provider(&admin, "Second", "k", true).await;
    let keys = format!("{first}/credentials/keys");
    let (_, object) = admin.get(&first).await;
    let active = &object["protocol"]["credentials"]["signing"]["kid"];
    let (_, listed) = admin.get(&keys).await;
    assert_eq!(listed[0]["kid"], *active);
    let (status, used) = admin.get(&format!("{keys}/active")).await;
    assert_eq!((status.as_u16(), &used), (200, &listed));

    assert_eq!(
        admin
            .bare("POST", &format!("{keys}/generate?validityYears=1"))
            .await
            .0,
        400
    );
    let (status, made) = admin
        .bare("POST", &format!("{keys}/generate?validityYears=3"))
        .await;
    assert_eq!(status, 201, "{made}");
    let own = format!("{keys}/{}", made["kid"].as_str().expect("a kid"));
    assert_eq!(admin.get(&own).await.1, made);
    assert_eq!(admin.get(&keys).await.1.as_array().map(Vec::len), Some(2));

    let share = format!(
        "{own}/clone?targetIdpId={}",
        second.rsplit('/').next().expect("an id")
    );
    let (status, shared) = admin.bare("POST", &share).await;
    assert_eq!((status.as_u16(), &shared), (201, &made));
    assert_eq!(admin.bare("POST", &share).await.0, 400);
    let there = format!(
        "{second}/credentials/keys/{}",
        made["kid"].as_str().expect("a kid")
    );
    assert_eq!(admin.get(&there).await.1, made);

    let mut body = object.clone();
    body["protocol"]["credentials"]["signing"]["kid"] = made["kid"].clone();
    assert_eq!(admin.put(&first, body).await.0, 200);
    let (_, used) = admin.get(&format!("{keys}/active")).await;
    assert_eq!(used, json!([made]));
}

#[tokio::test]
async fn links_are_seen_from_both_sides() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let saml = provider(&admin, "Partner", "k", true).await;
    let shifting = provider(&admin, "Shifting", "k", false).await;
    let ann = id(&admin.user("ann@example.com").await);
    let ben = id(&admin.user("ben@example.com").await);
    let link = |external: &str| json!({ "externalId": external });
    let own = format!("{saml}/users/{ann}");
    assert_eq!(admin.get(&own).await.0, 404);
    assert_eq!(admin.post(&own, json!({})).await.0, 400);
    assert_eq!(
        admin
            .post(&format!("{shifting}/users/{ann}"), link("x"))
            .await
            .0,
        400
    );
    let (status, linked) = admin.post(&own, link("x1")).await;
    assert_eq!(
        (status.as_u16(), &linked["externalId"]),
        (200, &json!("x1")),
        "{linked}"
    );
    assert_eq!(
        admin
            .post(&format!("{saml}/users/{ben}"), link("x1"))
            .await
            .0,
        400
    );
    assert_eq!(
        admin
            .post(&format!("{saml}/users/{ben}"), link("x2"))
            .await
            .0,
        200
    );

    let (_, listed) = admin
        .get(&format!("{saml}/users?limit=1&expand=user"))
        .await;
    assert_eq!(listed[0]["_embedded"]["user"]["id"], ann);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let of_user = format!("/api/v1/users/{ann}/idps");
    let (_, providers) = admin.get(&of_user).await;
    assert_eq!(providers, json!([admin.get(&saml).await.1]));
    assert_eq!(
        admin.get(&format!("{own}/credentials/tokens")).await.1,
        json!([])
    );

    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.bare("DELETE", &own).await.0, 404);
    assert_eq!(admin.get(&of_user).await.1, json!([]));
    for _ in 0..2 {
        admin.bare("DELETE", &format!("/api/v1/users/{ben}")).await;
    }
    assert_eq!(admin.get(&format!("{saml}/users")).await.1, json!([]));
}
