//! Data loaded into a session: what may be loaded, and how much.

use serde_json::{Value, json};

use super::sessions::{data, keep, named_open_session};
use super::{GROUP_ID_LENGTH, USER_ID_LENGTH, check_attributes, external_id};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;

/// Most objects of one upload, and most uploads of one session.
const MOST_OBJECTS: usize = 200;
const MOST_UPLOADS: usize = 50;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "uploadIdentitySourceDataForUpsert" => upsert_users,
        "uploadIdentitySourceDataForDelete" => delete_users,
        "uploadIdentitySourceGroupsForUpsert" => upsert_groups,
        "uploadIdentitySourceGroupsDataForDelete" => delete_groups,
        "uploadIdentitySourceGroupMembershipsForUpsert" => upsert_memberships,
        "uploadIdentitySourceGroupMembershipsForDelete" => delete_memberships,
        _ => return None,
    })
}

/// The objects of an upload.
fn objects<'b>(body: &'b Value, member: &str) -> Result<&'b Vec<Value>, Fault> {
    let found = body[member].as_array();
    let Some(found) = found.filter(|list| !list.is_empty()) else {
        let cause = format!("{member}: The field cannot be left blank");
        return Err(Fault::validation(member, &[&cause]));
    };
    if found.len() > MOST_OBJECTS {
        let cause = format!("{member}: The list has more than {MOST_OBJECTS} elements");
        return Err(Fault::validation(member, &[&cause]));
    }
    Ok(found)
}

fn check_entity(body: &Value) -> Result<(), Fault> {
    match &body["entityType"] {
        Value::Null => Ok(()),
        Value::String(kind) if kind == "USERS" => Ok(()),
        _ => {
            let cause = "entityType: The field has an invalid value. Possible values are: [USERS]";
            Err(Fault::validation("entityType", &[cause]))
        }
    }
}

/// Keeps an upload for the import.
fn load(
    call: &mut Call<'_>,
    kind: &str,
    list: &str,
    check: fn(&Value) -> Result<(), Fault>,
) -> Outcome {
    let (source, mut session) = named_open_session(call)?;
    let body = call.request.object()?;
    check_entity(&body)?;
    let objects = objects(&body, list)?;
    for object in objects {
        check(object)?;
    }
    let data = data(text(&source, "/id"), text(&session, "/id"));
    let number = call.org.shelf(&data).len() + 1;
    if number > MOST_UPLOADS {
        let cause = format!("session: At most {MOST_UPLOADS} uploads are allowed per session");
        return Err(Fault::validation("session", &[&cause]));
    }
    let batch = json!({ "kind": kind, "objects": objects });
    call.org.shelf(&data).put(&number.to_string(), batch);
    keep(call, &source, &mut session);
    let event = format!("system.identity_sources.{kind}");
    call.log(&event, vec![app_target(&source)]);
    Ok(Answer::empty(202))
}

fn upsert_users(call: &mut Call<'_>) -> Outcome {
    load(call, "bulk_upsert", "profiles", |user| {
        external_id(user, "externalId", USER_ID_LENGTH)?;
        check_attributes(&user["profile"])
    })
}

fn delete_users(call: &mut Call<'_>) -> Outcome {
    load(call, "bulk_delete", "profiles", |user| {
        external_id(user, "externalId", USER_ID_LENGTH).map(|_| ())
    })
}

fn upsert_groups(call: &mut Call<'_>) -> Outcome {
    load(call, "bulk_group_upsert", "profiles", |group| {
        external_id(group, "externalId", GROUP_ID_LENGTH)?;
        super::groups::check_profile(&group["profile"])
    })
}

fn delete_groups(call: &mut Call<'_>) -> Outcome {
    load(call, "bulk_group_delete", "externalIds", |id| {
        external_id(
            &json!({ "externalIds": id }),
            "externalIds",
            GROUP_ID_LENGTH,
        )
        .map(|_| ())
    })
}

fn check_membership(membership: &Value) -> Result<(), Fault> {
    external_id(membership, "groupExternalId", GROUP_ID_LENGTH)?;
    let Some(members) = membership["memberExternalIds"].as_array() else {
        let cause = "memberExternalIds: The field cannot be left blank";
        return Err(Fault::validation("memberExternalIds", &[cause]));
    };
    for member in members {
        let member = json!({ "memberExternalIds": member });
        external_id(&member, "memberExternalIds", GROUP_ID_LENGTH)?;
    }
    Ok(())
}

fn upsert_memberships(call: &mut Call<'_>) -> Outcome {
    let kind = "bulk_group_membership_upsert";
    load(call, kind, "memberships", check_membership)
}

fn delete_memberships(call: &mut Call<'_>) -> Outcome {
    let kind = "bulk_group_membership_delete";
    load(call, kind, "memberships", check_membership)
}
