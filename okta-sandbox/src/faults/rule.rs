//! Faults, typed.

use std::time::Duration;

use serde_json::{Value, json};

use super::Oddity;

/// A fault for requests that match; the first rule that matches a request counts.
///
/// ```
/// use okta_sandbox::FaultRule;
///
/// let rule = FaultRule::status(503).method("GET").path("/api/v1/users").times(2);
/// assert_eq!(rule.as_json()["times"], 2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule(Value);

impl FaultRule {
    fn new(effect: Value) -> Self {
        Self(json!({ "match": {}, "then": effect }))
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.0["then"][member] = value;
        self
    }

    /// Answers with a status instead of doing what was asked; 423, 429 and 5xx with the body that
    /// the service sends.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(json!({ "status": status }))
    }

    /// The rate-limit window is used up for so many seconds.
    #[must_use]
    pub fn window_limit(seconds: u32) -> Self {
        Self::new(json!({ "limit": "window", "reset_in": seconds }))
    }

    /// Too many requests at a time.
    #[must_use]
    pub fn concurrency_limit() -> Self {
        Self::new(json!({ "limit": "concurrency" }))
    }

    /// Closes the connection without an answer, after the request was carried out.
    #[must_use]
    pub fn close() -> Self {
        Self::new(json!({ "drop": true }))
    }

    /// Resets the connection without an answer, after the request was carried out.
    #[must_use]
    pub fn reset() -> Self {
        Self::new(json!({ "drop": true, "reset": true }))
    }

    /// Closes the connection after so many bytes of the body.
    #[must_use]
    pub fn truncate(bytes: usize) -> Self {
        Self::new(json!({ "truncate": bytes }))
    }

    /// Resets the connection after so many bytes of the body.
    #[must_use]
    pub fn reset_within_body(bytes: usize) -> Self {
        Self::new(json!({ "truncate": bytes, "reset": true }))
    }

    /// Waits before the answer.
    #[must_use]
    pub fn delay(time: Duration) -> Self {
        Self::new(json!({ "delay_ms": u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }))
    }

    /// Waits between the headers and the body.
    #[must_use]
    pub fn body_delay(time: Duration) -> Self {
        Self::new(json!({ "body_delay_ms": u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }))
    }

    /// Makes all DPoP nonces stale before the request is looked at.
    #[must_use]
    pub fn rotate_nonces() -> Self {
        Self::new(json!({ "before": ["nonces"] }))
    }

    /// Rotates the org server's signing keys before the request is looked at.
    #[must_use]
    pub fn rotate_keys() -> Self {
        Self::new(json!({ "before": ["keys"] }))
    }

    /// Ends all access tokens before the request is looked at.
    #[must_use]
    pub fn expire_tokens() -> Self {
        Self::new(json!({ "before": ["tokens"] }))
    }

    /// The answer has a record that is odd in these ways: the first of a list unless
    /// [`record`](Self::record) tells another.
    #[must_use]
    pub fn odd(oddities: &[Oddity]) -> Self {
        Self::new(json!({ "odd": oddities }))
    }

    /// Which record of a list is odd, from 0; the last one if there are fewer.
    #[must_use]
    pub fn record(self, record: usize) -> Self {
        self.with("odd_record", json!(record))
    }

    /// Moves the org's clock before the request is looked at; back if negative.
    #[must_use]
    pub fn move_clock(seconds: i64) -> Self {
        Self::new(json!({ "move_clock": seconds }))
    }

    /// An event hook is not told of events, and nothing says so.
    #[must_use]
    pub fn lost_delivery() -> Self {
        Self::new(json!({ "delivery": "lost" }))
    }

    /// An event hook is told of events only after this time, perhaps behind later ones.
    #[must_use]
    pub fn late_delivery(time: Duration) -> Self {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self::new(json!({ "delivery": "late", "delay_ms": time }))
    }

    /// An event hook is told of the same events twice, with the same `eventId`.
    #[must_use]
    pub fn doubled_delivery() -> Self {
        Self::new(json!({ "delivery": "doubled" }))
    }

    /// Only for deliveries to the event hook with this id or name.
    #[must_use]
    pub fn hook(mut self, id_or_name: &str) -> Self {
        self.0["match"]["hook"] = json!(id_or_name);
        self
    }

    /// Only for deliveries that hold an event of this type.
    #[must_use]
    pub fn event(mut self, event_type: &str) -> Self {
        self.0["match"]["event"] = json!(event_type);
        self
    }

    /// Does not carry the request out where the connection breaks.
    #[must_use]
    pub fn unprocessed(self) -> Self {
        self.with("processed", json!(false))
    }

    /// Adds a header to a forced answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["then"]["headers"][name] = json!(value);
        self
    }

    /// Sets the body of a forced answer: JSON, or text as it is.
    #[must_use]
    pub fn body(self, body: Value) -> Self {
        self.with("body", body)
    }

    /// Only for a method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.0["match"]["method"] = json!(method);
        self
    }

    /// Only for paths that begin so; or, with `*` for a segment and `**` for any rest, for paths
    /// that look so.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.0["match"]["path"] = json!(path);
        self
    }

    /// For so many requests; 1 unless told.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.0["times"] = json!(times);
        self
    }

    /// For all requests until the rule is removed.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.0["times"] = json!("always");
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use]
    pub fn after(mut self, requests: u64) -> Self {
        self.0["after"] = json!(requests);
        self
    }

    /// Hits each matching request with this probability, from 0 to 1.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.0["probability"] = json!(probability);
        self
    }

    /// The form that `POST /_sandbox/faults` takes.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}
