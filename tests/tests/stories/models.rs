//! Reading, changing and writing back without losing anything.

use okta_core::{Client, prelude::*};
use okta_management::{
    models::{UpdateUserRequest, User, UserProfile},
    prelude::*,
};
use okta_sandbox::Sandbox;
use serde_json::{Map, Value, json};

use super::admin;

const ID: &str = "00uStories0000000001";

/// Thirty attributes that no client knows, of every type that a schema can give them, and some that it cannot.
fn custom() -> Map<String, Value> {
    let samples = [
        json!("text"),
        json!("Zürich \"東京\" 😀\n"),
        json!(""),
        json!(0),
        json!(-7),
        json!(9_007_199_254_740_993_i64),
        json!(0.5),
        json!(1e-7),
        json!(true),
        json!(false),
        json!(["a", "b"]),
        json!([1, 2, 3]),
        json!([0.25, 1.5]),
        json!([]),
        json!("2026-06-30T12:34:56.000Z"),
    ];
    let names = (1..=30).map(|n| format!("custom_{n:02}"));
    names.zip(samples.into_iter().cycle()).collect()
}

async fn org() -> Sandbox {
    let sandbox = Sandbox::start().await.expect("starts");
    let mut profile = custom();
    for (name, value) in [
        ("login", "ada@example.com"),
        ("email", "ada@example.com"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
    ] {
        profile.insert(name.to_owned(), json!(value));
    }
    for name in ["secondEmail", "mobilePhone"] {
        profile.insert(name.to_owned(), Value::Null);
    }
    let user = json!({
        "id": ID, "status": "ACTIVE", "created": "2024-03-01T08:00:00.000Z", "lastUpdated": "2024-03-01T08:00:00.000Z",
        "lastLogin": null, "workforceTier": {"name": "gold", "since": 2031}, "profile": profile,
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
    });
    sandbox.seed_objects([user]).expect("a user");
    sandbox
}

/// What the org holds, past all models.
async fn raw(client: &Client) -> Value {
    let call = client.call("GET", format!("/api/v1/users/{ID}"));
    call.await.expect("the user").json().expect("JSON")
}

async fn user(client: &Client) -> User {
    client
        .users()
        .get(ID)
        .await
        .expect("the user")
        .convert()
        .expect("a user")
}

/// Paths where two values differ.
fn changes(before: &Value, after: &Value, path: &str, out: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let absent = Value::String("absent".to_owned());
                let (a, b) = (
                    a.get(name).unwrap_or(&absent),
                    b.get(name).unwrap_or(&absent),
                );
                changes(a, b, &format!("{path}.{name}"), out);
            }
        }
        _ if before == after => {}
        _ => out.push(path.to_owned()),
    }
}

fn changed(before: &Value, after: &Value) -> Vec<String> {
    let mut out = Vec::new();
    changes(before, after, "", &mut out);
    out.retain(|path| path != ".lastUpdated");
    out
}

/// PUT wipes what is not sent: of thirty custom attributes only the edited one may change.
#[tokio::test]
async fn demand_05_a_put_changes_the_edited_attribute_alone() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let before = raw(&client).await;
    assert_eq!(
        before["profile"]
            .as_object()
            .map(|p| p.keys().filter(|k| k.starts_with("custom_")).count()),
        Some(30)
    );
    let original = user(&client).await;
    let profile = original.profile.as_ref().expect("a profile");
    assert_eq!(profile.get::<f64>("custom_07").expect("a float"), Some(0.5));
    assert_eq!(
        profile.get::<Vec<String>>("custom_11").expect("texts"),
        Some(vec!["a".into(), "b".into()])
    );
    assert_eq!(
        profile.get::<i64>("custom_06").expect("a large number"),
        Some(9_007_199_254_740_993)
    );

    for name in custom().keys() {
        let now = raw(&client).await;
        let mut edited = user(&client).await;
        edited
            .profile
            .get_or_insert_default()
            .set(name, json!("edited"))
            .expect("a custom attribute");
        // The service would refuse another type; the change is what counts here.
        let body = edited.convert::<UpdateUserRequest>().expect("a body");
        let sent = client
            .users()
            .replace(ID, &body)
            .prepare(&client)
            .expect("a request");
        let sent: Value = serde_json::from_slice(sent.body()).expect("JSON");
        assert_eq!(
            changed(&now["profile"], &sent["profile"]),
            [format!(".{name}")]
        );
    }

    let mut edited = user(&client).await;
    edited
        .profile
        .get_or_insert_default()
        .set("custom_04", 4711)
        .expect("a custom attribute");
    let body = edited.convert::<UpdateUserRequest>().expect("a body");
    client.users().replace(ID, &body).await.expect("replaced");
    assert_eq!(
        changed(&before, &raw(&client).await),
        [".profile.custom_04"]
    );
}

