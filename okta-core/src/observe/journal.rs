//! The last calls, for support.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::CallReport;

/// Calls that are remembered unless another number is set.
pub(crate) const DEFAULT_SIZE: usize = 100;

/// The last calls, the oldest first: what support asks for, and nothing personal. Path templates
/// stand in place of paths; there are no queries, headers or bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Journal {
    /// The calls.
    pub entries: Vec<JournalEntry>,
    /// Earlier calls that are forgotten.
    pub forgotten: u64,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JournalEntry {
    /// When it ended, by this machine's clock.
    #[serde(serialize_with = "text")]
    pub at: jiff::Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path template; for untyped calls without places the path as given, logins in it redacted.
    pub path: String,
    /// `operationId`; empty for untyped calls.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// HTTP status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Kind of its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The service's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `X-Okta-Request-Id` of the last answer: the same id stands in the System Log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Requests sent for it.
    pub attempts: u32,
    /// Waits for rate limits and backoff.
    pub waits: u32,
    /// Their total length in milliseconds.
    pub waited_ms: u64,
    /// From the call's start to its end in milliseconds.
    pub elapsed_ms: u64,
}

fn text<S: serde::Serializer>(at: &jiff::Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

impl Journal {
    /// One JSON object a line.
    pub fn to_ndjson(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            // Plain texts and numbers: serializing cannot fail.
            text.push_str(&serde_json::to_string(entry).unwrap_or_default());
            text.push('\n');
        }
        text
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.forgotten > 0 {
            writeln!(f, "({} earlier calls are forgotten)", self.forgotten)?;
        }
        for entry in &self.entries {
            let status = entry
                .status
                .map_or("–".to_owned(), |status| status.to_string());
            write!(
                f,
                "{:.3} {:6} {} {status} {} ms",
                entry.at, entry.method, entry.path, entry.elapsed_ms
            )?;
            if entry.attempts != 1 {
                write!(f, ", {} attempts", entry.attempts)?;
            }
            if entry.waits > 0 {
                write!(f, ", {} waits of {} ms", entry.waits, entry.waited_ms)?;
            }
            if let Some(error) = &entry.error {
                write!(f, ", {error}")?;
            }
            if let Some(code) = &entry.code {
                write!(f, " {code}")?;
            }
            if let Some(id) = &entry.request_id {
                write!(f, ", request {id}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Whoever writes an untyped call's path by hand may have put a login into it.
fn shown(call: &CallReport<'_>) -> String {
    if !call.operation.is_empty() {
        return call.path.to_owned();
    }
    let segment = |segment| match percent_decode_str(segment).any(|byte| byte == b'@') {
        true => "[redacted]",
        false => segment,
    };
    let path: Vec<&str> = call.path.split('/').map(segment).collect();
    path.join("/")
}

/// The place where a client keeps its last calls.
#[derive(Debug)]
pub(crate) struct Ring {
    size: usize,
    kept: Mutex<(VecDeque<JournalEntry>, u64)>,
}

impl Ring {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            kept: Mutex::default(),
        }
    }

    pub(crate) fn add(&self, at: jiff::Timestamp, call: &CallReport<'_>) {
        if self.size == 0 {
            return;
        }
        let ms =
            |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let entry = JournalEntry {
            at,
            method: call.method.to_owned(),
            path: shown(call),
            operation: call.operation.to_owned(),
            status: call.status,
            error: call.error.map(|kind| format!("{kind:?}")),
            code: call.code.map(str::to_owned),
            request_id: call.request_id.map(str::to_owned),
            attempts: call.attempts,
            waits: call.waits,
            waited_ms: ms(call.waited),
            elapsed_ms: ms(call.elapsed),
        };
        // A poisoned lock only means that another thread panicked between two entries.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (entries, forgotten) = &mut *kept;
        if entries.len() >= self.size {
            entries.pop_front();
            *forgotten += 1;
        }
        entries.push_back(entry);
    }

    pub(crate) fn snapshot(&self) -> Journal {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Journal {
            entries: kept.0.iter().cloned().collect(),
            forgotten: kept.1,
        }
    }
}
