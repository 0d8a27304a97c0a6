//! Ordered collections of objects, and two-way relations between ids.

mod past;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::durable::{Change, Durable, encode, next_serial, place_key};

use past::Past;

/// Objects by id, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Shelf {
    items: BTreeMap<u64, Value>,
    index: HashMap<String, u64>,
    next: u64,
    /// The places that changed since they were last saved, with the ids there.
    changed: BTreeMap<u64, String>,
    serial: u64,
    /// Where searches lag behind.
    past: Option<Box<Past>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            items: BTreeMap::new(),
            index: HashMap::new(),
            next: 0,
            changed: BTreeMap::new(),
            serial: next_serial(),
            past: None,
        }
    }
}

impl Shelf {
    /// Adds an object, or replaces the one with this id in its place.
    pub(crate) fn put(&mut self, id: &str, value: Value) {
        let next = &mut self.next;
        let place = *self.index.entry(id.to_owned()).or_insert_with(|| {
            *next += 1;
            *next
        });
        self.changed.entry(place).or_insert_with(|| id.to_owned());
        let before = self.items.insert(place, value);
        if let Some(past) = &mut self.past {
            past.keep(place, before.as_ref());
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.items.get(self.index.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        let place = self.index.get(id)?;
        self.changed.entry(*place).or_insert_with(|| id.to_owned());
        if let Some(past) = &mut self.past {
            past.keep(*place, self.items.get(place));
        }
        self.items.get_mut(place)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.index.contains_key(id)
    }

    /// Where an object stands.
    pub(crate) fn place(&self, id: &str) -> Option<u64> {
        self.index.get(id).copied()
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        let (id, place) = self.index.remove_entry(id)?;
        self.changed.insert(place, id);
        let before = self.items.remove(&place);
        if let Some(past) = &mut self.past {
            past.keep(place, before.as_ref());
        }
        before
    }

    /// A call begins on a shelf whose searches lag so far behind; not at all if zero.
    pub(crate) fn begin_call(&mut self, now: Timestamp, lag: SignedDuration) {
        match &mut self.past {
            _ if lag.is_zero() => self.past = None,
            Some(past) => past.begin(now, lag),
            None => self.past = Some(Box::new(Past::new(now, lag))),
        }
    }

    /// The objects behind a place as a search finds them, in order.
    pub(crate) fn indexed_after(&self, place: u64) -> Box<dyn Iterator<Item = (u64, &Value)> + '_> {
        let now = self.placed_after(place);
        let Some(past) = &self.past else {
            return Box::new(now);
        };
        let instead = past.instead(place);
        let versions: Vec<(u64, &Value)> = instead
            .iter()
            .filter_map(|(place, version)| Some((*place, (*version)?)))
            .collect();
        let mut now = now
            .filter(move |(place, _)| !instead.contains_key(place))
            .peekable();
        let mut versions = versions.into_iter().peekable();
        Box::new(std::iter::from_fn(move || {
            match (now.peek(), versions.peek()) {
                (Some((new, _)), Some((old, _))) if old < new => versions.next(),
                (Some(_), _) => now.next(),
                (None, _) => versions.next(),
            }
        }))
    }

    /// Whether searches see earlier versions.
    pub(crate) fn lags(&self) -> bool {
        self.past.is_some()
    }

    /// The objects with their places, in order.
    pub(crate) fn placed(&self) -> impl DoubleEndedIterator<Item = (u64, &Value)> {
        self.items.iter().map(|(place, value)| (*place, value))
    }

    /// The objects behind a place, in order.
    pub(crate) fn placed_after(
        &self,
        place: u64,
    ) -> impl DoubleEndedIterator<Item = (u64, &Value)> {
        self.items
            .range(place.saturating_add(1)..)
            .map(|(place, value)| (*place, value))
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.items.values()
    }

    /// The objects by their ids, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        let all = self.index.iter();
        all.filter_map(|(id, place)| Some((id.as_str(), self.items.get(place)?)))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let all = self.index.iter().map(|(id, place)| (*place, id.clone()));
        self.changed.extend(all);
        if let Some(past) = &mut self.past {
            for (place, value) in &self.items {
                past.keep(*place, Some(value));
            }
        }
        self.items.values_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

impl Durable for Shelf {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let one = |(place, id): (u64, String)| {
            // An object's own id and the one it stands under may differ.
            let object = self.items.get(&place);
            let form = object.map(|object| encode(&(id, object)));
            (place_key(place), form)
        };
        changed.into_iter().map(one).collect()
    }

    fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<()> {
        let place = key.parse().ok()?;
        let (id, object): (String, Value) = serde_json::from_slice(bytes).ok()?;
        self.next = self.next.max(place);
        self.index.insert(id, place);
        self.items.insert(place, object);
        Some(())
    }
}

/// Pairs of ids (left, right) with a value each, ordered by creation on the left side.
#[derive(Debug)]
pub(crate) struct Relation<T> {
    forward: HashMap<String, BTreeMap<u64, (String, T)>>,
    backward: HashMap<String, BTreeMap<u64, String>>,
    places: HashMap<(String, String), u64>,
    next: u64,
    /// The pairs that changed since they were last saved.
    changed: BTreeSet<(String, String)>,
    serial: u64,
}

impl<T> Default for Relation<T> {
    fn default() -> Self {
        Self {
            forward: HashMap::new(),
            backward: HashMap::new(),
            places: HashMap::new(),
            next: 0,
            changed: BTreeSet::new(),
            serial: next_serial(),
        }
    }
}

impl<T> Relation<T> {
    /// Adds or replaces a pair; true if it is new.
    pub(crate) fn put(&mut self, left: &str, right: &str, value: T) -> bool {
        let key = (left.to_owned(), right.to_owned());
        let known = self.places.get(&key).copied();
        let place = known.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        self.changed.insert(key.clone());
        self.set(key, place, value);
        known.is_none()
    }

