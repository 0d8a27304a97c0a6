//! Streams of client apps, and the tokens that go out over them.

use serde_json::{Value, json};

use super::{CREDENTIAL_CHANGE, SESSION_REVOKED, STREAMS, SUPPORTED, VERIFICATION, due};
use crate::bench::{Bench, code};
use crate::json::text;
use crate::oauth::authority::{Grant, ORG};
use crate::oauth::jwk::EcKey;
use crate::oauth::jwt::Jwt;
use crate::service_app::ServiceApp;

const BASE: &str = "http://127.0.0.1:8080";

/// A client app that calls with a token of its own.
struct Client<'b> {
    bench: &'b Bench,
    id: String,
    authorization: String,
}

impl<'b> Client<'b> {
    fn new(bench: &'b Bench, label: &str) -> Self {
        let scopes = ["ssf.manage".to_owned()];
        let mut org = bench.shared.org();
        let key = EcKey::generate().expect("a key");
        let app = ServiceApp::create(&mut org, &key, label, &scopes, false, BASE);
        let now = org.clock.now().as_second();
        let token = format!("token of {label}");
        let grant = Grant {
            server: ORG.to_owned(),
            client_id: app.client_id.clone(),
            user_id: None,
            scopes: scopes.to_vec(),
            issued: now,
            expires: now + 3600,
            bound_to: None,
            token_id: format!("AT.{label}"),
            audience: BASE.to_owned(),
            family: None,
        };
        org.authority.remember(&token, grant);
        drop(org);
        Self {
            bench,
            id: app.client_id,
            authorization: format!("Bearer {token}"),
        }
    }

    fn call(&self, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(|body| body.to_string().into_bytes());
        let json = "application/json";
        let answer = self.bench.with(
            &[("authorization", &self.authorization)],
            method,
            target,
            json,
            body.unwrap_or_default(),
        );
        let shown = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status, shown)
    }
}

fn wanted(events: &[&str]) -> Value {
    json!({
        "events_requested": events,
        "delivery": {
            "method": "urn:ietf:rfc:8935", "endpoint_url": "http://127.0.0.1:9/sets?a=b",
            "authorization_header": "Bearer of news",
        },
    })
}

/// The tokens due since a place, with the URL and header that each goes out with.
fn sent(bench: &Bench, since: u64) -> Vec<(String, String, Jwt)> {
    let org = &mut *bench.shared.org();
    let key = |org: &mut crate::org::Org| org.authority.keys.of(ORG, 0).expect("keys")[0].jwk();
    let pushes = due(org, since, BASE);
    let jwk = key(org);
    let read = |push: super::Push| {
        let jwt = Jwt::parse(&push.token).expect("a token");
        assert!(jwt.signed_by(&jwk));
        assert_eq!(jwt.header("typ"), Some("secevent+jwt"));
        (push.url, push.authorization, jwt)
    };
    pushes.into_iter().map(read).collect()
}

fn place(bench: &Bench) -> u64 {
    bench.shared.org().log.last_place()
}

#[test]
fn the_transmitter_says_where_it_is() {
    let bench = Bench::new();
    let (status, found) = bench.call("GET", "/.well-known/ssf-configuration", None);
    assert_eq!(status, 200);
    for member in [
        "issuer",
        "configuration_endpoint",
        "verification_endpoint",
        "jwks_uri",
    ] {
        let url = text(&found, &format!("/{member}"));
        assert!(url.starts_with("http"), "{member}: {found}");
    }
    let keys = text(&found, "/jwks_uri");
    let path = keys
        .strip_prefix(text(&found, "/issuer"))
        .expect("of the issuer");
    assert_eq!(bench.call("GET", path, None).0, 200);
}

