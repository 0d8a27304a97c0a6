//! The targets of a user's roles over all ways in which they have them, and roles for all apps.

use serde_json::{Value, json};

use super::{Assignee, base32};
use crate::behaviour::users;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getRoleTargetsByUserIdAndRoleId" => list,
        "assignAllAppsAsTargetToRoleForUser" => all_apps,
        _ => return None,
    })
}

/// The kind of targets that a standard role may have, by the shelf below the role.
pub(super) fn target_kind(role: &str) -> Option<&'static str> {
    match role {
        "APP_ADMIN" => Some("catalog/apps"),
        "USER_ADMIN" | "HELP_DESK_ADMIN" | "GROUP_MEMBERSHIP_ADMIN" => Some("groups"),
        _ => None,
    }
}

fn wrong_role() -> Fault {
    let summary = "The provided role type was not the same as required role type.";
    Fault::api(400, "E0000091", summary, &[])
}

/// The targets of one assigned role; roles of other kinds have none.
fn targets(call: &Call<'_>, assignee: &str, role: &Value, way: &str) -> Vec<Value> {
    let Some(kind) = target_kind(text(role, "/type")) else {
        return Vec::new();
    };
    let own = format!("{assignee}/roles/{}", text(role, "/id"));
    let ends = super::governance::expirations(call.org, &own);
    let listed = call.org.shelves.get(&format!("{own}/targets/{kind}"));
    let listed = listed.into_iter().flat_map(|shelf| shelf.values());
    let shown = listed.map(|one| {
        let (org, base) = (&call.org.id, call.base());
        let (orn, path) = match (one.as_str(), text(one, "/id")) {
            (Some(group), _) => (
                format!("orn:okta:directory:{org}:groups:{group}"),
                format!("groups/{group}"),
            ),
            (None, "") => {
                let name = text(one, "/name");
                let path = format!("apps?filter=name+eq+%22{name}%22");
                (format!("orn:okta:idp:{org}:apps:{name}"), path)
            }
            (None, app) => {
                let orn = call.org.apps.get(app).map_or("", |app| text(app, "/orn"));
                (orn.to_owned(), format!("apps/{app}"))
            }
        };
        let target = one.as_str().unwrap_or_else(|| text(one, "/id"));
        let mut shown = json!({
            "assignmentType": way, "orn": orn,
            "_links": { "self": { "href": format!("{base}/api/v1/{path}") } },
        });
        if let Some(date) = ends
            .iter()
            .find(|(of, _)| of == target)
            .map(|(_, date)| date)
        {
            shown["expiration"] = json!(date);
        }
        shown
    });
    shown.collect()
}

/// The role of an assignee that is named by its own id or by its encoded type.
fn found<'o>(org: &'o Org, assignee: &str, wanted: &str) -> Option<&'o Value> {
    let roles = org.shelves.get(&format!("{assignee}/roles"))?;
    let same = |role: &&Value| role["id"] == wanted || base32(text(role, "/type")) == wanted;
    roles.values().find(same)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let user = users::resolve(call, call.parameter(0))?;
    let wanted = call.parameter(1);
    let way = call.request.query("assignmentType");
    if !matches!(way, None | Some("USER" | "GROUP")) {
        let cause = "assignmentType: The value must be one of USER, GROUP.";
        return Err(Fault::validation("assignmentType", &[cause]));
    }
    let org = &*call.org;
    let groups = org.members.holders(&user);
    let groups = groups.map(|(_, group)| ("GROUP", format!("/api/v1/groups/{group}")));
    let own = [("USER", format!("/api/v1/users/{user}"))];
    let roles = own
        .into_iter()
        .chain(groups)
        .filter_map(|(kind, assignee)| {
            let role = found(org, &assignee, wanted)?;
            Some((kind, assignee, role))
        });
    let roles: Vec<(&str, String, &Value)> = roles.collect();
    if roles.is_empty() {
        return Err(Fault::not_found(wanted, "RoleAssignment"));
    }
    let wanted = roles
        .iter()
        .filter(|(kind, ..)| way.is_none_or(|way| way == *kind));
    let all = wanted.flat_map(|(kind, assignee, role)| targets(call, assignee, role, kind));
    let all: Vec<Value> = all.collect();
    let placed = all.iter().zip(1..).map(|(one, place)| (place, one));
    call.list(Size::new(20, 200), placed, Value::clone)
}

/// Without targets the role is for all apps.
fn all_apps(call: &mut Call<'_>) -> Outcome {
    let who = Assignee::of(call)?;
    let role = who.role(call)?;
    if role["type"] != "APP_ADMIN" {
        return Err(wrong_role());
    }
    let shelf = who.targets(call, "catalog/apps")?;
    call.org.shelves.remove(&shelf);
    Ok(Answer::empty(call.operation.success))
}
