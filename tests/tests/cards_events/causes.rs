//! Causes in the sandbox, and the cards that their events fire.

use std::collections::BTreeSet;

use okta_core::RetryPolicy;
use okta_sandbox::{RateLimits, Sandbox, SeedOrg};
use serde_json::Value;

use super::org::Org;
use super::{administration, governance, log_cards, people, untested};

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

/// An org of its own, whose limit of user calls is nearly, then wholly used up.
async fn limits() -> BTreeSet<String> {
    let few = RateLimits::generous().bucket("users-list", 10);
    let org = Org::start(Sandbox::builder().rate_limits(few)).await;
    let calls = (0..11).map(|_| {
        org.client
            .call("GET", "/api/v1/users?limit=1")
            .with_retry(RetryPolicy::none())
    });
    let mut refused = 0;
    for call in calls {
        refused += usize::from(call.await.is_err_and(|error| error.is_rate_limited()));
    }
    assert_eq!(refused, 1, "the eleventh call");
    org.fired().await
}

#[tokio::test]
async fn cards_fire_on_what_the_sandbox_emits() {
    let seed = SeedOrg {
        users: 2,
        apps: 1,
        ..SeedOrg::default()
    };
    let devices = administration::devices();
    let org = Org::start(Sandbox::builder().seed(seed).seed_json(devices)).await;
    users(&org).await;
    groups_and_apps(&org).await;
    policies(&org).await;
    factors_and_sign_ins(&org).await;
    governance::requests(&org).await;
    governance::reviews(&org).await;
    administration::run(&org).await;
    people::run(&org).await;
    let mut fired = org.fired().await;
    fired.extend(limits().await);

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
