//! Policies of every type and their rules.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::shelf::Shelf;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listPolicies" => list,
        "createPolicy" => create,
        "getPolicy" => get,
        "replacePolicy" => replace,
        "deletePolicy" => delete,
        "activatePolicy" => activate,
        "deactivatePolicy" => deactivate,
        "listPolicyRules" => list_rules,
        "createPolicyRule" => create_rule,
        "getPolicyRule" => get_rule,
        "replacePolicyRule" => replace_rule,
        "deletePolicyRule" => delete_rule,
        "activatePolicyRule" => activate_rule,
        "deactivatePolicyRule" => deactivate_rule,
        "listPolicyMappings" => list_mappings,
        _ => return None,
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

/// Settings that a policy of a type has when none are given.
fn default_settings(kind: &str) -> Option<Value> {
    match kind {
        "PASSWORD" => Some(json!({
            "password": {
                "complexity": {
                    "minLength": 8, "minLowerCase": 1, "minUpperCase": 1, "minNumber": 1, "minSymbol": 0,
                    "excludeUsername": true, "dictionary": { "common": { "exclude": false } },
                    "excludeAttributes": [],
                },
                "age": { "maxAgeDays": 0, "expireWarnDays": 0, "minAgeMinutes": 0, "historyCount": 4 },
                "lockout": {
                    "maxAttempts": 10, "autoUnlockMinutes": 0, "userLockoutNotificationChannels": [],
                    "showLockoutFailures": false,
                },
            },
            "recovery": { "factors": {
                "recovery_question": {
                    "status": "ACTIVE", "properties": { "complexity": { "minLength": 4 } },
                },
                "okta_email": {
                    "status": "ACTIVE", "properties": { "recoveryToken": { "tokenLifetimeMinutes": 60 } },
                },
                "okta_sms": { "status": "INACTIVE" }, "okta_call": { "status": "INACTIVE" },
            } },
            "delegation": { "options": { "skipUnlock": false } },
        })),
        "MFA_ENROLL" => Some(json!({
            "type": "AUTHENTICATORS",
            "authenticators": [
                { "key": "okta_password", "enroll": { "self": "REQUIRED" } },
                { "key": "okta_email", "enroll": { "self": "OPTIONAL" } },
                { "key": "okta_verify", "enroll": { "self": "OPTIONAL" } },
            ],
        })),
        _ => None,
    }
}

