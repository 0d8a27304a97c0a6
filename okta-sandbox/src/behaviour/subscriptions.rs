//! Which notifications admins of a role, or single users, get by email.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::org::Org;
use crate::schema;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listSubscriptionsRole" | "listSubscriptionsUser" => list,
        "getSubscriptionsNotificationTypeRole" | "getSubscriptionsNotificationTypeUser" => get,
        "subscribeByNotificationTypeRole" | "subscribeByNotificationTypeUser" => subscribe,
        "unsubscribeByNotificationTypeRole" | "unsubscribeByNotificationTypeUser" => unsubscribe,
        _ => return None,
    })
}

const SHELF: &str = "/subscriptions";

/// What nobody gets unless they ask for it.
const QUIET: [&str; 3] = ["APP_IMPORT", "USER_DEPROVISION", "USER_LOCKED_OUT"];

fn types() -> &'static [String] {
    let types = schema::schema("management", "NotificationType");
    types.map_or(&[], |schema| schema.values.as_slice())
}

/// Where the subscriptions of the role or user stand; refused if there is no such user.
fn owner(call: &Call<'_>) -> Result<String, Fault> {
    let name = call.parameter(0);
    match call.operation.path.starts_with("/api/v1/users") {
        true => crate::behaviour::users::resolve(call, name).map(|id| format!("users/{id}")),
        false => Ok(format!("roles/{name}")),
    }
}

fn named(call: &Call<'_>) -> Result<&'static str, Fault> {
    let wanted = call.parameter(1);
    let found = types().iter().find(|kind| *kind == wanted);
    found
        .map(String::as_str)
        .ok_or_else(|| Fault::not_found(wanted, "NotificationType"))
}

fn view(call: &mut Call<'_>, owner: &str, kind: &str) -> Value {
    let own = format!("{}/api/v1/{owner}/subscriptions/{kind}", call.base());
    let chosen = call
        .org
        .shelf(SHELF)
        .get(&format!("{owner}/{kind}"))
        .cloned();
    let quiet = if QUIET.contains(&kind) {
        "unsubscribed"
    } else {
        "subscribed"
    };
    let status = chosen.unwrap_or_else(|| json!(quiet));
    let step = if status == "subscribed" {
        "unsubscribe"
    } else {
        "subscribe"
    };
    json!({
        "notificationType": kind, "channels": ["email"], "status": status,
        "_links": {
            step: { "href": format!("{own}/{step}"), "hints": { "allow": ["POST"] } },
            "self": { "href": own },
        },
    })
}

fn list(call: &mut Call<'_>) -> Outcome {
    let owner = owner(call)?;
    let shown: Vec<Value> = types()
        .iter()
        .map(|kind| view(call, &owner, kind))
        .collect();
    Ok(Answer::ok(&json!(shown)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (owner, kind) = (owner(call)?, named(call)?);
    Ok(Answer::ok(&view(call, &owner, kind)))
}

fn set(call: &mut Call<'_>, status: &str) -> Outcome {
    let (owner, kind) = (owner(call)?, named(call)?);
    call.org
        .shelf(SHELF)
        .put(&format!("{owner}/{kind}"), json!(status));
    Ok(Answer::empty(200))
}

/// A user who is gone gets nothing.
pub(super) fn forget(org: &mut Org, user: &str) {
    let shelf = org.shelf(SHELF);
    for kind in types() {
        shelf.remove(&format!("users/{user}/{kind}"));
    }
}

fn subscribe(call: &mut Call<'_>) -> Outcome {
    set(call, "subscribed")
}

fn unsubscribe(call: &mut Call<'_>) -> Outcome {
    set(call, "unsubscribed")
}
