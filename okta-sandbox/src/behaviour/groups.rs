//! Groups, their members and their apps.

use serde_json::{Value, json};

use super::users;
use crate::admin::{Listed, has_roles};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::expression::{Case, Operator};
use crate::fault::Fault;
use crate::json::{members, text};
use crate::log::{group_target, user_target};
use crate::org::Org;
use crate::paging::Size;
use crate::search;
use crate::sorting::Sort;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGroups" => list,
        "addGroup" => create,
        "getGroup" => get,
        "replaceGroup" => replace,
        "deleteGroup" => delete,
        "listGroupUsers" => list_members,
        "assignUserToGroup" => add,
        "unassignUserFromGroup" => remove,
        "listAssignedApplicationsForGroup" => apps,
        _ => return None,
    })
}

/// A new group as stored.
pub(crate) fn fresh(id: &str, kind: &str, profile: &Value, now: &str) -> Value {
    json!({
        "id": id, "created": now, "lastUpdated": now, "lastMembershipUpdated": now,
        "objectClass": ["okta:user_group"], "type": kind, "profile": profile,
    })
}

/// A group as the API shows it.
pub(crate) fn view(org: &Org, group: &Value, base: &str) -> Value {
    let own = format!("{base}/api/v1/groups/{}", text(group, "/id"));
    let logo = |size: &str| {
        let href = format!("{base}/assets/img/logos/groups/odyssey/okta-{size}.png");
        json!({ "name": size, "href": href, "type": "image/png" })
    };
    let mut group = group.clone();
    let mut links = json!({
        "logo": [logo("medium"), logo("large")],
        "users": { "href": format!("{own}/users") },
        "apps": { "href": format!("{own}/apps") },
    });
    if let Some(source) = group.pointer("/source/id").and_then(Value::as_str) {
        links["source"] = json!({ "href": format!("{base}/api/v1/apps/{source}") });
    }
    if org.settings.kind.features.group_owners {
        links["owners"] = json!({ "href": format!("{own}/owners") });
    }
    group["_links"] = links;
    group
}

fn named_group(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    call.org
        .groups
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "UserGroup"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&view(
        call.org,
        &named_group(call)?,
        call.base(),
    )))
}

const FILTERABLE: [&str; 4] = ["id", "type", "lastUpdated", "lastMembershipUpdated"];

fn list(call: &mut Call<'_>) -> Outcome {
    let request = call.request;
    let present = |name: &str| request.query(name).filter(|v| !v.is_empty());
    let base = call.base();
    let size = Size::new(10_000, 10_000);
    let stats = present("expand").is_some_and(|e| e.split(',').any(|part| part.trim() == "stats"));
    let org = &*call.org;
    let sees = call.sees(Listed::Groups);
    let show = |group: &Value| {
        let mut shown = view(call.org, group, base);
        if stats {
            shown["_embedded"] = json!({ "stats": statistics(org, text(group, "/id"), base) });
        }
        shown
    };
    if let Some(q) = present("q") {
        let q = q.to_lowercase();
        let limit = crate::paging::limit(request, Size::new(300, 300))?;
        let hits = org
            .groups
            .values()
            .filter(|g| text(g, "/profile/name").to_lowercase().starts_with(&q) && sees(g));
        let answer = Answer::ok(&Value::Array(hits.take(limit).map(show).collect()));
        return Ok(answer);
    }
    let sort = Sort::of(request).filter(|_| present("search").is_some());
    let from = match sort {
        Some(_) => 0,
        None => crate::paging::position(request)?,
    };
    if let (None, Some(filter)) = (present("search"), present("filter")) {
        let allowed = |path: &str, operator: Option<Operator>| {
            FILTERABLE.contains(&path) && operator.is_some()
        };
        let expression = search::checked(filter, &allowed)?;
        let hits = org
            .groups
            .placed_after(from)
            .filter(|(_, group)| expression.matches(group, Case::Sensitive) && sees(group));
        return call.list(size, hits, show);
    }
    let Some(wanted) = present("search") else {
        let hits = org.groups.placed_after(from);
        return call.list(size, hits.filter(|(_, group)| sees(group)), show);
    };
    let expression = search::checked(wanted, &search::searchable)?;
    let hits = org
        .groups
        .indexed_after(from)
        .filter(|(_, group)| expression.matches(group, Case::Insensitive) && sees(group));
    if let Some(sort) = sort {
        let hits = hits.map(|(_, group)| group);
        let page = sort.cut(request, &org.settings.paging, size, hits)?;
        return Ok(call.page(page, show));
    }
    call.list(size, hits, show)
}

