//! Waiting for an exhausted rate-limit bucket instead of running into its 429.
//!
//! A seam with the simplest rule behind it: when the headers say that nothing remains, calls of
//! the same bucket wait until the window ends.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use crate::response::RateLimit;

/// Decides when a call of a bucket may go out.
pub(crate) trait Pacer: fmt::Debug + Send + Sync {
    /// How long a call of this bucket has to wait now; `now` is the service's time.
    fn wait(&self, bucket: &str, now: jiff::Timestamp) -> Option<Duration>;

    /// Learns from an answer.
    fn observe(&self, bucket: &str, limit: RateLimit);
}

/// Longest window that is believed; recorded ones are a minute.
const MAX_WINDOW: Duration = Duration::from_secs(300);

#[derive(Debug, Default)]
pub(crate) struct WaitForReset {
    exhausted: Mutex<HashMap<String, jiff::Timestamp>>,
}

impl Pacer for WaitForReset {
    fn wait(&self, bucket: &str, now: jiff::Timestamp) -> Option<Duration> {
        let mut exhausted = self
            .exhausted
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let reset = *exhausted.get(bucket)?;
        match Duration::try_from(reset.duration_since(now)) {
            Ok(wait) if !wait.is_zero() && wait <= MAX_WINDOW => Some(wait),
            _ => {
                exhausted.remove(bucket);
                None
            }
        }
    }

    fn observe(&self, bucket: &str, limit: RateLimit) {
        if limit.limit == 0 {
            return;
        }
        let mut exhausted = self
            .exhausted
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if limit.remaining == 0 {
            exhausted.insert(bucket.to_owned(), limit.reset);
        } else if exhausted
            .get(bucket)
            .is_some_and(|&reset| reset < limit.reset)
        {
            // A newer window has room again.
            exhausted.remove(bucket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn waits_for_the_reset_of_the_same_bucket_only() {
        let pacer = WaitForReset::default();
        let limit = |remaining, reset| RateLimit {
            limit: 600,
            remaining,
            reset: at(reset),
        };
        pacer.observe("users", limit(0, 1060));
        assert_eq!(pacer.wait("users", at(1000)), Some(Duration::from_secs(60)));
        assert_eq!(pacer.wait("groups", at(1000)), None);
        // A late answer of the same window does not lift it; one of the next window does.
        pacer.observe("users", limit(3, 1060));
        assert!(pacer.wait("users", at(1000)).is_some());
        pacer.observe("users", limit(599, 1120));
        assert_eq!(pacer.wait("users", at(1000)), None);
        pacer.observe("users", limit(0, 1060));
        assert_eq!(pacer.wait("users", at(1060)), None);
        pacer.observe("users", limit(0, 999_999));
        assert_eq!(pacer.wait("users", at(1000)), None);
        pacer.observe(
            "users",
            RateLimit {
                limit: 0,
                remaining: 0,
                reset: at(1060),
            },
        );
        assert_eq!(pacer.wait("users", at(1000)), None);
    }
}
