//! Security event tokens of providers that the org knows.

mod common;
#[path = "common/published.rs"]
mod published;

use aws_lc_rs::signature::EcdsaKeyPair;
use common::*;
use okta_sandbox::Sandbox;
use published::{Published, named};
use serde_json::{Value, json};

const PROVIDERS: &str = "/api/v1/security-events-providers";
const USER_RISK: &str = "https://schemas.okta.com/secevent/okta/event-type/user-risk-change";
const ISSUER: &str = "https://risk.example.com";

struct Provider {
    key: EcdsaKeyPair,
}

impl Provider {
    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": "one", "typ": "secevent+jwt" });
        jwt(&self.key, &header, claims)
    }
}

fn claims(sandbox: &Sandbox, issuer: &str, events: Value) -> Value {
    json!({
        "iss": issuer, "aud": sandbox.url(), "iat": now(), "jti": unique(), "events": events,
    })
}

fn risk_of(mail: &str, level: &str) -> Value {
    json!({ USER_RISK: {
        "event_timestamp": now(), "subject": { "user": { "format": "email", "email": mail } },
        "current_level": level, "previous_level": "low",
        "reason_admin": { "en": "Signed in from two places" },
    } })
}

async fn push(sandbox: &Sandbox, token: String) -> (u16, Value) {
    let request = client()
        .post(format!("{}/security/api/v1/security-events", sandbox.url()))
        .header("content-type", "application/secevent+jwt")
        .body(token);
    let answer = send(request).await;
    let status = answer.status().as_u16();
    let body = answer.text().await.expect("a body");
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn known_provider(admin: &Admin<'_>, settings: Value) -> String {
    let body = json!({ "name": "Risk engine", "type": "okta", "settings": settings });
    let (status, provider) = admin.post(PROVIDERS, body).await;
    assert_eq!(status, 200, "{provider}");
    id(&provider)
}

#[tokio::test]
async fn a_provider_raises_the_risk_of_a_user() {
    let keys = Published::start().await;
    let provider = Provider { key: fresh_key() };
    keys.publish_keys(&[named(&provider.key, "one")]);
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ann = id(&admin.user("ann@example.com").await);
    let settings = json!({ "issuer": ISSUER, "jwks_url": keys.url });
    let known = known_provider(&admin, settings).await;

    for level in ["high", "high"] {
        let claims = claims(&sandbox, ISSUER, risk_of("ann@example.com", level));
        let (status, body) = push(&sandbox, provider.sign(&claims)).await;
        assert_eq!((status, &body), (202, &Value::Null));
    }
    assert_eq!(keys.reads(), 1, "the keys are kept");
    let risk = format!("/api/v1/users/{ann}/risk");
    let (_, shown) = admin.get(&risk).await;
    assert_eq!(
        (&shown["riskLevel"], &shown["reason"]),
        (&json!("HIGH"), &json!("Signed in from two places"))
    );
    assert_eq!(
        admin
            .events("security.events.provider.receive_event")
            .await
            .len(),
        2
    );
    assert_eq!(
        admin.events("user.risk.change").await.len(),
        1,
        "changed once"
    );

    let lowered = claims(&sandbox, ISSUER, risk_of("ann@example.com", "secure"));
    assert_eq!(push(&sandbox, provider.sign(&lowered)).await.0, 202);
    let (_, shown) = admin.get(&risk).await;
    assert_eq!(shown["riskLevel"], "NONE");

    let path = format!("{PROVIDERS}/{known}/lifecycle/deactivate");
    assert_eq!(admin.post(&path, json!({})).await.0, 200);
    let (status, refused) = push(&sandbox, provider.sign(&lowered)).await;
    assert_eq!((status, &refused["err"]), (400, &json!("invalid_issuer")));
}

#[tokio::test]
async fn a_provider_with_a_well_known_document_ends_sessions() {
    let (keys, document) = (Published::start().await, Published::start().await);
    let provider = Provider { key: fresh_key() };
    keys.publish_keys(&[named(&provider.key, "one")]);
    document.publish(&json!({ "issuer": ISSUER, "jwks_uri": keys.url }));
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ann = id(&admin.user("ann@example.com").await);
    known_provider(&admin, json!({ "well_known_url": document.url })).await;
    let subject = json!({ "format": "opaque", "id": ann });
    let revoked = json!({ "https://schemas.openid.net/secevent/caep/event-type/session-revoked": {
        "event_timestamp": now(), "subject": { "user": subject },
    } });
    let claims = claims(&sandbox, ISSUER, revoked);
    let (status, body) = push(&sandbox, provider.sign(&claims)).await;
    assert_eq!(status, 202, "{body}");
    assert_eq!(admin.events("user.session.clear").await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_trusted_is_refused_with_a_reason() {
    let keys = Published::start().await;
    let provider = Provider { key: fresh_key() };
    keys.publish_keys(&[named(&provider.key, "one")]);
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let settings = json!({ "issuer": ISSUER, "jwks_url": keys.url });
    known_provider(&admin, settings).await;
    let good = claims(&sandbox, ISSUER, risk_of("ann@example.com", "high"));
    let with = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        provider.sign(&claims)
    };
    let mut unleveled = good["events"].clone();
    unleveled[USER_RISK]["current_level"] = Value::Null;
    let stranger = Provider { key: fresh_key() };
    let unnamed = json!({ "alg": "ES256", "kid": "two", "typ": "secevent+jwt" });
    let untyped = json!({ "alg": "ES256", "kid": "one" });
    let cases = [
        ("no token".to_owned(), "invalid_request"),
        (jwt(&provider.key, &untyped, &good), "invalid_request"),
        (
            with("iss", json!("https://other.example.com")),
            "invalid_issuer",
        ),
        (
            with("aud", json!("https://other.example.com")),
            "invalid_audience",
        ),
        (jwt(&provider.key, &unnamed, &good), "invalid_key"),
        (stranger.sign(&good), "authentication_failed"),
        (with("events", json!({})), "invalid_request"),
        (with("events", unleveled), "invalid_request"),
        (with("iat", json!(now() + 3600)), "invalid_request"),
    ];
    for (token, err) in cases {
        let (status, refused) = push(&sandbox, token).await;
        assert_eq!((status, &refused["err"]), (400, &json!(err)), "{refused}");
        assert!(
            refused["description"]
                .as_str()
                .is_some_and(|d| d.len() > 20)
        );
    }
    assert_eq!(
        admin
            .events("security.events.provider.receive_event")
            .await
            .len(),
        0
    );
    // Nobody here is meant, which is no fault of the provider's.
    let (status, _) = push(&sandbox, provider.sign(&good)).await;
    assert_eq!(status, 202);
    assert_eq!(
        admin
            .events("security.events.provider.receive_event")
            .await
            .len(),
        1
    );
}
