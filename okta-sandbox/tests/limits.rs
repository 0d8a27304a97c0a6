//! Rate limits over HTTP, in the org's own time.

mod common;

use common::*;
use okta_sandbox::{OrgKind, RateLimits, Sandbox};
use serde_json::json;

async fn limits_of(request: reqwest::RequestBuilder) -> (u16, i64, i64) {
    let response = send(request).await;
    let read = |name: &str| {
        let value = response.headers()[name].to_str().expect("text");
        value.parse().expect("a number")
    };
    let (limit, remaining) = (read("x-rate-limit-limit"), read("x-rate-limit-remaining"));
    (response.status().as_u16(), limit, remaining)
}

#[tokio::test]
async fn one_token_has_half_of_a_bucket_until_the_window_ends() {
    let limits = RateLimits::of(OrgKind::Workforce)
        .bucket("users-list", 4)
        .principal_share(50);
    let sandbox = Sandbox::builder()
        .rate_limits(limits)
        .start()
        .await
        .expect("starts");
    let admin = Admin::new(&sandbox);
    let list = || admin.request("GET", "/api/v1/users");
    assert_eq!(limits_of(list()).await, (200, 2, 1));
    assert_eq!(limits_of(list()).await, (200, 2, 0));
    assert_eq!(limits_of(list()).await, (429, 2, 0));
    let events = admin.events("system.client.rate_limit.violation").await;
    assert_eq!(events.len(), 1);
    // A service app has its own half.
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let token = token(&sandbox, &app, "okta.users.read").await;
    let other = || {
        let url = format!("{}/api/v1/users", sandbox.url());
        client()
            .get(url)
            .header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(limits_of(other()).await, (200, 2, 1));
    sandbox.advance_clock(60);
    assert_eq!(limits_of(list()).await, (200, 2, 1));
    // The org may give a client less.
    let path = "/api/v1/principal-rate-limits";
    let filter = format!("{path}?filter=principalType%20eq%20%22OAUTH_CLIENT%22");
    let (_, all) = admin.get(&filter).await;
    let own = all
        .as_array()
        .expect("a list")
        .iter()
        .find(|l| l["principalId"] == app.client_id.as_str());
    let own = own.expect("the app's limit");
    let body = json!({ "principalId": app.client_id, "principalType": "OAUTH_CLIENT",
        "defaultPercentage": 25, "defaultConcurrencyPercentage": 50 });
    let (status, _) = admin.put(&format!("{path}/{}", id(own)), body).await;
    assert_eq!(status, 200);
    sandbox.advance_clock(60);
    assert_eq!(limits_of(other()).await, (200, 1, 0));
}

#[tokio::test]
async fn limits_change_while_the_org_runs() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let logs = || admin.request("GET", "/api/v1/logs");
    assert_eq!(limits_of(logs()).await, (200, 500, 499));
    let control = format!("{}/_sandbox/limits", sandbox.url());
    let change = |body: serde_json::Value| answer(client().post(&control).json(&body));
    assert_eq!(
        change(json!({ "scale": 1, "buckets": { "logs": 2 } }))
            .await
            .0,
        204
    );
    assert_eq!(limits_of(logs()).await, (200, 2, 0));
    assert_eq!(limits_of(logs()).await, (429, 2, 0));
    assert_eq!(change(json!({ "enforced": false })).await.0, 204);
    assert_eq!(limits_of(logs()).await.0, 200);
    let (status, body) = change(json!({ "buckets": { "nonsense": 2 } })).await;
    assert_eq!((status.as_u16(), code(&body)), (400, "E0000001"));
    // None at a time is never enough.
    assert_eq!(
        change(json!({ "enforced": true, "concurrency": 0 }))
            .await
            .0,
        204
    );
    assert_eq!(
        limits_of(admin.request("GET", "/api/v1/users")).await,
        (429, 0, 0)
    );
    assert_eq!(change(json!({ "concurrency": null })).await.0, 204);
    assert_eq!(change(json!({ "buckets": { "logs": 100 } })).await.0, 204);
    assert_eq!(
        admin
            .events("core.concurrency.org.limit.violation")
            .await
            .len(),
        1
    );
}
