//! Methods of authenticators: the ways in which one is used.

use serde_json::{Value, json};

use super::{
    ACTIVATED, AUTHENTICATORS, DEACTIVATED, UPDATED, found, hinted, invalid, log, relying_party,
    uses,
};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::schema::{self, Fullness, Type};

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAuthenticatorMethods" => list,
        "getAuthenticatorMethod" => get,
        "replaceAuthenticatorMethod" => replace,
        "activateAuthenticatorMethod" => activate,
        "deactivateAuthenticatorMethod" => deactivate,
        "verifyRpIdDomain" => verify_domain,
        _ => return None,
    })
}

/// Where the methods of an authenticator stand.
pub(super) fn shelf(authenticator: &str) -> String {
    format!("{AUTHENTICATORS}/{authenticator}/methods")
}

/// Turns a method on where all are off.
pub(super) fn ensure_one(call: &mut Call<'_>, authenticator: &Value) {
    let methods = call.org.shelf(&shelf(text(authenticator, "/id")));
    if methods.values().any(|one| one["status"] == "ACTIVE") {
        return;
    }
    let first = methods.values().next().cloned();
    if let Some(mut first) = first {
        first["status"] = json!("ACTIVE");
        let ty = text(&first, "/type").to_owned();
        methods.put(&ty, first);
    }
}

/// The authenticator and the method that the path names.
fn named(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let authenticator = found(call)?;
    let (own, ty) = (shelf(call.parameter(0)), call.parameter(1));
    let known = call.org.shelf(&own).get(ty).cloned();
    let method = known.ok_or_else(|| Fault::not_found(ty, "AuthenticatorMethod"))?;
    Ok((authenticator, method))
}

/// Whether a method may go off: not the last one that is on, nor the codes of Okta Verify.
fn may_go_off(call: &Call<'_>, authenticator: &Value, method: &Value) -> bool {
    let methods = call.org.shelves.get(&shelf(text(authenticator, "/id")));
    let methods = methods.into_iter().flat_map(|shelf| shelf.values());
    let on = methods.filter(|one| one["status"] == "ACTIVE").count();
    on > 1 && method["type"] != "totp"
}

fn view(call: &Call<'_>, authenticator: &Value, method: &Value) -> Value {
    let own = shelf(text(authenticator, "/id"));
    let own = format!("{}{own}/{}", call.base(), text(method, "/type"));
    let mut links = json!({ "self": hinted(own.clone(), &["GET", "PUT"]) });
    let step = match text(method, "/status") {
        "ACTIVE" if !may_go_off(call, authenticator, method) => None,
        "ACTIVE" => Some("deactivate"),
        _ => Some("activate"),
    };
    if let Some(step) = step {
        links[step] = hinted(format!("{own}/lifecycle/{step}"), &["POST"]);
    }
    if relying_party::is_unverified(method) {
        let name = "verify-rp-id-domain";
        links[name] = hinted(format!("{own}/{name}"), &["POST"]);
    }
    let mut shown = method.clone();
    shown["_links"] = links;
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let authenticator = found(call)?;
    let own = shelf(call.parameter(0));
    let all: Vec<Value> = call.org.shelf(&own).values().cloned().collect();
    let shown = all.iter().map(|one| view(call, &authenticator, one));
    call.all(shown.collect())
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (authenticator, method) = named(call)?;
    Ok(Answer::ok(&view(call, &authenticator, &method)))
}

/// Keeps a changed method and tells of the change.
fn keep(call: &mut Call<'_>, event: &str, authenticator: &Value, method: &Value) -> Outcome {
    let own = shelf(call.parameter(0));
    let ty = call.parameter(1);
    call.org.shelf(&own).put(ty, method.clone());
    log(call, event, authenticator);
    Ok(Answer::ok(&view(call, authenticator, method)))
}

fn activate(call: &mut Call<'_>) -> Outcome {
    let (authenticator, mut method) = named(call)?;
    if method["status"] == "ACTIVE" {
        return Ok(Answer::ok(&view(call, &authenticator, &method)));
    }
    method["status"] = json!("ACTIVE");
    keep(call, ACTIVATED, &authenticator, &method)
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    let (authenticator, mut method) = named(call)?;
    if method["status"] != "ACTIVE" || !may_go_off(call, &authenticator, &method) {
        let field = "api.authenticator.error.unsupported.active.deactivate";
        return Err(Fault::validation(field, &[]));
    }
    let ty = call.parameter(1);
    if ty == "signed_nonce" && uses::looks_at_devices(call.org) {
        let summary = "You can’t disable Okta FastPass because it is being used by one or more application \
                       sign-on policies. First, go to each policy and remove any device conditions. Then, \
                       come back and try again.";
        return Err(Fault::api(403, "E0000174", summary, &[]));
    }
    let users = uses::of_method(call.org, &authenticator, ty);
    if !users.is_empty() {
        let summary = format!(
            "This action can't be completed because the authentication method is in use by one or more \
             authentication policies: {}",
            users.join(", ")
        );
        return Err(Fault::api(403, "E0000246", summary, &[]));
    }
    method["status"] = json!("INACTIVE");
    keep(call, DEACTIVATED, &authenticator, &method)
}

