//! Trust between apps: which apps may ask another for single sign-on between clients, and which may
//! reach another's resources for a user (cross-app access). Both ends see the same.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::Actor;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listInterclientAllowedApplications" => allowed,
        "listInterclientTargetApplications" => targets,
        "createInterclientTrustMapping" => allow,
        "deleteInterclientTrustMapping" => forbid,
        "getAllCrossAppAccessConnections" => connections,
        "createCrossAppAccessConnection" => connect,
        "getCrossAppAccessConnection" => connection,
        "updateCrossAppAccessConnection" => switch,
        "deleteCrossAppAccessConnection" => disconnect,
        _ => return None,
    })
}

/// All mappings of the org, by target and allowed app.
const MAPPINGS: &str = "/api/v1/apps/~interclient";
/// All connections of the org, by id.
const CONNECTIONS: &str = "/api/v1/apps/~cwo";

/// The other end's ids of the mappings whose one end is the named app; gone apps are left out.
fn other_ends(call: &mut Call<'_>, own: &str, other: &str) -> Outcome {
    let app = named_app(call)?;
    let mappings: Vec<Value> = call.org.shelf(MAPPINGS).values().cloned().collect();
    let ends = mappings
        .iter()
        .filter(|mapping| mapping[own] == app["id"])
        .map(|mapping| mapping[other].clone())
        .filter(|id| call.org.apps.contains(id.as_str().unwrap_or_default()));
    call.all(ends.collect())
}

fn allowed(call: &mut Call<'_>) -> Outcome {
    other_ends(call, "appInstanceId", "trustedAppInstanceId")
}

fn targets(call: &mut Call<'_>) -> Outcome {
    other_ends(call, "trustedAppInstanceId", "appInstanceId")
}

/// Sign-on between clients is a matter of OpenID Connect.
fn is_client(app: &Value) -> bool {
    text(app, "/signOnMode") == "OPENID_CONNECT"
}

fn allow(call: &mut Call<'_>) -> Outcome {
    let target = named_app(call)?;
    let body = call.request.object()?;
    let id = text(&body, "/id");
    let refused = |cause: &str| Err(Fault::validation("id", &[cause]));
    let Some(trusted) = call.org.apps.get(id).cloned() else {
        return refused("id: The app does not exist");
    };
    if id == text(&target, "/id") {
        return refused("id: An app cannot be mapped to itself");
    }
    if !is_client(&target) || !is_client(&trusted) {
        return refused("id: Both apps must be OpenID Connect apps");
    }
    let key = format!("{} {id}", text(&target, "/id"));
    if call.org.shelf(MAPPINGS).contains(&key) {
        return refused("id: The app is allowed already");
    }
    let now = clock::zero_millis(call.org.clock.now());
    let by = Actor::of(call.org, &call.principal).id().to_owned();
    let mapping = json!({
        "id": call.org.dice.id("itm"), "orgId": call.org.id, "appInstanceId": target["id"],
        "trustedAppInstanceId": id, "created": now, "lastUpdated": now, "lastUpdatedBy": by,
    });
    call.org.shelf(MAPPINGS).put(&key, mapping.clone());
    Ok(Answer::json(201, &mapping))
}

fn forbid(call: &mut Call<'_>) -> Outcome {
    let target = named_app(call)?;
    let id = call.parameter(1);
    let key = format!("{} {id}", text(&target, "/id"));
    match call.org.shelf(MAPPINGS).remove(&key) {
        Some(_) => Ok(Answer::no_content()),
        None => Err(Fault::not_found(id, "InterclientTrustMapping")),
    }
}

const ENDS: [&str; 2] = ["requestingAppInstanceId", "resourceAppInstanceId"];

