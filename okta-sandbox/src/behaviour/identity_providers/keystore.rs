//! The org's store of certificates that identity providers sign with.

use serde_json::{Value, json};

use super::{PROVIDERS, certificate};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listIdentityProviderKeys" => list,
        "createIdentityProviderKey" => create,
        "getIdentityProviderKey" => get,
        "replaceIdentityProviderKey" => replace,
        "deleteIdentityProviderKey" => delete,
        _ => return None,
    })
}

const KEYS: &str = "/api/v1/idps/credentials/keys";

fn list(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(KEYS);
    let keys = call.org.shelves[KEYS].placed();
    call.list(Size::new(20, 200), keys, Value::clone)
}

fn stored(call: &mut Call<'_>, kid: &str) -> Result<Value, Fault> {
    let key = call.org.shelf(KEYS).get(kid).cloned();
    key.ok_or_else(|| Fault::not_found(kid, "IdpTrust"))
}

/// The key of the certificate in a body.
fn key_of(body: &Value) -> Result<Value, Fault> {
    let chain = body["x5c"].as_array();
    let Some(first) = chain.and_then(|chain| chain.first()) else {
        let cause = "x5c: The field cannot be left blank";
        return Err(Fault::validation("x5c", &[cause]));
    };
    let read = first.as_str().and_then(certificate::read);
    let Some(mut key) = read else {
        let cause = "x5c: The certificate is not a valid X.509 certificate";
        return Err(Fault::validation("x5c", &[cause]));
    };
    key["use"] = json!("sig");
    key["x5c"] = body["x5c"].clone();
    Ok(key)
}

fn keep(call: &mut Call<'_>, key: &Value, event: &str) {
    let kid = text(key, "/kid");
    call.org.shelf(KEYS).put(kid, key.clone());
    let target = named("IdpKey", kid, "unknown", kid);
    call.log(event, vec![target]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let mut key = key_of(&call.request.object()?)?;
    let now = clock::zero_millis(call.org.clock.now());
    key["kid"] = json!(call.org.dice.uuid());
    key["created"] = json!(now);
    key["lastUpdated"] = json!(now);
    keep(call, &key, "system.idp.key.create");
    Ok(Answer::ok(&key))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&stored(call, call.parameter(0))?))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = stored(call, call.parameter(0))?;
    let mut key = key_of(&call.request.object()?)?;
    for member in ["kid", "created"] {
        key[member] = before[member].clone();
    }
    key["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    keep(call, &key, "system.idp.key.update");
    Ok(Answer::ok(&key))
}

/// A certificate that a provider trusts stays, whether the provider is active or not.
fn delete(call: &mut Call<'_>) -> Outcome {
    let key = stored(call, call.parameter(0))?;
    let kid = text(&key, "/kid");
    let used = call
        .org
        .shelf(PROVIDERS)
        .values()
        .any(|provider| text(provider, "/protocol/credentials/trust/kid") == kid);
    if used {
        let cause = "kid: The key is in use by an identity provider";
        return Err(Fault::validation("kid", &[cause]));
    }
    call.org.shelf(KEYS).remove(kid);
    let target = named("IdpKey", kid, "unknown", kid);
    call.log("system.idp.key.delete", vec![target]);
    Ok(Answer::no_content())
}