/// Refuses a body of another form than the method has.
fn check(call: &Call<'_>, ty: &str, body: &Value) -> Result<(), Fault> {
    let api = call.operation.api;
    let base = schema::schema(api, "AuthenticatorMethodBase");
    let Some(name) = base.and_then(|base| base.tagged.get(ty)) else {
        return Ok(());
    };
    let mut own = body.clone();
    for given in ["type", "status"] {
        remove(&mut own, given);
    }
    schema::check(api, &Type::Named(name.clone()), &own, Fullness::Part)
}

/// What stands beside the settings of one-time codes and of methods with properties.
const BESIDE: [&str; 8] = [
    "verifiableProperties",
    "acceptableAdjacentIntervals",
    "algorithm",
    "encoding",
    "factorProfileId",
    "passCodeLength",
    "protocol",
    "timeIntervalInSeconds",
];

/// Changes settings; whether a method is on is for the lifecycle alone.
fn replace(call: &mut Call<'_>) -> Outcome {
    let (authenticator, mut method) = named(call)?;
    let body = call.request.object()?;
    let ty = call.parameter(1);
    if body.get("type").is_some_and(|given| *given != ty) {
        return Err(invalid("type"));
    }
    // How Okta Verify makes its codes is fixed.
    if ty == "totp" {
        return Ok(Answer::ok(&view(call, &authenticator, &method)));
    }
    check(call, ty, &body)?;
    let before = method.clone();
    if let Some(given) = body["settings"].as_object() {
        let mut given = given.clone();
        if ty == "webauthn" {
            check_groups(call, &before, &given)?;
            if let Some(wanted) = given.remove("rpId") {
                relying_party::take(call, &mut method, &wanted)?;
            }
        }
        for (name, value) in given {
            if !value.is_null() {
                merge(&mut method["settings"], &json!({ name: value }));
            }
        }
    }
    let allowed = matches!(ty, "otp" | "idp" | "cert" | "duo");
    for name in BESIDE.iter().filter(|_| allowed) {
        if let Some(given) = body.get(name).filter(|given| !given.is_null()) {
            method[name] = given.clone();
        }
    }
    match method == before {
        true => Ok(Answer::ok(&view(call, &authenticator, &method))),
        false => keep(call, UPDATED, &authenticator, &method),
    }
}

/// Groups of AAGUIDs have a name of their own and members; what enrolment policies name stays.
fn check_groups(
    call: &Call<'_>,
    before: &Value,
    given: &serde_json::Map<String, Value>,
) -> Result<(), Fault> {
    let Some(wanted) = given.get("aaguidGroups").and_then(Value::as_array) else {
        return Ok(());
    };
    let mut names = Vec::new();
    for group in wanted {
        let name = text(group, "/name");
        let members = group["aaguids"].as_array().into_iter().flatten();
        let mut members = members.map(|one| one.as_str().unwrap_or_default());
        if name.is_empty() || names.contains(&name) {
            return Err(invalid("name"));
        }
        if members.clone().next().is_none() || !members.all(super::aaguids::is_aaguid) {
            return Err(invalid("aaguids"));
        }
        names.push(name);
    }
    let known = before.pointer("/settings/aaguidGroups");
    for old in known.and_then(Value::as_array).into_iter().flatten() {
        let name = text(old, "/name");
        if !wanted.contains(old) && uses::names_aaguid_group(call.org, name) {
            let summary = format!(
                "{name} cannot be modified/deleted because it is currently being used in an Enroll Policy. \
                 Please make changes to the Enroll Policy before modifying/deleting the group."
            );
            return Err(Fault::api(400, "E0000209", summary, &[]));
        }
    }
    Ok(())
}

fn verify_domain(call: &mut Call<'_>) -> Outcome {
    let (authenticator, mut method) = named(call)?;
    relying_party::verify(&mut method)?;
    keep(call, UPDATED, &authenticator, &method)?;
    Ok(Answer::no_content())
}
