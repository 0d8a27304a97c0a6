//! Accounts of apps and of users.

use serde_json::{Value, json};

use crate::bench::{Bench, ok};
use crate::json::text;

const APPS: &str = "/privileged-access/api/v1/service-accounts";
const USERS: &str = "/privileged-access/api/v1/okta-service-accounts";

fn events(bench: &Bench, kind: &str) -> usize {
    let org = bench.shared.org();
    let all = org.log.placed();
    all.filter(|(_, event)| event["eventType"] == kind).count()
}

fn kept(bench: &Bench) -> Value {
    let org = bench.shared.org();
    org.shelves[APPS].values().cloned().collect()
}

fn app(bench: &Bench, label: &str) -> Value {
    let body = json!({ "name": "bookmark", "label": label, "signOnMode": "BOOKMARK",
        "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } });
    ok(bench.call("POST", "/api/v1/apps", Some(&body)))
}

#[test]
fn accounts_of_apps() {
    let bench = Bench::new();
    let (wiki, other) = (app(&bench, "Wiki"), app(&bench, "Other"));
    let me = bench.shared.org().admin.clone();
    let body = |app: &Value, username: &str| {
        json!({ "name": "Backup 1", "containerOrn": app["orn"], "username": username,
            "password": "Secret-1234", "ownerUserIds": [me] })
    };
    let post = |body: &Value| bench.call("POST", APPS, Some(body));
    let made = ok(post(&body(&wiki, "backup")));
    assert_eq!(
        (
            &made["status"],
            &made["statusDetail"],
            &made["containerInstanceName"]
        ),
        (&json!("UNSECURED"), &json!("STAGED"), &json!("Wiki"))
    );
    assert_eq!(text(&made, "/id").len(), 36);
    assert!(made.get("password").is_none());
    assert!(!kept(&bench).to_string().contains("Secret-1234"));
    ok(post(&body(&other, "backup")));
    let code = |body: &Value| {
        let (status, refused) = post(body);
        (status, text(&refused, "/errorCode").to_owned())
    };
    assert_eq!(
        code(&body(&wiki, "backup")),
        (400, "E0000001".to_owned()),
        "taken"
    );
    let with = |member: &str, value: Value| {
        let mut changed = body(&wiki, "more");
        changed[member] = value;
        changed
    };
    assert_eq!(code(&with("name", json!("a/b"))).0, 400);
    assert_eq!(code(&with("password", Value::Null)).0, 400);
    assert_eq!(code(&with("ownerUserIds", json!(["00uNone"]))).0, 400);
    assert_eq!(code(&with("ownerGroupIds", json!(["00gNone"]))).0, 400);
    assert_eq!(
        code(&with(
            "containerOrn",
            json!("orn:okta:idp:00o1:apps:x:0oaNone")
        ))
        .0,
        404
    );

    let own = format!("{APPS}/{}", text(&made, "/id"));
    bench.shared.org().clock.advance(60);
    let change = json!({ "description": "Nightly", "username": "other" });
    let changed = ok(bench.call("PATCH", &own, Some(&change)));
    assert_eq!(
        (&changed["description"], &changed["username"]),
        (&json!("Nightly"), &json!("backup"))
    );
    assert_ne!(changed["lastUpdated"], made["lastUpdated"]);
    ok(bench.call("PATCH", &own, Some(&change)));
    let found = |wanted: &str| {
        let path = format!("{APPS}?match={wanted}");
        ok(bench.call("GET", &path, None))
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!((found("wik"), found("BACKUP"), found("nothing")), (1, 2, 0));
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    assert_eq!(bench.call("GET", &own, None).0, 404);
    for (verb, count) in [("create", 2), ("update", 1), ("delete", 1)] {
        assert_eq!(
            events(&bench, &format!("pam.service_account.{verb}")),
            count,
            "{verb}"
        );
    }
}

#[test]
fn accounts_of_users() {
    let bench = Bench::new();
    let profile = json!({ "firstName": "Svc", "lastName": "One", "email": "svc@example.com",
        "login": "svc@example.com" });
    let user =
        json!({ "profile": profile, "credentials": { "password": { "value": "Abcd-1234" } } });
    let user = ok(bench.call("POST", "/api/v1/users?activate=true", Some(&user)));
    let id = text(&user, "/id");
    let body = |user: &str| json!({ "name": "Sync", "oktaUserId": user });
    let (status, made) = bench.call("POST", USERS, Some(&body(id)));
    assert_eq!(
        (status, &made["username"]),
        (201, &json!("svc@example.com")),
        "{made}"
    );
    assert_eq!(
        bench.call("POST", USERS, Some(&body(id))).0,
        400,
        "managed already"
    );
    assert_eq!(
        bench
            .call("POST", USERS, Some(&body("00u11111111111111111")))
            .0,
        404
    );

    let change = json!({ "profile": { "login": "sync@example.com" } });
    ok(bench.call("POST", &format!("/api/v1/users/{id}"), Some(&change)));
    let listed = ok(bench.call("GET", &format!("{USERS}?match=sync@"), None));
    assert_eq!(listed[0]["username"], "sync@example.com");
    let own = format!("{USERS}/{}", text(&made, "/id"));
    assert_eq!(bench.call("DELETE", &own, None).0, 204);
    let (_, after) = bench.call("GET", &format!("/api/v1/users/{id}"), None);
    assert_eq!(after["status"], "SUSPENDED");
    assert_eq!(events(&bench, "user.lifecycle.suspend"), 1);
    assert_eq!(bench.call("GET", &own, None).0, 404);
}
