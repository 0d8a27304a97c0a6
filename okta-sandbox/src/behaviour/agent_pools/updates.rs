//! Updates of a pool's agents: made by hand or on a schedule, and steered while they run.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::cron::Cron;
use super::progress::{self, BEGINS, SINCE};
use super::{POOLS, agents, current, pool, show_agent};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAgentPoolsUpdates" => list,
        "createAgentPoolsUpdate" => create,
        "getAgentPoolsUpdateInstance" => get,
        "updateAgentPoolsUpdate" => update,
        "deleteAgentPoolsUpdate" => delete,
        "activateAgentPoolsUpdate" => activate,
        "deactivateAgentPoolsUpdate" => deactivate,
        "pauseAgentPoolsUpdate" => pause,
        "resumeAgentPoolsUpdate" => resume,
        "retryAgentPoolsUpdate" => retry,
        "stopAgentPoolsUpdate" => stop,
        _ => return None,
    })
}

fn shelf(call: &Call<'_>) -> String {
    format!("{POOLS}/{}/updates", call.parameter(0))
}

/// The fields that are wrong, in the service's terse words.
fn wrong(fields: &[&str]) -> Fault {
    let causes: Vec<String> = fields
        .iter()
        .map(|field| format!("errors in the field: {field}"))
        .collect();
    let causes: Vec<&str> = causes.iter().map(String::as_str).collect();
    Fault::validation(fields.first().copied().unwrap_or_default(), &causes)
}

fn show(call: &Call<'_>, pool: &Value, update: &Value) -> Value {
    let settings = current(call.org, pool);
    let latest = text(&settings, "/latestVersion");
    let mut shown = update.clone();
    for agent in shown["agents"].as_array_mut().into_iter().flatten() {
        let id = agent["id"].clone();
        let known = agents(pool).find(|one| one["id"] == id);
        let mut whole = known.cloned().unwrap_or_else(|| agent.clone());
        for member in ["updateStatus", "updateMessage"] {
            whole[member] = agent[member].clone();
        }
        *agent = show_agent(pool, &whole, latest);
    }
    remove(&mut shown, BEGINS);
    remove(&mut shown, SINCE);
    shown["_links"] = json!({});
    shown
}

/// A pool that nobody knows has no updates.
fn list(call: &mut Call<'_>) -> Outcome {
    let Ok(pool) = pool(call) else {
        return call.all(Vec::new());
    };
    let scheduled = call
        .request
        .query("scheduled")
        .filter(|text| !text.is_empty());
    let scheduled = scheduled.map(|text| text.eq_ignore_ascii_case("true"));
    let path = shelf(call);
    let all: Vec<Value> = call.org.shelf(&path).values().cloned().collect();
    let shown = all
        .iter()
        .filter(|one| scheduled.is_none_or(|wanted| one["schedule"].is_object() == wanted))
        .map(|one| show(call, &pool, one))
        .collect();
    call.all(shown)
}

/// The pool and the update that the path names.
fn known(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let pool = pool(call)?;
    let (path, id) = (shelf(call), call.parameter(1));
    let found = call.org.shelf(&path).get(id).cloned();
    let update = found.ok_or_else(|| Fault::not_found(id, "AgentPoolUpdate"))?;
    Ok((pool, update))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (pool, update) = known(call)?;
    Ok(Answer::ok(&show(call, &pool, &update)))
}

/// Keeps an update, lets it take the steps that are due at once, and shows it.
fn put(call: &mut Call<'_>, update: Value) -> Outcome {
    let (path, id) = (shelf(call), text(&update, "/id").to_owned());
    call.org.shelf(&path).put(&id, update);
    let pool = pool(call)?;
    let update = call.org.shelf(&path).get(&id).cloned().unwrap_or_default();
    Ok(Answer::ok(&show(call, &pool, &update)))
}

/// Sets the time when a scheduled update begins: at once without a schedule.
fn arm(call: &Call<'_>, update: &mut Value) {
    remove(update, BEGINS);
    if update["status"] != "Scheduled" || update["enabled"] != true {
        return;
    }
    let now = call.org.clock.now();
    let schedule = &update["schedule"];
    let begins = match schedule.is_object() {
        false => Some(now),
        true => {
            let days = schedule["delay"].as_i64().unwrap_or(0).clamp(0, 3650);
            let cron = Cron::parse(text(schedule, "/cron"), text(schedule, "/timezone"));
            let next = cron.and_then(|cron| cron.next(now));
            next.and_then(|at| at.checked_add(SignedDuration::from_hours(24 * days)).ok())
        }
    };
    if let Some(begins) = begins {
        update[BEGINS] = json!(clock::millis(begins));
    }
}

/// The agents of an update as it begins.
fn queued(given: &Value) -> Vec<Value> {
    let given = given.as_array().into_iter().flatten();
    let queue = |agent: &Value| {
        let mut agent = json!({ "id": agent["id"] });
        progress::set(&mut agent, "Scheduled");
        agent
    };
    given.map(queue).collect()
}

/// Takes over what is told of an update.
fn take(update: &mut Value, given: &Value) {
    for member in ["name", "agentType", "enabled", "notifyAdmin", "schedule"] {
        if !given[member].is_null() {
            update[member] = given[member].clone();
        }
    }
    for (member, nothing) in [
        ("reason", json!("")),
        ("sortOrder", json!(0)),
        ("targetVersion", json!("")),
    ] {
        if !given[member].is_null() && given[member] != nothing {
            update[member] = given[member].clone();
        }
    }
    if update["schedule"]["delay"] == 0 {
        remove(&mut update["schedule"], "delay");
    }
    if given["agents"].is_array() {
        update["agents"] = json!(queued(&given["agents"]));
    }
}

