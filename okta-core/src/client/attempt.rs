//! What one call remembers over its attempts.

use std::error::Error as StdError;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::send::{is_read, until};
use crate::call::PreparedRequest;
use crate::error::{Attempt, Challenge, Error, ErrorKind, ServiceError, request_id};
use crate::response::RateLimit;
use crate::retry::{Fault, maybe_applied};
use crate::runtime::retry_after;
use crate::transport::{HttpResponse, TransportFault};

/// How an attempt ended.
pub(super) enum Ended {
    Answer(HttpResponse),
    Broken(Fault, Box<dyn StdError + Send + Sync>),
    Deadline,
}

/// A wait before the next attempt.
pub(super) struct Wait {
    pub(super) reason: &'static str,
    pub(super) duration: Duration,
    /// For a rate limit: when it cannot be waited for, the error says so.
    pub(super) is_limit: bool,
}

impl Wait {
    pub(super) fn limit(reason: &'static str, duration: Duration) -> Self {
        Self {
            reason,
            duration,
            is_limit: true,
        }
    }

    pub(super) fn plain(reason: &'static str, duration: Duration) -> Self {
        Self {
            reason,
            duration,
            is_limit: false,
        }
    }
}

pub(super) struct Run {
    timeout: Option<Duration>,
    /// On the monotonic clock.
    pub(super) deadline: Option<Duration>,
    pub(super) attempts: u32,
    /// Waits, and their total length.
    pub(super) waits: u32,
    pub(super) waited: Duration,
    /// Repeats after faults; those for the credential are counted apart.
    pub(super) retries: u32,
    pub(super) auth_repeats: u32,
    pub(super) renewed: bool,
    pub(super) first_request_id: Option<String>,
    pub(super) challenges: Vec<Challenge>,
    /// Headers of the attempt under way.
    pub(super) sent: HeaderMap,
    /// The last answer that was not a success.
    pub(super) last: Option<HttpResponse>,
    broken: Option<(Fault, Box<dyn StdError + Send + Sync>)>,
    /// Some attempt may have changed something.
    maybe_applied: bool,
    secrets: Vec<String>,
    history: Vec<Attempt>,
    /// Since the last attempt.
    wait: Option<(&'static str, Duration)>,
}

impl Run {
    pub(super) fn new(started: Duration, timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            deadline: timeout.map(|timeout| started.saturating_add(timeout)),
            attempts: 0,
            waits: 0,
            waited: Duration::ZERO,
            retries: 0,
            auth_repeats: 0,
            renewed: false,
            first_request_id: None,
            challenges: Vec::new(),
            sent: HeaderMap::new(),
            last: None,
            broken: None,
            maybe_applied: false,
            secrets: Vec::new(),
            history: Vec::new(),
            wait: None,
        }
    }

    /// A wait that is over.
    pub(super) fn waited(&mut self, reason: &'static str, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        self.waits += 1;
        self.waited += duration;
        let before = self.wait.map_or(Duration::ZERO, |(_, before)| before);
        let reason = self.wait.map_or(reason, |(first, _)| first);
        self.wait = Some((reason, before + duration));
    }

    /// An attempt that is over.
    pub(super) fn record(
        &mut self,
        outcome: Result<StatusCode, &'static str>,
        request_id: Option<String>,
        elapsed: Duration,
    ) {
        let (reason, waited) = match self.wait.take() {
            Some((reason, waited)) => (Some(reason), waited),
            None => (None, Duration::ZERO),
        };
        self.history.push(Attempt {
            status: outcome.ok(),
            fault: outcome.err(),
            request_id,
            elapsed,
            waited,
            wait_reason: reason,
        });
    }

    /// Credentials of the attempt, so that an answer that repeats them does not show them.
    pub(super) fn remember_secrets(&mut self, headers: &HeaderMap) {
        for value in [headers.get(AUTHORIZATION), headers.get("dpop")]
            .into_iter()
            .flatten()
        {
            if let Ok(text) = value.to_str() {
                let token = text.split_once(' ').map_or(text, |(_, token)| token);
                self.secrets.push(token.to_owned());
            }
        }
    }

