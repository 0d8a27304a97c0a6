//! Keys that resource servers have tokens encrypted with.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;
use crate::oauth::jwk;

fn server(bench: &Bench) -> String {
    let body = json!({ "name": "Orders", "description": "d", "audiences": ["api://orders"] });
    let (status, server) = bench.call("POST", "/api/v1/authorizationServers", Some(&body));
    assert_eq!(status, 201, "{server}");
    format!("/api/v1/authorizationServers/{}", text(&server, "/id"))
}

fn key(kid: &str) -> Value {
    json!({
        "kid": kid, "kty": "RSA", "use": "enc", "e": "AQAB", "n": jwk::encode([0xc5; 256]),
        "status": "INACTIVE",
    })
}

fn add(bench: &Bench, keys: &str, kid: &str) -> (String, Value) {
    let (status, made) = bench.call("POST", keys, Some(&key(kid)));
    assert_eq!(status, 201, "{made}");
    (format!("{keys}/{}", text(&made, "/id")), made)
}

fn cause((status, body): (u16, Value)) -> String {
    assert_eq!(
        (status, text(&body, "/errorCode")),
        (400, "E0000001"),
        "{body}"
    );
    assert_eq!(
        text(&body, "/errorSummary"),
        "Api validation failed: JsonWebKey"
    );
    text(&body, "/errorCauses/0/errorSummary").to_owned()
}

fn status(bench: &Bench, own: &str) -> String {
    text(&bench.call("GET", own, None).1, "/status").to_owned()
}

#[test]
fn one_key_is_at_work_and_cannot_be_deleted() {
    let bench = Bench::new();
    let server = server(&bench);
    let keys = format!("{server}/resourceservercredentials/keys");
    let (first, made) = add(&bench, &keys, "one");
    assert!(text(&made, "/id").starts_with("apk"), "{made}");
    assert!(made["_links"]["delete"].is_object(), "{made}");
    let (second, _) = add(&bench, &keys, "two");
    let (code, active) = bench.call("POST", &format!("{first}/lifecycle/activate"), None);
    assert_eq!((code, text(&active, "/status")), (200, "ACTIVE"));
    assert!(active["_links"]["delete"].is_null(), "{active}");
    let refused = cause(bench.call("DELETE", &first, None));
    assert!(
        refused.starts_with("'ACTIVE' keys cannot be deleted"),
        "{refused}"
    );
    assert_eq!(
        bench
            .call("POST", &format!("{second}/lifecycle/activate"), None)
            .0,
        200
    );
    assert_eq!(
        (status(&bench, &first), status(&bench, &second)),
        ("INACTIVE".into(), "ACTIVE".into())
    );
    assert_eq!(bench.call("DELETE", &first, None).0, 204);
    let (code, gone) = bench.call("GET", &first, None);
    assert_eq!((code, text(&gone, "/errorCode")), (404, "E0000007"));
    let (_, shown) = bench.call("GET", &server, None);
    assert_eq!(
        shown["jwks"]["keys"].as_array().map(Vec::len),
        Some(1),
        "{shown}"
    );
    let query = "/api/v1/logs?filter=eventType+sw+%22app.oauth2.as.resource_server%22";
    let (_, events) = bench.call("GET", query, None);
    let events = events.as_array().expect("events");
    let verbs: Vec<&str> = events
        .iter()
        .filter_map(|event| text(event, "/eventType").rsplit('.').next())
        .collect();
    assert_eq!(
        verbs,
        [
            "create",
            "create",
            "activate",
            "deactivate",
            "activate",
            "delete"
        ]
    );
}

#[test]
fn the_active_key_stays_while_tokens_are_encrypted() {
    let bench = Bench::new();
    let server = server(&bench);
    let keys = format!("{server}/resourceservercredentials/keys");
    let (own, _) = add(&bench, &keys, "one");
    bench.call("POST", &format!("{own}/lifecycle/activate"), None);
    let (_, mut body) = bench.call("GET", &server, None);
    body["accessTokenEncryptedResponseAlgorithm"] = json!("RSA-OAEP-256");
    let (code, kept) = bench.call("PUT", &server, Some(&body));
    assert_eq!(code, 200, "{kept}");
    let deactivate = format!("{own}/lifecycle/deactivate");
    let refused = cause(bench.call("POST", &deactivate, None));
    assert!(refused.contains("encryption is enabled"), "{refused}");
    body["accessTokenEncryptedResponseAlgorithm"] = Value::Null;
    bench.call("PUT", &server, Some(&body));
    assert_eq!(bench.call("POST", &deactivate, None).0, 200);
    assert_eq!(status(&bench, &own), "INACTIVE");
}

#[test]
fn keys_are_for_encryption_long_enough_and_have_names_of_their_own() {
    let bench = Bench::new();
    let keys = format!("{}/resourceservercredentials/keys", server(&bench));
    add(&bench, &keys, "one");
    for (member, value, expected) in [
        ("kid", json!("one"), "unique 'kid'"),
        ("kid", Value::Null, "unique 'kid'"),
        (
            "n",
            json!(jwk::encode([0xc5; 255])),
            "less than '2,048' bits",
        ),
        ("n", json!("not base64!"), "n: "),
        ("e", Value::Null, "e: "),
        ("kty", json!("EC"), "kty: "),
        ("use", json!("sig"), "use: "),
        (
            "status",
            json!("ACTIVE"),
            "cannot be created with an 'ACTIVE'",
        ),
    ] {
        let mut wrong = key("new");
        wrong[member] = value;
        let refused = cause(bench.call("POST", &keys, Some(&wrong)));
        assert!(refused.contains(expected), "{member}: {refused}");
    }
    for kid in ["two", "three", "four", "five"] {
        add(&bench, &keys, kid);
    }
    let refused = cause(bench.call("POST", &keys, Some(&key("six"))));
    assert!(refused.contains("(5)"), "{refused}");
    let missing = "/api/v1/authorizationServers/none/resourceservercredentials/keys";
    assert_eq!(bench.call("GET", missing, None).0, 404);
}

#[test]
fn keys_that_came_with_the_server_are_its_keys() {
    let bench = Bench::new();
    let body = json!({
        "name": "Stock", "description": "d", "audiences": ["api://stock"],
        "jwks": { "keys": [key("given")] },
    });
    let (_, server) = bench.call("POST", "/api/v1/authorizationServers", Some(&body));
    let keys = format!(
        "/api/v1/authorizationServers/{}/resourceservercredentials/keys",
        text(&server, "/id")
    );
    let (_, all) = bench.call("GET", &keys, None);
    assert_eq!(text(&all, "/0/kid"), "given");
    let own = format!("{keys}/{}", text(&all, "/0/id"));
    assert_eq!(bench.call("GET", &own, None).1, all[0]);
}
