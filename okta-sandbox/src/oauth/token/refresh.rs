//! The refresh token grant, with rotation.

use serde_json::{Value, json};

use super::{
    Issued, client_target, invalid_grant, need_active, need_assigned, proof, reuse_event, rotation,
    words,
};
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::oauth::authority::{Refresh, hashed};
use crate::oauth::client::Form;
use crate::oauth::direct::{self, Method};
use crate::oauth::mint::{self, Order, SignIn};
use crate::oauth::policy::{self, Asked};
use crate::oauth::server::Server;

const INVALID: &str = "The refresh token is invalid or expired.";

pub(super) fn redeem(
    call: &mut Call<'_>,
    server: &Server,
    client: Value,
    form: &Form,
) -> Result<Issued, Fault> {
    let token = form.need("refresh_token")?;
    let key = hashed(token);
    let now = call.org.clock.now().as_second();
    let record = call.org.authority.refresh.get(&key).cloned();
    let record = record
        .filter(|r| r.server == server.id && r.client_id == text(&client, "/id"))
        .filter(|r| r.alive(now))
        .ok_or_else(|| invalid_grant(INVALID))?;
    let (rotates, leeway) = rotation(&client);
    if record
        .rotated
        .is_some_and(|at| now > at + leeway || leeway == 0)
    {
        return Err(reused(call, &client, &record));
    }
    need_active(call.org, &record.user_id)?;
    need_assigned(call.org, &client, &record.user_id)?;
    let scopes = narrowed(&record, form)?;
    let bound_to = proof(call, &client)?;
    if record.bound_to.is_some() && record.bound_to != bound_to {
        let text = "Invalid DPoP Public Key binding in refresh token";
        return Err(Fault::oauth(400, "invalid_dpop_proof", text));
    }
    let asked = Asked {
        client_id: text(&client, "/id"),
        user_id: Some(&record.user_id),
        grant_type: "refresh_token",
        scopes: &scopes,
    };
    let lifetimes = policy::evaluate(call.org, server, &asked)?;
    let bound = bound_to.is_some();
    let order = Order {
        server,
        client: &client,
        sign_in: Some(SignIn {
            user_id: record.user_id.clone(),
            auth_time: record.auth_time,
            nonce: None,
            amr: direct::amr(&[Method::Password]),
            family: record.family.clone(),
        }),
        scopes,
        lifetimes,
        bound_to,
    };
    let mut body = mint::issue(call, &order)?;
    let next = match rotates {
        true => {
            if let Some(old) = call.org.authority.refresh.get_mut(&key) {
                old.rotated.get_or_insert(now);
            }
            let renewed = Refresh {
                last_used: now,
                rotated: None,
                ..record.clone()
            };
            mint::store_refresh(call, renewed)
        }
        false => {
            if let Some(kept) = call.org.authority.refresh.get_mut(&key) {
                kept.last_used = now;
            }
            token.to_owned()
        }
    };
    body.insert("refresh_token".into(), json!(next));
    Ok(Issued {
        body,
        user_id: Some(record.user_id),
        client,
        bound,
    })
}

/// A token that was rotated away has come again: it, or its successor, is in wrong hands.
fn reused(call: &mut Call<'_>, client: &Value, record: &Refresh) -> Fault {
    call.org.authority.end_family(&record.family);
    let mut targets = vec![client_target(client)];
    targets.extend(call.org.users.get(&record.user_id).map(user_target));
    call.act_as_client(client);
    call.log_failure(reuse_event(record), targets, "refresh_token_reuse");
    invalid_grant(INVALID)
}

/// The scopes asked for, which must be among those of the sign-in; all of them unless told.
fn narrowed(record: &Refresh, form: &Form) -> Result<Vec<String>, Fault> {
    let wanted = words(form.get("scope").unwrap_or_default());
    if wanted.is_empty() {
        return Ok(record.scopes.clone());
    }
    match wanted.iter().all(|s| record.scopes.contains(s)) {
        true => Ok(wanted),
        false => Err(Fault::oauth(
            400,
            "invalid_scope",
            "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the \
             resource owner.",
        )),
    }
}
