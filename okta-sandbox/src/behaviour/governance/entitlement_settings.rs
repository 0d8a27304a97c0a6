//! Entitlement settings of resources, and the operations that change them.

use serde_json::{Value, json};

use super::resources::tail;
use super::{background, leftovers, link, read, settled};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getEntitlementSettings" => get,
        "updateEntitlementSettings" => update,
        "getOperation" => operation,
        _ => return None,
    })
}

const SHELF: &str = "/governance/api/v2/resources/entitlement-settings";
const OPERATIONS: &str = "/governance/api/v1/operations";

/// A resource that nobody changed is out.
fn ensure(call: &mut Call<'_>) {
    let orn = call.parameter(0);
    if !call.org.shelf(SHELF).contains(orn) {
        let fresh = json!({ "status": "OPTED_OUT" });
        call.org.shelf(SHELF).put(orn, fresh);
    }
}

fn get(call: &mut Call<'_>) -> Outcome {
    let orn = call.parameter(0);
    if !call.org.shelf(SHELF).contains(orn) {
        return Ok(Answer::ok(&json!({ "status": "OPTED_OUT" })));
    }
    Ok(Answer::ok(&read(call, SHELF, orn)?))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let wanted = text(&body, "/status");
    let between = match wanted {
        "OPTED_IN" => "OPTING_IN",
        "OPTED_OUT" => "OPTING_OUT",
        _ => {
            let cause = "status: The value must be one of OPTED_IN, OPTED_OUT.";
            return Err(Fault::validation("status", &[cause]));
        }
    };
    ensure(call);
    let orn = call.parameter(0);
    let mut settings = settled(call.org, SHELF, orn)?;
    if settings["status"] == wanted {
        return Ok(Answer::json(202, &settings));
    }
    if wanted == "OPTED_OUT" {
        let app = call.org.apps.get(tail(orn)).map(|app| text(app, "/id"));
        if let Some(app) = app.map(str::to_owned) {
            leftovers::end_management(call, &app);
        }
    }
    let now = call.org.clock.now();
    settings["status"] = json!(between);
    background::plan(&mut settings, now, &[json!({ "status": wanted })]);
    call.org.shelf(SHELF).put(orn, settings);
    let event = match wanted {
        "OPTED_IN" => "resource.governance_engine.enable",
        _ => "resource.governance_engine.disable",
    };
    call.log(event, vec![named("Resource", orn, orn, orn)]);

    let id = call.org.dice.id("gop");
    let mut operation = json!({
        "id": id, "type": "ENTITLEMENT_SETTINGS_UPDATE", "status": "RUNNING",
        "created": clock::seconds(now), "timeElapsedInSeconds": 0,
    });
    let done = json!({ "status": "COMPLETED", "completed": background::NOW });
    background::plan(&mut operation, now, &[done]);
    call.org.shelf(OPERATIONS).put(&id, operation);
    let links = json!({ "operation": link(call, &format!("{OPERATIONS}/{id}")) });
    Ok(Answer::json(
        202,
        &json!({ "status": between, "_links": links }),
    ))
}

fn operation(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let mut operation: Value = read(call, OPERATIONS, id)?;
    operation["_links"] = json!({ "self": link(call, &format!("{OPERATIONS}/{id}")) });
    Ok(Answer::ok(&operation))
}

/// Whether an app, named by ORN or id, has its entitlements managed.
pub(super) fn is_opted_in(org: &Org, orn: &str, id: &str) -> bool {
    let Some(shelf) = org.shelves.get(SHELF) else {
        return false;
    };
    let mut known = [orn, id].into_iter().filter_map(|name| shelf.get(name));
    // What is under way comes true for whoever writes next.
    known.any(|settings| matches!(text(settings, "/status"), "OPTED_IN" | "OPTING_IN"))
}
