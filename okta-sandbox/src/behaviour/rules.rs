//! Group rules: their lifecycle and what they do to members.

use serde_json::{Value, json};

use super::groups;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
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
    if call.request.flag("removeUsers", false) {
        let users: Vec<String> = call
            .org
            .users
            .values()
            .map(|u| text(u, "/id").to_owned())
            .collect();
        for user in users
            .iter()
            .filter(|u| matches(call.org, &rule, u))
            .cloned()
            .collect::<Vec<_>>()
        {
            for group in target_groups(&rule).map(str::to_owned).collect::<Vec<_>>() {
                groups::remove_member(call, &group, &user);
            }
        }
    }
    call.org.rules.remove(id);
    Ok(Answer::json(202, &json!({})))
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

/// Applies all active rules to a user.
pub(crate) fn evaluate_user(call: &mut Call<'_>, user: &str) {
    let active: Vec<Value> = call
        .org
        .rules
        .values()
        .filter(|r| text(r, "/status") == "ACTIVE")
        .cloned()
        .collect();
    for rule in active {
        apply(call, &rule, user);
    }
}

fn apply(call: &mut Call<'_>, rule: &Value, user: &str) {
    if !matches(call.org, rule, user) {
        return;
    }
    for group in target_groups(rule).map(str::to_owned).collect::<Vec<_>>() {
        if call.org.groups.contains(&group) {
            groups::add_member(call, &group, user);
        }
    }
}

/// A user taken out of a rule's target by hand is excluded from the rule.
pub(crate) fn exclude(org: &mut Org, group: &str, user: &str) {
    for rule in org.rules.values_mut() {
        if text(rule, "/status") != "ACTIVE" || !target_groups(rule).any(|id| id == group) {
            continue;
        }
        if let Some(list) = rule
            .pointer_mut("/conditions/people/users/exclude")
            .and_then(Value::as_array_mut)
        {
            list.push(json!(user));
        }
    }
}

/// Rules that name a deleted group become invalid.
pub(crate) fn group_is_gone(org: &mut Org, group: &str) {
    for rule in org.rules.values_mut() {
        if target_groups(rule).any(|id| id == group) {
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

/// The part of the expression language that group rules commonly use.
fn holds(org: &Org, user: &Value, expression: &str) -> bool {
    let expression = expression.trim();
    for (separator, all) in [
        (" OR ", false),
        (" or ", false),
        ("||", false),
        (" AND ", true),
        (" and ", true),
        ("&&", true),
    ] {
        if expression.contains(separator) {
            let mut parts = expression
                .split(separator)
                .map(|part| holds(org, user, part));
            return if all {
                parts.all(|p| p)
            } else {
                parts.any(|p| p)
            };
        }
    }
    let texts = |text: &str| -> Vec<String> {
        text.split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let attribute = |name: &str| {
        let name = name
            .trim()
            .trim_start_matches('(')
            .trim_start_matches("user.")
            .trim();
        user["profile"]
            .get(name)
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
    };
    if expression.contains("isMemberOf") {
        let id = text(user, "/id");
        return texts(expression)
            .iter()
            .any(|group| org.members.contains(group, id));
    }
    let contains: fn(&str, &str) -> bool = |a, b| a.contains(b);
    let starts: fn(&str, &str) -> bool = |a, b| a.starts_with(b);
    for (function, test) in [
        ("String.stringContains(", contains),
        ("String.startsWith(", starts),
    ] {
        if let Some(rest) = expression.strip_prefix(function) {
            let name = rest.split(',').next().unwrap_or_default();
            let wanted = texts(rest).into_iter().next().unwrap_or_default();
            return attribute(name).is_some_and(|have| test(&have, &wanted));
        }
    }
    for (operator, equal) in [("!=", false), ("==", true)] {
        if let Some((name, wanted)) = expression.split_once(operator) {
            let wanted = wanted
                .trim()
                .trim_end_matches(')')
                .trim_matches('"')
                .to_owned();
            return (attribute(name).unwrap_or_default() == wanted) == equal;
        }
    }
    false
}
