//! What becomes of updates as time goes by: agents are updated one after the other, each within
//! a minute. One that is not connected cannot be.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{POOLS, current};
use crate::clock;
use crate::json::{remove, text};
use crate::log::{Actor, named};
use crate::org::Org;

/// How long an agent's update takes.
const A_WHILE: SignedDuration = SignedDuration::from_secs(60);

/// Member of a scheduled update: when it begins.
pub(super) const BEGINS: &str = "begins";
/// Member of a running update: since when the present agent is updated.
pub(super) const SINCE: &str = "since";

/// What an update does to an agent, and what it says of it.
pub(super) fn set(agent: &mut Value, status: &str) {
    let message = match status {
        "Scheduled" => "Queued for update.",
        "InProgress" => "Update in progress.",
        "Success" => "Updated.",
        "Cancelled" => "Update cancelled.",
        _ => "The agent isn't connected.",
    };
    agent["updateStatus"] = json!(status);
    agent["updateMessage"] = json!(message);
}

/// An event of an agent or a pool that time brought.
struct Told {
    event: &'static str,
    target: Value,
    failure: bool,
}

/// Lets the updates of a pool take the steps whose time has come.
pub(super) fn catch_up(org: &mut Org, id: &str) {
    let Some(mut pool) = org.shelf(POOLS).get(id).cloned() else {
        return;
    };
    let now = org.clock.now();
    let go_on = current(org, &pool)["continueOnError"] == true;
    let shelf = format!("{POOLS}/{id}/updates");
    let updates: Vec<Value> = org.shelf(&shelf).values().cloned().collect();
    for before in updates {
        let mut update = before.clone();
        let told = run(&mut update, &mut pool, go_on, now);
        if update == before {
            continue;
        }
        let key = text(&update, "/id").to_owned();
        org.shelf(&shelf).put(&key, update);
        org.shelf(POOLS).put(id, pool.clone());
        for told in told {
            log(org, told);
        }
    }
}

fn log(org: &mut Org, told: Told) {
    let (event, targets) = (told.event, vec![told.target]);
    if told.failure {
        org.log
            .write_own(&org.clock, event, targets, "The agent isn't connected.");
    } else {
        org.log
            .write_by(&org.clock, &Actor::service(), event, targets);
    }
}

fn run(update: &mut Value, pool: &mut Value, go_on: bool, now: Timestamp) -> Vec<Told> {
    let mut told = Vec::new();
    let begins = clock::parse(text(update, &format!("/{BEGINS}")));
    if update["status"] == "Scheduled"
        && update["enabled"] == true
        && let Some(begins) = begins.filter(|at| *at <= now)
    {
        update["status"] = json!("InProgress");
        update[SINCE] = json!(clock::millis(begins));
        remove(update, BEGINS);
    }
    while update["status"] == "InProgress" {
        let since = clock::parse(text(update, &format!("/{SINCE}"))).unwrap_or(now);
        let target = text(update, "/targetVersion").to_owned();
        let mut agents = update["agents"].as_array_mut().into_iter().flatten();
        let waiting =
            agents.find(|agent| matches!(text(agent, "/updateStatus"), "Scheduled" | "InProgress"));
        let Some(agent) = waiting else {
            told.push(finish(update, pool, since));
            break;
        };
        set(agent, "InProgress");
        let done = since.checked_add(A_WHILE).unwrap_or(Timestamp::MAX);
        if done > now {
            break;
        }
        let id = agent["id"].clone();
        let mut all = pool["agents"].as_array_mut().into_iter().flatten();
        let known = all.find(|one| one["id"] == id);
        let connected = known.filter(|one| {
            matches!(
                text(one, "/operationalStatus"),
                "" | "OPERATIONAL" | "DEGRADED"
            )
        });
        let failure = connected.is_none();
        set(agent, if failure { "Failed" } else { "Success" });
        let name = connected.as_ref().map_or("", |one| text(one, "/name"));
        told.push(Told {
            event: "system.agent.auto_update",
            target: named("Agent", text(agent, "/id"), "unknown", name),
            failure,
        });
        if let Some(known) = connected {
            known["version"] = json!(target);
        } else if !go_on {
            agents
                .filter(|agent| agent["updateStatus"] == "Scheduled")
                .for_each(|agent| set(agent, "Cancelled"));
        }
        update[SINCE] = json!(clock::millis(done));
    }
    told
}

/// Nothing waits any more.
fn finish(update: &mut Value, pool: &Value, at: Timestamp) -> Told {
    let mut agents = update["agents"].as_array().into_iter().flatten();
    let failure = agents.any(|agent| agent["updateStatus"] == "Failed");
    update["status"] = json!(if failure { "Failed" } else { "Success" });
    if update["schedule"].is_object() {
        update["schedule"]["lastUpdated"] = json!(clock::zero_millis(at));
    }
    if failure {
        update["reason"] = json!("Not all agents could be updated.");
    }
    remove(update, SINCE);
    Told {
        event: "system.agent_pools.auto_update",
        target: named(
            "AgentPool",
            text(pool, "/id"),
            "unknown",
            text(pool, "/name"),
        ),
        failure,
    }
}
