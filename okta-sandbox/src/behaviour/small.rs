//! Small families: settings that stand alone, values between users, owners.

use serde_json::{Value, json};

use crate::behaviour::users::resolve;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;
use crate::org::Org;
use crate::schema::Fullness;

/// The behaviour of an operation of these families.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "getRateLimitSettingsAdminNotifications"
        | "getRateLimitSettingsPerClient"
        | "getRateLimitSettingsWarningThreshold" => setting,
        "replaceRateLimitSettingsAdminNotifications"
        | "replaceRateLimitSettingsPerClient"
        | "replaceRateLimitSettingsWarningThreshold" => set,
        "assignLinkedObjectValueForPrimary" => link_user,
        "listLinkedObjectsForUser" => linked_users,
        "deleteLinkedObjectForUser" => unlink_user,
        "getUserRisk" => risk,
        "upsertUserRisk" => set_risk,
        "listGroupOwners" => owners,
        "assignGroupOwner" => add_owner,
        "deleteGroupOwner" => remove_owner,
        _ => return None,
    })
}

/// What a setting is before anybody changed it.
fn initial(path: &str) -> Value {
    match path.rsplit('/').next().unwrap_or_default() {
        "admin-notifications" => json!({ "notificationsEnabled": true }),
        "warning-threshold" => json!({ "warningThreshold": 90 }),
        _ => json!({ "defaultMode": "ENFORCE", "useCaseModeOverrides": {
            "LOGIN_PAGE": "ENFORCE", "OAUTH2_AUTHORIZE": "ENFORCE", "OIE_APP_INTENT": "ENFORCE",
        } }),
    }
}

const SETTINGS: &str = "/api/v1/rate-limit-settings";

fn setting(call: &mut Call<'_>) -> Outcome {
    let path = call.operation.path;
    let known = call.org.shelf(SETTINGS).get(path).cloned();
    Ok(Answer::ok(&known.unwrap_or_else(|| initial(path))))
}

fn set(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    call.org
        .shelf(SETTINGS)
        .put(call.operation.path, body.clone());
    Ok(Answer::ok(&body))
}

const DEFINITIONS: &str = "/api/v1/meta/schemas/user/linkedObjects";
const VALUES: &str = "/api/v1/users/linkedObjects";

/// The name of the primary side of a relation, and whether that is the side named.
fn relation(call: &mut Call<'_>, name: &str) -> Result<(String, bool), Fault> {
    let definitions = call.org.shelf(DEFINITIONS);
    let found = definitions.values().find_map(|definition| {
        let primary = text(definition, "/primary/name");
        if primary == name {
            return Some((primary.to_owned(), true));
        }
        (text(definition, "/associated/name") == name).then(|| (primary.to_owned(), false))
    });
    found.ok_or_else(|| Fault::not_found(name, "LinkedObjectProperty"))
}

fn link_user(call: &mut Call<'_>) -> Outcome {
    let associated = resolve(call, call.parameter(0))?;
    let (name, primary) = relation(call, call.parameter(1))?;
    if !primary {
        return Err(Fault::not_found(call.parameter(1), "LinkedObjectProperty"));
    }
    let primary = resolve(call, call.parameter(2))?;
    // A user has one primary in a relation, so that this is the key.
    let value = json!({ "name": name, "associated": associated, "primary": primary });
    call.org
        .shelf(VALUES)
        .put(&format!("{associated} {name}"), value);
    Ok(Answer::no_content())
}

fn linked_users(call: &mut Call<'_>) -> Outcome {
    let me = resolve(call, call.parameter(0))?;
    let (name, primary) = relation(call, call.parameter(1))?;
    let (mine, other) = match primary {
        true => ("/associated", "/primary"),
        false => ("/primary", "/associated"),
    };
    let base = call.base();
    let values = call.org.shelf(VALUES).values();
    let linked: Vec<Value> = values
        .filter(|value| text(value, "/name") == name && text(value, mine) == me)
        .map(|value| {
            let href = format!("{base}/api/v1/users/{}", text(value, other));
            json!({ "_links": { "self": { "href": href } } })
        })
        .collect();
    Ok(Answer::ok(&json!(linked)))
}

fn unlink_user(call: &mut Call<'_>) -> Outcome {
    let me = resolve(call, call.parameter(0))?;
    let (name, _) = relation(call, call.parameter(1))?;
    call.org.shelf(VALUES).remove(&format!("{me} {name}"));
    Ok(Answer::no_content())
}

const RISKS: &str = "/api/v1/users/risk";

fn risk_view(call: &Call<'_>, user: &str, risk: Option<Value>) -> Value {
    let own = format!("{}/api/v1/users/{user}", call.base());
    let mut shown = risk.unwrap_or_else(|| json!({ "riskLevel": "NONE" }));
    shown["_links"] = json!({
        "user": { "href": own, "hints": { "allow": ["GET"] } },
        "self": { "href": format!("{own}/risk"), "hints": { "allow": ["GET", "PUT"] } },
    });
    shown
}