fn connections(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    call.org.shelf(CONNECTIONS);
    let (org, request) = (&*call.org, call.request);
    let wanted = |name: &str| request.query(name).filter(|value| !value.is_empty());
    let active_only = request.flag("activeAppsOnly", false);
    let hits = org.shelves[CONNECTIONS].placed().filter(|(_, one)| {
        let apps = ENDS.map(|end| org.apps.get(one[end].as_str().unwrap_or_default()));
        let [Some(requesting), Some(resource)] = apps else {
            return false;
        };
        let is = |name: &str, value: &Value, path: &str| {
            wanted(name).is_none_or(|wanted| text(value, path) == wanted)
        };
        let active = |app: &Value| text(app, "/status") == "ACTIVE";
        ENDS.iter().any(|end| one[*end] == app["id"])
            && is("status", one, "/status")
            && is("requestingAppId", requesting, "/id")
            && is("resourceAppId", resource, "/id")
            && is("requestingAppName", requesting, "/name")
            && is("resourceAppName", resource, "/name")
            && (!active_only || active(requesting) && active(resource))
    });
    call.list(Size::new(20, 200), hits, Value::clone)
}

fn connect(call: &mut Call<'_>) -> Outcome {
    let app = named_app(call)?;
    let body = call.request.object()?;
    for end in ENDS {
        let id = text(&body, &format!("/{end}"));
        let cause = match id {
            "" => format!("{end}: The field cannot be left blank"),
            id if !call.org.apps.contains(id) => format!("{end}: The app does not exist"),
            _ => continue,
        };
        return Err(Fault::validation(end, &[&cause]));
    }
    let [from, to] = ENDS.map(|end| body[end].clone());
    let refused = |cause: &str| Err(Fault::validation("connection", &[cause]));
    if from == to {
        return refused("connection: An app cannot be connected to itself");
    }
    if app["id"] != from && app["id"] != to {
        return refused("connection: One of the two apps must be the one of the path");
    }
    let status = match &body["status"] {
        Value::Null => "ACTIVE",
        status => known_status(status)?,
    };
    let known = call
        .org
        .shelf(CONNECTIONS)
        .values()
        .any(|one| one[ENDS[0]] == from && one[ENDS[1]] == to);
    if known {
        return refused("connection: The apps are connected already");
    }
    let id = call.org.dice.id("cwo");
    let now = clock::zero_millis(call.org.clock.now());
    let connection = json!({
        "id": id, "requestingAppInstanceId": from, "resourceAppInstanceId": to, "status": status,
        "created": now, "lastUpdated": now,
    });
    call.org.shelf(CONNECTIONS).put(&id, connection.clone());
    Ok(Answer::json(201, &connection))
}

fn known_status(status: &Value) -> Result<&str, Fault> {
    let status = status.as_str().unwrap_or_default();
    if matches!(status, "ACTIVE" | "INACTIVE") {
        return Ok(status);
    }
    let cause = "status: The field has an invalid value. Possible values are: [ACTIVE, INACTIVE]";
    Err(Fault::validation("status", &[cause]))
}

/// A connection that the named app is an end of.
fn named_connection(call: &mut Call<'_>) -> Result<Value, Fault> {
    let app = named_app(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(CONNECTIONS).get(id).cloned();
    found
        .filter(|one| ENDS.iter().any(|end| one[*end] == app["id"]))
        .ok_or_else(|| Fault::not_found(id, "CrossAppAccessConnection"))
}

fn connection(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&named_connection(call)?))
}

fn switch(call: &mut Call<'_>) -> Outcome {
    let mut connection = named_connection(call)?;
    let body = call.request.object()?;
    connection["status"] = json!(known_status(&body["status"])?);
    connection["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&connection, "/id").to_owned();
    call.org.shelf(CONNECTIONS).put(&id, connection.clone());
    Ok(Answer::ok(&connection))
}

fn disconnect(call: &mut Call<'_>) -> Outcome {
    let connection = named_connection(call)?;
    call.org.shelf(CONNECTIONS).remove(text(&connection, "/id"));
    Ok(Answer::no_content())
}
