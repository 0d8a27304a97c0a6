//! Policies of every type and their rules.

mod conditions;
mod defaults;
pub(crate) mod mappings;
mod rules;
mod simulate;
#[cfg(test)]
mod simulate_tests;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, text};
use crate::kind::is_identity_policy;
use crate::log::named;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listPolicies" => list,
        "createPolicy" => create,
        "getPolicy" => get,
        "replacePolicy" => replace,
        "deletePolicy" => delete,
        "clonePolicy" => clone,
        "activatePolicy" => activate,
        "deactivatePolicy" => deactivate,
        "createPolicySimulation" => simulate::simulate,
        _ => return rules::handler(id).or_else(|| mappings::handler(id)),
    })
}

const TYPES: [&str; 10] = [
    "OKTA_SIGN_ON",
    "PASSWORD",
    "MFA_ENROLL",
    "IDP_DISCOVERY",
    "ACCESS_POLICY",
    "PROFILE_ENROLLMENT",
    "POST_AUTH_SESSION",
    "ENTITY_RISK",
    "DEVICE_SIGNAL_COLLECTION",
    "SESSION_VIOLATION_DETECTION",
];

/// Policies of classic kinds have `00p` ids and `0pr` rules, newer ones `rst` and `rul`.
fn is_classic(kind: &str) -> bool {
    matches!(
        kind,
        "OKTA_SIGN_ON" | "PASSWORD" | "MFA_ENROLL" | "IDP_DISCOVERY"
    )
}

/// Puts the policies of a new org in.
pub(crate) fn add_built_in(org: &mut Org) {
    let general = "The default policy applies in all situations if no other policy applies.";
    for (kind, name, description) in [
        (
            "ACCESS_POLICY",
            "Any two factors",
            "Require two factors to access.",
        ),
        ("PASSWORD", "Default Policy", general),
        ("OKTA_SIGN_ON", "Default Policy", general),
        ("MFA_ENROLL", "Default Policy", general),
        ("PROFILE_ENROLLMENT", "Default Policy", "Default policy"),
        (
            "IDP_DISCOVERY",
            "Idp Discovery Policy",
            "The default IdP Discovery Policy",
        ),
        (
            "POST_AUTH_SESSION",
            "Post Auth Policy",
            "Enables post auth policy evaluation for the org.",
        ),
        ("ENTITY_RISK", "Entity Risk Policy", "Default policy"),
    ] {
        if org.settings.kind.is_classic() && is_identity_policy(kind) {
            continue;
        }
        let conditions = defaults::conditions(kind, &org.everyone);
        let mut policy = fresh(org, kind, name, json!(description), conditions);
        policy["system"] = json!(true);
        if let Some(settings) = defaults::settings(kind) {
            policy["settings"] = settings;
        }
        let id = text(&policy, "/id").to_owned();
        let last = matches!(
            kind,
            "ACCESS_POLICY" | "PROFILE_ENROLLMENT" | "POST_AUTH_SESSION"
        );
        let rule_name = if last {
            "Catch-all Rule"
        } else {
            "Default Rule"
        };
        let priority = if last { 99 } else { 1 };
        let rule = rules::fresh(
            org,
            &policy,
            &json!({ "name": rule_name, "priority": priority, "system": true }),
        );
        let mut built_in = vec![rule];
        if kind == "POST_AUTH_SESSION" {
            let body = json!({
                "name": "Post Session Protection Rule", "priority": 1,
                "actions": { "postAuthSession": { "failureActions": [
                    { "action": "TERMINATE_SESSION", "slo": null },
                ] } },
            });
            built_in.push(rules::fresh(org, &policy, &body));
        }
        org.policies.put(&id, policy);
        for rule in built_in {
            let rule_id = text(&rule, "/id").to_owned();
            let shelf = org.policy_rules.entry(id.clone()).or_default();
            shelf.put(&rule_id, rule);
        }
    }
}

fn fresh(org: &mut Org, kind: &str, name: &str, description: Value, conditions: Value) -> Value {
    let now = clock::zero_millis(org.clock.now());
    let id = org.dice.id(if is_classic(kind) { "00p" } else { "rst" });
    json!({
        "id": id, "status": "ACTIVE", "name": name, "description": description, "priority": 1,
        "system": false, "conditions": conditions, "created": now, "lastUpdated": now, "type": kind,
    })
}

