//! What a search index that lags still knows of a shelf.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Earlier versions of objects, by place; none where the object did not exist.
#[derive(Debug)]
pub(super) struct Past {
    now: Timestamp,
    lag: SignedDuration,
    versions: BTreeMap<u64, Vec<(Timestamp, Option<Value>)>>,
}

impl Past {
    pub(super) fn new(now: Timestamp, lag: SignedDuration) -> Self {
        Self {
            now,
            lag,
            versions: BTreeMap::new(),
        }
    }

    /// A call begins; what the index has caught up with is forgotten.
    pub(super) fn begin(&mut self, now: Timestamp, lag: SignedDuration) {
        (self.now, self.lag) = (now, lag);
        self.versions.retain(|_, versions| {
            versions.retain(|(at, _)| now.duration_since(*at) < lag);
            !versions.is_empty()
        });
    }

    /// An object is about to change.
    pub(super) fn keep(&mut self, place: u64, version: Option<&Value>) {
        let versions = self.versions.entry(place).or_default();
        // What a call changes twice was never seen in between.
        if versions.last().is_none_or(|(at, _)| *at != self.now) {
            versions.push((self.now, version.cloned()));
        }
    }

    /// What the index has instead of the objects behind a place that changed of late.
    pub(super) fn instead(&self, after: u64) -> BTreeMap<u64, Option<&Value>> {
        let known = self.versions.range(after.saturating_add(1)..);
        known
            .filter_map(|(place, versions)| Some((*place, versions.first()?.1.as_ref())))
            .collect()
    }
}
