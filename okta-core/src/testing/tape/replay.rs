//! Answers from a recording.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::recorder::{asked, origin};
use super::{Asked, Content, Exchange, HOST, MARK, is_token_path};
use crate::error::{Error, Result};
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError, TransportFault};

/// A transport that answers from a recording; see [`Recorder`](super::Recorder).
pub struct Replay {
    state: Mutex<Vec<(Exchange, bool)>>,
}

/// How far a request is from a recorded one; less is nearer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Distance {
    /// Segments of the path.
    segments: usize,
    rest: Rest,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Rest {
    Exact,
    /// Only values differ where the recording holds pseudonyms.
    Alike,
    Body,
    Query,
    Method,
}

impl Distance {
    fn matches(self) -> bool {
        self.segments == 0 && self.rest <= Rest::Alike
    }

    fn what(self) -> &'static str {
        match (self.segments, self.rest) {
            (0, Rest::Exact | Rest::Alike) => "used up",
            (0, Rest::Body) => "the body has another shape",
            (0, Rest::Query) => "the query differs",
            (_, Rest::Method) => "the method differs",
            _ => "the path differs",
        }
    }
}

impl Replay {
    /// Reads a recording's text.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the line that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let mut exchanges = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let exchange = serde_json::from_str(line).map_err(|error| {
                Error::config(format!("recording, line {}: {error}", number + 1)).with_hint(
                    "recordings are written by testing::Recorder, one JSON object a line",
                )
            })?;
            exchanges.push((exchange, false));
        }
        Ok(Self {
            state: Mutex::new(exchanges),
        })
    }

    /// Reads a recording's file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); also if the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::config(format!("the recording {} cannot be read", path.display()))
                .with_source(error)
        })?;
        Self::parse(&text)
    }

    /// Recorded requests that were not asked for, as `METHOD /path`; token requests left out.
    pub fn unused(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state
            .iter()
            .filter(|(exchange, used)| !used && !is_token_path(&exchange.request.path))
            .map(|(exchange, _)| line(&exchange.request))
            .collect()
    }

    fn find(&self, request: &Asked) -> Result<Exchange, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut best: Option<(Distance, usize)> = None;
        let mut last_token = None;
        for (index, (exchange, used)) in state.iter().enumerate() {
            let distance = distance(request, &exchange.request);
            if *used {
                if distance.matches() && is_token_path(&request.path) {
                    last_token = Some(index);
                }
                continue;
            }
            if distance.matches() && best.is_none_or(|(nearest, _)| distance < nearest) {
                best = Some((distance, index));
            }
        }
        // A client may ask for tokens more often than the recorded one did.
        match best.map(|(_, index)| index).or(last_token) {
            Some(index) => {
                state[index].1 = true;
                Ok(state[index].0.clone())
            }
            None => Err(nearest(request, &state)),
        }
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Replay({} exchanges)", state.len())
    }
}

#[async_trait]
impl Transport for Replay {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let origin = origin(&request);
        let hopeless = |text: String| TransportError::new(TransportFault::Hopeless, text);
        let exchange = self.find(&asked(&request)).map_err(hopeless)?;
        let Some(response) = exchange.response else {
            let fault = fault(exchange.fault.as_deref().unwrap_or_default());
            return Err(TransportError::new(
                fault,
                format!("recorded fault {fault:?}"),
            ));
        };
        // Links lead to the org of the client that replays.
        let here = |text: String| text.replace(&format!("https://{HOST}"), &origin);
        let mut headers = HeaderMap::new();
        for (name, value) in response.headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name),
                HeaderValue::try_from(here(value)),
            ) {
                headers.append(name, value);
            }
        }
        let body = match response.body {
            Content::Json(value) => here(value.to_string()).into_bytes(),
            Content::Text(text) => here(text).into_bytes(),
            other => other.into_bytes(),
        };
        if body.len() > request.max_response_bytes {
            let limit = request.max_response_bytes;
            let text = format!("the answer is longer than {limit} bytes");
            return Err(TransportError::new(TransportFault::TooLarge, text));
        }
        let status = StatusCode::from_u16(response.status)
            .map_err(|_| hopeless(format!("the recorded status {} is none", response.status)))?;
        Ok(HttpResponse::new(status, headers, body))
    }
}

