//! The books, to be looked at.

use std::fmt;

use super::{Pacer, moment};
use crate::runtime::Runtime;

/// What a client knows about its rate limits at a moment; from
/// [`Client::rate_limits`](crate::Client::rate_limits).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimitState {
    /// Buckets that were called, by name.
    pub buckets: Vec<BucketState>,
    /// Requests under way, all buckets together.
    pub in_flight: u64,
    /// How many may be at the same time; `None` until the service refused one for that.
    pub concurrency_limit: Option<u64>,
}

/// One rate-limit bucket.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BucketState {
    /// Its name: `users-list`, or the family of paths, such as `/api/v1/zones`.
    pub name: String,
    /// Calls a window; `None` if answers do not tell.
    pub limit: Option<u64>,
    /// Calls left in the present window, calls under way not subtracted.
    pub remaining: Option<u64>,
    /// End of the window by the service's clock; a guess until an answer of the window came.
    pub reset: Option<jiff::Timestamp>,
    /// Calls under way, those of other processes included where the books are shared.
    pub in_flight: u64,
    /// Calls that wait for their turn.
    pub waiting: usize,
}

impl Pacer {
    pub(crate) fn snapshot(&self, runtime: &Runtime) -> RateLimitState {
        let now = moment(runtime);
        let mut state = self.lock();
        let grace = state.grace;
        let mut names: Vec<String> = state.buckets.keys().cloned().collect();
        names.sort();
        let buckets = names
            .into_iter()
            .map(|name| {
                self.with(&mut state, &name, now, |bucket| {
                    bucket.roll(now, grace);
                    let window = bucket.tightest();
                    BucketState {
                        limit: window.map(|window| window.limit),
                        remaining: window.map(|window| window.remaining),
                        reset: window.and_then(|window| {
                            jiff::Timestamp::from_millisecond(window.reset).ok()
                        }),
                        in_flight: bucket.in_flight + bucket.elsewhere,
                        waiting: bucket.queue.len(),
                        name: name.clone(),
                    }
                })
            })
            .collect();
        RateLimitState {
            buckets,
            in_flight: state.gate.in_flight,
            concurrency_limit: state.gate.cap,
        }
    }
}

impl RateLimitState {
    /// The bucket of this name.
    pub fn bucket(&self, name: &str) -> Option<&BucketState> {
        self.buckets.iter().find(|bucket| bucket.name == name)
    }
}

impl fmt::Display for RateLimitState {
    /// One line a bucket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bucket in &self.buckets {
            write!(f, "{}: ", bucket.name)?;
            match (bucket.limit, bucket.remaining, bucket.reset) {
                (Some(limit), Some(remaining), Some(reset)) => {
                    write!(f, "{remaining} of {limit} left until {reset}")?;
                }
                _ => f.write_str("no limit seen")?,
            }
            writeln!(
                f,
                ", {} under way, {} waiting",
                bucket.in_flight, bucket.waiting
            )?;
        }
        match self.concurrency_limit {
            Some(limit) => writeln!(f, "{} of {limit} at the same time", self.in_flight),
            None => writeln!(f, "{} at the same time", self.in_flight),
        }
    }
}