#[test]
fn a_client_has_one_stream_and_sees_no_other() {
    let bench = Bench::new();
    let (one, other) = (Client::new(&bench, "one"), Client::new(&bench, "other"));
    assert_eq!(one.call("GET", STREAMS, None), (200, json!([])));
    assert_eq!(code(&one.call("PATCH", STREAMS, Some(&wanted(&[])))).0, 404);
    let body = wanted(&[CREDENTIAL_CHANGE, "https://example.com/unheard-of"]);
    let (status, made) = one.call("POST", STREAMS, Some(&body));
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["events_delivered"], json!([CREDENTIAL_CHANGE]));
    assert_eq!(made["events_supported"], json!(SUPPORTED));
    assert_eq!(made["events_requested"], body["events_requested"]);
    assert_eq!(made["aud"], "http://127.0.0.1:9");
    assert!(!made.to_string().contains("of news"), "{made}");
    let again = one.call("POST", STREAMS, Some(&body));
    assert_eq!(code(&again), (409, "E0000195"));
    let id = text(&made, "/stream_id");
    let named = format!("{STREAMS}?stream_id={id}");
    assert_eq!(one.call("GET", &named, None), (200, made.clone()));
    assert_eq!(one.call("GET", STREAMS, None).1, json!([made]));
    assert_eq!(code(&other.call("GET", &named, None)), (404, "E0000007"));
    assert_eq!(other.call("GET", STREAMS, None).1, json!([]));
    assert_eq!(code(&other.call("DELETE", &named, None)).0, 404);
    assert_eq!(other.call("POST", STREAMS, Some(&body)).0, 201);
    assert_eq!(one.call("DELETE", STREAMS, None).0, 204);
    assert_eq!(one.call("GET", STREAMS, None).1, json!([]));
    let by_token = bench.call("GET", STREAMS, None);
    assert_eq!(code(&by_token), (403, "E0000006"));
    let (_, log) = bench.call(
        "GET",
        "/api/v1/logs?filter=eventType%20sw%20%22security.events.transmitter%22",
        None,
    );
    let steps = log.as_array().expect("events").iter();
    let steps: Vec<&str> = steps.map(|event| text(event, "/eventType")).collect();
    let of = |step: &str| format!("security.events.transmitter.{step}");
    assert_eq!(steps, [of("create"), of("create"), of("delete")]);
}

#[test]
fn an_org_has_ten_streams_at_most() {
    let bench = Bench::new();
    let clients: Vec<Client<'_>> = (0..11)
        .map(|index| Client::new(&bench, &format!("client {index}")))
        .collect();
    let (last, first) = clients.split_last().expect("clients");
    for client in first {
        assert_eq!(client.call("POST", STREAMS, Some(&wanted(&[]))).0, 201);
    }
    let refused = last.call("POST", STREAMS, Some(&wanted(&[])));
    assert_eq!(code(&refused), (400, "E0000001"));
    bench.shared.org().remove_app(&first[0].id);
    assert_eq!(last.call("POST", STREAMS, Some(&wanted(&[]))).0, 201);
}

#[test]
fn what_a_receiver_asks_for_is_checked() {
    let bench = Bench::new();
    let client = Client::new(&bench, "one");
    let spoilt = |pointer: &str, value: Value| {
        let mut body = wanted(&[SESSION_REVOKED]);
        *body.pointer_mut(pointer).expect("a member") = value;
        let (status, refused) = client.call("POST", STREAMS, Some(&body));
        (status, refused["errorCauses"].to_string())
    };
    for url in [
        "",
        "receiver",
        "http://receiver.example.com/",
        "ftp://127.0.0.1/",
    ] {
        let (status, causes) = spoilt("/delivery/endpoint_url", json!(url));
        assert!(
            status == 400 && causes.contains("endpoint_url"),
            "{url}: {causes}"
        );
    }
    let (status, causes) = spoilt("/delivery/method", json!("urn:ietf:rfc:8936"));
    assert!(status == 400 && causes.contains("method"), "{causes}");
    let (status, causes) = spoilt("/delivery/authorization_header", json!("a\r\nb: c"));
    assert!(
        status == 400 && causes.contains("authorization_header"),
        "{causes}"
    );
    let bare = client.call("POST", STREAMS, Some(&json!({ "format": "iss_sub" })));
    assert_eq!(code(&bare), (400, "E0000001"));
    let causes = bare.1["errorCauses"].to_string();
    assert!(
        causes.contains("delivery") && causes.contains("events_requested"),
        "{causes}"
    );
    assert_eq!(client.call("GET", STREAMS, None).1, json!([]));
}

