//! What stands between the program and the org: proxies, TLS, layers; and no cache.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::*;
use http::Method;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::{HttpRequest, HttpResponse, Transport, TransportError};
use okta_core::{ClientBuilder, Config};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;

const CA: &str = include_str!("tls/ca.pem");
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key");
const CLIENT_CA: &str = include_str!("tls/client_ca.pem");
const CLIENT_CERTIFICATE: &str = include_str!("tls/client.pem");
const CLIENT_KEY: &str = include_str!("tls/client.key");

/// Head and body of the next request on a connection; `None` at its end.
async fn request(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let head = text[..end].to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).map_or(0, |rest| {
                rest.lines()
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .parse()
                    .unwrap_or(0)
            });
            if bytes.len() >= end + 4 + length {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

/// Answers requests of one connection until it ends.
async fn serve(mut socket: impl AsyncRead + AsyncWrite + Unpin, log: Arc<Mutex<Vec<String>>>) {
    while let Some(text) = request(&mut socket).await {
        let line = text.lines().next().unwrap_or_default().to_owned();
        let mut extra = "";
        let (status, body) = if line.starts_with("CONNECT") {
            ("502 Bad Gateway", "")
        } else if line.contains("/oauth2/v1/token") {
            (
                "200 OK",
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"t"}"#,
            )
        } else if line.contains("/api/v1/things?after=2") {
            ("200 OK", r#"[{"id":"3"}]"#)
        } else if line.contains("/api/v1/things ") || line.contains("/api/v1/things?") {
            extra = "link: <http://org.test/api/v1/things?after=2>; rel=\"next\"\r\n";
            ("200 OK", r#"[{"id":"1"},{"id":"2"}]"#)
        } else {
            ("200 OK", r#"{"id":"1"}"#)
        };
        log.lock().unwrap().push(text);
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{extra}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        if socket.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, Arc::clone(&seen)));
        }
    });
    (port.to_string(), log)
}

#[tokio::test]
async fn demand_48_a_proxy_with_login_carries_token_calls_uploads_and_pages() {
    let (port, log) = proxy().await;
    let vars = [
        ("OKTA_CLIENT_ORGURL", "http://org.test"),
        ("OKTA_TESTING_DISABLEHTTPSCHECK", "true"),
        ("OKTA_CLIENT_CLIENTID", "0oa1"),
        (
            "OKTA_CLIENT_PRIVATEKEY",
            include_str!("keys/ec_p256.jwk.json"),
        ),
        ("OKTA_CLIENT_SCOPES", "okta.things.manage"),
        ("OKTA_CLIENT_PROXY_HOST", "127.0.0.1"),
        ("OKTA_CLIENT_PROXY_PORT", &port),
        ("OKTA_CLIENT_PROXY_USERNAME", "me"),
        ("OKTA_CLIENT_PROXY_PASSWORD", "secret"),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_vars(vars.clone()).unwrap();
    let client = ClientBuilder::from_config(config).build().unwrap();
    client.send(Get::of("1")).await.unwrap();
    client.send(Create::named("n")).await.unwrap();
    let mut items = client.send(List::new()).await.unwrap().items.len();
    let mut stream = List::new().attach(&client).items();
    while stream.try_next().await.unwrap().is_some() {
        items += 1;
    }
    assert_eq!(items, 2 + 3);
    let seen = log.lock().unwrap().clone();
    let lines: Vec<&str> = seen.iter().filter_map(|text| text.lines().next()).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert!(
        lines[0].starts_with("POST http://org.test/oauth2/v1/token"),
        "{lines:?}"
    );
    assert!(
        lines[5].starts_with("GET http://org.test/api/v1/things?after=2"),
        "{lines:?}"
    );
    for text in &seen {
        let text = text.to_ascii_lowercase();
        assert!(
            text.contains("proxy-authorization: basic bwu6c2vjcmv0"),
            "{text}"
        );
    }
    drop(seen);
    log.lock().unwrap().clear();

    // https goes through a tunnel, whose opening carries the login and nothing else of ours.
    let config = Config::from_vars(vars).unwrap();
    let client = ClientBuilder::from_config(config)
        .org_url("https://org.test")
        .api_token("00canary")
        .extra_root_pem(CA)
        .retry(okta_core::RetryPolicy::none())
        .build()
        .unwrap();
    assert!(client.send(Get::of("1")).await.unwrap_err().is_transport());
    let seen = log.lock().unwrap().clone();
    assert!(seen[0].starts_with("CONNECT org.test:443"), "{seen:?}");
    assert!(
        seen[0]
            .to_ascii_lowercase()
            .contains("proxy-authorization: basic")
    );
    assert!(!seen[0].contains("canary"));
}

/// A TLS server that counts handshakes and may demand a client certificate.
async fn tls(demand_certificate: bool) -> (String, Arc<AtomicUsize>) {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if demand_certificate {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(CLIENT_CA.as_bytes()).unwrap())
            .unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let config = builder
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let handshakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&handshakes);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(socket) = acceptor.accept(socket).await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, Arc::default()));
            }
        }
    });
    (url, handshakes)
}

