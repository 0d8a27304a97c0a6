//! Applications and the users assigned to them.

use okta_management::Management as _;
use serde_json::json;

use super::{Cx, members, model, text};
use crate::card::types::{Object, SecretCell, Value};
use crate::generated::okta::actions::*;
use crate::run::Outputs;

pub(crate) async fn activate_application(cx: &Cx<'_>, card: ActivateApplication) -> Outputs {
    cx.done(cx.service.apps().activate(card.input.id)).await
}

pub(crate) async fn deactivate_application(cx: &Cx<'_>, card: DeactivateApplication) -> Outputs {
    cx.done(cx.service.apps().deactivate(card.input.id)).await
}

pub(crate) async fn delete_application(cx: &Cx<'_>, card: DeleteApplication) -> Outputs {
    cx.done(cx.service.apps().delete(card.input.id)).await
}

pub(crate) async fn read_application(cx: &Cx<'_>, card: ReadApplication) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    cx.answer(cx.service.apps().get(app), &[]).await
}

/// Credentials of an app user; `None` if neither is given.
fn credentials(username: Option<String>, password: SecretCell) -> Option<Value> {
    let password = password
        .0
        .map(|password| json!({"value": password.expose()}));
    let credentials = members([("userName", text(username)), ("password", password)]);
    (!credentials.is_empty()).then(|| credentials.into())
}

pub(crate) async fn assign_user_to_application_for_sso(
    cx: &Cx<'_>,
    card: AssignUserToApplicationForSso,
) -> Outputs {
    let input = card.input;
    let body = members([
        ("id", text(Some(input.user.user_id))),
        ("scope", input.user.scope.map(|scope| scope.as_str().into())),
        (
            "credentials",
            credentials(input.credentials.username, input.credentials.password),
        ),
    ]);
    let app = cx.app(&card.options.application, None, "application")?;
    cx.answer(cx.service.apps().users(app).create(&model(body)?), &[])
        .await
}

pub(crate) async fn assign_user_to_application_for_sso_and_provisioning(
    cx: &Cx<'_>,
    card: AssignUserToApplicationForSsoAndProvisioning,
) -> Outputs {
    let input = card.input;
    let app = cx.app(
        &card.options.application,
        input.application.app_id,
        "application.app_id",
    )?;
    let body = members([
        ("id", text(Some(input.user.user_id))),
        ("scope", input.user.scope.map(|scope| scope.as_str().into())),
        ("profile", Some(input.profile_properties.profile.into())),
    ]);
    cx.answer(cx.service.apps().users(app).create(&model(body)?), &[])
        .await
}

pub(crate) async fn get_assigned_user_for_application(
    cx: &Cx<'_>,
    card: GetAssignedUserForApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    cx.answer(
        cx.service.apps().users(app).get(card.input.user.user_id),
        &[],
    )
    .await
}

pub(crate) async fn remove_user_from_application(
    cx: &Cx<'_>,
    card: RemoveUserFromApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id,
        "application.id",
    )?;
    let user = card.input.user;
    let mut operation = cx.service.apps().users(app).delete(user.user_id);
    if let Some(mail) = user.send_email {
        operation = operation.send_email(mail);
    }
    cx.done(operation).await
}

pub(crate) async fn update_application_credentials_for_an_assigned_user(
    cx: &Cx<'_>,
    card: UpdateApplicationCredentialsForAnAssignedUser,
) -> Outputs {
    let input = card.input;
    let app = cx.app(
        &card.options.application,
        input.application.id,
        "application.id",
    )?;
    let credentials = credentials(input.credentials.username, input.credentials.password)
        .ok_or_else(|| cx.missing("credentials.username"))?;
    let body = members([("credentials", Some(credentials))]);
    cx.answer(
        cx.service
            .apps()
            .users(app)
            .update(input.user.user_id, &model(body)?),
        &[],
    )
    .await
}

pub(crate) async fn update_application_profile_for_an_assigned_user(
    cx: &Cx<'_>,
    card: UpdateApplicationProfileForAnAssignedUser,
) -> Outputs {
    let input = card.input;
    let app = cx.app(
        &card.options.application,
        input.application.id,
        "application.id",
    )?;
    let profile: Object = input.profile_properties.profile;
    let body = members([("profile", Some(profile.into()))]);
    cx.answer(
        cx.service
            .apps()
            .users(app)
            .update(input.user.user_id, &model(body)?),
        &[],
    )
    .await
}
