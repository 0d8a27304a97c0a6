//! Calls of the Salesforce REST API.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use okta_core::call::UntypedCall;
use okta_core::{Client, RawResponse};
use serde_json::json;

use super::error::{SalesforceError, SalesforceErrorKind};
use crate::card::types::{Object, Value};
use crate::error::{CardError, CardErrorKind};
use crate::oauth::OAuthConnection;

/// Times that a request is repeated which surely changed nothing.
const REPEATS: u32 = 3;
/// Records that one collection request takes.
pub(crate) const COLLECTION: usize = 200;

/// The API of one org. Cloning shares it.
#[derive(Clone, Debug)]
pub struct SalesforceApi {
    connection: OAuthConnection,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    version: Mutex<Option<String>>,
    usage: Mutex<Option<ApiUsage>>,
    fields: Mutex<BTreeMap<String, Arc<Vec<SalesforceField>>>>,
}

/// How much of the allowance of a day is used, as the last answer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiUsage {
    /// Requests in the last 24 hours.
    pub used: u64,
    /// Requests allowed.
    pub allowed: u64,
}

/// A field of an object, as `describe` gives it.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SalesforceField {
    /// API name.
    pub name: String,
    /// Label.
    pub label: String,
    /// `string`, `boolean`, `datetime`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// May be set at creation.
    pub createable: bool,
    /// May be changed.
    pub updateable: bool,
    /// May be empty.
    pub nillable: bool,
    /// Has a value if none is given.
    pub defaulted_on_create: bool,
    /// May stand in a WHERE clause.
    pub filterable: bool,
    /// Made by the customer.
    pub custom: bool,
    /// Values of a picklist.
    pub picklist_values: Vec<Object>,
}

impl SalesforceField {
    /// Whether a new record needs it.
    pub fn is_required(&self) -> bool {
        self.createable && !self.nillable && !self.defaulted_on_create
    }
}

impl SalesforceApi {
    /// The API that a connection leads to.
    pub fn new(connection: OAuthConnection) -> Self {
        Self {
            connection,
            shared: Arc::default(),
        }
    }

    /// Uses this version, such as `67.0`, instead of the newest that the org has.
    #[must_use]
    pub fn version(self, version: impl Into<String>) -> Self {
        *lock(&self.shared.version) = Some(version.into());
        self
    }

    /// The connection.
    pub fn connection(&self) -> &OAuthConnection {
        &self.connection
    }

    /// What the last answer said about the allowance of a day.
    pub fn usage(&self) -> Option<ApiUsage> {
        *lock(&self.shared.usage)
    }

    pub(crate) async fn client(&self) -> Result<Client, CardError> {
        if !self.connection.is_authorized() {
            // A server needs no person; its instance URL comes with the first token.
            self.connection.inner.access_token().await?;
        }
        self.connection.client()
    }

