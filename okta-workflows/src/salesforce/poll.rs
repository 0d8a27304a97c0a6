//! The three event cards: they are polled.
//!
//! A poll looks at the window from its cursor to now, less the time that Salesforce's index takes. The cursor is data
//! and belongs to one card and object; store it after the events are handled. The first poll only makes a cursor.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::api::SalesforceApi;
use super::soql;
use crate::builtin;
use crate::card::types::{Object, Value, parse_moment};
use crate::catalogue::{CardInfo, CardKind};
use crate::error::{CardError, CardErrorKind};
use crate::sdk::{Event, Polled};

/// How far the index trails the changes.
pub(crate) const INDEXING: Duration = Duration::from_secs(15 * 60);
/// Ids that one collection read takes.
const READ: usize = 2000;

/// Where a poll goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cursor {
    /// Begin of the next window.
    since: Timestamp,
    /// What was passed on at or after that moment: the bounds of a window are inclusive, and the covered time of
    /// Salesforce may go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    seen: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    New,
    Updated,
    Deleted,
}

/// An event card of the Salesforce connector.
pub(crate) struct SalesforceEvent {
    card: &'static CardInfo,
    watch: Watch,
    api: Arc<SalesforceApi>,
    delay: Duration,
}

/// An event card by slug.
pub(crate) fn event(
    slug: &str,
    api: &Arc<SalesforceApi>,
    delay: Duration,
) -> Option<Arc<dyn Event>> {
    let card = builtin::info(super::KEY).card(CardKind::Event, slug)?;
    let watch = match slug {
        "new_record" => Watch::New,
        "record_updated" => Watch::Updated,
        "record_deleted" => Watch::Deleted,
        _ => return None,
    };
    Some(Arc::new(SalesforceEvent {
        card,
        watch,
        api: Arc::clone(api),
        delay,
    }))
}

#[async_trait]
impl Event for SalesforceEvent {
    fn card(&self) -> &CardInfo {
        self.card
    }

    async fn poll(&self, options: &Object, cursor: Option<&Value>) -> Result<Polled, CardError> {
        let path = self.card.path(super::KEY);
        self.look(options, cursor)
            .await
            .map_err(|error| error.of(&path))
    }
}

