//! Which failures are repeated: a table of method, status and kind of fault, free of IO.

use std::time::Duration;

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
        Fault::NotSent => Verdict::Backoff,
        Fault::Hopeless | Fault::TooLarge => Verdict::Fail,
        Fault::Concurrency => Verdict::Backoff,
        // The service says that it did nothing: limit reached, lock not obtained.
        Fault::Status(429) => Verdict::AfterReset,
        Fault::Status(423) => Verdict::Backoff,
        Fault::MaybeSent | Fault::Truncated | Fault::Status(408 | 500 | 502 | 503 | 504) => {
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