    /// `/services/data/v67.0`, with the newest version of the org.
    pub async fn base(&self) -> Result<String, CardError> {
        if let Some(version) = lock(&self.shared.version).clone() {
            return Ok(format!("/services/data/v{version}"));
        }
        let client = self.client().await?;
        let raw = self.send(client.call("GET", "/services/data")).await?;
        let versions = crate::run::body(raw.body());
        let number = |version: &str| version.parse::<f64>().unwrap_or_default();
        let newest = versions
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["version"].as_str())
            .max_by(|left, right| number(left).total_cmp(&number(right)))
            .ok_or_else(|| odd("the org lists no API versions"))?;
        *lock(&self.shared.version) = Some(newest.to_owned());
        Ok(format!("/services/data/v{newest}"))
    }

    /// A call below the base path; `{name}` places are filled in by [`UntypedCall::path`].
    pub(crate) async fn call(&self, method: &str, path: &str) -> Result<UntypedCall, CardError> {
        let base = self.base().await?;
        Ok(self.client().await?.call(method, format!("{base}{path}")))
    }

    /// Sends a call. What surely changed nothing is repeated after a wait.
    pub(crate) async fn send(&self, call: UntypedCall) -> Result<RawResponse, CardError> {
        let mut tries = 0;
        loop {
            let error = match call.clone().await {
                Ok(raw) => {
                    self.learn(raw.headers());
                    return Ok(raw);
                }
                Err(error) => error,
            };
            self.learn(error.headers());
            let refusal = SalesforceError::from_body(
                error.status().map(|status| status.as_u16()),
                error.body(),
            );
            if tries < REPEATS && error.status().is_some() && refusal.is_repeatable() {
                tries += 1;
                self.pause(tries).await?;
                continue;
            }
            return Err(if error.status().is_some() {
                failure(refusal)
            } else {
                error.into()
            });
        }
    }

    /// Half a second, twice that, …, with jitter.
    async fn pause(&self, tries: u32) -> Result<(), CardError> {
        let client = self.connection.client()?;
        let mut byte = [0];
        client.random().fill(&mut byte);
        let wait = Duration::from_millis((250 << tries) + u64::from(byte[0]));
        client.clock().sleep(wait).await;
        Ok(())
    }

    fn learn(&self, headers: &http::HeaderMap) {
        let text = headers
            .get("sforce-limit-info")
            .and_then(|value| value.to_str().ok());
        let Some((used, allowed)) = text
            .and_then(|text| {
                text.split(',')
                    .find_map(|part| part.trim().strip_prefix("api-usage="))
            })
            .and_then(|usage| usage.split_once('/'))
        else {
            return;
        };
        if let (Ok(used), Ok(allowed)) = (used.parse(), allowed.parse()) {
            *lock(&self.shared.usage) = Some(ApiUsage { used, allowed });
        }
    }

    /// The JSON answer of a call.
    pub(crate) async fn json(&self, call: UntypedCall) -> Result<Value, CardError> {
        let raw = self.send(call).await?;
        if raw.body().is_empty() {
            return Ok(Value::Null);
        }
        raw.json()
            .map_err(|_| odd("the answer of Salesforce is no JSON"))
    }

    /// All records of a query, page after page.
    pub async fn query(&self, soql: &str) -> Result<Vec<Value>, CardError> {
        let mut answer = self
            .json(self.call("GET", "/query").await?.query("q", soql))
            .await?;
        let mut records = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        loop {
            if let Value::Array(page) = answer["records"].take() {
                records.extend(page);
            }
            let Some(next) = answer["nextRecordsUrl"]
                .as_str()
                .filter(|_| answer["done"] != true)
            else {
                return Ok(records);
            };
            // Only this org's own path, and never the same page twice.
            if !next.starts_with("/services/data/") || seen.iter().any(|url| url == next) {
                return Err(odd("the link to the next page of a query is unusable"));
            }
            seen.push(next.to_owned());
            let next = next.to_owned();
            answer = self.json(self.client().await?.call("GET", next)).await?;
        }
    }

    /// The fields of an object; asked for once.
    pub async fn fields(&self, object: &str) -> Result<Arc<Vec<SalesforceField>>, CardError> {
        let key = object.to_ascii_lowercase();
        if let Some(known) = lock(&self.shared.fields).get(&key) {
            return Ok(Arc::clone(known));
        }
        let mut answer = self.describe(object).await?;
        let fields: Vec<SalesforceField> = serde_json::from_value(answer["fields"].take())
            .map_err(|_| odd("the description of the object is not as expected"))?;
        let fields = Arc::new(fields);
        lock(&self.shared.fields).insert(key, Arc::clone(&fields));
        Ok(fields)
    }

    /// The description of an object: its fields and what may be done with it.
    pub async fn describe(&self, object: &str) -> Result<Value, CardError> {
        let call = self.call("GET", "/sobjects/{object}/describe").await?;
        self.json(call.path("object", object)).await
    }

    /// What is left of the org's limits.
    pub async fn limits(&self) -> Result<Value, CardError> {
        self.json(self.call("GET", "/limits").await?).await
    }

    /// Creates a record; its id.
    pub(crate) async fn create(&self, object: &str, fields: &Object) -> Result<String, CardError> {
        let call = self.call("POST", "/sobjects/{object}").await?;
        let answer = self.json(call.path("object", object).json(fields)).await?;
        answer["id"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| odd("Salesforce gave no id of the new record"))
    }

    /// Changes a record; the status.
    pub(crate) async fn update(
        &self,
        object: &str,
        id: &str,
        fields: &Value,
    ) -> Result<http::StatusCode, CardError> {
        let call = self.call("PATCH", "/sobjects/{object}/{id}").await?;
        let raw = self
            .send(call.path("object", object).path("id", id).json(fields))
            .await?;
        Ok(raw.status())
    }

    /// Writes many records, 200 a request; the answers in order.
    pub(crate) async fn collection(
        &self,
        method: &str,
        records: &[Value],
        header: Option<(&'static str, &str)>,
    ) -> Result<Vec<Value>, CardError> {
        let mut answers = Vec::new();
        for batch in records.chunks(COLLECTION) {
            let mut call = self.call(method, "/composite/sobjects").await?;
            if let Some((name, value)) = header {
                call = call.header(name, value);
            }
            let answer = self
                .json(call.json(&json!({"allOrNone": false, "records": batch})))
                .await?;
            match answer {
                Value::Array(list) if list.len() == batch.len() => answers.extend(list),
                _ => {
                    return Err(odd(
                        "Salesforce answered another number of records than were sent",
                    ));
                }
            }
        }
        Ok(answers)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn odd(message: &str) -> CardError {
    CardError::new(CardErrorKind::Output, "", message)
}

/// A refusal as the card's error.
pub(crate) fn failure(refusal: SalesforceError) -> CardError {
    let kind = match refusal.kind() {
        SalesforceErrorKind::Session => CardErrorKind::Connection,
        _ => CardErrorKind::Service,
    };
    let error = CardError::new(kind, "", refusal.to_string());
    let error = match refusal.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    };
    error.with_source(refusal)
}