#[test]
fn a_patch_keeps_and_a_replacement_forgets() {
    let bench = Bench::new();
    let client = Client::new(&bench, "one");
    let (_, made) = client.call("POST", STREAMS, Some(&wanted(&[SESSION_REVOKED])));
    let header = || {
        let org = bench.shared.org();
        let stream = org.shelves[STREAMS].values().next().expect("a stream");
        text(stream, "/delivery/authorization_header").to_owned()
    };
    let mut body = made.clone();
    body["events_requested"] = json!([CREDENTIAL_CHANGE]);
    let (status, changed) = client.call("PATCH", STREAMS, Some(&body));
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["events_delivered"], json!([CREDENTIAL_CHANGE]));
    assert_eq!(header(), "Bearer of news");
    for (member, value) in [
        ("iss", json!("https://elsewhere.example.com")),
        ("aud", json!("https://elsewhere.example.com")),
        ("events_supported", json!([])),
        ("min_verification_interval", json!(60)),
    ] {
        let mut body = made.clone();
        body[member] = value;
        let refused = client.call("PATCH", STREAMS, Some(&body));
        assert_eq!(code(&refused), (400, "E0000001"), "{member}");
    }
    let (status, _) = client.call("PUT", STREAMS, Some(&made));
    assert_eq!(status, 200);
    assert_eq!(header(), "");
    let stray =
        json!({ "stream_id": "esc0", "events_requested": [], "delivery": made["delivery"] });
    assert_eq!(client.call("PUT", STREAMS, Some(&stray)).0, 404);
}

#[test]
fn a_verification_brings_the_state_back() {
    let bench = Bench::new();
    let client = Client::new(&bench, "one");
    let (_, made) = client.call("POST", STREAMS, Some(&wanted(&[])));
    let since = place(&bench);
    let path = format!("{STREAMS}/verification");
    let ask = json!({ "stream_id": made["stream_id"], "state": "c3RhdGU=" });
    assert_eq!(client.call("POST", &path, Some(&ask)).0, 204);
    let other = json!({ "stream_id": "esc0" });
    assert_eq!(client.call("POST", &path, Some(&other)).0, 404);
    assert_eq!(client.call("POST", &path, Some(&json!({}))).0, 400);
    let mut out = sent(&bench, since);
    let (url, authorization, jwt) = out.remove(0);
    assert!(out.is_empty());
    assert_eq!(
        (url.as_str(), authorization.as_str()),
        ("http://127.0.0.1:9/sets?a=b", "Bearer of news")
    );
    assert_eq!(
        jwt.claims["events"],
        json!({ VERIFICATION: { "state": "c3RhdGU=" } })
    );
    assert_eq!(
        (&jwt.claims["iss"], &jwt.claims["aud"]),
        (&json!(BASE), &made["aud"])
    );
    assert!(sent(&bench, since).is_empty(), "sent once");
}

