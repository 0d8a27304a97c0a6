//! The badge access system behind the connector, and the connector.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use okta_workflows::custom::{Card, CustomConnector, Field, refuse};
use okta_workflows::fields;
use okta_workflows::sdk::Polled;
use serde_json::json;

/// The system: who has which badge, and which doors were opened.
#[derive(Default)]
pub(crate) struct Badges {
    pub(crate) holders: BTreeMap<String, i64>,
    entries: Vec<(String, String)>,
    issued: i64,
}

pub(crate) type System = Arc<Mutex<Badges>>;

pub(crate) fn with<T>(system: &System, work: impl FnOnce(&mut Badges) -> T) -> T {
    work(&mut system.lock().unwrap_or_else(PoisonError::into_inner))
}

fields! {
    /// Inputs of Issue Badge.
    IssueBadge { #[doc = "Whom for."] holder: "holder" String, #[doc = "Which doors."] doors: "doors" Vec<String> }
}
fields! {
    /// Inputs of Revoke Badge.
    RevokeBadge { #[doc = "Whose."] holder: "holder" String }
}
fields! {
    /// Outputs of both.
    Badge { #[doc = "Absent once revoked."] number: "number" Option<i64> }
}

pub(crate) fn connector(system: &System) -> CustomConnector {
    let (issue, revoke, doors) = (Arc::clone(system), Arc::clone(system), Arc::clone(system));
    CustomConnector::new("badges", "Badge Access")
        .action(
            Card::action("issue_badge", "Issue Badge")
                .input(Field::text("holder", "Holder").required())
                .input(Field::text("doors", "Doors").list())
                .output(Field::number("number", "Number")),
            move |input: IssueBadge| {
                let system = Arc::clone(&issue);
                async move {
                    with(&system, |badges| {
                        if badges.holders.contains_key(&input.holder) {
                            return Err(refuse("the holder has a badge already").at("holder"));
                        }
                        badges.issued += 1;
                        badges.holders.insert(input.holder.clone(), badges.issued);
                        let entries = input
                            .doors
                            .into_iter()
                            .map(|door| (input.holder.clone(), door));
                        badges.entries.extend(entries);
                        Ok(Badge {
                            number: Some(badges.issued),
                        })
                    })
                }
            },
        )
        .action(
            Card::action("revoke_badge", "Revoke Badge")
                .input(Field::text("holder", "Holder").required())
                .output(Field::number("number", "Number")),
            move |input: RevokeBadge| {
                let system = Arc::clone(&revoke);
                async move {
                    let number = with(&system, |badges| badges.holders.remove(&input.holder));
                    Ok(Badge { number })
                }
            },
        )
        .event(
            Card::event("door_opened", "Door Opened")
                .output(Field::text("holder", "Holder"))
                .output(Field::text("door", "Door")),
            move |_options, cursor| {
                let system = Arc::clone(&doors);
                async move {
                    with(&system, |badges| {
                        // The first poll only makes a cursor: events begin then.
                        let end = badges.entries.len();
                        let seen = cursor
                            .and_then(|cursor| cursor.as_u64())
                            .map_or(end, |seen| seen as usize);
                        let new = badges.entries.get(seen..).unwrap_or_default();
                        let events = new
                            .iter()
                            .map(|(holder, door)| json!({"holder": holder, "door": door}));
                        Ok(Polled {
                            events: events.collect(),
                            cursor: Some(end.into()),
                        })
                    })
                }
            },
        )
}
