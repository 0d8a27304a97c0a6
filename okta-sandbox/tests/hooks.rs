//! Event hooks: verification handshake and delivery to a server of the test's own.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Admin, id, read_request};
use okta_sandbox::{FaultRule, Sandbox};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// A server that proves itself and remembers what it is sent; it fails the first deliveries.
struct Receiver {
    url: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    async fn start(honest: bool, failures: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!(
            "http://{}/hook?a=b",
            listener.local_addr().expect("an address")
        );
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut failures = failures;
            loop {
                let (mut stream, _) = listener.accept().await.expect("a call");
                let (head, body) = read_request(&mut stream).await;
                let answer = if head.starts_with("GET") {
                    let challenge = head
                        .lines()
                        .find_map(|l| l.strip_prefix("x-okta-verification-challenge: "))
                        .unwrap_or_default();
                    let proof = if honest { challenge } else { "guess" };
                    assert!(head.to_lowercase().contains("authorization: secret"));
                    let body = json!({ "verification": proof }).to_string();
                    format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    )
                } else if failures > 0 {
                    failures -= 1;
                    "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n".to_owned()
                } else {
                    let call = serde_json::from_str(&body).expect("JSON");
                    kept.lock().expect("a lock").push(call);
                    "HTTP/1.1 204 Taken\r\n\r\n".to_owned()
                };
                stream.write_all(answer.as_bytes()).await.expect("written");
            }
        });
        Self { url, seen }
    }

    async fn wait(&self) -> Vec<Value> {
        for _ in 0..200 {
            let seen = self.seen.lock().expect("a lock").clone();
            if !seen.is_empty() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Vec::new()
    }
}

async fn hook(admin: &Admin<'_>, url: &str) -> String {
    let body = json!({
        "name": "Hook", "events": { "type": "EVENT_TYPE", "items": ["group.lifecycle.create"] },
        "channel": { "type": "HTTP", "version": "1.0.0", "config": {
            "uri": url, "authScheme": { "type": "HEADER", "key": "authorization", "value": "secret" },
        } },
    });
    let (status, hook) = admin.post("/api/v1/eventHooks", body).await;
    assert_eq!(
        (status.as_u16(), &hook["verificationStatus"]),
        (200, &json!("UNVERIFIED"))
    );
    format!("/api/v1/eventHooks/{}", id(&hook))
}

#[tokio::test]
async fn hooks_are_verified_and_told_of_events_once_they_are() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let receiver = Receiver::start(true, 1).await;
    let hook = hook(&admin, &receiver.url).await;
    admin.group("Before verification").await;

    let (status, verified) = admin
        .bare("POST", &format!("{hook}/lifecycle/verify"))
        .await;
    assert_eq!(
        (status.as_u16(), &verified["verificationStatus"]),
        (200, &json!("VERIFIED"))
    );
    assert!(
        verified
            .pointer("/channel/config/authScheme/value")
            .is_none()
    );

    admin.user("nobody@example.com").await;
    let group = admin.group("After verification").await;
    let seen = receiver.wait().await;
    assert_eq!(seen.len(), 1, "the failed delivery was repeated: {seen:?}");
    assert_eq!(seen[0]["eventType"], "com.okta.event_hook");
    assert!(
        seen[0]["source"]
            .as_str()
            .expect("a source")
            .ends_with(&hook)
    );
    let events = seen[0]["data"]["events"].as_array().expect("events");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["eventType"], "group.lifecycle.create");
    assert_eq!(events[0]["target"][0]["id"], json!(group));
    assert_eq!(admin.events("event_hook.verified").await.len(), 1);
}

#[tokio::test]
async fn a_hook_that_does_not_know_the_challenge_stays_unverified() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let receiver = Receiver::start(false, 0).await;
    let hook = hook(&admin, &receiver.url).await;
    let (status, refused) = admin
        .bare("POST", &format!("{hook}/lifecycle/verify"))
        .await;
    assert_eq!((status.as_u16(), common::code(&refused)), (400, "E0000001"));
    assert_eq!(admin.get(&hook).await.1["verificationStatus"], "UNVERIFIED");
}

/// The names of the groups that a receiver was told of, in their order.
fn told(seen: &[Value]) -> Vec<String> {
    let events = seen
        .iter()
        .flat_map(|call| call["data"]["events"].as_array());
    let name = |event: &Value| {
        event["target"][0]["displayName"]
            .as_str()
            .map(str::to_owned)
    };
    events.flatten().filter_map(name).collect()
}

#[tokio::test]
async fn deliveries_are_lost_late_and_doubled_on_demand() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let receiver = Receiver::start(true, 0).await;
    let hook = hook(&admin, &receiver.url).await;
    admin
        .bare("POST", &format!("{hook}/lifecycle/verify"))
        .await;
    let until = async |count: usize| {
        for _ in 0..500 {
            let seen = receiver.seen.lock().expect("a lock").clone();
            if seen.len() >= count {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("fewer than {count} deliveries");
    };

    let wanted = "group.lifecycle.create";
    for rule in [
        FaultRule::lost_delivery().event(wanted),
        FaultRule::late_delivery(Duration::from_millis(400)).hook("Hook"),
    ] {
        sandbox.add_fault(&rule).expect("understood");
    }
    for name in ["Lost", "Late", "Prompt"] {
        admin.group(name).await;
    }
    let seen = until(2).await;
    assert_eq!(told(&seen), ["Prompt", "Late"], "the late one comes last");
    assert_eq!(sandbox.faults(), json!([]));
    assert!(
        admin.events("event_hook.delivery").await.is_empty(),
        "nothing tells of the loss"
    );

    let doubled = json!({ "match": { "hook": id(&admin.get(&hook).await.1) },
        "then": { "delivery": "doubled" } });
    sandbox.add_faults(&doubled).expect("understood");
    admin.group("Doubled").await;
    let seen = until(4).await;
    assert_eq!(told(&seen[2..]), ["Doubled", "Doubled"]);
    assert_eq!(seen[2], seen[3], "the same delivery, with the same eventId");

    // Faults of other hooks, other events and of requests leave deliveries alone.
    for rule in [
        FaultRule::lost_delivery().hook("Other").always(),
        FaultRule::lost_delivery()
            .event("user.lifecycle.create")
            .always(),
        FaultRule::status(503).path("/hook").always(),
    ] {
        sandbox.add_fault(&rule).expect("understood");
    }
    admin.group("Untouched").await;
    assert_eq!(told(&until(5).await[4..]), ["Untouched"]);
    for bad in [
        json!({ "then": { "delivery": "gone" } }),
        json!({ "then": { "delivery": "lost", "status": 500 } }),
        json!({ "match": { "path": "/" }, "then": { "delivery": "lost" } }),
        json!({ "match": { "hook": "Hook" }, "then": { "status": 500 } }),
    ] {
        sandbox.add_faults(&bad).expect_err("not understood");
    }
}
