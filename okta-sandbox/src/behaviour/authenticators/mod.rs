//! Authenticators of the org: which there are, their settings and methods, what uses them.

mod aaguids;
mod catalogue;
mod dependents;
mod lifecycle;
mod methods;
mod provider;
mod relying_party;
mod settings;
#[cfg(test)]
mod tests;
mod uses;

use serde_json::{Value, json};

use super::org_switches::hinted;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::org::Org;
use catalogue::{Amount, Family};
pub(crate) use uses::knowledge_first;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAuthenticators" => list,
        "createAuthenticator" => create,
        "getAuthenticator" => get,
        "replaceAuthenticator" => replace,
        "activateAuthenticator" => lifecycle::activate,
        "deactivateAuthenticator" => lifecycle::deactivate,
        _ => {
            return methods::handler(id)
                .or_else(|| aaguids::handler(id))
                .or_else(|| dependents::handler(id));
        }
    })
}

pub(crate) const AUTHENTICATORS: &str = "/api/v1/authenticators";

const CREATED: &str = "security.authenticator.lifecycle.create";
const UPDATED: &str = "security.authenticator.lifecycle.update";
const ACTIVATED: &str = "security.authenticator.lifecycle.activate";
const DEACTIVATED: &str = "security.authenticator.lifecycle.deactivate";

/// Puts the authenticators of a new org in.
pub(crate) fn add_built_in(org: &mut Org) {
    let now = org.created.clone();
    for (key, active) in catalogue::AT_FIRST {
        if let Some(family) = catalogue::find(key) {
            let mut one = fresh(org, family, &now);
            one["status"] = json!(status(active));
            add(org, family, one);
        }
    }
}

const fn status(active: bool) -> &'static str {
    match active {
        true => "ACTIVE",
        false => "INACTIVE",
    }
}

/// An authenticator as its key begins.
fn fresh(org: &mut Org, family: &Family, now: &str) -> Value {
    let mut one = json!({
        "id": org.dice.id("aut"), "key": family.key, "type": family.ty, "name": family.name,
        "status": "INACTIVE", "created": now, "lastUpdated": now,
    });
    let settings = catalogue::settings(family.key);
    if !settings.is_null() {
        one["settings"] = settings;
    }
    one
}

/// Keeps a new authenticator with its methods.
fn add(org: &mut Org, family: &Family, one: Value) {
    let id = text(&one, "/id").to_owned();
    org.shelf(AUTHENTICATORS).put(&id, one);
    for method in family.methods {
        let active = catalogue::begins_active(family.key, method);
        let mut made = json!({ "type": method, "status": status(active) });
        let settings = catalogue::method_settings(method);
        if !settings.is_null() {
            made["settings"] = settings;
        }
        org.shelf(&methods::shelf(&id)).put(method, made);
    }
}

/// The authenticators of a key, in the order of their making.
pub(crate) fn of_key<'o>(org: &'o Org, key: &'o str) -> impl Iterator<Item = &'o Value> {
    let all = org.shelves.get(AUTHENTICATORS);
    let all = all.into_iter().flat_map(|shelf| shelf.values());
    all.filter(move |one| text(one, "/key") == key)
}

/// The first method of an authenticator that is on.
pub(crate) fn first_method(org: &Org, authenticator: &str) -> Option<String> {
    let shelf = org.shelves.get(&methods::shelf(authenticator))?;
    let mut methods = shelf.values();
    let found = methods.find(|method| text(method, "/status") == "ACTIVE")?;
    Some(text(found, "/type").to_owned())
}

/// The authenticator that the path names.
fn found(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(AUTHENTICATORS, 0, "Authenticator")
}

fn view(call: &Call<'_>, one: &Value) -> Value {
    let key = text(one, "/key");
    let own = format!("{}{AUTHENTICATORS}/{}", call.base(), text(one, "/id"));
    let mut links = json!({
        "self": hinted(own.clone(), &["GET", "PUT"]),
        "methods": hinted(format!("{own}/methods"), &["GET"]),
    });
    let step = match text(one, "/status") {
        "ACTIVE" => "deactivate",
        _ => "activate",
    };
    if key != lifecycle::ALWAYS_ON {
        links[step] = hinted(format!("{own}/lifecycle/{step}"), &["POST"]);
    }
    if key == aaguids::ONLY_KEY {
        links["aaguids"] = hinted(format!("{own}/aaguids"), &["GET", "POST"]);
    }
    // Apps enrol themselves.
    if matches!(key, "okta_verify" | "custom_app") {
        let href = format!("{}/idp/authenticators", call.base());
        links["enroll"] = hinted(href, &["POST"]);
    }
    let mut shown = one.clone();
    provider::hide_secrets(&mut shown);
    shown["_links"] = links;
    shown
}