#[test]
fn receivers_hear_what_they_asked_for() {
    let bench = Bench::new();
    bench.turn_on("phone_number");
    let (all, some) = (Client::new(&bench, "all"), Client::new(&bench, "some"));
    all.call("POST", STREAMS, Some(&wanted(&SUPPORTED)));
    let mut body = wanted(&[SESSION_REVOKED]);
    body["delivery"]["endpoint_url"] = json!("http://localhost:9/");
    some.call("POST", STREAMS, Some(&body));
    let person = json!({
        "profile": { "firstName": "A", "lastName": "B", "login": "a@example.com", "email": "a@example.com" },
        "credentials": { "password": { "value": "Sandbox-1234" } },
    });
    let (_, person) = bench.call("POST", "/api/v1/users", Some(&person));
    let own = format!("/api/v1/users/{}", text(&person, "/id"));
    let since = place(&bench);
    assert_eq!(
        bench.call("DELETE", &format!("{own}/sessions"), None).0,
        204
    );
    let out = sent(&bench, since);
    assert_eq!(out.len(), 2, "both receivers");
    for (_, _, jwt) in &out {
        let claim = &jwt.claims["events"][SESSION_REVOKED];
        let subject = json!({ "format": "iss_sub", "iss": BASE, "sub": person["id"] });
        assert_eq!(claim["subject"], subject);
        assert!(claim["event_timestamp"].is_i64(), "{claim}");
        assert!(jwt.claim("jti").is_some_and(|jti| jti.starts_with("set-")));
    }
    let since = place(&bench);
    let credentials = json!({ "username": "a@example.com", "password": "Sandbox-1234" });
    let (_, signed_in) = bench.call("POST", "/api/v1/authn", Some(&credentials));
    let token = json!({ "sessionToken": signed_in["sessionToken"] });
    let (_, session) = bench.call("POST", "/api/v1/sessions", Some(&token));
    let session = format!("/api/v1/sessions/{}", text(&session, "/id"));
    assert_eq!(bench.call("DELETE", &session, None).0, 204);
    assert_eq!(sent(&bench, since).len(), 2, "one session is enough");
    let changes = |step: &dyn Fn()| {
        let since = place(&bench);
        step();
        let told = sent(&bench, since);
        let told = told.into_iter().map(|(url, _, jwt)| {
            assert!(url.starts_with("http://127.0.0.1:9/"), "{url}");
            let claim = &jwt.claims["events"][CREDENTIAL_CHANGE];
            let member = |name: &str| text(claim, name).to_owned();
            assert_eq!(member("/initiating_entity"), "admin");
            (member("/credential_type"), member("/change_type"))
        });
        told.collect::<Vec<_>>()
    };
    let pair = |a: &str, b: &str| vec![(a.to_owned(), b.to_owned())];
    let factors = format!("{own}/factors");
    let sms = json!({ "factorType": "sms", "provider": "OKTA", "profile": { "phoneNumber": "+15551234567" } });
    let enrolled = changes(&|| {
        let (status, made) = bench.call("POST", &format!("{factors}?activate=true"), Some(&sms));
        assert_eq!(status, 200, "{made}");
    });
    assert_eq!(enrolled, pair("phone-sms", "create"));
    let reset = changes(&|| {
        let path = format!("{own}/lifecycle/reset_factors");
        assert_eq!(bench.call("POST", &path, None).0, 200);
    });
    assert_eq!(reset, pair("ALL_FACTORS", "delete"));
    let password = changes(&|| {
        let body = json!({ "credentials": { "password": { "value": "Another-1234" } } });
        assert_eq!(bench.call("POST", &own, Some(&body)).0, 200);
    });
    assert_eq!(password, pair("password", "update"));
    let nothing = changes(&|| {
        let body = json!({ "profile": { "nickName": "Bee" } });
        assert_eq!(bench.call("POST", &own, Some(&body)).0, 200);
    });
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[test]
fn a_stream_rests_while_its_app_does() {
    let bench = Bench::new();
    let client = Client::new(&bench, "one");
    let (_, made) = client.call("POST", STREAMS, Some(&wanted(&SUPPORTED)));
    let path = format!("{STREAMS}/status");
    assert_eq!(code(&client.call("GET", &path, None)), (400, "E0000001"));
    let named = format!("{path}?stream_id={}", text(&made, "/stream_id"));
    let enabled = json!({ "stream_id": made["stream_id"], "status": "enabled" });
    assert_eq!(client.call("GET", &named, None), (200, enabled));
    let steps = format!("/api/v1/apps/{}/lifecycle", client.id);
    assert_eq!(
        bench.call("POST", &format!("{steps}/deactivate"), None).0,
        200
    );
    let since = place(&bench);
    let end = || {
        let (_, me) = bench.call("GET", "/api/v1/users/me", None);
        let path = format!("/api/v1/users/{}/sessions", text(&me, "/id"));
        assert_eq!(bench.call("DELETE", &path, None).0, 204);
    };
    end();
    assert!(sent(&bench, since).is_empty());
    assert_eq!(
        bench.call("POST", &format!("{steps}/activate"), None).0,
        200
    );
    let since = place(&bench);
    end();
    assert_eq!(
        sent(&bench, since).len(),
        1,
        "nothing was held back for later"
    );
}