    fn set(&mut self, key: (String, String), place: u64, value: T) {
        self.forward
            .entry(key.0.clone())
            .or_default()
            .insert(place, (key.1.clone(), value));
        self.backward
            .entry(key.1.clone())
            .or_default()
            .insert(place, key.0.clone());
        self.places.insert(key, place);
    }

    pub(crate) fn get(&self, left: &str, right: &str) -> Option<&T> {
        let place = self.places.get(&(left.to_owned(), right.to_owned()))?;
        self.forward.get(left)?.get(place).map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, left: &str, right: &str) -> bool {
        self.get(left, right).is_some()
    }

    pub(crate) fn remove(&mut self, left: &str, right: &str) -> Option<T> {
        let key = (left.to_owned(), right.to_owned());
        let place = self.places.remove(&key)?;
        self.changed.insert(key);
        if let Some(back) = self.backward.get_mut(right) {
            back.remove(&place);
            if back.is_empty() {
                self.backward.remove(right);
            }
        }
        let pairs = self.forward.get_mut(left)?;
        let (_, value) = pairs.remove(&place)?;
        if pairs.is_empty() {
            self.forward.remove(left);
        }
        Some(value)
    }

    /// The pairs of a left id: place, right id, value.
    pub(crate) fn of(&self, left: &str) -> impl Iterator<Item = (u64, &str, &T)> {
        self.of_after(left, 0)
    }

    /// The pairs of a left id behind a place.
    pub(crate) fn of_after(&self, left: &str, place: u64) -> impl Iterator<Item = (u64, &str, &T)> {
        let pairs = self.forward.get(left).into_iter();
        let behind = pairs.flat_map(move |pairs| pairs.range(place.saturating_add(1)..));
        behind.map(|(place, (right, value))| (*place, right.as_str(), value))
    }

    /// The left ids of a right id, with places.
    pub(crate) fn holders(&self, right: &str) -> impl Iterator<Item = (u64, &str)> {
        self.backward
            .get(right)
            .into_iter()
            .flat_map(|pairs| pairs.iter().map(|(place, left)| (*place, left.as_str())))
    }

