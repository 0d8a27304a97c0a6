//! A request to an authorization server that failed, and whether to make another.

use std::time::Duration;

use http::HeaderMap;

use super::AuthContext;
use crate::clock::unit;
use crate::error::{Error, ErrorKind};
use crate::observe::log;
use crate::response::RateLimit;
use crate::retry::{Fault, Verdict, verdict};
use crate::runtime::retry_after;

/// Why one token request failed. All callers that waited for it get the same one; each decides by
/// its own policy and deadline whether it goes on.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// `None`: nothing that repeating could change.
    fault: Option<Fault>,
    /// The service said when to come again; on the monotonic clock.
    not_before: Option<Duration>,
    requests: u32,
    pub(super) error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            fault: None,
            not_before: None,
            requests: 0,
            error,
        }
    }
}

impl Failure {
    /// A failure that the retry table knows.
    pub(super) fn new(fault: Fault, error: Error, requests: u32) -> Self {
        Self {
            fault: Some(fault),
            not_before: None,
            requests,
            error,
        }
    }

    /// Learns from an answer when to come again: from the window of a rate limit, else from
    /// `Retry-After`.
    pub(super) fn coming_again(mut self, cx: &AuthContext<'_>, headers: &HeaderMap) -> Self {
        let window = RateLimit::from_headers(headers)
            .filter(|limit| self.fault == Some(Fault::Status(429)) && limit.limit > 0)
            .and_then(|limit| {
                Duration::try_from(limit.reset.duration_since(cx.server_time())).ok()
            });
        let said = window.or_else(|| retry_after(headers, cx.server_time()));
        self.not_before = said.map(|wait| cx.runtime.clock.monotonic().saturating_add(wait));
        self
    }

    /// The caller's own deadline: others may have more time.
    pub(super) fn is_of_one_caller(&self) -> bool {
        self.error.kind() == ErrorKind::Timeout
    }

    /// True if the same request may succeed later.
    pub(super) fn is_passing(&self) -> bool {
        self.fault
            .is_some_and(|fault| verdict(true, fault) != Verdict::Fail)
    }

    /// Tells that an early renewal came to nothing.
    pub(super) fn was_early(&self, cx: &AuthContext<'_>) {
        log!(
            cx.runtime.logs, WARN,
            error = %self.error,
            "early renewal of the access token failed; the present one is still good"
        );
    }

    fn into_error(mut self, requests: u32) -> Error {
        if requests > 1 {
            let message = &mut self.error.inner_mut().message;
            message.push_str(&format!(", {requests} token requests"));
        }
        self.error
    }
}

/// One caller's repeats.
#[derive(Debug)]
pub(super) struct Retry {
    idempotent: bool,
    retries: u32,
    requests: u32,
}

impl Retry {
    /// `idempotent`: the request may be repeated even if an earlier one may have taken effect.
    pub(super) fn new(idempotent: bool) -> Self {
        Self {
            idempotent,
            retries: 0,
            requests: 0,
        }
    }

    /// Waits before the next request, or gives up.
    pub(super) async fn after(
        &mut self,
        cx: &AuthContext<'_>,
        failure: Failure,
    ) -> Result<(), Error> {
        self.requests += failure.requests;
        let repeat = failure
            .fault
            .is_some_and(|fault| verdict(self.idempotent, fault) != Verdict::Fail);
        if !repeat || !cx.retry.allows(self.retries) {
            return Err(failure.into_error(self.requests));
        }
        let jitter = unit(&*cx.runtime.random);
        let backoff = cx.retry.backoff_for(self.retries, jitter);
        let wait = match failure.not_before {
            // Callers that were told the same moment come spread over a second.
            Some(moment) => moment
                .saturating_sub(cx.runtime.clock.monotonic())
                .saturating_add(Duration::from_secs_f64(0.1 + 0.9 * jitter))
                .max(backoff),
            None => backoff,
        };
        self.retries += 1;
        if wait > cx.retry.rate_limit_cap() || !cx.wait(wait).await {
            return Err(failure.into_error(self.requests));
        }
        Ok(())
    }
}
