//! Identity sources: sessions, bulk data, imports, and their users and groups one by one.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

/// The path of a new identity source.
async fn source(admin: &Admin<'_>) -> (String, String) {
    let app = json!({
        "name": "custom_identity_source", "label": "Payroll", "signOnMode": "BROWSER_PLUGIN",
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    let id = id(&app);
    (format!("/api/v1/identity-sources/{id}"), id)
}

async fn session(admin: &Admin<'_>, source: &str) -> String {
    let sessions = format!("{source}/sessions");
    let (status, session) = admin.bare("POST", &sessions).await;
    assert_eq!(status, 201, "{session}");
    assert_eq!(session["status"], "CREATED");
    format!("{sessions}/{}", id(&session))
}

fn person(external: &str, name: &str) -> Value {
    let mail = format!("{name}@example.com");
    json!({ "externalId": external, "profile": {
        "userName": mail, "email": mail, "firstName": name, "lastName": "Payroll",
    } })
}

async fn load(admin: &Admin<'_>, session: &str, what: &str, body: Value) {
    let (status, answer) = admin.post(&format!("{session}/{what}"), body).await;
    assert_eq!((status.as_u16(), &answer), (202, &Value::Null), "{what}");
}

/// Starts the import and reads until it is over; the statuses seen.
async fn import(admin: &Admin<'_>, session: &str) -> Vec<String> {
    let (status, started) = admin.bare("POST", &format!("{session}/start-import")).await;
    assert_eq!(status, 200, "{started}");
    let mut seen = vec![started["status"].as_str().expect("a status").to_owned()];
    for _ in 0..5 {
        let (_, session) = admin.get(session).await;
        let status = session["status"].as_str().expect("a status").to_owned();
        assert!(session.get("~toCome").is_none());
        if seen.last() != Some(&status) {
            seen.push(status);
        }
    }
    seen
}

#[tokio::test]
async fn imports_create_update_and_deactivate_the_orgs_users() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (source, app) = source(&admin).await;
    // Who has the login already is taken over.
    let old = id(&admin.user("ben@example.com").await);

    let first = session(&admin, &source).await;
    let mut people = vec![person("e1", "ann"), person("e2", "ben")];
    people.push(json!({ "externalId": "e3", "profile": { "userName": "nomail@example.com" } }));
    let upload = json!({ "entityType": "USERS", "profiles": people });
    load(&admin, &first, "bulk-upsert", upload).await;
    assert_eq!(admin.get("/api/v1/users/ann@example.com").await.0, 404);
    let seen = import(&admin, &first).await;
    assert_eq!(seen, ["TRIGGERED", "IN_PROGRESS", "COMPLETED"]);

    let (_, ann) = admin.get("/api/v1/users/ann@example.com").await;
    assert_eq!(ann["status"], "PROVISIONED");
    let (_, ben) = admin.get(&format!("/api/v1/users/{old}")).await;
    assert_eq!(ben["profile"]["lastName"], "Payroll");
    let (_, assigned) = admin
        .get(&format!("/api/v1/apps/{app}/users/{}", id(&ann)))
        .await;
    assert_eq!(
        (&assigned["externalId"], &assigned["syncState"]),
        (&json!("e1"), &json!("SYNCHRONIZED"))
    );
    let (status, shown) = admin.get(&format!("{source}/users/e1")).await;
    assert_eq!(status, 200, "{shown}");
    assert_eq!(shown["profile"]["mobilePhone"], Value::Null);
    assert!(id(&shown).starts_with("0ua") && shown.get("~user").is_none());
    let created = admin.events("system.import.user.create").await;
    let results: Vec<&Value> = created.iter().map(|e| &e["outcome"]["result"]).collect();
    assert_eq!(results, ["SUCCESS", "SUCCESS", "FAILURE"]);
    assert_eq!(admin.events("user.lifecycle.create").await.len(), 2);

    let second = session(&admin, &source).await;
    let change = json!([{ "externalId": "e1", "profile": { "firstName": "Anna" } }]);
    load(
        &admin,
        &second,
        "bulk-upsert",
        json!({ "profiles": change }),
    )
    .await;
    let gone = json!([{ "externalId": "e2" }, { "externalId": "unknown" }]);
    load(
        &admin,
        &second,
        "bulk-delete",
        json!({ "entityType": "USERS", "profiles": gone }),
    )
    .await;
    import(&admin, &second).await;
    let (_, ann) = admin.get(&format!("/api/v1/users/{}", id(&ann))).await;
    assert_eq!(ann["profile"]["firstName"], "Anna");
    let (_, ben) = admin.get(&format!("/api/v1/users/{old}")).await;
    assert_eq!(ben["status"], "DEPROVISIONED");
    assert_eq!(admin.get(&format!("{source}/users/e2")).await.0, 404);
    assert_eq!(admin.events("system.import.user.delete").await.len(), 1);

    // Who was deactivated comes back.
    let third = session(&admin, &source).await;
    load(
        &admin,
        &third,
        "bulk-upsert",
        json!({ "profiles": [person("e2", "ben")] }),
    )
    .await;
    import(&admin, &third).await;
    let (_, ben) = admin.get(&format!("/api/v1/users/{old}")).await;
    assert_eq!(ben["status"], "ACTIVE");
}

#[tokio::test]
async fn imports_bring_groups_and_their_members() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (source, app) = source(&admin).await;
    let first = session(&admin, &source).await;
    load(
        &admin,
        &first,
        "bulk-upsert",
        json!({ "profiles": [person("e1", "ann"), person("e2", "ben")] }),
    )
    .await;
    let groups = json!([{ "externalId": "g1", "profile": { "displayName": "West", "description": "Coast" } }]);
    load(
        &admin,
        &first,
        "bulk-groups-upsert",
        json!({ "profiles": groups }),
    )
    .await;
    let members = json!([{ "groupExternalId": "g1", "memberExternalIds": ["e1", "e2", "e9"] }]);
    load(
        &admin,
        &first,
        "bulk-group-memberships-upsert",
        json!({ "memberships": members }),
    )
    .await;
    import(&admin, &first).await;

    let (status, shown) = admin.get(&format!("{source}/groups/g1")).await;
    assert_eq!(status, 200, "{shown}");
    assert_eq!(
        shown["profile"],
        json!({ "displayName": "West", "description": "Coast" })
    );
    let group = id(&shown);
    let (_, own) = admin.get(&format!("/api/v1/groups/{group}")).await;
    assert_eq!(
        (&own["type"], &own["source"]["id"]),
        (&json!("APP_GROUP"), &json!(app))
    );
    let (_, people) = admin.get(&format!("/api/v1/groups/{group}/users")).await;
    assert_eq!(people.as_array().map(Vec::len), Some(2));
    let by_id = format!("{source}/groups/{group}/membership");
    assert_eq!(
        admin.get(&by_id).await.1,
        json!({ "memberExternalIds": ["e1", "e2"] })
    );

    let second = session(&admin, &source).await;
    let leaving = json!([{ "groupExternalId": "g1", "memberExternalIds": ["e2"] }]);
    load(
        &admin,
        &second,
        "bulk-group-memberships-delete",
        json!({ "memberships": leaving }),
    )
    .await;
    import(&admin, &second).await;
    assert_eq!(
        admin.get(&by_id).await.1,
        json!({ "memberExternalIds": ["e1"] })
    );

    let third = session(&admin, &source).await;
    load(
        &admin,
        &third,
        "bulk-groups-delete",
        json!({ "externalIds": ["g1"] }),
    )
    .await;
    import(&admin, &third).await;
    assert_eq!(admin.get(&format!("/api/v1/groups/{group}")).await.0, 404);
    assert_eq!(admin.events("system.import.group.delete").await.len(), 1);
}

