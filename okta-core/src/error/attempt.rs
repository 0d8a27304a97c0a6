//! One request of a call that failed.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// One request that was sent for a call, and how it ended; from [`Error::history`](crate::Error::history).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Status of the answer, if one came.
    pub status: Option<StatusCode>,
    /// What happened instead of an answer: `not sent`, `connection lost`, `answer broken off`,
    /// `attempt timeout`, `total deadline`, …
    pub fault: Option<&'static str>,
    /// `X-Okta-Request-Id` of the answer.
    pub request_id: Option<String>,
    /// From sending to the end of the answer, or to the fault.
    pub elapsed: Duration,
    /// What was waited before it.
    pub waited: Duration,
    /// Why: `pacing`, `rate limit`, `concurrency limit`, `backoff`.
    pub wait_reason: Option<&'static str>,
}

impl fmt::Display for Attempt {
    /// `503` or `connection lost`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.fault) {
            (Some(status), _) => write!(f, "{}", status.as_u16()),
            (None, Some(fault)) => f.write_str(fault),
            (None, None) => f.write_str("no answer"),
        }
    }
}
