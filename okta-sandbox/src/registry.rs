//! Typed records by key that know which of them changed since they were last saved.

use std::collections::{HashMap, HashSet};

/// Records by key.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    items: HashMap<String, T>,
    changed: HashSet<String>,
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self {
            items: HashMap::new(),
            changed: HashSet::new(),
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

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}
