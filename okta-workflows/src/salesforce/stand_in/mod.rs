//! A Salesforce org in a process, with real HTTP: OAuth, records, SOQL, changes, limits, errors.
//!
//! For tests and examples; behind the feature `stand-in`, so that programs do not carry a server. The login host and
//! the instance host differ, as in Salesforce: data calls on the login host fail.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use okta_workflows::salesforce::{SalesforceConnector, stand_in::StandIn};
//! use okta_workflows::salesforce::actions::GetAllProfiles;
//! use okta_workflows::Registry;
//!
//! let org = StandIn::start().await?;
//! let cards = Registry::new().with(SalesforceConnector::new(org.connect(&["api", "refresh_token"]).await?));
//! let profiles = cards.call(GetAllProfiles::default()).await?;
//! assert_eq!(profiles.profiles.name, ["System Administrator", "Standard User"]);
//! # Ok(()) }
//! ```

mod assertion;
mod data;
mod oauth;
mod org;
mod refusal;
mod schema;
mod soql;
mod switches;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use okta_core::Client;
use okta_core::clock::{Clock, Sleep, SystemClock};
use serde_json::{Value, json};

use super::{SalesforceApp, SalesforceHost};
use crate::error::{CardError, CardErrorKind};
use crate::oauth::OAuthConnection;
use crate::sdk::Connection as _;
use assertion::PublicKey;
pub use oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use org::Org;
pub use switches::Switches;

/// Longest request body, in bytes.
const MAX_BODY: usize = 50 * 1024 * 1024;

/// One request, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query, decoded; empty if there was none.
    pub query: String,
    /// Status of the answer.
    pub status: u16,
}

struct Shared {
    org: Mutex<Org>,
    journal: Mutex<Vec<Entry>>,
    login_url: String,
    instance: String,
}

/// A running stand-in; it stops when it is dropped.
pub struct StandIn {
    shared: Arc<Shared>,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn")
            .field("login_url", &self.shared.login_url)
            .finish_non_exhaustive()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.servers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StandIn {
    /// Starts an org with an admin, profiles, roles, permission sets and a few leads, on free loopback ports.
    ///
    /// # Errors
    /// If no port can be opened.
    pub async fn start() -> io::Result<Self> {
        let login = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let data = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let shared = Arc::new(Shared {
            org: Mutex::default(),
            journal: Mutex::default(),
            login_url: format!("http://{}", login.local_addr()?),
            instance: format!("http://{}", data.local_addr()?),
        });
        lock(&shared.org).seed();
        let serve = |listener, is_login: bool| {
            let router = Router::new()
                .fallback(handle)
                .with_state((Arc::clone(&shared), is_login));
            tokio::spawn(async move {
                // It ends only when the task is aborted.
                let _ = axum::serve(listener, router).await;
            })
        };
        let servers = vec![serve(login, true), serve(data, false)];
        Ok(Self { shared, servers })
    }

    /// Where people sign in and tokens are had.
    pub fn login_url(&self) -> &str {
        &self.shared.login_url
    }

    /// The host as the connector takes it.
    pub fn host(&self) -> SalesforceHost {
        SalesforceHost::Url(self.shared.login_url.clone())
    }

    /// Uploads the certificate of a key that signs the connected app's assertions (JWT bearer); `public_jwk` is
    /// [`PrivateKey::public_jwk`](okta_core::PrivateKey::public_jwk).
    ///
    /// # Errors
    /// If it is no RSA key as a JWK.
    pub fn upload_certificate(&self, public_jwk: &str) -> Result<(), CardError> {
        let key = PublicKey::from_jwk(public_jwk).ok_or_else(|| {
            CardError::new(
                CardErrorKind::Connection,
                "",
                "the certificate holds no RSA key",
            )
            .with_hint("give the JSON text of an RSA key's public JWK")
        })?;
        lock(&self.shared.org).certificates.push(key);
        Ok(())
    }

    /// A connection that has tokens: the admin signs in and agrees.
    ///
    /// # Errors
    /// As [`SalesforceApp::for_person`] and [`authorize`](crate::Connection::authorize).
    pub async fn connect(&self, scopes: &[&str]) -> Result<OAuthConnection, CardError> {
        let app = SalesforceApp::for_person(&self.host(), CLIENT_ID, REDIRECT_URI, scopes)?
            .client_secret(CLIENT_SECRET);
        let clock = self.clock();
        let http = Arc::new(move || Client::builder().clock(Arc::clone(&clock)));
        let connection = OAuthConnection::with_http(app, http)?;
        let callback = self.sign_in(&connection)?;
        connection.authorize(Some(&callback)).await?;
        Ok(connection)
    }

    /// What the admin's browser does: opens the authorization URL, agrees, and is sent to the callback URL.
    ///
    /// # Errors
    /// If the connection's settings are refused with an error page.
    pub fn sign_in(&self, connection: &OAuthConnection) -> Result<String, CardError> {
        let url = connection.authorization_url()?.unwrap_or_default();
        let query: Vec<(String, String)> = url::Url::parse(&url)
            .map(|url| url.query_pairs().into_owned().collect())
            .unwrap_or_default();
        let page = oauth::authorize(&mut lock(&self.shared.org), &query);
        page.location.ok_or_else(|| {
            CardError::new(
                crate::CardErrorKind::Connection,
                "",
                "Salesforce shows an error page: redirect_uri_mismatch",
            )
        })
    }

    /// Changes the switches.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut lock(&self.shared.org).switches);
    }

