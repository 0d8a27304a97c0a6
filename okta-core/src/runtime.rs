//! What the whole client shares below the calls: transport, time, randomness, counters.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::clock::{Clock, Random};
use crate::config::Origin;
use crate::observe::{Event, Observer, Stats};
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
    /// Server time minus our time in milliseconds, learnt from `Date`.
    skew_ms: AtomicI64,
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
            skew_ms: AtomicI64::new(0),
        }
    }

    pub(crate) fn event(&self, event: &Event<'_>) {
        for observer in &self.observers {
            observer.on_event(event);
        }
    }

    /// Server time minus local time, in milliseconds.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// The time by the service's clock. `Date` has whole seconds, cut off, so that it is never
    /// ahead of the service, which is what `iat` needs.
    pub(crate) fn server_now(&self) -> jiff::Timestamp {
        let now = self.clock.wall();
        let skew = jiff::SignedDuration::from_millis(self.skew_ms());
        now.checked_add(skew).unwrap_or(now)
    }

    pub(crate) fn learn_time(&self, headers: &HeaderMap) {
        if let Some(date) = server_date(headers) {
            let ours = self.clock.wall();
            let skew = date.as_millisecond().saturating_sub(ours.as_millisecond());
            self.skew_ms.store(skew, Ordering::Relaxed);
        }
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
