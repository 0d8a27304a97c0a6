//! One error type for every call: what failed, where, what the service said and what to do next.

mod attempt;
mod body;
mod challenge;
mod codes;
mod display;
mod hint;
mod insufficient_scope;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

pub use attempt::Attempt;
pub(crate) use body::ServiceError;
pub use challenge::Challenge;
pub use insufficient_scope::InsufficientScope;
pub(crate) use insufficient_scope::how_to_grant;

use crate::operation::OperationInfo;
use crate::paging::Cursor;
use crate::retry::{Fault, Verdict, verdict};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// What kind of failure an [`Error`] is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The service answered with a status that is not a success.
    Api,
    /// The access token lacks a scope; see [`Error::insufficient_scope`].
    InsufficientScope,
    /// A rate limit is exhausted and waiting for it was not possible; see [`Error::reset_at`].
    RateLimited,
    /// No access token could be had from the token endpoint.
    Token,
    /// Nobody is signed in, or the session has ended: the user must sign in (again); see
    /// [`Client::sign_in`](crate::Client::sign_in).
    SignIn,
    /// The connection failed before a complete answer arrived.
    Transport,
    /// The total deadline of the call passed.
    Timeout,
    /// The answer arrived, but is not what the operation promises.
    Decode,
    /// The configuration, a credential or a key is unusable.
    Config,
    /// A page link is unusable: another origin, a repeated cursor, a cursor of another operation.
    Paging,
    /// The call cannot be turned into a request: a path value, a header, a body.
    Request,
}

/// The error of every fallible call in this SDK.
///
/// [`Error::kind`] is flat; the accessors give the facts. `Display` shows all of them in one or two
/// lines, never a secret.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) kind: ErrorKind,
    /// What went wrong in our own words; empty where the service's own words say it.
    pub(crate) message: String,
    pub(crate) operation: Option<&'static OperationInfo>,
    /// Method and path template, for calls that are not in the tables too.
    pub(crate) target: Option<(Method, String)>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) service: ServiceError,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Option<Duration>,
    pub(crate) waited: Duration,
    pub(crate) history: Vec<Attempt>,
    pub(crate) reset_at: Option<jiff::Timestamp>,
    pub(crate) scope: Option<InsufficientScope>,
    pub(crate) maybe_applied: bool,
    pub(crate) cursor: Option<Cursor>,
    /// A failed connection that would fail again: a bad certificate, an answer too long.
    pub(crate) lasting: bool,
    pub(crate) hint: Option<Cow<'static, str>>,
    pub(crate) source: Option<Source>,
}

