//! Causes in the sandbox, and the cards that their events fire.

use std::collections::BTreeSet;

use okta_core::Client;
use okta_core::prelude::*;
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use okta_workflows::event_cards;
use serde_json::Value;

use super::{log_cards, untested};

struct Org {
    client: Client,
}

impl Org {
    /// Sends a call; its id, or the empty text.
    async fn send(&self, call: &str, body: &str) -> String {
        let (method, path) = call.split_once(' ').expect("METHOD path");
        let mut request = self.client.call(method, path.to_owned());
        if !body.is_empty() {
            request = request.json(&serde_json::from_str::<Value>(body).expect("JSON"));
        }
        let raw = request
            .await
            .unwrap_or_else(|error| panic!("{call}: {error}"));
        let body: Value = serde_json::from_slice(raw.body()).unwrap_or_default();
        body["id"].as_str().unwrap_or_default().to_owned()
    }

    async fn user(&self, name: &str, activate: bool) -> String {
        let body = format!(
            r#"{{"profile":{{"firstName":"{name}","lastName":"X","email":"{name}@example.com","login":"{name}@example.com"}},"credentials":{{"password":{{"value":"Sandbox-1234"}}}}}}"#
        );
        self.send(&format!("POST /api/v1/users?activate={activate}"), &body)
            .await
    }
}

async fn users(org: &Org) {
    let ana = org.user("ana", false).await;
    for call in [
        "POST /api/v1/users/{id}/lifecycle/activate?sendEmail=false",
        "POST /api/v1/users/{id}/lifecycle/suspend",
        "POST /api/v1/users/{id}/lifecycle/unsuspend",
    ] {
        org.send(&call.replace("{id}", &ana), "").await;
    }
    org.send(
        &format!("POST /api/v1/users/{ana}"),
        r#"{"profile":{"nickName":"Nana"}}"#,
    )
    .await;
    let password =
        r#"{"oldPassword":{"value":"Sandbox-1234"},"newPassword":{"value":"Sandbox-5678"}}"#;
    org.send(
        &format!("POST /api/v1/users/{ana}/credentials/change_password"),
        password,
    )
    .await;
    org.send(
        &format!("POST /api/v1/users/{ana}/lifecycle/reset_password?sendEmail=false"),
        "",
    )
    .await;
    let bo = org.user("bo", true).await;
    for call in [
        "POST /api/v1/users/{id}/lifecycle/deactivate",
        "DELETE /api/v1/users/{id}",
    ] {
        org.send(&call.replace("{id}", &bo), "").await;
    }
}

