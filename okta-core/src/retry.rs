//! Which failures are repeated: a table of method, status and kind of fault, free of IO.
//!
//! | what happened | reached the service | read | PUT, DELETE | other write | wait | may have been applied |
//! |---|---|---|---|---|---|---|
//! | connection refused, name not found, TLS not opened | no | again | again | again | backoff | no |
//! | HTTP/2 stream refused, or GOAWAY before it was taken up | no | again | again | again | backoff | no |
//! | bad certificate, unusable proxy setting | no | fail | fail | fail | | no |
//! | connection lost or attempt timed out before an answer | maybe | again | again | fail | backoff | yes |
//! | answer broken off | yes | again | again | fail | backoff | yes |
//! | answer longer than accepted | yes | fail | fail | fail | | yes |
//! | 429, limit 0 and remaining 0: too many at once | refused | again | again | again | backoff, a `Retry-After` of up to 2 s | no |
//! | 429, otherwise | refused | again | again | again | until the reset, else `Retry-After`, else backoff | no |
//! | 429 with a code of a daily quota | refused | fail | fail | fail | | no |
//! | 423 | refused | again | again | again | twice the backoff | no |
//! | 409 with a code of a passing state | refused | again | again | again | twice the backoff | no |
//! | 503 with the code of the read-only mode | refused | again | fail | fail | backoff | no |
//! | 408, 500, 502, 503, 504 | yes | again | again | fail | backoff, at least `Retry-After` | yes |
//! | other 5xx | yes | fail | fail | fail | | yes |
//! | any other status | yes | fail | fail | fail | | no |
//!
//! *PUT, DELETE* stands for every operation whose record says that it is idempotent. A read cannot
//! have been applied. 401, and 400 with a DPoP nonce, belong to the credential, which may ask for
//! one more attempt; those do not count here. A wait that would pass the call's deadline is not
//! begun: the call fails at once.

use std::time::Duration;

use crate::response::RateLimit;

/// How often and how long a call is repeated. Waits never pass the call's total deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_retries: u32,
    base: Duration,
    max_backoff: Duration,
    max_rate_limit_wait: Duration,
}

impl Default for RetryPolicy {
    /// Four repeats, backoff from 0.5 s to 20 s, at most 2 minutes for a rate-limit window.
    fn default() -> Self {
        Self {
            max_retries: 4,
            base: Duration::from_millis(500),
            max_backoff: Duration::from_secs(20),
            max_rate_limit_wait: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// Never repeats, not even after a 429. Token renewal and DPoP nonces still work.
    pub fn none() -> Self {
        Self {
            max_retries: 0,
            ..Self::default()
        }
    }

    /// At most this many repeats after the first attempt.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// First and longest backoff; it doubles in between, with jitter.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.base = first;
        self.max_backoff = longest.max(first);
        self
    }

    /// Longest wait for a rate-limit window; a longer one fails at once with
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited).
    #[must_use]
    pub fn max_rate_limit_wait(mut self, wait: Duration) -> Self {
        self.max_rate_limit_wait = wait;
        self
    }

    pub(crate) fn allows(&self, retries: u32) -> bool {
        retries < self.max_retries
    }

    pub(crate) fn rate_limit_cap(&self) -> Duration {
        self.max_rate_limit_wait
    }

    /// `base * 2^retries`, capped, of which a random half to whole is waited.
    pub(crate) fn backoff_for(&self, retries: u32, jitter: f64) -> Duration {
        let full = self
            .base
            .saturating_mul(1_u32.checked_shl(retries).unwrap_or(u32::MAX))
            .min(self.max_backoff);
        full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

/// What an attempt ended with, as far as repeating it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing of the request left this machine, or the peer says that it processed nothing.
    NotSent,
    /// Nothing left, and a repeat would end the same: a bad certificate, an unusable proxy.
    Hopeless,
    /// The connection broke, or the attempt timed out, after something may have been sent.
    MaybeSent,
    /// The answer began and broke off.
    Truncated,
    /// The answer is longer than the client accepts.
    TooLarge,
    /// A complete answer with this status.
    Status(u16),
    /// A 429 because too many requests run at once; a slot may free at any moment.
    Concurrency,
    /// A 429 because of a quota that no wait of this call outlasts.
    Quota,
    /// A 409 because something unfinished is in the way; the service asks to try again.
    Unfinished,
    /// A 503 because the org takes no writes at present.
    ReadOnly,
}

impl Fault {
    /// From a refusal; the body's code is only looked at where it makes a difference.
    pub(crate) fn of_answer(
        status: u16,
        limit: Option<RateLimit>,
        code: impl FnOnce() -> Option<String>,
    ) -> Self {
        match status {
            429 if limit.is_some_and(|limit| limit.is_concurrency()) => Self::Concurrency,
            409 | 429 | 503 => match (status, code().as_deref()) {
                (429, Some("E0000146" | "E0000147" | "E0000186")) => Self::Quota,
                (
                    409,
                    Some(
                        "E0000112" | "E0000249" | "E0000253" | "E0000254" | "E0000265" | "E0000268",
                    ),
                ) => Self::Unfinished,
                (503, Some("E0000010")) => Self::ReadOnly,
                _ => Self::Status(status),
            },
            _ => Self::Status(status),
        }
    }

