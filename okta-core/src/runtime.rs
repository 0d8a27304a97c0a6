//! What the whole client shares below the calls: transport, time, randomness, counters.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::clock::{Clock, Random};
use crate::config::Origin;
use crate::observe::{Event, Logs, Observer, Stats};
use crate::transport::Transport;

/// A closure as an observer.
pub(crate) struct OnEvent<F>(pub(crate) F);

impl<F: Fn(&Event<'_>) + Send + Sync + 'static> Observer for OnEvent<F> {
    fn on_event(&self, event: &Event<'_>) {
        (self.0)(event);
    }
}

impl<F> fmt::Debug for OnEvent<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnEvent")
    }
}

pub(crate) struct Runtime {
    pub(crate) origin: Origin,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) max_response_bytes: usize,
    pub(crate) stats: Stats,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) logs: Logs,
    server_time: Mutex<ServerTime>,
}

/// Parts of a [`Runtime`] that the builder chooses.
pub(crate) struct RuntimeParts {
    pub(crate) origin: Origin,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) max_response_bytes: usize,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) logs: Logs,
}

impl Runtime {
    pub(crate) fn new(parts: RuntimeParts) -> Self {
        Self {
            origin: parts.origin,
            transport: parts.transport,
            clock: parts.clock,
            random: parts.random,
            user_agent: parts.user_agent,
            max_response_bytes: parts.max_response_bytes,
            stats: Stats::default(),
            observers: parts.observers,
            logs: parts.logs,
            server_time: Mutex::default(),
        }
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        for observer in &self.observers {
            observer.on_event(event);
        }
    }

    /// Server time minus local time, in milliseconds.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.lock_time().skew_ms()
    }

    /// The time by the service's clock, as exactly as its answers tell, and never ahead of it:
    /// that is what `iat` needs, and what keeps a call from coming before its window.
    pub(crate) fn server_now(&self) -> jiff::Timestamp {
        let now = self.clock.wall();
        let skew = jiff::SignedDuration::from_millis(self.skew_ms());
        now.checked_add(skew).unwrap_or(now)
    }

    /// Learns from the `Date` of an answer that took so long, if that is known.
    pub(crate) fn learn_time(&self, headers: &HeaderMap, took: Option<Duration>) {
        if let Some(date) = server_date(headers) {
            let ours = self.clock.wall().as_millisecond();
            self.lock_time().learn(date.as_millisecond(), ours, took);
        }
    }

    fn lock_time(&self) -> std::sync::MutexGuard<'_, ServerTime> {
        // Two numbers that belong together; a panic cannot come between them.
        self.server_time
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the service's clock is from ours, in milliseconds.
///
/// `Date` has whole seconds, cut off: one answer tells the difference to a second only. Answers
/// that come at other moments of the second narrow it down.
#[derive(Debug, Default)]
struct ServerTime {
    /// The difference is between these; the lower one counts.
    bounds: Option<(i64, i64)>,
    /// Our time when they were begun.
    since: i64,
}

impl ServerTime {
    /// Clocks drift: after so long the bounds are learnt anew.
    const KEEP_MS: i64 = 600_000;

    fn skew_ms(&self) -> i64 {
        self.bounds.map_or(0, |(low, _)| low)
    }

    fn learn(&mut self, date: i64, ours: i64, took: Option<Duration>) {
        let took = took.map_or(60_000, |took| {
            i64::try_from(took.as_millis()).unwrap_or(60_000)
        });
        // The answer was made between the sending of the request and now.
        let low = date.saturating_sub(ours);
        let high = low.saturating_add(1_000).saturating_add(took);
        self.bounds = match self.bounds {
            Some((known_low, known_high))
                if low <= known_high
                    && known_low <= high
                    && (0..Self::KEEP_MS).contains(&ours.saturating_sub(self.since)) =>
            {
                Some((known_low.max(low), known_high.min(high)))
            }
            // The first, or one of the clocks was set.
            _ => {
                self.since = ours;
                Some((low, high))
            }
        };
    }
}

/// The `Date` header (RFC 9110 section 5.6.7).
pub(crate) fn server_date(headers: &HeaderMap) -> Option<jiff::Timestamp> {
    http_date(headers.get(http::header::DATE)?.to_str().ok()?)
}

/// `Retry-After` as seconds or as a date (RFC 9110 section 10.2.3), from the answer's own `Date`
/// or from `now`.
pub(crate) fn retry_after(headers: &HeaderMap, now: jiff::Timestamp) -> Option<Duration> {
    let text = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = server_date(headers).unwrap_or(now);
    let wait = http_date(text)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

pub(crate) fn http_date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp())
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("origin", &self.origin)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// Runs a future until a deadline of the monotonic clock; `None` if the deadline came first.
pub(crate) async fn within<T>(
    runtime: &Runtime,
    deadline: Option<Duration>,
    future: impl Future<Output = T> + Send,
) -> Option<T> {
    let Some(deadline) = deadline else {
        return Some(future.await);
    };
    let left = deadline.saturating_sub(runtime.clock.monotonic());
    if left.is_zero() {
        return None;
    }
    let sleep = runtime.clock.sleep(left);
    tokio::select! {
        biased;
        result = future => Some(result),
        () = sleep => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_clock_is_narrowed_down_from_below() {
        let mut time = ServerTime::default();
        assert_eq!(time.skew_ms(), 0);
        // The service is 599.3 s ahead; each answer takes 40 ms, the Date is made in its middle.
        for sent in [0_i64, 730, 1_310, 2_690, 4_020] {
            let date = (sent + 20 + 599_300) / 1_000 * 1_000;
            time.learn(date, sent + 40, Some(Duration::from_millis(40)));
            assert!(time.skew_ms() <= 599_300, "never ahead");
        }
        assert!(time.skew_ms() > 599_200, "{}", time.skew_ms());
        // Our clock is set back by ten minutes.
        time.learn(599_000, -595_000, Some(Duration::from_millis(40)));
        assert_eq!(time.skew_ms(), 1_194_000);
    }

    #[test]
    fn reads_dates_of_http() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "date",
            HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
        );
        assert_eq!(
            server_date(&headers).map(|t| t.as_second()),
            Some(784_111_777)
        );
        headers.insert("date", HeaderValue::from_static("yesterday"));
        assert_eq!(server_date(&headers), None);
    }
}
