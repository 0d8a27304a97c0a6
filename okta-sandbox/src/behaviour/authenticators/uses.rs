//! What policies need of the org's authenticators.

use serde_json::Value;

use super::{AUTHENTICATORS, catalogue, methods};
use crate::json::text;
use crate::org::Org;

/// The policies of a type that apply.
fn policies<'o>(org: &'o Org, kind: &'o str) -> impl Iterator<Item = &'o Value> {
    let all = org.policies.values();
    all.filter(move |one| text(one, "/type") == kind && text(one, "/status") == "ACTIVE")
}

fn rules<'o>(org: &'o Org, policy: &Value) -> impl Iterator<Item = &'o Value> + use<'o> {
    let shelf = org.policy_rules.get(text(policy, "/id"));
    let all = shelf.into_iter().flat_map(|shelf| shelf.values());
    all.filter(|rule| text(rule, "/status") != "INACTIVE")
}

/// The rules of all authentication policies, with their policies.
fn access_rules(org: &Org) -> impl Iterator<Item = (&Value, &Value)> {
    policies(org, "ACCESS_POLICY")
        .flat_map(|policy| rules(org, policy).map(move |rule| (policy, rule)))
}

/// True if an entry of a policy means an authenticator: by its id, else by its key.
fn means(entry: &Value, authenticator: &Value) -> bool {
    match text(entry, "/id") {
        "" => entry["key"] == authenticator["key"],
        id => id == text(authenticator, "/id"),
    }
}

/// The policies that use an authenticator, a text for each type.
pub(super) fn of(org: &Org, one: &Value) -> Vec<String> {
    let key = text(one, "/key");
    let family = catalogue::find(key);
    let own_methods = family.map_or(&[][..], |family| family.methods);
    // Of the authenticators with one-time passwords, Google's alone may recover.
    let own_methods = match own_methods {
        ["otp"] if key != "google_otp" => &[],
        own => own,
    };
    let recovers = |policy: &&Value| {
        let pointer = "/actions/selfServicePasswordReset/requirement/primary/methods";
        rules(org, policy)
            .filter_map(|rule| rule.pointer(pointer)?.as_array())
            .flatten()
            .any(|method| own_methods.iter().any(|own| method == own))
    };
    let enrols = |policy: &&Value| {
        let entries = policy.pointer("/settings/authenticators");
        let mut entries = entries.and_then(Value::as_array).into_iter().flatten();
        entries.any(|entry| means(entry, one) && text(entry, "/enroll/self") != "NOT_ALLOWED")
    };
    let mut demanding = Vec::new();
    for (policy, rule) in access_rules(org) {
        if named_methods(rule).iter().any(|entry| means(entry, one)) && !demanding.contains(&policy)
        {
            demanding.push(policy);
        }
    }
    let recovering = policies(org, "PASSWORD").filter(recovers).collect();
    let enrolling = policies(org, "MFA_ENROLL").filter(enrols).collect();
    [
        ("Self-Service Password Management Policies", recovering),
        ("Authenticator Enrollment Policies", enrolling),
        ("Authentication Policies", demanding),
    ]
    .into_iter()
    .filter(|(_, found): &(_, Vec<&Value>)| !found.is_empty())
    .map(|(what, found)| {
        let names: Vec<&str> = found.iter().map(|policy| text(policy, "/name")).collect();
        format!("{what}: {}", names.join(", "))
    })
    .collect()
}

/// The methods that a rule of an authentication policy names, in its constraints and chains.
fn named_methods(rule: &Value) -> Vec<&Value> {
    fn chain<'r>(link: &'r Value, found: &mut Vec<&'r Value>) {
        found.extend(
            link["authenticationMethods"]
                .as_array()
                .into_iter()
                .flatten(),
        );
        for next in link["next"].as_array().into_iter().flatten() {
            chain(next, found);
        }
    }
    let mut found = Vec::new();
    for constraint in constraints(rule) {
        for part in ["knowledge", "possession"] {
            chain(&constraint[part], &mut found);
        }
    }
    let chains = rule.pointer("/actions/appSignOn/verificationMethod/chains");
    for link in chains.and_then(Value::as_array).into_iter().flatten() {
        chain(link, &mut found);
    }
    found
}

fn constraints(rule: &Value) -> impl Iterator<Item = &Value> {
    let all = rule.pointer("/actions/appSignOn/verificationMethod/constraints");
    all.and_then(Value::as_array).into_iter().flatten()
}

/// The names of authentication policies that need a method of an authenticator.
pub(super) fn of_method<'o>(org: &'o Org, one: &Value, method: &str) -> Vec<&'o str> {
    let mut names = Vec::new();
    for (policy, rule) in access_rules(org) {
        let used = named_methods(rule)
            .into_iter()
            .any(|entry| means(entry, one) && text(entry, "/method") == method);
        let name = text(policy, "/name");
        if used && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The authentication policies with a chain whose first step takes what the user knows.
pub(crate) fn knowledge_first(org: &Org) -> Vec<&str> {
    let mut names = Vec::new();
    for (policy, rule) in access_rules(org) {
        let chains = rule.pointer("/actions/appSignOn/verificationMethod/chains");
        let known = chains
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|chain| chain["authenticationMethods"].as_array())
            .flatten()
            .any(|method| matches!(text(method, "/key"), "okta_password" | "security_question"));
        let name = text(policy, "/name");
        if known && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// True if a rule looks at the device, which signs for it with Okta Verify.
pub(super) fn looks_at_devices(org: &Org) -> bool {
    access_rules(org).any(|(_, rule)| {
        rule.pointer("/conditions/device")
            .is_some_and(|device| device["registered"] == true || device["managed"] == true)
    })
}

/// The enrolment policies that name a group of AAGUIDs.
pub(super) fn names_aaguid_group(org: &Org, group: &str) -> bool {
    policies(org, "MFA_ENROLL")
        .filter_map(|policy| policy.pointer("/settings/authenticators")?.as_array())
        .flatten()
        .filter_map(|entry| entry.pointer("/constraints/aaguidGroups")?.as_array())
        .flatten()
        .any(|name| name == group)
}

fn resists_phishing(org: &Org, one: &Value) -> bool {
    let methods = org.shelves.get(&methods::shelf(text(one, "/id")));
    let on = |method: &str| {
        let method = methods.and_then(|methods| methods.get(method));
        method.is_some_and(|method| method["status"] == "ACTIVE")
    };
    one["status"] == "ACTIVE"
        && match text(one, "/key") {
            "webauthn" => on("webauthn"),
            "smart_card_idp" => on("cert"),
            "okta_verify" => on("signed_nonce"),
            _ => false,
        }
}

/// The rules that nobody could satisfy any more without this authenticator, because it is the
/// last one that resists phishing.
pub(super) fn left_without_phishing_resistance(org: &Org, one: &Value) -> Vec<String> {
    let all = org.shelves.get(AUTHENTICATORS);
    let mut all = all.into_iter().flat_map(|shelf| shelf.values());
    if !resists_phishing(org, one)
        || all.any(|other| other["id"] != one["id"] && resists_phishing(org, other))
    {
        return Vec::new();
    }
    access_rules(org)
        .filter(|(_, rule)| {
            constraints(rule).any(|one| text(one, "/possession/phishingResistant") == "REQUIRED")
        })
        .map(|(_, rule)| text(rule, "/name").to_owned())
        .collect()
}

#[cfg(test)]
#[path = "uses_tests.rs"]
mod tests;
