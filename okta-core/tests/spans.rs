//! Spans by OpenTelemetry's names. Alone in its binary: with one subscriber in the process, tracing
//! would take the interest in a span from whichever thread meets it first.

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::*;
use okta_core::observe::LevelFilter;
use okta_core::prelude::*;
use okta_core::testing::{Answer, Canned};
use okta_core::transport::TransportFault;
use okta_core::{PrivateKey, ServiceApp};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_core::span::Current;

type Fields = BTreeMap<String, String>;

/// Keeps every span with its fields, in the order of their beginning.
#[derive(Clone, Default)]
struct Spans(
    Arc<Mutex<Vec<(&'static str, Fields)>>>,
    /// Those that are entered, the innermost last.
    Arc<Mutex<Vec<Id>>>,
    /// What each is.
    Arc<Mutex<Vec<&'static Metadata<'static>>>>,
);

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl Subscriber for Spans {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Into(&mut fields));
        let parent = self.1.lock().unwrap().last().map(Id::into_u64);
        fields.insert("parent".into(), format!("{parent:?}"));
        let mut spans = self.0.lock().unwrap();
        spans.push((span.metadata().name(), fields));
        self.2.lock().unwrap().push(span.metadata());
        Id::from_u64(spans.len() as u64)
    }
    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        values.record(&mut Into(&mut spans[id.into_u64() as usize - 1].1));
    }
    fn current_span(&self) -> Current {
        match self.1.lock().unwrap().last() {
            Some(id) => {
                let metadata = self.2.lock().unwrap()[id.into_u64() as usize - 1];
                Current::new(id.clone(), metadata)
            }
            None => Current::none(),
        }
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let level = event.metadata().level().as_str();
        self.0.lock().unwrap().push((level, Fields::new()));
    }
    fn enter(&self, id: &Id) {
        self.1.lock().unwrap().push(id.clone());
    }
    fn exit(&self, id: &Id) {
        let mut entered = self.1.lock().unwrap();
        let at = entered.iter().rposition(|entered| entered == id);
        entered.remove(at.unwrap());
    }
}

const PATH: &str = "/api/v1/things/canary-login";

