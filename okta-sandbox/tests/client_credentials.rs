//! How clients prove themselves to an authorization server.

#[path = "common/clients.rs"]
mod clients;
mod common;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, KeyPair as _, RsaEncoding};
use clients::{app, ask, secret};
use common::*;
use okta_sandbox::Sandbox;
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn secrets_are_taken_only_in_the_way_the_app_says() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    let scope = ("scope", "orders.read");
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let basic = app(&admin, "service", "client_secret_basic", json!([])).await;
    let post = app(&admin, "service", "client_secret_post", json!([])).await;
    let (basic_id, post_id) = (id(&basic), id(&post));
    let cases = [
        (Some((basic_id.as_str(), secret(&basic))), vec![], 200, ""),
        (
            Some((basic_id.as_str(), "wrong")),
            vec![],
            401,
            "invalid_client",
        ),
        (Some(("0oanobody", "wrong")), vec![], 401, "invalid_client"),
        (
            Some((post_id.as_str(), secret(&post))),
            vec![],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![
                ("client_id", post_id.as_str()),
                ("client_secret", secret(&post)),
            ],
            200,
            "",
        ),
        (
            None,
            vec![
                ("client_id", basic_id.as_str()),
                ("client_secret", secret(&basic)),
            ],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![("client_id", post_id.as_str())],
            401,
            "invalid_client",
        ),
        (None, vec![], 401, "invalid_client"),
    ];
    for (credentials, mut fields, status, error) in cases {
        fields.push(scope);
        let (got, body) = ask(&url, credentials, &fields).await;
        let found = body["error"].as_str().unwrap_or_default();
        assert_eq!(
            (got.as_u16(), found),
            (status, error),
            "{credentials:?} {fields:?}"
        );
    }
    let twice = [scope, scope];
    let (status, body) = ask(&url, Some((&basic_id, secret(&basic))), &twice).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("invalid_request"))
    );
}

fn assertion(header: &Value, app: &str, audience: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>) -> String {
    let claims = json!({
        "iss": app, "sub": app, "aud": audience, "iat": now(), "exp": now() + 300, "jti": unique(),
    });
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let signature = sign(input.as_bytes());
    format!("{input}.{}", encode(signature))
}

async fn with_assertion(url: &str, assertion: &str) -> (StatusCode, Value) {
    let fields = [
        ("client_assertion_type", ASSERTION),
        ("client_assertion", assertion),
        ("scope", "orders.read"),
    ];
    ask(url, None, &fields).await
}

#[tokio::test]
async fn assertions_by_every_algorithm() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let rsa = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    // RSAPublicKey of a 2048-bit key with exponent 65537 has fixed places.
    let der = rsa.public_key().as_ref().to_vec();
    let mut keys = vec![json!({ "kty": "RSA", "kid": "rsa", "use": "sig",
        "n": encode(&der[9..265]), "e": encode([1, 0, 1]) })];
    let curves = [
        ("ES256", "P-256", &sig::ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", "P-384", &sig::ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", "P-521", &sig::ECDSA_P521_SHA512_FIXED_SIGNING),
    ];
    let pairs: Vec<EcdsaKeyPair> = curves
        .iter()
        .map(|(alg, curve, algorithm)| {
            let pair = EcdsaKeyPair::generate(algorithm).expect("a key");
            let point = pair.public_key().as_ref();
            let size = (point.len() - 1) / 2;
            keys.push(json!({ "kty": "EC", "crv": curve, "kid": alg, "use": "sig",
                "x": encode(&point[1..=size]), "y": encode(&point[size + 1..]) }));
            pair
        })
        .collect();
    let app = app(&admin, "service", "private_key_jwt", Value::Array(keys)).await;
    let name = id(&app);
    let rsa_algorithms: [(&str, &dyn RsaEncoding); 6] = [
        ("RS256", &sig::RSA_PKCS1_SHA256),
        ("RS384", &sig::RSA_PKCS1_SHA384),
        ("RS512", &sig::RSA_PKCS1_SHA512),
        ("PS256", &sig::RSA_PSS_SHA256),
        ("PS384", &sig::RSA_PSS_SHA384),
        ("PS512", &sig::RSA_PSS_SHA512),
    ];
    for (alg, encoding) in rsa_algorithms {
        let sign = |message: &[u8]| {
            let mut signature = vec![0; 256];
            rsa.sign(encoding, &SystemRandom::new(), message, &mut signature)
                .expect("signs");
            signature
        };
        let token = assertion(&json!({ "alg": alg, "kid": "rsa" }), &name, &url, &sign);
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 200, "{alg}: {body}");
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 401);
        assert!(
            body["error_description"]
                .as_str()
                .expect("text")
                .contains("already been used")
        );
    }
    for ((alg, ..), pair) in curves.iter().zip(&pairs) {
        let sign = |m: &[u8]| {
            pair.sign(&SystemRandom::new(), m)
                .expect("signs")
                .as_ref()
                .to_vec()
        };
        let token = assertion(&json!({ "alg": alg, "kid": alg }), &name, &url, &sign);
        let (status, body) = with_assertion(&url, &token).await;
        assert_eq!(status, 200, "{alg}: {body}");
        let wrong = assertion(&json!({ "alg": "RS256", "kid": alg }), &name, &url, &sign);
        assert_eq!(with_assertion(&url, &wrong).await.0, 401, "{alg} as RS256");
    }
}

#[tokio::test]
async fn assertions_by_a_shared_secret() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let url = format!("{}/oauth2/default/v1/token", sandbox.url());
    admin
        .post(
            "/api/v1/authorizationServers/default/scopes",
            json!({ "name": "orders.read" }),
        )
        .await;
    let app = app(&admin, "service", "client_secret_jwt", json!([])).await;
    let (name, secret) = (id(&app), secret(&app));
    for (alg, algorithm) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        let with = |secret: &str| {
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            let sign = |m: &[u8]| hmac::sign(&key, m).as_ref().to_vec();
            assertion(&json!({ "alg": alg }), &name, &url, &sign)
        };
        let (status, body) = with_assertion(&url, &with(secret)).await;
        assert_eq!(status, 200, "{alg}: {body}");
        assert_eq!(with_assertion(&url, &with("another")).await.0, 401, "{alg}");
    }
}
