//! Settings of the org that other families share: integrations, and who hears of certifications
//! through them. The teams of Access Requests are listed here, too.

use serde_json::{Value, json};

use super::{background, fits, not_found, page};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getOrgCertificationSettings" => certification,
        "updateOrgCertificationSettings" => update_certification,
        "listOrgIntegrations" => integrations,
        "createOrgIntegration" => connect,
        "deleteOrgIntegration" => disconnect,
        "listAllRequestTeams" => teams,
        _ => return None,
    })
}

const CERTIFICATION: &str = "/governance/api/v1/settings/certification";
const INTEGRATIONS: &str = "/governance/api/v1/settings/integrations";
const TEAMS: &str = "/governance/api/v1/teams";

pub(super) fn log(call: &mut Call<'_>, what: &str) {
    let id = call.org.id.clone();
    let target = named("Org", &id, "unknown", what);
    call.log("governance.settings.update", vec![target]);
}

/// Refuses settings of integrations that the org does not have.
pub(super) fn check(org: &Org, settings: &Value) -> Result<(), Fault> {
    let bad = |cause: &str| Err(Fault::validation("integrations", &[cause]));
    let Some(listed) = settings["settings"].as_array() else {
        return bad("integrations.settings: must be an array");
    };
    for one in listed {
        if one["type"] != "SLACK" {
            return bad("integrations.settings.type: must be one of SLACK");
        }
        let id = text(one, "/integrationId");
        let integrations = org.shelves.get(INTEGRATIONS);
        if !integrations.is_some_and(|shelf| shelf.contains(id)) {
            return bad(&format!(
                "integrations.settings.integrationId: {id} not found"
            ));
        }
        let notifications = one.get("notifications");
        if notifications.is_some_and(|n| !n["enabled"].is_boolean()) {
            return bad("integrations.settings.notifications.enabled: must be a boolean");
        }
    }
    Ok(())
}

/// Settings without those of integrations that have gone.
pub(super) fn connected(org: &Org, settings: &Value) -> Value {
    let there = |one: &&Value| {
        let integrations = org.shelves.get(INTEGRATIONS);
        integrations.is_some_and(|shelf| shelf.contains(text(one, "/integrationId")))
    };
    let listed = settings["settings"].as_array().into_iter().flatten();
    let listed: Vec<Value> = listed.filter(there).cloned().collect();
    json!({ "settings": listed })
}

fn certification(call: &mut Call<'_>) -> Outcome {
    let org = &call.org;
    let kept = org.shelves.get(CERTIFICATION);
    let kept = kept.and_then(|shelf| shelf.get(&org.id)).cloned();
    let kept = kept.unwrap_or_else(|| json!({}));
    Ok(Answer::ok(
        &json!({ "integrations": connected(org, &kept["integrations"]) }),
    ))
}

fn update_certification(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    if let Some(settings) = body.get("integrations") {
        check(call.org, settings)?;
        let id = call.org.id.clone();
        let kept = json!({ "integrations": settings });
        call.org.shelf(CERTIFICATION).put(&id, kept);
        log(call, "Certification settings");
    }
    certification(call)
}

fn integrations(call: &mut Call<'_>) -> Outcome {
    let now = call.org.clock.now();
    let shelf = call.org.shelf(INTEGRATIONS);
    let seen = shelf.values_mut().map(|one| {
        background::catch_up(one, now);
        let seen = background::shown(one);
        background::advance(one, now);
        seen
    });
    let data: Vec<Value> = seen.collect();
    Ok(Answer::ok(&json!({ "data": data })))
}

/// The connection is in progress until somebody has agreed to it at Slack; the sandbox does so.
fn connect(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    if body["type"] != "SLACK" {
        let cause = "type: The value must be one of SLACK.";
        return Err(Fault::validation("type", &[cause]));
    }
    let shelf = call.org.shelf(INTEGRATIONS);
    if shelf.values().any(|one| one["type"] == body["type"]) {
        let cause = "type: The org has an integration of this type already.";
        return Err(Fault::validation("type", &[cause]));
    }
    let id = call.org.dice.id("goi");
    let state = call.org.dice.secret(16);
    let mut integration = json!({ "id": id, "type": "SLACK", "status": "IN_PROGRESS" });
    let mut shown = integration.clone();
    let href = format!(
        "https://slack.com/oauth/v2/authorize?scope=channels:read,chat:write,commands,users:read&state={state}"
    );
    shown["_links"] = json!({ "authUrl": { "href": href } });
    let now = call.org.clock.now();
    background::plan(&mut integration, now, &[json!({ "status": "CONNECTED" })]);
    call.org.shelf(INTEGRATIONS).put(&id, integration);
    log(call, "Integrations");
    Ok(Answer::json(201, &shown))
}

fn disconnect(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let gone = call.org.shelf(INTEGRATIONS).remove(id);
    gone.ok_or_else(not_found)?;
    log(call, "Integrations");
    Ok(Answer::no_content())
}

fn teams(call: &mut Call<'_>) -> Outcome {
    let filter = super::filter(call)?;
    call.org.shelf(TEAMS);
    let hits = call.org.shelves[TEAMS]
        .placed()
        .filter(|(_, team)| fits(filter.as_ref(), team));
    page(call, hits, Value::clone)
}
