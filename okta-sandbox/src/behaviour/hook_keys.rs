//! Keys that inline hooks authenticate with: the public half, and only once on creation.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::oauth::keys::Signer;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listHookKeys" => list,
        "createHookKey" => create,
        "getHookKey" => get,
        "replaceHookKey" => replace,
        "deleteHookKey" => delete,
        "getPublicKey" => public,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/hook-keys";

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(SHELF, 0, "HookKey")
}

/// The key without its numbers.
fn short(key: &Value) -> Value {
    let mut shown = key.clone();
    remove(&mut shown, "_embedded");
    shown["isUsed"] = json!(false);
    shown
}

fn whole(key: &Value) -> Value {
    let mut shown = short(key);
    shown["_embedded"] = key["_embedded"].clone();
    shown
}

fn checked_name(call: &mut Call<'_>, own: &str) -> Result<String, Fault> {
    let body = call.request.object()?;
    let name = text(&body, "/name");
    if name.is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    let mut keys = call.org.shelf(SHELF).values();
    if keys.any(|key| text(key, "/name") == name && text(key, "/id") != own) {
        let cause = "name: An object with this field already exists in the current organization";
        return Err(Fault::validation("name", &[cause]));
    }
    Ok(name.to_owned())
}

fn list(call: &mut Call<'_>) -> Outcome {
    let shown = call.org.shelf(SHELF).values().map(short).collect();
    call.all(shown)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let name = checked_name(call, "")?;
    let at = call.org.clock.now();
    let made = Signer::public_half().map_err(|_| Fault::code("E0000009", &[]))?;
    let kid = call.org.dice.uuid();
    let id = call.org.dice.id("HKY");
    let now = clock::zero_millis(at);
    let key = json!({
        "id": id, "keyId": kid, "name": name, "created": now, "lastUpdated": now,
        "_embedded": {
            "kty": "RSA", "alg": "RSA", "kid": kid, "use": null, "e": made["e"], "n": made["n"],
        },
    });
    call.org.shelf(SHELF).put(&id, key.clone());
    Ok(Answer::ok(&whole(&key)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let key = named(call)?;
    Ok(Answer::ok(&short(&key)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut key = named(call)?;
    key["name"] = json!(checked_name(call, call.parameter(0))?);
    key["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = call.parameter(0);
    call.org.shelf(SHELF).put(id, key.clone());
    Ok(Answer::ok(&whole(&key)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    named(call)?;
    let id = call.parameter(0);
    call.org.shelf(SHELF).remove(id);
    Ok(Answer::no_content())
}

fn public(call: &mut Call<'_>) -> Outcome {
    let kid = call.parameter(0);
    let mut keys = call.org.shelf(SHELF).values();
    let found = keys
        .find(|key| text(key, "/keyId") == kid)
        .map(|key| key["_embedded"].clone());
    found
        .map(|key| Answer::ok(&key))
        .ok_or_else(|| Fault::not_found(kid, "HookKey"))
}