impl SalesforceEvent {
    async fn look(&self, options: &Object, cursor: Option<&Value>) -> Result<Polled, CardError> {
        let object = options
            .get("record_type")
            .and_then(Value::as_str)
            .filter(|name| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            })
            .ok_or_else(|| {
                CardError::new(
                    CardErrorKind::Missing,
                    "",
                    "required: the API name of an object, such as Contact",
                )
                .at("record_type")
            })?;
        let client = self.api.client().await?;
        let until = minute(
            client.clock().wall() - SignedDuration::try_from(self.delay).unwrap_or_default(),
        );
        let Some(cursor) = cursor else {
            return polled(
                Vec::new(),
                &Cursor {
                    since: until,
                    seen: Vec::new(),
                },
            );
        };
        let cursor: Cursor = serde_json::from_value(cursor.clone()).map_err(|_| {
            CardError::new(
                CardErrorKind::Invalid,
                "",
                "the cursor is not one of this card",
            )
            .at("cursor")
        })?;
        // Salesforce wants windows of a minute at least.
        if until.duration_since(cursor.since) < SignedDuration::from_mins(1) {
            return polled(Vec::new(), &cursor);
        }
        match self.watch {
            Watch::New => self.new_records(object, &cursor, until).await,
            Watch::Updated => self.updated(object, &cursor, until).await,
            Watch::Deleted => self.deleted(object, &cursor, until).await,
        }
    }

    /// Names of all fields that a query may read.
    async fn columns(&self, object: &str) -> Result<Vec<String>, CardError> {
        let fields = self.api.fields(object).await?;
        Ok(fields
            .iter()
            .filter(|field| !matches!(field.kind.as_str(), "address" | "location" | "base64"))
            .map(|field| field.name.clone())
            .collect())
    }

    async fn new_records(
        &self,
        object: &str,
        cursor: &Cursor,
        until: Timestamp,
    ) -> Result<Polled, CardError> {
        let columns = self.columns(object).await?.join(", ");
        let (since, end) = (soql::moment(cursor.since), soql::moment(until));
        let records = self
            .api
            .query(&format!(
                "SELECT {columns} FROM {object} WHERE CreatedDate >= {since} AND CreatedDate < {end} ORDER BY CreatedDate, Id"
            ))
            .await?;
        // The upper bound is exclusive: no record comes twice.
        polled(
            records.into_iter().map(record).collect(),
            &Cursor {
                since: until,
                seen: Vec::new(),
            },
        )
    }

    async fn updated(
        &self,
        object: &str,
        cursor: &Cursor,
        until: Timestamp,
    ) -> Result<Polled, CardError> {
        if self.api.describe(object).await?["replicateable"] == false {
            return self.updated_by_query(object, cursor, until).await;
        }
        let answer = self.changes(object, "updated", cursor.since, until).await?;
        let ids: Vec<String> = texts(&answer["ids"]);
        let mut records = Vec::new();
        let columns = self.columns(object).await?;
        for batch in ids.chunks(READ) {
            let call = self
                .api
                .call("POST", "/composite/sobjects/{object}")
                .await?;
            let call = call
                .path("object", object)
                .json(&json!({"ids": batch, "fields": columns}));
            match self.api.json(call).await? {
                Value::Array(list) => records.extend(list),
                _ => return Err(super::api::odd("a collection read answered no list")),
            }
        }
        let next = covered(&answer, until);
        self.changed(records, cursor, next)
    }

    /// For objects that the change resources do not know.
    async fn updated_by_query(
        &self,
        object: &str,
        cursor: &Cursor,
        until: Timestamp,
    ) -> Result<Polled, CardError> {
        let columns = self.columns(object).await?.join(", ");
        let (since, end) = (soql::moment(cursor.since), soql::moment(until));
        let records = self
            .api
            .query(&format!(
                "SELECT {columns} FROM {object} WHERE SystemModstamp >= {since} AND SystemModstamp < {end} ORDER BY SystemModstamp, Id"
            ))
            .await?;
        self.changed(records, cursor, until)
    }

    /// Changed records, without those that are new, gone, or passed on before.
    fn changed(
        &self,
        records: Vec<Value>,
        cursor: &Cursor,
        next: Timestamp,
    ) -> Result<Polled, CardError> {
        let mut events = Vec::new();
        let mut seen = Vec::new();
        for found in records {
            // An id may be gone before it is read.
            let Some(id) = found["Id"].as_str().map(str::to_owned) else {
                continue;
            };
            let stamp = found["SystemModstamp"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let created = found["CreatedDate"].as_str().and_then(parse_moment);
            let mark = (id, stamp);
            let known = cursor.seen.contains(&mark);
            seen.push(mark);
            if known || created.is_some_and(|created| created >= cursor.since) {
                continue;
            }
            events.push(record(found));
        }
        polled(events, &Cursor { since: next, seen })
    }

    async fn deleted(
        &self,
        object: &str,
        cursor: &Cursor,
        until: Timestamp,
    ) -> Result<Polled, CardError> {
        let answer = self.changes(object, "deleted", cursor.since, until).await?;
        let mut events = Vec::new();
        let mut seen = Vec::new();
        for gone in answer["deletedRecords"].as_array().into_iter().flatten() {
            let text = |name: &str| gone[name].as_str().unwrap_or_default().to_owned();
            let mark = (text("id"), text("deletedDate"));
            seen.push(mark.clone());
            if !cursor.seen.contains(&mark) {
                events.push(json!({"record": {"record_id": mark.0, "time_deleted": mark.1}}));
            }
        }
        polled(
            events,
            &Cursor {
                since: covered(&answer, until),
                seen,
            },
        )
    }

    async fn changes(
        &self,
        object: &str,
        what: &'static str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Value, CardError> {
        let path = format!("/sobjects/{{object}}/{what}/");
        let call = self.api.call("GET", &path).await?;
        self.api
            .json(
                call.path("object", object)
                    .query("start", soql::moment(since))
                    .query("end", soql::moment(until)),
            )
            .await
    }
}

fn polled(events: Vec<Value>, cursor: &Cursor) -> Result<Polled, CardError> {
    let cursor =
        serde_json::to_value(cursor).map_err(|_| super::api::odd("the cursor is no JSON"))?;
    Ok(Polled {
        events,
        cursor: Some(cursor),
    })
}

fn record(mut found: Value) -> Value {
    if let Value::Object(fields) = &mut found {
        fields.remove("attributes");
    }
    json!({"record": {"record_fields": found}})
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// The seconds are cut off: windows begin and end at full minutes.
fn minute(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second() - moment.as_second().rem_euclid(60)).unwrap_or(moment)
}

/// Where the next window begins: what Salesforce has covered, which trails long transactions; never later.
fn covered(answer: &Value, until: Timestamp) -> Timestamp {
    answer["latestDateCovered"]
        .as_str()
        .and_then(parse_moment)
        .map_or(until, |covered| covered.min(until))
}
