//! What goes out: paths, queries, headers, bodies, and how a call becomes a request without IO.

mod common;

use common::*;
use http::Method;
use okta_core::call::Part;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};

#[test]
fn a_request_can_be_shown_before_it_is_sent() {
    let (client, transport, _) = client(Canned::new());
    let prepared = Create::named("ä")
        .with_header("x-extra", "1")
        .prepare(&client)
        .unwrap();
    assert_eq!(prepared.method(), Method::POST);
    assert_eq!(prepared.uri(), "https://acme.okta.com/api/v1/things");
    assert_eq!(prepared.body(), &r#"{"name":"ä"}"#);
    assert_eq!(prepared.headers()["content-type"], "application/json");
    assert_eq!(prepared.headers()["accept"], "application/json");
    assert_eq!(prepared.headers()["x-extra"], "1");
    assert!(!prepared.headers().contains_key("authorization"));
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn demand_34_a_prepared_request_is_sent_later_and_only_to_its_org() {
    let (client, transport, _) =
        client(Canned::new().on("POST", "/api/v1/things", Answer::json(200, "{}")));
    let prepared = Create::named("n").prepare(&client).unwrap();
    assert_eq!(
        client
            .send_prepared(prepared.clone())
            .await
            .unwrap()
            .status(),
        200
    );
    let sent = &transport.requests()[0];
    assert_eq!(sent.headers["authorization"], "SSWS 00canary-api-token");
    assert!(
        sent.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("okta-sdk-rust/")
    );

    let other = client_with(Canned::new(), |b| {
        b.api_token("00x").org_url("https://other.okta.com")
    })
    .0;
    let error = other.send_prepared(prepared).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        error.to_string().contains("https://other.okta.com"),
        "{error}"
    );
    assert_eq!(error.attempts(), 0);
}

#[tokio::test]
async fn demand_57_path_values_stay_one_segment_or_are_refused() {
    let (client, transport, _) = client(Canned::from_fn(|_| Answer::json(200, "{}")));
    for (id, path) in [
        ("a/b", "/api/v1/things/a%2Fb"),
        ("100%", "/api/v1/things/100%25"),
        ("a?b#c", "/api/v1/things/a%3Fb%23c"),
        ("x@y.z+1", "/api/v1/things/x%40y.z%2B1"),
        ("../x", "/api/v1/things/..%2Fx"),
    ] {
        client.send(Get::of(id)).await.unwrap();
        assert_eq!(transport.requests().last().unwrap().uri.path(), path);
    }
    let before = transport.requests().len();
    for id in ["", ".", ".."] {
        let error = client.send(Get::of(id)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(error.to_string().contains("{id}"), "{error}");
        assert!(error.to_string().contains("things::Get"), "{error}");
    }
    assert!(
        client
            .send(Get::new())
            .await
            .unwrap_err()
            .to_string()
            .contains("{id}")
    );
    assert_eq!(transport.requests().len(), before);
}

#[tokio::test]
async fn bad_headers_and_own_authorization_are_refused() {
    let (client, transport, _) = client(Canned::new());
    for (name, value) in [
        ("bad name", "x"),
        ("x-a", "canary\r\ninjected: 1"),
        ("Authorization", "SSWS x"),
    ] {
        let error = client
            .send(Get::of("1").with_header(name, value))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert!(transport.requests().is_empty());
}

#[tokio::test]
async fn an_operation_without_client_says_so() {
    let error = Get::of("1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.hint().unwrap().contains("client.send"));
}

#[tokio::test]
async fn demand_58_bodies_of_all_kinds() {
    let (client, transport, _) = client(Canned::from_fn(|_| Answer::json(200, "{}")));
    client.call(Method::POST, "/a").await.unwrap();
    client
        .call(Method::POST, "/b")
        .form(vec![("a b".into(), "1&2".into())])
        .await
        .unwrap();
    client
        .call(Method::POST, "/c")
        .multipart(vec![Part::file("file", "a.png", "image/png", &b"png"[..])])
        .await
        .unwrap();
    client
        .call(Method::PUT, "/d")
        .json(&serde_json::json!({"a": [1]}))
        .await
        .unwrap();
    client
        .call(Method::PUT, "/e")
        .body("text/plain", "x")
        .await
        .unwrap();
    let seen = transport.requests();
    assert_eq!(seen[0].headers["content-length"], "0");
    assert_eq!(seen[1].body, "a+b=1%262");
    assert!(
        seen[2].headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("multipart/form-data; boundary=")
    );
    assert_eq!(seen[3].body, r#"{"a":[1]}"#);
    assert_eq!(seen[4].headers["content-type"], "text/plain");
}

#[tokio::test]
async fn untyped_calls_take_templates_queries_and_report_bad_paths() {
    let (client, transport, _) = client(Canned::from_fn(|_| Answer::json(200, "[]")));
    client
        .call(Method::GET, "/api/v1/new/{id}?fixed=1")
        .path("id", "a/b")
        .query("limit", 5)
        .query("q", "x y")
        .await
        .unwrap();
    let uri = transport.requests()[0].uri.to_string();
    assert_eq!(
        uri,
        "https://acme.okta.com/api/v1/new/a%2Fb?fixed=1&limit=5&q=x%20y"
    );
    for bad in [
        "api/v1",
        "//evil.example/x",
        "/a/../b",
        "/a#b",
        "/a/{id}",
        "https://evil.example/",
    ] {
        let error = client.call(Method::GET, bad).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{bad}");
    }
    let error = client.call("GE T", "/a").await.unwrap_err();
    assert!(error.to_string().contains("method"), "{error}");
    client.call("PATCH", "/a").await.unwrap();
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn public_operations_carry_no_credential_and_text_comes_as_text() {
    let latin1 = Answer::new(200, &b"<a>\xe4</a>"[..])
        .header("content-type", "application/xml;charset=ISO-8859-1");
    let (client, transport, _) = client(Canned::new().on("GET", "/metadata", latin1));
    assert_eq!(client.send(Metadata::new()).await.unwrap(), "<a>ä</a>");
    let sent = &transport.requests()[0];
    assert!(!sent.headers.contains_key("authorization"));
    assert_eq!(sent.headers["accept"], "text/xml");
}

#[tokio::test]
async fn responses_keep_status_headers_and_etag() {
    let answer = Answer::json(200, r#"{"id":"1","new":true}"#)
        .header("etag", "W/\"abc\"")
        .header("x-okta-request-id", "req1")
        .header("x-rate-limit-limit", "600")
        .header("x-rate-limit-remaining", "599")
        .header("x-rate-limit-reset", "1767225660");
    let (client, _, _) = client(Canned::new().on("GET", "/api/v1/things/1", answer));
    let response = Get::of("1").attach(&client).send().await.unwrap();
    assert_eq!(response.etag(), Some("W/\"abc\""));
    assert_eq!(response.request_id().as_deref(), Some("req1"));
    assert_eq!(response.rate_limit().unwrap().remaining, 599);
    assert_eq!(response.value.id.as_deref(), Some("1"));
    let raw = Get::of("1").attach(&client).send_raw().await.unwrap();
    assert_eq!(raw.body(), r#"{"id":"1","new":true}"#);
    // The unknown member is drift, once per answer decoded.
    let drift = client.drift();
    assert_eq!(drift.entries.len(), 1, "{drift}");
    assert_eq!(
        (drift.entries[0].operation.as_str(), drift.entries[0].count),
        ("getThing", 1)
    );
    assert_eq!(drift.entries[0].path, "$.new");
    assert_eq!(client.stats().calls, 2);
}