fn statistics(org: &crate::org::Org, id: &str, base: &str) -> Value {
    let own = format!("{base}/api/v1/groups/{id}");
    json!({
        "usersCount": org.members.count(id), "appsCount": org.app_groups.holders(id).count(),
        "groupPushMappingsCount": super::push_groups::count(org, id),
        "hasAdminPrivilege": has_roles(org, &format!("/api/v1/groups/{id}")),
        "_links": { "users": { "href": format!("{own}/users") }, "apps": { "href": format!("{own}/apps") } },
    })
}

/// Checks a group's profile and brings it into the stored form.
fn checked(call: &Call<'_>, given: &Value, own: Option<&str>) -> Result<Value, Fault> {
    let name = text(given, "/name").trim();
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    let taken = call.org.groups.values().any(|group| {
        text(group, "/profile/name").eq_ignore_ascii_case(name)
            && text(group, "/type") != "APP_GROUP"
            && Some(text(group, "/id")) != own
    });
    if taken {
        let cause = "name: An object with this field already exists in the current organization";
        return Err(Fault::validation("name", &[cause]));
    }
    let schema = call.org.schemas.get("group").unwrap_or(&Value::Null);
    if let Some(unknown) = given
        .as_object()
        .and_then(|m| m.keys().find(|k| !super::schemas::defines(schema, k)))
    {
        let cause = format!("Property name '{unknown}' is not defined in profile");
        return Err(Fault::validation("profile", &[&cause]));
    }
    let mut profile = given.clone();
    let profile_members = members(&mut profile);
    profile_members.retain(|_, value| !value.is_null());
    profile_members.entry("description").or_insert(Value::Null);
    Ok(profile)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let profile = checked(call, &body["profile"], None)?;
    let now = clock::zero_millis(call.org.clock.now());
    let id = call.org.dice.id("00g");
    let group = fresh(&id, "OKTA_GROUP", &profile, &now);
    call.org.groups.put(&id, group.clone());
    call.log("group.lifecycle.create", vec![group_target(&group)]);
    Ok(Answer::ok(&view(call.org, &group, call.base())))
}

