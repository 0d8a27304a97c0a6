//! Odd records, searches that lag, and `-admin` links, on demand.

mod common;

use common::*;
use okta_sandbox::{FaultRule, Oddity, Sandbox, SeedOrg};
use serde_json::{Value, json};

fn logins(users: &Value) -> Vec<&str> {
    let users = users.as_array().expect("a list");
    users
        .iter()
        .map(|user| user["profile"]["login"].as_str().expect("a login"))
        .collect()
}

async fn create(admin: &Admin<'_>, name: &str) -> String {
    let login = format!("{name}@example.com");
    let user = json!({ "profile": {
        "login": login, "email": login, "firstName": name, "lastName": "Lag",
    } });
    let (status, user) = admin.post("/api/v1/users", user).await;
    assert_eq!(status, 200, "{user}");
    id(&user).to_owned()
}

#[tokio::test]
async fn one_record_of_a_list_is_odd_and_only_once() {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users: 3,
        ..SeedOrg::default()
    });
    let admin = Admin::new(&sandbox);
    let (_, sane) = admin.get("/api/v1/users").await;
    let all = [
        Oddity::UnknownValue,
        Oddity::WrongType,
        Oddity::Null,
        Oddity::UnknownMember,
    ];
    let rule = FaultRule::odd(&all).record(1).method("GET");
    sandbox
        .add_fault(&rule.path("/api/v1/users"))
        .expect("fits");
    let (status, odd) = admin.get("/api/v1/users").await;
    assert_eq!(status, 200);
    assert_eq!((&odd[0], &odd[2]), (&sane[0], &sane[2]));
    assert_eq!(odd[1]["id"], sane[1]["id"]);
    assert_eq!(odd[1]["status"], "VALUE_OF_TOMORROW");
    assert!(odd[1]["memberOfTomorrow"].is_object());
    let changed = |name: &&String| odd[1][*name] != sane[1][*name];
    let members = sane[1].as_object().expect("an object");
    assert_eq!(members.keys().filter(changed).count(), 3, "{}", odd[1]);
    assert_eq!(admin.get("/api/v1/users").await.1, sane, "once");

    // Over HTTP, for clients in any language.
    let fault = json!({ "match": { "path": "/api/v1/users" }, "then": { "odd": "not-an-object", "odd_record": 0 } });
    assert_eq!(admin.post("/_sandbox/faults", fault).await.0, 200);
    let (_, odd) = admin.get("/api/v1/users").await;
    assert!(odd[0].is_string() && odd[1].is_object(), "{odd}");
    let fault = json!({ "then": { "odd": "weird" } });
    let (status, refused) = admin.post("/_sandbox/faults", fault).await;
    assert_eq!(status, 400);
    assert!(refused.to_string().contains("unknown-member"), "{refused}");
}

#[tokio::test]
async fn a_search_lags_while_gets_and_filters_do_not() {
    let sandbox = Sandbox::builder()
        .search_lag(10)
        .start()
        .await
        .expect("starts");
    let admin = Admin::new(&sandbox);
    let search = r#"/api/v1/users?search=profile.lastName+eq+"Lag""#;
    let old = create(&admin, "old").await;
    assert_eq!(
        logins(&admin.get(search).await.1),
        [""; 0],
        "created just now"
    );
    let filter = r#"/api/v1/users?filter=profile.lastName+eq+"Lag""#;
    assert_eq!(logins(&admin.get(filter).await.1), ["old@example.com"]);
    sandbox.advance_clock(11);
    assert_eq!(logins(&admin.get(search).await.1), ["old@example.com"]);

    // A change and a deletion show late, too; each after its own ten seconds.
    let renamed = json!({ "profile": { "login": "renamed@example.com" } });
    let own = format!("/api/v1/users/{old}");
    assert_eq!(admin.post(&own, renamed).await.0, 200);
    sandbox.advance_clock(6);
    create(&admin, "new").await;
    assert_eq!(logins(&admin.get(search).await.1), ["old@example.com"]);
    assert_eq!(
        admin.get(&own).await.1["profile"]["login"],
        "renamed@example.com"
    );
    sandbox.advance_clock(5);
    assert_eq!(logins(&admin.get(search).await.1), ["renamed@example.com"]);
    sandbox.advance_clock(6);
    let both = ["renamed@example.com", "new@example.com"];
    assert_eq!(logins(&admin.get(search).await.1), both);
    for _ in 0..2 {
        assert_eq!(admin.bare("DELETE", &own).await.0, 204);
    }
    assert_eq!(admin.get(&own).await.0, 404);
    let ghost = admin.get(search).await.1;
    assert_eq!(logins(&ghost), both, "the index has a user who is gone");
    sandbox.advance_clock(11);
    assert_eq!(logins(&admin.get(search).await.1), ["new@example.com"]);

    let (_, group) = admin
        .post("/api/v1/groups", json!({ "profile": { "name": "Late" } }))
        .await;
    let search = r#"/api/v1/groups?search=profile.name+eq+"Late""#;
    assert_eq!(admin.get(search).await.1, json!([]));
    sandbox.set_search_lag(0);
    assert_eq!(admin.get(search).await.1[0]["id"], group["id"]);
}

#[tokio::test]
async fn quirks_are_switched_over_http_and_outlive_a_reset() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let quirks = json!({ "adminHost": true, "searchLagSeconds": 30 });
    assert_eq!(admin.post("/_sandbox/quirks", quirks).await.0, 204);
    sandbox.reset().expect("is new");
    create(&admin, "late").await;
    create(&admin, "later").await;
    let answer = send(admin.request("GET", "/api/v1/users?limit=1")).await;
    let links = answer.headers().get_all("link");
    let next = links.iter().map(|link| link.to_str().expect("text"));
    let next = { next }
        .find(|link| link.contains("next"))
        .expect("a next link");
    assert!(next.contains("-admin"), "{next}");
    let search = r#"/api/v1/users?search=profile.firstName+eq+"late""#;
    assert_eq!(admin.get(search).await.1, json!([]));
    let off = json!({ "searchLagSeconds": 0 });
    assert_eq!(admin.post("/_sandbox/quirks", off).await.0, 204);
    assert_eq!(logins(&admin.get(search).await.1), ["late@example.com"]);
    let wrong = json!({ "searchLag": 1 });
    let (status, refused) = admin.post("/_sandbox/quirks", wrong).await;
    assert_eq!(status, 400);
    assert!(
        refused.to_string().contains("searchLagSeconds"),
        "{refused}"
    );
}
