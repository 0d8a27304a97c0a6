//! What a credential sees of the attempt that it authorizes.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use tracing::Instrument as _;

use crate::error::{Challenge, Error, ErrorKind, Result};
use crate::observe::{end_attempt, token_span};
use crate::operation::OperationInfo;
use crate::retry::RetryPolicy;
use crate::runtime::{Runtime, within};
use crate::transport::{HttpRequest, HttpResponse, TransportError, TransportFault};

/// One attempt, and the means to do IO for it.
pub struct AuthContext<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) operation: Option<&'static OperationInfo>,
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) attempt: u32,
    /// On the monotonic clock.
    pub(crate) deadline: Option<Duration>,
    /// Longest wait for one answer.
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) challenges: &'a [Challenge],
    pub(crate) retry: &'a RetryPolicy,
    /// This call has forced a new token already.
    pub(crate) renewed: bool,
}

impl fmt::Debug for AuthContext<'_> {
    /// No query: it may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthContext")
            .field("operation", &self.operation.map(|operation| operation.id))
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("attempt", &self.attempt)
            .field("renewed", &self.renewed)
            .finish_non_exhaustive()
    }
}

impl AuthContext<'_> {
    /// Method of the request.
    pub fn method(&self) -> &Method {
        self.method
    }

    /// URI of the request.
    pub fn uri(&self) -> &Uri {
        self.uri
    }

    /// The operation, if it is in the tables.
    pub fn operation(&self) -> Option<&'static OperationInfo> {
        self.operation
    }

    /// 1 for the first attempt.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// `WWW-Authenticate` challenges of the attempt before, if it was refused.
    pub fn previous_challenges(&self) -> &[Challenge] {
        self.challenges
    }

    /// True if this call has already forced a new token; a second one would not help.
    pub fn has_renewed(&self) -> bool {
        self.renewed
    }

    /// The org's origin, without trailing slash.
    pub fn org_url(&self) -> &str {
        self.runtime.origin.as_str()
    }

    /// The time by the service's clock, as far as its replies have shown it.
    pub fn server_time(&self) -> jiff::Timestamp {
        self.runtime.server_now()
    }

    /// Sends a request of the credential's own with the client's transport, inside the call's
    /// deadline and the client's attempt timeout.
    ///
    /// # Errors
    /// The transport's error, also when the attempt times out; [`ErrorKind::Timeout`] if the deadline passes.
    pub async fn send_http(
        &self,
        mut request: HttpRequest,
    ) -> Result<Result<HttpResponse, TransportError>> {
        request.max_response_bytes = request.max_response_bytes.min(1024 * 1024);
        request
            .headers
            .entry(http::header::USER_AGENT)
            .or_insert_with(|| self.runtime.user_agent.clone());
        let clock = &self.runtime.clock;
        let attempt_end = self
            .attempt_timeout
            .map(|timeout| clock.monotonic().saturating_add(timeout));
        let end = match (self.deadline, attempt_end) {
            (Some(total), Some(attempt)) => Some(total.min(attempt)),
            (total, attempt) => total.or(attempt),
        };
        let (method, path) = (request.method.as_str(), request.uri.path());
        let span = token_span(self.runtime.logs, &self.runtime.origin, method, path);
        let sent = self.runtime.transport.send(request);
        let sent = within(self.runtime, end, sent)
            .instrument(span.clone())
            .await;
        if !matches!(sent, Some(Ok(_))) {
            let fault = match &sent {
                Some(Err(error)) => format!("{:?}", error.fault()),
                _ => "timeout".to_owned(),
            };
            span.record("error.type", fault);
        }
        match sent {
            Some(Ok(response)) => {
                self.runtime.learn_time(&response.headers, None);
                let id = crate::error::request_id(&response.headers);
                end_attempt(&span, &response.status, id.as_deref());
                Ok(Ok(response))
            }
            Some(Err(error)) => Ok(Err(error)),
            None if self
                .deadline
                .is_some_and(|deadline| deadline <= clock.monotonic()) =>
            {
                Err(Error::new(
                    ErrorKind::Timeout,
                    "the call's total deadline ended while a token was fetched",
                ))
            }
            None => Ok(Err(TransportError::new(
                TransportFault::MaybeSent,
                format!(
                    "no complete answer within {:.1} s",
                    self.attempt_timeout.unwrap_or_default().as_secs_f64()
                ),
            ))),
        }
    }

    /// Waits, unless the call's deadline comes first: then it fails at once.
    pub(crate) async fn wait(&self, duration: Duration) -> bool {
        let end = self.runtime.clock.monotonic().saturating_add(duration);
        if self.deadline.is_some_and(|deadline| end > deadline) {
            return false;
        }
        self.runtime.stats.wait(duration);
        self.runtime.clock.sleep(duration).await;
        true
    }
}

/// The reply to an attempt, as a credential sees it.
pub struct Reply<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) sent: &'a HeaderMap,
    pub(crate) challenges: OnceLock<Vec<Challenge>>,
}

impl fmt::Debug for Reply<'_> {
    /// No header values, no body: any of them may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply<'_> {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Response headers.
    pub fn headers(&self) -> &HeaderMap {
        self.headers
    }

    /// Response body.
    pub fn body(&self) -> &Bytes {
        self.body
    }

    /// Headers of the request, credentials included.
    pub fn request_headers(&self) -> &HeaderMap {
        self.sent
    }

    /// `WWW-Authenticate` challenges.
    pub fn challenges(&self) -> &[Challenge] {
        self.challenges
            .get_or_init(|| Challenge::from_headers(self.headers))
    }

    /// True if a challenge or the body names this OAuth error.
    pub fn has_error(&self, code: &str) -> bool {
        self.challenges().iter().any(|c| c.error() == Some(code))
            || crate::error::ServiceError::parse(self.body).code.as_deref() == Some(code)
    }
}
