//! Client secrets of API service integrations: at most two, each on or off, and told whole only
//! when they are made.

use serde_json::{Value, json};

use super::api_services::{SHELF, named};
use super::secrets::{fresh, with_steps};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log;
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApiServiceIntegrationInstanceSecrets" => list,
        "createApiServiceIntegrationInstanceSecret" => create,
        "deleteApiServiceIntegrationInstanceSecret" => delete,
        "activateApiServiceIntegrationInstanceSecret" => |call| set(call, "ACTIVE"),
        "deactivateApiServiceIntegrationInstanceSecret" => |call| set(call, "INACTIVE"),
        _ => return None,
    })
}

/// Where the secrets of an instance stand.
pub(super) fn shelf(instance: &str) -> String {
    format!("{SHELF}/{instance}/credentials/secrets")
}

/// Whether an instance can sign in with a secret.
pub(crate) fn opens(org: &Org, instance: &str, secret: &str) -> bool {
    let shelf = org.shelves.get(&shelf(instance));
    let mut all = shelf.into_iter().flat_map(|shelf| shelf.values());
    all.any(|known| known["status"] == "ACTIVE" && text(known, "/client_secret") == secret)
}

/// A new secret of an instance.
pub(super) fn add(call: &mut Call<'_>, instance: &str) -> Value {
    let value = call.org.dice.secret(48);
    let secret = fresh(call.org, &value);
    let shelf = shelf(instance);
    call.org
        .shelf(&shelf)
        .put(text(&secret, "/id"), secret.clone());
    secret
}

fn view(call: &Call<'_>, secret: &Value) -> Value {
    let (instance, id) = (call.parameter(0), text(secret, "/id"));
    let own = format!("{}{}/{id}", call.base(), shelf(instance));
    with_steps(secret, &own)
}

/// A secret of which only the end is told.
fn masked(call: &Call<'_>, secret: &Value) -> Value {
    let mut shown = view(call, secret);
    let value = text(secret, "/client_secret");
    let end = value.get(value.len().saturating_sub(4)..);
    shown["client_secret"] = json!(format!("***{}", end.unwrap_or_default()));
    shown
}

fn log(call: &mut Call<'_>, instance: &Value, verb: &str) {
    let name = text(instance, "/name");
    let target = log::named("AppInstance", text(instance, "/id"), name, name);
    call.log(
        &format!("app.oauth2.credentials.lifecycle.{verb}"),
        vec![target],
    );
}

fn refused(cause: &str) -> Fault {
    Fault::validation("client_secret", &[cause])
}

fn list(call: &mut Call<'_>) -> Outcome {
    named(call)?;
    let shelf = shelf(call.parameter(0));
    let secrets: Vec<Value> = call.org.shelf(&shelf).values().cloned().collect();
    let shown: Vec<Value> = secrets.iter().map(|secret| masked(call, secret)).collect();
    Ok(Answer::ok(&json!(shown)))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let instance = named(call)?;
    let id = call.parameter(0);
    if call.org.shelf(&shelf(id)).len() >= 2 {
        return Err(refused(
            "You've reached the maximum number of client secrets per client.",
        ));
    }
    let secret = add(call, id);
    log(call, &instance, "create");
    Ok(Answer::json(201, &view(call, &secret)))
}

fn named_secret(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let instance = named(call)?;
    let id = call.parameter(1);
    let found = call.org.shelf(&shelf(call.parameter(0))).get(id).cloned();
    let secret = found.ok_or_else(|| Fault::not_found(id, "OAuth2ClientSecret"))?;
    Ok((instance, secret))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (instance, secret) = named_secret(call)?;
    if secret["status"] == "ACTIVE" {
        return Err(refused("An active client secret cannot be deleted."));
    }
    let id = call.parameter(1);
    call.org.shelf(&shelf(call.parameter(0))).remove(id);
    log(call, &instance, "delete");
    Ok(Answer::no_content())
}

fn set(call: &mut Call<'_>, status: &str) -> Outcome {
    let (instance, mut secret) = named_secret(call)?;
    if secret["status"] != status {
        let shelf = shelf(call.parameter(0));
        let id = call.parameter(1);
        let other = {
            let mut all = call.org.shelf(&shelf).values();
            all.any(|one| one["status"] == "ACTIVE" && text(one, "/id") != id)
        };
        if status == "INACTIVE" && !other {
            return Err(refused(
                "The last active client secret cannot be deactivated.",
            ));
        }
        secret["status"] = json!(status);
        secret["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        call.org.shelf(&shelf).put(id, secret.clone());
        let verb = match status {
            "ACTIVE" => "activate",
            _ => "deactivate",
        };
        log(call, &instance, verb);
    }
    Ok(Answer::ok(&masked(call, &secret)))
}
