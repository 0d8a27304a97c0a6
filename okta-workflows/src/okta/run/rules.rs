//! Group rules.

use okta_management::Management as _;
use serde_json::json;

use super::groups::rule;
use super::{Cx, model};
use crate::card::types::Value;
use crate::generated::okta::actions::*;
use crate::project::Aliases;
use crate::run::{Outputs, Stream};

const RULE: Aliases<'_> = &[
    ("expression_conditions", "/conditions/expression/value"),
    ("excluded_users", "/conditions/people/users/exclude"),
    ("exclude_users", "/conditions/people/users/exclude"),
    ("group_assignments", "/actions/assignUserToGroups/groupIds"),
];

/// With names: as [`named`] puts them.
const NAMED_RULE: Aliases<'_> = &[
    ("expression_conditions", "/conditions/expression/value"),
    ("excluded_users", "/conditions/people/users/exclude"),
    ("group_assignments", "/groupAssignments"),
];

/// Members of the rule that only the service sets, or that the card does not show.
pub(crate) async fn create_group_rule(cx: &Cx<'_>, card: CreateGroupRule) -> Outputs {
    let input = card.input.group_rule;
    let body = rule(
        input.name,
        input.expression_conditions,
        input.assign_to_groups,
        input.exclude_users,
    );
    cx.answer(cx.service.groups().rules().create(&model(body)?), RULE)
        .await
}

pub(crate) async fn update_group_rule(cx: &Cx<'_>, card: UpdateGroupRule) -> Outputs {
    let input = card.input.group_rule;
    if input.name.chars().count() > 50 {
        return Err(cx.invalid("group_rule.name", "longer than 50 characters"));
    }
    let mut body = rule(
        input.name,
        input.expression_conditions,
        input.assign_to_groups,
        input.exclude_users,
    );
    body.insert("id".to_owned(), input.id.as_str().into());
    cx.answer(
        cx.service.groups().rules().replace(input.id, &model(body)?),
        RULE,
    )
    .await
}

pub(crate) async fn read_group_rule(cx: &Cx<'_>, card: ReadGroupRule) -> Outputs {
    let operation = cx.service.groups().rules().get(card.input.id).expand(NAMES);
    let body = named(cx.body_of(operation).await?);
    Ok(cx.project(&body, NAMED_RULE))
}

pub(crate) async fn activate_group_rule(cx: &Cx<'_>, card: ActivateGroupRule) -> Outputs {
    cx.done(
        cx.service
            .groups()
            .rules()
            .activate(card.input.group_rule.id),
    )
    .await
}

pub(crate) async fn deactivate_group_rule(cx: &Cx<'_>, card: DeactivateGroupRule) -> Outputs {
    cx.done(
        cx.service
            .groups()
            .rules()
            .deactivate(card.input.group_rule.id),
    )
    .await
}

pub(crate) async fn delete_group_rule(cx: &Cx<'_>, card: DeleteGroupRule) -> Outputs {
    cx.done(cx.service.groups().rules().delete(card.input.group_rule.id))
        .await
}

const NAMES: &str = "groupIdToGroupNameMap";

/// Puts the groups of a rule with their names beside its own members.
fn named(mut rule: Value) -> Value {
    let ids = rule
        .pointer("/actions/assignUserToGroups/groupIds")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let groups: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            let name = rule["_embedded"][NAMES][id.as_str().unwrap_or_default()].clone();
            json!({"id": id, "name": name})
        })
        .collect();
    rule["groupAssignments"] = groups.into();
    rule
}

pub(crate) async fn search_group_rules(cx: &Cx<'_>, card: SearchGroupRules) -> Outputs {
    let mut operation = cx.service.groups().rules().list().expand(NAMES).limit(200);
    if let Some(search) = card.input.inputs.search {
        operation = operation.search(search);
    }
    let mut sink = cx.sink(Stream {
        flow: card.input.streaming.flow,
        record_limit: card.input.search_criteria.record_limit,
        limit_field: "search_criteria.record_limit",
        ..Default::default()
    })?;
    let mut pages = okta_core::operation::Paged::pages(operation);
    while sink.more()
        && let Some(page) = pages.try_next().await?
    {
        for item in &page.items {
            if !sink.more() {
                break;
            }
            let item = serde_json::from_slice(&okta_core::model::encode(item))
                .map_err(|_| cx.odd("a rule is no JSON"))?;
            cx.accept(&mut sink, named(item), NAMED_RULE).await?;
        }
    }
    Ok(cx.gathered(sink, NAMED_RULE))
}