#[tokio::test]
async fn a_session_is_loaded_only_while_it_is_open() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (source, _) = source(&admin).await;
    let (_, apps) = admin.get("/api/v1/apps").await;
    let other = format!("/api/v1/identity-sources/{}/sessions", id(&apps[0]));
    assert_eq!(admin.bare("POST", &other).await.0, 400);

    let first = session(&admin, &source).await;
    let (status, refused) = admin.bare("POST", &format!("{source}/sessions")).await;
    assert_eq!((status.as_u16(), code(&refused)), (400, "E0000001"));
    let upsert = format!("{first}/bulk-upsert");
    let many: Vec<Value> = (0..201).map(|n| person(&n.to_string(), "x")).collect();
    let long = "x".repeat(513);
    for bad in [
        json!({}),
        json!({ "profiles": [] }),
        json!({ "profiles": many }),
        json!({ "entityType": "GROUPS", "profiles": [person("e", "x")] }),
        json!({ "profiles": [{ "profile": {} }] }),
        json!({ "profiles": [person(&long, "x")] }),
        json!({ "profiles": [{ "externalId": "e", "profile": { "badge": 9 } }] }),
    ] {
        let (status, refused) = admin.post(&upsert, bad).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (400, "E0000001"),
            "{refused}"
        );
    }
    for n in 0..50 {
        let name = format!("p{n}");
        load(
            &admin,
            &first,
            "bulk-upsert",
            json!({ "profiles": [person(&name, &name)] }),
        )
        .await;
    }
    let (status, _) = admin
        .post(&upsert, json!({ "profiles": [person("e", "x")] }))
        .await;
    assert_eq!(status, 400);

    assert_eq!(admin.bare("DELETE", &first).await.0, 204);
    assert_eq!(admin.get(&first).await.1["status"], "CLOSED");
    assert_eq!(
        admin.bare("POST", &format!("{first}/start-import")).await.0,
        400
    );
    assert_eq!(admin.bare("DELETE", &first).await.0, 400);
    assert_eq!(admin.get("/api/v1/users/p0@example.com").await.0, 404);

    let second = session(&admin, &source).await;
    let day = json!({ "advanceSeconds": 24 * 3600 + 1 });
    assert_eq!(admin.post("/_sandbox/clock", day).await.0, 200);
    assert_eq!(admin.get(&second).await.1["status"], "EXPIRED");
    assert_eq!(admin.events("system.import.session.expired").await.len(), 1);
    session(&admin, &source).await;
}

