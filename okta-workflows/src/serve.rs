//! A connector over HTTP, so that a flow's API card can call it.
//!
//! | route | does |
//! |---|---|
//! | `POST /actions/{slug}` | runs an action: `{"options": {…}, "inputs": {…}}` → outputs |
//! | `POST /events/{slug}/poll` | polls an event: `{"options": {…}, "cursor": …}` → `{"events": […], "cursor": …}` |
//! | `GET /cards` | the connector as data |
//! | `GET /openapi.json` | OpenAPI 3.1 document of the routes; needs no token |
//!
//! A refused call answers `{"error": kind, "card": …, "field": …, "message": …}`: 400 for wrong inputs, 401 without a
//! good token, 404 for an unknown card, 502 if the service behind the card refused.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{get, post};
use okta_core::Secret;
use serde::Deserialize;
use serde_json::json;

use crate::card::CardCall;
use crate::card::types::{Object, Value};
use crate::catalogue::{CardKind, ConnectorInfo};
use crate::error::{CardError, CardErrorKind};
use crate::schema;
use crate::sdk::{Connector, RunContext, unknown};

/// Who may call.
#[derive(Clone)]
pub enum Access {
    /// Whoever knows the client token: header `x-api-client-token` or query `clientToken`, as at a flow's endpoint.
    ClientToken(Secret),
    /// Whoever has an OAuth access token that the check accepts.
    Bearer(Arc<dyn BearerCheck>),
}

/// Checks access tokens: by introspection (RFC 7662), or by the issuer's keys.
#[async_trait]
pub trait BearerCheck: Send + Sync {
    /// Whether the token is good for this connector. An error counts as no.
    async fn accepts(&self, token: &Secret) -> Result<bool, CardError>;
}

/// Asks an Okta authorization server about tokens (RFC 7662).
#[derive(Clone, Debug)]
pub struct Introspection {
    client: okta_core::Client,
    client_id: String,
    client_secret: Secret,
    scope: String,
}

impl Introspection {
    /// Accepts active tokens that carry `scope`. The app proves itself with id and secret.
    pub fn new(
        client: okta_core::Client,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        scope: impl Into<String>,
    ) -> Self {
        Self {
            client,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scope: scope.into(),
        }
    }
}

#[async_trait]
impl BearerCheck for Introspection {
    async fn accepts(&self, token: &Secret) -> Result<bool, CardError> {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let raw = self
            .client
            .call("POST", "/oauth2/v1/introspect")
            .form(vec![
                field("token", token.expose()),
                field("token_type_hint", "access_token"),
                field("client_id", &self.client_id),
                field("client_secret", self.client_secret.expose()),
            ])
            .await?;
        let answer: Value = raw.json()?;
        let scopes = answer["scope"].as_str().unwrap_or_default();
        Ok(answer["active"] == true && scopes.split_whitespace().any(|scope| scope == self.scope))
    }
}

/// A router for a connector.
pub fn router(connector: Arc<dyn Connector>, access: Access) -> Router {
    let guarded = Router::new()
        .route("/actions/{slug}", post(run))
        .route("/events/{slug}/poll", post(poll))
        .route("/cards", get(cards))
        .layer(from_fn_with_state(access.clone(), guard));
    Router::new()
        .route("/openapi.json", get(openapi))
        .merge(guarded)
        .with_state(Shared { connector, access })
}

#[derive(Clone)]
struct Shared {
    connector: Arc<dyn Connector>,
    access: Access,
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap_or_default()
}

fn refused(error: &CardError) -> Response<Body> {
    let (status, kind) = match error.kind() {
        CardErrorKind::UnknownCard => (StatusCode::NOT_FOUND, "unknown_card"),
        CardErrorKind::Missing => (StatusCode::BAD_REQUEST, "missing"),
        CardErrorKind::Invalid => (StatusCode::BAD_REQUEST, "invalid"),
        CardErrorKind::Connection => (StatusCode::BAD_GATEWAY, "connection"),
        CardErrorKind::Service => (StatusCode::BAD_GATEWAY, "service"),
        CardErrorKind::Stream => (StatusCode::BAD_GATEWAY, "stream"),
        CardErrorKind::Output => (StatusCode::BAD_GATEWAY, "output"),
    };
    json_response(
        status,
        &json!({
            "error": kind, "card": error.card(), "field": error.field(), "message": error.message(), "hint": error.hint(),
        }),
    )
}

/// Compares in constant time: how long it takes tells nothing about where they differ.
fn same(left: &str, right: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}

