//! Cross-app access: which apps may reach another's resources for a user. Both ends see the same.

use serde_json::{Value, json};

use super::named_app;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getAllCrossAppAccessConnections" => connections,
        "createCrossAppAccessConnection" => connect,
        "getCrossAppAccessConnection" => connection,
        "updateCrossAppAccessConnection" => switch,
        "deleteCrossAppAccessConnection" => disconnect,
        _ => return None,
    })
}

/// All connections of the org, by id.
const CONNECTIONS: &str = "/api/v1/apps/~cwo";

const ENDS: [&str; 2] = ["requestingAppInstanceId", "resourceAppInstanceId"];

/// Ends the connections of an app.
pub(super) fn forget(org: &mut Org, app: &str) {
    let all = org.shelf(CONNECTIONS).values();
    let own = all.filter(|one| ENDS.iter().any(|end| one[*end] == app));
    let own: Vec<String> = own.map(|one| text(one, "/id").to_owned()).collect();
    for id in own {
        org.shelf(CONNECTIONS).remove(&id);
    }
}

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
