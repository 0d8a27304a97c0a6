//! A request as it came in and an answer as it goes out, without any transport.

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::fault::Fault;

/// A whole request, read and split.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path as sent.
    pub(crate) path: String,
    /// The path's segments, percent-decoded.
    pub(crate) segments: Vec<String>,
    /// The query as sent, without the question mark.
    pub(crate) raw_query: Option<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Scheme and host as the client called them, e.g. `http://127.0.0.1:8080`.
    pub(crate) base: String,
    /// `X-Okta-Request-Id` of the answer.
    pub(crate) id: String,
}

impl Request {
    /// Splits method, target and headers; `own` is the sandbox's URL.
    pub(crate) fn new(
        method: &str,
        target: &http::Uri,
        headers: HeaderMap,
        body: Bytes,
        own: &str,
    ) -> Self {
        let path = target.path().to_owned();
        let mut segments: Vec<String> = path
            .split('/')
            .skip(1)
            .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
            .collect();
        // A slash at the end of a path makes no difference.
        if segments.len() > 1 && segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        let raw_query = target.query().map(str::to_owned);
        let query = raw_query.as_deref().map(form_pairs).unwrap_or_default();
        let (scheme, own_host) = own.split_once("://").unwrap_or(("http", own));
        let host = headers
            .get("host")
            .and_then(|h| h.to_str().ok())
            .unwrap_or(own_host);
        let base = format!("{scheme}://{host}");
        let id = crate::ids::random_hex(16);
        Self {
            method: method.to_owned(),
            path,
            segments,
            raw_query,
            query,
            headers,
            body,
            base,
            id,
        }
    }

    /// What stands for a request where nobody made one.
    pub(crate) fn of_nobody() -> Self {
        Self {
            method: String::new(),
            path: String::new(),
            segments: Vec::new(),
            raw_query: None,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            base: String::new(),
            id: crate::ids::random_hex(16),
        }
    }

    /// True if this stands for no request.
    pub(crate) fn is_of_nobody(&self) -> bool {
        self.path.is_empty()
    }

    /// First value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    /// A boolean query parameter.
    pub(crate) fn flag(&self, name: &str, default: bool) -> bool {
        self.query(name)
            .map_or(default, |v| v.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The body as JSON; anything else is the service's "not well-formed".
    pub(crate) fn json(&self) -> Result<Value, Fault> {
        serde_json::from_slice(&self.body).map_err(|_| Fault::malformed())
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Value, Fault> {
        match self.json()? {
            object @ Value::Object(_) => Ok(object),
            _ => Err(Fault::malformed()),
        }
    }

    /// The body as a JSON object, or an empty one where no body was sent.
    pub(crate) fn object_or_empty(&self) -> Result<Value, Fault> {
        if self.body.is_empty() {
            Ok(Value::Object(serde_json::Map::new()))
        } else {
            self.object()
        }
    }

    /// The host with its port.
    pub(crate) fn host(&self) -> &str {
        self.base
            .split_once("://")
            .map_or(&self.base, |(_, host)| host)
    }
}

/// Decodes `application/x-www-form-urlencoded` pairs.
pub(crate) fn form_pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// An answer before the headers that every answer carries.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Header lines with names made at run time.
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) media: Option<&'static str>,
}

impl Answer {
    /// Compact JSON with a status.
    pub(crate) fn json(status: u16, value: &Value) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_default();
        Self {
            status,
            body,
            media: Some("application/json"),
            ..Self::default()
        }
    }

    /// 200 with JSON.
    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::empty(204)
    }

    /// 200 with `{}`.
    pub(crate) fn ok_empty_object() -> Self {
        Self::ok(&Value::Object(serde_json::Map::new()))
    }

    /// Adds a header line.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        fault.into_answer()
    }
}
