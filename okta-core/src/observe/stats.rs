//! Counters of a client.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Stats {
    calls: AtomicU64,
    attempts: AtomicU64,
    retries: AtomicU64,
    pages: AtomicU64,
    tokens: AtomicU64,
    waits: AtomicU64,
    waited_ms: AtomicU64,
    undecodable: AtomicU64,
    drifts: AtomicU64,
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Stats {
    pub(crate) fn call(&self) {
        add(&self.calls, 1);
    }
    pub(crate) fn attempt(&self, number: u32) {
        add(&self.attempts, 1);
        if number > 1 {
            add(&self.retries, 1);
        }
    }
    pub(crate) fn page(&self) {
        add(&self.pages, 1);
    }
    pub(crate) fn token(&self) {
        add(&self.tokens, 1);
    }
    pub(crate) fn wait(&self, duration: Duration) {
        add(&self.waits, 1);
        add(
            &self.waited_ms,
            u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        );
    }
    pub(crate) fn undecodable(&self, count: u64) {
        add(&self.undecodable, count);
    }
    pub(crate) fn drifts(&self, count: u64) {
        add(&self.drifts, count);
    }

    pub(crate) fn snapshot(&self) -> ClientStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ClientStats {
            calls: get(&self.calls),
            attempts: get(&self.attempts),
            retries: get(&self.retries),
            pages: get(&self.pages),
            tokens: get(&self.tokens),
            waits: get(&self.waits),
            waited: Duration::from_millis(get(&self.waited_ms)),
            undecodable: get(&self.undecodable),
            drifts: get(&self.drifts),
        }
    }
}

/// Counters of a client since it was built, all clones together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Calls started.
    pub calls: u64,
    /// API requests sent, repeats included, token requests not.
    pub attempts: u64,
    /// Repeats among them.
    pub retries: u64,
    /// Pages fetched by streams.
    pub pages: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// Waits for rate limits and backoff.
    pub waits: u64,
    /// Their total length.
    pub waited: Duration,
    /// Items of pages that could not be decoded.
    pub undecodable: u64,
    /// Deviations from the API description.
    pub drifts: u64,
}

impl fmt::Display for ClientStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls, {} requests ({} repeated), {} pages, {} tokens, {} waits ({:.1} s), {} drifts, {} undecodable items",
            self.calls,
            self.attempts,
            self.retries,
            self.pages,
            self.tokens,
            self.waits,
            self.waited.as_secs_f64(),
            self.drifts,
            self.undecodable
        )
    }
}