/// Conditions that a policy of a type has when none are given.
fn default_conditions(kind: &str, everyone: &str) -> Value {
    let people = json!({ "groups": { "include": [everyone] } });
    match kind {
        "PASSWORD" => json!({ "people": people, "authProvider": { "provider": "OKTA" } }),
        "OKTA_SIGN_ON" | "MFA_ENROLL" => json!({ "people": people }),
        _ => Value::Null,
    }
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
        let conditions = default_conditions(kind, &org.everyone);
        let mut policy = fresh(org, kind, name, json!(description), conditions);
        policy["system"] = json!(true);
        if let Some(settings) = default_settings(kind) {
            policy["settings"] = settings;
        }
        let id = text(&policy, "/id").to_owned();
        let last = kind == "ACCESS_POLICY" || kind == "PROFILE_ENROLLMENT";
        let rule_name = if last {
            "Catch-all Rule"
        } else {
            "Default Rule"
        };
        let priority = if last { 99 } else { 1 };
        let rule = fresh_rule(
            org,
            &policy,
            &json!({ "name": rule_name, "priority": priority, "system": true }),
        );
        org.policies.put(&id, policy);
        let rule_id = text(&rule, "/id").to_owned();
        org.policy_rules.entry(id).or_default().put(&rule_id, rule);
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
        let rules = ordered_rules(call.org, text(&policy, "/id"));
        let rules: Vec<Value> = rules
            .iter()
            .map(|r| rule_view(r, &policy, call.base()))
            .collect();
        shown["_embedded"] = json!({ "rules": rules });
    }
    Ok(Answer::ok(&shown))
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
    let at = wanted.map_or(last, |w| usize::try_from(w - 1).unwrap_or(0).min(last));
    others.insert(if system { last } else { at }, (system, 0, id.to_owned()));
    for (index, (_, _, id)) in others.into_iter().enumerate() {
        if let Some(policy) = org.policies.get_mut(&id) {
            policy["priority"] = json!(index + 1);
        }
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
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    if call
        .org
        .policies
        .values()
        .any(|p| text(p, "/type") == kind && text(p, "/name") == name)
    {
        return Err(Fault::validation(
            "name",
            &["name: Policy name already in use"],
        ));
    }
    let conditions = match &body["conditions"] {
        Value::Null => default_conditions(kind, &call.org.everyone),
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
    if let Some(defaults) = default_settings(kind) {
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
        let body = json!({ "name": "Catch-all Rule", "priority": 99, "system": true });
        let rule = fresh_rule(call.org, &parent, &body);
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
    if text(&body, "/name").is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    for member in ["name", "description", "settings", "conditions"] {
        if let Some(given) = body.get(member) {
            policy[member] = given.clone();
        }
    }
    if text(&policy, "/type") == "PASSWORD"
        && let Some(defaults) = default_settings("PASSWORD")
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

fn list_mappings(call: &mut Call<'_>) -> Outcome {
    named_policy(call)?;
    call.all(Vec::new())
}

/// The conditions and actions that the service adds to a rule of a type.
fn rule_defaults(kind: &str, system: bool) -> Value {
    match kind {
        "ACCESS_POLICY" if system => json!({
            "conditions": null,
            "actions": { "appSignOn": {
                "access": "ALLOW",
                "verificationMethod": {
                    "factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
                    "constraints": [],
                },
            } },
        }),
        "ACCESS_POLICY" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
                "riskScore": { "level": "ANY" }, "userType": { "include": [], "exclude": [] },
            },
            "actions": { "appSignOn": {
                "access": "ALLOW",
                "verificationMethod": {
                    "factorMode": "2FA", "type": "ASSURANCE", "reauthenticateIn": "PT12H",
                },
                "keepMeSignedIn": { "postAuth": "NOT_ALLOWED" },
            } },
        }),
        "IDP_DISCOVERY" => json!({
            "conditions": {
                "network": { "connection": "ANYWHERE" }, "userIdentifier": { "patterns": [] },
                "app": { "include": [], "exclude": [] },
            },
            "actions": { "idp": {
                "providers": [], "matchCriteria": [], "idpSelectionType": "SPECIFIC",
            } },
        }),
        "PASSWORD" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
            },
            "actions": {
                "passwordChange": { "access": "ALLOW" },
                "selfServicePasswordReset": { "access": "ALLOW" },
                "selfServiceUnlock": { "access": "DENY" },
            },
        }),
        "SIGN_ON" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
                "authContext": { "authType": "ANY" }, "riskScore": { "level": "ANY" },
                "identityProvider": { "provider": "ANY" },
            },
            "actions": { "signon": {
                "access": "ALLOW", "requireFactor": false, "primaryFactor": "PASSWORD_IDP",
                "rememberDeviceByDefault": false,
                "session": {
                    "usePersistentCookie": false, "maxSessionIdleMinutes": 120,
                    "maxSessionLifetimeMinutes": 0,
                },
            } },
        }),
        "MFA_ENROLL" => json!({
            "conditions": {
                "people": { "users": { "exclude": [] } }, "network": { "connection": "ANYWHERE" },
            },
            "actions": { "enroll": { "self": "CHALLENGE" } },
        }),
        _ => json!({ "conditions": null }),
    }
}

