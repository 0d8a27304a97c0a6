//! Accounts within apps. Their passwords are taken, and never shown.

use serde_json::Value;

use super::{answer, fresh, invalid, keep, listed, named_one, removed, updated};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAppServiceAccounts" => list,
        "createAppServiceAccount" => create,
        "getAppServiceAccount" => get,
        "updateAppServiceAccount" => update,
        "deleteAppServiceAccount" => delete,
        _ => return None,
    })
}

const SHELF: &str = "/privileged-access/api/v1/service-accounts";

/// The app that an account is within, by the end of the app's ORN.
fn app_of<'o>(call: &'o Call<'_>, orn: &str) -> Option<&'o Value> {
    let id = orn.rsplit(':').next()?;
    orn.starts_with("orn:")
        .then(|| call.org.apps.get(id))
        .flatten()
}

/// With the names that the app has now.
fn view(call: &Call<'_>, account: &Value) -> Value {
    let mut shown = account.clone();
    if let Some(app) = app_of(call, text(account, "/containerOrn")) {
        shown["containerInstanceName"] = app["label"].clone();
        shown["containerGlobalName"] = app["name"].clone();
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let members = [
        "name",
        "username",
        "containerInstanceName",
        "containerGlobalName",
    ];
    listed(call, SHELF, &members, view)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let orn = text(&body, "/containerOrn");
    let app = app_of(call, orn).cloned();
    let app = app.ok_or_else(|| Fault::not_found(orn, "AppInstance"))?;
    let same =
        |one: &Value| one["containerOrn"] == app["orn"] && one["username"] == body["username"];
    if call.org.shelf(SHELF).values().any(same) {
        return Err(invalid(
            "username",
            "The app has an account with this name already.",
        ));
    }
    let mut account = fresh(call, &body)?;
    account["username"] = body["username"].clone();
    account["containerOrn"] = app["orn"].clone();
    account["containerInstanceName"] = app["label"].clone();
    account["containerGlobalName"] = app["name"].clone();
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

fn delete(call: &mut Call<'_>) -> Outcome {
    removed(call, SHELF)?;
    Ok(Answer::no_content())
}