fn forbidden_for(group: &Value) -> Result<(), Fault> {
    match text(group, "/type") {
        "OKTA_GROUP" => Ok(()),
        _ => Err(Fault::code("E0000006", &[])),
    }
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = named_group(call)?;
    forbidden_for(&before)?;
    let body = call.request.object()?;
    let id = text(&before, "/id").to_owned();
    let mut group = before.clone();
    group["profile"] = checked(call, &body["profile"], Some(&id))?;
    if group != before {
        group["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        call.org.groups.put(&id, group.clone());
        call.log("group.profile.update", vec![group_target(&group)]);
    }
    Ok(Answer::ok(&view(call.org, &group, call.base())))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let group = named_group(call)?;
    if text(&group, "/type") == "BUILT_IN" {
        return Err(Fault::code("E0000006", &[]));
    }
    dissolve(call, &group);
    Ok(Answer::no_content())
}

/// Deletes a group with all that hangs on it.
pub(crate) fn dissolve(call: &mut Call<'_>, group: &Value) {
    let id = text(group, "/id");
    super::assignments::group_leaves_all(call, id);
    call.org.members.remove_left(id);
    call.org.members_by_rule.remove_left(id);
    call.org.groups.remove(id);
    super::rules::group_is_gone(call.org, id);
    super::push_groups::forget(call.org, id);
    super::small::forget(call.org, id);
    super::resource_sets::forget_member(call.org, &format!("/groups/{id}"));
    call.org.remove_below(&format!("/api/v1/groups/{id}/"));
    super::governance::leftovers::forget_group(call.org, id);
    call.log("group.lifecycle.delete", vec![group_target(group)]);
}

fn list_members(call: &mut Call<'_>) -> Outcome {
    let group = named_group(call)?;
    let base = call.base();
    let org = &*call.org;
    let after = crate::paging::position(call.request)?;
    let found = org
        .members
        .of_after(text(&group, "/id"), after)
        .filter_map(|(place, user, ())| Some((place, org.users.get(user)?)));
    call.list(Size::new(1000, 1000), found, |user| {
        users::view::item(org, user, base)
    })
}

fn touch(call: &mut Call<'_>, id: &str) {
    let now = clock::zero_millis(call.org.clock.now());
    if let Some(group) = call.org.groups.get_mut(id) {
        group["lastMembershipUpdated"] = json!(now);
    }
}

/// Makes a user a member, with the event and the app assignments that follow.
pub(crate) fn add_member(call: &mut Call<'_>, group: &str, user: &str) {
    if !call.org.members.put(group, user, ()) {
        return;
    }
    touch(call, group);
    let targets = [
        call.org.users.get(user).map(user_target),
        call.org.groups.get(group).map(group_target),
    ];
    call.log(
        "group.user_membership.add",
        targets.into_iter().flatten().collect(),
    );
    super::assignments::member_joins(call, group, user);
}

/// Ends a membership, with the event and the app assignments that follow.
pub(crate) fn remove_member(call: &mut Call<'_>, group: &str, user: &str) {
    if call.org.members.remove(group, user).is_none() {
        return;
    }
    call.org.members_by_rule.remove(group, user);
    touch(call, group);
    let targets = [
        call.org.users.get(user).map(user_target),
        call.org.groups.get(group).map(group_target),
    ];
    call.log(
        "group.user_membership.remove",
        targets.into_iter().flatten().collect(),
    );
    super::assignments::member_leaves(call, group, user);
}

fn add(call: &mut Call<'_>) -> Outcome {
    let group = named_group(call)?;
    forbidden_for(&group)?;
    let user = users::resolve(call, call.parameter(1))?;
    add_member(call, text(&group, "/id"), &user);
    super::rules::evaluate_user(call, &user);
    Ok(Answer::no_content())
}

fn remove(call: &mut Call<'_>) -> Outcome {
    let group = named_group(call)?;
    forbidden_for(&group)?;
    let user = users::resolve(call, call.parameter(1))?;
    let id = text(&group, "/id");
    if call.org.members.contains(id, &user) {
        super::rules::exclude(call.org, id, &user);
        remove_member(call, id, &user);
        super::rules::evaluate_user(call, &user);
    }
    Ok(Answer::no_content())
}

fn apps(call: &mut Call<'_>) -> Outcome {
    let group = named_group(call)?;
    let base = call.base();
    let org = &*call.org;
    let sees = call.sees(Listed::Apps);
    let held = org
        .app_groups
        .holders(text(&group, "/id"))
        .filter_map(|(place, app)| Some((place, org.apps.get(app)?)))
        .filter(|(_, app)| sees(app));
    call.list(Size::new(20, 200), held, |app| {
        super::apps::links::view(app, org, base)
    })
}

#[cfg(test)]
mod leaving_tests {
    use serde_json::json;

    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn nothing_of_a_deleted_group_stays() {
        let bench = Bench::new();
        let body = json!({ "profile": { "name": "Helpers" } });
        let (_, group) = bench.call("POST", "/api/v1/groups", Some(&body));
        let own = format!("/api/v1/groups/{}", text(&group, "/id"));
        let role = json!({ "type": "USER_ADMIN" });
        assert_eq!(
            bench.call("POST", &format!("{own}/roles"), Some(&role)).0,
            201
        );
        assert_eq!(bench.call("DELETE", &own, None).0, 204);
        let org = bench.shared.org();
        let left = org.shelves.keys().filter(|path| path.starts_with(&own));
        assert_eq!(left.count(), 0);
    }
}
