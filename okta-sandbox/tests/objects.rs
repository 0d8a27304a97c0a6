//! Groups, rules, apps, assignments and seeding.

mod common;

use common::*;
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::{Value, json};

#[tokio::test]
async fn groups_hand_their_apps_to_members() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let group = admin.group("Sales").await;
    assert_eq!(
        admin
            .post("/api/v1/groups", json!({ "profile": { "name": "sales" } }))
            .await
            .0,
        400
    );
    let user = id(&admin.user("ada@example.com").await);
    let body = json!({ "signOnMode": "BOOKMARK", "label": "B", "settings": { "app": { "url": "https://b.example.com" } } });
    let app = id(&admin.post("/api/v1/apps", body).await.1);
    let (status, assigned) = admin
        .put(&format!("/api/v1/apps/{app}/groups/{group}"), json!({}))
        .await;
    assert_eq!((status.as_u16(), &assigned["priority"]), (200, &json!(0)));

    let member = format!("/api/v1/groups/{group}/users/{user}");
    assert_eq!(admin.bare("PUT", &member).await.0, 204);
    assert_eq!(admin.bare("PUT", &member).await.0, 204, "twice is once");
    let app_user = format!("/api/v1/apps/{app}/users/{user}");
    assert_eq!(admin.get(&app_user).await.1["scope"], "GROUP");
    assert_eq!(admin.bare("DELETE", &app_user).await.0, 403);
    assert_eq!(admin.bare("DELETE", &member).await.0, 204);
    assert_eq!(admin.get(&app_user).await.0, 404);
    assert_eq!(admin.events("group.user_membership.add").await.len(), 1);
    assert_eq!(
        admin
            .events("application.user_membership.remove")
            .await
            .len(),
        1
    );

    let (_, everyone) = admin.get("/api/v1/groups?q=Everyone").await;
    let everyone = id(&everyone[0]);
    assert_eq!(
        admin
            .bare("DELETE", &format!("/api/v1/groups/{everyone}"))
            .await
            .0,
        403
    );
    let (_, members) = admin.get(&format!("/api/v1/groups/{everyone}/users")).await;
    assert_eq!(members.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn group_rules_add_members() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let group = admin.group("Osaka").await;
    let user = admin.user("ada@example.com").await;
    let rule = json!({
        "type": "group_rule", "name": "Osaka",
        "conditions": { "expression": { "type": "urn:okta:expression:1.0", "value": "user.city==\"Osaka\"" } },
        "actions": { "assignUserToGroups": { "groupIds": [group] } },
    });
    let (_, rule) = admin.post("/api/v1/groups/rules", rule).await;
    assert_eq!(rule["status"], "INACTIVE");
    let path = format!("/api/v1/groups/rules/{}", id(&rule));
    assert_eq!(
        admin
            .bare("POST", &format!("{path}/lifecycle/activate"))
            .await
            .0,
        204
    );
    let members = async || admin.get(&format!("/api/v1/groups/{group}/users")).await.1;
    assert_eq!(members().await, json!([]));
    admin
        .post(
            &format!("/api/v1/users/{}", id(&user)),
            json!({ "profile": { "city": "Osaka" } }),
        )
        .await;
    assert_eq!(members().await.as_array().map(Vec::len), Some(1));
    assert_eq!(
        admin.put(&path, rule.clone()).await.0,
        400,
        "an active rule is not edited"
    );
    assert_eq!(
        admin
            .bare("POST", &format!("{path}/lifecycle/deactivate"))
            .await
            .0,
        204
    );
    let (status, body) = admin.bare("DELETE", &path).await;
    assert_eq!((status.as_u16(), body), (202, json!({})));
}

#[tokio::test]
async fn apps_get_the_defaults_of_their_sign_on_mode() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let make = async |body: Value| {
        let (status, app) = admin.post("/api/v1/apps", body).await;
        assert_eq!(status, 200, "{app}");
        app
    };
    let saml = make(json!({ "signOnMode": "SAML_2_0", "label": "My App" })).await;
    assert_eq!(saml["name"], "sandbox_myapp_1");
    assert!(
        saml["_links"].get("metadata").is_some()
            && saml["credentials"]["signing"]["kid"].is_string()
    );
    let oidc =
        make(json!({ "signOnMode": "OPENID_CONNECT", "label": "O", "name": "oidc_client" })).await;
    assert!(oidc["credentials"]["oauthClient"]["client_secret"].is_string());
    let path = format!("/api/v1/apps/{}", id(&oidc));
    let (_, read) = admin.get(&path).await;
    assert!(
        read["credentials"]["oauthClient"]
            .get("client_secret")
            .is_none()
    );
    let (status, body) = admin.bare("DELETE", &path).await;
    assert_eq!((status.as_u16(), common::code(&body)), (403, "E0000056"));
    assert_eq!(
        admin
            .bare("POST", &format!("{path}/lifecycle/deactivate"))
            .await,
        (reqwest::StatusCode::OK, json!({}))
    );
    assert_eq!(admin.bare("DELETE", &path).await.0, 204);
    let (status, body) = admin.get(&path).await;
    assert_eq!(status, 404);
    assert!(
        body["errorSummary"]
            .as_str()
            .expect("text")
            .ends_with("(AppInstance)")
    );
}

