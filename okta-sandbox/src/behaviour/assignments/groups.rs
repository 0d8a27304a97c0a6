//! The groups that an app is assigned to.

use serde_json::{Value, json};

use super::{grant_through, withdraw};
use crate::behaviour::apps::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::{app_target, group_target};
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApplicationGroupAssignments" => list_groups,
        "getApplicationGroupAssignment" => get_group,
        "assignGroupToApplication" => assign_group,
        "updateGroupAssignmentToApplication" => update_group,
        "unassignApplicationFromGroup" => unassign_group,
        _ => return None,
    })
}

fn group_view(assignment: &Value, app: &str, base: &str) -> Value {
    let group = text(assignment, "/id");
    let mut shown = assignment.clone();
    shown["_links"] = json!({
        "app": { "href": format!("{base}/api/v1/apps/{app}") },
        "self": { "href": format!("{base}/api/v1/apps/{app}/groups/{group}") },
        "group": { "href": format!("{base}/api/v1/groups/{group}") },
    });
    shown
}

fn list_groups(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let (org, base) = (&*call.org, call.base());
    let expand = call.request.query("expand") == Some("group");
    let hits = org
        .app_groups
        .of(id)
        .map(|(place, _, value)| (place, value));
    call.list(Size::new(20, 200), hits, |assignment| {
        let mut shown = group_view(assignment, id, base);
        if expand && let Some(group) = org.groups.get(text(assignment, "/id")) {
            shown["_embedded"] =
                json!({ "group": crate::behaviour::groups::view(org, group, base) });
        }
        shown
    })
}

fn get_group(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let group = call.parameter(1);
    let found = call
        .org
        .app_groups
        .get(id, group)
        .ok_or_else(|| Fault::not_found(group, "GroupAssignment"))?;
    Ok(Answer::ok(&group_view(found, id, call.base())))
}

fn put_group(call: &mut Call<'_>, replace: bool) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id").to_owned();
    let group = call.parameter(1);
    let body = call.request.object_or_empty()?;
    let Some(target) = call.org.groups.get(group).map(group_target) else {
        return Err(Fault::not_found(group, "UserGroup"));
    };
    let before = call.org.app_groups.get(&id, group).cloned();
    let mut profile = before
        .as_ref()
        .filter(|_| !replace)
        .map_or_else(|| json!({}), |b| b["profile"].clone());
    if body["profile"].is_object() {
        merge(&mut profile, &body["profile"]);
    }
    let priority = match body["priority"].as_i64() {
        Some(priority) => priority,
        None => before
            .as_ref()
            .and_then(|b| b["priority"].as_i64())
            .unwrap_or_else(|| {
                // Behind all others, also where some in between have gone.
                let others = call.org.app_groups.of(&id);
                let others = others.filter_map(|(.., one)| one["priority"].as_i64());
                others.max().map_or(0, |last| last.saturating_add(1))
            }),
    };
    let now = clock::zero_millis(call.org.clock.now());
    let assignment =
        json!({ "id": group, "lastUpdated": now, "priority": priority, "profile": profile });
    call.org.app_groups.put(&id, group, assignment.clone());
    let event = match before {
        None => "group.application_assignment.add",
        Some(_) => "group.application_assignment.update",
    };
    call.log(event, vec![target, app_target(&app)]);
    let members: Vec<String> = call
        .org
        .members
        .of(group)
        .map(|(_, user, ())| user.to_owned())
        .collect();
    for user in members {
        grant_through(call, &id, group, &user);
    }
    Ok(Answer::ok(&group_view(&assignment, &id, call.base())))
}

fn assign_group(call: &mut Call<'_>) -> Outcome {
    put_group(call, true)
}

/// JSON Patch on profile and priority.
fn update_group(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id").to_owned();
    let group = call.parameter(1);
    let found = call.org.app_groups.get(&id, group).cloned();
    let mut assignment = found.ok_or_else(|| Fault::not_found(group, "GroupAssignment"))?;
    let patch = call.request.json()?;
    let steps = patch.as_array().ok_or_else(Fault::malformed)?;
    for step in steps {
        let names: Vec<&str> = text(step, "/path")
            .trim_start_matches('/')
            .split('/')
            .collect();
        let value = &step["value"];
        match names.as_slice() {
            ["priority"] if value.is_u64() => assignment["priority"] = value.clone(),
            ["profile"] if value.is_object() => assignment["profile"] = value.clone(),
            ["profile", name] if step["op"] == "remove" => {
                crate::json::remove(&mut assignment["profile"], name);
            }
            ["profile", name] => {
                let profile = crate::json::members(&mut assignment["profile"]);
                profile.insert((*name).to_owned(), value.clone());
            }
            _ => return Err(Fault::malformed()),
        }
    }
    assignment["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    call.org.app_groups.put(&id, group, assignment.clone());
    let target = call.org.groups.get(group).map(group_target);
    call.log(
        "group.application_assignment.update",
        target.into_iter().chain([app_target(&app)]).collect(),
    );
    Ok(Answer::ok(&group_view(&assignment, &id, call.base())))
}

fn unassign_group(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id").to_owned();
    let group = call.parameter(1);
    if call.org.app_groups.remove(&id, group).is_none() {
        return Err(Fault::not_found(group, "GroupAssignment"));
    }
    let target = call.org.groups.get(group).map(group_target);
    call.log(
        "group.application_assignment.remove",
        target.into_iter().chain([app_target(&app)]).collect(),
    );
    let members: Vec<String> = call
        .org
        .members
        .of(group)
        .map(|(_, user, ())| user.to_owned())
        .collect();
    for user in members {
        withdraw(call, &id, &user);
    }
    Ok(Answer::no_content())
}
