//! Faults on demand: what the network and the service do wrong, as a client sees it. And TLS.

mod common;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use common::*;
use okta_sandbox::{FaultRule, Sandbox, Tls};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

fn users(sandbox: &Sandbox) -> reqwest::RequestBuilder {
    Admin::new(sandbox).request("GET", "/api/v1/users")
}

/// Sends a request over a plain socket and reads until the end or the error.
fn raw(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> (String, std::io::Result<()>) {
    let host = sandbox.url().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(host).expect("connects");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: SSWS {}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        sandbox.api_token(),
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sends");
    let mut text = Vec::new();
    let end = stream.read_to_end(&mut text).map(|_| ());
    (String::from_utf8_lossy(&text).into_owned(), end)
}

const NEW_GROUP: &str = r#"{"profile":{"name":"G"}}"#;

async fn groups_named_g(sandbox: &Sandbox) -> usize {
    let (_, groups) = Admin::new(sandbox).get("/api/v1/groups?q=G").await;
    groups.as_array().expect("a list").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_break_in_every_way() {
    let sandbox = Sandbox::start().await.expect("starts");
    sandbox
        .add_fault(&FaultRule::close().path("/api/v1/groups"))
        .expect("understood");
    let (text, end) = raw(&sandbox, "POST", "/api/v1/groups", NEW_GROUP);
    assert!(text.is_empty() && end.is_ok(), "closed: {text}");
    assert_eq!(
        groups_named_g(&sandbox).await,
        1,
        "the request was carried out"
    );
    let (_, groups) = Admin::new(&sandbox).get("/api/v1/groups?q=G").await;
    let path = format!("/api/v1/groups/{}", id(&groups[0]));
    Admin::new(&sandbox).bare("DELETE", &path).await;

    let rule = FaultRule::reset()
        .unprocessed()
        .method("POST")
        .path("/api/v1/groups");
    sandbox.add_fault(&rule).expect("understood");
    let (text, end) = raw(&sandbox, "POST", "/api/v1/groups", NEW_GROUP);
    let kind = end.expect_err("reset").kind();
    assert_eq!(
        (text.as_str(), kind),
        ("", std::io::ErrorKind::ConnectionReset)
    );
    assert_eq!(
        groups_named_g(&sandbox).await,
        0,
        "the request was not carried out"
    );

    sandbox
        .add_fault(&FaultRule::truncate(20))
        .expect("understood");
    let (text, end) = raw(&sandbox, "GET", "/api/v1/users", "");
    let (head, body) = text.split_once("\r\n\r\n").expect("headers");
    assert!(
        end.is_ok() && body.len() == 20 && head.contains("200 OK"),
        "{text}"
    );
    sandbox
        .add_fault(&FaultRule::reset_within_body(20))
        .expect("understood");
    let (_, end) = raw(&sandbox, "GET", "/api/v1/users", "");
    assert_eq!(
        end.expect_err("reset").kind(),
        std::io::ErrorKind::ConnectionReset
    );
    assert_eq!(
        send(users(&sandbox)).await.status(),
        200,
        "nothing waits any more"
    );
    let statuses: Vec<u16> = sandbox.requests().iter().map(|r| r.status).collect();
    assert_eq!(statuses[0], 0, "the journal tells a dropped connection");
}

#[tokio::test]
async fn delays_before_the_answer_and_before_its_body() {
    let sandbox = Sandbox::start().await.expect("starts");
    let pause = Duration::from_millis(200);
    sandbox
        .add_fault(&FaultRule::delay(pause))
        .expect("understood");
    let start = Instant::now();
    assert_eq!(send(users(&sandbox)).await.status(), 200);
    assert!(start.elapsed() >= pause);
    sandbox
        .add_fault(&FaultRule::body_delay(pause))
        .expect("understood");
    let answer = send(users(&sandbox)).await;
    let start = Instant::now();
    answer.bytes().await.expect("a body");
    assert!(start.elapsed() >= pause / 2, "{:?}", start.elapsed());
}

#[tokio::test]
async fn statuses_come_in_the_services_form() {
    let sandbox = Sandbox::start().await.expect("starts");
    for (status, expected) in [
        (423, "E0000239"),
        (429, "E0000047"),
        (500, "E0000009"),
        (503, "E0000010"),
        (502, ""),
        (504, ""),
    ] {
        sandbox
            .add_fault(&FaultRule::status(status))
            .expect("understood");
        let (got, body) = answer(users(&sandbox)).await;
        assert_eq!((got.as_u16(), code(&body)), (status, expected));
    }
    let rule = FaultRule::status(400)
        .body(json!({ "errorCode": "X" }))
        .header("x-own", "1");
    sandbox.add_fault(&rule).expect("understood");
    let response = send(users(&sandbox)).await;
    assert_eq!(response.headers()["x-own"], "1");
    assert_eq!(
        response.text().await.expect("a body"),
        r#"{"errorCode":"X"}"#
    );
}

#[tokio::test]
async fn both_kinds_of_429_are_told_apart_by_their_headers() {
    let sandbox = Sandbox::start().await.expect("starts");
    let read = |response: &reqwest::Response, name: &str| -> i64 {
        let all: Vec<_> = response.headers().get_all(name).iter().collect();
        assert_eq!(all.len(), 1, "{name}");
        all[0].to_str().expect("text").parse().expect("a number")
    };
    sandbox
        .add_fault(&FaultRule::window_limit(7))
        .expect("understood");
    let window = send(users(&sandbox)).await;
    assert_eq!(window.status(), 429);
    assert!(read(&window, "x-rate-limit-limit") > 0);
    assert_eq!(read(&window, "x-rate-limit-remaining"), 0);
    assert!((6..=8).contains(&(read(&window, "x-rate-limit-reset") - now())));
    sandbox
        .add_fault(&FaultRule::concurrency_limit())
        .expect("understood");
    let concurrency = send(users(&sandbox)).await;
    assert_eq!(
        (
            concurrency.status().as_u16(),
            read(&concurrency, "x-rate-limit-limit")
        ),
        (429, 0)
    );
}

#[tokio::test]
async fn rules_match_count_wait_and_are_listed() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let faults = format!("{}/_sandbox/faults", sandbox.url());
    let add = |rule: Value| answer(client().post(&faults).json(&rule));
    let (status, _) = add(json!({
        "match": { "method": "get", "path": "/api/v1/*/me" }, "times": 2, "after": 1,
        "then": { "status": 503 },
    }))
    .await;
    assert_eq!(status, 200);
    let mut seen = Vec::new();
    for _ in 0..4 {
        assert_eq!(admin.get("/api/v1/groups").await.0, 200);
        seen.push(admin.get("/api/v1/users/me").await.0.as_u16());
    }
    assert_eq!(seen, [200, 503, 503, 200]);
    add(json!({ "probability": 0.5, "then": { "status": 503 } })).await;
    let mut hits = 0;
    for _ in 0..100 {
        hits += u32::from(admin.get("/api/v1/users/me").await.0 == 503);
    }
    assert!((20..80).contains(&hits), "{hits}");
    let (_, list) = answer(client().get(&faults)).await;
    assert_eq!(
        (&list[0]["hits"], &list[0]["left"]),
        (&json!(hits), &Value::Null)
    );
    let one = format!("{faults}/{}", id(&list[0]));
    assert_eq!(send(client().delete(&one)).await.status(), 204);
    assert_eq!(send(client().delete(&one)).await.status(), 404);
    for wrong in [
        json!({}),
        json!({ "then": { "statsu": 503 } }),
        json!({ "then": { "status": 99 } }),
        json!({ "probability": 2, "then": { "status": 503 } }),
        json!({ "times": "often", "then": { "status": 503 } }),
        json!({ "then": { "before": ["sleep"] } }),
        json!({ "then": { "limit": "sky" } }),
    ] {
        let (status, body) = add(wrong.clone()).await;
        assert_eq!((status.as_u16(), code(&body)), (400, "E0000001"), "{wrong}");
    }
    assert_eq!(sandbox.faults(), json!([]));
}

#[tokio::test]
async fn tokens_and_clocks_go_stale_in_mid_work() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let token = token(&sandbox, &app, "okta.users.read").await;
    let call = || {
        let url = format!("{}/api/v1/users", sandbox.url());
        send(
            client()
                .get(url)
                .header("authorization", format!("Bearer {token}")),
        )
    };
    assert_eq!(call().await.status(), 200);
    sandbox
        .add_fault(&FaultRule::expire_tokens())
        .expect("understood");
    let response = call().await;
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["www-authenticate"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(challenge.contains("invalid_token"), "{challenge}");
    sandbox.skew_clock(-600);
    let (status, body) = ask(&sandbox, &app, "okta.users.read").await;
    assert_eq!(
        status, 401,
        "the assertion is from the org's future: {body}"
    );
    sandbox.skew_clock(0);
    assert_eq!(ask(&sandbox, &app, "okta.users.read").await.0, 200);
    sandbox
        .add_fault(&FaultRule::move_clock(3600))
        .expect("understood");
    let date = send(users(&sandbox)).await.headers()["date"]
        .to_str()
        .expect("text")
        .to_owned();
    let date = jiff::fmt::rfc2822::parse(&date)
        .expect("a date")
        .timestamp();
    assert!((3595..=3605).contains(&(date.as_second() - now())));
}

#[tokio::test]
async fn tls_with_a_certificate_of_its_own_or_a_given_one() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let sandbox = Sandbox::builder()
        .tls(Tls::generate().expect("a certificate"))
        .start()
        .await
        .expect("starts");
    assert!(sandbox.url().starts_with("https://127.0.0.1:"));
    let authority = sandbox.ca_pem().expect("a CA").to_owned();
    let trusting = |pem: &str| {
        let root = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        Client::builder()
            .no_proxy()
            .tls_certs_only([root])
            .build()
            .expect("a client")
    };
    let client = trusting(&authority);
    let authorization = format!("SSWS {}", sandbox.api_token());
    for _ in 0..5 {
        let url = format!("{}/api/v1/users?limit=1", sandbox.url());
        let response = send(client.get(url).header("authorization", &authorization)).await;
        assert_eq!(response.status(), 200);
        let link = response.headers()["link"]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(link.starts_with(&format!("<{}/", sandbox.url())), "{link}");
    }
    assert_eq!((sandbox.tls_handshakes(), sandbox.connections()), (1, 1));
    let other = Tls::generate().expect("a certificate");
    let stranger = Sandbox::builder().tls(other).start().await.expect("starts");
    let refused = client
        .get(format!("{}/_sandbox/health", stranger.url()))
        .send()
        .await;
    assert!(refused.expect_err("another CA").is_connect());
    assert_eq!(stranger.tls_handshakes(), 0);
    let bad = Sandbox::builder()
        .tls(Tls::from_pem("nonsense", "nonsense"))
        .start()
        .await;
    assert_eq!(
        bad.expect_err("refused").kind(),
        std::io::ErrorKind::InvalidInput
    );
}
