//! Where answers differ from the API description, added up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use serde::Serialize;

use crate::model::Drift;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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

    /// Adds what was found in one more answer, for tools that decode by a table of operations.
    pub fn add(&mut self, operation: &str, drift: &[Drift]) {
        for one in drift {
            let entry = DriftEntry {
                operation: operation.to_owned(),
                path: one.path.clone(),
                kind: format!("{:?}", one.kind),
                expected: one.expected.to_string(),
                found: one.found.to_string(),
                count: one.count as u64,
            };
            match self
                .entries
                .binary_search_by(|known| known.key().cmp(&entry.key()))
            {
                Ok(at) => self.entries[at].count += entry.count,
                Err(at) => self.entries.insert(at, entry),
            }
        }
    }
}

/// One place where answers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

impl DriftEntry {
    fn key(&self) -> [&str; 5] {
        [
            &self.operation,
            &self.path,
            &self.kind,
            &self.expected,
            &self.found,
        ]
    }
}

/// One heading an operation, one aligned line a place.
impl fmt::Display for DriftSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &dyn Fn(&DriftEntry) -> usize, most: usize| {
            self.entries.iter().map(text).max().unwrap_or(0).min(most)
        };
        let path = width(&|entry| entry.path.chars().count(), 60);
        let kind = width(&|entry| entry.kind.len(), 20);
        let mut heading = None;
        for entry in &self.entries {
            if heading != Some(&entry.operation) {
                writeln!(f, "{}", entry.operation)?;
                heading = Some(&entry.operation);
            }
            writeln!(
                f,
                "  {:path$}  {:kind$}  expected {}, found {} ({} times)",
                entry.path, entry.kind, entry.expected, entry.found, entry.count
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
