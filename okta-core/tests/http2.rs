//! HTTP/2 says exactly which requests were not processed; those are sent again, writes too.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::*;
use okta_core::RetryPolicy;
use okta_core::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const REFUSED: u32 = 7;
const CALM: u32 = 11;

#[derive(Clone, Copy)]
enum Fault {
    /// RST_STREAM with this code.
    Reset(u32),
    /// GOAWAY with this code, counting the stream or not; then the connection closes.
    GoAway { code: u32, counted: bool },
    /// An answer of JSON that is shorter than its announced length.
    Short,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A server that meets the first `faults` streams with a fault and answers the others; how many
/// streams it saw.
async fn start(fault: Fault, faults: u32) -> (Client, Arc<AtomicU32>) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let streams = Arc::new(AtomicU32::new(0));
    let seen = streams.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut preface = [0; PREFACE];
                socket.read_exact(&mut preface).await?;
                socket.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
                loop {
                    let mut head = [0; 9];
                    socket.read_exact(&mut head).await?;
                    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                    let mut payload = vec![0; length as usize];
                    socket.read_exact(&mut payload).await?;
                    if head[3] != HEADERS {
                        continue;
                    }
                    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
                    if seen.fetch_add(1, Ordering::SeqCst) >= faults {
                        // 0x88 is ":status: 200" in HPACK's static table.
                        let mut answer = frame(HEADERS, 4, stream, &[0x88]);
                        answer.extend(frame(DATA, 1, stream, br#"{"id":"1"}"#));
                        socket.write_all(&answer).await?;
                        continue;
                    }
                    match fault {
                        Fault::Short => {
                            // `content-length: 11`, its name from the static table.
                            let head = [&[0x88, 0x0f, 0x0d, 0x02][..], b"11"].concat();
                            let mut answer = frame(HEADERS, 4, stream, &head);
                            answer.extend(frame(DATA, 1, stream, br#"{"id":"2"}"#));
                            socket.write_all(&answer).await?;
                        }
                        Fault::Reset(code) => {
                            let reset = frame(RST_STREAM, 0, stream, &code.to_be_bytes());
                            socket.write_all(&reset).await?;
                        }
                        Fault::GoAway { code, counted } => {
                            let last = if counted { stream } else { stream - 1 };
                            let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
                            socket.write_all(&frame(GOAWAY, 0, 0, &payload)).await?;
                            return socket.shutdown().await;
                        }
                    }
                }
                #[allow(unreachable_code)]
                Ok::<(), std::io::Error>(())
            });
        }
    });
    let client = Client::builder()
        .org_url(format!("https://localhost:{port}"))
        .api_token("00x")
        .extra_root_pem(include_str!("tls/ca.pem"))
        .retry(RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(2)))
        .build()
        .unwrap();
    (client, streams)
}

#[tokio::test]
async fn writes_that_the_server_did_not_take_up_are_sent_again() {
    for fault in [
        Fault::Reset(REFUSED),
        Fault::GoAway {
            code: 0,
            counted: false,
        },
        Fault::GoAway {
            code: CALM,
            counted: false,
        },
    ] {
        // More than the HTTP client repeats by itself.
        let (client, streams) = start(fault, 4).await;
        let thing = client.send(Create::named("a")).await.unwrap();
        assert_eq!(thing.id.as_deref(), Some("1"));
        assert_eq!(streams.load(Ordering::SeqCst), 5);
    }
}

#[tokio::test]
async fn writes_that_it_may_have_taken_up_are_not() {
    for fault in [
        Fault::Reset(2),
        Fault::Reset(8),
        Fault::GoAway {
            code: 0,
            counted: true,
        },
        Fault::GoAway {
            code: CALM,
            counted: true,
        },
    ] {
        let (client, streams) = start(fault, 1).await;
        let error = client.send(Create::named("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        assert!(error.may_have_been_applied(), "{error}");
        assert_eq!(streams.load(Ordering::SeqCst), 1);
        // A read is repeated.
        assert!(client.send(Get::of("1")).await.is_ok());
    }
}

#[tokio::test]
async fn demand_16_an_answer_that_is_shorter_than_announced_is_none() {
    let (client, streams) = start(Fault::Short, 1).await;
    let thing = client.send(Get::of("1")).await.unwrap();
    assert_eq!(thing.id.as_deref(), Some("1"));
    assert_eq!(streams.load(Ordering::SeqCst), 2);
    let (client, streams) = start(Fault::Short, 9).await;
    let error = client.send(Create::named("n")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.may_have_been_applied(), "{error}");
    assert_eq!(streams.load(Ordering::SeqCst), 1);
}
