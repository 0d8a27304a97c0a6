//! How the org guards itself: lockouts, the order of factors, ThreatInsight, bots.

use serde_json::{Value, json};

use super::authenticators;
use super::org_switches::hinted;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::org::Org;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getUserLockoutSettings" => |call| read(call, LOCKOUT),
        "replaceUserLockoutSettings" => |call| set(call, LOCKOUT),
        "getAuthenticatorSettings" => |call| read(call, KNOWLEDGE_SECOND),
        "replaceAuthenticatorSettings" => set_order,
        "getCurrentConfiguration" => threats,
        "updateConfiguration" => set_threats,
        "getBotProtectionConfiguration" => bots,
        "updateBotProtectionConfiguration" => set_bots,
        _ => return None,
    })
}

const SHELF: &str = "/attack-protection";
const LOCKOUT: &str = "preventBruteForceLockoutFromUnknownDevices";
const KNOWLEDGE_SECOND: &str = "verifyKnowledgeSecondWhen2faRequired";
const THREATS: &str = "/api/v1/threats/configuration";
const BOTS: &str = "/api/v1/bot-protection/configuration";
const ZONES: &str = "/api/v1/zones";

/// True if wrong passwords from devices that a user never used lock out those devices alone.
pub(crate) fn spares_known_devices(org: &Org) -> bool {
    let shelf = org.shelves.get(SHELF);
    shelf.is_some_and(|shelf| shelf.get(LOCKOUT) == Some(&json!(true)))
}

/// A switch, which is off in a new org.
fn switch(call: &mut Call<'_>, name: &str) -> bool {
    call.org.shelf(SHELF).get(name) == Some(&json!(true))
}

fn read(call: &mut Call<'_>, name: &str) -> Outcome {
    Ok(Answer::ok(&json!({ name: switch(call, name) })))
}

/// Whether a body wants a switch on; what it leaves out is off.
fn wanted(call: &Call<'_>, name: &str) -> Result<bool, Fault> {
    let body = call.given(Fullness::Whole)?;
    Ok(body[name] == true || body[name] == "true")
}

fn set(call: &mut Call<'_>, name: &str) -> Outcome {
    let on = wanted(call, name)?;
    if on != switch(call, name) {
        call.org.shelf(SHELF).put(name, json!(on));
        call.log("security.attack_protection.settings.update", Vec::new());
    }
    read(call, name)
}

/// Chains of methods that begin with what the user knows contradict the switch.
fn set_order(call: &mut Call<'_>) -> Outcome {
    let chains = authenticators::knowledge_first(call.org);
    if wanted(call, KNOWLEDGE_SECOND)? && !chains.is_empty() {
        let summary = format!(
            "One or more authentication method chains include a knowledge method in the first step. Update \
             these chains to require a possession factor in the first step: {}",
            chains.join(", ")
        );
        return Err(Fault::api(400, "E0000245", summary, &[]));
    }
    set(call, KNOWLEDGE_SECOND)
}

fn show(call: &Call<'_>, path: &str, mut settings: Value) -> Outcome {
    let own = format!("{}{path}", call.base());
    settings["_links"] = json!({ "self": hinted(own, &["GET", "POST"]) });
    Ok(Answer::ok(&settings))
}

/// ThreatInsight as it stands; off in a new org.
fn current_threats(call: &mut Call<'_>) -> Value {
    let known = call.org.shelf(SHELF).get(THREATS).cloned();
    known.unwrap_or_else(|| {
        let made = &call.org.created;
        json!({ "action": "none", "excludeZones": [], "created": made, "lastUpdated": made })
    })
}

fn threats(call: &mut Call<'_>) -> Outcome {
    let settings = current_threats(call);
    show(call, THREATS, settings)
}

fn set_threats(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let action = text(&body, "/action");
    if !matches!(action, "none" | "audit" | "block") {
        let cause = match action {
            "" => "action: The field cannot be left blank",
            _ => "action: The field has an invalid value",
        };
        return Err(Fault::validation("action", &[cause]));
    }
    let zones = body["excludeZones"].as_array().cloned().unwrap_or_default();
    for zone in zones.iter().map(|zone| zone.as_str().unwrap_or_default()) {
        if !call.org.shelf(ZONES).contains(zone) {
            let cause = format!("excludeZones: Invalid network zone: {zone}");
            return Err(Fault::validation("excludeZones", &[&cause]));
        }
    }
    let mut settings = current_threats(call);
    settings["action"] = json!(action);
    settings["excludeZones"] = json!(zones);
    settings["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    call.org.shelf(SHELF).put(THREATS, settings.clone());
    call.log("security.threat.configuration.update", Vec::new());
    show(call, THREATS, settings)
}

/// Bots are looked out for from the start, but let through.
fn current_bots(call: &mut Call<'_>) -> Value {
    let known = call.org.shelf(SHELF).get(BOTS).cloned();
    known.unwrap_or_else(|| {
        json!({ "level": "LOW", "mode": "LOG_ONLY", "supportedFlows": ["SIGN_IN", "SSR", "SSPR"] })
    })
}

fn bots(call: &mut Call<'_>) -> Outcome {
    let settings = current_bots(call);
    show(call, BOTS, settings)
}

fn refuse(field: &str, what: &str) -> Fault {
    Fault::validation(field, &[&format!("{field}: {what}")])
}

fn set_bots(call: &mut Call<'_>) -> Outcome {
    let given = call.request.object()?;
    for name in ["level", "mode"] {
        if text(&given, &format!("/{name}")).is_empty() {
            return Err(refuse(name, "The field cannot be left blank"));
        }
    }
    let body = call.given(Fullness::Whole)?;
    let enforced = body["mode"] == "ENFORCED";
    if enforced && text(&body, "/enforcementType").is_empty() {
        let what = "Api validation failed: enforcementType must be provided when mode is ENFORCED";
        return Err(refuse("enforcementType", what));
    }
    let flows = body["supportedFlows"].as_array();
    if flows.is_some_and(Vec::is_empty) {
        let what = "Api validation failed: supportedFlows must have at least one supported flow";
        return Err(refuse("supportedFlows", what));
    }
    let before = current_bots(call);
    let mut settings = before.clone();
    for name in ["level", "mode", "supportedFlows", "enforcementType"] {
        if !body[name].is_null() {
            merge(&mut settings, &json!({ name: body[name] }));
        }
    }
    if !enforced {
        remove(&mut settings, "enforcementType");
    }
    if settings != before {
        call.org.shelf(SHELF).put(BOTS, settings.clone());
        let off = |settings: &Value| settings["mode"] == "DISABLED";
        let event = match off(&settings) == off(&before) {
            true => "security.bot_protection.settings.update",
            false => "security.bot_protection.status.update",
        };
        call.log(event, Vec::new());
    }
    show(call, BOTS, settings)
}

#[cfg(test)]
#[path = "attack_protection_tests.rs"]
mod tests;
