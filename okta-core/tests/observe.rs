//! What a client tells about itself: metrics, journal, drift; and that none of it holds a secret.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use okta_core::observe::{Event, Metrics};
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::TransportFault;
use okta_core::{PrivateKey, RetryPolicy, ServiceApp};

const PATH: &str = "/api/v1/things/canary-login";

fn org() -> Canned {
    let id = |answer: Answer, id: &str| answer.header("x-okta-request-id", id);
    Canned::new()
        .on(
            "POST",
            "/oauth2/v1/token",
            Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"canary-token"}"#,
            ),
        )
        .on("GET", PATH, id(Answer::empty(503), "req-1"))
        .on("GET", PATH, Answer::fault(TransportFault::Truncated))
        .on("GET", PATH, id(Answer::json(200, r#"{"id":"1"}"#), "req-2"))
        .on(
            "POST",
            "/api/v1/things",
            id(
                Answer::json(
                    400,
                    r#"{"errorCode":"E0000001","errorSummary":"canary-summary"}"#,
                ),
                "req-3",
            ),
        )
}

fn app() -> ServiceApp {
    let key = PrivateKey::parse(include_str!("keys/ec_p256.jwk.json")).unwrap();
    ServiceApp::new("0oa1", key, ["okta.things.manage"]).unwrap()
}

#[tokio::test]
async fn metrics_count_by_operation() {
    let metrics = Metrics::default();
    let observed = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&observed);
    let (client, _, _) = client_with(org(), |b| {
        b.service_app(app())
            .observer(metrics.clone())
            .on_event(move |event| {
                if matches!(event, Event::Call(_)) {
                    *counter.lock().unwrap() += 1;
                }
            })
    });
    for _ in 0..3 {
        client.send(Get::of("canary-login")).await.unwrap();
    }
    client.send(Create::named("canary-name")).await.unwrap_err();
    client.call("GET", "/api/v1/nowhere").await.unwrap_err();
    assert_eq!(*observed.lock().unwrap(), 5);

    let snapshot = metrics.snapshot();
    let get = &snapshot.operations[0];
    assert_eq!(
        (get.operation.as_str(), get.calls, get.attempts),
        ("getThing", 3, 5)
    );
    assert_eq!(get.statuses, BTreeMap::from([(200, 3)]));
    assert_eq!(get.durations.iter().sum::<u64>(), 3);
    let create = snapshot
        .operations
        .iter()
        .find(|one| one.operation == "createThing")
        .unwrap();
    assert_eq!(create.errors, BTreeMap::from([("Api".to_owned(), 1)]));
    assert_eq!((snapshot.tokens, snapshot.waits["backoff"].count), (1, 2));
    let text = snapshot.to_prometheus();
    for line in [
        "okta_client_calls_total{operation=\"getThing\",status=\"200\"} 3",
        "okta_client_calls_total{operation=\"/api/v1/nowhere\",status=\"\"} 1",
        "okta_client_requests_total{operation=\"getThing\"} 5",
        "okta_client_errors_total{operation=\"createThing\",kind=\"Api\"} 1",
        "okta_client_call_duration_seconds_bucket{operation=\"getThing\",le=\"+Inf\"} 3",
        "okta_client_waits_total{reason=\"backoff\"} 2",
        "okta_client_tokens_total 1",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nin\n{text}"
        );
    }
    let all = format!(
        "{text} {snapshot} {snapshot:?} {}",
        serde_json::to_string(&snapshot).unwrap()
    );
    assert!(!all.contains("canary"), "{all}");
}

#[tokio::test]
async fn the_journal_keeps_the_last_calls_for_support() {
    let (client, _, _) = client_with(org(), |b| b.service_app(app()).journal_size(3));
    for _ in 0..2 {
        client
            .send(Get::of("canary-login").with_query("q", "canary-query"))
            .await
            .unwrap();
    }
    client.send(Create::named("canary-name")).await.unwrap_err();
    let none = RetryPolicy::none();
    client
        .send(
            Get::of("canary-other")
                .with_retry(none)
                .with_timeout(Duration::from_secs(1)),
        )
        .await
        .unwrap_err();

    let journal = client.journal();
    assert_eq!((journal.entries.len(), journal.forgotten), (3, 1));
    let create = &journal.entries[1];
    assert_eq!(
        (create.method.as_str(), create.path.as_str()),
        ("POST", "/api/v1/things")
    );
    assert_eq!(
        (
            create.status,
            create.code.as_deref(),
            create.request_id.as_deref()
        ),
        (Some(400), Some("E0000001"), Some("req-3"))
    );
    assert_eq!(journal.entries[2].error.as_deref(), Some("Transport"));
    let lines: Vec<serde_json::Value> = journal
        .to_ndjson()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[1]["requestId"], "req-3");
    assert_eq!(lines[2]["status"], serde_json::Value::Null);
    let text = format!("{journal} {journal:?} {}", journal.to_ndjson());
    assert!(
        text.contains("400") && text.contains("Api E0000001, request req-3"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");

    // A path that was written by hand.
    for login in ["canary@acme.com", "canary%40acme.com"] {
        let path = format!("/api/v1/things/{login}/x");
        let _ = client.call("GET", path).await;
    }
    let text = client.journal().to_string();
    assert!(text.contains("/api/v1/things/[redacted]/x"), "{text}");
    assert!(!text.contains("canary"), "{text}");

    let (client, _, _) = client_with(org(), |b| b.service_app(app()).journal_size(0));
    client.send(Get::of("canary-login")).await.unwrap();
    assert!(client.journal().entries.is_empty());
}

#[tokio::test]
async fn drift_prints_one_heading_an_operation() {
    let body = r#"{"id":"1","canaryMember":1,"name":{"not":"text"}}"#;
    let canned = Canned::from_fn(move |_| Answer::json(200, body));
    let (client, _, _) = client(canned);
    for _ in 0..2 {
        client.send(Get::of("1")).await.unwrap();
    }
    let drift = client.drift();
    let text = drift.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0], "getThing");
    assert!(
        lines[1..]
            .iter()
            .all(|line| line.starts_with("  $.") && line.ends_with("(2 times)")),
        "{text}"
    );
    let json = serde_json::to_value(&drift).unwrap();
    assert_eq!(json["entries"][0]["operation"], "getThing");
}
