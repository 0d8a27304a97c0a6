//! Group rules: their lifecycle and what they do to members.

use serde_json::{Value, json};

use super::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::oauth::language::{self, Scene};
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGroupRules" => list,
        "createGroupRule" => create,
        "getGroupRule" => get,
        "replaceGroupRule" => replace,
        "deleteGroupRule" => delete,
        "activateGroupRule" => activate,
        "deactivateGroupRule" => deactivate,
        _ => return None,
    })
}

fn target(rule: &Value) -> Value {
    named(
        "GroupRule",
        text(rule, "/id"),
        "unknown",
        text(rule, "/name"),
    )
}

fn named_rule(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    call.org
        .rules
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "GroupRule"))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let search = call
        .request
        .query("search")
        .unwrap_or_default()
        .to_lowercase();
    let hits = call
        .org
        .rules
        .placed()
        .filter(|(_, r)| text(r, "/name").to_lowercase().contains(&search));
    call.list(Size::new(50, 200), hits, Value::clone)
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&named_rule(call)?))
}

/// The conditions in the form of answers.
fn conditions(given: &Value) -> Value {
    let list = |pointer: &str| given.pointer(pointer).cloned().unwrap_or_else(|| json!([]));
    json!({
        "people": {
            "users": { "exclude": list("/people/users/exclude") },
            "groups": { "exclude": list("/people/groups/exclude") },
        },
        "expression": given["expression"],
    })
}