    /// In a few words, where no answer came.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not sent",
            Self::Hopeless => "no connection",
            Self::MaybeSent => "connection lost",
            Self::Truncated => "answer broken off",
            Self::TooLarge => "answer too long",
            Self::Status(_) | Self::Unfinished | Self::ReadOnly => "refused",
            Self::Concurrency | Self::Quota => "limit",
        }
    }

    /// Locks and unfinished work take seconds: the backoff is that much longer.
    pub(crate) fn patience(self) -> f64 {
        match self {
            Self::Status(423) | Self::Unfinished => 2.0,
            _ => 1.0,
        }
    }
}

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fail,
    /// Repeat after a backoff.
    Backoff,
    /// Repeat when the rate-limit window ends.
    AfterReset,
}

/// The table. `idempotent`: GET, HEAD, PUT, DELETE, and what the operation's record says is one.
pub(crate) fn verdict(idempotent: bool, fault: Fault) -> Verdict {
    match fault {
        Fault::NotSent | Fault::Concurrency | Fault::Unfinished => Verdict::Backoff,
        Fault::Hopeless | Fault::TooLarge | Fault::Quota => Verdict::Fail,
        // The service says that it did nothing: limit reached, lock not obtained.
        Fault::Status(429) => Verdict::AfterReset,
        Fault::Status(423) => Verdict::Backoff,
        Fault::MaybeSent
        | Fault::Truncated
        | Fault::ReadOnly
        | Fault::Status(408 | 500 | 502 | 503 | 504) => {
            if idempotent {
                Verdict::Backoff
            } else {
                Verdict::Fail
            }
        }
        Fault::Status(_) => Verdict::Fail,
    }
}

/// True if a write that ended this way may have taken effect.
pub(crate) fn maybe_applied(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::MaybeSent | Fault::Truncated | Fault::TooLarge | Fault::Status(408 | 500..=599)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Verdict::{AfterReset, Backoff, Fail};
        let table = [
            // fault, idempotent, write
            (Fault::NotSent, Backoff, Backoff),
            (Fault::Hopeless, Fail, Fail),
            (Fault::MaybeSent, Backoff, Fail),
            (Fault::Truncated, Backoff, Fail),
            (Fault::TooLarge, Fail, Fail),
            (Fault::Concurrency, Backoff, Backoff),
            (Fault::Quota, Fail, Fail),
            (Fault::Unfinished, Backoff, Backoff),
            (Fault::ReadOnly, Backoff, Fail),
            (Fault::Status(429), AfterReset, AfterReset),
            (Fault::Status(423), Backoff, Backoff),
            (Fault::Status(408), Backoff, Fail),
            (Fault::Status(500), Backoff, Fail),
            (Fault::Status(502), Backoff, Fail),
            (Fault::Status(503), Backoff, Fail),
            (Fault::Status(504), Backoff, Fail),
            (Fault::Status(501), Fail, Fail),
            (Fault::Status(400), Fail, Fail),
            (Fault::Status(401), Fail, Fail),
            (Fault::Status(403), Fail, Fail),
            (Fault::Status(404), Fail, Fail),
            (Fault::Status(409), Fail, Fail),
            (Fault::Status(412), Fail, Fail),
        ];
        for (fault, idempotent, write) in table {
            assert_eq!(verdict(true, fault), idempotent, "{fault:?} idempotent");
            assert_eq!(verdict(false, fault), write, "{fault:?} write");
        }
    }

    #[test]
    fn answers_are_told_apart_by_their_headers_and_codes() {
        let limit = |limit, remaining| {
            Some(RateLimit {
                limit,
                remaining,
                reset: jiff::Timestamp::UNIX_EPOCH,
            })
        };
        let of =
            |status, limit, code: &str| Fault::of_answer(status, limit, || Some(code.to_owned()));
        assert_eq!(of(429, limit(0, 0), "E0000047"), Fault::Concurrency);
        assert_eq!(of(429, limit(600, 0), "E0000047"), Fault::Status(429));
        assert_eq!(of(429, limit(600, 0), "E0000146"), Fault::Quota);
        assert_eq!(of(429, None, ""), Fault::Status(429));
        assert_eq!(of(409, None, "E0000112"), Fault::Unfinished);
        assert_eq!(of(409, None, "E0000195"), Fault::Status(409));
        assert_eq!(of(503, None, "E0000010"), Fault::ReadOnly);
        assert_eq!(of(503, None, "E0000181"), Fault::Status(503));
        assert_eq!(of(400, None, "E0000112"), Fault::Status(400));
    }

    #[test]
    fn backoff_doubles_within_its_cap() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.backoff_for(0, 1.0), Duration::from_millis(500));
        assert_eq!(policy.backoff_for(0, 0.0), Duration::from_millis(250));
        assert_eq!(policy.backoff_for(3, 1.0), Duration::from_secs(4));
        assert_eq!(policy.backoff_for(40, 1.0), Duration::from_secs(20));
        assert!(!RetryPolicy::none().allows(0));
    }

    #[test]
    fn which_writes_may_have_happened() {
        for fault in [Fault::MaybeSent, Fault::Truncated, Fault::Status(502)] {
            assert!(maybe_applied(fault));
        }
        for fault in [
            Fault::NotSent,
            Fault::Status(429),
            Fault::Status(400),
            Fault::Concurrency,
        ] {
            assert!(!maybe_applied(fault));
        }
    }
}
