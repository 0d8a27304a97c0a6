//! Every card fills from a made event, each field from its place.

use okta_core::prelude::*;
use okta_management::logs::models::LogEvent;
use okta_workflows::catalogue::FieldInfo;
use okta_workflows::event::Envelope;
use okta_workflows::{EventCard, event_cards, event_cards_in};
use serde_json::{Value, json};

use super::log_cards;

/// An event with a distinct value in every place that cards look at.
pub(crate) fn event(event_type: &str, path: &dyn Fn(&str) -> bool) -> Value {
    let kinds = [
        "User",
        "UserGroup",
        "AppInstance",
        "AppUser",
        "PolicyEntity",
        "PolicyRule",
        "Device",
        "Token",
        "MobilePhone",
        "URL Pattern",
    ];
    let targets: Vec<Value> = kinds
        .iter()
        .filter(|kind| path(&format!("target[type={kind}]")))
        .chain(path("target[0]").then_some(&"Thing"))
        .map(|kind| {
            json!({
                "id": format!("{kind}-id"), "type": kind, "alternateId": format!("{kind}-alternate"),
                "displayName": format!("{kind} \"name\""), "detailEntry": {"policyType": "Okta:SignOn"},
            })
        })
        .collect();
    json!({
        "uuid": "u-1", "version": "0", "eventType": event_type, "published": "2026-11-24T17:00:00.123Z", "severity": "INFO",
        "legacyEventType": "legacy", "displayMessage": "A message", "outcome": {"result": "SUCCESS", "reason": "a reason"},
        "actor": {"id": "actor-id", "type": "User", "alternateId": "actor-alternate", "displayName": "Actor"},
        "client": {"ipAddress": "1.2.3.4"}, "transaction": {"type": "WEB", "id": "t-1"}, "target": targets,
        "securityContext": {"isp": "an isp"}, "authenticationContext": {"externalSessionId": "s-1"},
        "debugContext": {"debugData": {"changedAttributes": "email,nickName", "url": "/x"}},
    })
}

/// The value at a path of the catalogue.
fn at(event: &Value, path: &str) -> Value {
    if path == "$" {
        return event.clone();
    }
    let mut found = event;
    for segment in path.split('.') {
        let (name, selector) = segment
            .split_once('[')
            .map_or((segment, None), |(name, rest)| {
                (name, Some(rest.trim_end_matches(']')))
            });
        found = &found[name];
        if let Some(selector) = selector {
            let list = found.as_array().expect("a list");
            found = match selector.strip_prefix("type=") {
                Some(kind) => list
                    .iter()
                    .find(|target| target["type"] == kind)
                    .unwrap_or(&Value::Null),
                None => list.first().unwrap_or(&Value::Null),
            };
        }
    }
    found.clone()
}

fn shown<'a>(card: &'a Value, field: &FieldInfo) -> &'a Value {
    match field.group_key() {
        Some(group) => &card[group][&field.key],
        None => &card[&field.key],
    }
}

#[test]
fn every_field_of_every_card_comes_from_its_place() {
    let headers = okta_core::model::Map::from([("x-okta-request-id".to_owned(), "r-1".to_owned())]);
    let envelope = Envelope {
        source: Some("https://acme.okta.com"),
        event_id: Some("e-1"),
        event_time: Some("2026-11-24T17:00:01Z"),
        headers: Some(&headers),
        execution_id: Some("x-1"),
    };
    let around = json!({
        "body.source": "https://acme.okta.com", "body.eventId": "e-1", "body.eventTime": "2026-11-24T17:00:01Z",
        "headers": {"x-okta-request-id": "r-1"}, "context.execution_id": "x-1",
    });
    let mut fields = 0;
    for (path, card) in log_cards() {
        let (connector, slug) = path.split_once('/').expect("connector/slug");
        for found in &card.event_types {
            let looks_at = |place: &str| {
                card.outputs.iter().any(|field| {
                    field
                        .place
                        .as_ref()
                        .is_some_and(|found| found.path.starts_with(place))
                })
            };
            let made = event(&found.event_type, &looks_at);
            let log_event = LogEvent::from_json(made.to_string()).expect("a log event");
            let fired: Vec<EventCard<'_>> = event_cards_in(&log_event, envelope)
                .of_connector(connector)
                .collect();
            let [fired] = fired.as_slice() else {
                panic!("{path} fires {} times", fired.len());
            };
            assert_eq!((fired.connector(), fired.slug()), (connector, slug));
            let value = fired.to_value();
            for field in &card.outputs {
                let Some(place) = &field.place else {
                    assert_eq!(
                        shown(&value, field),
                        &Value::Null,
                        "{path} {}",
                        field.path()
                    );
                    continue;
                };
                let wanted = match place.from.as_str() {
                    "log_event" => at(&made, &place.path),
                    _ => around[&place.path].clone(),
                };
                assert!(
                    !wanted.is_null(),
                    "{path}: {} is empty in the made event",
                    place.path
                );
                assert_eq!(shown(&value, field), &wanted, "{path} {}", field.path());
                fields += 1;
            }
        }
    }
    assert!(fields > 1200, "{fields}");
}

#[test]
fn three_types_fire_cards_of_two_connectors() {
    let twice: Vec<&str> = okta_workflows::event::EVENT_TYPES
        .iter()
        .copied()
        .filter(|event_type| {
            let made = LogEvent {
                event_type: Some((*event_type).to_owned()),
                ..LogEvent::default()
            };
            event_cards(&made).count() == 2
        })
        .collect();
    assert_eq!(
        twice,
        [
            "access.request.create",
            "access.request.resolve",
            "certification.campaign.item.decide"
        ]
    );
}

#[test]
fn an_unknown_type_fires_nothing_and_stays_available() {
    let made = LogEvent::from_json(r#"{"eventType":"brand.new.thing","uuid":"u-9"}"#)
        .expect("a log event");
    let cards = event_cards(&made);
    assert_eq!(cards.raw().uuid.as_deref(), Some("u-9"));
    assert_eq!(cards.count(), 0);
}

#[test]
fn deprecated_cards_name_their_replacement() {
    let deprecated: Vec<_> = log_cards()
        .into_iter()
        .filter(|(_, card)| card.deprecated)
        .collect();
    assert!(!deprecated.is_empty());
    assert!(
        deprecated
            .iter()
            .all(|(_, card)| card.replacement.as_deref() == Some("Okta Devices"))
    );
}

#[test]
fn an_event_without_targets_fills_what_there_is() {
    let made = LogEvent::from_json(
        r#"{"eventType":"user.lifecycle.suspend","displayMessage":7,"target":null}"#,
    )
    .expect("a log event");
    let cards: Vec<EventCard<'_>> = event_cards(&made).collect();
    let [EventCard::OktaUserSuspended(card)] = cards.as_slice() else {
        panic!("{cards:?}");
    };
    assert_eq!((card.okta_user.id, card.message), (None, None));
    assert!(
        card.event_details
            .to_json()
            .contains("\"displayMessage\":7")
    );
    assert!(!cards[0].is_about_app(Some("0oa1")));
    assert!(cards[0].is_about_app(None));
}
