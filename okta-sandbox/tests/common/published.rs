//! Documents that clients and providers publish.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::EcdsaKeyPair;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::common::public_jwk;

/// A server of one document, which may change.
pub struct Published {
    pub url: String,
    document: Arc<Mutex<String>>,
    reads: Arc<AtomicUsize>,
}

impl Published {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let document = Arc::new(Mutex::new(String::new()));
        let reads = Arc::new(AtomicUsize::new(0));
        let (shown, count) = (Arc::clone(&document), Arc::clone(&reads));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                count.fetch_add(1, Ordering::Relaxed);
                let body = shown.lock().expect("the document").clone();
                let status = if body.is_empty() {
                    "503 Unavailable"
                } else {
                    "200 OK"
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            url,
            document,
            reads,
        }
    }

    pub fn publish(&self, document: &Value) {
        *self.document.lock().expect("the document") = document.to_string();
    }

    pub fn publish_keys(&self, keys: &[Value]) {
        self.publish(&json!({ "keys": keys }));
    }

    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }
}

/// The public half of a key, with its name.
pub fn named(key: &EcdsaKeyPair, kid: &str) -> Value {
    let mut jwk = public_jwk(key);
    jwk["kid"] = json!(kid);
    jwk
}
