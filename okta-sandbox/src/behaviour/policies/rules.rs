//! The rules of a policy.

use serde_json::{Value, json};

use super::{defaults, is_classic, lifecycle_link, named_policy, refuse_system};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::kind::Features;
use crate::log::named;
use crate::org::Org;
use crate::shelf::Shelf;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listPolicyRules" => list,
        "createPolicyRule" => create,
        "getPolicyRule" => get,
        "replacePolicyRule" => replace,
        "deletePolicyRule" => delete,
        "activatePolicyRule" => activate,
        "deactivatePolicyRule" => deactivate,
        _ => return None,
    })
}

pub(super) fn fresh(org: &mut Org, policy: &Value, body: &Value) -> Value {
    let kind = text(policy, "/type");
    let rule_type = match (kind, text(body, "/type")) {
        ("OKTA_SIGN_ON", _) => "SIGN_ON",
        (_, "") => kind,
        (_, given) => given,
    };
    let now = clock::zero_millis(org.clock.now());
    let id = org.dice.id(if is_classic(kind) { "0pr" } else { "rul" });
    let mut rule = body.clone();
    for member in ["id", "created", "lastUpdated", "_links", "_embedded"] {
        remove(&mut rule, member);
    }
    rule["type"] = json!(rule_type);
    complete(&org.settings.kind.features, &mut rule);
    fill(
        &mut rule,
        &json!({
            "id": id, "status": "ACTIVE", "name": "", "priority": 1, "created": now, "lastUpdated": now,
            "system": false,
        }),
    );
    if rule["priority"].is_null() {
        rule["priority"] = json!(1);
    }
    rule
}

/// Adds defaults and the lists that answers always show.
fn complete(features: &Features, rule: &mut Value) {
    let mut defaults = defaults::rule(text(rule, "/type"), rule["system"] == true);
    if !features.risk_conditions {
        remove(&mut defaults["conditions"], "riskScore");
    }
    for member in ["conditions", "actions"] {
        if rule.get(member).is_none_or(Value::is_null) && !defaults[member].is_null() {
            rule[member] = defaults[member].clone();
        }
    }
    fill(rule, &defaults);
    if let Some(method) = rule.pointer_mut("/actions/appSignOn/verificationMethod")
        && method["type"] == "AUTH_METHOD_CHAIN"
    {
        // Chains say for themselves how often and with what.
        remove(method, "factorMode");
        remove(method, "reauthenticateIn");
    }
    if let Some(conditions) = rule.get_mut("conditions") {
        let empty = |p: &Value| p.as_object().is_some_and(serde_json::Map::is_empty);
        match conditions.get_mut("platform") {
            Some(platform) if empty(platform) => {
                remove(conditions, "platform");
            }
            Some(platform) => fill(platform, &json!({ "include": [], "exclude": [] })),
            None => {}
        }
    }
    if let Some(criteria) = rule
        .pointer_mut("/actions/idp/matchCriteria")
        .and_then(Value::as_array_mut)
    {
        for one in criteria {
            fill(one, &json!({ "propertyName": "name" }));
        }
    }
    if rule["type"] == "POST_AUTH_SESSION" {
        // Lists that say nothing are not kept, apart from the excluded users.
        if let Some(people) = rule.pointer_mut("/conditions/people") {
            let idle = |list: &Value| list.as_array().is_some_and(Vec::is_empty);
            if let Some(users) = people.get_mut("users")
                && users.get("include").is_some_and(idle)
            {
                remove(users, "include");
            }
            let groups = people["groups"].as_object();
            if groups.is_some_and(|groups| groups.values().all(idle)) {
                remove(people, "groups");
            }
        }
        let actions = rule.pointer_mut("/actions/postAuthSession/failureActions");
        for action in actions.and_then(Value::as_array_mut).into_iter().flatten() {
            if action["action"] == "TERMINATE_SESSION" {
                fill(action, &json!({ "slo": null }));
            }
        }
    }
    if let Some(idp) = rule.pointer_mut("/actions/idp") {
        remove(idp, "shouldFallBackToOkta");
    }
}

pub(super) fn view(rule: &Value, policy: &Value, base: &str) -> Value {
    let own = format!(
        "{base}/api/v1/policies/{}/rules/{}",
        text(policy, "/id"),
        text(rule, "/id")
    );
    let system = rule["system"] == true;
    let allow = if system {
        json!(["GET", "PUT"])
    } else {
        json!(["GET", "PUT", "DELETE"])
    };
    let mut links = json!({ "self": { "href": own, "hints": { "allow": allow } } });
    lifecycle_link(&mut links, rule, &own);
    let mut rule = rule.clone();
    rule["_links"] = links;
    rule
}

pub(super) fn ordered(org: &Org, policy: &str) -> Vec<Value> {
    let shelf = org.policy_rules.get(policy);
    let mut rules: Vec<Value> = shelf.into_iter().flat_map(Shelf::values).cloned().collect();
    rules.sort_by_key(|r| r["priority"].as_i64());
    rules
}

fn list(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let rules = ordered(call.org, text(&policy, "/id"));
    let items = rules
        .iter()
        .map(|rule| view(rule, &policy, call.base()))
        .collect();
    call.all(items)
}

fn named_rule(call: &Call<'_>) -> Result<(Value, Value), Fault> {
    let policy = named_policy(call)?;
    let id = call.parameter(1);
    let rule = call
        .org
        .policy_rules
        .get(text(&policy, "/id"))
        .and_then(|shelf| shelf.get(id))
        .cloned();
    let rule = rule.ok_or_else(|| Fault::not_found(id, "PolicyRule"))?;
    Ok((policy, rule))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (policy, rule) = named_rule(call)?;
    Ok(Answer::ok(&view(&rule, &policy, call.base())))
}