/// The user's own type for custom attributes: what it does not know stays.
#[tokio::test]
async fn demand_05_a_profile_of_ones_own_keeps_the_rest() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Own {
        custom_04: i64,
        custom_11: Vec<String>,
    }
    let sandbox = org().await;
    let client = admin(&sandbox);
    let before = raw(&client).await;
    let mut edited = user(&client).await;
    let profile = edited.profile.get_or_insert_default();
    let mut own: Own = profile.view().expect("my profile");
    own.custom_04 += 1;
    own.custom_11.push("c".to_owned());
    profile.merge(&own).expect("merged");
    client
        .users()
        .replace(ID, &edited.convert().expect("a body"))
        .await
        .expect("replaced");
    let after = raw(&client).await;
    assert_eq!(
        changed(&before, &after),
        [".profile.custom_04", ".profile.custom_11"]
    );
    assert_eq!(after["profile"]["custom_11"], json!(["a", "b", "c"]));
}

/// `diff` sends what changed and nothing else, and POST leaves the rest alone.
#[tokio::test]
async fn demand_06_a_post_sends_the_difference_alone() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let before = raw(&client).await;
    let original = user(&client).await;
    let mut edited = original.clone();
    let profile = edited.profile.get_or_insert_default();
    profile.set("custom_09", false).expect("a custom attribute");
    profile.first_name = Some("Augusta".to_owned());
    let body: UpdateUserRequest = original.diff(&edited).convert().expect("a body");
    let sent = client
        .users()
        .update(ID, &body)
        .prepare(&client)
        .expect("a request");
    let sent: Value = serde_json::from_slice(sent.body()).expect("JSON");
    assert_eq!(
        sent,
        json!({"profile": {"custom_09": false, "firstName": "Augusta"}})
    );
    client.users().update(ID, &body).await.expect("updated");
    assert_eq!(
        changed(&before, &raw(&client).await),
        [".profile.custom_09", ".profile.firstName"]
    );
    assert_eq!(original.diff(&original.clone()).to_json(), "{}");
}

#[tokio::test]
async fn demand_07_null_absent_and_value_are_three_bodies() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let body = |profile: UserProfile| UpdateUserRequest {
        profile: Some(profile),
        ..Default::default()
    };
    let absent = UserProfile::default();
    let mut null = UserProfile::default();
    null.set_null("secondEmail").expect("a known member");
    let value = UserProfile {
        second_email: Some("ada@example.org".to_owned()),
        ..Default::default()
    };
    assert!(
        User::default().set_null("noSuchMember").is_err(),
        "a misspelt name is an error"
    );

    let mut bodies = Vec::new();
    for profile in [&absent, &null, &value] {
        let operation = client.users().update(ID, &body(profile.clone()));
        bodies.push(
            String::from_utf8(
                operation
                    .prepare(&client)
                    .expect("a request")
                    .body()
                    .to_vec(),
            )
            .expect("text"),
        );
    }
    assert_eq!(
        bodies,
        [
            r#"{"profile":{}}"#,
            r#"{"profile":{"secondEmail":null}}"#,
            r#"{"profile":{"secondEmail":"ada@example.org"}}"#
        ]
    );

    for (profile, expected) in [
        (value, json!("ada@example.org")),
        (absent, json!("ada@example.org")),
        (null, Value::Null),
    ] {
        client
            .users()
            .update(ID, &body(profile))
            .await
            .expect("updated");
        assert_eq!(raw(&client).await["profile"]["secondEmail"], expected);
    }
}

/// One odd record in a page of 200: the others are typed, this one is kept as it came.
#[tokio::test]
async fn demand_01_one_odd_record_costs_one_record() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let mut users: Vec<Value> = (0..200)
        .map(|n| json!({"id": format!("00u{n}"), "profile": {"login": format!("u{n}")}}))
        .collect();
    users[17] = json!({"id": ["not", "a", "text"], "profile": "gone", "status": {"odd": true}});
    users[99] = json!("an odd record");
    let fault = json!({"match": {"path": "/api/v1/users"}, "times": 2, "then": {"status": 200, "body": users}});
    sandbox.add_faults(&fault).expect("a canned answer");

    let page = client.users().list().limit(200).await.expect("a page");
    assert_eq!((page.items.len(), page.undecodable.len()), (199, 1));
    let odd = &page.undecodable[0];
    assert_eq!((odd.index, odd.json.as_str()), (99, "\"an odd record\""));
    // Odd members alone do not make a record undecodable.
    let kept: Value = serde_json::from_str(&page.items[17].to_json()).expect("JSON");
    assert_eq!((&kept, page.items[17].id.is_none()), (&users[17], true));
    assert_eq!(page.items[18].id.as_deref(), Some("00u18"));

    let mut stream = client.users().list().limit(200).items();
    let mut count = 0;
    while stream.try_next().await.expect("a user").is_some() {
        count += 1;
    }
    assert_eq!(
        (count, stream.undecodable(), client.stats().undecodable),
        (199, 1, 2)
    );
    assert!(
        client
            .drift()
            .entries
            .iter()
            .any(|entry| entry.path.contains("profile")),
        "{:?}",
        client.drift()
    );
}
