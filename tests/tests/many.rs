//! What takes many calls, against the sandbox: look-ups, order, jobs.

#![forbid(unsafe_code)]

use futures_util::future::join_all;
use okta_core::Client;
use okta_core::bulk::{Bulk, WaitUntil};
use okta_management::models::{OktaSignOnPolicyRule, PolicyRule};
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::{Value, json};

async fn org(users: usize, groups: usize) -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox.seed(SeedOrg {
        users,
        groups,
        apps: 5,
        ..SeedOrg::default()
    });
    let client = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()
        .expect("a client");
    (sandbox, client)
}

fn calls(sandbox: &Sandbox) -> usize {
    sandbox.requests().len()
}

#[tokio::test]
async fn demand_44_500_users_in_at_most_5_requests() {
    let (sandbox, client) = org(600, 120).await;
    let users = client
        .users()
        .list()
        .items()
        .try_collect()
        .await
        .expect("users");
    let mut ids: Vec<String> = users
        .iter()
        .take(498)
        .filter_map(|user| user.id.clone())
        .collect();
    assert_eq!(ids.len(), 498);
    ids.push("00uNoSuchUser0000001".into());
    ids.insert(7, "00u\" or id pr or id eq \"".into());
    let before = calls(&sandbox);
    let found = client.users().by_ids(&ids).await.expect("users");
    assert!(
        calls(&sandbox) - before <= 5,
        "{} calls",
        calls(&sandbox) - before
    );
    assert_eq!(found.items.len(), 498);
    assert_eq!(found.missing, [ids[7].clone(), ids[499].clone()]);
    for id in ids.iter().filter(|id| !found.missing.contains(id)) {
        assert_eq!(found.get(id).and_then(|user| user.id.as_ref()), Some(id));
    }

    let mut logins: Vec<String> = users
        .iter()
        .take(200)
        .filter_map(|user| user.profile.as_ref()?.login.clone())
        .collect();
    logins[0] = logins[0].to_uppercase();
    logins.push("nobody@example.com".into());
    let before = calls(&sandbox);
    let found = client.users().by_logins(&logins).await.expect("users");
    assert!(calls(&sandbox) - before <= 5);
    assert_eq!((found.items.len(), found.missing.len()), (200, 1));
    assert!(found.get(&logins[0]).is_some());

    let groups = client
        .groups()
        .list()
        .items()
        .try_collect()
        .await
        .expect("groups");
    let ids: Vec<String> = groups.iter().filter_map(|group| group.id.clone()).collect();
    let before = calls(&sandbox);
    let found = client.groups().by_ids(&ids).await.expect("groups");
    assert!(found.is_complete() && found.items.len() == ids.len() && ids.len() > 100);
    assert!(calls(&sandbox) - before <= 2);
    let apps = client
        .apps()
        .list()
        .items()
        .try_collect()
        .await
        .expect("apps");
    let mut ids: Vec<String> = apps
        .iter()
        .filter_map(|app| app.base().id.clone())
        .collect();
    ids.push("0oaNoSuchApp00000001".into());
    let found = client.apps().by_ids(&ids).await.expect("apps");
    assert_eq!((found.items.len(), found.missing.len()), (apps.len(), 1));
}

