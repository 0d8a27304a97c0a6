//! Access requests.

use okta_governance::Governance as _;
use serde_json::json;

use super::{Cx, NONE, shouted};
use crate::card::types::Value;
use crate::generated::identity_governance::actions::*;
use crate::okta::run::{Expression, members, model, moment};
use crate::run::{Outputs, Stream};

pub(crate) async fn create_request(cx: &Cx<'_>, card: CreateRequest) -> Outputs {
    let input = card.input;
    let user = |id: String| json!({"externalId": id, "type": "OKTA_USER"});
    // A field is given as its value, or as an object with type and value where the request condition wants a type.
    let fields: Vec<Value> = input
        .requester_fields
        .dynamic_input_fields
        .into_iter()
        .map(|(id, value)| match value {
            Value::Object(mut field) if field.contains_key("value") => {
                field.insert("id".to_owned(), id.into());
                field.into()
            }
            Value::Array(values) => json!({"id": id, "values": values}),
            value => json!({"id": id, "value": value}),
        })
        .collect();
    let body = members([
        (
            "requested",
            Some(json!({"type": "CATALOG_ENTRY", "entryId": input.catalog_entry.id})),
        ),
        ("requestedFor", Some(user(input.requested_for.id))),
        (
            "requestedBy",
            input.requested_by.id.filter(|id| !id.is_empty()).map(user),
        ),
        (
            "requesterFieldValues",
            (!fields.is_empty()).then(|| fields.into()),
        ),
    ]);
    let operation = cx.service.governance().requests_v2().create(&model(body)?);
    cx.answer(operation, NONE).await
}

pub(crate) async fn search_requests(cx: &Cx<'_>, card: SearchRequests) -> Outputs {
    use search_requests::SearchByChoice;
    let search = card.input.search;
    let mut filter = Expression::default();
    match card.options.search_by {
        SearchByChoice::Equals => {
            filter = filter
                .and(
                    "status",
                    search
                        .status
                        .map(|choice| shouted(choice.as_str()))
                        .as_deref(),
                )
                .and("requested.resourceId", search.resource_id.as_deref())
                .and(
                    "requested.resourceType",
                    search
                        .resource_type
                        .map(|choice| shouted(choice.as_str()))
                        .as_deref(),
                )
                .and("requested.accessScopeId", search.access_scope_id.as_deref())
                .and(
                    "requested.accessScopeType",
                    search
                        .access_scope_type
                        .map(|choice| shouted(choice.as_str()))
                        .as_deref(),
                )
                .and(
                    "requestedFor.externalId",
                    search.user_requested_for.as_deref(),
                )
                .and("lastUpdated", moment(search.last_updated).as_deref());
        }
        // The API compares only the time of the last change by order.
        SearchByChoice::GreaterThan => {
            let since =
                moment(search.last_updated).ok_or_else(|| cx.missing("search.last_updated"))?;
            filter = filter.and_by("lastUpdated", "gt", Some(&since));
        }
    }
    let mut operation = cx.service.governance().requests_v2().list();
    if let Some(filter) = filter.text() {
        operation = operation.filter(filter);
    }
    let stream = Stream {
        flow: card.input.streaming.flow,
        record_limit: card.input.streaming.record_limit,
        limit_field: "streaming.record_limit",
        ..Default::default()
    };
    cx.list(operation, stream, NONE).await
}
