//! What a client tells about itself: counters, events, metrics, a journal, spans, drift.
//!
//! | you want | you use |
//! |---|---|
//! | a few totals | [`Client::stats`](crate::Client::stats) |
//! | each attempt, wait, token and call as it happens | [`ClientBuilder::on_event`](crate::ClientBuilder::on_event), [`Observer`] |
//! | durations and statuses by operation, for a dashboard | [`Metrics`] |
//! | the last calls, to show to support | [`Client::journal`](crate::Client::journal) |
//! | traces | `tracing` spans, see below |
//! | where answers differ from the API description | [`Client::drift`](crate::Client::drift) |
//!
//! Each call opens the span `okta.call`, each attempt below it the span `okta.http` (token
//! requests too), both of level INFO, with the fields of OpenTelemetry's conventions for HTTP
//! clients: `otel.name`, `otel.kind`, `http.request.method`, `url.full`, `url.template`,
//! `server.address`, `server.port`, `http.response.status_code`, `http.request.resend_count`,
//! `error.type`; and `okta.operation`, `okta.request_id`, `okta.bucket`. `url.full` has the path
//! template in place of the path, and no query values: both may name people, or be secrets.
//!
//! What goes where is the matter of the program's `tracing` subscriber. One client may log less:
//! [`ClientBuilder::log_level`](crate::ClientBuilder::log_level), `logging.logLevel`,
//! `logging.enabled: false`.

mod drift;
mod journal;
mod logs;
mod metrics;
mod span;
mod stats;

use std::fmt;
use std::time::Duration;

use crate::error::ErrorKind;

pub(crate) use drift::DriftLog;
pub use drift::{DriftEntry, DriftReport, DriftSummary};
pub(crate) use journal::{DEFAULT_SIZE as DEFAULT_JOURNAL, Ring};
pub use journal::{Journal, JournalEntry};
pub(crate) use logs::{Logs, log};
pub use metrics::{Metrics, MetricsSnapshot, OperationMetrics, WaitMetrics};
pub(crate) use span::{attempt_span, call_span, end_attempt, end_call, token_span};
pub use stats::ClientStats;
pub(crate) use stats::Stats;
pub use tracing::level_filters::LevelFilter;

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
    /// The call waits before it goes on. `pacing`, and the line for a slot under the concurrency
    /// limit, are told when they are over; what waits now is in
    /// [`Client::rate_limits`](crate::Client::rate_limits).
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
    /// A call ended: after its last attempt, or without any.
    Call(CallReport<'a>),
}

/// A call from its start to its end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallReport<'a> {
    /// `operationId`; empty for untyped calls.
    pub operation: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// Path template.
    pub path: &'a str,
    /// Rate-limit bucket.
    pub bucket: &'a str,
    /// HTTP status of the last answer; `None` if there was none.
    pub status: Option<u16>,
    /// Kind of its failure; `None` for success.
    pub error: Option<ErrorKind>,
    /// The service's error code, such as `E0000007`.
    pub code: Option<&'a str>,
    /// `X-Okta-Request-Id` of the last answer.
    pub request_id: Option<&'a str>,
    /// Requests sent for it; 0 if it failed before the first.
    pub attempts: u32,
    /// Waits for rate limits and backoff.
    pub waits: u32,
    /// Their total length.
    pub waited: Duration,
    /// From the call's start to its end, waits included.
    pub elapsed: Duration,
}

/// Receives what happens on the way of calls, on the task of the call: it must be quick, and
/// nothing it gets holds a secret. [`Metrics`] is one; a bridge to another metrics library is a
/// few lines:
///
/// ```
/// use okta_core::observe::{Event, Observer};
///
/// #[derive(Debug)]
/// struct Bridge;
///
/// impl Observer for Bridge {
///     fn on_event(&self, event: &Event<'_>) {
///         if let Event::Call(call) = event {
///             // metrics::histogram!("okta.call", "operation" => call.operation)…
///             println!("{} {} {:?}", call.method, call.path, call.elapsed);
///         }
///     }
/// }
/// # let builder = okta_core::Client::builder().observer(Bridge);
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: &Event<'_>);
}
