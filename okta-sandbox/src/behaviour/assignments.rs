//! Who is assigned to an app: users by hand or through groups.

mod groups;

use serde_json::{Value, json};

use super::apps::named_app;
use super::users;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, text};
use crate::log::{app_target, user_target};
use crate::org::Org;
use crate::paging::{self, Size};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApplicationUsers" => list_users,
        "assignUserToApplication" => assign_user,
        "getApplicationUser" => get_user,
        "updateApplicationUser" => update_user,
        "unassignUserFromApplication" => unassign_user,
        _ => return groups::handler(id),
    })
}

/// The profile that the mapping of an app makes of a user's.
fn mapped_profile(app: &Value, user: &Value) -> Value {
    if text(app, "/signOnMode") != "OPENID_CONNECT" {
        return json!({});
    }
    let own = |name: &str| user["profile"].get(name).cloned().unwrap_or_default();
    let name = format!(
        "{} {}",
        text(user, "/profile/firstName"),
        text(user, "/profile/lastName")
    );
    let or = |name: &str, default: &str| match own(name) {
        Value::Null => json!(default),
        value => value,
    };
    json!({
        "name": name.trim(), "given_name": own("firstName"), "middle_name": own("middleName"),
        "family_name": own("lastName"), "email": own("email"), "nickname": own("nickName"),
        "profile": own("profileUrl"), "zoneinfo": or("timezone", "America/Los_Angeles"),
        "locale": or("locale", "en_US"), "phone_number": own("primaryPhone"),
        "street_address": own("streetAddress"), "locality": own("city"), "region": own("state"),
        "postal_code": own("zipCode"), "country": own("countryCode"), "formatted": own("postalAddress"),
        "website": null, "birthdate": null, "gender": null, "picture": null,
    })
}

/// A new app user as stored.
pub(crate) fn fresh(app: &Value, user: &Value, scope: &str, now: &str) -> Value {
    let login = text(user, "/profile/login");
    json!({
        "id": user["id"], "externalId": null, "created": now, "lastUpdated": now, "scope": scope,
        "status": "ACTIVE", "statusChanged": now, "passwordChanged": null, "syncState": "DISABLED",
        "credentials": { "userName": login }, "profile": mapped_profile(app, user),
    })
}

fn user_view(app_user: &Value, app: &str, base: &str) -> Value {
    let mut links = json!({
        "app": { "href": format!("{base}/api/v1/apps/{app}") },
        "user": { "href": format!("{base}/api/v1/users/{}", text(app_user, "/id")) },
    });
    let mut shown = app_user.clone();
    if let Some(group) = shown.get("group").and_then(Value::as_str) {
        links["group"] = json!({
            "name": group, "href": format!("{base}/api/v1/groups/{group}"),
        });
    }
    crate::json::remove(&mut shown, "group");
    shown["_links"] = links;
    shown
}

fn list_users(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let (org, base) = (&*call.org, call.base());
    let q = call.request.query("q").unwrap_or_default().to_lowercase();
    let expand = call.request.query("expand") == Some("user");
    let after = paging::position(call.request)?;
    let hits = org
        .app_users
        .of_after(id, after)
        .filter(|(_, _, app_user)| {
            q.is_empty()
                || text(app_user, "/credentials/userName")
                    .to_lowercase()
                    .starts_with(&q)
        });
    call.list(
        Size::new(50, 500),
        hits.map(|(place, _, value)| (place, value)),
        |app_user| {
            let mut shown = user_view(app_user, id, base);
            if expand && let Some(user) = org.users.get(text(app_user, "/id")) {
                shown["_embedded"] = json!({ "user": users::view::whole(org, user, base) });
            }
            shown
        },
    )
}

fn assigned<'o>(org: &'o Org, app: &str, user: &str) -> Result<&'o Value, Fault> {
    org.app_users
        .get(app, user)
        .ok_or_else(|| Fault::not_found(user, "AppUser"))
}

fn get_user(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let app_user = assigned(call.org, id, call.parameter(1))?;
    Ok(Answer::ok(&user_view(app_user, id, call.base())))
}

