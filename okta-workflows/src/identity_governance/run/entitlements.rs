//! Entitlements, their values, and bundles.

use okta_governance::Governance as _;
use serde_json::json;

use super::{Cx, NONE};
use crate::card::types::Value;
use crate::generated::identity_governance::actions::*;
use crate::okta::run::{Expression, members, model, moment, text};
use crate::run::{Outputs, Stream};

pub(crate) async fn create_entitlement(cx: &Cx<'_>, card: CreateEntitlement) -> Outputs {
    let (entitlement, value) = (card.input.entitlement, card.input.entitlement_value);
    let data_type = if entitlement.multi_value {
        "array".to_owned()
    } else {
        entitlement.data_type
    };
    let value = members([
        ("name", text(Some(value.name))),
        ("externalValue", text(Some(value.external_value))),
        ("description", text(value.description)),
    ]);
    let body = members([
        ("name", text(Some(entitlement.name))),
        ("externalValue", text(Some(entitlement.external_value))),
        ("multiValue", Some(entitlement.multi_value.into())),
        ("dataType", text(Some(data_type))),
        (
            "parent",
            Some(json!({"externalId": entitlement.parent_external_id, "type": "APPLICATION"})),
        ),
        ("values", Some(json!([value]))),
    ]);
    let operation = cx.service.governance().entitlements().create(&model(body)?);
    cx.answer(operation, NONE).await
}

macro_rules! stream {
    ($input:expr) => {
        Stream {
            flow: $input.streaming.flow,
            record_limit: $input.streaming.record_limit,
            limit_field: "streaming.record_limit",
            ..Default::default()
        }
    };
}

/// Operator of a choice of `Search By`.
fn operator(choice: &str) -> &'static str {
    match choice {
        "Contain" => "co",
        "Starts With" => "sw",
        "Greater Than" => "gt",
        "Greater than or Equal to" => "ge",
        "Less Than" => "lt",
        "Less than or Equal to" => "le",
        _ => "eq",
    }
}

pub(crate) async fn search_entitlements(cx: &Cx<'_>, card: SearchEntitlements) -> Outputs {
    let (parent, search) = (card.input.parent, card.input.search);
    let choice = card
        .options
        .search_by
        .map_or("Equals", |choice| choice.as_str());
    // The API compares names by their beginning or a part only.
    let by = if choice == "Contain" { "co" } else { "sw" };
    let filter = Expression::default()
        .and("parent.externalId", Some(&parent.external_id))
        .and("parent.type", Some("APPLICATION"))
        .and("parentResourceOrn", parent.resource_orn.as_deref())
        .and_by("name", by, search.name.as_deref())
        .text()
        .unwrap_or_default();
    let operation = cx.service.governance().entitlements().list(filter);
    let mut stream = stream!(card.input);
    if let Some(name) = search.name.filter(|_| choice == "Equals") {
        stream.keep = Some(Box::new(move |item| item["name"] == name.as_str()));
    }
    cx.list(operation, stream, NONE).await
}

pub(crate) async fn search_entitlement_values(
    cx: &Cx<'_>,
    card: SearchEntitlementValues,
) -> Outputs {
    let choice = card
        .options
        .search_by
        .map_or("Contain", |choice| choice.as_str());
    let filter = Expression::default()
        .and_by("name", operator(choice), card.input.search.name.as_deref())
        .text();
    let mut operation = cx
        .service
        .governance()
        .entitlements()
        .values(card.input.entitlement.id)
        .list();
    if let Some(filter) = filter {
        operation = operation.filter(filter);
    }
    cx.list(operation, stream!(card.input), NONE).await
}

pub(crate) async fn create_bundle(cx: &Cx<'_>, card: CreateBundle) -> Outputs {
    let input = card.input;
    let (ids, values) = (
        input.entitlements.entitlement_id_n,
        input.entitlements.entitlement_values_n,
    );
    let number: usize = card
        .options
        .entitlement_number
        .trim()
        .parse()
        .map_err(|_| cx.invalid("entitlement_number", "expected a whole number"))?;
    if ids.len() != number || values.len() != number {
        return Err(cx.invalid(
            "entitlements.entitlement_id_n",
            format!("expected {number} entitlements with their values, as the option says"),
        ));
    }
    let entitlements: Vec<Value> = ids
        .into_iter()
        .zip(values)
        .map(|(id, values)| {
            let values: Vec<Value> = values.into_iter().map(|id| json!({"id": id})).collect();
            json!({"id": id, "values": values})
        })
        .collect();
    let body = members([
        ("name", text(Some(input.bundle.name))),
        ("description", text(input.bundle.description)),
        (
            "target",
            Some(json!({"externalId": input.target_resource.id, "type": "APPLICATION"})),
        ),
        ("entitlements", Some(entitlements.into())),
    ]);
    let operation = cx
        .service
        .governance()
        .entitlement_bundles()
        .create(&model(body)?);
    cx.answer(operation, NONE).await
}

pub(crate) async fn search_entitlement_bundles(
    cx: &Cx<'_>,
    card: SearchEntitlementBundles,
) -> Outputs {
    let search = card.input.search;
    let by = operator(card.options.search_by.as_str());
    // What the API compares only for equality stays equal, whatever is chosen.
    let name = if matches!(by, "co" | "sw") {
        "co"
    } else {
        "eq"
    };
    let starts = search.name.clone().filter(|_| by == "sw");
    let time = if matches!(by, "gt" | "ge" | "lt" | "le") {
        by
    } else {
        "ge"
    };
    let filter = Expression::default()
        .and_by("name", name, search.name.as_deref())
        .and("targetResourceOrn", search.target_resource_orn.as_deref())
        .and("target.externalId", search.target_external_id.as_deref())
        .and("target.type", search.target_type.as_deref())
        .and("status", search.status.as_deref())
        .and_by("lastUpdated", time, moment(search.last_updated).as_deref())
        .text();
    let mut operation = cx.service.governance().entitlement_bundles().list();
    if let Some(filter) = filter {
        operation = operation.filter(filter);
    }
    let mut stream = stream!(card.input);
    if let Some(name) = starts {
        // The API knows no beginning of a bundle's name.
        stream.keep = Some(Box::new(move |item| {
            item["name"]
                .as_str()
                .is_some_and(|found| found.starts_with(&name))
        }));
    }
    cx.list(operation, stream, NONE).await
}