/// What can be told wrong without a look at the pool.
fn check(update: &Value) -> Result<(), Fault> {
    let mut fields = Vec::new();
    if text(update, "/name").trim().is_empty() {
        fields.push("name");
    }
    if text(update, "/agentType").is_empty() {
        fields.push("agentType");
    }
    if update["agents"].as_array().is_none_or(Vec::is_empty) {
        fields.push("agentList");
    }
    let schedule = &update["schedule"];
    if schedule.is_object() {
        let cron = Cron::parse(text(schedule, "/cron"), text(schedule, "/timezone"));
        let negative = |member: &str| schedule[member].as_i64().is_some_and(|n| n < 0);
        if cron.is_none() || negative("duration") || negative("delay") {
            fields.push("schedule");
        }
    }
    match fields.is_empty() {
        true => Ok(()),
        false => Err(wrong(&fields)),
    }
}

/// An update is of agents of one pool, which are of the pool's type.
fn check_pool(pool: &Value, update: &Value) -> Result<(), Fault> {
    if update["agentType"] != pool["type"] {
        return Err(wrong(&["agentType"]));
    }
    let mut named = update["agents"].as_array().into_iter().flatten();
    let foreign = named.any(|agent| !agents(pool).any(|one| one["id"] == agent["id"]));
    match foreign {
        true => Err(wrong(&["agentList"])),
        false => Ok(()),
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let given = call.request.object()?;
    let mut update = json!({ "enabled": false, "notifyAdmin": false, "status": "Scheduled" });
    take(&mut update, &given);
    check(&update)?;
    let pool = pool(call)?;
    check_pool(&pool, &update)?;
    if update["targetVersion"].is_null() {
        let settings = current(call.org, &pool);
        update["targetVersion"] = settings["latestVersion"].clone();
    }
    update["id"] = json!(call.org.dice.id("ajd"));
    arm(call, &mut update);
    put(call, update)
}

/// Refuses a step that an update in this state does not take.
fn from(update: &Value, statuses: &[&str]) -> Result<(), Fault> {
    let status = text(update, "/status");
    match statuses.contains(&status) {
        true => Ok(()),
        false => {
            let cause = format!("status: The step is not possible while the update is {status}");
            Err(Fault::validation("status", &[&cause]))
        }
    }
}

/// A change lets an update that has ended begin anew.
fn update(call: &mut Call<'_>) -> Outcome {
    let (pool, mut update) = known(call)?;
    let given = call.request.object()?;
    from(
        &update,
        &["Scheduled", "Paused", "Success", "Failed", "Cancelled"],
    )?;
    take(&mut update, &given);
    check(&update)?;
    check_pool(&pool, &update)?;
    if update["status"] != "Paused" {
        update["agents"] = json!(queued(&update["agents"]));
        update["status"] = json!("Scheduled");
    }
    arm(call, &mut update);
    put(call, update)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (_, update) = known(call)?;
    from(
        &update,
        &["Scheduled", "Paused", "Success", "Failed", "Cancelled"],
    )?;
    let (path, id) = (shelf(call), call.parameter(1));
    call.org.shelf(&path).remove(id);
    Ok(Answer::no_content())
}

fn enable(call: &mut Call<'_>, enabled: bool) -> Outcome {
    let (_, mut update) = known(call)?;
    from(&update, &["Scheduled"])?;
    update["enabled"] = json!(enabled);
    arm(call, &mut update);
    put(call, update)
}

fn activate(call: &mut Call<'_>) -> Outcome {
    enable(call, true)
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    enable(call, false)
}

fn pause(call: &mut Call<'_>) -> Outcome {
    let (_, mut update) = known(call)?;
    from(&update, &["Scheduled", "InProgress"])?;
    update["status"] = json!("Paused");
    remove(&mut update, BEGINS);
    remove(&mut update, SINCE);
    put(call, update)
}

/// Lets an update run from now on.
fn go(call: &Call<'_>, update: &mut Value) {
    update["status"] = json!("InProgress");
    update[SINCE] = json!(clock::millis(call.org.clock.now()));
}

fn resume(call: &mut Call<'_>) -> Outcome {
    let (_, mut update) = known(call)?;
    from(&update, &["Paused"])?;
    let mut agents = update["agents"].as_array().into_iter().flatten();
    match agents.any(|agent| agent["updateStatus"] != "Scheduled") {
        true => go(call, &mut update),
        false => {
            update["status"] = json!("Scheduled");
            arm(call, &mut update);
        }
    }
    put(call, update)
}

/// Once more for the agents that were not updated.
fn retry(call: &mut Call<'_>) -> Outcome {
    let (_, mut update) = known(call)?;
    from(&update, &["Failed"])?;
    let agents = update["agents"].as_array_mut().into_iter().flatten();
    agents
        .filter(|agent| agent["updateStatus"] != "Success")
        .for_each(|agent| progress::set(agent, "Scheduled"));
    remove(&mut update, "reason");
    go(call, &mut update);
    put(call, update)
}

fn stop(call: &mut Call<'_>) -> Outcome {
    let (_, mut update) = known(call)?;
    from(&update, &["Scheduled", "InProgress", "Paused"])?;
    let agents = update["agents"].as_array_mut().into_iter().flatten();
    agents
        .filter(|agent| !matches!(text(agent, "/updateStatus"), "Success" | "Failed"))
        .for_each(|agent| progress::set(agent, "Cancelled"));
    update["status"] = json!("Cancelled");
    remove(&mut update, BEGINS);
    remove(&mut update, SINCE);
    put(call, update)
}
