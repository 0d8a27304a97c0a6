//! Groups pushed to an app: each mapping ties a group to one of the app's.

use serde_json::{Value, json};

use crate::behaviour::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGroupPushMappings" => list,
        "createGroupPushMapping" => create,
        "getGroupPushMapping" => get,
        "updateGroupPushMapping" => update,
        "deleteGroupPushMapping" => delete,
        _ => return None,
    })
}

fn shelf(call: &Call<'_>) -> Result<String, Fault> {
    let app = call.parameter(0);
    match call.org.apps.contains(app) {
        true => Ok(format!("/api/v1/apps/{app}/group-push/mappings")),
        false => Err(Fault::not_found(app, "AppInstance")),
    }
}

fn view(call: &Call<'_>, mapping: &Value) -> Value {
    let api = format!("{}/api/v1", call.base());
    let group = |member: &str| json!({ "href": format!("{api}/groups/{}", text(mapping, &format!("/{member}"))) });
    let mut shown = mapping.clone();
    shown["_links"] = json!({
        "app": { "href": format!("{api}/apps/{}", call.parameter(0)) },
        "sourceGroup": group("sourceGroupId"), "targetGroup": group("targetGroupId"),
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let shelf = shelf(call)?;
    let wanted = |name: &str| call.request.query(name).filter(|v| !v.is_empty());
    let (group, status) = (wanted("sourceGroupId"), wanted("status"));
    call.org.shelf(&shelf);
    let hits = call.org.shelves[&shelf].placed().filter(|(_, mapping)| {
        group.is_none_or(|group| text(mapping, "/sourceGroupId") == group)
            && status.is_none_or(|status| text(mapping, "/status") == status)
    });
    call.list(Size::new(100, 1000), hits, |mapping| view(call, mapping))
}

fn named(call: &mut Call<'_>) -> Result<(String, Value), Fault> {
    let shelf = shelf(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf).get(id).cloned();
    found
        .map(|mapping| (shelf, mapping))
        .ok_or_else(|| Fault::not_found(id, "GroupPushMapping"))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let shelf = shelf(call)?;
    let body = call.request.object()?;
    let source = text(&body, "/sourceGroupId");
    if source.is_empty() {
        let cause = "sourceGroupId: The field cannot be left blank";
        return Err(Fault::validation("sourceGroupId", &[cause]));
    }
    if !call.org.groups.contains(source) {
        return Err(Fault::not_found(source, "UserGroup"));
    }
    let taken = call
        .org
        .shelf(&shelf)
        .values()
        .any(|m| text(m, "/sourceGroupId") == source);
    if taken {
        let cause = "sourceGroupId: A mapping of this group already exists";
        return Err(Fault::validation("sourceGroupId", &[cause]));
    }
    let (target, name) = (
        text(&body, "/targetGroupId"),
        text(&body, "/targetGroupName"),
    );
    if target.is_empty() == name.is_empty() {
        let cause = "targetGroupId: Either targetGroupId or targetGroupName must be given";
        return Err(Fault::validation("targetGroupId", &[cause]));
    }
    let now = call.org.clock.now();
    let target = if target.is_empty() {
        // The app makes the group, which then shows as one of the app's.
        let id = call.org.dice.id("00g");
        let profile = json!({ "name": name, "description": null });
        let fresh = groups::fresh(&id, "APP_GROUP", &profile, &clock::zero_millis(now));
        call.org.groups.put(&id, fresh);
        id
    } else if call.org.groups.contains(target) {
        target.to_owned()
    } else {
        return Err(Fault::not_found(target, "UserGroup"));
    };
    let id = call.org.dice.id("gPm");
    let status = match text(&body, "/status") {
        "INACTIVE" => "INACTIVE",
        _ => "ACTIVE",
    };
    let now = clock::seconds(now);
    let mapping = json!({
        "id": id, "created": now, "lastUpdated": now, "sourceGroupId": source, "status": status,
        "targetGroupId": target,
    });
    call.org.shelf(&shelf).put(&id, mapping.clone());
    Ok(Answer::ok(&view(call, &mapping)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, mapping) = named(call)?;
    Ok(Answer::ok(&view(call, &mapping)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (shelf, mut mapping) = named(call)?;
    let body = call.request.object()?;
    let status = text(&body, "/status");
    if !matches!(status, "ACTIVE" | "INACTIVE") {
        let cause = "status: The field has an invalid value";
        return Err(Fault::validation("status", &[cause]));
    }
    mapping["status"] = json!(status);
    mapping["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).put(named_id, mapping.clone());
    Ok(Answer::ok(&view(call, &mapping)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (shelf, mapping) = named(call)?;
    if mapping["status"] == "ACTIVE" {
        let cause = "status: The mapping must be deactivated before deletion";
        return Err(Fault::validation("status", &[cause]));
    }
    let named_id = call.parameter(1);
    call.org.shelf(&shelf).remove(named_id);
    if call.request.flag("deleteTargetGroup", false) {
        let group = text(&mapping, "/targetGroupId");
        call.org.groups.remove(group);
        call.org.members.remove_left(group);
    }
    Ok(Answer::empty(200))
}