/// Takes over credentials and profile from a body.
fn apply(app_user: &mut Value, body: &Value) {
    let name = text(body, "/credentials/userName");
    if !name.is_empty() {
        app_user["credentials"]["userName"] = json!(name);
    }
    if body.pointer("/credentials/password/value").is_some() {
        app_user["credentials"]["password"] = json!({});
    }
    if body["profile"].is_object() {
        merge(&mut app_user["profile"], &body["profile"]);
    }
}

fn check_profile(call: &Call<'_>, app: &str, body: &Value) -> Result<(), Fault> {
    let schema = call.org.schemas.get(app).unwrap_or(&Value::Null);
    let given = body["profile"].as_object();
    match given.and_then(|m| m.keys().find(|name| !super::schemas::defines(schema, name))) {
        Some(name) => {
            let cause = format!("Property name '{name}' is not defined in profile");
            Err(Fault::validation("profile", &[&cause]))
        }
        None => Ok(()),
    }
}

fn assign_user(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let body = call.request.object()?;
    let user_id = users::resolve(call, text(&body, "/id"))?;
    let user = call.org.users.get(&user_id).cloned().unwrap_or_default();
    if matches!(text(&user, "/status"), "DEPROVISIONED" | "SUSPENDED") {
        return Err(Fault::code("E0000117", &[]));
    }
    let id = text(&app, "/id");
    check_profile(call, id, &body)?;
    let now = clock::zero_millis(call.org.clock.now());
    let known = call.org.app_users.get(id, &user_id).cloned();
    let fresh_one = known.is_none();
    let mut app_user = known.unwrap_or_else(|| fresh(&app, &user, "USER", &now));
    app_user["scope"] = json!("USER");
    app_user["lastUpdated"] = json!(now);
    apply(&mut app_user, &body);
    call.org.app_users.put(id, &user_id, app_user.clone());
    let event = if fresh_one {
        "application.user_membership.add"
    } else {
        "application.user_membership.update"
    };
    call.log(event, vec![user_target(&user), app_target(&app)]);
    Ok(Answer::ok(&user_view(&app_user, id, call.base())))
}

