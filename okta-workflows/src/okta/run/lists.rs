//! Lists below a user, a group or an app.

use okta_management::Management as _;

use super::Cx;
use super::search::quoted;
use crate::generated::okta::actions::*;
use crate::project::Aliases;
use crate::run::{Outputs, Stream};

macro_rules! stream {
    ($input:expr) => {
        Stream {
            flow: $input.streaming.flow,
            record_limit: $input.list_criteria.record_limit,
            limit_field: "list_criteria.record_limit",
            ..Default::default()
        }
    };
}

pub(super) const APP: Aliases<'_> = &[(
    "request_object_signing_algorithm",
    "/settings/oauthClient/request_object_signing_alg",
)];

pub(crate) async fn get_users_groups(cx: &Cx<'_>, card: GetUsersGroups) -> Outputs {
    let operation = cx.service.users().groups(card.input.user.id).list();
    cx.list(operation, stream!(card.input), &[]).await
}

pub(crate) async fn list_group_members(cx: &Cx<'_>, card: ListGroupMembers) -> Outputs {
    let operation = cx.service.groups().users(card.input.group.group_id).list();
    cx.list(operation, stream!(card.input), &[]).await
}

pub(crate) async fn list_applications_assigned_to_group(
    cx: &Cx<'_>,
    card: ListApplicationsAssignedToGroup,
) -> Outputs {
    let operation = cx.service.groups().apps(card.input.group.id).list();
    cx.list(operation, stream!(card.input), APP).await
}

pub(crate) async fn list_applications_assigned_to_user(
    cx: &Cx<'_>,
    card: ListApplicationsAssignedToUser,
) -> Outputs {
    let filter = format!("user.id eq {}", quoted(&card.input.user.id));
    let operation = cx.service.apps().list().filter(filter);
    cx.list(operation, stream!(card.input), APP).await
}

pub(crate) async fn list_groups_assigned_to_application(
    cx: &Cx<'_>,
    card: ListGroupsAssignedToApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id.clone(),
        "application.id",
    )?;
    cx.list(
        cx.service.apps().groups(app).list(),
        stream!(card.input),
        &[],
    )
    .await
}

pub(crate) async fn list_users_assigned_to_application(
    cx: &Cx<'_>,
    card: ListUsersAssignedToApplication,
) -> Outputs {
    let app = cx.app(
        &card.options.application,
        card.input.application.id.clone(),
        "application.id",
    )?;
    cx.list(
        cx.service.apps().users(app).list(),
        stream!(card.input),
        &[],
    )
    .await
}

/// `q`, where there is one.
pub(crate) async fn search_applications(cx: &Cx<'_>, card: SearchApplications) -> Outputs {
    let mut operation = cx.service.apps().list();
    if let Some(query) = card.input.search.query {
        operation = operation.q(query);
    }
    let stream = Stream {
        flow: card.input.streaming.flow,
        record_limit: card.input.search_criteria.record_limit,
        limit_field: "search_criteria.record_limit",
        ..Default::default()
    };
    cx.list(operation, stream, APP).await
}
