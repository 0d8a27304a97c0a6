//! What was asked, without secrets.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// One request as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent, if any.
    pub query: Option<String>,
    /// Status of the answer; 0 where the connection was dropped instead.
    pub status: u16,
    /// `SSWS`, `Bearer` or `DPoP`, if any.
    pub scheme: Option<&'static str>,
    /// The published operation id, where the path has one.
    pub operation: Option<&'static str>,
    /// `X-Okta-Request-Id` of the answer.
    pub request_id: String,
}

impl Entry {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "method": self.method, "path": self.path, "query": self.query, "status": self.status,
            "scheme": self.scheme, "operation": self.operation, "requestId": self.request_id,
        })
    }
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
}

/// More than any test looks at.
const KEPT: usize = 50_000;

impl Journal {
    pub(crate) fn write(&mut self, entry: Entry) {
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    /// The newest entries that fit, newest first.
    pub(crate) fn latest(&self, count: usize, fits: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let newest = self.entries.iter().rev();
        newest.filter(|e| fits(e)).take(count).cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}
