//! The System Log, rate limits, faults, and what is not covered.

mod common;

use common::*;
use okta_sandbox::{RateLimits, Sandbox, SeedOrg};
use serde_json::{Value, json};

#[tokio::test]
async fn the_log_polls_without_end() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    admin.group("One").await;
    let next_of = |response: &reqwest::Response| {
        let links = response.headers().get_all("link").iter();
        let next = links
            .map(|l| l.to_str().expect("text"))
            .find(|l| l.contains("rel=\"next\""));
        next.map(|l| {
            l.trim_start_matches('<')
                .split('>')
                .next()
                .expect("a target")
                .to_owned()
        })
    };
    let first = send(admin.request("GET", "/api/v1/logs?limit=100")).await;
    let next = next_of(&first).expect("polling always has a next link");
    let events: Vec<Value> = first.json().await.expect("a list");
    let event = &events[0];
    assert_eq!(event["eventType"], "group.lifecycle.create");
    assert_eq!(
        (&event["outcome"]["result"], &event["actor"]["type"]),
        (&json!("SUCCESS"), &json!("User"))
    );
    assert_eq!(
        (
            &event["target"][0]["type"],
            &event["target"][0]["displayName"]
        ),
        (&json!("UserGroup"), &json!("One"))
    );
    assert!(event["transaction"]["detail"]["requestApiTokenId"].is_string());

    let empty = send(admin.request("GET", &next)).await;
    assert_eq!(
        next_of(&empty).as_deref(),
        Some(next.as_str()),
        "the same link again"
    );
    assert_eq!(empty.json::<Value>().await.expect("a list"), json!([]));
    admin.group("Two").await;
    let more: Vec<Value> = send(admin.request("GET", &next))
        .await
        .json()
        .await
        .expect("a list");
    assert_eq!(more.len(), 1);

    let bounded =
        send(admin.request("GET", "/api/v1/logs?until=2099-01-01T00:00:00Z&limit=2")).await;
    assert!(next_of(&bounded).is_none(), "two events fill the last page");
    let newest: Vec<Value> =
        send(admin.request("GET", "/api/v1/logs?sortOrder=DESCENDING&limit=1"))
            .await
            .json()
            .await
            .expect("a list");
    assert_eq!(newest[0]["target"][0]["displayName"], "Two");
    let (_, words) = admin.get("/api/v1/logs?q=two").await;
    assert_eq!(words.as_array().map(Vec::len), Some(1));
    for (query, code) in [
        ("filter=eventType+eq", "E0000053"),
        ("filter=published+gt+%222020-01-01T00:00:00Z%22", "E0000053"),
        ("since=yesterday", "E0000001"),
        ("since=2001-01-01T00:00:00Z", "E0000001"),
        ("q=a+b+c+d+e+f+g+h+i+j+k", "E0000001"),
    ] {
        let (status, body) = admin.get(&format!("/api/v1/logs?{query}")).await;
        assert_eq!(
            (status.as_u16(), common::code(&body)),
            (400, code),
            "{query}"
        );
    }
}

#[tokio::test]
async fn limits_count_down_and_refuse() {
    let limits = RateLimits::documented().bucket("users-list", 2);
    let sandbox = Sandbox::builder()
        .rate_limits(limits)
        .start()
        .await
        .expect("starts");
    let admin = Admin::new(&sandbox);
    let read = async || {
        let response = send(admin.request("GET", "/api/v1/users")).await;
        let header = |name: &str| {
            response.headers()[name]
                .to_str()
                .expect("text")
                .parse::<i64>()
                .expect("a number")
        };
        (
            response.status().as_u16(),
            header("x-rate-limit-limit"),
            header("x-rate-limit-remaining"),
            header("x-rate-limit-reset"),
        )
    };
    let first = read().await;
    assert_eq!((first.0, first.1, first.2), (200, 2, 1));
    read().await;
    read().await;
    let third = read().await;
    assert_eq!((third.0, third.1, third.2), (429, 2, 0));
    assert_eq!(admin.get("/api/v1/groups").await.0, 200, "another bucket");
    sandbox.advance_clock(61);
    let told = admin.events("system.org.rate_limit.violation").await;
    assert_eq!(told.len(), 1, "once a window");
    assert_eq!(read().await.0, 200, "a new window");
}

#[tokio::test]
async fn too_many_at_once_is_another_429() {
    let limits = RateLimits::generous().concurrency(1);
    let sandbox = Sandbox::builder()
        .rate_limits(limits)
        .start()
        .await
        .expect("starts");
    let admin = Admin::new(&sandbox);
    sandbox
        .add_faults(&json!({ "match": { "path": "/api/v1/groups" }, "then": { "delay_ms": 400 } }))
        .expect("understood");
    let slow = send(admin.request("GET", "/api/v1/groups"));
    let quick = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        send(admin.request("GET", "/api/v1/users")).await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    assert_eq!(
        (slow.status().as_u16(), quick.status().as_u16()),
        (200, 429)
    );
    assert_eq!(quick.headers()["x-rate-limit-limit"], "0");
    assert_eq!(common::code(&quick.json().await.expect("JSON")), "E0000047");
}

