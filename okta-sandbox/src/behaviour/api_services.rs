//! API service integrations: clients of catalogue services, with scopes and secrets.

use serde_json::{Value, json};

use super::api_service_secrets;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named as target;
use crate::oauth::scopes;
use crate::org::Org;
use crate::paging::Size;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApiServiceIntegrationInstances" => list,
        "createApiServiceIntegrationInstance" => create,
        "getApiServiceIntegrationInstance" => get,
        "deleteApiServiceIntegrationInstance" => delete,
        _ => return api_service_secrets::handler(id),
    })
}

/// The instance behind a client id.
pub(crate) fn find<'o>(org: &'o Org, client_id: &str) -> Option<&'o Value> {
    org.shelves.get(SHELF)?.get(client_id)
}

pub(crate) use super::api_service_secrets::opens;

/// The scopes that an instance was granted.
pub(crate) fn granted<'o>(
    org: &'o Org,
    client_id: &str,
) -> impl Iterator<Item = &'o str> + use<'o> {
    let scopes = find(org, client_id).and_then(|instance| instance["grantedScopes"].as_array());
    scopes.into_iter().flatten().filter_map(Value::as_str)
}

pub(super) const SHELF: &str = "/integrations/api/v1/api-services";

fn view(call: &Call<'_>, instance: &Value) -> Value {
    let id = text(instance, "/id");
    let own = format!("{}{SHELF}/{id}", call.base());
    let client = format!("{}/oauth2/v1/clients/{id}", call.base());
    let logo = format!("{}/assets/img/logos/default.png", call.base());
    let mut shown = instance.clone();
    shown["_links"] = json!({
        "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
        "client": { "href": client, "hints": { "allow": ["GET"] } },
        "logo": { "name": "medium", "href": logo },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF);
    let hits = call.org.shelves[SHELF].placed();
    call.list(Size::new(50, 200), hits, |instance| view(call, instance))
}

fn log(call: &mut Call<'_>, event: &str, instance: &Value) {
    let named = target(
        "AppInstance",
        text(instance, "/id"),
        text(instance, "/name"),
        text(instance, "/name"),
    );
    call.log(event, vec![named]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let kind = text(&body, "/type");
    let granted = body["grantedScopes"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for (field, missing) in [
        ("type", kind.is_empty()),
        ("grantedScopes", granted.is_empty()),
    ] {
        if missing {
            let cause = format!("{field}: The field cannot be left blank");
            return Err(Fault::validation(field, &[&cause]));
        }
    }
    let known = |scope: &Value| scope.as_str().is_some_and(|s| scopes::all().contains(s));
    if !granted.iter().all(known) {
        let cause = "grantedScopes: The field has an invalid value";
        return Err(Fault::validation("grantedScopes", &[cause]));
    }
    let mut name = kind.strip_suffix("apiservice").unwrap_or(kind).to_owned();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    let id = call.org.dice.id("0oa");
    let now = clock::zero_millis(call.org.clock.now());
    let guide = format!("{}/docs/{kind}", call.base());
    let instance = json!({
        "id": id, "type": kind, "name": name, "createdAt": now, "createdBy": call.principal.id(),
        "configGuideUrl": guide, "grantedScopes": granted,
        "properties": body.get("properties").cloned().unwrap_or_else(|| json!({})),
    });
    call.org.shelf(SHELF).put(&id, instance.clone());
    log(
        call,
        "integration.api_service.lifecycle.authorize",
        &instance,
    );
    let mut shown = view(call, &instance);
    shown["clientSecret"] = api_service_secrets::add(call, &id)["client_secret"].clone();
    Ok(Answer::json(201, &shown))
}

pub(super) fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(SHELF, 0, "AppInstance")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let instance = named(call)?;
    Ok(Answer::ok(&view(call, &instance)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let mut instance = named(call)?;
    let id = call.parameter(0);
    call.org.shelf(SHELF).remove(id);
    call.org.shelves.remove(&api_service_secrets::shelf(id));
    call.org.authority.revoke_client(id);
    remove(&mut instance, "properties");
    log(call, "integration.api_service.lifecycle.revoke", &instance);
    Ok(Answer::no_content())
}