fn target(rule: &Value) -> Value {
    named(
        "PolicyRule",
        text(rule, "/id"),
        "unknown",
        text(rule, "/name"),
    )
}

/// Gives a rule its place and moves the others; system rules come last.
fn place(org: &mut Org, policy: &str, id: &str, wanted: Option<i64>) {
    let keeps_its_place = org
        .policies
        .get(policy)
        .is_some_and(|p| p["type"] == "ACCESS_POLICY");
    let Some(shelf) = org.policy_rules.get_mut(policy) else {
        return;
    };
    if let Some(wanted) = wanted.filter(|_| keeps_its_place) {
        // Rules of access policies keep the number they are given, 0 included.
        if let Some(rule) = shelf.get_mut(id).filter(|r| r["system"] != true) {
            rule["priority"] = json!(wanted);
        }
        return;
    }
    if shelf.get(id).is_some_and(|r| r["system"] == true) {
        return;
    }
    let mut others: Vec<(i64, String)> = shelf
        .values()
        .filter(|r| r["system"] != true && text(r, "/id") != id)
        .map(|r| {
            (
                r["priority"].as_i64().unwrap_or(1),
                text(r, "/id").to_owned(),
            )
        })
        .collect();
    others.sort();
    let last = others.len();
    let at = super::index(wanted, last);
    others.insert(at, (0, id.to_owned()));
    let count = others.len();
    for (index, (_, id)) in others.into_iter().enumerate() {
        if let Some(rule) = shelf.get_mut(&id) {
            rule["priority"] = json!(index + 1);
        }
    }
    for rule in shelf
        .values_mut()
        .filter(|r| r["system"] == true && r["priority"] != 99)
    {
        rule["priority"] = json!(count + 1);
    }
}

fn is_status(status: &Value) -> bool {
    *status == "ACTIVE" || *status == "INACTIVE"
}

/// Rules of one policy have different names.
fn check_name(org: &Org, policy: &Value, name: &str, own: Option<&str>) -> Result<(), Fault> {
    let rules = org.policy_rules.get(text(policy, "/id"));
    let mut others = rules.into_iter().flat_map(Shelf::values);
    match others.any(|r| text(r, "/name") == name && Some(text(r, "/id")) != own) {
        true => Err(Fault::validation(
            "name",
            &["name: Policy rule name already in use"],
        )),
        false => Ok(()),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let body = call.request.object()?;
    let name = text(&body, "/name");
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    let policy_id = text(&policy, "/id").to_owned();
    check_name(call.org, &policy, name, None)?;
    let mut rule = fresh(call.org, &policy, &body);
    rule["system"] = json!(false);
    if !call.request.flag("activate", true) {
        rule["status"] = json!("INACTIVE");
    } else if !is_status(&rule["status"]) {
        rule["status"] = json!("ACTIVE");
    }
    let id = text(&rule, "/id").to_owned();
    call.org
        .policy_rules
        .entry(policy_id.clone())
        .or_default()
        .put(&id, rule);
    place(call.org, &policy_id, &id, body["priority"].as_i64());
    let rule = call
        .org
        .policy_rules
        .get(&policy_id)
        .and_then(|s| s.get(&id))
        .cloned()
        .unwrap_or_default();
    call.log(
        "policy.rule.add",
        vec![target(&rule), super::target(&policy)],
    );
    Ok(Answer::ok(&view(&rule, &policy, call.base())))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let (policy, before) = named_rule(call)?;
    let body = call.request.object()?;
    let mut rule = body.clone();
    for member in ["id", "created", "system", "type", "priority"] {
        rule[member] = before[member].clone();
    }
    if text(&rule, "/name").is_empty() {
        rule["name"] = before["name"].clone();
    }
    check_name(
        call.org,
        &policy,
        text(&rule, "/name"),
        Some(text(&before, "/id")),
    )?;
    // System rules are always at work.
    if before["system"] == true || !is_status(&rule["status"]) {
        rule["status"] = before["status"].clone();
    }
    remove(&mut rule, "_links");
    rule["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    complete(&call.org.settings.kind.features, &mut rule);
    let (policy_id, id) = (
        text(&policy, "/id").to_owned(),
        text(&rule, "/id").to_owned(),
    );
    call.org
        .policy_rules
        .entry(policy_id.clone())
        .or_default()
        .put(&id, rule);
    if let Some(priority) = body["priority"].as_i64() {
        place(call.org, &policy_id, &id, Some(priority));
    }
    let rule = call
        .org
        .policy_rules
        .get(&policy_id)
        .and_then(|s| s.get(&id))
        .cloned()
        .unwrap_or_default();
    call.log(
        "policy.rule.update",
        vec![target(&rule), super::target(&policy)],
    );
    Ok(Answer::ok(&view(&rule, &policy, call.base())))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (policy, rule) = named_rule(call)?;
    refuse_system(&rule)?;
    if let Some(shelf) = call.org.policy_rules.get_mut(text(&policy, "/id")) {
        shelf.remove(text(&rule, "/id"));
    }
    call.log(
        "policy.rule.delete",
        vec![target(&rule), super::target(&policy)],
    );
    Ok(Answer::no_content())
}

fn set_status(call: &mut Call<'_>, status: &str, event: &str) -> Outcome {
    let (policy, mut rule) = named_rule(call)?;
    refuse_system(&rule)?;
    rule["status"] = json!(status);
    rule["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&rule, "/id").to_owned();
    call.org
        .policy_rules
        .entry(text(&policy, "/id").to_owned())
        .or_default()
        .put(&id, rule.clone());
    call.log(event, vec![target(&rule), super::target(&policy)]);
    Ok(Answer::no_content())
}

fn activate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "ACTIVE", "policy.rule.activate")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "INACTIVE", "policy.rule.deactivate")
}