fn fault(name: &str) -> TransportFault {
    match name {
        "NotSent" => TransportFault::NotSent,
        "MaybeSent" => TransportFault::MaybeSent,
        "Truncated" => TransportFault::Truncated,
        "TooLarge" => TransportFault::TooLarge,
        _ => TransportFault::Hopeless,
    }
}

/// True if a recorded text can stand for any.
fn is_pseudonym(recorded: &str) -> bool {
    recorded.contains(MARK)
        || recorded.starts_with("+1555")
        || recorded.starts_with("198.18.")
        || recorded.starts_with("00000000-0000-4000-8000-")
        || recorded == "[redacted]"
}

/// `None`: they differ. `Some(true)`: equal.
fn alike(given: &str, recorded: &str) -> Option<bool> {
    if given == recorded {
        return Some(true);
    }
    let decoded = percent_encoding::percent_decode_str(recorded).decode_utf8_lossy();
    if is_pseudonym(&decoded) {
        return Some(false);
    }
    None
}

fn distance(given: &Asked, recorded: &Asked) -> Distance {
    let of = |segments, rest| Distance { segments, rest };
    if given.path == recorded.path && is_token_path(&given.path) {
        return of(0, Rest::Exact);
    }
    let mut exact = true;
    let (a, b): (Vec<_>, Vec<_>) = (
        given.path.split('/').collect(),
        recorded.path.split('/').collect(),
    );
    let differing = a.iter().zip(&b).filter(|(given, recorded)| {
        let found = alike(given, recorded);
        exact &= found != Some(false);
        found.is_none()
    });
    let segments = differing.count() + a.len().abs_diff(b.len());
    if given.method != recorded.method {
        return of(segments, Rest::Method);
    }
    if !same_query(&given.query, &recorded.query, &mut exact) {
        return of(segments, Rest::Query);
    }
    match shape(&given.body, &recorded.body) {
        false => of(segments, Rest::Body),
        true if exact && given.body == recorded.body => of(segments, Rest::Exact),
        true => of(segments, Rest::Alike),
    }
}

/// Whatever the order of parameters.
fn same_query(given: &[(String, String)], recorded: &[(String, String)], exact: &mut bool) -> bool {
    let sorted = |pairs: &[(String, String)]| {
        let mut pairs = pairs.to_vec();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs
    };
    let (a, b) = (sorted(given), sorted(recorded));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(given, recorded)| {
            let found = alike(&given.1, &recorded.1);
            *exact &= found != Some(false);
            given.0 == recorded.0 && found.is_some()
        })
}

/// Same members and kinds of values; the values may differ.
fn shape(a: &Content, b: &Content) -> bool {
    fn same(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
                    // Names of a map may be pseudonyms.
                    || a.len() == b.len() && b.keys().any(|name| is_pseudonym(name))
            }
            // The recording's lists say what an element looks like; their length is a value.
            (Value::Array(a), Value::Array(b)) => match (a.first(), b.first()) {
                (Some(a), Some(b)) => same(a, b),
                (a, b) => a.is_none() == b.is_none(),
            },
            _ => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
    match (a, b) {
        (Content::Json(a), Content::Json(b)) => same(a, b),
        (Content::Form(a), Content::Form(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0)
        }
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// Values of queries are left out: they may be secrets of a client that is not the recorded one.
fn line(request: &Asked) -> String {
    let names: Vec<&str> = request
        .query
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let query = match names.is_empty() {
        true => String::new(),
        false => format!("?{}", names.join("&")),
    };
    format!("{} {}{query}", request.method, request.path)
}

fn nearest(request: &Asked, state: &[(Exchange, bool)]) -> String {
    let mut all: Vec<(Distance, String)> = state
        .iter()
        .map(|(exchange, _)| {
            (
                distance(request, &exchange.request),
                line(&exchange.request),
            )
        })
        .collect();
    all.sort();
    all.dedup();
    let named: Vec<String> = all
        .iter()
        .take(3)
        .map(|(distance, line)| format!("{line} ({})", distance.what()))
        .collect();
    if named.is_empty() {
        return format!("the recording is empty; asked for {}", line(request));
    }
    format!(
        "no recorded exchange for {}; nearest: {}",
        line(request),
        named.join(", ")
    )
}
