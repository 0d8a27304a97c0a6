//! Log events spoiled in any place: no card panics, and none is lost.

use okta_core::prelude::*;
use okta_management::logs::models::LogEvent;
use okta_workflows::event_cards;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::log_cards;
use super::made::event;

/// Values that do not belong where they come.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, 1, {"type": "User", "id": 5}, "x"])),
        Just(json!({"type": ["User"], "id": {}})),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ]
}

/// Every place of a value, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |key: String, value: &Value| {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(value, &at, found);
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                below(key.clone(), value);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                below(index.to_string(), value);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_card_is_lost(kind in 0usize..1000, spoiled in prop::collection::vec((0usize..10_000, odd()), 1..6)) {
        let cards = log_cards();
        let (_, card) = &cards[kind % cards.len()];
        let event_type = &card.event_types[kind % card.event_types.len()].event_type;
        let mut made = event(event_type, &|_| true);
        let whole = LogEvent::from_json(made.to_string()).expect("a log event");
        let wanted: Vec<(&str, &str)> = event_cards(&whole).map(|card| (card.connector(), card.slug())).collect();
        for (place, value) in spoiled {
            let mut found = Vec::new();
            places(&made, "", &mut found);
            found.retain(|place| place != "/eventType");
            let at = &found[place % found.len()];
            if let Some(slot) = made.pointer_mut(at) {
                *slot = value;
            }
        }
        let read = LogEvent::from_json(made.to_string()).expect("a spoiled event is an event");
        let mut fired = Vec::new();
        for card in event_cards(&read) {
            fired.push((card.connector(), card.slug()));
            let value = card.to_value();
            if value["event_details"].is_object() {
                prop_assert_eq!(&value["event_details"], &made);
            }
        }
        prop_assert_eq!(fired, wanted);
    }
}
