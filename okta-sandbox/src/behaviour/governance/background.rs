//! What the service does in the background, made visible: states follow each other by reads and
//! by the clock.
//!
//! An object keeps the states to come in a member of its own that no answer shows. A read of the
//! object shows the present state and takes one step for the next read; after two seconds of the
//! sandbox's clock a step is taken anyhow. Whatever writes to the object finds all steps taken.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock;
use crate::json::{merge, remove, text};

/// The member that holds the states to come.
const TO_COME: &str = "~toCome";
/// In a state to come: the time when it came.
pub(crate) const NOW: &str = "~now";

const SECONDS_A_STEP: i64 = 2;

/// Lets states follow the present one, each a patch of the object.
pub(crate) fn plan(object: &mut Value, now: Timestamp, states: &[Value]) {
    let due = |index: usize| {
        let steps = i64::try_from(index).unwrap_or(0) + 1;
        let due = now.checked_add(SignedDuration::from_secs(SECONDS_A_STEP * steps));
        clock::millis(due.unwrap_or(Timestamp::MAX))
    };
    let states = states.iter().enumerate();
    let states: Vec<Value> = states
        .map(|(index, patch)| json!({ "due": due(index), "patch": patch }))
        .collect();
    object[TO_COME] = json!(states);
}

/// Puts the time into the places that ask for it.
fn dated(patch: &mut Value, now: &str) {
    match patch {
        Value::String(text) if text == NOW => *patch = json!(now),
        Value::Array(items) => items.iter_mut().for_each(|item| dated(item, now)),
        Value::Object(members) => members.values_mut().for_each(|value| dated(value, now)),
        _ => {}
    }
}

/// Takes the steps that a test allows, from the first; true if there was one.
fn step(object: &mut Value, now: Timestamp, allowed: impl Fn(&Value) -> bool) -> bool {
    let mut stepped = false;
    while let Some(states) = object.get_mut(TO_COME).and_then(Value::as_array_mut) {
        if states.is_empty() {
            remove(object, TO_COME);
            break;
        }
        if !allowed(&states[0]) {
            break;
        }
        let mut patch = states.remove(0)["patch"].take();
        // In the form that the object itself has.
        let now = match text(object, "/lastUpdated").ends_with(".000Z") {
            true => clock::zero_millis(now),
            false => clock::seconds(now),
        };
        dated(&mut patch, &now);
        merge(object, &patch);
        if object.get("lastUpdated").is_some() {
            object["lastUpdated"] = json!(now);
        }
        stepped = true;
    }
    stepped
}

/// True if states are to come.
pub(crate) fn waits(object: &Value) -> bool {
    object.get(TO_COME).is_some()
}

/// Takes the steps whose time has come.
pub(crate) fn catch_up(object: &mut Value, now: Timestamp) {
    step(object, now, |state| {
        clock::parse(text(state, "/due")).is_none_or(|due| due <= now)
    });
}

/// Takes all steps: for whatever writes to the object.
pub(crate) fn settle(object: &mut Value, now: Timestamp) {
    step(object, now, |_| true);
}

/// One step further, for the next read.
pub(crate) fn advance(object: &mut Value, now: Timestamp) {
    if !waits(object) {
        return;
    }
    let first = object[TO_COME][0].clone();
    step(object, now, |state| *state == first);
}

/// The object as answers show it.
pub(crate) fn shown(object: &Value) -> Value {
    let mut shown = object.clone();
    remove(&mut shown, TO_COME);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn object() -> Value {
        let mut object = json!({ "status": "A", "lastUpdated": "" });
        let states = [
            json!({ "status": "B" }),
            json!({ "status": "C", "done": NOW }),
        ];
        plan(&mut object, at(0), &states);
        object
    }

    #[test]
    fn by_reads() {
        let mut object = object();
        assert_eq!(shown(&object), json!({ "status": "A", "lastUpdated": "" }));
        for status in ["B", "C", "C"] {
            advance(&mut object, at(1));
            assert_eq!(shown(&object)["status"], status);
        }
        assert_eq!(object["done"], "1970-01-01T00:00:01Z");
    }

    #[test]
    fn by_the_clock_and_by_writes() {
        let mut timed = object();
        catch_up(&mut timed, at(1));
        assert_eq!(timed["status"], "A");
        catch_up(&mut timed, at(2));
        assert_eq!(timed["status"], "B");
        catch_up(&mut timed, at(60));
        assert_eq!(timed["status"], "C");

        let mut settled = object();
        settle(&mut settled, at(0));
        assert_eq!(settled["status"], "C");
        assert!(settled.get(TO_COME).is_none());
    }
}