fn check(call: &Call<'_>, body: &Value, own: Option<&str>) -> Result<(), Fault> {
    let name = text(body, "/name");
    if name.is_empty() || name.chars().count() > 50 {
        return Err(Fault::validation(
            "name",
            &["name: The field must be between 1 and 50 characters"],
        ));
    }
    let taken = call
        .org
        .rules
        .values()
        .any(|r| text(r, "/name") == name && Some(text(r, "/id")) != own);
    if taken {
        let cause = "name: An object with this field already exists in the current organization";
        return Err(Fault::validation("name", &[cause]));
    }
    if text(body, "/conditions/expression/value").is_empty() {
        return Err(Fault::validation(
            "conditions",
            &["conditions: The field cannot be left blank"],
        ));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    check(call, &body, None)?;
    let now = clock::zero_millis(call.org.clock.now());
    let id = call.org.dice.id("0pr");
    let rule = json!({
        "type": "group_rule", "id": id, "status": "INACTIVE", "name": body["name"], "created": now,
        "lastUpdated": now, "conditions": conditions(&body["conditions"]), "actions": body["actions"],
        "allGroupsValid": all_valid(call.org, &body),
    });
    call.org.rules.put(&id, rule.clone());
    Ok(Answer::ok(&rule))
}

fn all_valid(org: &Org, rule: &Value) -> bool {
    target_groups(rule).all(|id| org.groups.contains(id))
}

fn target_groups(rule: &Value) -> impl Iterator<Item = &str> {
    let ids = rule
        .pointer("/actions/assignUserToGroups/groupIds")
        .and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(Value::as_str)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut rule = named_rule(call)?;
    if text(&rule, "/status") == "ACTIVE" {
        return Err(Fault::validation(
            "status",
            &["An active rule cannot be edited."],
        ));
    }
    let body = call.request.object()?;
    check(call, &body, Some(text(&rule, "/id")))?;
    rule["name"] = body["name"].clone();
    rule["conditions"] = conditions(&body["conditions"]);
    rule["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&rule, "/id").to_owned();
    call.org.rules.put(&id, rule.clone());
    Ok(Answer::ok(&rule))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let rule = named_rule(call)?;
    let id = text(&rule, "/id");
    if text(&rule, "/status") == "ACTIVE" {
        let cause = "status: An active rule cannot be deleted.";
        return Err(Fault::validation("status", &[cause]));
    }
    let leave = call.request.flag("removeUsers", false);
    for (group, user) in given_by(call.org, &rule) {
        match leave {
            true => groups::remove_member(call, &group, &user),
            false => drop(call.org.members_by_rule.remove(&group, &user)),
        }
    }
    call.org.rules.remove(id);
    Ok(Answer::json(202, &json!({})))
}

/// The memberships that a rule gave: group and user.
fn given_by(org: &Org, rule: &Value) -> Vec<(String, String)> {
    let id = text(rule, "/id");
    let of_group = |group| {
        let members = org.members_by_rule.of(group);
        let given = members.filter(|(_, _, by)| *by == id);
        given.map(move |(_, user, _)| (group.to_owned(), user.to_owned()))
    };
    target_groups(rule).flat_map(of_group).collect()
}

/// Whether a rule makes people members of a group.
pub(super) fn is_target(org: &Org, group: &str) -> bool {
    let mut rules = org.rules.values();
    rules.any(|rule| target_groups(rule).any(|id| id == group))
}

fn set_status(call: &mut Call<'_>, status: &str) -> Result<Value, Fault> {
    let mut rule = named_rule(call)?;
    rule["status"] = json!(status);
    rule["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&rule, "/id").to_owned();
    call.org.rules.put(&id, rule.clone());
    Ok(rule)
}

fn activate(call: &mut Call<'_>) -> Outcome {
    let rule = set_status(call, "ACTIVE")?;
    call.log("group.user_membership.rule.trigger", vec![target(&rule)]);
    let users: Vec<String> = call
        .org
        .users
        .values()
        .map(|u| text(u, "/id").to_owned())
        .collect();
    for user in users {
        apply(call, &rule, &user);
    }
    // The rule may ask for other people than it did when it was active before.
    let given = given_by(call.org, &rule);
    let active = active(call.org);
    for (group, user) in given {
        leave_unless_given(call, &active, &group, &user);
    }
    Ok(Answer::no_content())
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    let rule = set_status(call, "INACTIVE")?;
    call.log(
        "group.user_membership.rule.deactivated",
        vec![target(&rule)],
    );
    Ok(Answer::no_content())
}

fn active(org: &Org) -> Vec<Value> {
    let active = org
        .rules
        .values()
        .filter(|r| text(r, "/status") == "ACTIVE");
    active.cloned().collect()
}

/// Applies all active rules to a user: whom one fits joins, and whom none fits any more leaves.
pub(crate) fn evaluate_user(call: &mut Call<'_>, user: &str) {
    let active = active(call.org);
    for rule in &active {
        apply(call, rule, user);
    }
    let by_rule = call.org.members_by_rule.holders(user);
    let groups: Vec<String> = by_rule.map(|(_, group)| group.to_owned()).collect();
    for group in groups {
        leave_unless_given(call, &active, &group, user);
    }
}

/// Ends a membership that an active rule gave to somebody whom no rule gives it now. What a rule
/// gave before it was deactivated stays.
fn leave_unless_given(call: &mut Call<'_>, active: &[Value], group: &str, user: &str) {
    let Some(by) = call.org.members_by_rule.get(group, user) else {
        return;
    };
    let gives =
        |rule: &Value| target_groups(rule).any(|id| id == group) && matches(call.org, rule, user);
    if active.iter().any(|rule| text(rule, "/id") == by) && !active.iter().any(gives) {
        groups::remove_member(call, group, user);
    }
}

fn apply(call: &mut Call<'_>, rule: &Value, user: &str) {
    if !matches(call.org, rule, user) {
        return;
    }
    for group in target_groups(rule) {
        let org = &call.org;
        let member = org.members.contains(group, user);
        let by_hand = member && !org.members_by_rule.contains(group, user);
        if by_hand || !org.groups.contains(group) {
            continue;
        }
        groups::add_member(call, group, user);
        let by = text(rule, "/id").to_owned();
        call.org.members_by_rule.put(group, user, by);
    }
}

/// A user taken out of a rule's target by hand is excluded from the rules that would bring them
/// back.
pub(crate) fn exclude(org: &mut Org, group: &str, user: &str) {
    let active = active(org);
    let giving = active
        .iter()
        .filter(|rule| target_groups(rule).any(|id| id == group) && matches(org, rule, user));
    let ids: Vec<String> = giving.map(|rule| text(rule, "/id").to_owned()).collect();
    for id in ids {
        let list = org
            .rules
            .get_mut(&id)
            .and_then(|rule| rule.pointer_mut("/conditions/people/users/exclude"));
        if let Some(list) = list.and_then(Value::as_array_mut) {
            list.push(json!(user));
        }
    }
}

/// Rules that name a deleted group become invalid.
pub(crate) fn group_is_gone(org: &mut Org, group: &str) {
    let rules = org.rules.values();
    let broken = rules.filter(|rule| target_groups(rule).any(|id| id == group));
    let ids: Vec<String> = broken.map(|rule| text(rule, "/id").to_owned()).collect();
    for id in ids {
        if let Some(rule) = org.rules.get_mut(&id) {
            rule["status"] = json!("INVALID");
            rule["allGroupsValid"] = json!(false);
        }
    }
}

fn matches(org: &Org, rule: &Value, id: &str) -> bool {
    let Some(user) = org.users.get(id) else {
        return false;
    };
    let excluded = |pointer: &str, test: &dyn Fn(&str) -> bool| {
        let list = rule.pointer(pointer).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(test)
    };
    if text(user, "/status") == "DEPROVISIONED"
        || excluded("/conditions/people/users/exclude", &|other| other == id)
        || excluded("/conditions/people/groups/exclude", &|group| {
            org.members.contains(group, id)
        })
    {
        return false;
    }
    holds(org, user, text(rule, "/conditions/expression/value"))
}

/// Whether an expression is true of a user.
fn holds(org: &Org, user: &Value, expression: &str) -> bool {
    let mut groups: Vec<&Value> = Vec::new();
    // Nothing else looks at them.
    if expression.contains("isMemberOf") || expression.contains("Groups.") {
        let held = org.members.holders(text(user, "/id"));
        groups.extend(held.filter_map(|(_, group)| org.groups.get(group)));
    }
    let all =
        |pointer: &str| -> Vec<&str> { groups.iter().map(|group| text(group, pointer)).collect() };
    let scene = Scene {
        user: Some(&user["profile"]),
        app_user: None,
        app: &Value::Null,
        org_id: &org.id,
        groups: &all("/profile/name"),
        group_ids: &all("/id"),
        scopes: &[],
    };
    language::evaluate(expression, &scene) == Some(Value::Bool(true))
}
