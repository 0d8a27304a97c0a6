//! The default transport over real sockets: faults, reuse, limits, proxies.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::*;
use http::Method;
use okta_core::prelude::*;
use okta_core::{ClientBuilder, RetryPolicy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Act {
    /// Sends this and keeps the connection.
    Send(&'static str),
    /// Sends this and closes.
    SendAndClose(&'static str),
    /// Closes without a word, after the request was read.
    Reset,
    Silence,
}

const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}";

struct Wire {
    url: String,
    connections: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Wire {
    /// A server that does one thing after the other, the last one for ever.
    async fn start(acts: &'static [Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (counter, log) = (Arc::clone(&connections), Arc::clone(&requests));
        let next = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, acts, Arc::clone(&next), Arc::clone(&log)));
            }
        });
        Self {
            url,
            connections,
            requests,
        }
    }

    fn client(&self) -> Client {
        self.client_with(|builder| builder)
    }

    fn client_with(&self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        let quick =
            RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(5));
        change(
            Client::builder()
                .org_url(&self.url)
                .api_token("00wire")
                .retry(quick),
        )
        .build()
        .unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut socket: TcpStream,
    acts: &[Act],
    next: Arc<AtomicUsize>,
    log: Arc<std::sync::Mutex<Vec<String>>>,
) {
    while let Some(request) = read_request(&mut socket).await {
        log.lock().unwrap().push(request);
        let index = next.fetch_add(1, Ordering::SeqCst).min(acts.len() - 1);
        match acts[index] {
            Act::Send(text) => socket.write_all(text.as_bytes()).await.unwrap(),
            Act::SendAndClose(text) => {
                let _ = socket.write_all(text.as_bytes()).await;
                return;
            }
            Act::Reset => return,
            Act::Silence => tokio::time::sleep(Duration::from_secs(3600)).await,
        }
    }
}

