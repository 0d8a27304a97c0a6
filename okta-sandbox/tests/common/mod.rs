//! A small client that signs assertions and proofs, independent of the sandbox's own code.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sandbox::{Sandbox, ServiceApp};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

pub const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub fn client() -> Client {
    // The client wants a TLS provider even for plain HTTP; a second install is refused, which is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub fn unique() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("randomness");
    encode(bytes)
}

pub fn key_of(app: &ServiceApp) -> EcdsaKeyPair {
    let body: String = app
        .private_key_pem
        .lines()
        .filter(|l| !l.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(body).expect("base64");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).expect("a P-256 key")
}

pub fn fresh_key() -> EcdsaKeyPair {
    let document =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).expect("a key")
}

pub fn public_jwk(key: &EcdsaKeyPair) -> Value {
    let point = key.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..65]) })
}

pub fn private_part(key: &EcdsaKeyPair) -> String {
    encode(
        key.private_key()
            .as_be_bytes()
            .expect("the private number")
            .as_ref(),
    )
}

pub fn jwt(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let signature = key
        .sign(&SystemRandom::new(), input.as_bytes())
        .expect("a signature");
    format!("{input}.{}", encode(signature.as_ref()))
}

/// The claims of a good assertion, to be spoilt by tests.
pub fn claims(sandbox: &Sandbox, app: &ServiceApp) -> Value {
    json!({
        "iss": app.client_id, "sub": app.client_id, "aud": format!("{}/oauth2/v1/token", sandbox.url()),
        "iat": now(), "exp": now() + 300, "jti": unique(),
    })
}

pub fn assertion(app: &ServiceApp, claims: &Value) -> String {
    jwt(
        &key_of(app),
        &json!({ "alg": "ES256", "kid": app.kid }),
        claims,
    )
}

pub fn token_form(sandbox: &Sandbox, scope: &str, assertion: &str) -> RequestBuilder {
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", scope),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
    ];
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    client()
        .post(format!("{}/oauth2/v1/token", sandbox.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish())
}

pub async fn ask(sandbox: &Sandbox, app: &ServiceApp, scope: &str) -> (StatusCode, Value) {
    let assertion = assertion(app, &claims(sandbox, app));
    answer(token_form(sandbox, scope, &assertion)).await
}

pub async fn token(sandbox: &Sandbox, app: &ServiceApp, scope: &str) -> String {
    let (status, body) = ask(sandbox, app, scope).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

pub async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = send(request).await;
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// A DPoP proof.
pub struct Proof<'a> {
    pub key: &'a EcdsaKeyPair,
    pub method: &'a str,
    pub url: &'a str,
    pub token: Option<&'a str>,
    pub nonce: Option<&'a str>,
}

impl Proof<'_> {
    pub fn claims(&self) -> Value {
        let mut claims =
            json!({ "htm": self.method, "htu": self.url, "iat": now(), "jti": unique() });
        if let Some(token) = self.token {
            claims["ath"] = json!(encode(digest::digest(&digest::SHA256, token.as_bytes())));
        }
        if let Some(nonce) = self.nonce {
            claims["nonce"] = json!(nonce);
        }
        claims
    }

    pub fn sign(&self) -> String {
        sign_proof(self.key, &self.claims())
    }
}

pub fn sign_proof(key: &EcdsaKeyPair, claims: &Value) -> String {
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": public_jwk(key) });
    jwt(key, &header, claims)
}

/// Calls with the super admin's API token.
pub struct Admin<'s> {
    sandbox: &'s Sandbox,
    client: Client,
}

impl<'s> Admin<'s> {
    pub fn new(sandbox: &'s Sandbox) -> Self {
        Self {
            sandbox,
            client: client(),
        }
    }

    pub fn request(&self, method: &str, target: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        let url = if target.starts_with("http") {
            target.to_owned()
        } else {
            format!("{}{target}", self.sandbox.url())
        };
        self.client.request(method, url).header(
            "authorization",
            format!("SSWS {}", self.sandbox.api_token()),
        )
    }

    pub async fn get(&self, target: &str) -> (StatusCode, Value) {
        answer(self.request("GET", target)).await
    }

    pub async fn post(&self, target: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request("POST", target).json(&body)).await
    }

    pub async fn put(&self, target: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request("PUT", target).json(&body)).await
    }

    pub async fn patch(&self, target: &str, body: Value) -> (StatusCode, Value) {
        answer(self.request("PATCH", target).json(&body)).await
    }

    pub async fn bare(&self, method: &str, target: &str) -> (StatusCode, Value) {
        answer(self.request(method, target).header("content-length", "0")).await
    }

    pub async fn user(&self, login: &str) -> Value {
        let profile =
            json!({ "login": login, "email": login, "firstName": "Test", "lastName": "User" });
        let body = json!({ "profile": profile, "credentials": { "password": { "value": "Secret-1234" } } });
        let (status, user) = self.post("/api/v1/users", body).await;
        assert_eq!(status, 200, "{user}");
        user
    }

    pub async fn group(&self, name: &str) -> String {
        let (status, group) = self
            .post("/api/v1/groups", json!({ "profile": { "name": name } }))
            .await;
        assert_eq!(status, 200, "{group}");
        id(&group)
    }

    pub async fn events(&self, event_type: &str) -> Vec<Value> {
        let mut url =
            url::Url::parse(&format!("{}/api/v1/logs", self.sandbox.url())).expect("a URL");
        url.query_pairs_mut()
            .append_pair("filter", &format!("eventType eq \"{event_type}\""));
        let (status, events) = self.get(url.as_str()).await;
        assert_eq!(status, 200, "{events}");
        events.as_array().cloned().expect("a list")
    }
}

pub fn id(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

pub fn code(body: &Value) -> &str {
    body["errorCode"].as_str().unwrap_or_default()
}

/// Head and body of a request to a server of the test's own.
pub async fn read_request(stream: &mut tokio::net::TcpStream) -> (String, String) {
    use tokio::io::AsyncReadExt as _;
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.expect("bytes");
        assert!(read > 0, "a request that ends too early: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length = length.and_then(|l| l.lines().next()?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return (head.to_owned(), body.to_owned());
        }
    }
}
