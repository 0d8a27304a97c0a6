//! Claims that a custom authorization server's admin defined.

use serde_json::{Value, json};

use super::claims::group_names;
use super::language;
use super::server::Server;
use crate::behaviour::apps::federated_claims;
use crate::json::text;
use crate::org::Org;

/// Adds the active claims of a type (`RESOURCE` for access tokens, `IDENTITY` for ID tokens) whose
/// scopes were granted. What cannot be computed is left out, as the service leaves out nulls.
pub(crate) fn add(
    org: &Org,
    server: &Server,
    client: &Value,
    user: Option<&Value>,
    scopes: &[String],
    kind: &str,
    claims: &mut Value,
) {
    for claim in server.collection(org, "claims") {
        if text(claim, "/claimType") != kind || text(claim, "/status") == "INACTIVE" {
            continue;
        }
        let limited = claim
            .pointer("/conditions/scopes")
            .and_then(Value::as_array);
        let limited = limited.filter(|l| !l.is_empty());
        let open = |s: &Value| scopes.iter().any(|granted| s == granted);
        if limited.is_some_and(|l| !l.iter().any(open)) {
            continue;
        }
        // The service's own claims, such as `sub`, have their values already.
        let name = text(claim, "/name");
        let own = claim["system"] == true || federated_claims::RESERVED.contains(&name);
        if name.is_empty() || own {
            continue;
        }
        if let Some(value) = value(org, client, user, scopes, claim) {
            claims[name] = value;
        }
    }
}

fn value(
    org: &Org,
    client: &Value,
    user: Option<&Value>,
    scopes: &[String],
    claim: &Value,
) -> Option<Value> {
    let source = text(claim, "/value");
    if text(claim, "/valueType") == "GROUPS" {
        let mut names = group_names(org, text(user?, "/id"));
        match text(claim, "/group_filter_type") {
            "EQUALS" => names.retain(|name| *name == source),
            "CONTAINS" => names.retain(|name| name.contains(source)),
            "REGEX" => {
                let fits = language::whole(source);
                names.retain(|name| fits(name));
            }
            _ => names.retain(|name| name.starts_with(source)),
        }
        return (!names.is_empty()).then(|| json!(names));
    }
    computed(org, client, user, scopes, source)
}

/// Adds the federated claims of a client to an ID token.
pub(crate) fn add_federated(
    org: &Org,
    client: &Value,
    user: &Value,
    scopes: &[String],
    claims: &mut Value,
) {
    let shelf = org
        .shelves
        .get(&federated_claims::shelf(text(client, "/id")));
    for claim in shelf.into_iter().flat_map(|shelf| shelf.values()) {
        let source = text(claim, "/expression");
        if let Some(value) = computed(org, client, Some(user), scopes, source) {
            claims[text(claim, "/name")] = value;
        }
    }
}

/// The value of an expression, unless it is null or not understood.
fn computed(
    org: &Org,
    client: &Value,
    user: Option<&Value>,
    scopes: &[String],
    source: &str,
) -> Option<Value> {
    let app_user = user.and_then(|u| org.app_users.get(text(client, "/id"), text(u, "/id")));
    let groups = user.map_or_else(Vec::new, |u| group_names(org, text(u, "/id")));
    let scene = language::Scene {
        user: user.map(|u| &u["profile"]),
        app_user: app_user.map(|a| &a["profile"]),
        app: client,
        org_id: &org.id,
        groups: &groups,
        group_ids: &[],
        scopes,
    };
    language::evaluate(source, &scene).filter(|v| !v.is_null())
}