fn org() -> Canned {
    let id = |answer: Answer, id: &str| answer.header("x-okta-request-id", id);
    Canned::new()
        .on(
            "POST",
            "/oauth2/v1/token",
            Answer::json(
                200,
                r#"{"token_type":"Bearer","expires_in":3600,"access_token":"canary-token"}"#,
            ),
        )
        .on("GET", PATH, id(Answer::empty(503), "req-1"))
        .on("GET", PATH, Answer::fault(TransportFault::Truncated))
        .on("GET", PATH, id(Answer::json(200, r#"{"id":"1"}"#), "req-2"))
        .on(
            "POST",
            "/api/v1/things",
            id(
                Answer::json(
                    400,
                    r#"{"errorCode":"E0000001","errorSummary":"canary-summary"}"#,
                ),
                "req-3",
            ),
        )
}

fn app() -> ServiceApp {
    let key = PrivateKey::parse(include_str!("keys/ec_p256.jwk.json")).unwrap();
    ServiceApp::new("0oa1", key, ["okta.things.manage"]).unwrap()
}

#[tokio::test]
async fn a_client_logs_up_to_its_level() {
    for (level, spans_wanted, highest) in [
        (LevelFilter::TRACE, true, Some("DEBUG")),
        (LevelFilter::INFO, true, Some("WARN")),
        (LevelFilter::WARN, false, Some("WARN")),
        (LevelFilter::OFF, false, None),
    ] {
        let spans = Spans::default();
        let guard = tracing::subscriber::set_default(spans.clone());
        // Fewer scopes are granted than asked for, which is a warning.
        let token = r#"{"token_type":"Bearer","access_token":"t","scope":"okta.other.read"}"#;
        let canned = Canned::from_fn(move |request| match request.uri.path() {
            "/oauth2/v1/token" => Answer::json(200, token),
            _ => Answer::json(200, "{}"),
        });
        let (client, _, _) = client_with(canned, |b| b.service_app(app()).log_level(level));
        client.send(Get::of("1")).await.unwrap();
        drop(guard);
        let seen = spans.0.lock().unwrap();
        let has = |name: &str| seen.iter().any(|(known, _)| *known == name);
        assert_eq!(
            has("okta.call") && has("okta.http"),
            spans_wanted,
            "{level}"
        );
        assert_eq!(
            has("okta.call") || has("okta.http"),
            spans_wanted,
            "{level}"
        );
        let mut lines = ["WARN", "INFO", "DEBUG", "TRACE"].into_iter();
        assert_eq!(lines.rfind(|level| has(level)), highest, "{level}");
    }
}

#[tokio::test]
async fn demand_15_each_attempt_and_call_has_a_span_by_opentelemetrys_names() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let (client, _, _) = client_with(org(), |b| b.service_app(app()));
    client
        .send(
            Get::of("canary-login")
                .with_query("limit", "5")
                .with_query("q", "canary-query"),
        )
        .await
        .unwrap();
    client.send(Create::named("canary-name")).await.unwrap_err();
    drop(guard);

    let spans = spans.0.lock().unwrap();
    let of = |name: &str| {
        spans
            .iter()
            .filter(|(n, _)| *n == name)
            .map(|(_, fields)| fields)
            .collect::<Vec<_>>()
    };
    let calls = of("okta.call");
    assert_eq!(calls.len(), 2);
    for (name, value) in [
        ("otel.name", "getThing"),
        ("http.request.method", "GET"),
        ("url.template", "/api/v1/things/{id}"),
        ("http.response.status_code", "200"),
        ("okta.operation", "getThing"),
        ("okta.bucket", "test"),
        ("okta.request_id", "req-2"),
        ("okta.attempts", "3"),
    ] {
        assert_eq!(
            calls[0].get(name).map(String::as_str),
            Some(value),
            "{name}: {:?}",
            calls[0]
        );
    }
    assert!(calls[0]["okta.waited_ms"].parse::<u64>().unwrap() > 0);
    assert!(!calls[0].contains_key("error.type"));
    assert_eq!(calls[1]["error.type"], "400");

    let attempts = of("okta.http");
    let operations: Vec<&str> = attempts.iter().map(|a| &*a["okta.operation"]).collect();
    assert_eq!(
        operations,
        ["token", "getThing", "getThing", "getThing", "createThing"]
    );
    assert_eq!(
        attempts[0]["url.full"],
        "https://acme.okta.com/oauth2/v1/token"
    );
    for (name, value) in [
        ("otel.name", "GET /api/v1/things/{id}"),
        ("otel.kind", "client"),
        ("http.request.method", "GET"),
        (
            "url.full",
            "https://acme.okta.com/api/v1/things/{id}?limit=5&q=REDACTED",
        ),
        ("server.address", "acme.okta.com"),
        ("server.port", "443"),
        ("http.response.status_code", "503"),
        ("error.type", "503"),
        ("okta.request_id", "req-1"),
        ("okta.bucket", "test"),
    ] {
        assert_eq!(
            attempts[1].get(name).map(String::as_str),
            Some(value),
            "{name}: {:?}",
            attempts[1]
        );
    }
    let resent: Vec<Option<&str>> = attempts
        .iter()
        .map(|a| a.get("http.request.resend_count").map(String::as_str))
        .collect();
    assert_eq!(resent, [None, None, Some("1"), Some("2"), None]);
    assert_eq!(attempts[2]["error.type"], "Truncated");
    assert!(!attempts[2].contains_key("http.response.status_code"));
    assert!(!attempts[3].contains_key("error.type"));
    assert!(!format!("{spans:?}").contains("canary"), "{spans:#?}");
}

#[tokio::test]
async fn a_page_that_is_fetched_ahead_belongs_to_the_callers_span() {
    let spans = Spans::default();
    let guard = tracing::subscriber::set_default(spans.clone());
    let canned = Canned::from_fn(|request| {
        let next = format!("<{ORG}/api/v1/things?after=1>; rel=\"next\"");
        let answer = Answer::json(200, r#"[{"id":"1"}]"#);
        match request.uri.query() {
            Some(query) if query.contains("after") => answer,
            _ => answer.header("link", &next),
        }
    });
    let (client, _, _) = client(canned);
    let job = tracing::info_span!("job");
    let reading = async {
        let mut pages = List::new().attach(&client).pages().prefetch();
        while pages.try_next().await.unwrap().is_some() {
            // Time for the task.
            tokio::task::yield_now().await;
        }
    };
    tracing::Instrument::instrument(reading, job).await;
    drop(guard);
    let spans = spans.0.lock().unwrap();
    assert_eq!(spans[0].0, "job");
    let calls = spans.iter().filter(|(name, _)| *name == "okta.call");
    let parents: Vec<&str> = calls.map(|(_, fields)| &*fields["parent"]).collect();
    assert_eq!(parents, ["Some(1)", "Some(1)"], "{spans:?}");
}