#[tokio::test]
async fn faults_happen_once() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let users = "/api/v1/users";
    let (status, _) = admin
        .post("/_sandbox/faults", json!([
            { "match": { "method": "GET", "path": users }, "then": { "status": 503, "headers": { "retry-after": "1" }, "body": { "x": 1 } } },
            { "match": { "method": "GET", "path": users }, "then": { "drop": true } },
            { "match": { "method": "GET", "path": users }, "then": { "truncate": 5 } },
        ]))
        .await;
    assert_eq!(status, 200);
    let refused = send(admin.request("GET", users)).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"1".parse().expect("a header"))
    );
    assert_eq!(
        refused.json::<Value>().await.expect("JSON"),
        json!({ "x": 1 })
    );
    assert!(admin.request("GET", users).send().await.is_err(), "dropped");
    let broken = send(admin.request("GET", users)).await;
    assert_eq!(broken.status(), 200);
    assert!(broken.text().await.is_err(), "truncated");
    assert_eq!(admin.get(users).await.0, 200);
    let statuses: Vec<u16> = sandbox
        .requests()
        .iter()
        .filter(|r| r.path == users)
        .map(|r| r.status)
        .collect();
    assert_eq!(statuses, [503, 0, 200, 200]);
    let entry = &sandbox.requests()[0];
    assert_eq!((entry.scheme, entry.method.as_str()), (Some("SSWS"), "GET"));
    assert!(!format!("{:?}", sandbox.requests()).contains(sandbox.api_token()));
}

#[tokio::test]
async fn unknown_and_uncovered_calls_differ() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    for (method, path, status, code) in [
        ("GET", "/api/v1/nonsense", 404, "E0000008"),
        ("DELETE", "/api/v1/users", 405, "E0000022"),
        ("GET", "/_sandbox/nonsense", 404, "E0000008"),
    ] {
        let (got, body) = admin.bare(method, path).await;
        assert_eq!(
            (got.as_u16(), common::code(&body)),
            (status, code),
            "{method} {path}"
        );
    }
    let uncovered = "generateSecurityAccessReviewSummary";
    let path = "/governance/api/v2/security-access-reviews/sar1/summary";
    let (status, body) = admin.post(path, json!({})).await;
    assert_eq!(status, 501);
    assert!(
        body["errorCauses"][0]["errorSummary"]
            .as_str()
            .expect("text")
            .contains(uncovered)
    );
}

#[tokio::test]
async fn system_policies_stay() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    for kind in [
        "ACCESS_POLICY",
        "PASSWORD",
        "OKTA_SIGN_ON",
        "MFA_ENROLL",
        "IDP_DISCOVERY",
        "PROFILE_ENROLLMENT",
    ] {
        let (_, policies) = admin.get(&format!("/api/v1/policies?type={kind}")).await;
        let system = policies
            .as_array()
            .expect("a list")
            .iter()
            .find(|p| p["system"] == true)
            .expect(kind);
        assert_eq!(
            admin
                .bare("DELETE", &format!("/api/v1/policies/{}", id(system)))
                .await
                .0,
            403
        );
    }
    let (_, first) = admin
        .post(
            "/api/v1/policies",
            json!({ "type": "OKTA_SIGN_ON", "name": "Mine" }),
        )
        .await;
    assert_eq!(first["priority"], 1);
    let rules = format!("/api/v1/policies/{}/rules", id(&first));
    let (status, rule) = admin
        .post(&rules, json!({ "type": "SIGN_ON", "name": "R" }))
        .await;
    assert_eq!(
        (status.as_u16(), &rule["actions"]["signon"]["access"]),
        (200, &json!("ALLOW"))
    );
    assert_eq!(
        admin
            .bare("DELETE", &format!("{rules}/{}", id(&rule)))
            .await
            .0,
        204
    );
    let (_, listed) = admin.get("/api/v1/policies?type=OKTA_SIGN_ON").await;
    let order: Vec<&Value> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|p| &p["system"])
        .collect();
    assert_eq!(
        order,
        [&json!(false), &json!(true)],
        "the default comes last"
    );
}

#[tokio::test]
async fn demand_29_many_sandboxes_live_side_by_side_and_stop_when_dropped() {
    let mut sandboxes = Vec::new();
    for _ in 0..8 {
        sandboxes.push(Sandbox::start().await.expect("starts"));
    }
    let urls: Vec<String> = sandboxes.iter().map(|s| s.url().to_owned()).collect();
    sandboxes[0].seed(SeedOrg {
        users: 3,
        groups: 0,
        apps: 0,
        ..SeedOrg::default()
    });
    let (_, users) = Admin::new(&sandboxes[1]).get("/api/v1/users").await;
    assert_eq!(users.as_array().map(Vec::len), Some(1));
    drop(sandboxes);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    for url in urls {
        assert!(
            client()
                .get(format!("{url}/_sandbox/health"))
                .send()
                .await
                .is_err(),
            "{url}"
        );
    }
}
