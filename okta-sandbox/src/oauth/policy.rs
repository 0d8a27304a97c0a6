//! Whether a custom authorization server's policies allow a token, and how long it lives.

use serde_json::Value;

use super::server::Server;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// Seconds; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) access: i64,
    pub(crate) refresh: i64,
    pub(crate) refresh_idle: i64,
}

/// Five years, which nothing lives longer than.
const MOST_MINUTES: i64 = 5 * 365 * 24 * 60;

/// What the org server gives.
const ORG: Lifetimes = Lifetimes {
    access: 3600,
    refresh: 90 * 86_400,
    refresh_idle: 0,
};

/// The clients, user, grant and scopes of a token request.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) grant_type: &'a str,
    pub(crate) scopes: &'a [String],
}

pub(crate) fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v str> + use<'v> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.into_iter().flatten().filter_map(Value::as_str)
}

/// The active objects of a collection, by priority.
pub(crate) fn by_priority<'o>(all: impl Iterator<Item = &'o Value>) -> Vec<&'o Value> {
    let mut all: Vec<&Value> = all.filter(|p| text(p, "/status") != "INACTIVE").collect();
    all.sort_by_key(|p| p["priority"].as_i64().unwrap_or(i64::MAX));
    all
}

/// True if a user is a member of a group.
pub(crate) fn is_member(org: &Org, group: &str, user: &str) -> bool {
    group == org.everyone || org.members.contains(group, user)
}

fn people_fit(org: &Org, rule: &Value, user: Option<&str>) -> bool {
    let Some(user) = user else {
        return true;
    };
    let at = |path: &str| format!("/conditions/people/{path}");
    if list(rule, &at("users/exclude")).any(|id| id == user)
        || list(rule, &at("groups/exclude")).any(|id| is_member(org, id, user))
    {
        return false;
    }
    let users: Vec<&str> = list(rule, &at("users/include")).collect();
    let mut groups = list(rule, "/conditions/people/groups/include").peekable();
    if users.is_empty() && groups.peek().is_none() {
        return true;
    }
    users.contains(&user) || groups.any(|id| id == "EVERYONE" || is_member(org, id, user))
}

fn rule_fits(org: &Org, rule: &Value, asked: &Asked<'_>) -> bool {
    let mut grants = list(rule, "/conditions/grantTypes/include").peekable();
    // A refresh carries on what another grant began.
    let grant = asked.grant_type == "refresh_token"
        || grants.peek().is_none()
        || grants.any(|g| g == asked.grant_type);
    let allowed: Vec<&str> = list(rule, "/conditions/scopes/include").collect();
    let scopes =
        allowed.contains(&"*") || asked.scopes.iter().all(|s| allowed.contains(&s.as_str()));
    grant && scopes && people_fit(org, rule, asked.user_id)
}

/// What an app's authentication policy wants of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assurance {
    Denied,
    OneFactor,
    TwoFactors,
}

/// What the first rule that fits says; Classic orgs have no such policies.
pub(crate) fn assurance(org: &Org, app: &Value, user_id: &str) -> Assurance {
    if org.settings.kind.is_classic() {
        return Assurance::OneFactor;
    }
    let chosen = format!("{} accessPolicy", text(app, "/id"));
    let chosen = org.app_policies.get(&chosen).cloned();
    let policy = chosen.or_else(|| org.default_policy("ACCESS_POLICY"));
    let rules = policy.and_then(|id| org.policy_rules.get(&id));
    let rules = by_priority(rules.into_iter().flat_map(|shelf| shelf.values()));
    let rule = rules
        .into_iter()
        .find(|rule| people_fit(org, rule, Some(user_id)));
    let Some(rule) = rule else {
        return Assurance::OneFactor;
    };
    let action = |member: &str| text(rule, &format!("/actions/appSignOn/{member}"));
    match (action("access"), action("verificationMethod/factorMode")) {
        ("DENY", _) => Assurance::Denied,
        (_, "1FA") => Assurance::OneFactor,
        _ => Assurance::TwoFactors,
    }
}

/// Finds the first rule that covers the request.
pub(crate) fn evaluate(org: &Org, server: &Server, asked: &Asked<'_>) -> Result<Lifetimes, Fault> {
    if server.is_org() {
        return Ok(ORG);
    }
    for policy in by_priority(server.collection(org, "policies")) {
        let for_client = list(policy, "/conditions/clients/include")
            .any(|c| c == "ALL_CLIENTS" || c == asked.client_id);
        if !for_client {
            continue;
        }
        let rules = format!("policies/{}/rules", text(policy, "/id"));
        for rule in by_priority(server.collection(org, &rules)) {
            if rule_fits(org, rule, asked) {
                let minutes = |name: &str, default: i64| {
                    let found = rule.pointer(&format!("/actions/token/{name}"));
                    let given = found.and_then(Value::as_i64).unwrap_or(default);
                    given.clamp(0, MOST_MINUTES) * 60
                };
                return Ok(Lifetimes {
                    access: minutes("accessTokenLifetimeMinutes", 60),
                    refresh: minutes("refreshTokenLifetimeMinutes", 0),
                    refresh_idle: minutes("refreshTokenWindowMinutes", 10_080),
                });
            }
        }
    }
    Err(Fault::oauth(
        400,
        "access_denied",
        "Policy evaluation failed for this request, please check the policy configurations.",
    ))
}
