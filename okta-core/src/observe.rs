//! What a client tells about itself: counters, events and drift.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::Drift;

/// Something that happened on the way of a call. Holds no secrets.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An attempt ended with an answer.
    Answer {
        /// `operationId`; empty for untyped calls.
        operation: &'a str,
        /// HTTP method.
        method: &'a str,
        /// Path template.
        path: &'a str,
        /// 1 for the first attempt.
        attempt: u32,
        /// HTTP status.
        status: u16,
        /// `X-Okta-Request-Id`.
        request_id: Option<&'a str>,
        /// From sending to the end of the body.
        elapsed: Duration,
    },
    /// An attempt ended without a complete answer.
    Fault {
        /// `operationId`; empty for untyped calls.
        operation: &'a str,
        /// 1 for the first attempt.
        attempt: u32,
        /// What happened.
        reason: &'a str,
    },
    /// The call waits before it goes on.
    Wait {
        /// `operationId`; empty for untyped calls.
        operation: &'a str,
        /// Why: `rate limit`, `concurrency limit`, `backoff`, `pacing`.
        reason: &'a str,
        /// How long.
        duration: Duration,
    },
    /// An access token was issued.
    Token {
        /// Granted scopes, separated by blanks.
        granted: &'a str,
        /// `Bearer` or `DPoP`.
        token_type: &'a str,
    },
    /// A token carries fewer scopes than were asked for; it is used all the same.
    FewerScopes {
        /// Client id of the app.
        client_id: &'a str,
        /// Scopes that were asked for and not granted, separated by blanks.
        missing: &'a str,
        /// Granted scopes, separated by blanks.
        granted: &'a str,
    },
}

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

/// Distinct deviations that are remembered; more are only counted.
const MAX_ENTRIES: usize = 1000;

#[derive(Default)]
pub(crate) struct DriftLog(Mutex<(BTreeMap<DriftKey, u64>, u64)>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct DriftKey {
    operation: String,
    path: String,
    kind: String,
    expected: String,
    found: String,
}

impl DriftLog {
    pub(crate) fn add(&self, operation: &str, drift: &[Drift]) {
        // A poisoned lock only means that another thread panicked between two counts.
        let mut log = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let (entries, dropped) = &mut *log;
        for one in drift {
            let key = DriftKey {
                operation: operation.to_owned(),
                path: one.path.clone(),
                kind: format!("{:?}", one.kind),
                expected: one.expected.to_string(),
                found: one.found.to_string(),
            };
            let seen = one.count as u64;
            if let Some(count) = entries.get_mut(&key) {
                *count += seen;
            } else if entries.len() < MAX_ENTRIES {
                entries.insert(key, seen);
            } else {
                *dropped += seen;
            }
        }
    }

    pub(crate) fn summary(&self) -> DriftSummary {
        let log = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        DriftSummary {
            entries: log
                .0
                .iter()
                .map(|(key, &count)| DriftEntry {
                    operation: key.operation.clone(),
                    path: key.path.clone(),
                    kind: key.kind.clone(),
                    expected: key.expected.clone(),
                    found: key.found.clone(),
                    count,
                })
                .collect(),
            dropped: log.1,
        }
    }
}

impl fmt::Debug for DriftLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DriftLog")
    }
}

/// Where the service's answers differ from the API description, added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DriftSummary {
    /// By operation and place, sorted.
    pub entries: Vec<DriftEntry>,
    /// Deviations beyond the first thousand places, counted only.
    pub dropped: u64,
}

impl DriftSummary {
    /// True if every answer was as described.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// One place where answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DriftEntry {
    /// `operationId`, or the path of an untyped call.
    pub operation: String,
    /// JSON path: `[]` for any list element, `.*` for any key of a map.
    pub path: String,
    /// Kind of deviation.
    pub kind: String,
    /// What the description promises.
    pub expected: String,
    /// What came.
    pub found: String,
    /// How often.
    pub count: u64,
}

impl fmt::Display for DriftSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(
                f,
                "{} {} {}: expected {}, found {} ({} times)",
                entry.operation, entry.path, entry.kind, entry.expected, entry.found, entry.count
            )?;
        }
        if self.dropped > 0 {
            writeln!(f, "and {} more", self.dropped)?;
        }
        Ok(())
    }
}

/// Deviations found in one answer, as a drift observer gets them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DriftReport<'a> {
    /// `operationId`, or the path of an untyped call.
    pub operation: &'a str,
    /// The deviations.
    pub drift: &'a [Drift],
}