#[tokio::test]
async fn demand_44_members_and_app_users_among_many() {
    let (sandbox, client) = org(400, 1).await;
    let ids: Vec<String> = client
        .users()
        .list()
        // Apps take active users only.
        .search(r#"status eq "ACTIVE""#)
        .items()
        .try_collect()
        .await
        .expect("users")
        .into_iter()
        .filter_map(|user| user.id)
        .collect();
    let group = client
        .call("POST", "/api/v1/groups")
        .json(&json!({"profile": {"name": "Lookups"}}));
    let group: Value = group.await.expect("a group").json().expect("JSON");
    let group = group["id"].as_str().expect("an id").to_owned();
    let report = Bulk::new(&client)
        .run(ids[..40].to_vec(), String::clone, |user| {
            let call = client.groups().users(&group).assign(user);
            async move { call.await }
        })
        .await;
    assert!(report.is_complete(), "{report}");
    let before = calls(&sandbox);
    let found = client
        .groups()
        .users(&group)
        .by_ids(&ids[30..60])
        .await
        .expect("members");
    assert_eq!(
        (
            found.items.len(),
            found.missing.len(),
            calls(&sandbox) - before
        ),
        (10, 20, 1)
    );

    let apps = client
        .apps()
        .list()
        .items()
        .try_collect()
        .await
        .expect("apps");
    let app = apps
        .iter()
        .rev()
        .find_map(|app| app.base().id.clone())
        .expect("an app");
    let report = Bulk::new(&client)
        .run(ids[..120].to_vec(), String::clone, |user| {
            let body = json!({"id": user, "scope": "USER"});
            let call = client
                .call("POST", "/api/v1/apps/{app}/users")
                .path("app", &app)
                .json(&body);
            async move { call.await.map(drop) }
        })
        .await;
    assert!(report.is_complete(), "{report}");
    let before = calls(&sandbox);
    let found = client
        .apps()
        .users(&app)
        .by_ids(&ids[..60])
        .await
        .expect("app users");
    assert_eq!((found.items.len(), calls(&sandbox) - before), (60, 1));
    let found = client
        .apps()
        .users(&app)
        .by_ids(&ids[150..152])
        .await
        .expect("app users");
    assert_eq!(found.missing.len(), 2);
}

fn rule(name: &str) -> PolicyRule {
    let mut rule = OktaSignOnPolicyRule::default();
    rule.base.name = Some(name.to_owned());
    rule.into()
}

async fn new_policy(client: &Client, kind: &str, name: &str) -> String {
    let body = json!({"type": kind, "name": name, "description": "x"});
    let made = client
        .call("POST", "/api/v1/policies")
        .json(&body)
        .await
        .expect("a policy");
    let made: Value = made.json().expect("JSON");
    made["id"].as_str().expect("an id").to_owned()
}

async fn names(client: &Client, policy: &str) -> Vec<String> {
    let rules = client
        .policies()
        .rules(policy)
        .ordered()
        .list()
        .await
        .expect("rules");
    rules
        .iter()
        .filter_map(|rule| rule.base().name.clone())
        .collect()
}

/// A default policy of the org, whose default rule must stay last.
async fn default_policy(client: &Client) -> String {
    let policies = client
        .policies()
        .ordered("OKTA_SIGN_ON")
        .list()
        .await
        .expect("policies");
    let last = policies.last().expect("the default");
    assert_eq!(last.base().system, Some(true));
    last.base().id.clone().expect("an id")
}

#[tokio::test]
async fn demand_43_100_parallel_rule_creations_keep_the_requested_order() {
    let (sandbox, client) = org(0, 0).await;
    let policy = default_policy(&client).await;
    // Busy now and then, as the service is.
    let busy = |status: u16, code: &str| {
        json!({
            "match": {"method": "POST", "path": "/api/v1/policies/*"}, "times": 2,
            "then": {"status": status, "body": {"errorCode": code, "errorSummary": "busy"}},
        })
    };
    sandbox.add_faults(&busy(423, "E0000239")).expect("a fault");
    let wanted: Vec<String> = (0..100).map(|n| format!("Rule {n:03}")).collect();
    let rules: Vec<PolicyRule> = wanted.iter().map(|name| rule(name)).collect();
    let ordered = client.policies().rules(&policy).ordered();
    let made = join_all(rules.iter().map(|rule| ordered.create(rule))).await;
    assert!(
        made.iter().all(Result::is_ok),
        "{:?}",
        made.iter().find(|one| one.is_err())
    );
    let mut expected = wanted.clone();
    expected.push("Default Rule".into());
    assert_eq!(names(&client, &policy).await, expected);
}

#[tokio::test]
async fn demand_43_the_declared_order_is_the_one_in_the_end() {
    let (sandbox, client) = org(0, 0).await;
    let policy = default_policy(&client).await;
    let ordered = client.policies().rules(&policy).ordered();
    ordered
        .create_all(&["A", "B", "C", "D"].map(rule))
        .await
        .expect("rules");
    assert_eq!(
        names(&client, &policy).await,
        ["A", "B", "C", "D", "Default Rule"]
    );
    let plan = ordered.plan(["D"]).await.expect("a plan");
    assert_eq!(plan.len(), 1);
    assert!(plan[0].to_string().starts_with("D ("), "{}", plan[0]);
    sandbox
        .add_faults(&json!({
            "match": {"method": "PUT", "path": "/api/v1/policies/*"}, "times": 1,
            "then": {"status": 409, "body": {"errorCode": "E0000249", "errorSummary": "busy"}},
        }))
        .expect("a fault");
    let done = ordered.set_order(["D", "B"]).await.expect("an order");
    assert!(!done.is_empty());
    assert_eq!(
        names(&client, &policy).await,
        ["D", "B", "A", "C", "Default Rule"]
    );
    // Nothing to do, nothing written.
    let before = sandbox
        .requests()
        .iter()
        .filter(|one| one.method == "PUT")
        .count();
    assert!(
        ordered
            .set_order(["D", "B", "A", "C", "Default Rule"])
            .await
            .expect("done")
            .is_empty()
    );
    let after = sandbox
        .requests()
        .iter()
        .filter(|one| one.method == "PUT")
        .count();
    assert_eq!(before, after);
    let error = ordered
        .set_order(["D", "Nobody"])
        .await
        .expect_err("unknown");
    assert!(error.to_string().contains("Nobody"), "{error}");

    // Where each rule keeps the number that it is given.
    let access = new_policy(&client, "ACCESS_POLICY", "Apps").await;
    for (name, priority) in [("X", 3), ("Y", 3), ("Z", 1)] {
        let body = json!({"type": "ACCESS_POLICY", "name": name, "priority": priority});
        let path = format!("/api/v1/policies/{access}/rules");
        client.call("POST", path).json(&body).await.expect("a rule");
    }
    let ordered = client.policies().rules(&access).ordered();
    ordered.set_order(["Y", "Z", "X"]).await.expect("an order");
    assert_eq!(
        names(&client, &access).await,
        ["Y", "Z", "X", "Catch-all Rule"]
    );

    // Policies themselves.
    for name in ["P1", "P2", "P3"] {
        new_policy(&client, "OKTA_SIGN_ON", name).await;
    }
    let policies = client.policies().ordered("OKTA_SIGN_ON");
    policies.set_order(["P3", "P1"]).await.expect("an order");
    let list = policies.list().await.expect("policies");
    let names: Vec<_> = list
        .iter()
        .filter_map(|policy| policy.base().name.as_deref())
        .collect();
    assert_eq!(names, ["P3", "P1", "P2", "Default Policy"]);
}

#[tokio::test]
async fn demand_45_a_new_user_becomes_visible_in_search() {
    let (_sandbox, client) = org(3, 0).await;
    let body = json!({"profile": {"login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "U"}});
    client
        .call("POST", "/api/v1/users")
        .json(&body)
        .await
        .expect("a user");
    let user = WaitUntil::new(&client)
        .visible(|| async {
            let search = r#"profile.login eq "new@example.com""#;
            Ok(client
                .users()
                .list()
                .search(r#"status eq "ACTIVE""#)
                .search(search)
                .await?
                .items
                .pop())
        })
        .await
        .expect("visible");
    assert!(user.id.is_some());
}
