//! What users read when something fails: every body shape, every 401 and 403.

mod common;

use common::*;
use http::Method;
use okta_core::RetryPolicy;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::TransportFault;

async fn fail(answer: Answer) -> Error {
    let (client, _, _) = client_with(Canned::from_fn(move |_| answer.clone()), |b| {
        b.api_token("00canary").retry(RetryPolicy::none())
    });
    client.send(Get::of("1")).await.unwrap_err()
}

fn api(status: u16, code: &str, summary: &str, causes: &[&str]) -> Answer {
    let causes: Vec<String> = causes
        .iter()
        .map(|cause| format!(r#"{{"errorSummary":"{cause}"}}"#))
        .collect();
    Answer::json(
        status,
        format!(r#"{{"errorCode":"{code}","errorSummary":"{summary}","errorLink":"{code}","errorId":"oaeX","errorCauses":[{}]}}"#, causes.join(",")),
    )
    .header("x-okta-request-id", "0123456789abcdef0123456789abcdef")
}

#[tokio::test]
async fn demand_26_one_message_tells_it_all() {
    let error = fail(api(
        404,
        "E0000007",
        "Not found: Resource not found: 1 (Thing)",
        &[],
    ))
    .await;
    assert_eq!(
        error.to_string(),
        "GET /api/v1/things/{id} (things::Get): 404 Not Found E0000007: Not found: Resource not found: 1 (Thing) \
         [request 0123456789abcdef0123456789abcdef, 1 attempt in 0.0 s]\n\
         hint: no object with this id, or the caller's admin role cannot see it"
    );
    assert!(error.is_not_found());
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.operation().unwrap().id, "getThing");
    let error = fail(api(
        400,
        "E0000001",
        "Api validation failed: label",
        &["label: already there", "second"],
    ))
    .await;
    assert!(error.is_validation());
    assert_eq!(error.causes(), ["label: already there", "second"]);
    assert!(
        error
            .to_string()
            .contains("label - label: already there; second"),
        "{error}"
    );
}

/// Status, code, summary as the service sends them; words that the hint must contain.
#[tokio::test]
async fn codes_that_matter_have_a_hint() {
    for (status, code, words) in [
        (400, "E0000003", "body"),
        (401, "E0000004", "API token"),
        (403, "E0000005", "credential"),
        (403, "E0000006", "admin role"),
        (404, "E0000007", "id"),
        (404, "E0000008", "path"),
        (401, "E0000011", "expired"),
        (401, "E0000015", "licence"),
        (403, "E0000016", "active"),
        (405, "E0000022", "method"),
        (400, "E0000029", "cursor"),
        (400, "E0000031", "filter"),
        (400, "E0000033", "either"),
        (403, "E0000038", "status"),
        (403, "E0000056", "deactivate"),
        (400, "E0000054", "range"),
        (412, "E0000231", "read it again"),
        (423, "E0000239", "parallel"),
        (500, "E0000009", "request id"),
    ] {
        let error = fail(api(status, code, "x", &[])).await;
        assert_eq!(error.code(), Some(code));
        let hint = error.hint().unwrap().into_owned();
        assert!(hint.contains(words), "{code}: {hint}");
        assert!(!hint.contains('\n'));
    }
    // The same number means something else in governance: no hint from the number alone.
    let error = fail(api(
        409,
        "E0000170",
        "An inactive campaign may not be ended.",
        &[],
    ))
    .await;
    assert!(error.hint().is_none());
    assert!(error.is_conflict());
}

#[tokio::test]
async fn demand_26_bodies_of_every_shape() {
    let joined = r#"{"errorCode":"E0000001","errorSummary":"Api validation failed: feature\nProvisioning is not supported."}"#;
    let error = fail(Answer::json(400, joined)).await;
    assert_eq!(error.causes(), ["Provisioning is not supported."]);
    assert_eq!(error.to_string().lines().count(), 2, "{error}");

    let error = fail(Answer::json(
        404,
        r#"{"status":404,"message":"Resource not found"}"#,
    ))
    .await;
    assert_eq!(
        (error.code(), error.summary()),
        (None, Some("Resource not found"))
    );

    let error = fail(Answer::json(
        400,
        r#"{"error":"invalid_request","error_description":"Bad."}"#,
    ))
    .await;
    assert_eq!(
        (error.code(), error.summary()),
        (Some("invalid_request"), Some("Bad."))
    );

    let page = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
    let error = fail(Answer::new(502, page).header("content-type", "text/html")).await;
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(error.to_string().contains("HTML"), "{error}");
    assert!(error.to_string().contains("502 Bad Gateway"), "{error}");
    assert_eq!(error.body(), page);

    for (status, body) in [
        (500, ""),
        (503, "upstream connect error"),
        (400, "{"),
        (418, "[]"),
        (400, r#"{"a":1}"#),
    ] {
        let error = fail(Answer::new(status, body)).await;
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.body(), body);
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
    let error = fail(Answer::empty(302).header("location", "https://evil.example/")).await;
    assert!(error.hint().unwrap().contains("redirect"));
}

const NO_SCOPE: &str = r#"error="insufficient_scope", error_description="The access token provided does not contain the required scopes.""#;

#[tokio::test]
async fn a_403_names_scope_app_and_fix_in_every_header_form() {
    let uri = r#"authorization_uri="http://acme.okta.com/oauth2/v1/authorize""#;
    let realm = r#"realm="http://acme.okta.com""#;
    for header in [
        // management
        format!(
            r#"Bearer {uri}, {realm}, scope="okta.things.read", {NO_SCOPE}, resource="/api/v1/things/1""#
        ),
        // governance: two stray quotes
        format!(r#"Bearer {uri}"", {realm}, scope="okta.things.read", {NO_SCOPE}, resource="/x""#),
        // DPoP
        format!(r#"DPoP algs="RS256 ES256", {uri}, {realm}, scope="okta.things.read", {NO_SCOPE}"#),
        // single quotes, no commas
        "Bearer scope='okta.things.read' error='insufficient_scope'".to_owned(),
    ] {
        let error = fail(Answer::empty(403).header("www-authenticate", &header)).await;
        assert_eq!(error.kind(), ErrorKind::InsufficientScope, "{header}");
        let scope = error.insufficient_scope().unwrap();
        assert_eq!(scope.needed().to_string(), "okta.things.read");
        assert_eq!(scope.missing().to_string(), "okta.things.read");
        assert_eq!(scope.operation(), "GET /api/v1/things/{id}");
        let fix = scope.how_to_fix();
        for part in [
            "okta.things.read",
            "/grants",
            "Okta API Scopes",
            "new token",
        ] {
            assert!(fix.contains(part), "{fix}");
        }
        assert!(error.to_string().contains(&fix), "{error}");
        assert!(error.is_forbidden());
    }
    // An unknown operation: by the service's own words.
    let header =
        format!(r#"Bearer {uri}, {realm}, scope="okta.other.read okta.more.read", {NO_SCOPE}"#);
    let (client, _, _) = client(Canned::from_fn(move |_| {
        Answer::empty(403).header("www-authenticate", &header)
    }));
    let error = client.call(Method::GET, "/api/v1/other").await.unwrap_err();
    assert_eq!(error.insufficient_scope().unwrap().needed().len(), 2);
    // The older form of userinfo names no scope parameter.
    let error = fail(Answer::empty(403).header("www-authenticate", r#"Bearer error="insufficient_scope", error_description="The access token must provide access to at least one of these scopes - profile, email, address or phone""#)).await;
    assert_eq!(error.kind(), ErrorKind::InsufficientScope);
}

#[tokio::test]
async fn other_challenges_surface_though_the_body_is_empty() {
    for (status, header, code, words) in [
        (
            401,
            r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize", realm="http://acme.okta.com", scope="okta.things.read", error="invalid_token", error_description="The access token is invalid.", resource="/api/v1/things""#,
            "invalid_token",
            "expired",
        ),
        (
            401,
            r#"Bearer error="invalid_token", error_description="The access token is invalid""#,
            "invalid_token",
            "expired",
        ),
        (
            400,
            r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize", scope="okta.users.read.self", error="invalid_request", error_description="The resource request requires a DPoP proof.", resource="/api/v1/users""#,
            "invalid_request",
            "service app",
        ),
        (
            400,
            r#"DPoP algs="RS256 RS384 RS512 ES256 ES384 ES512", error="invalid_dpop_proof", error_description="'htu' claim in the DPoP proof JWT is invalid.", resource="/x""#,
            "invalid_dpop_proof",
            "URL",
        ),
        (
            400,
            r#"DPoP error="invalid_dpop_proof", error_description="The DPoP proof JWT has already been used.""#,
            "invalid_dpop_proof",
            "twice",
        ),
        (
            400,
            r#"DPoP error="invalid_dpop_proof", error_description="The DPoP proof JWT is issued more than five minutes in the past.""#,
            "invalid_dpop_proof",
            "clock",
        ),
        (
            401,
            r#"DPoP error="invalid_token", error_description="The presented access_token is not DPoP bound.""#,
            "invalid_token",
            "token",
        ),
    ] {
        let error = fail(Answer::empty(status).header("www-authenticate", header)).await;
        assert_eq!(error.code(), Some(code), "{header}");
        assert_eq!(error.kind(), ErrorKind::Api);
        assert!(error.hint().unwrap().contains(words), "{error}");
        assert!(
            error.to_string().contains(error.summary().unwrap()),
            "{error}"
        );
    }
    // Role missing: JSON body, no challenge.
    let error = fail(api(
        403,
        "E0000006",
        "You do not have permission to perform the requested action",
        &[],
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::Api);
    assert!(error.insufficient_scope().is_none());
}

#[tokio::test]
async fn demand_27_answers_that_are_not_what_is_promised() {
    let nested = "[".repeat(100_000);
    for (body, words) in [
        ("<!DOCTYPE html><html></html>", "HTML"),
        ("", "empty"),
        ("{\"id\":\"1\"", ""),
        ("not json", ""),
        (nested.as_str(), ""),
    ] {
        let error = fail(Answer::json(200, body.to_owned())).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{:.40}", body);
        assert_eq!(error.status().unwrap(), 200);
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().len() < 1000, "{error}");
        assert!(error.hint().is_some());
        assert!(!error.may_have_been_applied());
    }
    let error = fail(Answer::json(200, vec![b'"', 0xff, b'"'])).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn longer_answers_than_accepted_are_refused() {
    let big = format!("{{\"id\":\"{}\"}}", "x".repeat(2000));
    let (client, _, _) = client_with(
        Canned::from_fn(move |_| Answer::json(200, big.clone())),
        |b| b.api_token("00x").max_response_bytes(1000),
    );
    let error = client.send(Get::of("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("1000 bytes"), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn errors_have_sources_and_are_ordinary_errors() {
    let error = fail(Answer::fault(TransportFault::MaybeSent)).await;
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().contains("canned fault"));
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    assert!(boxed.to_string().contains("connection"));
}

#[test]
fn builders_refuse_what_cannot_work() {
    let build = |url: &str, token: &str| Client::builder().org_url(url).api_token(token).build();
    for (url, token, words) in [
        ("", "00x", "missing"),
        ("https://acme-admin.okta.com", "00x", "-admin"),
        ("http://acme.okta.com", "00x", "http"),
        ("https://acme.okta.com", "", "empty"),
        ("https://acme.okta.com", "{apiToken}", "placeholder"),
    ] {
        let error = build(url, token).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
    let error = Client::builder().org_url(ORG).build().unwrap_err();
    assert!(error.to_string().contains("credential"), "{error}");
    assert!(
        Client::builder()
            .org_url("http://sandbox:3000")
            .allow_http_host("sandbox")
            .api_token("00x")
            .build()
            .is_ok()
    );
}

#[test]
fn demand_26_the_errors_page_explains_each_kind() {
    let page = include_str!("../../docs/ERRORS.md");
    let source = include_str!("../src/error/mod.rs");
    let start = source.find("pub enum ErrorKind {").expect("the kinds");
    let kinds = &source[start..start + source[start..].find("\n}").expect("their end")];
    let kinds = kinds.lines().skip(1).map(str::trim);
    let kinds: Vec<&str> = kinds
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.trim_end_matches(','))
        .collect();
    assert!(kinds.len() >= 11, "{kinds:?}");
    for kind in kinds {
        let heading = format!("\n### `{kind}`\n");
        let at = page
            .find(&heading)
            .unwrap_or_else(|| panic!("{kind} is not explained"));
        let section = page[at + heading.len()..]
            .split("\n#")
            .next()
            .expect("a section");
        assert!(section.trim().len() > 100, "{kind}: {section}");
    }
}
