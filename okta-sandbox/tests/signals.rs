//! Security event tokens, pushed to a receiver of the test's own.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Admin, read_request};
use okta_sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// Head and body of what a receiver got.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver that is not ready for its first delivery.
async fn receiver() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/sets", listener.local_addr().expect("an address"));
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut answer = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
        loop {
            let (mut stream, _) = listener.accept().await.expect("a call");
            let (head, body) = read_request(&mut stream).await;
            kept.lock()
                .expect("a lock")
                .push((head.to_lowercase(), body));
            stream.write_all(answer.as_bytes()).await.expect("written");
            answer = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
        }
    });
    (url, seen)
}

async fn wait(seen: &Seen, count: usize) -> Vec<(String, String)> {
    for _ in 0..200 {
        let now = seen.lock().expect("a lock").clone();
        if now.len() >= count {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the receiver heard too little");
}

fn part(token: &str, index: usize) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(index).expect("a part");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.expect("base64")).expect("JSON")
}

#[tokio::test]
async fn a_receiver_is_sent_signed_tokens() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let (url, seen) = receiver().await;
    let app = sandbox.create_service_app(&["ssf.manage"]);
    let token = common::token(&sandbox, &app, "ssf.manage").await;
    let stream = format!("{}/api/v1/ssf/stream", sandbox.url());
    let post = |path: &str, body: Value| {
        common::client()
            .post(format!("{stream}{path}"))
            .bearer_auth(&token)
            .json(&body)
    };
    let wanted = json!({
        "events_requested": ["https://schemas.openid.net/secevent/caep/event-type/session-revoked"],
        "delivery": {
            "method": "urn:ietf:rfc:8935", "endpoint_url": url, "authorization_header": "Secret word",
        },
    });
    let (status, made) = common::answer(post("", wanted)).await;
    assert_eq!(status, 201, "{made}");
    let ask = json!({ "stream_id": made["stream_id"], "state": "marco" });
    let (status, _) = common::answer(post("/verification", ask)).await;
    assert_eq!(status, 204);
    let calls = wait(&seen, 2).await;
    assert_eq!(calls[0].1, calls[1].1, "the same token once more");
    let (head, token) = &calls[1];
    assert!(head.starts_with("post /sets "), "{head}");
    assert!(
        head.contains("content-type: application/secevent+jwt"),
        "{head}"
    );
    assert!(head.contains("authorization: secret word"), "{head}");
    assert_eq!(part(token, 0)["typ"], "secevent+jwt");
    let events = &part(token, 1)["events"];
    let verification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    assert_eq!(events[verification]["state"], "marco");

    let user = common::id(&admin.user("one@example.com").await);
    admin
        .bare("DELETE", &format!("/api/v1/users/{user}/sessions"))
        .await;
    let (_, token) = wait(&seen, 3).await.remove(2);
    let claims = part(&token, 1);
    let revoked =
        &claims["events"]["https://schemas.openid.net/secevent/caep/event-type/session-revoked"];
    assert_eq!(revoked["subject"]["sub"], json!(user));
    assert_eq!(claims["iss"], sandbox.url());
}
