//! Admin roles under governance: whether the Admin Console has its entitlements managed, the
//! bundles of roles that can be granted then, and which grants a role comes from.

mod bundles;
mod sources;
#[cfg(test)]
mod tests;

pub(in crate::behaviour) use bundles::{knows, path};
pub(super) use sources::expirations;
pub(in crate::behaviour) use sources::{hold, let_go};

use serde_json::{Value, json};

use crate::behaviour::governance::{self, background};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::app_target;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getOptInStatus" => status,
        "optIn" => opt_in,
        "optOut" => opt_out,
        _ => return bundles::handler(id).or_else(|| sources::handler(id)),
    })
}

const SHELF: &str = "/api/v1/iam/governance";
const STATUS: &str = "optIn";

/// The Admin Console, whose entitlements the roles are.
pub(in crate::behaviour) fn console(org: &Org) -> Value {
    let found = org
        .apps
        .values()
        .find(|app| text(app, "/name") == "saasure");
    found.cloned().unwrap_or_default()
}

fn view(call: &Call<'_>, state: &Value) -> Answer {
    let mut shown = background::shown(state);
    let href = format!("{}{SHELF}/{STATUS}", call.base());
    shown["_links"] = json!({ "optInStatus": { "href": href } });
    Answer::ok(&shown)
}

fn state(call: &mut Call<'_>) -> Value {
    let now = call.org.clock.now();
    let shelf = call.org.shelf(SHELF);
    if !shelf.contains(STATUS) {
        shelf.put(STATUS, json!({ "optInStatus": "OPTED_OUT" }));
    }
    let Some(state) = shelf.get_mut(STATUS) else {
        return Value::Null;
    };
    background::catch_up(state, now);
    state.clone()
}

fn status(call: &mut Call<'_>) -> Outcome {
    let state = state(call);
    let now = call.org.clock.now();
    if let Some(kept) = call.org.shelf(SHELF).get_mut(STATUS) {
        background::advance(kept, now);
    }
    Ok(view(call, &state))
}

/// Goes over to a status by the one on the way there; nothing happens where that is so already.
fn turn(call: &mut Call<'_>, on_the_way: &str, wanted: &str, event: &str) -> Outcome {
    let mut state = state(call);
    let now = call.org.clock.now();
    background::settle(&mut state, now);
    if state["optInStatus"] != wanted {
        state["optInStatus"] = json!(on_the_way);
        background::plan(&mut state, now, &[json!({ "optInStatus": wanted })]);
        let target = app_target(&console(call.org));
        call.log(event, vec![target]);
    }
    call.org.shelf(SHELF).put(STATUS, state.clone());
    Ok(view(call, &state))
}

fn opt_in(call: &mut Call<'_>) -> Outcome {
    turn(
        call,
        "OPTING_IN",
        "OPTED_IN",
        "resource.governance_engine.enable",
    )
}

/// What was granted ends with the management.
fn opt_out(call: &mut Call<'_>) -> Outcome {
    for bundle in bundles::ids(call.org) {
        governance::end_grants(call, &bundle);
    }
    turn(
        call,
        "OPTING_OUT",
        "OPTED_OUT",
        "resource.governance_engine.disable",
    )
}

/// Refuses calls that need the management; what is under way comes true for whoever comes next.
fn managed(call: &mut Call<'_>) -> Result<(), Fault> {
    match text(&state(call), "/optInStatus") {
        "OPTED_IN" | "OPTING_IN" => Ok(()),
        _ => {
            let cause = "Entitlement management is not enabled for the Admin Console.";
            Err(Fault::code("E0000006", &[cause]))
        }
    }
}
