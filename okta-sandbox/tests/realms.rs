//! Realms: who may live where, which assignments lead there, and operations that move users.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

const ASSIGNMENTS: &str = "/api/v1/realm-assignments";
const OPERATIONS: &str = "/api/v1/realm-assignments/operations";

async fn realm(admin: &Admin<'_>, name: &str, domains: Value) -> String {
    let body = json!({ "profile": { "name": name, "domains": domains } });
    let (status, realm) = admin.post("/api/v1/realms", body).await;
    assert_eq!(status, 200, "{realm}");
    id(&realm)
}

async fn org_id(admin: &Admin<'_>) -> String {
    id(&admin.get("/.well-known/okta-organization").await.1)
}

fn assignment(name: &str, source: &str, realm: &str, expression: &str, priority: Value) -> Value {
    let mut body = json!({
        "name": name, "actions": { "assignUserToRealm": { "realmId": realm } },
        "conditions": { "profileSourceId": source, "expression": { "value": expression } },
    });
    if !priority.is_null() {
        body["priority"] = priority;
    }
    body
}

async fn assign(admin: &Admin<'_>, body: Value) -> String {
    let (status, made) = admin.post(ASSIGNMENTS, body).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["status"], "INACTIVE");
    let own = format!("{ASSIGNMENTS}/{}", id(&made));
    assert_eq!(
        admin
            .bare("POST", &format!("{own}/lifecycle/activate"))
            .await
            .0,
        204
    );
    own
}

async fn realm_of(admin: &Admin<'_>, user: &str) -> Value {
    admin.get(&format!("/api/v1/users/{user}")).await.1["realmId"].clone()
}

#[tokio::test]
async fn an_operation_moves_the_users_that_its_assignment_decides_on() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let org = org_id(&admin).await;
    let (ann, ben) = (
        id(&admin.user("ann@cars.example").await),
        id(&admin.user("ben@boats.example").await),
    );
    let (cars, rest) = (
        realm(&admin, "Cars", json!([])).await,
        realm(&admin, "Rest", json!([])).await,
    );
    let expression = r#"user.profile.login.endsWith("@cars.example")"#;
    let general = assign(&admin, assignment("All", &org, &rest, "", json!(20))).await;
    let special = assign(
        &admin,
        assignment("Cars", &org, &cars, expression, json!(10)),
    )
    .await;

    let run = |own: &str| json!({ "assignmentId": own.rsplit('/').next() });
    let (status, operation) = admin.post(OPERATIONS, run(&special)).await;
    assert_eq!(status, 201, "{operation}");
    assert_eq!(
        (&operation["status"], &operation["realmName"]),
        (&json!("SCHEDULED"), &json!("Cars"))
    );
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (_, listed) = admin.get(OPERATIONS).await;
        seen.push((
            listed[0]["status"].clone(),
            listed[0]["numUserMoved"].clone(),
        ));
    }
    let expected = [("SCHEDULED", 0), ("IN_PROGRESS", 0), ("COMPLETED", 1)];
    assert_eq!(
        seen,
        expected.map(|(status, moved)| (json!(status), json!(moved)))
    );
    assert_eq!(realm_of(&admin, &ann).await, cars);

    // Who a more important assignment takes is not moved by another.
    assert_eq!(admin.post(OPERATIONS, run(&general)).await.0, 201);
    assert_eq!(realm_of(&admin, &ann).await, cars);
    assert_eq!(realm_of(&admin, &ben).await, rest);
    let moves = admin.events("user.realm.update").await;
    assert!(moves.len() >= 2, "{moves:?}");
    assert_eq!(
        admin
            .events("directory.realm.assignment.execution_completed")
            .await
            .len(),
        2
    );

    // New users go where the assignments say.
    let cleo = id(&admin.user("cleo@cars.example").await);
    assert_eq!(realm_of(&admin, &cleo).await, cars);

    let off = format!("{special}/lifecycle/deactivate");
    assert_eq!(admin.bare("DELETE", &special).await.0, 400);
    assert_eq!(admin.bare("POST", &off).await.0, 204);
    assert_eq!(admin.post(OPERATIONS, run(&special)).await.0, 400);
    assert_eq!(admin.bare("DELETE", &special).await.0, 204);
}