fn fresh_rule(org: &mut Org, policy: &Value, body: &Value) -> Value {
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
    complete_rule(&mut rule);
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
fn complete_rule(rule: &mut Value) {
    let defaults = rule_defaults(text(rule, "/type"), rule["system"] == true);
    for member in ["conditions", "actions"] {
        if rule.get(member).is_none_or(Value::is_null) && !defaults[member].is_null() {
            rule[member] = defaults[member].clone();
        }
    }
    fill(rule, &defaults);
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
    if let Some(idp) = rule.pointer_mut("/actions/idp") {
        remove(idp, "shouldFallBackToOkta");
    }
}

fn rule_view(rule: &Value, policy: &Value, base: &str) -> Value {
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

fn ordered_rules(org: &Org, policy: &str) -> Vec<Value> {
    let shelf = org.policy_rules.get(policy);
    let mut rules: Vec<Value> = shelf.into_iter().flat_map(Shelf::values).cloned().collect();
    rules.sort_by_key(|r| r["priority"].as_i64());
    rules
}

fn list_rules(call: &mut Call<'_>) -> Outcome {
    let policy = named_policy(call)?;
    let rules = ordered_rules(call.org, text(&policy, "/id"));
    let items = rules
        .iter()
        .map(|rule| rule_view(rule, &policy, call.base()))
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

fn get_rule(call: &mut Call<'_>) -> Outcome {
    let (policy, rule) = named_rule(call)?;
    Ok(Answer::ok(&rule_view(&rule, &policy, call.base())))
}

fn rule_target(rule: &Value) -> Value {
    named(
        "PolicyRule",
        text(rule, "/id"),
        "unknown",
        text(rule, "/name"),
    )
}

/// Gives a rule its place and moves the others; system rules come last.
fn place_rule(org: &mut Org, policy: &str, id: &str, wanted: Option<i64>) {
    let keeps_its_place = org
        .policies
        .get(policy)
        .is_some_and(|p| p["type"] == "ACCESS_POLICY");
    let Some(shelf) = org.policy_rules.get_mut(policy) else {
        return;
    };
    if keeps_its_place && wanted.is_some() {
        // Rules of access policies keep the number they are given, 0 included.
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
    let at = wanted.map_or(last, |w| usize::try_from(w - 1).unwrap_or(0).min(last));
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

fn create_rule(call: &mut Call<'_>) -> Outcome {
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
    if ordered_rules(call.org, &policy_id)
        .iter()
        .any(|r| text(r, "/name") == name)
    {
        return Err(Fault::validation(
            "name",
            &["name: Policy rule name already in use"],
        ));
    }
    let mut rule = fresh_rule(call.org, &policy, &body);
    rule["system"] = json!(false);
    if !call.request.flag("activate", true) {
        rule["status"] = json!("INACTIVE");
    }
    let id = text(&rule, "/id").to_owned();
    call.org
        .policy_rules
        .entry(policy_id.clone())
        .or_default()
        .put(&id, rule);
    place_rule(call.org, &policy_id, &id, body["priority"].as_i64());
    let rule = call
        .org
        .policy_rules
        .get(&policy_id)
        .and_then(|s| s.get(&id))
        .cloned()
        .unwrap_or_default();
    call.log("policy.rule.add", vec![rule_target(&rule), target(&policy)]);
    Ok(Answer::ok(&rule_view(&rule, &policy, call.base())))
}

fn replace_rule(call: &mut Call<'_>) -> Outcome {
    let (policy, before) = named_rule(call)?;
    let body = call.request.object()?;
    let mut rule = body.clone();
    for member in ["id", "created", "system", "type", "priority"] {
        rule[member] = before[member].clone();
    }
    for member in ["name", "status"] {
        if rule.get(member).is_none_or(Value::is_null) {
            rule[member] = before[member].clone();
        }
    }
    remove(&mut rule, "_links");
    rule["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    complete_rule(&mut rule);
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
        place_rule(call.org, &policy_id, &id, Some(priority));
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
        vec![rule_target(&rule), target(&policy)],
    );
    Ok(Answer::ok(&rule_view(&rule, &policy, call.base())))
}

fn delete_rule(call: &mut Call<'_>) -> Outcome {
    let (policy, rule) = named_rule(call)?;
    refuse_system(&rule)?;
    if let Some(shelf) = call.org.policy_rules.get_mut(text(&policy, "/id")) {
        shelf.remove(text(&rule, "/id"));
    }
    call.log(
        "policy.rule.delete",
        vec![rule_target(&rule), target(&policy)],
    );
    Ok(Answer::no_content())
}

fn set_rule_status(call: &mut Call<'_>, status: &str, event: &str) -> Outcome {
    let (policy, mut rule) = named_rule(call)?;
    refuse_system(&rule)?;
    rule["status"] = json!(status);
    let id = text(&rule, "/id").to_owned();
    call.org
        .policy_rules
        .entry(text(&policy, "/id").to_owned())
        .or_default()
        .put(&id, rule.clone());
    call.log(event, vec![rule_target(&rule), target(&policy)]);
    Ok(Answer::no_content())
}

fn activate_rule(call: &mut Call<'_>) -> Outcome {
    set_rule_status(call, "ACTIVE", "policy.rule.activate")
}

fn deactivate_rule(call: &mut Call<'_>) -> Outcome {
    set_rule_status(call, "INACTIVE", "policy.rule.deactivate")
}
