//! Recordings: what is in them, what is not, and what can be replayed.

mod common;

use std::sync::Arc;

use common::*;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned, Recorder, Replay, Rules};
use okta_core::transport::TransportFault;
use okta_core::{Dpop, Json, PrivateKey, RetryPolicy, ServiceApp};
use proptest::prelude::*;

const USER: &str = "00u1a2b3c4d5e6f7g8h9";
const KEY: &str = include_str!("keys/rsa.jwk.json");

fn app(key: &str) -> ServiceApp {
    let key = PrivateKey::parse(key).unwrap();
    ServiceApp::new("0oacanaryclient00001", key, ["okta.things.manage"])
        .unwrap()
        .dpop(Dpop::Always)
}

/// A small org whose answers are full of what must not be recorded.
fn org() -> Canned {
    let user = format!(
        r#"{{"id":"{USER}","status":"ACTIVE","created":"2026-01-01T00:00:00.000Z",
        "profile":{{"login":"ana.canary@acme.com","email":"ana.canary@acme.com","firstName":"Anacanary","lastName":"O'Canary",
        "mobilePhone":"+43 660 1234567","badge":4711,"team":{{"lead":"Bobcanary"}},"tags":["canary-tag"]}},
        "credentials":{{"password":{{"hash":{{"algorithm":"BCRYPT","value":"canary-hash","salt":"canary-salt"}}}},"recovery_question":{{"question":"canary?","answer":"canary-answer"}}}},
        "_links":{{"self":{{"href":"https://acme.okta.com/api/v1/users/{USER}"}},"admin":{{"href":"https://acme-admin.okta.com/x?login=ana.canary%40acme.com"}}}}}}"#
    );
    Canned::new()
        .on("POST", "/oauth2/v1/token", Answer::json(400, r#"{"error":"use_dpop_nonce","error_description":"canary-description-client_assertion"}"#).header("dpop-nonce", "canary-nonce"))
        .on("POST", "/oauth2/v1/token", Answer::json(200, r#"{"token_type":"DPoP","expires_in":3600,"access_token":"canary-access-token","scope":"okta.things.manage"}"#))
        .on("GET", "/api/v1/users?after=c2", Answer::json(200, "[]"))
        .on(
            "GET",
            "/api/v1/users",
            Answer::json(200, format!("[{user}]"))
                .header("content-length", &format!("[{user}]").len().to_string())
                .header("set-cookie", "sid=canary-cookie; HttpOnly")
                .header("x-rate-limit-remaining", "7")
                .header("link", "<https://acme.okta.com/api/v1/users?after=c2>; rel=\"next\""),
        )
        .on("GET", "/api/v1/logs", Answer::json(200, format!(
            r#"[{{"uuid":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","displayMessage":"Anacanary O'Canary changed canary-access-token of {USER}","actor":{{"id":"{USER}","alternateId":"ana.canary@acme.com"}},"client":{{"ipAddress":"203.0.113.77"}},
            "debug":"eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJlY2FuYXJ5MTIzNDU2Nzg5MA -----BEGIN PRIVATE KEY----- canarykeymaterial -----END PRIVATE KEY-----"}}]"#
        )))
        .on("POST", "/api/v1/apps", Answer::json(200, r#"{"id":"0oa1a2b3c4d5e6f7g8h9","label":"Payroll","credentials":{"oauthClient":{"client_secret":"canary-client-secret"}},
            "jwks":{"keys":[{"kty":"RSA","n":"abc","d":"canary-d","p":"canary-p"}]},"channel":{"config":{"headers":[{"key":"x","value":"canary-header"}],"authScheme":{"key":"authorization","value":"canary-scheme"}}}}"#))
        .on("GET", &format!("/api/v1/users/{USER}"), Answer::fault(TransportFault::Truncated))
        .on("GET", &format!("/api/v1/users/{USER}"), Answer::json(200, user))
}

fn value(json: &Json) -> serde_json::Value {
    json.to().unwrap()
}

/// The run that is recorded, and replayed.
async fn run(client: &Client, user: &str) -> okta_core::Result<(Vec<String>, Json)> {
    let mut ids = Vec::new();
    let mut users = client
        .call("GET", "/api/v1/users")
        .query(
            "search",
            r#"profile.lastName eq "O'Canary" and status eq "ACTIVE""#,
        )
        .items();
    while let Some(found) = users.try_next().await? {
        ids.push(value(&found)["id"].as_str().unwrap().to_owned());
    }
    client
        .call("GET", "/api/v1/logs")
        .query("q", "Anacanary")
        .await?;
    client
        .call("POST", "/api/v1/apps")
        .json(&serde_json::json!({ "label": "Payroll", "password": "canary-password" }))
        .await?;
    let one = client
        .call("GET", "/api/v1/users/{id}")
        .path("id", user)
        .await?;
    Ok((ids, one.decode()?))
}

fn record(rules: Rules) -> Recorder {
    let recorder = Recorder::new(rules);
    let tap = recorder.tap();
    let (client, _, _) = client_with(org(), |b| b.service_app(app(KEY)).wrap_transport(tap));
    futures_util::FutureExt::now_or_never(async {}).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(run(&client, USER)).unwrap();
    recorder
}

#[test]
fn demand_33_a_recording_holds_no_secret_and_no_person() {
    let recorder = record(Rules::new());
    let tape = recorder.to_jsonl();
    assert_eq!((tape.lines().count(), recorder.len()), (8, 8));
    for planted in [
        "anary",
        USER,
        "acme",
        "660",
        "203.0.113",
        "4711",
        "3f2504e0",
        "client_assertion\":\"eyJ",
    ] {
        assert!(!tape.contains(planted), "{planted} in\n{tape}");
    }
    // What replay and readers need is there.
    for kept in [
        "ACTIVE",
        "2026-01-01T00:00:00.000Z",
        "BCRYPT",
        "\"DPoP\"",
        "okta.things.manage",
        "Payroll",
        "x-rate-limit-remaining",
        "\"kty\":\"RSA\"",
        "\"fault\":\"Truncated\"",
    ] {
        assert!(tape.contains(kept), "{kept} not in\n{tape}");
    }
    // One person, one name: id and login agree over list, log and path.
    let lines: Vec<serde_json::Value> = tape
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let user = &lines[2]["response"]["body"]["json"][0];
    let event = &lines[4]["response"]["body"]["json"][0];
    let id = user["id"].as_str().unwrap();
    assert!(id.starts_with("00u") && id.len() == 20);
    assert_eq!(event["actor"]["id"], user["id"]);
    assert_eq!(event["actor"]["alternateId"], user["profile"]["login"]);
    assert_eq!(user["profile"]["email"], user["profile"]["login"]);
    assert_eq!(lines[7]["request"]["path"], format!("/api/v1/users/{id}"));
    assert!(
        user["_links"]["self"]["href"]
            .as_str()
            .unwrap()
            .ends_with(id)
    );
    let message = event["displayMessage"].as_str().unwrap();
    assert!(
        message.contains(id) && message.contains(user["profile"]["firstName"].as_str().unwrap()),
        "{message}"
    );
    // Kinds of values stay.
    assert!(user["profile"]["badge"].is_number() && user["profile"]["tags"].is_array());
    assert!(!format!("{recorder:?}").contains("anary"));
}

#[tokio::test]
async fn demand_28_a_recorded_run_is_replayed_without_network_and_key() {
    let tape = tokio::task::spawn_blocking(|| record(Rules::new()).to_jsonl())
        .await
        .unwrap();
    // Another org, another key, and the inputs of the recorded run.
    let key = include_str!("keys/ec_p256.jwk.json");
    for service_app in [true, false] {
        let replay = Arc::new(Replay::parse(&tape).unwrap());
        let builder = Client::builder()
            .org_url("https://other.okta.com")
            .transport(replay.clone())
            .clock(Arc::new(clock()));
        let client = match service_app {
            true => builder.service_app(app(key)),
            false => builder.api_token("00any"),
        }
        .build()
        .unwrap();
        let (ids, one) = run(&client, USER).await.unwrap();
        assert_eq!(ids.len(), 1);
        let one = value(&one);
        assert_eq!(one["id"], ids[0].as_str());
        assert_eq!(
            one["_links"]["self"]["href"],
            format!("https://other.okta.com/api/v1/users/{}", ids[0])
        );
        assert_eq!(
            client.stats().retries,
            1,
            "the recorded fault is replayed too"
        );
        assert!(replay.unused().is_empty(), "{:?}", replay.unused());
    }
}

#[tokio::test]
async fn demand_28_a_request_without_counterpart_names_the_nearest() {
    let tape = tokio::task::spawn_blocking(|| record(Rules::new()).to_jsonl())
        .await
        .unwrap();
    let replay = Arc::new(Replay::parse(&tape).unwrap());
    let client = Client::builder()
        .org_url(ORG)
        .api_token("00any")
        .transport(replay.clone())
        .build()
        .unwrap();
    for (call, words) in [
        (
            client.call("GET", "/api/v1/users").query("limit", "canary"),
            "GET /api/v1/users?search (the query differs)",
        ),
        (
            client.call("GET", "/api/v1/log"),
            "GET /api/v1/logs?q (the path differs)",
        ),
        (
            client
                .call("POST", "/api/v1/apps")
                .json(&serde_json::json!({ "label": 1 })),
            "POST /api/v1/apps (the body has another shape)",
        ),
        (
            client.call("DELETE", "/api/v1/apps"),
            "POST /api/v1/apps (the method differs)",
        ),
    ] {
        let error = call.await.unwrap_err();
        assert!(error.is_transport() && error.attempts() == 1, "{error}");
        assert!(
            error.to_string().contains("no recorded exchange for"),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{words}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    // One exchange answers once.
    let logs = || client.call("GET", "/api/v1/logs").query("q", "x");
    logs().await.unwrap();
    assert!(logs().await.unwrap_err().to_string().contains("used up"));
    assert_eq!(replay.unused().len(), 5);
    assert!(
        Replay::parse("{}\n")
            .unwrap_err()
            .to_string()
            .contains("line 1")
    );
}

#[tokio::test]
async fn demand_33_links_that_let_anyone_in_are_secrets() {
    // One-time tokens of links need neither look like ids nor stand in a member of their own.
    let body = r#"{"activationUrl":"https://acme.okta.com/welcome/oneTimeTokenOfLetters","resetPasswordUrl":"https://acme.okta.com/reset_password/one-time_token","href":"https://acme.okta.com/reset_password/one-time_token"}"#;
    let recorder = Recorder::default();
    let tap = recorder.tap();
    let canned = Canned::from_fn(move |_| Answer::json(200, body));
    let (client, _, _) = client_with(canned, |b| b.api_token("00secret").wrap_transport(tap));
    client
        .call("POST", "/api/v1/users/{id}/lifecycle/reset_password")
        .path("id", "00u1b2c3d4e5f6g7h8i9")
        .await
        .unwrap();
    let tape = recorder.to_jsonl();
    assert!(!tape.contains("oneTimeToken"), "{tape}");
    assert!(!tape.contains("one-time_token"), "{tape}");
}

#[test]
fn rules_can_be_changed() {
    let rules = Rules::new()
        .secret("label")
        .personal("created")
        .keep("tags")
        .replace(|text| (text == "BCRYPT").then(|| "SOMETHING".to_owned()));
    let tape = record(rules).to_jsonl();
    assert!(!tape.contains("Payroll") && tape.contains("canary-tag") && tape.contains("SOMETHING"));
    let strict = record(Rules::new().strict()).to_jsonl();
    assert!(!strict.contains("Payroll") && strict.contains("ACTIVE"));
    Replay::parse(&strict).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A secret may stand again anywhere: in other members, texts, URLs, headers.
    #[test]
    fn demand_33_no_planted_secret_shows(
        secret in "[A-Za-z0-9_~!$-]{8,40}",
        member in "access_token|clientSecret|password|private_key|sessionToken|answer|client_assertion|apiKey",
        before in "[ -!#-\\[\\]-~]{0,12}",
        place in 0..8_usize,
        strict in any::<bool>(),
    ) {
        let text = format!("{before} {secret}").replace(['"', '\\'], "");
        let planted = serde_json::json!({ member: &secret, "note": &text, "list": [[{ "x": &secret }]], &secret: 1,
            "href": format!("https://acme.okta.com/x/{secret}?q={secret}") }).to_string();
        let mut answer = match place % 4 {
            0 => Answer::json(200, planted),
            1 => Answer::new(200, text.clone()).header("content-type", "text/plain"),
            2 => Answer::json(400, planted).header("www-authenticate", &format!("Bearer realm=\"{secret}\"")),
            _ => Answer::json(200, planted).header("set-cookie", &format!("sid={secret}; Path=/")),
        };
        answer = answer.header("location", &format!("https://acme.okta.com/{secret}"));
        let recorder = Recorder::new(if strict { Rules::new().strict() } else { Rules::new() });
        let tap = recorder.tap();
        let canned = Canned::from_fn(move |_| answer.clone());
        let token = format!("00{secret}");
        let (client, _, _) = client_with(canned, |b| {
            let b = b.retry(RetryPolicy::none()).wrap_transport(tap);
            if place < 4 { b.api_token(secret.as_str()) } else { b.bearer(token.as_str()) }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let call = client.call("POST", "/api/v1/{x}").path("x", &secret).query("token", secret.as_str()).query("other", text.as_str());
            let _ = call.json(&serde_json::json!({ "password": &secret, "copy": &text })).await;
        });
        let tape = recorder.to_jsonl();
        prop_assert!(tape.lines().count() == 1);
        prop_assert!(!tape.contains(&secret), "{secret} in {tape}");
        Replay::parse(&tape).unwrap();
    }
}
