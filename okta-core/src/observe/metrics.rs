//! Counters and durations by operation.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::{CallReport, Event, Observer};

/// Upper ends of the duration buckets in seconds, those of OpenTelemetry's HTTP conventions.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Operations that are told apart; untyped calls with ids in their path could be any number.
const MAX_OPERATIONS: usize = 2000;
const OTHERS: &str = "(others)";

/// Counts calls, statuses, durations, waits and tokens. Clones share their counts.
///
/// ```
/// let metrics = okta_core::observe::Metrics::default();
/// let builder = okta_core::Client::builder().observer(metrics.clone());
/// // … calls …
/// println!("{}", metrics.snapshot());
/// let page = metrics.snapshot().to_prometheus();
/// ```
#[derive(Clone, Default)]
pub struct Metrics(Arc<Mutex<Counts>>);

#[derive(Clone, Default)]
struct Counts {
    /// By operationId, or by path where there is none.
    operations: HashMap<String, OperationMetrics>,
    waits: BTreeMap<String, WaitMetrics>,
    faults: u64,
    tokens: u64,
}

/// Calls of one operation.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationMetrics {
    /// `operationId`; the path for untyped calls.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Calls that ended.
    pub calls: u64,
    /// Requests sent for them.
    pub attempts: u64,
    /// Calls by the status of their last answer.
    pub statuses: BTreeMap<u16, u64>,
    /// Failed calls by the kind of their failure.
    pub errors: BTreeMap<String, u64>,
    /// Calls by duration: up to 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,
    /// 7.5, 10 seconds, and longer.
    pub durations: [u64; BOUNDS.len() + 1],
    /// All durations together, in seconds.
    pub seconds: f64,
    /// The longest, in seconds.
    pub longest: f64,
}

/// Waits for one reason.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct WaitMetrics {
    /// How many.
    pub count: u64,
    /// All together, in seconds.
    pub seconds: f64,
}

/// All counts at one moment. `Display` is a table.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MetricsSnapshot {
    /// By operation, those with the most calls first.
    pub operations: Vec<OperationMetrics>,
    /// By reason: `rate limit`, `concurrency limit`, `backoff`, `pacing`.
    pub waits: BTreeMap<String, WaitMetrics>,
    /// Attempts without a complete answer.
    pub faults: u64,
    /// Access tokens issued.
    pub tokens: u64,
}

impl Metrics {
    /// The counts now.
    pub fn snapshot(&self) -> MetricsSnapshot {
        let counts = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut operations: Vec<OperationMetrics> = counts.operations.into_values().collect();
        operations.sort_by(|a, b| {
            b.calls
                .cmp(&a.calls)
                .then_with(|| a.operation.cmp(&b.operation))
        });
        MetricsSnapshot {
            operations,
            waits: counts.waits,
            faults: counts.faults,
            tokens: counts.tokens,
        }
    }
}

impl Counts {
    fn call(&mut self, call: &CallReport<'_>) {
        let mut name = match call.operation {
            "" => call.path,
            name => name,
        };
        if !self.operations.contains_key(name) {
            if self.operations.len() >= MAX_OPERATIONS {
                name = OTHERS;
            }
            let others = name == OTHERS;
            self.operations
                .entry(name.to_owned())
                .or_insert_with(|| OperationMetrics {
                    operation: name.to_owned(),
                    method: if others {
                        String::new()
                    } else {
                        call.method.to_owned()
                    },
                    path: if others {
                        String::new()
                    } else {
                        call.path.to_owned()
                    },
                    ..OperationMetrics::default()
                });
        }
        let Some(entry) = self.operations.get_mut(name) else {
            return;
        };
        entry.calls += 1;
        entry.attempts += u64::from(call.attempts);
        if let Some(status) = call.status {
            *entry.statuses.entry(status).or_default() += 1;
        }
        if let Some(kind) = call.error {
            *entry.errors.entry(format!("{kind:?}")).or_default() += 1;
        }
        let seconds = call.elapsed.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        entry.durations[bucket.unwrap_or(BOUNDS.len())] += 1;
        entry.seconds += seconds;
        entry.longest = entry.longest.max(seconds);
    }

