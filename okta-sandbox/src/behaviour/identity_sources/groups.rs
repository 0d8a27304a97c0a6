//! Groups of identity sources: each is a group of the org that the app owns.

use serde_json::{Value, json};

use super::{GROUP_ID_LENGTH, check_attributes, external_id, named_source, shelf, users};
use crate::behaviour::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{app_target, group_target, user_target};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "createIdentitySourceGroups" => create,
        "getIdentitySourceGroup" => get,
        "updateIdentitySourceGroups" => update,
        "deleteIdentitySourceGroup" => delete,
        "getIdentitySourceGroupMemberships" => memberships,
        "createIdentitySourceGroupsMemberships" => join,
        "deleteIdentitySourceGroupMemberships" => leave,
        _ => return None,
    })
}

fn group_shelf(source: &Value) -> String {
    shelf(text(source, "/id"), "groups")
}

/// The org's group of an external id; none where it was deleted.
pub(super) fn find(call: &mut Call<'_>, source: &Value, external: &str) -> Option<Value> {
    let record = call
        .org
        .shelf(&group_shelf(source))
        .get(external)
        .cloned()?;
    call.org.groups.get(text(&record, "/id")).cloned()
}

/// What a source may say of a group.
pub(super) fn check_profile(profile: &Value) -> Result<(), Fault> {
    check_attributes(profile)?;
    let name = text(profile, "/displayName");
    if name.is_empty() || name.chars().count() > 255 {
        let cause = "displayName: The length of the value is out of bounds";
        return Err(Fault::validation("displayName", &[cause]));
    }
    if text(profile, "/description").chars().count() > 1024 {
        let cause = "description: The length of the value is out of bounds";
        return Err(Fault::validation("description", &[cause]));
    }
    Ok(())
}

/// Creates or updates the org's group.
pub(super) fn put(call: &mut Call<'_>, source: &Value, external: &str, given: &Value) -> Value {
    let now = clock::zero_millis(call.org.clock.now());
    let known = find(call, source, external);
    let mut profile = json!({ "name": given["displayName"], "description": given["description"] });
    let Some(before) = known else {
        let id = call.org.dice.id("00g");
        let mut group = groups::fresh(&id, "APP_GROUP", &profile, &now);
        group["source"] = json!({ "id": source["id"] });
        call.org.groups.put(&id, group.clone());
        let record = json!({ "id": id, "externalId": external });
        call.org.shelf(&group_shelf(source)).put(external, record);
        call.log("group.lifecycle.create", vec![group_target(&group)]);
        return group;
    };
    if given.get("description").is_none() {
        profile["description"] = before["profile"]["description"].clone();
    }
    let mut group = before.clone();
    group["profile"] = profile;
    if group != before {
        group["lastUpdated"] = json!(now);
        call.org.groups.put(text(&before, "/id"), group.clone());
        call.log("group.profile.update", vec![group_target(&group)]);
    }
    group
}

/// Deletes the org's group.
pub(super) fn drop(call: &mut Call<'_>, source: &Value, external: &str) -> Option<Value> {
    let group = find(call, source, external);
    call.org.shelf(&group_shelf(source)).remove(external);
    let group = group?;
    groups::dissolve(call, &group);
    Some(group)
}

/// Begins or ends a membership.
pub(super) fn set_member(call: &mut Call<'_>, group: &Value, user: &Value, join: bool) {
    let (group, user) = (text(group, "/id"), text(user, "/id"));
    if join {
        groups::add_member(call, group, user);
    } else {
        groups::remove_member(call, group, user);
    }
}

/// The source, the external id and the group that a path names by either id.
fn named_group(call: &mut Call<'_>) -> Result<(Value, String, Value), Fault> {
    let source = named_source(call)?;
    let named = call.parameter(1);
    let external = {
        let groups = call.org.shelf(&group_shelf(&source));
        let record = groups.get(named);
        let record = record.or_else(|| groups.values().find(|record| record["id"] == named));
        record.map(|record| text(record, "/externalId").to_owned())
    };
    let found = external.and_then(|external| {
        let group = find(call, &source, &external)?;
        Some((external, group))
    });
    let (external, group) = found.ok_or_else(|| Fault::not_found(named, "UserGroup"))?;
    Ok((source, external, group))
}

fn view(external: &str, group: &Value) -> Value {
    json!({
        "id": group["id"], "externalId": external,
        "profile": {
            "displayName": group["profile"]["name"], "description": group["profile"]["description"],
        },
    })
}

fn log(call: &mut Call<'_>, source: &Value, group: &Value, verb: &str) {
    let event = format!("system.identity_sources.group.{verb}");
    call.log(&event, vec![group_target(group), app_target(source)]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let source = named_source(call)?;
    let body = call.request.object()?;
    let external = external_id(&body, "externalId", GROUP_ID_LENGTH)?;
    check_profile(&body["profile"])?;
    if find(call, &source, external).is_some() {
        let cause = "externalId: An object with this field already exists in the identity source";
        return Err(Fault::validation("externalId", &[cause]));
    }
    let group = put(call, &source, external, &body["profile"]);
    log(call, &source, &group, "create");
    Ok(Answer::ok(&view(external, &group)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, external, group) = named_group(call)?;
    Ok(Answer::ok(&view(&external, &group)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (source, external, _) = named_group(call)?;
    let body = call.request.object()?;
    check_profile(&body["profile"])?;
    let group = put(call, &source, &external, &body["profile"]);
    log(call, &source, &group, "update");
    Ok(Answer::ok(&view(&external, &group)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (source, external, group) = named_group(call)?;
    drop(call, &source, &external);
    log(call, &source, &group, "delete");
    Ok(Answer::no_content())
}

fn memberships(call: &mut Call<'_>) -> Outcome {
    let (source, _, group) = named_group(call)?;
    let known = users::external_ids(call.org, &source);
    let members = call.org.members.of(text(&group, "/id"));
    let external: Vec<&str> = members
        .filter_map(|(_, user, ())| known.get(user).copied())
        .collect();
    Ok(Answer::ok(&json!({ "memberExternalIds": external })))
}

fn change_member(call: &mut Call<'_>, external: &str, join: bool) -> Outcome {
    let (source, _, group) = named_group(call)?;
    let found = users::find(call, &source, external);
    let (_, user) = found.ok_or_else(|| Fault::not_found(external, "AppUser"))?;
    set_member(call, &group, &user, join);
    let event = match join {
        true => "system.identity_sources.group.user.assign",
        false => "system.identity_sources.group.user.revoke",
    };
    let targets = vec![
        user_target(&user),
        group_target(&group),
        app_target(&source),
    ];
    call.log(event, targets);
    Ok(Answer::no_content())
}

fn join(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let external = external_id(&body, "memberExternalId", GROUP_ID_LENGTH)?;
    change_member(call, external, true)
}

fn leave(call: &mut Call<'_>) -> Outcome {
    change_member(call, call.parameter(2), false)
}
