//! Records of any object.

use serde_json::json;

use super::Cx;
use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::generated::salesforce::actions::*;
use crate::run::Outputs;
use crate::salesforce::api::failure;
use crate::salesforce::error::SalesforceError;
use crate::salesforce::soql;

/// The object's name, which some cards mark as optional and none can do without.
fn object(cx: &Cx<'_>, record_type: impl Into<Option<String>>) -> Result<String, CardError> {
    let name = cx.required("record_type", record_type.into())?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(name)
    } else {
        Err(cx.invalid(
            "record_type",
            "expected the API name of an object, such as Contact",
        ))
    }
}

pub(crate) async fn create_record(cx: &Cx<'_>, card: CreateRecord) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    let fields = card.input.record_fields.createable_fields;
    let id = cx.service.create(&object, &fields).await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "record_id", id);
    Ok(outputs)
}

/// Makes a record for `Create Multiple Records`; calls nothing.
pub(crate) async fn build_record_object(cx: &Cx<'_>, card: BuildRecordObject) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    let mut record = Object::new();
    record.insert("attributes".to_owned(), json!({"type": object}));
    record.extend(card.input.record_fields.record_fields);
    let mut outputs = Object::new();
    cx.put(&mut outputs, "record_object", record);
    Ok(outputs)
}

/// Creates records 200 a request. One that is refused fails the card; those before and after it are created, and the
/// error says which ones.
pub(crate) async fn create_multiple_records(cx: &Cx<'_>, card: CreateMultipleRecords) -> Outputs {
    let records: Vec<Value> = card
        .input
        .records
        .record_objects
        .into_iter()
        .map(Value::from)
        .collect();
    for (index, record) in records.iter().enumerate() {
        if record["attributes"]["type"].as_str().is_none() {
            let place = format!("records.record_objects[{index}].attributes.type");
            return Err(cx.missing(&place));
        }
    }
    let answers = cx.service.collection("POST", &records, None).await?;
    let mut ids: Vec<Value> = Vec::new();
    let mut refused: Option<(usize, SalesforceError)> = None;
    for (index, answer) in answers.iter().enumerate() {
        if answer["success"] == true {
            ids.push(answer["id"].clone());
        } else if refused.is_none() {
            refused = Some((index, SalesforceError::from_element(answer)));
        }
    }
    if let Some((index, refusal)) = refused {
        let created: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        return Err(failure(refusal)
            .at(format!("records.record_objects[{index}]"))
            .with_hint(format!(
                "these records were created: {}",
                created.join(", ")
            )));
    }
    let mut outputs = Object::new();
    cx.put(&mut outputs, "record_ids", Value::from(ids));
    Ok(outputs)
}

/// Reads a record, whole.
async fn read(cx: &Cx<'_>, object: &str, id: String, output: &str) -> Outputs {
    let call = cx.service.call("GET", "/sobjects/{object}/{id}").await?;
    let record = cx
        .service
        .json(call.path("object", object).path("id", id))
        .await?;
    let Value::Object(mut record) = record else {
        return Err(cx.odd("the record is no object"));
    };
    record.remove("attributes");
    let mut outputs = Object::new();
    cx.put(&mut outputs, output, record);
    Ok(outputs)
}

pub(crate) async fn read_record(cx: &Cx<'_>, card: ReadRecord) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    read(cx, &object, card.input.read.record_id, "record_fields").await
}

pub(crate) async fn read_user(cx: &Cx<'_>, card: ReadUser) -> Outputs {
    read(cx, "User", card.input.user.user_id, "user_fields").await
}

pub(crate) async fn update_record(cx: &Cx<'_>, card: UpdateRecord) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    let fields = card.input.record.updateable_fields.into();
    cx.service
        .update(&object, &card.input.update.record_id, &fields)
        .await?;
    Ok(Object::new())
}

pub(crate) async fn delete_record(cx: &Cx<'_>, card: DeleteRecord) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    let call = cx.service.call("DELETE", "/sobjects/{object}/{id}").await?;
    let call = call
        .path("object", object)
        .path("id", card.input.record.record_id);
    Ok(cx.status(cx.service.send(call).await?.status()))
}

/// Ids of the records whose fields have these values.
pub(super) async fn search(
    cx: &Cx<'_>,
    object: &str,
    wanted: Object,
    group: &str,
) -> Result<Vec<Value>, CardError> {
    let mut conditions = Vec::new();
    if !wanted.is_empty() {
        let fields = cx.service.fields(object).await?;
        for (name, value) in wanted {
            let place = format!("{group}.{name}");
            let field = fields
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case(&name))
                .ok_or_else(|| cx.invalid(&place, format!("{object} has no such field")))?;
            if !field.filterable {
                return Err(cx.invalid(&place, "the field cannot be searched for"));
            }
            if value.is_null() {
                continue;
            }
            let condition = soql::condition(&field.name, &field.kind, &value);
            conditions.push(condition.map_err(|problem| cx.invalid(&place, problem))?);
        }
    }
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    let records = cx
        .service
        .query(&format!("SELECT Id FROM {object}{filter}"))
        .await?;
    Ok(records
        .into_iter()
        .map(|mut record| record["Id"].take())
        .collect())
}

pub(crate) async fn search_records(cx: &Cx<'_>, card: SearchRecords) -> Outputs {
    let object = object(cx, card.options.record_type)?;
    let ids = search(cx, &object, card.input.fields.searchable_fields, "fields").await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "record_i_ds", Value::from(ids));
    Ok(outputs)
}

pub(crate) async fn execute_query(cx: &Cx<'_>, card: ExecuteQuery) -> Outputs {
    let records = cx.service.query(&card.input.query.query).await?;
    let mut outputs = Object::new();
    cx.put(&mut outputs, "records", Value::from(records));
    Ok(outputs)
}