    fn wait(&mut self, reason: &str, duration: Duration) {
        if !self.waits.contains_key(reason) {
            self.waits.insert(reason.to_owned(), WaitMetrics::default());
        }
        if let Some(waits) = self.waits.get_mut(reason) {
            waits.count += 1;
            waits.seconds += duration.as_secs_f64();
        }
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &Event<'_>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Call(call) => counts.call(call),
            Event::Wait {
                reason, duration, ..
            } => counts.wait(reason, *duration),
            Event::Fault { .. } => counts.faults += 1,
            Event::Token { .. } => counts.tokens += 1,
            _ => {}
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl MetricsSnapshot {
    /// The text form that Prometheus reads.
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_prometheus(&mut text);
        text
    }

    fn write_prometheus(&self, text: &mut String) -> fmt::Result {
        let label = |value: &str| {
            value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n")
        };
        writeln!(text, "# TYPE okta_client_calls_total counter")?;
        for one in &self.operations {
            let operation = label(&one.operation);
            for (status, count) in &one.statuses {
                writeln!(
                    text,
                    "okta_client_calls_total{{operation=\"{operation}\",status=\"{status}\"}} {count}"
                )?;
            }
            let silent = one.calls - one.statuses.values().sum::<u64>();
            if silent > 0 {
                writeln!(
                    text,
                    "okta_client_calls_total{{operation=\"{operation}\",status=\"\"}} {silent}"
                )?;
            }
        }
        writeln!(text, "# TYPE okta_client_requests_total counter")?;
        for one in &self.operations {
            writeln!(
                text,
                "okta_client_requests_total{{operation=\"{}\"}} {}",
                label(&one.operation),
                one.attempts
            )?;
        }
        writeln!(text, "# TYPE okta_client_errors_total counter")?;
        for one in &self.operations {
            for (kind, count) in &one.errors {
                writeln!(
                    text,
                    "okta_client_errors_total{{operation=\"{}\",kind=\"{kind}\"}} {count}",
                    label(&one.operation)
                )?;
            }
        }
        writeln!(text, "# TYPE okta_client_call_duration_seconds histogram")?;
        for one in &self.operations {
            let operation = label(&one.operation);
            let mut total = 0;
            for (bound, count) in BOUNDS.iter().zip(one.durations) {
                total += count;
                writeln!(
                    text,
                    "okta_client_call_duration_seconds_bucket{{operation=\"{operation}\",le=\"{bound}\"}} {total}"
                )?;
            }
            writeln!(
                text,
                "okta_client_call_duration_seconds_bucket{{operation=\"{operation}\",le=\"+Inf\"}} {}",
                one.calls
            )?;
            writeln!(
                text,
                "okta_client_call_duration_seconds_sum{{operation=\"{operation}\"}} {}",
                one.seconds
            )?;
            writeln!(
                text,
                "okta_client_call_duration_seconds_count{{operation=\"{operation}\"}} {}",
                one.calls
            )?;
        }
        writeln!(text, "# TYPE okta_client_waits_total counter")?;
        for (reason, waits) in &self.waits {
            writeln!(
                text,
                "okta_client_waits_total{{reason=\"{}\"}} {}",
                label(reason),
                waits.count
            )?;
        }
        writeln!(text, "# TYPE okta_client_wait_seconds_total counter")?;
        for (reason, waits) in &self.waits {
            writeln!(
                text,
                "okta_client_wait_seconds_total{{reason=\"{}\"}} {}",
                label(reason),
                waits.seconds
            )?;
        }
        writeln!(
            text,
            "# TYPE okta_client_faults_total counter\nokta_client_faults_total {}",
            self.faults
        )?;
        writeln!(
            text,
            "# TYPE okta_client_tokens_total counter\nokta_client_tokens_total {}",
            self.tokens
        )
    }
}

impl fmt::Display for MetricsSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .operations
            .iter()
            .map(|one| one.operation.len())
            .max()
            .unwrap_or(0)
            .clamp(9, 60);
        writeln!(
            f,
            "{:width$}  {:>7}  {:>8}  {:>7}  {:>8}  {:>8}",
            "operation", "calls", "requests", "errors", "mean ms", "most ms"
        )?;
        for one in &self.operations {
            let errors: u64 = one.errors.values().sum();
            let mean = one.seconds * 1000.0 / one.calls.max(1) as f64;
            writeln!(
                f,
                "{:width$}  {:>7}  {:>8}  {errors:>7}  {mean:>8.1}  {:>8.1}",
                one.operation,
                one.calls,
                one.attempts,
                one.longest * 1000.0
            )?;
        }
        for (reason, waits) in &self.waits {
            writeln!(
                f,
                "{} waits for {reason}: {:.1} s",
                waits.count, waits.seconds
            )?;
        }
        writeln!(
            f,
            "{} tokens, {} attempts without answer",
            self.tokens, self.faults
        )
    }
}
