//! Reads lists by the operations' own table: no list is named here.

use std::collections::BTreeMap;

use anyhow::Result;
use okta_core::http::Method;
use okta_core::model::{Drift, DriftKind, Json};
use okta_core::observe::DriftSummary;
use okta_core::operation::{Location, OperationEntry, Paging, Recode};
use okta_core::{Client, Error, Scopes};
use serde::Serialize;

/// What was read.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) lists: usize,
    pub(crate) objects: usize,
    pub(crate) drift: DriftSummary,
    /// The credential lacks a scope or role, or the org the feature.
    pub(crate) closed: Vec<Closed>,
    /// What failed otherwise.
    pub(crate) failed: Vec<Closed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Closed {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    pub(crate) why: String,
}

/// Lists without places in their path, then the lists below the objects that those gave.
pub(crate) async fn all(client: &Client, pages: usize, sample: usize) -> Result<Seen> {
    let granted = granted(client).await?;
    let mut seen = Seen::default();
    // Ids of the first objects, by the path of their list.
    let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let tables = [okta_management::OPERATIONS, okta_governance::OPERATIONS];
    let readable = tables.concat_refs();
    for entry in readable.iter().filter(|entry| places(entry) == 0) {
        if let Some(lacking) = lacking(entry, granted.as_ref()) {
            seen.closed.push(closed(entry, lacking));
            continue;
        }
        let found = list(client, entry, entry.info.path.to_owned(), pages, &mut seen).await;
        ids.insert(entry.info.path, found.into_iter().take(sample).collect());
    }
    for entry in readable.iter().filter(|entry| places(entry) == 1) {
        let path = entry.info.path;
        let (Some(start), Some(end)) = (path.find("/{"), path.find('}')) else {
            continue;
        };
        if lacking(entry, granted.as_ref()).is_some() {
            continue;
        }
        for id in ids.get(&path[..start]).into_iter().flatten() {
            let path = format!("{}/{id}{}", &path[..start], &path[end + 1..]);
            list(client, entry, path, 1, &mut seen).await;
        }
    }
    Ok(seen)
}

trait ConcatRefs {
    fn concat_refs(self) -> Vec<&'static OperationEntry>;
}

impl ConcatRefs for [&'static [OperationEntry]; 2] {
    /// Reads of JSON that need nothing but what their path says.
    fn concat_refs(self) -> Vec<&'static OperationEntry> {
        self.into_iter()
            .flatten()
            .filter(|entry| {
                let info = entry.info;
                info.method == Method::GET
                    && !info.public
                    && info.api != "oauth"
                    && decoder(entry).is_some()
                    && info
                        .responses
                        .iter()
                        .any(|answer| answer.media == "application/json")
                    && !info
                        .parameters
                        .iter()
                        .any(|one| one.required && one.location != Location::Path)
            })
            .collect()
    }
}

fn places(entry: &OperationEntry) -> usize {
    entry.info.path.matches('{').count()
}

fn decoder(entry: &OperationEntry) -> Option<Recode> {
    entry
        .responses
        .iter()
        .find(|(status, _)| *status == 200)
        .map(|(_, recode)| *recode)
}

/// Scopes of the token; `None` for an API token, which has none.
async fn granted(client: &Client) -> Result<Option<Scopes>> {
    client.preflight(Scopes::default()).await?;
    Ok(client.granted_scopes())
}

fn lacking(entry: &OperationEntry, granted: Option<&Scopes>) -> Option<String> {
    let needed: Scopes = entry.info.scopes.iter().copied().collect();
    let missing = needed.missing_from(granted?);
    (!missing.is_empty()).then(|| format!("no scope {missing}"))
}

fn closed(entry: &OperationEntry, why: String) -> Closed {
    Closed {
        operation: entry.info.id,
        path: entry.info.path,
        why,
    }
}

/// Reads one list; gives the ids of its objects.
async fn list(
    client: &Client,
    entry: &OperationEntry,
    path: String,
    pages: usize,
    seen: &mut Seen,
) -> Vec<String> {
    let mut ids = Vec::new();
    let result = match entry.info.paging {
        Paging::None => whole(client, entry, path, seen, &mut ids).await,
        _ => paged(client, entry, path, pages, seen, &mut ids).await,
    };
    match result {
        Ok(()) => seen.lists += 1,
        // 404: the feature or the object is not there; 400 below an object: it is not of that kind; 400 for a
        // parameter: what to look for has to be said.
        Err(error)
            if error.is_unauthorized()
                || error.is_forbidden()
                || error.is_not_found()
                || error.is_validation()
                    && (places(entry) > 0 || wants_parameter(entry, &error)) =>
        {
            seen.closed.push(closed(entry, short(&error)));
        }
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            seen.failed.push(closed(entry, first.to_owned()));
        }
    }
    ids
}

async fn whole(
    client: &Client,
    entry: &OperationEntry,
    path: String,
    seen: &mut Seen,
    ids: &mut Vec<String>,
) -> Result<(), Error> {
    let answer = client.call(Method::GET, path).await?;
    if !answer.body().is_empty() {
        check(entry, answer.body(), seen);
        if let Ok(items) = answer.json::<Vec<serde_json::Value>>() {
            seen.objects += items.len();
            ids.extend(items.iter().filter_map(id));
        } else {
            seen.objects += 1;
        }
    }
    Ok(())
}

async fn paged(
    client: &Client,
    entry: &OperationEntry,
    path: String,
    pages: usize,
    seen: &mut Seen,
    ids: &mut Vec<String>,
) -> Result<(), Error> {
    let mut call = client.call(Method::GET, path);
    if let Some(limit) = entry.info.max_limit {
        call = call.query("limit", limit);
    }
    let mut stream = call.pages();
    for _ in 0..pages {
        let Some(page) = stream.try_next().await? else {
            break;
        };
        seen.objects += page.items.len();
        ids.extend(page.items.iter().filter_map(|item| id(&item.to().ok()?)));
        let items: Vec<&str> = page.items.iter().map(Json::as_str).collect();
        let array = format!("[{}]", items.join(","));
        let body = match entry.info.items {
            Some(member) => format!("{{\"{member}\":{array}}}"),
            None => array,
        };
        check(entry, body.as_bytes(), seen);
        if page.items.is_empty() {
            break;
        }
    }
    Ok(())
}

fn check(entry: &OperationEntry, body: &[u8], seen: &mut Seen) {
    let Some(recode) = decoder(entry) else {
        return;
    };
    match recode(body) {
        Ok(recoded) => seen.drift.add(entry.info.id, &recoded.drift),
        // Not even the outermost type is as described.
        Err(error) => {
            let drift = Drift {
                path: "$".to_owned(),
                kind: DriftKind::WrongType,
                expected: "what the description says".into(),
                found: error.to_string().into(),
                index: None,
                count: 1,
            };
            seen.drift.add(entry.info.id, &[drift]);
        }
    }
}

fn id(item: &serde_json::Value) -> Option<String> {
    item.get("id")?.as_str().map(str::to_owned)
}

/// Whether the failure is about a parameter of the list, which this program does not give.
fn wants_parameter(entry: &OperationEntry, error: &Error) -> bool {
    let named = error.summary().and_then(|text| text.rsplit(": ").next());
    named.is_some_and(|name| entry.info.has_query(name))
}

fn short(error: &Error) -> String {
    let status = error.status().map(|status| status.as_u16().to_string());
    let parts = [status.as_deref(), error.code(), error.summary()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
