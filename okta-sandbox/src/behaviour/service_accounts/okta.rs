//! Users of the org that are managed as service accounts.

use serde_json::{Value, json};

use super::{answer, fresh, invalid, keep, listed, named_one, removed, updated};
use crate::behaviour::users;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listOktaManagedUserAccounts" => list,
        "createOktaManagedUserAccount" => create,
        "getOktaManagedUserAccount" => get,
        "updateOktaManagedUserAccount" => update,
        "deleteOktaManagedUserAccount" => delete,
        _ => return None,
    })
}

const SHELF: &str = "/privileged-access/api/v1/okta-service-accounts";

/// With the names that the user has now, or had last.
fn view(call: &Call<'_>, account: &Value) -> Value {
    let mut shown = account.clone();
    if let Some(user) = call.org.users.get(text(account, "/oktaUserId")) {
        shown["username"] = user["profile"]["login"].clone();
        shown["email"] = user["profile"]["email"].clone();
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, &["name", "username"], view)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let id = text(&body, "/oktaUserId");
    let user = call.org.users.get(id);
    let user = user.filter(|user| text(user, "/status") != "DEPROVISIONED");
    let user = user.cloned().ok_or_else(|| Fault::not_found(id, "User"))?;
    let same = |one: &Value| one["oktaUserId"] == id;
    if call.org.shelf(SHELF).values().any(same) {
        return Err(invalid(
            "oktaUserId",
            "The user is managed as a service account already.",
        ));
    }
    let mut account = fresh(call, &body)?;
    account["oktaUserId"] = json!(id);
    account["username"] = user["profile"]["login"].clone();
    account["email"] = user["profile"]["email"].clone();
    keep(call, SHELF, &account);
    Ok(answer(call, &account))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let account = named_one(call, SHELF)?;
    Ok(answer(call, &view(call, &account)))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let account = updated(call, SHELF)?;
    Ok(answer(call, &view(call, &account)))
}

/// The user stays, suspended: nobody manages its password any longer.
fn delete(call: &mut Call<'_>) -> Outcome {
    let account = removed(call, SHELF)?;
    let user = call.org.users.get(text(&account, "/oktaUserId")).cloned();
    if let Some(user) = user.filter(|user| text(user, "/status") == "ACTIVE") {
        users::lifecycle::put_on_hold(call, &user);
    }
    Ok(Answer::no_content())
}