#[tokio::test]
async fn assignments_have_places_of_their_own() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let org = org_id(&admin).await;
    let home = realm(&admin, "Home", json!([])).await;
    for bad in [
        assignment("", &org, &home, "", json!(1)),
        assignment("A", &org, "guonone", "", json!(1)),
        assignment("A", &org, &home, "user.profile.login ==", json!(1)),
        assignment("A", &org, &home, "", json!(499)),
        assignment("A", &org, &home, "", json!(-1)),
    ] {
        let (status, refused) = admin.post(ASSIGNMENTS, bad).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (400, "E0000001"),
            "{refused}"
        );
    }
    for (name, priority) in [
        ("A", json!(5)),
        ("B", json!(6)),
        ("C", json!(5)),
        ("D", Value::Null),
    ] {
        let body = assignment(name, &org, &home, "", priority);
        assert_eq!(admin.post(ASSIGNMENTS, body).await.0, 200);
    }
    let (_, listed) = admin.get(ASSIGNMENTS).await;
    let places: Vec<(&str, i64)> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["name"].as_str().expect("a name"),
                one["priority"].as_i64().expect("a number"),
            )
        })
        .collect();
    let last = ("Catch-all realm assignment", 499);
    assert_eq!(places, [("C", 5), ("A", 6), ("B", 7), ("D", 8), last]);

    let catch_all = format!("{ASSIGNMENTS}/{}", id(&listed[4]));
    assert_eq!(admin.bare("DELETE", &catch_all).await.0, 403);
    assert_eq!(
        admin
            .bare("POST", &format!("{catch_all}/lifecycle/deactivate"))
            .await
            .0,
        403
    );
    let moved = assignment("D", &org, &home, "", json!(6));
    let (status, moved) = admin
        .put(&format!("{ASSIGNMENTS}/{}", id(&listed[3])), moved)
        .await;
    assert_eq!(
        (status.as_u16(), &moved["priority"]),
        (200, &json!(6)),
        "{moved}"
    );
    let (_, listed) = admin.get(&format!("{ASSIGNMENTS}?limit=3")).await;
    let names: Vec<&Value> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["C", "D", "A"]);
}

#[tokio::test]
async fn a_realm_keeps_its_domains_and_goes_only_when_it_is_empty() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let odd = json!({ "profile": { "name": "Odd", "domains": ["a/b"] } });
    assert_eq!(admin.post("/api/v1/realms", odd).await.0, 400);
    let cars = realm(&admin, "Cars", json!(["cars.example"])).await;
    let person = |login: &str| {
        let profile = json!({ "login": login, "email": login, "firstName": "A", "lastName": "B" });
        json!({ "profile": profile, "realmId": cars })
    };
    assert_eq!(
        admin
            .post("/api/v1/users", person("ann@boats.example"))
            .await
            .0,
        400
    );
    let (status, ann) = admin
        .post("/api/v1/users", person("ann@cars.example"))
        .await;
    assert_eq!((status.as_u16(), &ann["realmId"]), (200, &json!(cars)));
    let own = format!("/api/v1/users/{}", id(&ann));
    let away = json!({ "profile": { "email": "ann@boats.example" } });
    assert_eq!(admin.post(&own, away).await.0, 400);

    let path = format!("/api/v1/realms/{cars}");
    assert_eq!(admin.bare("DELETE", &path).await.0, 400);
    let (_, realms) = admin.get("/api/v1/realms").await;
    let default = realms
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["isDefault"] == true);
    let default = default.expect("a default realm");
    let (status, moved) = admin.post(&own, json!({ "realmId": default["id"] })).await;
    assert_eq!((status.as_u16(), &moved["realmId"]), (200, &default["id"]));
    assert_eq!(admin.bare("DELETE", &path).await.0, 204);
    let default = format!("/api/v1/realms/{}", id(default));
    assert_eq!(admin.bare("DELETE", &default).await.0, 403);
}
