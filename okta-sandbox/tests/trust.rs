//! Who trusts whom: policies and what is mapped to them, apps that let other apps in.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

async fn client_app(admin: &Admin<'_>, label: &str) -> String {
    let app = json!({
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "client_secret_basic" } },
        "settings": { "oauthClient": {
            "application_type": "web", "grant_types": ["authorization_code"],
            "response_types": ["code"], "redirect_uris": ["https://a.example/back"],
        } },
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    id(&app)
}

async fn policy(admin: &Admin<'_>, kind: &str, name: &str) -> String {
    let body = json!({ "type": kind, "name": name, "description": name });
    let (status, policy) = admin.post("/api/v1/policies", body).await;
    assert_eq!(status, 200, "{policy}");
    id(&policy)
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(id).collect()
}

#[tokio::test]
async fn a_policys_apps_and_an_apps_policy_agree() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let app = client_app(&admin, "A").await;
    let strict = policy(&admin, "ACCESS_POLICY", "Strict").await;
    let apps = format!("/api/v1/policies/{strict}/app");
    let mappings = format!("/api/v1/policies/{strict}/mappings");
    assert_eq!(admin.get(&apps).await.1, json!([]));
    let of_app = format!("/api/v1/apps/{app}");
    let link = admin.get(&of_app).await.1["_links"]["accessPolicy"]["href"].clone();
    let default = link
        .as_str()
        .and_then(|href| href.rsplit('/').next())
        .expect("an id")
        .to_owned();
    let of_default = format!("/api/v1/policies/{default}/app");
    assert!(ids(&admin.get(&of_default).await.1).contains(&app));

    let password = policy(&admin, "PASSWORD", "Words").await;
    let wrong = format!("{of_app}/policies/{password}");
    assert_eq!(admin.bare("PUT", &wrong).await.0, 400);
    let assign = format!("{of_app}/policies/{strict}");
    assert_eq!(admin.bare("PUT", &assign).await.0, 204);
    assert_eq!(ids(&admin.get(&apps).await.1), std::slice::from_ref(&app));
    assert!(!ids(&admin.get(&of_default).await.1).contains(&app));
    let (_, listed) = admin.get(&mappings).await;
    let href = listed[0]["_links"]["application"]["href"]
        .as_str()
        .expect("a link");
    assert!(href.ends_with(&of_app), "{href}");
    let own = format!("{mappings}/{}", id(&listed[0]));
    assert_eq!(admin.get(&own).await.1, listed[0]);
    assert_eq!(admin.get(&format!("{mappings}/nothing")).await.0, 404);

    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.get(&mappings).await.1, json!([]));
    assert_eq!(
        admin.get(&of_app).await.1["_links"]["accessPolicy"]["href"],
        link
    );
    let (_, falls) = admin
        .get(&format!("/api/v1/policies/{default}/mappings"))
        .await;
    let stuck = format!("/api/v1/policies/{default}/mappings/{}", id(&falls[0]));
    assert_eq!(admin.bare("DELETE", &stuck).await.0, 400);
}

#[tokio::test]
async fn only_sign_on_policies_are_mapped_and_only_to_a_collector_of_signals() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let strict = policy(&admin, "ACCESS_POLICY", "Strict").await;
    let words = policy(&admin, "PASSWORD", "Words").await;
    let (_, collectors) = admin
        .get("/api/v1/policies?type=DEVICE_SIGNAL_COLLECTION")
        .await;
    let collector = match collectors[0]["id"].as_str() {
        Some(known) => known.to_owned(),
        None => policy(&admin, "DEVICE_SIGNAL_COLLECTION", "Signals").await,
    };
    let mappings = format!("/api/v1/policies/{collector}/mappings");
    let body = |kind: &str, id: &str| json!({ "resourceType": kind, "resourceId": id });
    assert_eq!(admin.post(&mappings, body("APP", &strict)).await.0, 400);
    assert_eq!(
        admin.post(&mappings, body("ACCESS_POLICY", &words)).await.0,
        400
    );
    assert_eq!(
        admin
            .post(&mappings, body("ACCESS_POLICY", "rstnone"))
            .await
            .0,
        404
    );
    let elsewhere = format!("/api/v1/policies/{words}/mappings");
    assert_eq!(
        admin
            .post(&elsewhere, body("ACCESS_POLICY", &strict))
            .await
            .0,
        400
    );
    let (status, mapping) = admin.post(&mappings, body("ACCESS_POLICY", &strict)).await;
    assert_eq!(status, 200, "{mapping}");
    assert_eq!(admin.get(&mappings).await.1, json!([mapping]));
    assert_eq!(
        admin
            .bare("DELETE", &format!("{mappings}/{}", id(&mapping)))
            .await
            .0,
        204
    );
    assert_eq!(admin.get(&mappings).await.1, json!([]));
}

#[tokio::test]
async fn both_apps_see_whom_they_let_in() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (target, guest) = (
        client_app(&admin, "Target").await,
        client_app(&admin, "Guest").await,
    );
    let allowed = format!("/api/v1/apps/{target}/interclient-allowed-apps");
    let targets = format!("/api/v1/apps/{guest}/interclient-target-apps");
    for bad in [
        json!({}),
        json!({ "id": "0oanone" }),
        json!({ "id": target }),
    ] {
        assert_eq!(admin.post(&allowed, bad).await.0, 400);
    }
    let (status, mapping) = admin.post(&allowed, json!({ "id": guest })).await;
    assert_eq!(status, 201, "{mapping}");
    assert_eq!(mapping["trustedAppInstanceId"], guest);
    assert_eq!(admin.post(&allowed, json!({ "id": guest })).await.0, 400);
    assert_eq!(admin.get(&allowed).await.1, json!([guest]));
    assert_eq!(admin.get(&targets).await.1, json!([target]));
    assert_eq!(
        admin.bare("DELETE", &format!("{allowed}/{guest}")).await.0,
        204
    );
    assert_eq!(
        admin.bare("DELETE", &format!("{allowed}/{guest}")).await.0,
        404
    );
    assert_eq!(admin.get(&targets).await.1, json!([]));

    let connections = |app: &str| format!("/api/v1/apps/{app}/cwo/connections");
    let (from, to) = (connections(&guest), connections(&target));
    let ends =
        |a: &str, b: &str| json!({ "requestingAppInstanceId": a, "resourceAppInstanceId": b });
    assert_eq!(admin.post(&from, ends(&guest, &guest)).await.0, 400);
    assert_eq!(admin.post(&from, ends("0oanone", &target)).await.0, 400);
    let (status, made) = admin.post(&from, ends(&guest, &target)).await;
    assert_eq!(
        (status.as_u16(), &made["status"]),
        (201, &json!("ACTIVE")),
        "{made}"
    );
    assert_eq!(admin.post(&to, ends(&guest, &target)).await.0, 400);
    assert_eq!(admin.get(&to).await.1, json!([made]));
    let own = format!("{to}/{}", id(&made));
    let off = json!({ "status": "INACTIVE" });
    let (status, _) = answer(admin.request("PATCH", &own).json(&off)).await;
    assert_eq!(status, 200);
    assert_eq!(
        admin.get(&format!("{from}?status=ACTIVE")).await.1,
        json!([])
    );
    assert_eq!(
        admin.get(&format!("{from}?resourceAppId={target}")).await.1[0]["status"],
        "INACTIVE"
    );
    let third = client_app(&admin, "Third").await;
    assert_eq!(
        admin
            .get(&format!("{}/{}", connections(&third), id(&made)))
            .await
            .0,
        404
    );
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    assert_eq!(admin.get(&from).await.1, json!([]));
}