impl Error {
    /// An error of a kind with a message; for implementors of [`Credential`](crate::Credential)
    /// and [`Transport`](crate::Transport). The message must not contain secrets.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            target: None,
            status: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            service: ServiceError::default(),
            request_id: None,
            attempts: 0,
            elapsed: None,
            waited: Duration::ZERO,
            history: Vec::new(),
            reset_at: None,
            scope: None,
            maybe_applied: false,
            cursor: None,
            lasting: false,
            hint: None,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Request, message)
    }

    pub(crate) fn paging(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Paging, message)
    }

    /// From an answer of the service; the kind is the caller's finding.
    pub(crate) fn from_answer(
        kind: ErrorKind,
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Self {
        let mut error = Self::new(kind, "");
        let inner = &mut *error.0;
        inner.status = Some(status);
        inner.service = ServiceError::parse(body);
        inner.request_id = request_id(headers);
        inner.headers = headers.clone();
        inner.body = body.clone();
        error
    }

    pub(crate) fn inner_mut(&mut self) -> &mut Inner {
        &mut self.0
    }

    /// Adds what to do next, one sentence; shown by `Display` and [`Error::hint`].
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the error that caused this one.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Removes every occurrence of the secrets from what the service said: some proxies and
    /// services repeat a refused credential in their answer.
    pub(crate) fn scrub(&mut self, secrets: &[&str]) {
        for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
            let clean = |text: &mut String| {
                if text.contains(secret) {
                    *text = text.replace(secret, "[redacted]");
                }
            };
            clean(&mut self.0.message);
            self.0.service.texts_mut().for_each(clean);
        }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The service's code: `E0000007` of the management API, `invalid_client` of OAuth.
    pub fn code(&self) -> Option<&str> {
        self.0.service.code.as_deref()
    }

    /// The service's one-line summary or description.
    pub fn summary(&self) -> Option<&str> {
        self.0.service.summary.as_deref()
    }

    /// The service's list of causes; empty if it gave none.
    pub fn causes(&self) -> &[String] {
        &self.0.service.causes
    }

    /// `X-Okta-Request-Id` of the answer; the same id stands in the System Log.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The operation that failed; `None` for untyped calls and outside of calls.
    pub fn operation(&self) -> Option<&'static OperationInfo> {
        self.0.operation
    }

    /// Body of the answer as it came, maybe not JSON; empty if there was none.
    pub fn body(&self) -> &Bytes {
        &self.0.body
    }

    /// Headers of the answer; empty if there was none.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// How many requests were sent for this call; 0 if none left this machine.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Time from the start of the call to its failure.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// The requests that were sent for this call, in order, with how each ended and what was waited
    /// before it. Token requests are not among them.
    pub fn history(&self) -> &[Attempt] {
        &self.0.history
    }

    /// How long the call waited for rate limits and backoff, all waits together.
    pub fn waited(&self) -> Duration {
        self.0.waited
    }

    /// When the exhausted rate-limit window ends, by the service's clock.
    pub fn reset_at(&self) -> Option<jiff::Timestamp> {
        self.0.reset_at
    }

    /// Which scope is missing, for whom and how to grant it.
    pub fn insufficient_scope(&self) -> Option<&InsufficientScope> {
        self.0.scope.as_ref()
    }

    /// True if the request was a write that may have taken effect although the call failed: read
    /// the object before you repeat it. False means that it has not, or that it was a read.
    pub fn may_have_been_applied(&self) -> bool {
        self.0.maybe_applied
    }

    /// Where a list that failed can be resumed: nothing before it is missing, nothing comes twice.
    /// `None` outside of streams, and if the first page failed.
    pub fn cursor(&self) -> Option<&Cursor> {
        self.0.cursor.as_ref()
    }

    /// True if the same call may well succeed later: a rate limit, a fault on the way or inside the
    /// service, a lock, a deadline. False for refusals that last.
    ///
    /// The client has already repeated it as its [`RetryPolicy`](crate::RetryPolicy) allows. Ask
    /// [`may_have_been_applied`](Self::may_have_been_applied) before you repeat a write.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited | ErrorKind::Timeout => true,
            ErrorKind::Transport => !self.0.lasting,
            ErrorKind::Api | ErrorKind::Token => {
                match self.0.status.map(|status| status.as_u16()) {
                    Some(status) => {
                        let fault = Fault::of_answer(status, None, || self.0.service.code.clone());
                        fault != Fault::Quota && verdict(true, fault) != Verdict::Fail
                    }
                    None => self.0.kind == ErrorKind::Token && self.0.source.is_some(),
                }
            }
            ErrorKind::InsufficientScope
            | ErrorKind::SignIn
            | ErrorKind::Decode
            | ErrorKind::Config
            | ErrorKind::Paging
            | ErrorKind::Request => false,
        }
    }

    /// The likely cause and the next step, one sentence.
    pub fn hint(&self) -> Option<Cow<'_, str>> {
        hint::hint(&self.0)
    }

    /// Status 404: no such object, or the caller cannot see it.
    pub fn is_not_found(&self) -> bool {
        self.is_status(404)
    }

    /// Status 401: the credential was not accepted (or a feature is not licensed, `E0000015`).
    pub fn is_unauthorized(&self) -> bool {
        self.is_status(401)
    }

    /// Status 403, a missing scope included.
    pub fn is_forbidden(&self) -> bool {
        self.is_status(403)
    }

    /// Status 423: the object is being changed by another write.
    pub fn is_locked(&self) -> bool {
        self.is_status(423)
    }

    /// Status 500 and above: a fault inside the service or on the way to it.
    pub fn is_server_fault(&self) -> bool {
        self.0.status.is_some_and(|status| status.is_server_error())
    }

    /// Status 409 or 412: the object's state does not allow it, or it changed meanwhile.
    pub fn is_conflict(&self) -> bool {
        self.is_status(409) || self.is_status(412)
    }

    /// Status 400 with the service's validation code `E0000001`.
    pub fn is_validation(&self) -> bool {
        self.is_status(400) && self.code() == Some("E0000001")
    }

    /// A rate limit was hit, by whichever way it was found.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited || self.is_status(429)
    }

    /// The total deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// The connection failed.
    pub fn is_transport(&self) -> bool {
        self.0.kind == ErrorKind::Transport
    }

    /// The answer could not be decoded.
    pub fn is_decode(&self) -> bool {
        self.0.kind == ErrorKind::Decode
    }

    fn is_status(&self, status: u16) -> bool {
        self.0.status.is_some_and(|found| found.as_u16() == status)
    }
}

/// `X-Okta-Request-Id`, if it is plain text.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get("x-okta-request-id")?
        .to_str()
        .ok()
        .map(str::to_owned)
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

macro_rules! from_model_error {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            /// So that `user.try_id()?` works in functions that return this error.
            fn from(error: $error) -> Self {
                Self::new(ErrorKind::Decode, error.to_string()).with_source(error)
            }
        })*
    };
}

from_model_error!(
    crate::model::MissingMember,
    crate::model::MemberError,
    crate::model::DecodeError
);