async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response<Body> {
    let text = |headers: &HeaderMap, name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (good, challenge) = match &access {
        Access::ClientToken(expected) => {
            let query = request.uri().query().unwrap_or_default();
            let given = text(request.headers(), "x-api-client-token").or_else(|| {
                url::form_urlencoded::parse(query.as_bytes())
                    .find(|(name, _)| name == "clientToken")
                    .map(|(_, value)| value.into_owned())
            });
            (
                given.is_some_and(|given| same(&given, expected.expose())),
                None,
            )
        }
        Access::Bearer(check) => {
            let given = text(request.headers(), "authorization")
                .and_then(|value| value.strip_prefix("Bearer ").map(Secret::new));
            let good = match given {
                Some(token) => check.accepts(&token).await.unwrap_or(false),
                None => false,
            };
            (good, Some("Bearer error=\"invalid_token\""))
        }
    };
    if good {
        return next.run(request).await;
    }
    let mut response = json_response(
        StatusCode::UNAUTHORIZED,
        &json!({"error": "unauthorized", "message": "no token, or one that is not accepted"}),
    );
    if let Some(challenge) = challenge {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            header::HeaderValue::from_static(challenge),
        );
    }
    response
}

fn parse<T: for<'de> Deserialize<'de>>(card: &str, body: &[u8]) -> Result<T, CardError> {
    // The message of the parser may quote the body.
    let wrong = |error: serde_json::Error| {
        CardError::new(
            CardErrorKind::Invalid,
            card,
            format!("the body is not as expected ({:?} error)", error.classify()),
        )
    };
    // An array would do for a struct.
    let object: Object = serde_json::from_slice(body).map_err(wrong)?;
    T::deserialize(Value::from(object)).map_err(wrong)
}

async fn run(
    State(shared): State<Shared>,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let key = shared.connector.info().key.clone();
    let path = format!("{key}/{slug}");
    let work = async {
        let action = shared
            .connector
            .action(&slug)
            .ok_or_else(|| unknown(&key, &slug))?;
        let call: CardCall = parse(&path, &body)?;
        action.run(&RunContext::default(), call).await
    };
    match work.await {
        Ok(outputs) => json_response(StatusCode::OK, &outputs.into()),
        Err(error) => refused(&error.of(&path)),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Poll {
    options: Object,
    cursor: Option<Value>,
}

async fn poll(
    State(shared): State<Shared>,
    Path(slug): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let key = shared.connector.info().key.clone();
    let path = format!("{key}/{slug}");
    let work = async {
        let event = shared
            .connector
            .event(&slug)
            .ok_or_else(|| unknown(&key, &slug))?;
        let poll: Poll = parse(&path, &body)?;
        event.poll(&poll.options, poll.cursor.as_ref()).await
    };
    match work.await {
        Ok(found) => json_response(
            StatusCode::OK,
            &json!({"events": found.events, "cursor": found.cursor}),
        ),
        Err(error) => refused(&error.of(&path)),
    }
}

async fn cards(State(shared): State<Shared>) -> Response<Body> {
    let info = serde_json::to_value(shared.connector.info()).unwrap_or_default();
    json_response(StatusCode::OK, &info)
}

async fn openapi(State(shared): State<Shared>) -> Response<Body> {
    json_response(
        StatusCode::OK,
        &document(shared.connector.info(), &shared.access),
    )
}

/// The OpenAPI 3.1 document of a connector.
pub fn document(info: &ConnectorInfo, access: &Access) -> Value {
    let mut paths = Object::new();
    for card in &info.cards {
        let (path, request, answer) = match card.kind {
            CardKind::Action => (
                format!("/actions/{}", card.slug),
                schema::call(card),
                schema::outputs(card),
            ),
            CardKind::Event => {
                let events = json!({"type": "object", "properties": {"events": {"type": "array", "items": schema::outputs(card)}, "cursor": {}}});
                let request = schema::poll(card);
                (format!("/events/{}/poll", card.slug), request, events)
            }
        };
        let content = |schema: Value| json!({"application/json": {"schema": schema}});
        let error = json!({"description": "refused", "content": content(json!({"$ref": "#/components/schemas/Error"}))});
        paths.insert(
            path,
            json!({"post": {
                "operationId": card.slug, "summary": card.name,
                "requestBody": {"required": true, "content": content(request)},
                "responses": {
                    "200": {"description": "outputs", "content": content(answer)},
                    "400": error.clone(), "401": error.clone(), "404": error.clone(), "502": error,
                },
            }}),
        );
    }
    paths.insert("/cards".to_owned(), json!({"get": {
        "operationId": "list_cards", "summary": "The connector's cards",
        "responses": {
            "200": {"description": "the connector as in the catalogue", "content": {"application/json": {"schema": {"type": "object"}}}},
            "401": {"description": "refused", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
        },
    }}));
    let scheme = match access {
        Access::ClientToken(_) => {
            json!({"type": "apiKey", "in": "header", "name": "x-api-client-token"})
        }
        Access::Bearer(_) => json!({"type": "http", "scheme": "bearer"}),
    };
    json!({
        "openapi": "3.1.0",
        "info": {"title": info.name, "version": "1"},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": scheme},
            "schemas": {"Error": {"type": "object", "properties": {
                "error": {"type": "string"}, "card": {"type": "string"}, "field": {"type": ["string", "null"]},
                "message": {"type": "string"}, "hint": {"type": ["string", "null"]},
            }}},
        },
    })
}