#[tokio::test]
async fn users_and_groups_one_by_one() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (source, _) = source(&admin).await;
    let users = format!("{source}/users");
    let (status, answer) = admin.post(&users, person("e1", "ann")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(admin.post(&users, person("e1", "ann")).await.0, 400);
    let own = format!("{users}/e1");
    let patch = json!({ "profile": { "mobilePhone": "1" } });
    let (status, changed) = answer_of(&admin, "PATCH", &own, patch).await;
    assert_eq!(
        (status, &changed["profile"]["mobilePhone"]),
        (200, &json!("1"))
    );
    assert_eq!(changed["profile"]["firstName"], "ann");
    let whole = json!({ "externalId": "e1", "profile": { "userName": "ann@example.com", "email": "new@example.com" } });
    let (status, changed) = admin.put(&own, whole).await;
    assert_eq!(status, 400, "the org's schema wants names: {changed}");
    let (status, changed) = admin.put(&own, person("e1", "anna")).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["profile"]["mobilePhone"], Value::Null);
    let (_, user) = admin.get("/api/v1/users/anna@example.com").await;
    assert_eq!(user["profile"]["mobilePhone"], Value::Null);

    let groups = format!("{source}/groups");
    let group = json!({ "externalId": "g1", "profile": { "displayName": "West" } });
    let (status, group) = admin.post(&groups, group).await;
    assert_eq!(status, 200, "{group}");
    let membership = format!("{groups}/g1/membership");
    let joins = |member: &str| json!({ "memberExternalId": member });
    assert_eq!(admin.post(&membership, joins("e1")).await.0, 204);
    assert_eq!(admin.post(&membership, joins("e2")).await.0, 404);
    let of_group = format!("/api/v1/groups/{}/users", id(&group));
    assert_eq!(admin.get(&of_group).await.1[0]["id"], user["id"]);
    assert_eq!(
        admin.bare("DELETE", &format!("{membership}/e1")).await.0,
        204
    );
    assert_eq!(admin.get(&of_group).await.1, json!([]));

    let renamed = json!({ "profile": { "displayName": "East" } });
    let (_, renamed) = admin.post(&format!("{groups}/g1"), renamed).await;
    assert_eq!(renamed["profile"]["displayName"], "East");
    assert_eq!(admin.bare("DELETE", &format!("{groups}/g1")).await.0, 204);
    assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    let (_, user) = admin.get(&format!("/api/v1/users/{}", id(&user))).await;
    assert_eq!(user["status"], "DEPROVISIONED");
    assert_eq!(admin.get(&own).await.0, 404);
    for event in ["create", "update", "delete"] {
        for kind in ["user", "group"] {
            let event = format!("system.identity_sources.{kind}.{event}");
            assert!(!admin.events(&event).await.is_empty(), "{event}");
        }
    }
}

async fn answer_of(admin: &Admin<'_>, method: &str, path: &str, body: Value) -> (u16, Value) {
    let (status, body) = answer(admin.request(method, path).json(&body)).await;
    (status.as_u16(), body)
}
