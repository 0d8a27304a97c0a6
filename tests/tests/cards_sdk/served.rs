//! A connector of one's own, served over HTTP: tokens, wrong inputs, the OpenAPI document.

use std::sync::Arc;

use async_trait::async_trait;
use okta_core::Secret;
use okta_workflows::custom::{Card, CustomConnector, Field, refuse};
use okta_workflows::sdk::Polled;
use okta_workflows::serve::{Access, BearerCheck, router};
use okta_workflows::{CardError, Connector as _, fields};
use reqwest::{Client, Method};
use serde_json::{Value, json};

fields! {
    /// Inputs of Ring.
    Ring { #[doc = "Which bell."] bell: "bell" String, #[doc = "How often."] times: "times" Option<i64> }
}
fields! {
    /// Outputs of Ring.
    Rang { #[doc = "How often it rang."] rang: "rang" i64 }
}

fn bells() -> CustomConnector {
    CustomConnector::new("bells", "Bells")
        .action(
            Card::action("ring", "Ring")
                .input(Field::text("bell", "Bell").required())
                .input(Field::number("times", "Times"))
                .output(Field::number("rang", "Rang")),
            |input: Ring| async move {
                match input.bell.as_str() {
                    "cracked" => Err(refuse("this bell is cracked").at("bell")),
                    _ => Ok(Rang {
                        rang: input.times.unwrap_or(1),
                    }),
                }
            },
        )
        .event(
            Card::event("rung", "Rung")
                .option(Field::choices("tower", "Tower", &["North", "South"]).required())
                .output(Field::text("bell", "Bell")),
            |options, cursor| async move {
                let seen = cursor.and_then(|cursor| cursor.as_i64()).unwrap_or(0);
                Ok(Polled {
                    events: vec![json!({"bell": options["tower"]})],
                    cursor: Some((seen + 1).into()),
                })
            },
        )
}

/// Takes one token.
struct Only(&'static str);

#[async_trait]
impl BearerCheck for Only {
    async fn accepts(&self, token: &Secret) -> Result<bool, CardError> {
        match token.expose() {
            "unknown" => Err(refuse("the authorization server is down")),
            token => Ok(token == self.0),
        }
    }
}

struct Served {
    url: String,
    http: Client,
}

async fn serve(access: Access) -> Served {
    // The process has two providers: one must be named.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = router(Arc::new(bells()), access);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Served {
        url,
        http: Client::new(),
    }
}

impl Served {
    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<(&str, &str)>,
        body: &str,
    ) -> (u16, Value) {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .body(body.to_owned());
        if let Some((name, value)) = token {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

const CLIENT: Option<(&str, &str)> = Some(("x-api-client-token", "s3cret"));
const RING: &str = r#"{"inputs":{"bell":"great","times":"3"}}"#;

async fn with_client_token() -> Served {
    serve(Access::ClientToken("s3cret".into())).await
}

#[tokio::test]
async fn a_client_token_opens_the_cards_and_nothing_else_does() {
    let served = with_client_token().await;
    let ring = |token, path| served.send(Method::POST, path, token, RING);
    assert_eq!(
        ring(CLIENT, "/actions/ring").await,
        (200, json!({"rang": 3}))
    );
    let in_query = ring(None, "/actions/ring?clientToken=s3cret").await;
    assert_eq!(in_query.0, 200);
    for (token, path) in [
        (None, "/actions/ring"),
        (Some(("x-api-client-token", "s3cre")), "/actions/ring"),
        (Some(("x-api-client-token", "")), "/actions/ring"),
        (Some(("authorization", "Bearer s3cret")), "/actions/ring"),
        (None, "/actions/ring?clientToken=other"),
        (None, "/events/rung/poll"),
    ] {
        let (status, body) = ring(token, path).await;
        assert_eq!(
            (status, &body["error"]),
            (401, &json!("unauthorized")),
            "{path}"
        );
        assert!(!body.to_string().contains("s3cret"));
    }
    let (status, _) = served.send(Method::GET, "/cards", None, "").await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_bearer_token_is_checked_each_time() {
    let served = serve(Access::Bearer(Arc::new(Only("good")))).await;
    for (token, status) in [
        ("Bearer good", 200),
        ("Bearer bad", 401),
        // What cannot be checked is not accepted.
        ("Bearer unknown", 401),
        ("Basic good", 401),
        ("good", 401),
    ] {
        let token = Some(("authorization", token));
        let (found, _) = served
            .send(Method::POST, "/actions/ring", token, RING)
            .await;
        assert_eq!(found, status, "{token:?}");
    }
    let request = served.http.post(format!("{}/actions/ring", served.url));
    let refused = request.send().await.expect("an answer");
    let challenge = refused.headers().get("www-authenticate");
    assert!(challenge.is_some_and(|value| value.as_bytes().starts_with(b"Bearer")));
}

#[tokio::test]
async fn wrong_inputs_name_the_field() {
    let served = with_client_token().await;
    for (path, body, status, error, field) in [
        ("/actions/ring", "{}", 400, "missing", json!("bell")),
        (
            "/actions/ring",
            r#"{"inputs":{"bell":"a","times":"often"}}"#,
            400,
            "invalid",
            json!("times"),
        ),
        (
            "/actions/ring",
            r#"{"inputs":{"bell":"a","colour":1}}"#,
            400,
            "invalid",
            json!("colour"),
        ),
        (
            "/actions/ring",
            r#"{"inputs":{"bell":"cracked"}}"#,
            502,
            "service",
            json!("bell"),
        ),
        ("/actions/ring", "{\"inputs\":", 400, "invalid", json!(null)),
        ("/actions/ring", "[]", 400, "invalid", json!(null)),
        ("/actions/rung", "{}", 404, "unknown_card", json!(null)),
        ("/events/rung/poll", "{}", 400, "missing", json!("tower")),
        (
            "/events/rung/poll",
            r#"{"options":{"tower":"West"}}"#,
            400,
            "invalid",
            json!("tower"),
        ),
        (
            "/events/nothing/poll",
            "{}",
            404,
            "unknown_card",
            json!(null),
        ),
    ] {
        let (found, answer) = served.send(Method::POST, path, CLIENT, body).await;
        assert_eq!(
            (found, &answer["error"]),
            (status, &json!(error)),
            "{path} {body}: {answer}"
        );
        assert_eq!(answer["field"], field, "{path} {body}: {answer}");
        assert!(
            answer["card"]
                .as_str()
                .is_some_and(|card| card.starts_with("bells/"))
        );
    }
    let body = r#"{"options":{"tower":"North"},"cursor":4}"#;
    let (_, polled) = served
        .send(Method::POST, "/events/rung/poll", CLIENT, body)
        .await;
    assert_eq!(polled, json!({"events": [{"bell": "North"}], "cursor": 5}));
}

#[tokio::test]
async fn the_openapi_document_is_what_is_served() {
    let served = with_client_token().await;
    let (status, document) = served.send(Method::GET, "/openapi.json", None, "").await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["name"], "x-api-client-token");
    let paths = document["paths"].as_object().expect("paths");
    let listed: Vec<&str> = paths.keys().map(String::as_str).collect();
    assert_eq!(listed.len(), bells().info().cards.len() + 1, "{listed:?}");
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let (status, _) = served.send(method, path, CLIENT, "{}").await;
            assert!(![404, 405].contains(&status), "{path}: {status}");
            assert!(
                operation["responses"][status.to_string()].is_object(),
                "{path}: {status}"
            );
            let schemas = [
                &operation["requestBody"]["content"]["application/json"]["schema"],
                &operation["responses"]["200"]["content"]["application/json"]["schema"],
            ];
            for schema in schemas.into_iter().filter(|schema| !schema.is_null()) {
                assert!(jsonschema::meta::is_valid(schema), "{path}: {schema}");
            }
        }
    }
    let takes = |path: &str, body: Value| {
        let schema = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            ["schema"];
        jsonschema::is_valid(schema, &body)
    };
    assert!(takes(
        "/actions/ring",
        serde_json::from_str(RING).expect("JSON")
    ));
    assert!(!takes("/actions/ring", json!({"inputs": {"times": 1}})));
    assert!(takes(
        "/events/rung/poll",
        json!({"options": {"tower": "North"}, "cursor": null})
    ));
    assert!(!takes(
        "/events/rung/poll",
        json!({"options": {"tower": "West"}})
    ));
    assert!(!takes("/events/rung/poll", json!({})));
    for (method, path) in [
        (Method::GET, "/actions/ring"),
        (Method::POST, "/cards"),
        (Method::POST, "/nothing"),
    ] {
        let (status, _) = served.send(method, path, CLIENT, "{}").await;
        assert!([404, 405].contains(&status), "{path}: {status}");
    }
}