#[tokio::test]
async fn demand_46_a_hundred_calls_make_one_tls_handshake() {
    let (url, handshakes) = tls(false).await;
    let client = Client::builder()
        .org_url(&url)
        .api_token("00x")
        .extra_root_pem(CA)
        .build()
        .unwrap();
    for _ in 0..50 {
        client.send(Get::of("1")).await.unwrap();
        client.clone().send(Create::named("n")).await.unwrap();
    }
    assert_eq!(handshakes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn demand_48_a_client_certificate_is_shown_where_it_is_demanded() {
    let (url, handshakes) = tls(true).await;
    let builder = || {
        Client::builder()
            .org_url(&url)
            .api_token("00x")
            .extra_root_pem(CA)
            .retry(okta_core::RetryPolicy::none())
    };
    let client = builder()
        .client_certificate(CLIENT_CERTIFICATE, CLIENT_KEY)
        .build()
        .unwrap();
    client.send(Get::of("1")).await.unwrap();
    assert_eq!(handshakes.load(Ordering::SeqCst), 1);
    assert!(builder().build().unwrap().send(Get::of("1")).await.is_err());
}

/// A layer that writes down what it sees, and adds a header.
#[derive(Debug)]
struct Layer {
    inner: Arc<dyn Transport>,
    log: Arc<Mutex<Vec<String>>>,
}

#[async_trait::async_trait]
impl Transport for Layer {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.log
            .lock()
            .unwrap()
            .push(format!("{request:?} {:?}", request.headers));
        request.headers.insert("x-layer", "1".parse().unwrap());
        self.inner.send(request).await
    }
}

#[tokio::test]
async fn demand_49_a_layer_sees_each_attempt_with_redacted_auth() {
    let path = "/api/v1/things/1";
    let canned = Canned::new()
        .on(
            "POST",
            "/oauth2/v1/token",
            Answer::json(
                200,
                r#"{"token_type":"DPoP","expires_in":3600,"access_token":"canary-token"}"#,
            ),
        )
        .on("GET", path, Answer::empty(503))
        .on("GET", path, Answer::json(200, r#"{"id":"1"}"#));
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let key = okta_core::PrivateKey::parse(include_str!("keys/ec_p256.jwk.json")).unwrap();
    let app = okta_core::ServiceApp::new("0oa1", key, ["a"])
        .unwrap()
        .dpop(okta_core::Dpop::Always);
    let (client, transport, _) = client_with(canned, |b| {
        b.service_app(app)
            .user_agent_suffix("tool/1")
            .wrap_transport(move |inner| Arc::new(Layer { inner, log: seen }))
    });
    let call = Get::of("1").with_header("x-trace", "abc");
    client.send(call).await.unwrap();
    let log = log.lock().unwrap();
    // The token request, and both attempts with the call's own header.
    assert_eq!(log.len(), 3);
    assert!(
        log[1..]
            .iter()
            .all(|line| line.contains("\"x-trace\": \"abc\"")),
        "{log:?}"
    );
    assert!(
        log[1..]
            .iter()
            .all(|line| line.contains("\"authorization\": Sensitive")),
        "{log:?}"
    );
    assert!(
        log[1..]
            .iter()
            .all(|line| line.contains("\"dpop\": Sensitive")),
        "{log:?}"
    );
    assert!(!format!("{log:?}").contains("canary"), "{log:?}");
    for request in transport.requests() {
        assert_eq!(request.headers["x-layer"], "1");
        assert!(
            request.headers["user-agent"]
                .to_str()
                .unwrap()
                .ends_with(" tool/1")
        );
    }
}

#[tokio::test]
async fn demand_50_two_gets_are_two_requests() {
    let answer = Answer::json(200, r#"{"id":"1"}"#)
        .header("etag", "\"v1\"")
        .header("cache-control", "max-age=3600");
    let (client, transport, _) = client(Canned::new().on("GET", "/api/v1/things/1", answer));
    for _ in 0..2 {
        client.send(Get::of("1")).await.unwrap();
    }
    let requests = transport.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|request| !request.headers.contains_key("if-none-match"))
    );
    assert_eq!(requests[0].method, Method::GET);
}
