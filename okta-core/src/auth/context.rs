//! What a credential sees of the attempt that it authorizes.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use tracing::Instrument as _;

use crate::error::{Challenge, Error, ErrorKind, Result};
use crate::observe::{end_attempt, token_span};
use crate::operation::OperationInfo;
use crate::pacing::{Budget, Pacer, Permit, bucket_of_path};
use crate::retry::RetryPolicy;
use crate::runtime::{Runtime, retry_after, within};
use crate::transport::{HttpRequest, HttpResponse, TransportError, TransportFault};

/// One attempt, and the means to do IO for it.
pub struct AuthContext<'a> {
    pub(crate) runtime: &'a Arc<Runtime>,
    pub(crate) pacer: &'a Arc<Pacer>,
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
    /// deadline and the client's attempt timeout. Requests to the org are paced by its rate limits
    /// as calls are.
    ///
    /// # Errors
    /// The transport's error, also when the attempt times out; [`ErrorKind::Timeout`] if the deadline
    /// passes; [`ErrorKind::RateLimited`] if the rate limit resets later than the call may wait.
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
        let bucket = bucket_of_path(request.uri.path());
        let mut permit = match self.runtime.origin.is_of(&request.uri) {
            true => Some(self.permit(&bucket).await?),
            false => None,
        };
        let attempt_end = self
            .attempt_timeout
            .map(|timeout| clock.monotonic().saturating_add(timeout));
        let end = match (self.deadline, attempt_end) {
            (Some(total), Some(attempt)) => Some(total.min(attempt)),
            (total, attempt) => total.or(attempt),
        };
        let (method, path) = (request.method.clone(), request.uri.path());
        let span = token_span(
            self.runtime.logs,
            &self.runtime.origin,
            method.as_str(),
            path,
        );
        if let Some(permit) = &mut permit {
            permit.sending();
        }
        let sent = self.runtime.transport.send(request);
        let sent = within(self.runtime, end, sent)
            .instrument(span.clone())
            .await;
        let sent = sent.map(|sent| sent.and_then(|answer| answer.whole(&method)));
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
                if let Some(permit) = permit {
                    let asked = retry_after(&response.headers, self.runtime.server_now());
                    permit.answered(response.status, &response.headers, asked);
                }
                let id = crate::error::request_id(&response.headers);
                end_attempt(&span, &response.status, id.as_deref());
                Ok(Ok(response))
            }
            Some(Err(error)) => {
                let unsent = matches!(
                    error.fault(),
                    TransportFault::NotSent | TransportFault::Hopeless
                );
                if let Some(permit) = permit.filter(|_| unsent) {
                    permit.unsent();
                }
                Ok(Err(error))
            }
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

    /// The turn of a request by the rate limits.
    async fn permit<'p>(&'p self, bucket: &'p str) -> Result<Permit<'p>> {
        let budget = Budget {
            deadline: self.deadline,
            window: self.retry.rate_limit_cap(),
        };
        let turn = self
            .pacer
            .acquire(self.runtime, bucket, budget, "token", true)
            .await;
        turn.map_err(|refused| match refused.reset {
            Some(reset) => {
                let what =
                    "a token request was not sent: earlier answers show that nothing is left";
                let mut error = Error::new(ErrorKind::RateLimited, what);
                error.inner_mut().reset_at = Some(reset);
                error
            }
            None => Error::new(
                ErrorKind::Timeout,
                "the call's total deadline ended while a token request waited for its turn",
            ),
        })
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

/// What a task needs that outlives the call it was begun for.
pub(super) struct Detached {
    runtime: Arc<Runtime>,
    pacer: Arc<Pacer>,
    uri: Uri,
    end: Duration,
    /// The end of the call that it was begun for.
    call_end: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retry: RetryPolicy,
}

/// No caller waits that long: a task that hangs is given up.
const DETACHED: Duration = Duration::from_secs(300);

impl Detached {
    pub(super) fn from(cx: &AuthContext<'_>) -> Self {
        Self {
            runtime: Arc::clone(cx.runtime),
            pacer: Arc::clone(cx.pacer),
            uri: cx.uri.clone(),
            end: cx.runtime.clock.monotonic().saturating_add(DETACHED),
            call_end: cx.deadline,
            attempt_timeout: cx.attempt_timeout,
            retry: cx.retry.clone(),
        }
    }

    /// For what nothing is lost with: it ends with the call.
    pub(super) fn call(&self) -> AuthContext<'_> {
        AuthContext {
            deadline: self.call_end,
            ..self.context()
        }
    }

    pub(super) fn context(&self) -> AuthContext<'_> {
        AuthContext {
            runtime: &self.runtime,
            pacer: &self.pacer,
            operation: None,
            method: &Method::POST,
            uri: &self.uri,
            attempt: 1,
            deadline: Some(self.end),
            attempt_timeout: self.attempt_timeout,
            challenges: &[],
            retry: &self.retry,
            renewed: false,
        }
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