fn update_user(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let user_id = call.parameter(1);
    let mut app_user = assigned(call.org, id, user_id)?.clone();
    let body = call.request.object()?;
    check_profile(call, id, &body)?;
    apply(&mut app_user, &body);
    app_user["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    call.org.app_users.put(id, user_id, app_user.clone());
    let user = call.org.users.get(user_id).map(user_target);
    let targets: Vec<Value> = user.into_iter().chain([app_target(&app)]).collect();
    if !body["credentials"]["password"].is_null() {
        let event = "application.user_membership.change_password";
        call.log(event, targets.clone());
    }
    call.log("application.user_membership.update", targets);
    Ok(Answer::ok(&user_view(&app_user, id, call.base())))
}

fn unassign_user(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let id = text(&app, "/id");
    let user = call.parameter(1);
    if text(assigned(call.org, id, user)?, "/scope") == "GROUP" {
        return Err(Fault::code("E0000046", &[]));
    }
    take_away(call, id, user);
    Ok(Answer::no_content())
}

/// Takes a user's own assignment to an app away, if there is one; access through a group remains.
pub(crate) fn take_away(call: &mut Call<'_>, app: &str, user: &str) {
    let own = assigned(call.org, app, user).is_ok_and(|one| text(one, "/scope") != "GROUP");
    if own {
        call.org.app_users.remove(app, user);
        log_user(call, "application.user_membership.remove", app, user);
        for group in granting_groups(call.org, app, user) {
            grant_through(call, app, &group, user);
        }
    }
}

fn log_user(call: &mut Call<'_>, event: &str, app: &str, user: &str) {
    let user = call.org.users.get(user).map(user_target);
    let app = call.org.apps.get(app).map(app_target);
    call.log(event, user.into_iter().chain(app).collect());
}

fn granting_groups(org: &Org, app: &str, user: &str) -> Vec<String> {
    let groups = org.app_groups.of(app).map(|(_, group, _)| group);
    groups
        .filter(|group| org.members.contains(group, user))
        .take(1)
        .map(str::to_owned)
        .collect()
}

fn grant_through(call: &mut Call<'_>, app: &str, group: &str, user: &str) {
    if gives(call.org, app, group, user) {
        log_user(call, "application.user_membership.add", app, user);
    }
}

/// Gives a member of a group one of its apps; false if they have it, or cannot.
pub(crate) fn gives(org: &mut Org, app: &str, group: &str, user: &str) -> bool {
    if org.app_users.contains(app, user) {
        return false;
    }
    let (Some(instance), Some(person)) = (org.apps.get(app), org.users.get(user)) else {
        return false;
    };
    if text(person, "/status") == "DEPROVISIONED" {
        return false;
    }
    let now = clock::zero_millis(org.clock.now());
    let mut app_user = fresh(instance, person, "GROUP", &now);
    app_user["group"] = json!(group);
    org.app_users.put(app, user, app_user);
    true
}

/// A new member gets the apps of its group.
pub(crate) fn member_joins(call: &mut Call<'_>, group: &str, user: &str) {
    let apps: Vec<String> = call
        .org
        .app_groups
        .holders(group)
        .map(|(_, app)| app.to_owned())
        .collect();
    for app in apps {
        grant_through(call, &app, group, user);
    }
}

/// A former member loses the apps it had through the group only.
pub(crate) fn member_leaves(call: &mut Call<'_>, group: &str, user: &str) {
    let apps: Vec<String> = call
        .org
        .app_groups
        .holders(group)
        .map(|(_, app)| app.to_owned())
        .collect();
    for app in apps {
        withdraw(call, &app, user);
    }
}

fn withdraw(call: &mut Call<'_>, app: &str, user: &str) {
    let through = call
        .org
        .app_users
        .get(app, user)
        .is_some_and(|au| text(au, "/scope") == "GROUP");
    if !through {
        return;
    }
    call.org.app_users.remove(app, user);
    match granting_groups(call.org, app, user).first().cloned() {
        Some(group) => {
            let now = clock::zero_millis(call.org.clock.now());
            let (Some(instance), Some(person)) = (call.org.apps.get(app), call.org.users.get(user))
            else {
                return;
            };
            let mut app_user = fresh(instance, person, "GROUP", &now);
            app_user["group"] = json!(group);
            call.org.app_users.put(app, user, app_user);
        }
        None => log_user(call, "application.user_membership.remove", app, user),
    }
}

/// A group that goes takes its assignments along.
pub(crate) fn group_leaves_all(call: &mut Call<'_>, group: &str) {
    let apps = call.org.app_groups.remove_right(group);
    let members: Vec<String> = call
        .org
        .members
        .of(group)
        .map(|(_, user, ())| user.to_owned())
        .collect();
    for app in apps {
        for user in &members {
            withdraw(call, &app, user);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn priorities_of_groups_differ_and_patches_are_checked() {
        let bench = Bench::new();
        let made = |path: &str, body: &Value| {
            let (status, made) = bench.call("POST", path, Some(body));
            assert_eq!(status, 200, "{made}");
            text(&made, "/id").to_owned()
        };
        let app = json!({ "signOnMode": "BOOKMARK", "label": "Marks", "name": "bookmark",
            "settings": { "app": { "url": "https://example.com" } } });
        let app = made("/api/v1/apps", &app);
        let own: Vec<String> = ["A", "B", "C"]
            .iter()
            .map(|name| {
                let group = json!({ "profile": { "name": name } });
                format!(
                    "/api/v1/apps/{app}/groups/{}",
                    made("/api/v1/groups", &group)
                )
            })
            .collect();
        let assign = |path: &str| {
            let (status, made) = bench.call("PUT", path, Some(&json!({})));
            assert_eq!(status, 200, "{made}");
            made["priority"].as_i64()
        };
        assert_eq!((assign(&own[0]), assign(&own[1])), (Some(0), Some(1)));
        assert_eq!(bench.call("DELETE", &own[0], None).0, 204);
        assert_eq!(assign(&own[2]), Some(2));
        let patch = |path: &str, value: Value| {
            let steps = json!([{ "op": "replace", "path": path, "value": value }]);
            bench.call("PATCH", &own[1], Some(&steps)).0
        };
        assert_eq!(patch("/priority", json!(5)), 200);
        assert_eq!(patch("/priority", json!("first")), 400);
        assert_eq!(patch("/profile/manager", json!("Ada")), 200);
        assert_eq!(patch("/profile", json!(7)), 400);
        assert_eq!(bench.call("GET", &own[1], None).1["priority"], 5);
    }
}
