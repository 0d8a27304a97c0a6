//! https by our own TLS configuration: whom it trusts, and what it speaks.

mod common;

use std::sync::Arc;

use common::*;
use okta_core::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const CA: &str = include_str!("tls/ca.pem");
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key");
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}";

/// A TLS server that speaks these protocols, answers HTTP/1.1 and reports the first bytes it gets.
async fn start(protocols: &[&[u8]]) -> (String, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else {
                let _ = sender.send(Vec::new());
                continue;
            };
            let mut bytes = vec![0; 4096];
            let count = socket.read(&mut bytes).await.unwrap_or(0);
            bytes.truncate(count);
            let _ = sender.send(bytes);
            let _ = socket.write_all(OK).await;
            let _ = socket.shutdown().await;
        }
    });
    (url, receiver)
}

#[tokio::test]
async fn demand_28_an_extra_root_is_trusted_and_only_then() {
    let (url, mut seen) = start(&[b"http/1.1"]).await;
    let builder = || Client::builder().org_url(&url).api_token("00x");
    let client = builder().extra_root_pem(CA).build().unwrap();
    assert_eq!(
        client.send(Get::of("1")).await.unwrap().id.as_deref(),
        Some("1")
    );
    assert!(
        seen.recv()
            .await
            .unwrap()
            .starts_with(b"GET /api/v1/things/1 HTTP/1.1")
    );

    // Without it, there may be no system roots at all here: then the builder says so.
    match builder().build() {
        Ok(client) => {
            let error = client.send(Get::of("1")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transport);
            assert_eq!(error.attempts(), 1, "{error}");
            assert!(error.to_string().contains("TLS"), "{error}");
            assert!(!error.may_have_been_applied());
        }
        Err(error) => assert!(error.to_string().contains("root certificates"), "{error}"),
    }
}

#[tokio::test]
async fn http_2_is_spoken_where_offered() {
    let (url, mut seen) = start(&[b"h2"]).await;
    let client = Client::builder()
        .org_url(&url)
        .api_token("00x")
        .extra_root_pem(CA)
        .retry(okta_core::RetryPolicy::none())
        .build()
        .unwrap();
    // The answer is not HTTP/2, so that the call fails; what matters is what was sent.
    assert!(client.send(Get::of("1")).await.is_err());
    assert!(seen.recv().await.unwrap().starts_with(b"PRI * HTTP/2.0"));
}
