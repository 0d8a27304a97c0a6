//! What belongs to a user: groups, app links, blocks, sessions.

use serde_json::{Value, json};

use super::named_user;
use crate::admin::Listed;
use crate::behaviour::{apps, groups, sessions};
use crate::call::{Call, Outcome};
use crate::exchange::Answer;
use crate::json::text;
use crate::log::user_target;
use crate::oauth::lockout;
use crate::paging::Size;

pub(super) fn groups(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let base = call.base();
    let org = &*call.org;
    let sees = call.sees(Listed::Groups);
    let held = org
        .members
        .holders(text(&user, "/id"))
        .filter_map(|(place, group)| Some((place, org.groups.get(group)?)))
        .filter(|(_, group)| sees(group));
    call.list(Size::new(200, 200), held, |group| {
        groups::view(org, group, base)
    })
}

pub(super) fn app_links(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let mut links = Vec::new();
    for (_, app) in call.org.app_users.holders(text(&user, "/id")) {
        let Some(app) = call
            .org
            .apps
            .get(app)
            .filter(|a| text(a, "/status") == "ACTIVE")
        else {
            continue;
        };
        for (name, href) in apps::links::sign_on(app, call.base()) {
            links.push(json!({
                "id": name, "label": text(app, "/label"), "linkUrl": href,
                "logoUrl": null, "appName": text(app, "/name"), "appInstanceId": text(app, "/id"),
                "appAssignmentId": null, "credentialsSetup": false, "hidden": false, "sortOrder": links.len(),
            }));
        }
    }
    call.all(links)
}

pub(super) fn blocks(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    let devices = lockout::blocked(call.org, text(&user, "/id"));
    let block = devices.map(|devices| json!({ "type": "DEVICE_BASED", "appliesTo": devices }));
    call.all(block.into_iter().collect())
}

/// Ends all sessions of a user.
pub(super) fn end_sessions(call: &mut Call<'_>, user: &Value) {
    call.org.authority.end_sessions(text(user, "/id"));
    sessions::end_of(call.org, text(user, "/id"));
    call.log("user.session.clear", vec![user_target(user)]);
}

pub(super) fn revoke_sessions(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    end_sessions(call, &user);
    if call.request.flag("oauthTokens", false) {
        call.org.authority.revoke_user(text(&user, "/id"));
        call.log("app.oauth2.token.revoke", vec![user_target(&user)]);
    }
    Ok(Answer::no_content())
}
