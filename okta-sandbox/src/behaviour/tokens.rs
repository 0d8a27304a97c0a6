//! API tokens, as the org lists them: never with their secret.

use serde_json::{Value, json};

use super::presets::TOKENS;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named as target;
use crate::oauth::access::Principal;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listApiTokens" => list,
        "getApiToken" => get,
        "upsertApiToken" => update,
        "revokeApiToken" => revoke,
        "revokeCurrentApiToken" => revoke_own,
        _ => return None,
    })
}

fn view(call: &Call<'_>, token: &Value) -> Value {
    let own = format!("{}{TOKENS}/{}", call.base(), text(token, "/id"));
    let user = format!("{}/api/v1/users/{}", call.base(), text(token, "/userId"));
    let mut shown = token.clone();
    shown["_links"] = json!({
        "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
        "user": { "href": user, "hints": { "allow": ["GET"] } },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(TOKENS);
    let shown = call.org.shelves[TOKENS]
        .values()
        .map(|token| view(call, token))
        .collect();
    call.all(shown)
}

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(TOKENS, 0, "Token")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let token = named(call)?;
    Ok(Answer::ok(&view(call, &token)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut token = named(call)?;
    let body = call.request.object()?;
    for name in ["name", "network", "clientName"] {
        if let Some(value) = body.get(name).filter(|v| !v.is_null()) {
            token[name] = value.clone();
        }
    }
    token["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let named_id = call.parameter(0);
    call.org.shelf(TOKENS).put(named_id, token.clone());
    Ok(Answer::ok(&view(call, &token)))
}

fn take_back(call: &mut Call<'_>, token: &Value) -> Outcome {
    let id = text(token, "/id");
    call.org.shelf(TOKENS).remove(id);
    call.org.api_tokens.retain(|_, (known, _)| known != id);
    let named = target("Token", id, "unknown", text(token, "/name"));
    call.log("system.api_token.revoke", vec![named]);
    Ok(Answer::no_content())
}

fn revoke(call: &mut Call<'_>) -> Outcome {
    let token = named(call)?;
    take_back(call, &token)
}

fn revoke_own(call: &mut Call<'_>) -> Outcome {
    let Principal::Token { token_id, .. } = &call.principal else {
        return Err(Fault::code("E0000006", &[]));
    };
    let id = token_id.clone();
    let token = call.org.shelf(TOKENS).get(&id).cloned();
    let token = token.ok_or_else(|| Fault::not_found(&id, "Token"))?;
    take_back(call, &token)
}