    /// How many pairs a left id has.
    pub(crate) fn count(&self, left: &str) -> usize {
        self.forward.get(left).map_or(0, BTreeMap::len)
    }

    /// Removes all pairs of a left id and returns the right ids.
    pub(crate) fn remove_left(&mut self, left: &str) -> Vec<String> {
        let rights: Vec<String> = self
            .of(left)
            .map(|(_, right, _)| right.to_owned())
            .collect();
        for right in &rights {
            self.remove(left, right);
        }
        rights
    }

    /// Removes all pairs of a right id and returns the left ids.
    pub(crate) fn remove_right(&mut self, right: &str) -> Vec<String> {
        let lefts: Vec<String> = self
            .holders(right)
            .map(|(_, left)| left.to_owned())
            .collect();
        for left in &lefts {
            self.remove(left, right);
        }
        lefts
    }
}

/// Stands between the ids of a pair.
const BETWEEN: char = '\u{3}';

impl<T: Serialize + DeserializeOwned> Durable for Relation<T> {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let one = |(left, right): (String, String)| {
            let value = self.get(&left, &right);
            let key = format!("{left}{BETWEEN}{right}");
            let place = self.places.get(&(left, right));
            let form = value.map(|value| encode(&(place, value)));
            (key, form)
        };
        changed.into_iter().map(one).collect()
    }

    fn restore(&mut self, key: &str, bytes: &[u8]) -> Option<()> {
        let (left, right) = key.split_once(BETWEEN)?;
        let (place, value): (u64, T) = serde_json::from_slice(bytes).ok()?;
        self.next = self.next.max(place);
        self.set((left.to_owned(), right.to_owned()), place, value);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shelf_keeps_places() {
        let mut shelf = Shelf::default();
        shelf.put("b", json!(1));
        shelf.put("a", json!(2));
        shelf.put("b", json!(3));
        assert_eq!(
            shelf.values().cloned().collect::<Vec<_>>(),
            [json!(3), json!(2)]
        );
        assert_eq!(shelf.remove("b"), Some(json!(3)));
        assert!(shelf.get("b").is_none() && shelf.len() == 1);
    }

    #[test]
    fn relation_is_two_way() {
        let mut members = Relation::default();
        assert!(
            members.put("g1", "u1", 1) && members.put("g2", "u1", 2) && !members.put("g1", "u1", 3)
        );
        assert_eq!(
            members.holders("u1").map(|(_, g)| g).collect::<Vec<_>>(),
            ["g1", "g2"]
        );
        assert_eq!(members.get("g1", "u1"), Some(&3));
        let behind = |place| members.of_after("g1", place).count();
        assert_eq!((behind(0), behind(1), behind(u64::MAX)), (1, 0, 0));
        assert_eq!(members.remove_right("u1"), ["g1", "g2"]);
        assert_eq!(members.count("g1") + members.count("g2"), 0);
        assert!(members.forward.is_empty() && members.backward.is_empty());
    }

    #[test]
    fn searches_see_earlier_versions_in_their_places() {
        let mut shelf = Shelf::default();
        for id in ["a", "b", "c", "d"] {
            shelf.put(id, json!(id));
        }
        let at = |second| Timestamp::from_second(second).expect("in range");
        shelf.begin_call(at(100), SignedDuration::from_secs(60));
        shelf.put("b", json!("other"));
        shelf.remove("a");
        shelf.remove("d");
        shelf.put("e", json!("e"));
        let seen = |shelf: &Shelf, place| {
            let found = shelf.indexed_after(place);
            found
                .map(|(place, value)| (place, value.clone()))
                .collect::<Vec<_>>()
        };
        let old = [
            (1, json!("a")),
            (2, json!("b")),
            (3, json!("c")),
            (4, json!("d")),
        ];
        assert_eq!(seen(&shelf, 0), old);
        assert_eq!(seen(&shelf, 2), old[2..]);
        shelf.begin_call(at(161), SignedDuration::from_secs(60));
        let new = [(2, json!("other")), (3, json!("c")), (5, json!("e"))];
        assert_eq!(seen(&shelf, 0), new);
    }
}