/// Head and body of one request, `None` at the end of the connection.
async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(|n| n.trim().parse::<usize>().unwrap())
            })
            .unwrap_or(0);
        if body.len() >= length {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn demand_46_a_hundred_calls_share_one_connection() {
    let wire = Wire::start(&[Act::Send(OK)]).await;
    let client = wire.client();
    for _ in 0..100 {
        client.send(Get::of("1")).await.unwrap();
    }
    assert_eq!(wire.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn demand_16_reads_survive_resets_and_truncation() {
    const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n";
    const HALF_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-le";
    // What came is JSON by itself, and less than was announced.
    const SHORT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"id\":\"2\"}";
    static CASES: [&[Act]; 5] = [
        &[Act::SendAndClose(SHORT), Act::Send(OK)],
        &[Act::Reset, Act::Send(OK)],
        &[Act::SendAndClose(CUT), Act::Send(OK)],
        &[Act::SendAndClose(CHUNKED), Act::Send(OK)],
        &[Act::SendAndClose(HALF_HEAD), Act::Send(OK)],
    ];
    for acts in CASES {
        let wire = Wire::start(acts).await;
        let thing = wire.client().send(Get::of("1")).await.unwrap();
        assert_eq!(thing.id.as_deref(), Some("1"));
        assert_eq!(wire.requests().len(), 2);
    }
}

#[tokio::test]
async fn demand_16_writes_that_may_have_arrived_are_not_repeated() {
    const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";
    static CASES: [&[Act]; 2] = [&[Act::Reset], &[Act::SendAndClose(CUT)]];
    for acts in CASES {
        let wire = Wire::start(acts).await;
        let error = wire.client().send(Create::named("n")).await.unwrap_err();
        assert_eq!(wire.requests().len(), 1);
        assert_eq!(error.kind(), ErrorKind::Transport);
        assert!(error.may_have_been_applied(), "{error}");
        assert!(
            error.to_string().contains("may have reached the server"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_is_not_sent_and_repeated() {
    // The port is taken, so that nobody else gets it meanwhile, but nobody listens.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let wire = Wire {
        url,
        connections: Arc::default(),
        requests: Arc::default(),
    };
    let error = wire.client().send(Create::named("n")).await.unwrap_err();
    assert_eq!(error.attempts(), 5);
    assert!(!error.may_have_been_applied());
    assert!(error.to_string().contains("could not be opened"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn demand_47_deadlines_hold_on_real_sockets() {
    let wire = Wire::start(&[Act::Silence]).await;
    let started = Instant::now();
    let error = wire
        .client()
        .send(Get::of("1").with_timeout(Duration::from_millis(200)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(started.elapsed() < Duration::from_secs(2));
    const SLOW_BODY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    let wire = Wire::start(&[Act::Send(SLOW_BODY)]).await;
    let error = wire
        .client()
        .send(Get::of("1").with_timeout(Duration::from_millis(200)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn long_answers_are_cut_off_announced_or_not() {
    const ANNOUNCED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n{";
    let chunked: &'static str = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        5000,
        "x".repeat(5000)
    )
    .leak();
    let acts: [&'static [Act]; 2] = [&[Act::Send(ANNOUNCED)], vec![Act::Send(chunked)].leak()];
    for acts in acts {
        let wire = Wire::start(acts).await;
        let client = wire.client_with(|b| b.max_response_bytes(1000));
        let error = client.send(Get::of("1")).await.unwrap_err();
        assert!(
            error.to_string().contains("longer than 1000 bytes"),
            "{error}"
        );
        assert_eq!(wire.requests().len(), 1);
    }
}

#[tokio::test]
async fn demand_34_redirects_are_not_followed() {
    const MOVED: &str =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\n\r\n";
    let wire = Wire::start(&[Act::Send(MOVED)]).await;
    let error = wire.client().send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 302);
    assert_eq!(wire.requests().len(), 1);
}

#[tokio::test]
async fn what_a_request_looks_like_on_the_wire() {
    let wire = Wire::start(&[Act::Send(OK)]).await;
    let client = wire.client_with(|b| b.user_agent_suffix("my-tool/1"));
    client
        .call(Method::POST, "/api/v1/a b/{id}")
        .path("id", "x/y")
        .query("q", "a&b")
        .await
        .unwrap();
    client.send(Delete::new().attach_id("1")).await.unwrap();
    let head = &wire.requests()[0];
    assert!(
        head.starts_with("POST /api/v1/a%20b/x%2Fy?q=a%26b HTTP/1.1\r\n"),
        "{head}"
    );
    let lower = head.to_ascii_lowercase();
    assert_eq!(lower.matches("content-length: 0").count(), 1, "{head}");
    assert!(lower.contains("authorization: ssws 00wire"), "{head}");
    assert!(lower.contains("my-tool/1\r\n"), "{head}");
    assert!(!lower.contains("content-type"), "{head}");
}

trait AttachId {
    fn attach_id(self, id: &str) -> Self;
}
impl AttachId for Delete {
    fn attach_id(mut self, id: &str) -> Self {
        self.call.set_path("id", id);
        self
    }
}

#[tokio::test]
async fn demand_48_a_proxy_carries_everything_with_its_login() {
    // A plain-http proxy gets the absolute URL; it answers itself here. The environment may
    // exempt loopback from proxies, hence a name that is allowed explicitly.
    let proxy = Wire::start(&[Act::Send(OK)]).await;
    let client = Client::builder()
        .org_url("http://org.test")
        .allow_http_host("org.test")
        .api_token("00wire")
        .proxy(&proxy.url)
        .proxy_login("me", "secret")
        .build()
        .unwrap();
    client.send(Get::of("1")).await.unwrap();
    let head = &proxy.requests()[0];
    assert!(
        head.starts_with("GET http://org.test/api/v1/things/1 HTTP/1.1"),
        "{head}"
    );
    assert!(
        head.to_ascii_lowercase()
            .contains("proxy-authorization: basic bwu6c2vjcmv0"),
        "{head}"
    );
}

#[tokio::test]
async fn demand_28_mocked_http_with_headers_and_html() {
    let mut server = mockito::Server::new_async().await;
    let ok = server
        .mock("GET", "/api/v1/things/1")
        .match_header("authorization", "SSWS 00mock")
        .match_header("accept", "application/json")
        .with_header("content-type", "application/json;charset=UTF-8")
        .with_body(r#"{"id":"1"}"#)
        .create_async()
        .await;
    let html = server
        .mock("GET", "/api/v1/things/2")
        .with_header("content-type", "text/html")
        .with_body("<html></html>")
        .create_async()
        .await;
    let client = Client::builder()
        .org_url(server.url())
        .api_token("00mock")
        .build()
        .unwrap();
    assert_eq!(
        client.send(Get::of("1")).await.unwrap().id.as_deref(),
        Some("1")
    );
    let error = client.send(Get::of("2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("HTML"), "{error}");
    ok.assert_async().await;
    html.assert_async().await;
}

#[tokio::test]
async fn demand_32_futures_may_move_between_threads() {
    fn sendable<T: Send + 'static>(value: T) -> T {
        value
    }
    let wire = Wire::start(&[Act::Send(OK)]).await;
    let client = wire.client();
    sendable(client.send(Get::of("1"))).await.unwrap();
    sendable(client.call(Method::GET, "/x").into_future())
        .await
        .unwrap();
    drop(sendable(client.preflight(["a"])));
    drop(sendable(client.renew_token()));
}
