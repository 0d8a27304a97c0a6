//! Typed records by key that know which of them changed since they were last saved.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::durable::{Change, Durable, encode, next_serial};

/// Records by key.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    items: HashMap<String, T>,
    changed: HashSet<String>,
    serial: u64,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            items: HashMap::new(),
            changed: HashSet::new(),
            serial: next_serial(),
        }
    }
}

impl<T> Registry<T> {
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        self.items.get(key)
    }

    /// The record to change; it counts as changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let found = self.items.get_mut(key)?;
        if !self.changed.contains(key) {
            self.changed.insert(key.to_owned());
        }
        Some(found)
    }

    pub(crate) fn insert(&mut self, key: impl Into<String>, record: T) {
        let key = key.into();
        self.changed.insert(key.clone());
        self.items.insert(key, record);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        let gone = self.items.remove(key)?;
        self.changed.insert(key.to_owned());
        Some(gone)
    }

    /// Keeps the records that a condition holds for.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str, &T) -> bool) {
        let changed = &mut self.changed;
        self.items.retain(|key, record| {
            let kept = keep(key, record);
            if !kept {
                changed.insert(key.clone());
            }
            kept
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.items
            .iter()
            .map(|(key, record)| (key.as_str(), record))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.items.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T: Serialize + DeserializeOwned> Durable for Registry<T> {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let one = |key: String| {
            let form = self.items.get(&key).map(encode);
            (key, form)
        };
        changed.into_iter().map(one).collect()
    }

    fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<()> {
        let record = serde_json::from_slice(bytes).ok()?;
        self.items.insert(key.to_owned(), record);
        Some(())
    }
}
