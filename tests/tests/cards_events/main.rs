//! Event cards: each one whose cause the sandbox can produce, with the event that the sandbox emitted; the others with
//! made events, and listed by name.

#![forbid(unsafe_code)]

mod administration;
mod causes;
mod governance;
mod made;
mod org;
mod people;
// The browser of the example.
#[allow(dead_code)]
#[path = "../../../examples/src/bin/sign-in/person.rs"]
mod person;
mod polled;
mod spoiled;

use std::collections::BTreeSet;

use okta_workflows::catalogue;
use okta_workflows::catalogue::{CardInfo, CardKind};
use serde::Deserialize;

/// A card that no test fires by its cause.
#[derive(Deserialize)]
pub(crate) struct Untested {
    pub(crate) card: String,
    pub(crate) reason: String,
}

/// `api/cards-untested.jsonl`.
pub(crate) fn untested() -> Vec<Untested> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/cards-untested.jsonl");
    let text = std::fs::read_to_string(path).expect("the list");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line"))
        .collect()
}

/// Event cards that log events fire, as `connector/slug`.
pub(crate) fn log_cards() -> Vec<(String, &'static CardInfo)> {
    catalogue()
        .connectors
        .iter()
        .flat_map(|connector| {
            let events = connector
                .cards
                .iter()
                .filter(|card| card.kind == CardKind::Event && !card.event_types.is_empty());
            events.map(|card| (format!("{}/{}", connector.key, card.slug), card))
        })
        .collect()
}

#[test]
fn the_catalogue_is_complete() {
    let count = |kind: CardKind| -> Vec<usize> {
        let of = |connector: &okta_workflows::catalogue::ConnectorInfo| {
            connector
                .cards
                .iter()
                .filter(|card| card.kind == kind)
                .count()
        };
        catalogue().connectors.iter().map(of).collect()
    };
    assert_eq!(count(CardKind::Event), [73, 3, 3]);
    assert_eq!(count(CardKind::Action), [60, 14, 28]);
    let names: BTreeSet<&str> = catalogue()
        .connectors
        .iter()
        .flat_map(|one| &one.cards)
        .map(|card| card.rust_name.as_str())
        .collect();
    assert_eq!(names.len(), 181);
}
