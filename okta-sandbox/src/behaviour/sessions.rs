//! Sessions by their id, made from one-time session tokens.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::oauth::sign_in;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getSession" => get,
        "refreshSession" => refresh,
        "revokeSession" => revoke,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/sessions";

fn expiry(call: &Call<'_>) -> Value {
    let at = call
        .org
        .clock
        .now()
        .checked_add(SignedDuration::from_hours(2));
    json!(at.map(clock::zero_millis).unwrap_or_default())
}

/// `POST /api/v1/sessions`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let token = text(&body, "/sessionToken");
    if token.is_empty() {
        return Err(Fault::malformed());
    }
    let user = sign_in::take_session_token(call, token);
    let user = user.ok_or_else(|| Fault::code("E0000004", &[]))?;
    let login = call
        .org
        .users
        .get(&user)
        .map(|u| text(u, "/profile/login").to_owned());
    let now = clock::zero_millis(call.org.clock.now());
    let id = format!("102{}", call.org.dice.secret(16));
    let session = json!({
        "id": id, "userId": user, "login": login, "createdAt": now, "expiresAt": expiry(call),
        "status": "ACTIVE", "lastPasswordVerification": now, "lastFactorVerification": null, "amr": ["pwd"],
        "idp": { "id": call.org.id, "type": "OKTA" }, "mfaActive": false,
    });
    call.org.shelf(SHELF).put(&id, session.clone());
    Ok(Answer::ok(&view(call, &session)))
}

fn view(call: &Call<'_>, session: &Value) -> Value {
    let own = format!("{}{SHELF}/{}", call.base(), text(session, "/id"));
    let user = format!("{}/api/v1/users/{}", call.base(), text(session, "/userId"));
    let mut shown = session.clone();
    shown["_links"] = json!({
        "self": { "href": own, "hints": { "allow": ["GET", "DELETE"] } },
        "refresh": { "href": format!("{own}/lifecycle/refresh"), "hints": { "allow": ["POST"] } },
        "user": { "name": session["login"], "href": user, "hints": { "allow": ["GET"] } },
    });
    shown
}

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    let id = call.parameter(0);
    let now = call.org.clock.now();
    let found = call.org.shelf(SHELF).get(id).cloned();
    let live =
        |session: &Value| clock::parse(text(session, "/expiresAt")).is_some_and(|at| at > now);
    found
        .filter(live)
        .ok_or_else(|| Fault::not_found(id, "AppSession"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let session = named(call)?;
    Ok(Answer::ok(&view(call, &session)))
}

fn refresh(call: &mut Call<'_>) -> Outcome {
    let mut session = named(call)?;
    session["expiresAt"] = expiry(call);
    let named_id = call.parameter(0);
    call.org.shelf(SHELF).put(named_id, session.clone());
    Ok(Answer::ok(&view(call, &session)))
}

/// Ends the sessions of a user.
pub(super) fn end_of(org: &mut Org, user: &str) {
    let shelf = org.shelf(SHELF);
    let of_user = shelf.values().filter(|one| text(one, "/userId") == user);
    let ids: Vec<String> = of_user.map(|one| text(one, "/id").to_owned()).collect();
    for id in ids {
        shelf.remove(&id);
    }
}

fn revoke(call: &mut Call<'_>) -> Outcome {
    let session = named(call)?;
    let named_id = call.parameter(0);
    call.org.shelf(SHELF).remove(named_id);
    let user = call.org.users.get(text(&session, "/userId"));
    if let Some(target) = user.map(user_target) {
        call.log("user.session.end", vec![target]);
    }
    Ok(Answer::no_content())
}