fn log(call: &mut Call<'_>, event: &str, one: &Value) {
    let (id, key, name) = (text(one, "/id"), text(one, "/key"), text(one, "/name"));
    call.log(event, vec![named("Authenticator", id, key, name)]);
}

/// Keeps a changed authenticator and tells of the change.
fn changed(call: &mut Call<'_>, event: &str, one: &mut Value) {
    one["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(one, "/id").to_owned();
    call.org.shelf(AUTHENTICATORS).put(&id, one.clone());
    log(call, event, one);
}

fn list(call: &mut Call<'_>) -> Outcome {
    let all: Vec<Value> = call.org.shelf(AUTHENTICATORS).values().cloned().collect();
    call.all(all.iter().map(|one| view(call, one)).collect())
}

fn get(call: &mut Call<'_>) -> Outcome {
    let one = found(call)?;
    Ok(Answer::ok(&view(call, &one)))
}

fn invalid(field: &str) -> Fault {
    let cause = format!("{field}: The field has an invalid value");
    Fault::validation(field, &[&cause])
}

fn blank(field: &str) -> Fault {
    let cause = format!("{field}: The field cannot be left blank");
    Fault::validation(field, &[&cause])
}

/// The family of a new authenticator's key, if the org may have (another) one of it.
fn allowed(call: &Call<'_>, key: &str) -> Result<&'static Family, Fault> {
    if key.is_empty() {
        return Err(blank("key"));
    }
    let family = catalogue::find(key).filter(|family| family.amount != Amount::BuiltIn);
    let Some(family) = family else {
        return Err(Fault::validation(
            "com.okta.services.factors.iface.dto.AuthenticatorCatalog",
            &["The field has an invalid value"],
        ));
    };
    let taken = of_key(call.org, key).next().is_some();
    if taken && family.amount == Amount::One {
        let summary = format!("Another authenticator with key: {key} is already active.");
        return Err(Fault::api(409, "E0000157", summary, &[]));
    }
    Ok(family)
}

/// What a body says of an authenticator, checked and taken over.
fn take(
    call: &mut Call<'_>,
    family: &Family,
    one: &mut Value,
    body: &Value,
    new: bool,
) -> Result<(), Fault> {
    if body.get("type").is_some_and(|ty| *ty != family.ty) {
        return Err(invalid("type"));
    }
    settings::check(family.key, body)?;
    let name = text(body, "/name").trim();
    match name.is_empty() {
        // Where there is one only, the service knows a name for it.
        true if new && family.amount == Amount::One && body.get("name").is_none() => {}
        true => return Err(blank("name")),
        false => one["name"] = json!(name),
    }
    if family.key == "webauthn" && body["description"].is_string() {
        one["description"] = body["description"].clone();
    }
    settings::take(call, family.key, one, body, new)?;
    provider::take(call, family.key, one, body, new)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let family = allowed(call, text(&body, "/key"))?;
    let now = clock::zero_millis(call.org.clock.now());
    let mut one = fresh(call.org, family, &now);
    take(call, family, &mut one, &body, true)?;
    add(call.org, family, one.clone());
    log(call, CREATED, &one);
    if call.request.flag("activate", true) {
        one["status"] = json!("ACTIVE");
        changed(call, ACTIVATED, &mut one);
    }
    Ok(Answer::ok(&view(call, &one)))
}

/// What the body leaves out stays, apart from the name.
fn replace(call: &mut Call<'_>) -> Outcome {
    let mut one = found(call)?;
    let body = call.request.object()?;
    let key = text(&one, "/key").to_owned();
    if body.get("key").is_some_and(|given| *given != key) {
        return Err(invalid("key"));
    }
    let family = catalogue::find(&key).ok_or_else(|| invalid("key"))?;
    let before = one.clone();
    take(call, family, &mut one, &body, false)?;
    if one == before {
        one["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        let id = call.parameter(0);
        call.org.shelf(AUTHENTICATORS).put(id, one.clone());
    } else {
        changed(call, UPDATED, &mut one);
    }
    Ok(Answer::ok(&view(call, &one)))
}
