//! The System Log: who writes which event, and how an event looks.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::behaviour::api_services;
use crate::clock::{self, Clock};
use crate::durable::{Change, Durable, encode, next_serial, place_key};
use crate::exchange::Request;
use crate::ids::Dice;
use crate::json::text;
use crate::oauth::access::Principal;
use crate::org::Org;

/// Who did it, as events name it.
pub(crate) struct Actor {
    object: Value,
    transaction: Value,
}

impl Actor {
    /// A person who acts in the product itself.
    pub(crate) fn person(object: Value) -> Self {
        Self {
            object,
            transaction: json!({}),
        }
    }

    /// The service itself.
    pub(crate) fn service() -> Self {
        let (mail, name) = ("system@okta.com", "Okta System");
        Self::person(named("SystemPrincipal", "unknown", mail, name))
    }

    /// The actor behind a principal.
    pub(crate) fn of(org: &Org, principal: &Principal) -> Self {
        let object = match principal {
            Principal::Token { user_id, .. } | Principal::User { user_id, .. } => {
                match org.users.get(user_id) {
                    Some(user) => user_target(user),
                    None => named("User", user_id, user_id, user_id),
                }
            }
            Principal::Client { client_id, .. } => {
                let label = org.apps.get(client_id).map(|app| text(app, "/label"));
                let label = label.or_else(|| {
                    api_services::find(org, client_id).map(|instance| text(instance, "/name"))
                });
                let label = label.unwrap_or(client_id);
                named("PublicClientApp", client_id, client_id, label)
            }
            Principal::Anonymous => named("SystemPrincipal", "unknown", "unknown", "Unknown"),
        };
        let transaction = match principal {
            Principal::Token { token_id, .. } => json!({ "requestApiTokenId": token_id }),
            _ => json!({}),
        };
        Self {
            object,
            transaction,
        }
    }
}

/// An actor or target.
pub(crate) fn named(kind: &str, id: &str, alternate: &str, display: &str) -> Value {
    json!({ "id": id, "type": kind, "alternateId": alternate, "displayName": display, "detailEntry": null })
}

/// A user as target.
pub(crate) fn user_target(user: &Value) -> Value {
    let name = format!(
        "{} {}",
        text(user, "/profile/firstName"),
        text(user, "/profile/lastName")
    );
    named(
        "User",
        text(user, "/id"),
        text(user, "/profile/login"),
        name.trim(),
    )
}

/// A group as target.
pub(crate) fn group_target(group: &Value) -> Value {
    named(
        "UserGroup",
        text(group, "/id"),
        "unknown",
        text(group, "/profile/name"),
    )
}

/// An app as target.
pub(crate) fn app_target(app: &Value) -> Value {
    named(
        "AppInstance",
        text(app, "/id"),
        text(app, "/label"),
        text(app, "/label"),
    )
}

/// What an event says of the request behind it.
struct Origin<'a> {
    agent: &'a str,
    path: &'a str,
    id: &'a str,
}

/// The events, in the order of their persistence.
#[derive(Debug)]
pub(crate) struct Log {
    events: Vec<Value>,
    dice: Dice,
    /// The place of the newest event that event hooks were told of.
    pub(crate) delivered: u64,
    /// How many of the events were saved.
    saved: usize,
    serial: u64,
}