    /// Moves the clock of the org, and of the connections made by [`connect`](Self::connect), on.
    pub fn advance(&self, time: Duration) {
        lock(&self.shared.org).offset += i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    }

    /// The org's clock: real sleeps, moved time of day.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(OrgClock {
            shared: Arc::clone(&self.shared),
            system: SystemClock::default(),
        })
    }

    /// The records of an object, as JSON.
    pub fn records(&self, object: &str) -> Vec<Value> {
        let org = lock(&self.shared.org);
        org.records
            .get(object)
            .into_iter()
            .flatten()
            .map(|(_, record)| record.clone().into())
            .collect()
    }

    /// All records by object, as JSON: what a test compares before and after.
    pub fn state(&self) -> Value {
        let org = lock(&self.shared.org);
        let all = org.records.iter().map(|(object, records)| {
            let records = records.values().map(|record| Value::Object(record.clone()));
            ((*object).to_owned(), records.collect())
        });
        Value::Object(all.collect())
    }

    /// Adds a record, whatever its fields; its id. An unknown object gives an empty id.
    pub fn add(&self, object: &str, fields: &Value) -> String {
        let found = schema::Object::find(object).zip(fields.as_object());
        found.map_or_else(String::new, |(object, fields)| {
            lock(&self.shared.org).put(object, fields.clone())
        })
    }

    /// Ends every session and refresh token, as when an admin blocks the app.
    pub fn end_all_sessions(&self) {
        let mut org = lock(&self.shared.org);
        org.sessions.clear();
        org.refreshes.clear();
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Entry> {
        lock(&self.shared.journal).clone()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.shared.journal).clear();
    }
}

struct OrgClock {
    shared: Arc<Shared>,
    system: SystemClock,
}

impl fmt::Debug for OrgClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrgClock")
    }
}

impl Clock for OrgClock {
    fn wall(&self) -> jiff::Timestamp {
        lock(&self.shared.org).now()
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.system.sleep(duration)
    }
}

/// An answer on its way out.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    kind: &'static str,
    location: Option<String>,
}

fn answer(status: StatusCode, body: Value) -> Answer {
    Answer {
        status,
        body: body.to_string().into_bytes(),
        kind: "application/json;charset=UTF-8",
        location: None,
    }
}

fn text(status: StatusCode, body: &str) -> Answer {
    Answer {
        status,
        body: body.as_bytes().to_vec(),
        kind: "text/html;charset=UTF-8",
        location: None,
    }
}

/// A request as the handlers see it.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a [(String, String)],
    body: &'a [u8],
    kind: &'a str,
    token: &'a str,
    assigns: bool,
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

async fn handle(
    State((shared, is_login)): State<(Arc<Shared>, bool)>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let call = Call {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: &query,
        body: &body,
        kind: header("content-type"),
        token: header("authorization")
            .strip_prefix("Bearer ")
            .unwrap_or_default(),
        assigns: header("sforce-auto-assign") != "FALSE",
    };
    let mut limits = None;
    let given = {
        let mut org = lock(&shared.org);
        let given = route(&mut org, &call, is_login, &shared);
        if call.path.starts_with("/services/data/v") {
            limits = Some(format!(
                "api-usage={}/{}",
                org.used, org.switches.daily_limit
            ));
        }
        given
    };
    let shown: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lock(&shared.journal).push(Entry {
        method: call.method.to_owned(),
        path: call.path.to_owned(),
        // Codes and tokens are in forms and in the authorization URL only.
        query: if call.path.starts_with("/services/oauth2") {
            String::new()
        } else {
            shown.join("&")
        },
        status: given.status.as_u16(),
    });
    let mut response = Response::builder()
        .status(given.status)
        .header("content-type", given.kind);
    if let Some(location) = given.location {
        response = response.header("location", location);
    }
    if let Some(limits) = limits {
        response = response.header("sforce-limit-info", limits);
    }
    response.body(Body::from(given.body)).unwrap_or_default()
}

fn route(org: &mut Org, call: &Call<'_>, is_login: bool, shared: &Shared) -> Answer {
    let (login, instance) = (&*shared.login_url, &*shared.instance);
    if org.switches.unavailable > 0 {
        org.switches.unavailable -= 1;
        return text(
            StatusCode::SERVICE_UNAVAILABLE,
            "<html>Down for maintenance</html>",
        );
    }
    match (call.method, call.path.trim_end_matches('/')) {
        ("GET", "/services/oauth2/authorize") => oauth::authorize(org, call.query),
        ("POST", "/services/oauth2/token") => oauth::token(org, &pairs(call.body), login, instance),
        (_, "/services/oauth2/token") => answer(
            StatusCode::BAD_REQUEST,
            json!({"error": "invalid_request", "error_description": "must use HTTP POST"}),
        ),
        ("POST", "/services/oauth2/revoke") => oauth::revoke(org, &pairs(call.body)),
        ("GET", "/services/oauth2/userinfo") => oauth::userinfo(org, call.token),
        (_, path) if !is_login && path.starts_with("/services/data") => data::handle(org, call),
        _ => answer(
            StatusCode::NOT_FOUND,
            json!([{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]),
        ),
    }
}