fn risk(call: &mut Call<'_>) -> Outcome {
    let me = resolve(call, call.parameter(0))?;
    let known = call.org.shelf(RISKS).get(&me).cloned();
    Ok(Answer::ok(&risk_view(call, &me, known)))
}

/// Sets level and reason of a user's risk; tells whether the level is another one now.
pub(super) fn change_risk(org: &mut Org, user: &str, risk: Value) -> bool {
    let shelf = org.shelf(RISKS);
    let before = shelf.get(user).map(|known| known["riskLevel"].clone());
    let before = before.unwrap_or_else(|| json!("NONE"));
    let changed = before != risk["riskLevel"];
    match risk["riskLevel"] == "NONE" {
        true => {
            shelf.remove(user);
        }
        false => shelf.put(user, risk),
    }
    changed
}

fn set_risk(call: &mut Call<'_>) -> Outcome {
    let me = resolve(call, call.parameter(0))?;
    let body = call.given(Fullness::Whole)?;
    let risk = json!({ "riskLevel": body["riskLevel"], "reason": "Admin override risk" });
    let status = match call.org.shelf(RISKS).contains(&me) {
        true => 200,
        false => 201,
    };
    if change_risk(call.org, &me, risk.clone())
        && let Some(user) = call.org.users.get(&me).map(user_target)
    {
        call.log("user.risk.change", vec![user]);
    }
    Ok(Answer::json(status, &risk_view(call, &me, Some(risk))))
}

/// A user or group that is gone owns no group, and a user is linked to nobody any more.
pub(super) fn forget(org: &mut Org, id: &str) {
    org.shelf(RISKS).remove(id);
    let values = org.shelf(VALUES);
    let linked = values
        .values()
        .filter(|value| text(value, "/associated") == id || text(value, "/primary") == id);
    let keys: Vec<String> = linked
        .map(|value| format!("{} {}", text(value, "/associated"), text(value, "/name")))
        .collect();
    for key in keys {
        values.remove(&key);
    }
    let below = "/api/v1/groups/";
    let behind = org.shelves.range_mut(below.to_owned()..);
    let of_groups = behind.take_while(|(path, _)| path.starts_with(below));
    for (_, owners) in of_groups.filter(|(path, _)| path.ends_with("/owners")) {
        owners.remove(id);
    }
}

/// Where the owners of a group stand.
fn owners_of(call: &Call<'_>) -> Result<String, Fault> {
    let group = call.parameter(0);
    match call.org.groups.contains(group) {
        true => Ok(format!("/api/v1/groups/{group}/owners")),
        false => Err(Fault::not_found(group, "UserGroup")),
    }
}

fn owners(call: &mut Call<'_>) -> Outcome {
    let shelf = owners_of(call)?;
    let owners: Vec<Value> = call.org.shelf(&shelf).values().cloned().collect();
    Ok(Answer::ok(&json!(owners)))
}

fn add_owner(call: &mut Call<'_>) -> Outcome {
    let shelf = owners_of(call)?;
    let body = call.request.object()?;
    let (id, kind) = (text(&body, "/id"), text(&body, "/type"));
    let missing = match kind {
        "GROUP" => "UserGroup",
        _ => "User",
    };
    let found = match kind {
        "GROUP" => call.org.groups.get(id),
        _ => call.org.users.get(id),
    };
    let profile = found
        .map(|found| found["profile"].clone())
        .ok_or_else(|| Fault::not_found(id, missing))?;
    let name = match kind {
        "GROUP" => text(&profile, "/name").to_owned(),
        _ => format!(
            "{} {}",
            text(&profile, "/firstName"),
            text(&profile, "/lastName")
        ),
    };
    let now = call.org.clock.now();
    let mut owner = json!({
        "id": id, "type": kind, "resolved": true, "originId": null, "originType": "OKTA_DIRECTORY",
        "displayName": name, "lastUpdated": now.strftime("%Y-%m-%d %H:%M:%S.0").to_string(),
    });
    call.org.shelf(&shelf).put(id, owner.clone());
    // The answer to an assignment has a date form of its own.
    owner["lastUpdated"] = json!(now.strftime("%a %b %d %H:%M:%S UTC %Y").to_string());
    Ok(Answer::json(201, &owner))
}

fn remove_owner(call: &mut Call<'_>) -> Outcome {
    let shelf = owners_of(call)?;
    let id = call.parameter(1);
    match call.org.shelf(&shelf).remove(id) {
        Some(_) => Ok(Answer::no_content()),
        None => Err(Fault::not_found(id, "User")),
    }
}