impl Log {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            events: Vec::new(),
            dice: Dice::new(seed),
            delivered: 0,
            saved: 0,
            serial: next_serial(),
        }
    }

    /// The generator of the events' ids.
    pub(crate) fn dice(&self) -> &Dice {
        &self.dice
    }

    pub(crate) fn set_dice(&mut self, dice: Dice) {
        self.dice = dice;
    }

    /// All events with their places; places start at 1.
    pub(crate) fn placed(&self) -> impl DoubleEndedIterator<Item = (u64, &Value)> {
        self.events
            .iter()
            .enumerate()
            .map(|(index, event)| (index as u64 + 1, event))
    }

    /// The events behind a place with their places.
    pub(crate) fn placed_after(&self, place: u64) -> impl Iterator<Item = (u64, &Value)> {
        let first = place.saturating_add(1);
        let behind = self.behind(place).iter().enumerate();
        behind.map(move |(index, event)| (first.saturating_add(index as u64), event))
    }

    /// The events before a place with their places, the newest first; all where no place is told.
    pub(crate) fn placed_before(&self, place: Option<u64>) -> impl Iterator<Item = (u64, &Value)> {
        let before = place.map_or(usize::MAX, |place| {
            usize::try_from(place.saturating_sub(1)).unwrap_or(usize::MAX)
        });
        let events = self.events.get(..before).unwrap_or(&self.events);
        let placed = events.iter().enumerate();
        placed.map(|(index, event)| (index as u64 + 1, event)).rev()
    }

    /// The events behind a place.
    pub(crate) fn behind(&self, place: u64) -> &[Value] {
        let from = usize::try_from(place).unwrap_or(usize::MAX);
        self.events.get(from..).unwrap_or_default()
    }

    /// The place of the newest event.
    pub(crate) fn last_place(&self) -> u64 {
        self.events.len() as u64
    }

    /// Writes an event; a reason makes its outcome a failure.
    pub(crate) fn write(
        &mut self,
        clock: &Clock,
        actor: &Actor,
        request: &Request,
        event_type: &str,
        targets: Vec<Value>,
        failure: Option<&str>,
    ) {
        let origin = Origin {
            agent: request.header("user-agent").unwrap_or_default(),
            path: &request.path,
            id: &request.id,
        };
        self.put(clock, actor, &origin, event_type, targets, failure);
    }

    /// Writes an event of somebody in the product, outside the API.
    pub(crate) fn write_by(
        &mut self,
        clock: &Clock,
        actor: &Actor,
        event_type: &str,
        targets: Vec<Value>,
    ) {
        let id = crate::ids::random_hex(16);
        let origin = Origin {
            agent: "",
            path: "",
            id: &id,
        };
        self.put(clock, actor, &origin, event_type, targets, None);
    }

    /// Writes a failed event of somebody in the product, outside the API.
    pub(crate) fn write_refused(
        &mut self,
        clock: &Clock,
        actor: &Actor,
        event_type: &str,
        targets: Vec<Value>,
        failure: &str,
    ) {
        let id = crate::ids::random_hex(16);
        let origin = Origin {
            agent: "",
            path: "",
            id: &id,
        };
        self.put(clock, actor, &origin, event_type, targets, Some(failure));
    }

    /// Writes a failed event of the service's own doing.
    pub(crate) fn write_own(
        &mut self,
        clock: &Clock,
        event_type: &str,
        targets: Vec<Value>,
        failure: &str,
    ) {
        self.write_refused(clock, &Actor::service(), event_type, targets, failure);
    }

    fn put(
        &mut self,
        clock: &Clock,
        actor: &Actor,
        request: &Origin<'_>,
        event_type: &str,
        targets: Vec<Value>,
        failure: Option<&str>,
    ) {
        debug_assert!(is_published(event_type), "no such event type: {event_type}");
        let agent = request.agent;
        let path = format!("{}?", request.path);
        let outcome = match failure {
            None => json!({ "result": "SUCCESS", "reason": null }),
            Some(reason) => json!({ "result": "FAILURE", "reason": reason }),
        };
        let target = if targets.is_empty() {
            Value::Null
        } else {
            Value::Array(targets)
        };
        let event = json!({
            "uuid": self.dice.uuid(),
            "published": clock::millis(clock.now()),
            "eventType": event_type,
            "version": "0",
            "severity": if failure.is_some() { "WARN" } else { "INFO" },
            "legacyEventType": null,
            "displayMessage": display_message(event_type),
            "actor": actor.object,
            "client": {
                "userAgent": { "rawUserAgent": agent, "os": "Unknown", "browser": "UNKNOWN" },
                "zone": "null", "device": "Unknown", "id": null, "ipAddress": "127.0.0.1",
                "geographicalContext": null,
            },
            "device": null,
            "outcome": outcome,
            "target": target,
            "transaction": { "type": "WEB", "id": request.id, "detail": actor.transaction },
            "debugContext": { "debugData": {
                "requestId": request.id, "requestUri": request.path, "url": path,
            } },
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null,
                "issuer": null, "authenticationStep": 0, "rootSessionId": null,
                "externalSessionId": "unknown", "interface": null,
            },
            "securityContext": {
                "asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null,
            },
            "request": { "ipChain": [{
                "ip": "127.0.0.1", "geographicalContext": null, "version": "V4", "source": null,
            }] },
        });
        self.events.push(event);
    }
}

/// The published event types, with whether event hooks may ask for them.
fn catalogue() -> &'static HashMap<&'static str, bool> {
    static TYPES: OnceLock<HashMap<&'static str, bool>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let lines = include_str!("generated/event-types.txt").lines();
        lines
            .map(|line| match line.strip_suffix(" *") {
                Some(name) => (name, true),
                None => (line, false),
            })
            .collect()
    })
}

/// True if the type is published.
pub(crate) fn is_published(event_type: &str) -> bool {
    catalogue().contains_key(event_type)
}

/// True if event hooks may ask for the type.
pub(crate) fn is_for_hooks(event_type: &str) -> bool {
    catalogue().get(event_type).copied().unwrap_or(false)
}

impl Durable for Log {
    fn serial(&self) -> u64 {
        self.serial
    }

    fn take_changes(&mut self) -> Vec<Change> {
        let from = std::mem::replace(&mut self.saved, self.events.len());
        let fresh = self.events.get(from..).unwrap_or_default().iter();
        let place = |index: usize| place_key((from + index) as u64);
        fresh
            .enumerate()
            .map(|(index, event)| (place(index), Some(encode(event))))
            .collect()
    }

    fn restore(&mut self, _: &str, bytes: &[u8]) -> Option<()> {
        // Keys sort by place, so that events come in their order.
        self.events.push(serde_json::from_slice(bytes).ok()?);
        Some(())
    }
}

/// Words for people, from the event's name: `user.lifecycle.create` gives "Create user".
fn display_message(event_type: &str) -> String {
    let words: Vec<&str> = event_type.split('.').collect();
    let (verb, rest) = words.split_last().unwrap_or((&"event", &[]));
    let rest: Vec<String> = rest
        .iter()
        .filter(|w| **w != "lifecycle")
        .map(|w| w.replace('_', " "))
        .collect();
    let mut verb = verb.replace('_', " ");
    if let Some(first) = verb.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("{verb} {}", rest.join(" ")).trim().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn messages_come_from_names() {
        assert_eq!(
            super::display_message("user.lifecycle.create"),
            "Create user"
        );
        assert_eq!(
            super::display_message("group.user_membership.add"),
            "Add group user membership"
        );
    }
}
