//! Records, queries, changes, limits.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::org::{Org, Record, stamp, status};
use super::refusal::{Refusal, refusal};
use super::schema::{OBJECTS, Object};
use super::soql::{Query, get};
use super::{Answer, Call, answer, text};
use crate::card::types::parse_moment;

const VERSIONS: [&str; 3] = ["65.0", "66.0", "67.0"];

type Given = Result<Answer, Refusal>;

pub(super) fn handle(org: &mut Org, call: &Call<'_>) -> Answer {
    data(org, call).unwrap_or_else(|error| answer(status(error.status), json!([error.to_json()])))
}

fn not_found() -> Refusal {
    refusal(404, "NOT_FOUND", "The requested resource does not exist")
}

fn decode(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment)
        .decode_utf8_lossy()
        .into_owned()
}

fn data(org: &mut Org, call: &Call<'_>) -> Given {
    let path = call.path.trim_end_matches('/');
    if path == "/services/data" {
        let versions: Vec<Value> = VERSIONS
            .iter()
            .map(|version| json!({"version": version, "label": version, "url": format!("/services/data/v{version}")}))
            .collect();
        return Ok(answer(StatusCode::OK, versions.into()));
    }
    if call.token.is_empty() {
        return Err(refusal(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"));
    }
    let session = org
        .sessions
        .get(call.token)
        .filter(|session| session.until > org.now());
    if session.is_none() {
        return Err(refusal(
            401,
            "INVALID_SESSION_ID",
            "Session expired or invalid",
        ));
    }
    org.used += 1;
    if org.used > org.switches.daily_limit {
        return Err(refusal(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        ));
    }
    let segments: Vec<String> = path.split('/').skip(3).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let [version, rest @ ..] = segments.as_slice() else {
        return Err(not_found());
    };
    if !VERSIONS
        .iter()
        .any(|known| version.strip_prefix('v') == Some(*known))
    {
        return Err(not_found());
    }
    let base = format!("/services/data/{version}");
    match (call.method, rest) {
        ("GET", ["limits"]) => {
            let (max, left) = (
                org.switches.daily_limit,
                org.switches.daily_limit - org.used,
            );
            Ok(answer(
                StatusCode::OK,
                json!({"DailyApiRequests": {"Max": max, "Remaining": left}}),
            ))
        }
        ("GET", ["sobjects"]) => {
            let list: Vec<Value> = OBJECTS.iter().map(Object::summary).collect();
            Ok(answer(
                StatusCode::OK,
                json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list}),
            ))
        }
        ("GET", ["query"]) => query(org, call, &base),
        ("GET", ["query", locator]) => {
            let rest = org
                .cursors
                .remove(*locator)
                .ok_or_else(|| refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator"))?;
            Ok(page(org, rest.len(), rest, &base))
        }
        (_, ["composite", "sobjects"]) => collection(org, call),
        ("POST", ["composite", "sobjects", object]) => read_many(org, call, object),
        ("GET", ["sobjects", object, "describe"]) => {
            Ok(answer(StatusCode::OK, org.object(object)?.describe()))
        }
        ("GET", ["sobjects", object, what @ ("updated" | "deleted")]) => {
            changes(org, call, object, what)
        }
        ("POST", ["sobjects", object]) => {
            let fields = body(call)?;
            let id = org.create(object, fields)?;
            Ok(answer(
                StatusCode::CREATED,
                json!({"id": id, "success": true, "errors": []}),
            ))
        }
        ("GET", ["sobjects", object, id]) => {
            let found = org.object(object)?;
            let record = org.find(found, id)?.clone();
            let url = format!("{base}/sobjects/{}/{id}", found.name);
            Ok(answer(
                StatusCode::OK,
                attributed(found.name, &url, record).into(),
            ))
        }
        ("PATCH", ["sobjects", object, id]) => {
            let fields = body(call)?;
            org.update(object, id, fields)?;
            Ok(text(StatusCode::NO_CONTENT, ""))
        }
        ("DELETE", ["sobjects", object, id]) => {
            org.delete(object, id)?;
            Ok(text(StatusCode::NO_CONTENT, ""))
        }
        _ => Err(not_found()),
    }
}

fn attributed(object: &str, url: &str, record: Record) -> Record {
    let mut out = Record::new();
    out.insert("attributes".to_owned(), json!({"type": object, "url": url}));
    out.extend(record);
    out
}

/// JSON, or the parts of a file upload.
fn body(call: &Call<'_>) -> Result<Record, Refusal> {
    let broken = || refusal(400, "JSON_PARSER_ERROR", "the body cannot be read");
    let Some(boundary) = call.kind.strip_prefix("multipart/form-data; boundary=") else {
        return serde_json::from_slice(call.body).map_err(|_| broken());
    };
    let whole = String::from_utf8_lossy(call.body).into_owned();
    let mut record = None;
    let mut file = None;
    for part in whole.split(&format!("--{boundary}")) {
        let Some((head, content)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let content = content.trim_end_matches("\r\n");
        if head.contains("name=\"entity_") && head.contains("application/json") {
            record = Some(serde_json::from_str::<Record>(content).map_err(|_| broken())?);
        } else if head.contains("filename=") {
            file = Some(content.to_owned());
        }
    }
    let mut record = record.ok_or_else(broken)?;
    record.insert("Body".to_owned(), file.ok_or_else(broken)?.into());
    Ok(record)
}

fn query(org: &mut Org, call: &Call<'_>, base: &str) -> Given {
    let soql = super::oauth::get(call.query, "q");
    let query = Query::parse(soql).map_err(|message| refusal(400, "MALFORMED_QUERY", message))?;
    let object = Object::find(&query.object).ok_or_else(|| {
        refusal(
            400,
            "INVALID_TYPE",
            format!("sObject type '{}' is not supported.", query.object),
        )
    })?;
    for name in query.fields() {
        if object.field(name).is_none() {
            let message = format!("No such column '{name}' on entity '{}'", object.name);
            return Err(refusal(400, "INVALID_FIELD", message));
        }
    }
    let none = std::collections::BTreeMap::new();
    let records = org.records.get(object.name).unwrap_or(&none);
    let found = query.run(records.values());
    if query.count {
        let body = json!({"totalSize": found.len(), "done": true, "records": []});
        return Ok(answer(StatusCode::OK, body));
    }
    let list: Vec<Value> = found
        .into_iter()
        .map(|record| {
            let mut shown = Record::new();
            for column in &query.columns {
                let name = object.field(column).map_or("", |field| field.0);
                shown.insert(name.to_owned(), get(record, column).clone());
            }
            let url = format!(
                "{base}/sobjects/{}/{}",
                object.name,
                record["Id"].as_str().unwrap_or_default()
            );
            attributed(object.name, &url, shown).into()
        })
        .collect();
    Ok(page(org, list.len(), list, base))
}

/// A page; what is left gets a locator.
fn page(org: &mut Org, total: usize, mut list: Vec<Value>, base: &str) -> Answer {
    let size = org.switches.page_size.max(1);
    if list.len() <= size {
        return answer(
            StatusCode::OK,
            json!({"totalSize": total, "done": true, "records": list}),
        );
    }
    let rest = list.split_off(size);
    let locator = format!("01gHs{:010}-{size}", org.next());
    org.cursors.insert(locator.clone(), rest);
    let next = format!("{base}/query/{locator}");
    answer(
        StatusCode::OK,
        json!({"totalSize": total, "done": false, "nextRecordsUrl": next, "records": list}),
    )
}

/// Writes of many records: always 200, each with its own outcome.
fn collection(org: &mut Org, call: &Call<'_>) -> Given {
    let body = body(call)?;
    let records = body
        .get("records")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if records.len() > 200 {
        return Err(refusal(
            400,
            "EXCEEDED_ID_LIMIT",
            "record limit reached. cannot submit more than 200 records into this call",
        ));
    }
    let mut outcomes = Vec::new();
    for record in records {
        let object = record["attributes"]["type"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let Value::Object(mut fields) = record else {
            return Err(refusal(400, "JSON_PARSER_ERROR", "a record is an object"));
        };
        let id = fields
            .remove("id")
            .and_then(|id| id.as_str().map(str::to_owned));
        let outcome = match (call.method, id) {
            ("POST", None) => org.create(&object, fields),
            ("PATCH", Some(id)) => org.update(&object, &id, fields).map(|()| {
                // Assignment rules give a lead to nobody here, but they are told apart.
                let _ = call.assigns;
                id
            }),
            _ => Err(refusal(
                400,
                "MISSING_ARGUMENT",
                "Id not specified in an update call",
            )),
        };
        outcomes.push(match outcome {
            Ok(id) => json!({"id": id, "success": true, "errors": []}),
            Err(error) => json!({"success": false, "errors": [
                {"statusCode": error.code, "message": error.message, "fields": error.fields}
            ]}),
        });
    }
    Ok(answer(StatusCode::OK, outcomes.into()))
}

fn read_many(org: &Org, call: &Call<'_>, name: &str) -> Given {
    let object = org.object(name)?;
    let body = body(call)?;
    let texts = |key: &str| -> Vec<String> {
        let list = body.get(key).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let fields = texts("fields");
    let records: Vec<Value> = texts("ids")
        .iter()
        .map(|id| match org.find(object, id) {
            Ok(record) => {
                let shown: Record = fields
                    .iter()
                    .map(|field| (field.clone(), get(record, field).clone()))
                    .collect();
                attributed(object.name, "", shown).into()
            }
            Err(_) => Value::Null,
        })
        .collect();
    Ok(answer(StatusCode::OK, records.into()))
}

fn changes(org: &Org, call: &Call<'_>, name: &str, what: &str) -> Given {
    let object = org.object(name)?;
    let moment = |name: &str| parse_moment(super::oauth::get(call.query, name));
    let bad = |message: &str| refusal(400, "INVALID_REPLICATION_DATE", message);
    let (Some(start), Some(end)) = (moment("start"), moment("end")) else {
        return Err(bad("start and end must be dates"));
    };
    if end.duration_since(start) < SignedDuration::from_mins(1) {
        return Err(bad(
            "startDate should be at least one minute before endDate",
        ));
    }
    let days = if what == "updated" { 30 } else { 15 };
    if org.now().duration_since(start) > SignedDuration::from_hours(24 * days) {
        return Err(bad("startDate is too far in the past"));
    }
    let inside = |at: jiff::Timestamp| at >= start && at <= end;
    let covered = stamp(end.min(org.now()));
    if what == "deleted" {
        let gone: Vec<Value> = org
            .gone
            .iter()
            .filter(|(object_name, _, at)| *object_name == object.name && inside(*at))
            .map(|(_, id, at)| json!({"id": id, "deletedDate": stamp(*at)}))
            .collect();
        return Ok(answer(
            StatusCode::OK,
            json!({"deletedRecords": gone, "earliestDateAvailable": stamp(start), "latestDateCovered": covered}),
        ));
    }
    let ids: Vec<&str> = org
        .records
        .get(object.name)
        .into_iter()
        .flatten()
        .filter(|(_, record)| {
            record["SystemModstamp"]
                .as_str()
                .and_then(parse_moment)
                .is_some_and(inside)
        })
        .map(|(id, _)| id.as_str())
        .collect();
    Ok(answer(
        StatusCode::OK,
        json!({"ids": ids, "latestDateCovered": covered}),
    ))
}
