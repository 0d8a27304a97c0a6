//! The keys that the org signs with towards an identity provider. A provider's first key is made when
//! it is first looked at.

use serde_json::Value;

use super::{PROVIDERS, named_provider, provider};
use crate::behaviour::apps::signing::{fresh, validity_years};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listIdentityProviderSigningKeys" => list,
        "getIdentityProviderSigningKey" => get,
        "listActiveIdentityProviderSigningKey" => active,
        "generateIdentityProviderSigningKey" => generate,
        "cloneIdentityProviderKey" => copy,
        _ => return None,
    })
}

fn shelf(provider: &Value) -> String {
    format!("{PROVIDERS}/{}/credentials/keys", text(provider, "/id"))
}

/// The id of the key that a provider's requests are signed with.
fn active_kid(provider: &Value) -> &str {
    text(provider, "/protocol/credentials/signing/kid")
}

/// All keys of a provider, the newest first.
fn keys(call: &mut Call<'_>, provider: &Value) -> Result<Vec<Value>, Fault> {
    let (shelf, kid) = (shelf(provider), active_kid(provider));
    if !kid.is_empty() && !call.org.shelf(&shelf).contains(kid) {
        let created = clock::parse(text(provider, "/created"));
        let created = created.unwrap_or_else(|| call.org.clock.now());
        let key = fresh(call.org, Some(kid), created, 10)?;
        call.org.shelf(&shelf).put(kid, key);
    }
    let mut keys: Vec<Value> = call.org.shelf(&shelf).values().rev().cloned().collect();
    // The provider's first key may have been made after others, but is older.
    keys.sort_by(|a, b| text(b, "/created").cmp(text(a, "/created")));
    Ok(keys)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let provider = named_provider(call)?;
    let keys = keys(call, &provider)?;
    call.all(keys)
}

fn named_key(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let provider = named_provider(call)?;
    let kid = call.parameter(1);
    let mut keys = keys(call, &provider)?.into_iter();
    let key = keys.find(|key| text(key, "/kid") == kid);
    let key = key.ok_or_else(|| Fault::not_found(kid, "JsonWebKey"))?;
    Ok((provider, key))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (_, key) = named_key(call)?;
    Ok(Answer::ok(&key))
}

fn active(call: &mut Call<'_>) -> Outcome {
    let provider = named_provider(call)?;
    let kid = active_kid(&provider);
    let mut keys = keys(call, &provider)?.into_iter();
    match keys.find(|key| text(key, "/kid") == kid) {
        Some(key) => call.all(vec![key]),
        None => Ok(Answer::no_content()),
    }
}

/// Adds a key to those of a provider.
pub(in crate::behaviour) fn keep(call: &mut Call<'_>, provider: &Value, key: &Value) {
    let kid = text(key, "/kid");
    call.org.shelf(&shelf(provider)).put(kid, key.clone());
    let name = text(provider, "/name");
    let provider = named("IdpTrust", text(provider, "/id"), "unknown", name);
    let key = named("IdpKey", kid, "unknown", kid);
    call.log("system.idp.key.create", vec![provider, key]);
}

fn generate(call: &mut Call<'_>) -> Outcome {
    let provider = named_provider(call)?;
    let years = validity_years(call)?;
    let key = fresh(call.org, None, call.org.clock.now(), years)?;
    keep(call, &provider, &key);
    Ok(Answer::json(201, &key))
}

/// Shares a key with another provider.
fn copy(call: &mut Call<'_>) -> Outcome {
    let (_, key) = named_key(call)?;
    let target = call.request.query("targetIdpId").unwrap_or_default();
    let target = provider(call, target)?;
    let kid = text(&key, "/kid");
    let known = keys(call, &target)?;
    if known.iter().any(|key| text(key, "/kid") == kid) {
        let cause = "kid: The target identity provider has the key already";
        return Err(Fault::validation("kid", &[cause]));
    }
    keep(call, &target, &key);
    Ok(Answer::json(201, &key))
}
