//! Linked objects.

use okta_management::Management as _;

use super::Cx;
use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::generated::okta::actions::*;
use crate::run::Outputs;

/// The relationship: chosen on the card's face, or an input.
fn relationship(
    cx: &Cx<'_>,
    choice: String,
    input: Option<String>,
    field: &str,
) -> Result<String, CardError> {
    if choice.is_empty() || choice.starts_with("-- Enter ") {
        return cx.required(field, input);
    }
    Ok(choice)
}

pub(crate) async fn set_linked_object_value_for_primary(
    cx: &Cx<'_>,
    card: SetLinkedObjectValueForPrimary,
) -> Outputs {
    let input = card.input;
    let name = relationship(
        cx,
        card.options.primary_name,
        input.linked_object.primary_name,
        "linked_object.primary_name",
    )?;
    let links = cx
        .service
        .users()
        .linked_objects(input.user.associated_user_id);
    cx.done(links.assign(name, input.user.primary_user_id))
        .await
}

pub(crate) async fn delete_linked_object_value(
    cx: &Cx<'_>,
    card: DeleteLinkedObjectValue,
) -> Outputs {
    let input = card.input;
    let name = relationship(
        cx,
        card.options.primary_name,
        input.linked_object.primary_name,
        "linked_object.primary_name",
    )?;
    let links = cx
        .service
        .users()
        .linked_objects(input.user.associated_user_id);
    cx.done(links.delete(name)).await
}

pub(crate) async fn get_primary_linked_object_value(
    cx: &Cx<'_>,
    card: GetPrimaryLinkedObjectValue,
) -> Outputs {
    let input = card.input;
    let name = relationship(
        cx,
        card.options.primary_name,
        input.linked_object.primary_name,
        "linked_object.primary_name",
    )?;
    linked(cx, input.user.associated_user_id, name).await
}

pub(crate) async fn get_associated_linked_object_values(
    cx: &Cx<'_>,
    card: GetAssociatedLinkedObjectValues,
) -> Outputs {
    let input = card.input;
    let name = relationship(
        cx,
        card.options.associated_name,
        input.linked_object.associated_name,
        "linked_object.associated_name",
    )?;
    linked(cx, input.user.primary_user_id, name).await
}

/// Ids and self links of linked users. The card shows text: several users are separated by commas.
async fn linked(cx: &Cx<'_>, user: String, name: String) -> Outputs {
    let body = cx
        .body_of(cx.service.users().linked_objects(user).list(name))
        .await?;
    let links: Vec<&str> = body
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|user| user["_links"]["self"]["href"].as_str())
        .collect();
    let ids: Vec<&str> = links
        .iter()
        .filter_map(|link| link.trim_end_matches('/').rsplit('/').next())
        .collect();
    let mut outputs = Object::new();
    if !links.is_empty() {
        cx.put(&mut outputs, "user_id", Value::from(ids.join(",")));
        cx.put(&mut outputs, "user_self_link", Value::from(links.join(",")));
    }
    Ok(outputs)
}
