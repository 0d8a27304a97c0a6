//! API service integrations: their secrets, and how they sign in with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

const SERVICES: &str = "/integrations/api/v1/api-services";

/// An instance that may read users, its path and first secret.
fn instance(bench: &Bench) -> (String, String) {
    let body = json!({ "type": "anzennaapiservice", "grantedScopes": ["okta.users.read"] });
    let (status, made) = bench.call("POST", SERVICES, Some(&body));
    assert_eq!(status, 201, "{made}");
    let path = format!("{SERVICES}/{}", text(&made, "/id"));
    (path, text(&made, "/clientSecret").to_owned())
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// What the token endpoint says to a client with its secret in a header.
fn token(bench: &Bench, path: &str, secret: &str, scope: &str) -> (u16, Value) {
    let basic = STANDARD.encode(format!("{}:{secret}", id(path)));
    let basic = format!("Basic {basic}");
    let body = format!("grant_type=client_credentials&scope={scope}").into_bytes();
    let media = "application/x-www-form-urlencoded";
    let headers = [("authorization", basic.as_str())];
    let answer = bench.with(&headers, "POST", "/oauth2/v1/token", media, body);
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

fn signs_in(bench: &Bench, path: &str, secret: &str) -> bool {
    token(bench, path, secret, "okta.users.read").0 == 200
}

fn as_bearer(bench: &Bench, token: &str, method: &str, target: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    bench.with(&headers, method, target, "", Vec::new()).status
}

fn cause((status, body): (u16, Value)) -> String {
    assert_eq!(
        (status, text(&body, "/errorCode")),
        (400, "E0000001"),
        "{body}"
    );
    text(&body, "/errorCauses/0/errorSummary").to_owned()
}

#[test]
fn a_secret_is_told_whole_once() {
    let bench = Bench::new();
    let (path, first) = instance(&bench);
    let secrets = format!("{path}/credentials/secrets");
    let (status, made) = bench.call("POST", &secrets, None);
    assert_eq!((status, text(&made, "/status")), (201, "ACTIVE"), "{made}");
    let second = text(&made, "/client_secret");
    assert!(
        second.len() > 40 && made["_links"]["deactivate"].is_object(),
        "{made}"
    );
    let (_, all) = bench.call("GET", &secrets, None);
    for (at, whole) in [first.as_str(), second].iter().enumerate() {
        let end = &whole[whole.len() - 4..];
        assert_eq!(all[at]["client_secret"], format!("***{end}"), "{all}");
        assert_eq!(text(&all[at], "/secret_hash").len(), 22, "{all}");
    }
    let most = cause(bench.call("POST", &secrets, None));
    assert!(most.contains("maximum number"), "{most}");
}

#[test]
fn one_secret_stays_at_work() {
    let bench = Bench::new();
    let (path, first) = instance(&bench);
    let secrets = format!("{path}/credentials/secrets");
    let (_, all) = bench.call("GET", &secrets, None);
    let old = format!("{secrets}/{}", text(&all, "/0/id"));
    let last = cause(bench.call("POST", &format!("{old}/lifecycle/deactivate"), None));
    assert!(last.contains("last active"), "{last}");
    let (_, made) = bench.call("POST", &secrets, None);
    let second = text(&made, "/client_secret");
    assert!(signs_in(&bench, &path, &first) && signs_in(&bench, &path, second));
    let active = cause(bench.call("DELETE", &old, None));
    assert!(active.contains("cannot be deleted"), "{active}");
    let (status, off) = bench.call("POST", &format!("{old}/lifecycle/deactivate"), None);
    assert_eq!((status, text(&off, "/status")), (200, "INACTIVE"));
    assert!(text(&off, "/client_secret").starts_with("***"), "{off}");
    assert!(!signs_in(&bench, &path, &first), "off");
    assert!(signs_in(&bench, &path, second));
    assert_eq!(
        bench
            .call("POST", &format!("{old}/lifecycle/activate"), None)
            .0,
        200
    );
    assert!(signs_in(&bench, &path, &first), "on again");
    bench.call("POST", &format!("{old}/lifecycle/deactivate"), None);
    assert_eq!(bench.call("DELETE", &old, None).0, 204);
    let (status, gone) = bench.call("POST", &format!("{old}/lifecycle/activate"), None);
    assert_eq!((status, text(&gone, "/errorCode")), (404, "E0000007"));
    assert!(!signs_in(&bench, &path, &first), "gone");
    let filter = "/api/v1/logs?filter=eventType+sw+%22app.oauth2.credentials.lifecycle%22";
    let (_, events) = bench.call("GET", filter, None);
    let events = events.as_array().expect("events");
    let verbs: Vec<&str> = events
        .iter()
        .filter_map(|event| text(event, "/eventType").rsplit('.').next())
        .collect();
    assert_eq!(
        verbs,
        ["create", "deactivate", "activate", "deactivate", "delete"]
    );
    assert_eq!(text(&events[0], "/target/0/id"), id(&path));
}

#[test]
fn an_instance_does_what_its_scopes_allow_until_it_is_revoked() {
    let bench = Bench::new();
    let (path, secret) = instance(&bench);
    let (status, body) = token(&bench, &path, &secret, "okta.users.read+okta.groups.read");
    assert_eq!(
        (status, text(&body, "/scope")),
        (200, "okta.users.read"),
        "{body}"
    );
    let held = text(&body, "/access_token");
    assert_eq!(as_bearer(&bench, held, "GET", "/api/v1/users"), 200);
    assert_eq!(as_bearer(&bench, held, "GET", "/api/v1/groups"), 403);
    for (secret, scope, error) in [
        ("wrong", "okta.users.read", "invalid_client"),
        (secret.as_str(), "okta.groups.read", "consent_required"),
        (secret.as_str(), "openid", "invalid_scope"),
    ] {
        let (_, refused) = token(&bench, &path, secret, scope);
        assert_eq!(text(&refused, "/error"), error, "{refused}");
    }
    assert_eq!(bench.call("DELETE", &path, None).0, 204);
    assert_eq!(as_bearer(&bench, held, "GET", "/api/v1/users"), 401);
    assert!(!signs_in(&bench, &path, &secret));
    assert_eq!(
        bench
            .call("GET", &format!("{path}/credentials/secrets"), None)
            .0,
        404
    );
}

#[test]
fn unknown_scopes_are_not_granted() {
    let bench = Bench::new();
    for scopes in [
        json!(["okta.users.read", "okta.nothing.read"]),
        json!([1]),
        json!([]),
    ] {
        let body = json!({ "type": "anzennaapiservice", "grantedScopes": scopes });
        assert_eq!(bench.call("POST", SERVICES, Some(&body)).0, 400, "{body}");
    }
}
