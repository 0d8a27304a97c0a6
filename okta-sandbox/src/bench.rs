//! Calls on a sandbox without any socket, for tests.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::exchange::{Answer, Request};
use crate::json::{merge, text};
use crate::limits::{Limiter, RateLimits};
use crate::org::Settings;
use crate::pipeline::{self, Shared};
use crate::service_app::Credentials;

const BASE: &str = "127.0.0.1:8080";

/// A sandbox, and the super admin's calls on it.
pub(crate) struct Bench {
    pub(crate) shared: Shared,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let credentials = Credentials::generate(&format!("http://{BASE}")).expect("a key");
        let settings = Settings {
            random_seed: Some(7),
            ..Settings::default()
        };
        let limiter = Limiter::new(RateLimits::off());
        let shared = Shared::new(credentials, settings, limiter).expect("a key");
        Self { shared }
    }

    pub(crate) fn raw(&self, method: &str, target: &str, body: Vec<u8>) -> Answer {
        self.send(method, target, "application/json", body)
    }

    fn token(&self) -> String {
        format!("SSWS {}", self.shared.credentials.api_token)
    }

    /// A call with a body of any media type.
    pub(crate) fn send(&self, method: &str, target: &str, media: &str, body: Vec<u8>) -> Answer {
        self.accepting("application/json", method, target, media, body)
    }

    /// A call that asks for an answer of a media type.
    pub(crate) fn accepting(
        &self,
        accept: &str,
        method: &str,
        target: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Answer {
        let token = self.token();
        let lines = [("accept", accept), ("authorization", &token)];
        self.with(&lines, method, target, media, body)
    }

    /// A call with header lines of its own, which is nobody's unless they say whose.
    pub(crate) fn with(
        &self,
        lines: &[(&'static str, &str)],
        method: &str,
        target: &str,
        media: &str,
        body: Vec<u8>,
    ) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().expect("a header"));
        }
        if !body.is_empty() {
            headers.insert("content-type", media.parse().expect("a header"));
        }
        let target = target.parse().expect("a target");
        let request = Request::new(method, &target, headers, Bytes::from(body), BASE);
        let flight = self.shared.begin();
        pipeline::answer(&self.shared, &request, None, &flight)
    }

    /// Turns the authenticator of a key on; made if the org has none.
    pub(crate) fn turn_on(&self, key: &str) {
        let all = "/api/v1/authenticators";
        let (_, known) = self.call("GET", all, None);
        let mut known = known.as_array().into_iter().flatten().cloned();
        let one = known.find(|one| one["key"] == key).unwrap_or_else(|| {
            let body = json!({ "key": key, "name": key });
            self.call("POST", all, Some(&body)).1
        });
        let own = format!("{all}/{}/lifecycle/activate", text(&one, "/id"));
        assert_eq!(self.call("POST", &own, None).0, 200, "{key}");
    }

    pub(crate) fn call(&self, method: &str, target: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        let answer = self.raw(method, target, body);
        (
            answer.status,
            serde_json::from_slice(&answer.body).unwrap_or_default(),
        )
    }
}

/// A body that creates a user of a login, with more or other members.
pub(crate) fn person(login: &str, more: &Value) -> Value {
    let mut body = json!({ "profile": {
        "firstName": "A", "lastName": "B", "email": login, "login": login,
    } });
    merge(&mut body, more);
    body
}

/// The body of an answer that has to be a success.
pub(crate) fn ok(answer: (u16, Value)) -> Value {
    assert!((200..300).contains(&answer.0), "{answer:?}");
    answer.1
}

/// Status and error code.
pub(crate) fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, text(&answer.1, "/errorCode"))
}

pub(crate) fn id(value: &Value) -> String {
    text(value, "/id").to_owned()
}

/// The types of the events so far that begin so.
pub(crate) fn events(bench: &Bench, start: &str) -> Vec<String> {
    let org = bench.shared.org();
    let types = org.log.placed().map(|(_, event)| text(event, "/eventType"));
    types
        .filter(|ty| ty.starts_with(start))
        .map(str::to_owned)
        .collect()
}
