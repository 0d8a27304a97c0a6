//! Pools of directory agents, which come with a seed, and the updates of their agents.

mod cron;
mod progress;
mod updates;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::org::Org;
use crate::paging::{self, Page};
use crate::schema::{self, Fullness, Type};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAgentPools" => list,
        "getAgentPoolsUpdateSettings" => settings,
        "updateAgentPoolsUpdateSettings" => set_settings,
        _ => return updates::handler(id),
    })
}

const POOLS: &str = "/api/v1/agentPools";

/// Settings of updates by pool.
const SETTINGS: &str = "/api/v1/agentPools/updates/settings";

/// The pool that the path names, with what has become of its agents by now.
fn pool(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    progress::catch_up(call.org, id);
    let found = call.org.shelf(POOLS).get(id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "AppInstance"))
}

fn agents(pool: &Value) -> impl Iterator<Item = &Value> {
    pool["agents"].as_array().into_iter().flatten()
}

/// A version as something to compare.
fn parts(version: &str) -> Vec<u64> {
    let parts = version.split('.');
    parts.map(|part| part.parse().unwrap_or(0)).collect()
}

fn newest<'v>(versions: impl Iterator<Item = &'v str>) -> &'v str {
    versions.max_by_key(|one| parts(one)).unwrap_or_default()
}

/// An agent as lists show it.
fn show_agent(pool: &Value, agent: &Value, latest: &str) -> Value {
    let mut shown = agent.clone();
    let is_latest = parts(text(agent, "/version")) >= parts(latest);
    shown["poolId"] = pool["id"].clone();
    shown["isLatestGAedVersion"] = json!(is_latest);
    shown["latestGAedVersion"] = json!(is_latest);
    let defaults = json!({
        "type": pool["type"], "operationalStatus": "OPERATIONAL", "isHidden": false,
    });
    fill(&mut shown, &defaults);
    shown
}

fn in_state(pool: &Value, status: &str) -> usize {
    let all = agents(pool);
    all.filter(|agent| text(agent, "/operationalStatus") == status)
        .count()
}

/// A pool works as long as one of its agents does.
fn show(org: &Org, pool: &Value, base: &str) -> Value {
    let latest = current(org, pool);
    let latest = text(&latest, "/latestVersion");
    let (disrupted, inactive) = (in_state(pool, "DISRUPTED"), in_state(pool, "INACTIVE"));
    let status = match (agents(pool).count(), disrupted + inactive) {
        (_, 0) if in_state(pool, "DEGRADED") == 0 => "OPERATIONAL",
        (all, down) if down < all => "DEGRADED",
        (all, _) if inactive == all => "INACTIVE",
        _ => "DISRUPTED",
    };
    let agents: Vec<Value> = agents(pool)
        .map(|agent| show_agent(pool, agent, latest))
        .collect();
    let mut shown = pool.clone();
    shown["agents"] = json!(agents);
    shown["disruptedAgents"] = json!(disrupted);
    shown["inactiveAgents"] = json!(inactive);
    shown["operationalStatus"] = json!(status);
    let href = format!("{base}{POOLS}/{}", text(pool, "/id"));
    shown["_links"] = json!({ "self": { "href": href } });
    shown
}

/// A page ends before a type of pools would be there more often than asked for.
fn list(call: &mut Call<'_>) -> Outcome {
    let limit = match call.request.query("limitPerPoolType") {
        None | Some("") => 5,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => limit,
            _ => return Err(Fault::field("limitPerPoolType", "The limit is invalid.")),
        },
    };
    let kind = call.request.query("poolType").unwrap_or_default();
    if !kind.is_empty() {
        let ty = Type::Named("AgentType".into());
        let body = json!(kind);
        if schema::check(call.operation.api, &ty, &body, Fullness::Whole).is_err() {
            return Err(Fault::field("poolType", "The field has an invalid value"));
        }
    }
    let after = paging::position(call.request)?;
    let pools = call.org.shelf(POOLS).values();
    let ids: Vec<String> = pools.map(|pool| text(pool, "/id").to_owned()).collect();
    for id in ids {
        progress::catch_up(call.org, &id);
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let (mut items, mut next, mut last) = (Vec::new(), None, 0);
    let shelf = call.org.shelves.get(POOLS);
    let pools = shelf.into_iter().flat_map(|all| all.placed_after(after));
    for (place, pool) in pools.filter(|(_, pool)| kind.is_empty() || pool["type"] == kind) {
        let count = counts.entry(text(pool, "/type")).or_default();
        if *count == limit {
            next = Some(paging::issue(&call.request.path, last));
            break;
        }
        *count += 1;
        last = place;
        items.push(show(call.org, pool, call.base()));
    }
    Ok(call.page(Page { items, next, limit }, |pool| pool))
}

/// The settings of a pool's updates: what was set, and what follows from its agents.
fn current(org: &Org, pool: &Value) -> Value {
    let set = org.shelves.get(SETTINGS);
    let set = set.and_then(|all| all.get(text(pool, "/id"))).cloned();
    let mut settings = set.unwrap_or_else(|| json!({}));
    let versions = || agents(pool).map(|agent| text(agent, "/version"));
    let oldest = versions().min_by_key(|one| parts(one)).unwrap_or_default();
    fill(
        &mut settings,
        &json!({
            "continueOnError": false, "releaseChannel": "GA", "latestVersion": newest(versions()),
            "minimalSupportedVersion": oldest, "poolName": pool["name"],
        }),
    );
    settings["agentType"] = pool["type"].clone();
    settings["poolId"] = pool["id"].clone();
    settings
}

fn settings(call: &mut Call<'_>) -> Outcome {
    let pool = pool(call)?;
    Ok(Answer::ok(&current(call.org, &pool)))
}

fn set_settings(call: &mut Call<'_>) -> Outcome {
    let pool = pool(call)?;
    let mut given = call.given(Fullness::Whole)?;
    if given["agentType"] != pool["type"] {
        return Err(Fault::field(
            "agentType",
            "The field must be the pool's type",
        ));
    }
    let (lowest, latest) = (
        text(&given, "/minimalSupportedVersion"),
        text(&given, "/latestVersion"),
    );
    if !lowest.is_empty() && !latest.is_empty() && parts(lowest) > parts(latest) {
        return Err(Fault::field(
            "minimalSupportedVersion",
            "The field must not be above the latest version",
        ));
    }
    remove(&mut given, "agentType");
    let id = call.parameter(0);
    let mut kept = call.org.shelf(SETTINGS).get(id).cloned();
    let kept = kept.get_or_insert_with(|| json!({}));
    for (name, value) in given.as_object().into_iter().flatten() {
        // A blank asks for what the service finds itself.
        match value.is_null() || value == "" {
            true => drop(remove(kept, name)),
            false => kept[name.as_str()] = value.clone(),
        }
    }
    call.org.shelf(SETTINGS).put(id, kept.clone());
    Ok(Answer::ok(&current(call.org, &pool)))
}
