//! The import of what a session holds. What does not fit is logged and left out; the rest goes on.

use serde_json::Value;

use super::{groups, users};
use crate::call::Call;
use crate::json::text;
use crate::log::{app_target, group_target, named, user_target};

/// Imports one upload.
pub(super) fn batch(call: &mut Call<'_>, source: &Value, batch: &Value) {
    let kind = text(batch, "/kind");
    for object in batch["objects"].as_array().into_iter().flatten() {
        match kind {
            "bulk_upsert" => user(call, source, object),
            "bulk_delete" => user_goes(call, source, object),
            "bulk_group_upsert" => group(call, source, object),
            "bulk_group_delete" => group_goes(call, source, object),
            kind => memberships(call, source, object, kind.ends_with("upsert")),
        }
    }
}

fn user(call: &mut Call<'_>, source: &Value, given: &Value) {
    let external = text(given, "/externalId");
    let known = users::find(call, source, external).is_some();
    let event = match known {
        true => "system.import.user.update",
        false => "system.import.user.create",
    };
    match users::put(call, source, external, &given["profile"]) {
        Ok(user) => call.log(event, vec![user_target(&user), app_target(source)]),
        Err(fault) => {
            let user = named("AppUser", external, external, external);
            let targets = vec![user, app_target(source)];
            call.log_failure(event, targets, &fault.text());
        }
    }
}

fn user_goes(call: &mut Call<'_>, source: &Value, given: &Value) {
    if let Some(user) = users::drop(call, source, text(given, "/externalId")) {
        let targets = vec![user_target(&user), app_target(source)];
        call.log("system.import.user.delete", targets);
    }
}

fn group(call: &mut Call<'_>, source: &Value, given: &Value) {
    let external = text(given, "/externalId");
    let event = match groups::find(call, source, external) {
        Some(_) => "system.import.group.update",
        None => "system.import.group.create",
    };
    let group = groups::put(call, source, external, &given["profile"]);
    call.log(event, vec![group_target(&group), app_target(source)]);
}

fn group_goes(call: &mut Call<'_>, source: &Value, external: &Value) {
    let external = external.as_str().unwrap_or_default();
    if let Some(group) = groups::drop(call, source, external) {
        let targets = vec![group_target(&group), app_target(source)];
        call.log("system.import.group.delete", targets);
    }
}

fn memberships(call: &mut Call<'_>, source: &Value, given: &Value, join: bool) {
    let Some(group) = groups::find(call, source, text(given, "/groupExternalId")) else {
        return;
    };
    let members = given["memberExternalIds"].as_array();
    for external in members.into_iter().flatten().filter_map(Value::as_str) {
        let Some((_, user)) = users::find(call, source, external) else {
            continue;
        };
        groups::set_member(call, &group, &user, join);
    }
}
