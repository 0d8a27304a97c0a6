//! A place in the log that outlives the process.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use okta_core::{Cursor, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

/// Where a [`LogTail`](super::LogTail) goes on: the service's cursor, the time of the newest event,
/// and which events around that time were delivered. It serializes, and is text that parses back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogCheckpoint {
    /// Next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cursor: Option<Cursor>,
    /// `published` of the newest event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<jiff::Timestamp>,
    /// `filter` and `q` of the list.
    pub(super) query: String,
    /// Delivered events, oldest first: time and `uuid`.
    #[serde(default)]
    pub(super) recent: Vec<(Option<jiff::Timestamp>, Arc<str>)>,
}

impl fmt::Display for LogCheckpoint {
    /// JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for LogCheckpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(
                ErrorKind::Paging,
                format!("the text is not a checkpoint of a log: {error}"),
            )
            .with_source(error)
            .with_hint("give the text that LogBatch::checkpoint was stored as")
        })
    }
}

/// With a lag, the window grows to what happened within it, but no further.
const MAX_RECENT: usize = 100_000;

/// Which events were delivered lately.
#[derive(Default)]
pub(super) struct Recent {
    order: VecDeque<(Option<jiff::Timestamp>, Arc<str>)>,
    known: HashSet<Arc<str>>,
}

impl Recent {
    pub(super) fn load(&mut self, events: Vec<(Option<jiff::Timestamp>, Arc<str>)>) {
        self.known = events.iter().map(|(_, uuid)| Arc::clone(uuid)).collect();
        self.order = events.into();
    }

    pub(super) fn store(&self) -> Vec<(Option<jiff::Timestamp>, Arc<str>)> {
        self.order.iter().cloned().collect()
    }

    /// False for one that was there already.
    pub(super) fn insert(&mut self, at: Option<jiff::Timestamp>, uuid: &str) -> bool {
        if self.known.contains(uuid) {
            return false;
        }
        let uuid: Arc<str> = uuid.into();
        self.known.insert(Arc::clone(&uuid));
        self.order.push_back((at, uuid));
        true
    }

    /// Forgets all but the last `window`, and but those since `needed`.
    pub(super) fn trim(&mut self, window: usize, needed: Option<jiff::Timestamp>) {
        while self.order.len() > window {
            let is_needed = self.order.front().is_some_and(|(at, _)| {
                needed.is_some_and(|needed| at.is_none_or(|at| at >= needed))
            });
            if is_needed && self.order.len() <= MAX_RECENT {
                return;
            }
            if let Some((_, uuid)) = self.order.pop_front() {
                self.known.remove(&uuid);
            }
        }
    }
}