/// A copy under a new name, with copies of the rules.
fn clone(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let mut copy = call
        .org
        .policies
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "Policy"))?;
    let kind = text(&copy, "/type").to_owned();
    let now = clock::zero_millis(call.org.clock.now());
    let fresh = call
        .org
        .dice
        .id(if is_classic(&kind) { "00p" } else { "rst" });
    copy["id"] = json!(fresh);
    let mut name = format!("[cloned] {}", text(&copy, "/name"));
    while check_name(call.org, &kind, &name, None).is_err() {
        name.insert_str(0, "[cloned] ");
    }
    copy["name"] = json!(name);
    for (member, value) in [
        ("system", json!(false)),
        ("created", json!(now)),
        ("lastUpdated", json!(now)),
    ] {
        copy[member] = value;
    }
    let old: Vec<Value> = match call.org.policy_rules.get(id) {
        Some(rules) => rules.values().cloned().collect(),
        None => Vec::new(),
    };
    call.org.policies.put(&fresh, copy.clone());
    for mut rule in old {
        let id = call
            .org
            .dice
            .id(if is_classic(&kind) { "0pr" } else { "rul" });
        rule["id"] = json!(id);
        call.org
            .policy_rules
            .entry(fresh.clone())
            .or_default()
            .put(&id, rule);
    }
    place(call.org, &kind, &fresh, None);
    let copy = call.org.policies.get(&fresh).cloned().unwrap_or(copy);
    call.log("policy.lifecycle.create", vec![target(&copy)]);
    Ok(Answer::ok(&view(&copy, call.base())))
}

fn view(policy: &Value, base: &str) -> Value {
    let own = format!("{base}/api/v1/policies/{}", text(policy, "/id"));
    let system = policy["system"] == true;
    let allow = if system {
        json!(["GET", "PUT"])
    } else {
        json!(["GET", "PUT", "DELETE"])
    };
    let mut links = json!({
        "self": { "href": own, "hints": { "allow": allow } },
        "rules": { "href": format!("{own}/rules"), "hints": { "allow": ["GET", "POST"] } },
    });
    if !is_classic(text(policy, "/type")) && !system {
        links["mappings"] =
            json!({ "href": format!("{own}/mappings"), "hints": { "allow": ["GET", "POST"] } });
    }
    lifecycle_link(&mut links, policy, &own);
    let mut policy = policy.clone();
    policy["_links"] = links;
    policy
}

fn lifecycle_link(links: &mut Value, object: &Value, own: &str) {
    if object["system"] != true {
        let step = if object["status"] == "ACTIVE" {
            "deactivate"
        } else {
            "activate"
        };
        links[step] =
            json!({ "href": format!("{own}/lifecycle/{step}"), "hints": { "allow": ["POST"] } });
    }
}

fn target(policy: &Value) -> Value {
    named(
        "PolicyEntity",
        text(policy, "/id"),
        "unknown",
        text(policy, "/name"),
    )
}

fn named_policy(call: &Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    call.org
        .policies
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(id, "Policy"))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let kind = call.request.query("type").unwrap_or_default();
    if !TYPES.contains(&kind) {
        return Err(Fault::validation(
            "type",
            &["type: The policy type is missing or unknown."],
        ));
    }
    let status = call.request.query("status");
    let mut found: Vec<&Value> = call
        .org
        .policies
        .values()
        .filter(|p| text(p, "/type") == kind && status.is_none_or(|s| text(p, "/status") == s))
        .collect();
    found.sort_by_key(|p| p["priority"].as_i64());
    let items = found.into_iter().map(|policy| {
        let mut shown = view(policy, call.base());
        if kind == "ACCESS_POLICY" {
            shown["_embedded"] = json!({ "resourceType": "APP" });
        }
        shown
    });
    call.all(items.collect())
}

fn get(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let mut shown = view(&policy, call.base());
    if call.request.query("expand") == Some("rules") {
        let rules = rules::ordered(call.org, text(&policy, "/id"));
        let rules: Vec<Value> = rules
            .iter()
            .map(|r| rules::view(r, &policy, call.base()))
            .collect();
        shown["_embedded"] = json!({ "rules": rules });
    }
    Ok(Answer::ok(&shown))
}

/// Where a wished-for priority leads among others that end at an index; to the end without a wish.
fn index(wanted: Option<i64>, last: usize) -> usize {
    wanted.map_or(last, |wanted| {
        usize::try_from(wanted.saturating_sub(1))
            .unwrap_or(0)
            .min(last)
    })
}

/// Gives a policy its place and moves the others of its type; system policies come last.
fn place(org: &mut Org, kind: &str, id: &str, wanted: Option<i64>) {
    if !is_classic(kind) {
        return;
    }
    let mut others: Vec<(bool, i64, String)> = org
        .policies
        .values()
        .filter(|p| text(p, "/type") == kind && text(p, "/id") != id)
        .map(|p| {
            (
                p["system"] == true,
                p["priority"].as_i64().unwrap_or(1),
                text(p, "/id").to_owned(),
            )
        })
        .collect();
    others.sort();
    let own = others.iter().filter(|(system, _, _)| !system).count();
    let system = org.policies.get(id).is_some_and(|p| p["system"] == true);
    let last = if system { others.len() } else { own };
    let at = index(wanted, last);
    others.insert(if system { last } else { at }, (system, 0, id.to_owned()));
    for (index, (_, _, id)) in others.into_iter().enumerate() {
        if let Some(policy) = org.policies.get_mut(&id) {
            policy["priority"] = json!(index + 1);
        }
    }
}

