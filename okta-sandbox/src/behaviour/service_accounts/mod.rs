//! Service accounts of Privileged Access: accounts within apps, and users that are managed so.
//!
//! A new account waits (`UNSECURED`, `STAGED`) for somebody to put it into a project there, which
//! no published operation does.

mod app;
mod okta;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::paging::Size;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    app::handler(id).or_else(|| okta::handler(id))
}

fn invalid(member: &str, reason: &str) -> Fault {
    Fault::validation(member, &[&format!("{member}: {reason}")])
}

fn named_one(call: &mut Call<'_>, shelf: &str) -> Result<Value, Fault> {
    call.stored(shelf, 0, "ServiceAccount")
}

/// Name, description and owners as a body sets them.
fn take(call: &Call<'_>, account: &mut Value, body: &Value) -> Result<(), Fault> {
    if let Some(name) = body.get("name") {
        let fits = |c: char| c.is_alphanumeric() || "_-. ".contains(c);
        if !name.as_str().is_some_and(|name| name.chars().all(fits)) {
            let reason = "Only letters, digits, blanks and the characters _ - . are allowed.";
            return Err(invalid("name", reason));
        }
    }
    for (member, known) in [
        ("ownerUserIds", &call.org.users),
        ("ownerGroupIds", &call.org.groups),
    ] {
        let owners = body[member].as_array().into_iter().flatten();
        let unknown = |id: &&Value| !id.as_str().is_some_and(|id| known.contains(id));
        if let Some(unknown) = { owners }.find(unknown) {
            let id = unknown.as_str().unwrap_or_default();
            return Err(invalid(member, &format!("{id} does not exist.")));
        }
    }
    for member in ["name", "description", "ownerUserIds", "ownerGroupIds"] {
        if let Some(given) = body.get(member).filter(|given| !given.is_null()) {
            account[member] = given.clone();
        }
    }
    Ok(())
}

/// An account that nobody has put anywhere yet.
fn fresh(call: &mut Call<'_>, body: &Value) -> Result<Value, Fault> {
    let now = clock::zero_millis(call.org.clock.now());
    let mut account = json!({
        "id": call.org.dice.uuid(), "ownerUserIds": [], "ownerGroupIds": [],
        "status": "UNSECURED", "statusDetail": "STAGED", "created": now, "lastUpdated": now,
    });
    take(call, &mut account, body)?;
    Ok(account)
}

fn tell(call: &mut Call<'_>, verb: &str, account: &Value) {
    let (id, name) = (text(account, "/id"), text(account, "/name"));
    let target = named("ServiceAccount", id, text(account, "/username"), name);
    call.log(&format!("pam.service_account.{verb}"), vec![target]);
}

/// Keeps a new account.
fn keep(call: &mut Call<'_>, shelf: &str, account: &Value) {
    call.org
        .shelf(shelf)
        .put(text(account, "/id"), account.clone());
    tell(call, "create", account);
}

/// A page of the accounts with `match` in one of some members.
fn listed(
    call: &mut Call<'_>,
    shelf: &str,
    members: &[&str],
    view: fn(&Call<'_>, &Value) -> Value,
) -> Outcome {
    let wanted = call
        .request
        .query("match")
        .unwrap_or_default()
        .to_lowercase();
    call.org.shelf(shelf);
    let shown = call.org.shelves[shelf].placed();
    let shown: Vec<(u64, Value)> = shown.map(|(place, one)| (place, view(call, one))).collect();
    let fits = |one: &Value| {
        { members.iter() }.any(|name| {
            let has = one[*name].as_str().unwrap_or_default().to_lowercase();
            has.contains(&wanted)
        })
    };
    let hits = shown.iter().filter(|(_, one)| fits(one));
    let hits = hits.map(|(place, one)| (*place, one));
    call.list(Size::new(20, 200), hits, Value::clone)
}

/// Changes what of an account can be changed.
fn updated(call: &mut Call<'_>, shelf: &str) -> Result<Value, Fault> {
    let before = named_one(call, shelf)?;
    let body = call.given(Fullness::Part)?;
    let mut account = before.clone();
    take(call, &mut account, &body)?;
    if account != before {
        account["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
        let id = text(&account, "/id").to_owned();
        call.org.shelf(shelf).put(&id, account.clone());
        tell(call, "update", &account);
    }
    Ok(account)
}

fn removed(call: &mut Call<'_>, shelf: &str) -> Result<Value, Fault> {
    let account = named_one(call, shelf)?;
    call.org.shelf(shelf).remove(text(&account, "/id"));
    tell(call, "delete", &account);
    Ok(account)
}

fn answer(call: &Call<'_>, shown: &Value) -> Answer {
    match call.operation.method {
        "POST" => Answer::json(call.operation.success, shown),
        _ => Answer::ok(shown),
    }
}