#[tokio::test]
async fn real_objects_are_kept_as_they_are() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = json!({
        "id": "00uabcdefghijklmno1d7", "status": "ACTIVE", "surprise": { "x": [1, null] },
        "profile": { "login": "real@example.com", "email": "real@example.com", "shoeSize": 38, "nothing": null },
        "type": { "id": "otyx" }, "credentials": {},
    });
    let app = json!({
        "id": "0oaabcdefghijklmno1d7", "label": "Odd", "name": "odd", "status": "ACTIVE", "signOnMode": null,
        "settings": { "app": { "odd": true } }, "licensing": { "seatCount": 3 },
    });
    let group = json!({ "id": "00gabcdefghijklmno1d7", "type": "APP_GROUP", "objectClass": ["okta:windows"],
        "profile": { "name": "AD", "objectSid": "S-1" }, "source": { "id": "0oaabcdefghijklmno1d7" } });
    sandbox
        .seed_objects([user.clone(), app.clone(), group])
        .expect("understood");
    let (_, mut read) = admin.get("/api/v1/users/real@example.com").await;
    let members = read.as_object_mut().expect("an object");
    // What the org itself says of any user: links, and the realm, which is the default one unless told.
    members.remove("_links");
    let (_, realms) = admin.get("/api/v1/realms").await;
    assert_eq!(members.remove("realmId").as_ref(), realms.pointer("/0/id"));
    assert_eq!(read, user);
    let (_, mut read) = admin.get("/api/v1/apps/0oaabcdefghijklmno1d7").await;
    read.as_object_mut().expect("an object").remove("_links");
    assert_eq!(read, app);
    let (_, read) = admin.get("/api/v1/groups/00gabcdefghijklmno1d7").await;
    assert_eq!(read["profile"]["objectSid"], "S-1");
    assert!(sandbox.seed_objects([json!({ "id": "x" })]).is_err());
}

#[tokio::test]
async fn a_seed_makes_the_same_org_again() {
    let people = || SeedOrg {
        users: 40,
        groups: 4,
        apps: 5,
        random_seed: 7,
        ..SeedOrg::default()
    };
    let mut orgs = Vec::new();
    for _ in 0..2 {
        let sandbox = Sandbox::builder()
            .seed(people())
            .start()
            .await
            .expect("starts");
        let admin = Admin::new(&sandbox);
        let (_, users) = admin
            .get("/api/v1/users?search=profile.badgeNumber+pr")
            .await;
        let ids: Vec<(String, Value)> = users
            .as_array()
            .expect("a list")
            .iter()
            .map(|u| (id(u), u["profile"].clone()))
            .collect();
        let (_, apps) = admin.get("/api/v1/apps?q=App").await;
        let apps: Vec<String> = apps.as_array().expect("a list").iter().map(id).collect();
        orgs.push((ids, apps));
    }
    assert_eq!(orgs[0], orgs[1]);
    assert_eq!((orgs[0].0.len(), orgs[0].1.len()), (40, 5));
}

#[tokio::test]
async fn thousands_of_users_are_seeded_fast() {
    let sandbox = Sandbox::start().await.expect("starts");
    let begun = std::time::Instant::now();
    sandbox.seed(SeedOrg {
        users: 5000,
        groups: 50,
        apps: 10,
        ..SeedOrg::default()
    });
    // Unoptimised, on a busy machine; optimised it takes a small fraction of this.
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn lists_refuse_what_they_cannot_filter_by() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ask = |path: &str, name: &str, value: &str| {
        let mut url = url::Url::parse(&format!("{}{path}", sandbox.url())).expect("a URL");
        url.query_pairs_mut().append_pair(name, value);
        url.to_string()
    };
    for (path, name, value, code) in [
        (
            "/api/v1/users",
            "search",
            r#"status ne "ACTIVE""#,
            "E0000031",
        ),
        (
            "/api/v1/users",
            "filter",
            r#"profile.city eq "Oslo""#,
            "E0000031",
        ),
        (
            "/api/v1/users",
            "filter",
            r#"lastUpdated gt "yesterday""#,
            "E0000030",
        ),
        (
            "/api/v1/groups",
            "filter",
            r#"profile.name eq "a""#,
            "E0000031",
        ),
        (
            "/api/v1/groups",
            "search",
            r#"lastUpdated lt "1""#,
            "E0000030",
        ),
        ("/api/v1/apps", "filter", r#"label eq "a""#, "E0000031"),
        ("/api/v1/devices", "search", "status", "E0000031"),
        ("/api/v1/logs", "filter", "eventType", "E0000053"),
    ] {
        let (status, body) = admin.get(&ask(path, name, value)).await;
        assert_eq!(
            (status.as_u16(), common::code(&body)),
            (400, code),
            "{path} {name} {value}"
        );
    }
    let (_, zones) = admin
        .get(&ask("/api/v1/zones", "filter", r#"usage eq "BLOCKLIST""#))
        .await;
    assert_eq!(zones.as_array().expect("a list").len(), 1);
    let (_, brands) = admin.get("/api/v1/brands?q=sand").await;
    assert_eq!(brands.as_array().expect("a list").len(), 1);
    let (_, none) = admin.get("/api/v1/brands?q=nothing").await;
    assert_eq!(none, json!([]));
}
