//! Who has an admin role, themselves or through a group.

use serde_json::{Value, json};

use crate::admin;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::json::text;
use crate::paging::{self, Page, Size};

pub(super) fn handler(id: &str) -> Option<Handler> {
    match id {
        "listUsersWithRoleAssignments" => Some(list),
        _ => None,
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let org = &*call.org;
    let groups = org.groups.values().map(|group| text(group, "/id"));
    let governing: Vec<&str> = groups
        .filter(|group| admin::has_roles(org, &format!("/api/v1/groups/{group}")))
        .collect();
    let hits = org.users.placed().filter(|(_, user)| {
        let id = text(user, "/id");
        governing
            .iter()
            .any(|group| org.members.contains(group, id))
            || admin::has_roles(org, &format!("/api/v1/users/{id}"))
    });
    let page = paging::cut(
        call.request,
        &org.settings.paging,
        Size::new(100, 200),
        hits,
    )?;
    let Page { items, next, limit } = page;
    let shown = items.into_iter().map(|user: &Value| {
        let id = text(user, "/id");
        let own = format!("{}/api/v1/users/{id}", call.base());
        json!({
            "id": id, "orn": format!("orn:okta:directory:{}:users:{id}", org.id),
            "_links": { "self": { "href": own }, "roles": { "href": format!("{own}/roles") } },
        })
    });
    let mut body = json!({ "value": shown.collect::<Vec<_>>(), "_links": {} });
    if let Some(cursor) = next {
        let href = paging::next_url(call.request, call.base(), &cursor, limit);
        body["_links"]["next"] = json!({ "href": href });
    }
    Ok(Answer::ok(&body))
}