    /// Takes an answer that is not a success.
    pub(super) fn refused(&mut self, response: HttpResponse) -> Fault {
        let status = response.status.as_u16();
        if self.first_request_id.is_none() {
            self.first_request_id = request_id(&response.headers);
        }
        self.challenges = Challenge::from_headers(&response.headers);
        let fault = Fault::of_answer(status, RateLimit::from_headers(&response.headers), || {
            ServiceError::parse(&response.body).code
        });
        self.maybe_applied |= maybe_applied(fault);
        self.last = Some(response);
        self.broken = None;
        fault
    }

    pub(super) fn broken(&mut self, fault: Fault, error: Box<dyn StdError + Send + Sync>) {
        self.maybe_applied |= maybe_applied(fault);
        self.last = None;
        self.broken = Some((fault, error));
    }

    /// The total deadline passed while a request was under way.
    pub(super) fn interrupted(&mut self) {
        self.maybe_applied = true;
    }

    pub(super) fn until_reset(&self, now: jiff::Timestamp) -> Option<Duration> {
        let headers = &self.last.as_ref()?.headers;
        let limit = RateLimit::from_headers(headers)?;
        Some(until(limit.reset, headers, now))
    }

    /// The refusal is of the limit that its headers count. One that they do not count, such as a
    /// user's own, is refused with calls left: the pacer does not know it.
    pub(super) fn nothing_left(&self) -> bool {
        let last = self.last.as_ref();
        last.and_then(|last| RateLimit::from_headers(&last.headers))
            .is_some_and(|limit| limit.remaining == 0)
    }

    pub(super) fn retry_after(&self, now: jiff::Timestamp) -> Option<Duration> {
        retry_after(&self.last.as_ref()?.headers, now)
    }

    pub(super) fn deadline_passed(&self) -> Error {
        let mut error = Error::new(
            ErrorKind::Timeout,
            format!(
                "no answer within {:.1} s",
                self.timeout.unwrap_or_default().as_secs_f64()
            ),
        );
        if let Some(response) = &self.last {
            let inner = error.inner_mut();
            inner.status = Some(response.status);
            inner.request_id = request_id(&response.headers);
        }
        error.with_hint("raise the timeout of the client or of this call (with_timeout)")
    }

    /// The wait for a rate limit would be longer than allowed.
    pub(super) fn rate_limited(&mut self, reset: Option<jiff::Timestamp>) -> Error {
        match self.last.take() {
            Some(response) => {
                let mut error = Error::from_answer(
                    ErrorKind::RateLimited,
                    response.status,
                    &response.headers,
                    &response.body,
                );
                let exact = RateLimit::from_headers(&response.headers).map(|limit| limit.reset);
                error.inner_mut().reset_at = exact.or(reset);
                error.inner_mut().hint = Some(
                    "the rate limit resets later than the call may wait: raise the timeout or call again after the reset".into(),
                );
                error
            }
            None => {
                let mut error = Error::new(
                    ErrorKind::RateLimited,
                    "earlier answers show that nothing is left; not sent",
                );
                error.inner_mut().reset_at = reset;
                error
            }
        }
    }

    pub(super) fn transport_error(&mut self) -> Error {
        match self.broken.take() {
            Some((fault, cause)) => {
                let mut error =
                    Error::new(ErrorKind::Transport, cause.to_string()).with_source(cause);
                error.inner_mut().lasting = matches!(fault, Fault::Hopeless | Fault::TooLarge);
                error
            }
            None => Error::new(ErrorKind::Transport, "the request failed"),
        }
    }

    /// Adds what is known about the call to its error, and removes secrets from it.
    pub(super) fn describe(&self, error: &mut Error, request: &PreparedRequest, elapsed: Duration) {
        let read = is_read(&request.method);
        let inner = error.inner_mut();
        inner.operation = (!request.info.id.is_empty()).then_some(request.info);
        inner.target = Some((request.method.clone(), request.template.to_string()));
        inner.attempts = self.attempts;
        inner.elapsed = Some(elapsed);
        inner.waited = self.waited;
        inner.history = self.history.clone();
        inner.maybe_applied = self.maybe_applied && !read;
        let secrets: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        error.scrub(&secrets);
    }
}

/// A transport's fault as the retry table knows it.
pub(crate) fn fault_of(fault: TransportFault) -> Fault {
    match fault {
        TransportFault::NotSent => Fault::NotSent,
        TransportFault::Hopeless => Fault::Hopeless,
        TransportFault::MaybeSent => Fault::MaybeSent,
        TransportFault::Truncated => Fault::Truncated,
        TransportFault::TooLarge => Fault::TooLarge,
    }
}
