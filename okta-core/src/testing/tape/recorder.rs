//! Listens at the transport.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderMap, header};

use super::rules::Rules;
use super::scrub::Scrubber;
use super::{Answered, Asked, Content, Exchange, pairs};
use crate::error::{Error, Result};
use crate::transport::{HttpRequest, HttpResponse, Transport, TransportError};

/// Records what a client sends and gets. Clones share one recording.
///
/// Until it is written, the recording is kept in memory as it was: all values must be known before
/// the first can be scrubbed.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Shared>);

#[derive(Default)]
struct Shared {
    rules: Rules,
    taken: Mutex<Vec<Taken>>,
}

/// An exchange as it was, with its secrets.
struct Taken {
    origin: String,
    secrets: Vec<String>,
    exchange: Exchange,
}

/// Headers of answers that replay needs.
const KEPT: [&str; 14] = [
    "content-type",
    "date",
    "dpop-nonce",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "www-authenticate",
    "x-okta-request-id",
    "x-rate-limit-limit",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "allow",
];

impl Recorder {
    /// A recorder with rules of its own.
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(Shared {
            rules,
            taken: Mutex::default(),
        }))
    }

    /// For [`ClientBuilder::wrap_transport`](crate::ClientBuilder::wrap_transport); several clients
    /// may share a recorder.
    pub fn tap(&self) -> impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send + use<> {
        let recorder = self.clone();
        |inner| Arc::new(Tap { inner, recorder })
    }

    /// Exchanges so far.
    pub fn len(&self) -> usize {
        self.taken(|taken| taken.len())
    }

    /// True if nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The scrubbed recording, one JSON object a line.
    pub fn to_jsonl(&self) -> String {
        self.taken(|taken| {
            let mut scrubber = Scrubber::new(&self.0.rules);
            for one in taken.iter() {
                scrubber.host(&one.origin);
                one.secrets
                    .iter()
                    .for_each(|secret| scrubber.secret(secret));
                scrubber.learn(&one.exchange);
            }
            scrubber.learnt();
            let mut text = String::new();
            for one in taken.iter() {
                let clean = scrubber.clean(&one.exchange);
                // Texts, numbers and JSON values: serializing cannot fail.
                text.push_str(&serde_json::to_string(&clean).unwrap_or_default());
                text.push('\n');
            }
            text
        })
    }

    /// Writes the scrubbed recording to a file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_jsonl()).map_err(|error| {
            Error::config(format!(
                "the recording {} cannot be written",
                path.display()
            ))
            .with_source(error)
        })
    }

    fn taken<T>(&self, run: impl FnOnce(&mut Vec<Taken>) -> T) -> T {
        run(&mut self.0.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} exchanges)", self.len())
    }
}

#[derive(Debug)]
struct Tap {
    inner: Arc<dyn Transport>,
    recorder: Recorder,
}

#[async_trait]
impl Transport for Tap {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut taken = Taken {
            origin: origin(&request),
            secrets: secrets(&request.headers),
            exchange: Exchange {
                request: asked(&request),
                response: None,
                fault: None,
            },
        };
        let answer = self.inner.send(request).await;
        match &answer {
            Ok(response) => {
                taken.secrets.extend(secrets(&response.headers));
                taken.exchange.response = Some(answered(response));
            }
            Err(error) => taken.exchange.fault = Some(format!("{:?}", error.fault())),
        }
        self.recorder.taken(|all| all.push(taken));
        answer
    }
}

pub(super) fn origin(request: &HttpRequest) -> String {
    let uri = &request.uri;
    format!(
        "{}://{}",
        uri.scheme_str().unwrap_or("https"),
        uri.authority().map_or("", |authority| authority.as_str())
    )
}

fn media(headers: &HeaderMap) -> String {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

pub(super) fn asked(request: &HttpRequest) -> Asked {
    Asked {
        method: request.method.to_string(),
        path: request.uri.path().to_owned(),
        query: pairs(request.uri.query().unwrap_or_default().as_bytes()),
        body: Content::of(&request.body, &media(&request.headers)),
    }
}

fn answered(response: &HttpResponse) -> Answered {
    let headers = response.headers.iter().filter_map(|(name, value)| {
        let kept = KEPT.contains(&name.as_str());
        Some((name.to_string(), value.to_str().ok()?.to_owned())).filter(|_| kept)
    });
    Answered {
        status: response.status.as_u16(),
        headers: headers.collect(),
        body: Content::of(&response.body, &media(&response.headers)),
    }
}

/// Credentials and cookies, with and without their scheme or name.
fn secrets(headers: &HeaderMap) -> Vec<String> {
    let mut secrets = Vec::new();
    for name in [
        "authorization",
        "proxy-authorization",
        "dpop",
        "cookie",
        "set-cookie",
    ] {
        for value in headers.get_all(name) {
            let Ok(text) = value.to_str() else { continue };
            for part in text.split([' ', ';', ',']) {
                let value = part.split_once('=').map_or(part, |(_, value)| value);
                secrets.push(value.to_owned());
            }
            secrets.push(text.to_owned());
        }
    }
    // Words of the headers' own grammar are no secrets.
    secrets.retain(|secret| {
        ![
            "bearer", "httponly", "samesite", "strict", "secure", "basic",
        ]
        .contains(&secret.to_ascii_lowercase().as_str())
    });
    secrets
}
