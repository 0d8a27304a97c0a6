//! Groups.

use okta_management::Management as _;
use serde_json::json;

use super::{Cx, members, model, text};
use crate::card::types::{Object, Value};
use crate::generated::okta::actions::*;
use crate::run::Outputs;

fn body(name: String, description: Option<String>, further: Object) -> Object {
    let mut profile = members([
        ("name", text(Some(name))),
        ("description", text(description)),
    ]);
    profile.extend(further);
    members([("profile", Some(profile.into()))])
}

pub(crate) async fn create_group(cx: &Cx<'_>, card: CreateGroup) -> Outputs {
    let group = card.input.group;
    let body = model(body(group.name, group.description, Object::new()))?;
    cx.answer(cx.service.groups().create(&body), &[]).await
}

pub(crate) async fn read_group(cx: &Cx<'_>, card: ReadGroup) -> Outputs {
    let mut body = cx
        .body_of(cx.service.groups().get(card.input.group.id))
        .await?;
    let custom: Object = match &body["profile"] {
        Value::Object(profile) => profile
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "name" | "description"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        _ => Object::new(),
    };
    body["custom"] = custom.into();
    Ok(cx.project(&body, &[("custom_group_profile_attributes", "/custom")]))
}

pub(crate) async fn update_group(cx: &Cx<'_>, card: UpdateGroup) -> Outputs {
    let group = card.input.group;
    let further = card.input.custom_properties.custom_group_profile_attributes;
    let body = model(body(group.name, group.description, further))?;
    cx.answer(cx.service.groups().replace(group.id, &body), &[])
        .await
}

pub(crate) async fn delete_group(cx: &Cx<'_>, card: DeleteGroup) -> Outputs {
    cx.done(cx.service.groups().delete(card.input.group.id))
        .await
}

pub(crate) async fn add_user_to_group(cx: &Cx<'_>, card: AddUserToGroup) -> Outputs {
    let (group, user) = (card.input.group.group_id, card.input.user.user_id);
    cx.done(cx.service.groups().users(group).assign(user)).await
}

pub(crate) async fn remove_user_from_group(cx: &Cx<'_>, card: RemoveUserFromGroup) -> Outputs {
    let (group, user) = (card.input.group.id, card.input.user.id);
    cx.done(cx.service.groups().users(group).unassign(user))
        .await
}

pub(crate) async fn assign_group_to_application(
    cx: &Cx<'_>,
    card: AssignGroupToApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let body = model(Object::new())?;
    cx.answer(
        cx.service
            .apps()
            .groups(app)
            .replace(card.input.group.id, &body),
        &[],
    )
    .await
}

pub(crate) async fn read_assigned_group_for_application(
    cx: &Cx<'_>,
    card: ReadAssignedGroupForApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    cx.answer(cx.service.apps().groups(app).get(card.input.group.id), &[])
        .await
}

pub(crate) async fn remove_group_from_application(
    cx: &Cx<'_>,
    card: RemoveGroupFromApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let group = cx.required("group.id", card.input.group.id)?;
    cx.done(cx.service.apps().groups(app).delete(group)).await
}

/// Bodies of group rules.
pub(super) fn rule(
    name: String,
    expression: String,
    groups: Vec<String>,
    excluded: Vec<String>,
) -> Object {
    let condition = json!({"type": "urn:okta:expression:1.0", "value": expression});
    let people = json!({"users": {"exclude": excluded}, "groups": {"exclude": []}});
    members([
        ("type", Some("group_rule".into())),
        ("name", text(Some(name))),
        (
            "conditions",
            Some(json!({"expression": condition, "people": people})),
        ),
        (
            "actions",
            Some(json!({"assignUserToGroups": {"groupIds": groups}})),
        ),
    ])
}