async fn groups_and_apps(org: &Org) {
    let user = org.user("cy", true).await;
    let group = org
        .send("POST /api/v1/groups", r#"{"profile":{"name":"Events"}}"#)
        .await;
    org.send(&format!("PUT /api/v1/groups/{group}/users/{user}"), "")
        .await;
    org.send(&format!("DELETE /api/v1/groups/{group}/users/{user}"), "")
        .await;
    org.send(
        &format!("PUT /api/v1/groups/{group}"),
        r#"{"profile":{"name":"Events, renamed"}}"#,
    )
    .await;
    org.send(&format!("DELETE /api/v1/groups/{group}"), "")
        .await;
    let bookmark = r#"{"name":"bookmark","label":"Events","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://example.com"}}}"#;
    let app = org.send("POST /api/v1/apps", bookmark).await;
    org.send(
        &format!("POST /api/v1/apps/{app}/users"),
        &format!(r#"{{"id":"{user}","scope":"USER"}}"#),
    )
    .await;
    org.send(&format!("DELETE /api/v1/apps/{app}/users/{user}"), "")
        .await;
    org.send(
        &format!("PUT /api/v1/apps/{app}"),
        &bookmark.replace("Events", "Renamed"),
    )
    .await;
    for call in [
        "POST /api/v1/apps/{id}/lifecycle/deactivate",
        "POST /api/v1/apps/{id}/lifecycle/activate",
        "POST /api/v1/apps/{id}/lifecycle/deactivate",
        "DELETE /api/v1/apps/{id}",
    ] {
        org.send(&call.replace("{id}", &app), "").await;
    }
}

async fn policies(org: &Org) {
    let policy = r#"{"type":"OKTA_SIGN_ON","name":"Events","status":"ACTIVE","conditions":{"people":{"groups":{"include":[]}}}}"#;
    let id = org.send("POST /api/v1/policies", policy).await;
    org.send(
        &format!("PUT /api/v1/policies/{id}"),
        &policy.replace("Events", "Renamed"),
    )
    .await;
    org.send(
        &format!("POST /api/v1/policies/{id}/lifecycle/deactivate"),
        "",
    )
    .await;
    org.send(
        &format!("POST /api/v1/policies/{id}/lifecycle/activate"),
        "",
    )
    .await;
    let rule = r#"{"type":"SIGN_ON","name":"Rule","actions":{"signon":{"access":"ALLOW","requireFactor":false}}}"#;
    let rule_id = org
        .send(&format!("POST /api/v1/policies/{id}/rules"), rule)
        .await;
    org.send(
        &format!("PUT /api/v1/policies/{id}/rules/{rule_id}"),
        &rule.replace("Rule", "Renamed"),
    )
    .await;
    org.send(
        &format!("POST /api/v1/policies/{id}/rules/{rule_id}/lifecycle/deactivate"),
        "",
    )
    .await;
    org.send(
        &format!("POST /api/v1/policies/{id}/rules/{rule_id}/lifecycle/activate"),
        "",
    )
    .await;
    org.send(&format!("DELETE /api/v1/policies/{id}/rules/{rule_id}"), "")
        .await;
}

async fn factors_and_sign_ins(org: &Org) {
    let user = org.user("dee", true).await;
    let question = r#"{"factorType":"question","provider":"OKTA","profile":{"question":"disliked_food","answer":"mayonnaise"}}"#;
    let factor = org
        .send(&format!("POST /api/v1/users/{user}/factors"), question)
        .await;
    org.send(&format!("DELETE /api/v1/users/{user}/factors/{factor}"), "")
        .await;
    org.send(
        &format!("POST /api/v1/users/{user}/lifecycle/reset_factors"),
        "",
    )
    .await;
    // A person who was invited and did not come yet.
    let invited = r#"{"profile":{"firstName":"Eve","lastName":"X","email":"eve@example.com","login":"eve@example.com"}}"#;
    let eve = org.send("POST /api/v1/users?activate=true", invited).await;
    org.send(
        &format!("POST /api/v1/users/{eve}/lifecycle/reactivate?sendEmail=false"),
        "",
    )
    .await;
    let sign_in =
        |password: &str| format!(r#"{{"username":"dee@example.com","password":"{password}"}}"#);
    org.send("POST /api/v1/authn", &sign_in("Sandbox-1234"))
        .await;
    for _ in 0..10 {
        // Too often wrong: the account is locked.
        let body: Value = serde_json::from_str(&sign_in("wrong")).expect("JSON");
        let _ = org.client.call("POST", "/api/v1/authn").json(&body).await;
    }
    org.send(&format!("POST /api/v1/users/{user}/lifecycle/unlock"), "")
        .await;
}

/// An access request that is decided.
async fn requests(org: &Org, sandbox: &Sandbox) {
    let user = org.user("flo", true).await;
    let raw = org
        .client
        .call(
            "GET",
            "/governance/api/v2/catalogs/default/entries?filter=not(parent%20pr)",
        )
        .await
        .expect("entries");
    let entries: Value = serde_json::from_slice(raw.body()).expect("JSON");
    let entry = entries["data"][0]["id"].as_str().expect("an entry");
    let body = format!(
        r#"{{"requested":{{"type":"CATALOG_ENTRY","entryId":"{entry}"}},"requestedFor":{{"type":"OKTA_USER","externalId":"{user}"}}}}"#
    );
    let request = org.send("POST /governance/api/v2/requests", &body).await;
    sandbox.decide(&request, "APPROVED").expect("decided");
}

#[tokio::test]
async fn cards_fire_on_what_the_sandbox_emits() {
    let seed = SeedOrg {
        users: 2,
        apps: 1,
        ..SeedOrg::default()
    };
    let sandbox = Sandbox::builder().seed(seed).start().await.expect("starts");
    let client = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()
        .expect("a client");
    let org = Org {
        client: client.clone(),
    };
    users(&org).await;
    groups_and_apps(&org).await;
    policies(&org).await;
    factors_and_sign_ins(&org).await;
    requests(&org, &sandbox).await;

    let mut fired: BTreeSet<String> = BTreeSet::new();
    let until = format!(
        "{:.3}",
        jiff::Timestamp::now() + jiff::SignedDuration::from_mins(5)
    );
    let mut events = client.logs().list().until(until).items();
    while let Some(event) = events.try_next().await.expect("a log event") {
        for card in event_cards(&event) {
            fired.insert(format!("{}/{}", card.connector(), card.slug()));
            check(&card.to_value(), &event);
        }
    }
    let listed: BTreeSet<String> = untested()
        .into_iter()
        .inspect(|one| assert!(!one.reason.is_empty()))
        .map(|one| one.card)
        .collect();
    let both: Vec<&String> = fired.intersection(&listed).collect();
    assert!(both.is_empty(), "listed as not fired, and fired: {both:?}");
    let neither: Vec<String> = log_cards()
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !fired.contains(path) && !listed.contains(path))
        .collect();
    assert!(neither.is_empty(), "neither fired nor listed: {neither:?}");
}

/// What every card shows is what stands in the event.
fn check(card: &Value, event: &okta_management::logs::models::LogEvent) {
    assert_eq!(card["event_type"].as_str(), event.event_type.as_deref());
    assert_eq!(card["uuid"].as_str(), event.uuid.as_deref());
    let details: Value = serde_json::from_str(&event.to_json()).expect("JSON");
    assert_eq!(card["event_details"], details);
    let actor = event.actor.as_ref().and_then(|actor| actor.id.as_deref());
    for group in ["actor", "admin"] {
        if let Some(id) = card[group]["id"].as_str() {
            assert_eq!(Some(id), actor);
        }
    }
    for (group, kind) in [
        ("okta_user", "User"),
        ("group", "UserGroup"),
        ("application", "AppInstance"),
        ("policy", "PolicyEntity"),
    ] {
        if card[group].is_object() {
            let target = event
                .target
                .iter()
                .flatten()
                .find(|target| target.type_.as_deref() == Some(kind))
                .expect("the target");
            assert_eq!(card[group]["id"].as_str(), target.id.as_deref());
        }
    }
}
