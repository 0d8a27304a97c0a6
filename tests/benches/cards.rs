//! Event cards beside the log events that they are filled from: 100 000 mixed events, one run each way, CPU-bound.
//! `cargo bench -p okta-tests --bench cards`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use okta_core::model::Model as _;
use okta_management::logs::models::LogEvent;
use okta_workflows::event::EVENT_TYPES;
use okta_workflows::event_cards;
use serde_json::json;

const EVENTS: usize = 100_000;
const RUNS: usize = 5;

fn event(number: usize) -> String {
    // One in eight is of a type that no card knows.
    let event_type = match number % 8 {
        7 => "policy.evaluate_sign_on",
        _ => EVENT_TYPES[number % EVENT_TYPES.len()],
    };
    let target = |kind: &str| {
        json!({"id": format!("00u{number}"), "type": kind, "alternateId": format!("user{number}@example.com"),
               "displayName": format!("User {number}"), "detailEntry": null})
    };
    json!({
        "actor": {"id": "00uadmin", "type": "User", "alternateId": "admin@example.com", "displayName": "Admin", "detailEntry": null},
        "client": {"userAgent": {"rawUserAgent": "okta-sdk-rust/0.1.0", "os": "Linux", "browser": "UNKNOWN"}, "zone": "null",
                   "device": "Computer", "id": null, "ipAddress": "203.0.113.7",
                   "geographicalContext": {"city": "Oslo", "state": "Oslo", "country": "Norway", "postalCode": "0150",
                                           "geolocation": {"lat": 59.91, "lon": 10.75}}},
        "authenticationContext": {"authenticationProvider": null, "credentialProvider": null, "credentialType": null,
                                  "issuer": null, "interface": null, "authenticationStep": 0, "externalSessionId": format!("s{number}")},
        "displayMessage": "Something happened", "eventType": event_type, "outcome": {"result": "SUCCESS", "reason": null},
        "published": "2026-11-24T17:00:00.123Z",
        "securityContext": {"asNumber": 64496, "asOrg": "example", "isp": "example", "domain": "example.com", "isProxy": false},
        "severity": "INFO",
        "debugContext": {"debugData": {"requestId": format!("r{number}"), "requestUri": "/api/v1/users", "url": "/api/v1/users?"}},
        "legacyEventType": "core.something", "transaction": {"type": "WEB", "id": format!("r{number}"), "detail": {}},
        "uuid": format!("{number:032x}"), "version": "0",
        "request": {"ipChain": [{"ip": "203.0.113.7", "geographicalContext": null, "version": "V4", "source": null}]},
        "target": [target("User"), target("AppInstance"), target("UserGroup")],
    })
    .to_string()
}

fn best(mut work: impl FnMut() -> usize) -> (Duration, usize) {
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let found = work();
            (start.elapsed(), found)
        })
        .min()
        .unwrap_or_default()
}

fn main() {
    let texts: Vec<String> = (0..EVENTS).map(event).collect();
    let decode = |text: &String| LogEvent::from_json(text).expect("a log event");
    let (alone, _) = best(|| {
        texts
            .iter()
            .map(|text| usize::from(black_box(decode(text)).uuid.is_some()))
            .sum()
    });
    let (cards, found) = best(|| {
        texts
            .iter()
            .map(|text| {
                let event = decode(text);
                event_cards(&event).map(black_box).count()
            })
            .sum()
    });
    println!("{EVENTS} events, {found} cards, best of {RUNS}");
    println!(
        "log events alone: {alone:?}; event cards: {cards:?}; speed {:.2} of it",
        alone.as_secs_f64() / cards.as_secs_f64()
    );
}