/// Policies of one type have different names.
fn check_name(org: &Org, kind: &str, name: &str, own: Option<&str>) -> Result<(), Fault> {
    let mut others = org
        .policies
        .values()
        .filter(|p| Some(text(p, "/id")) != own);
    match others.any(|p| text(p, "/type") == kind && text(p, "/name") == name) {
        true => Err(Fault::validation(
            "name",
            &["name: Policy name already in use"],
        )),
        false => Ok(()),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let (kind, name) = (text(&body, "/type"), text(&body, "/name"));
    if !TYPES.contains(&kind) {
        return Err(Fault::validation(
            "type",
            &["type: The policy type is missing or unknown."],
        ));
    }
    if call.org.settings.kind.is_classic() && is_identity_policy(kind) {
        return Err(Fault::code("E0000015", &[]));
    }
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    check_name(call.org, kind, name, None)?;
    let conditions = match &body["conditions"] {
        Value::Null => defaults::conditions(kind, &call.org.everyone),
        given => given.clone(),
    };
    let mut policy = fresh(
        call.org,
        kind,
        name,
        body["description"].clone(),
        conditions,
    );
    let mut settings = body["settings"].clone();
    if let Some(defaults) = defaults::settings(kind) {
        match settings {
            Value::Null => settings = defaults,
            _ if kind == "PASSWORD" => fill(&mut settings, &defaults),
            _ => {}
        }
    }
    if !settings.is_null() {
        policy["settings"] = settings;
    }
    if !call.request.flag("activate", true) {
        policy["status"] = json!("INACTIVE");
    }
    let id = text(&policy, "/id").to_owned();
    call.org.policies.put(&id, policy);
    place(call.org, kind, &id, body["priority"].as_i64());
    if kind == "ACCESS_POLICY" {
        let parent = call.org.policies.get(&id).cloned().unwrap_or_default();
        let mut body = json!({ "name": "Catch-all Rule", "priority": 99, "system": true });
        // Of policies made through the API it demands possession of a bound device.
        body["actions"] = json!({ "appSignOn": { "verificationMethod": {
            "constraints": [{ "possession": { "required": true, "deviceBound": "REQUIRED" } }],
        } } });
        let rule = rules::fresh(call.org, &parent, &body);
        let rule_id = text(&rule, "/id").to_owned();
        call.org
            .policy_rules
            .entry(id.clone())
            .or_default()
            .put(&rule_id, rule);
    }
    let policy = call.org.policies.get(&id).cloned().unwrap_or_default();
    call.log("policy.lifecycle.create", vec![target(&policy)]);
    Ok(Answer::ok(&view(&policy, call.base())))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut policy = named_policy(call)?;
    let body = call.request.object()?;
    let name = text(&body, "/name");
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    check_name(
        call.org,
        text(&policy, "/type"),
        name,
        Some(text(&policy, "/id")),
    )?;
    for member in ["name", "description", "settings", "conditions"] {
        if let Some(given) = body.get(member) {
            policy[member] = given.clone();
        }
    }
    if text(&policy, "/type") == "PASSWORD"
        && let Some(defaults) = defaults::settings("PASSWORD")
    {
        fill(&mut policy["settings"], &defaults);
    }
    policy["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&policy, "/id").to_owned();
    call.org.policies.put(&id, policy.clone());
    if let Some(priority) = body["priority"].as_i64() {
        place(call.org, text(&policy, "/type"), &id, Some(priority));
    }
    let policy = call.org.policies.get(&id).cloned().unwrap_or_default();
    call.log("policy.lifecycle.update", vec![target(&policy)]);
    Ok(Answer::ok(&view(&policy, call.base())))
}

fn refuse_system(object: &Value) -> Result<(), Fault> {
    if object["system"] == true {
        Err(Fault::code("E0000006", &[]))
    } else {
        Ok(())
    }
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    refuse_system(&policy)?;
    let id = text(&policy, "/id");
    call.org.policies.remove(id);
    call.org.policy_rules.remove(id);
    call.org.app_policies.retain(|_, chosen| chosen != id);
    call.log("policy.lifecycle.delete", vec![target(&policy)]);
    Ok(Answer::no_content())
}

fn set_status(call: &mut Call<'_>, status: &str, event: &str) -> Outcome {
    let mut policy = named_policy(call)?;
    refuse_system(&policy)?;
    policy["status"] = json!(status);
    policy["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&policy, "/id").to_owned();
    call.org.policies.put(&id, policy.clone());
    call.log(event, vec![target(&policy)]);
    Ok(Answer::no_content())
}

fn activate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "ACTIVE", "policy.lifecycle.activate")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    set_status(call, "INACTIVE", "policy.lifecycle.deactivate")
}
