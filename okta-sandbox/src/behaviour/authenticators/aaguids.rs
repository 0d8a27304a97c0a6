//! Models of security keys that the org adds to those that the service knows.

use serde_json::{Value, json};

use super::{AUTHENTICATORS, UPDATED, blank, found, hinted, invalid, log};
use crate::behaviour::identity_providers::certificate;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{merge, remove, text};
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllCustomAAGUIDs" => list,
        "createCustomAAGUID" => create,
        "getCustomAAGUID" => get,
        "replaceCustomAAGUID" => replace,
        "updateCustomAAGUID" => update,
        "deleteCustomAAGUID" => delete,
        _ => return None,
    })
}

/// The key of the one authenticator that has models.
pub(super) const ONLY_KEY: &str = "webauthn";

const TRAITS: [&str; 3] = ["platformAttached", "fipsCompliant", "hardwareProtected"];

/// True for the form of a UUID.
pub(super) fn is_aaguid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(hex)
}

/// The authenticator of the path, with where its models stand.
fn place(call: &mut Call<'_>) -> Result<(Value, String), Fault> {
    let authenticator = found(call)?;
    if authenticator["key"] != ONLY_KEY {
        return Err(Fault::code("E0000015", &[]));
    }
    let shelf = format!("{AUTHENTICATORS}/{}/aaguids", call.parameter(0));
    Ok((authenticator, shelf))
}

fn named(call: &mut Call<'_>) -> Result<(Value, String, Value), Fault> {
    let (authenticator, shelf) = place(call)?;
    let id = call.parameter(1);
    let known = call.org.shelf(&shelf).get(&id.to_lowercase()).cloned();
    let model = known.ok_or_else(|| Fault::not_found(id, "CustomAAGUID"))?;
    Ok((authenticator, shelf, model))
}

fn view(call: &Call<'_>, model: &Value) -> Value {
    let own = format!(
        "{}{AUTHENTICATORS}/{}/aaguids/{}",
        call.base(),
        call.parameter(0),
        text(model, "/aaguid")
    );
    let mut shown = model.clone();
    shown["_links"] = json!({ "self": hinted(own, &["GET", "PUT", "DELETE"]) });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let (_, shelf) = place(call)?;
    let all: Vec<Value> = call.org.shelf(&shelf).values().cloned().collect();
    call.all(all.iter().map(|model| view(call, model)).collect())
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, _, model) = named(call)?;
    Ok(Answer::ok(&view(call, &model)))
}

/// Certificates with what they say of themselves.
fn certificates(given: &Value) -> Result<Value, Fault> {
    let mut read = Vec::new();
    for one in given.as_array().into_iter().flatten() {
        let text = text(one, "/x5c");
        let facts = certificate::read(text).zip(certificate::issuer(text));
        let (key, issuer) = facts.ok_or_else(|| invalid("x5c"))?;
        read.push(json!({
            "x5c": text, "x5t#S256": key["x5t#S256"], "iss": issuer, "exp": key["expiresAt"],
        }));
    }
    Ok(json!(read))
}

/// Takes over what a body says of a model.
fn take(model: &mut Value, body: &Value) -> Result<(), Fault> {
    if let Some(name) = body.get("name").filter(|name| !name.is_null()) {
        match name.as_str().map(str::trim) {
            None | Some("") => return Err(blank("name")),
            Some(name) => model["name"] = json!(name),
        }
    }
    let given = &body["authenticatorCharacteristics"];
    for name in TRAITS {
        if !given[name].is_null() {
            let one = json!({ "authenticatorCharacteristics": { name: given[name] } });
            merge(model, &one);
        }
    }
    let given = &body["attestationRootCertificates"];
    if !given.is_null() {
        model["attestationRootCertificates"] = certificates(given)?;
    }
    Ok(())
}

fn keep(call: &mut Call<'_>, authenticator: &Value, shelf: &str, model: Value) -> Outcome {
    let shown = view(call, &model);
    let id = text(&model, "/aaguid").to_owned();
    call.org.shelf(shelf).put(&id, model);
    log(call, UPDATED, authenticator);
    Ok(Answer::ok(&shown))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let (authenticator, shelf) = place(call)?;
    let mut body = call.given(Fullness::Whole)?;
    // The published form of a new model leaves its name out.
    body["name"] = call.request.object()?["name"].clone();
    let id = text(&body, "/aaguid").to_lowercase();
    if id.is_empty() {
        return Err(blank("aaguid"));
    }
    if !is_aaguid(&id) {
        return Err(invalid("aaguid"));
    }
    if call.org.shelf(&shelf).contains(&id) {
        let cause = "aaguid: An object with this field already exists in the current organization";
        return Err(Fault::validation("aaguid", &[cause]));
    }
    let mut model = json!({ "aaguid": id });
    take(&mut model, &body)?;
    keep(call, &authenticator, &shelf, model)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let (authenticator, shelf, mut model) = named(call)?;
    let body = call.given(Fullness::Whole)?;
    for name in [
        "authenticatorCharacteristics",
        "attestationRootCertificates",
    ] {
        remove(&mut model, name);
    }
    take(&mut model, &body)?;
    keep(call, &authenticator, &shelf, model)
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (authenticator, shelf, mut model) = named(call)?;
    let body = call.given(Fullness::Part)?;
    take(&mut model, &body)?;
    keep(call, &authenticator, &shelf, model)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (authenticator, shelf, model) = named(call)?;
    call.org.shelf(&shelf).remove(text(&model, "/aaguid"));
    log(call, UPDATED, &authenticator);
    Ok(Answer::no_content())
}
