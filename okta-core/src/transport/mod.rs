//! The seam to the network: one small trait, and its implementation over an HTTP client.

mod http_client;
mod lazy_verifier;
mod tls;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};

pub(crate) use http_client::{HttpTransport, ProxyOptions, TransportOptions};

/// Sends one request and gives one complete answer. No retry, no redirects, no decoding: those
/// belong to the client.
///
/// Put your own in front of the default one ([`ClientBuilder::wrap_transport`](crate::ClientBuilder::wrap_transport))
/// to see every attempt; requests carry credentials, `Debug` hides them.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request. Dropping the future abandons it.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError>;
}

/// A request on its way out.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// HTTP method.
    pub method: Method,
    /// Absolute URI.
    pub uri: Uri,
    /// Headers, credentials included.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// Longest answer body to accept, in bytes; a longer one is [`TransportFault::TooLarge`].
    pub max_response_bytes: usize,
}

impl HttpRequest {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self {
            method,
            uri,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            max_response_bytes: usize::MAX,
        }
    }
}

impl fmt::Debug for HttpRequest {
    /// No header values, no query, no body: any of them may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.uri.host().unwrap_or_default())
            .field("path", &self.uri.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A complete answer, of any status.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpResponse {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl HttpResponse {
    /// An answer from its parts.
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
        }
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl HttpResponse {
    /// The answer, if all of its announced body came. HTTP libraries see to it; a transport of
    /// one's own, or something in front of it, may not.
    pub(crate) fn whole(self, method: &Method) -> Result<Self, TransportError> {
        // Of these the length is that of a body which is not sent.
        let bodiless = *method == Method::HEAD || self.status == 304;
        let announced = self.headers.get(http::header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.trim().parse().ok());
        match announced {
            Some(announced) if !bodiless && (self.body.len() as u64) < announced => {
                Err(TransportError::new(
                    TransportFault::Truncated,
                    format!(
                        "the answer broke off: {} of {announced} bytes came",
                        self.body.len()
                    ),
                ))
            }
            _ => Ok(self),
        }
    }
}

/// How a request failed to get an answer. It decides what may be repeated.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// No byte of the request reached the peer: connection refused, name not found.
    NotSent,
    /// No byte was sent, and repeating cannot help: a bad certificate, a broken configuration.
    Hopeless,
    /// The connection broke after the request may have been sent.
    MaybeSent,
    /// The answer began and did not end.
    Truncated,
    /// The answer is longer than accepted.
    TooLarge,
}

/// A request that got no complete answer.
#[derive(Clone)]
pub struct TransportError {
    fault: TransportFault,
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// An error with a message that contains no secrets.
    pub fn new(fault: TransportFault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
            source: None,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// How it failed.
    pub fn fault(&self) -> TransportFault {
        self.fault
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("fault", &self.fault)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
