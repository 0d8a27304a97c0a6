//! A user's lifecycle: which step is legal when, and what follows from it.

use serde_json::{Value, json};

use super::named_user;
use crate::behaviour::governance::leftovers;
use crate::behaviour::{groups, roles};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{app_target, user_target};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "activateUser" => activate,
        "reactivateUser" => reactivate,
        "deactivateUser" => deactivate,
        "suspendUser" => suspend,
        "unsuspendUser" => unsuspend,
        "unlockUser" => unlock,
        "resetPassword" => reset_password,
        "expirePassword" => expire_password,
        "expirePasswordWithTempPassword" => expire_with_temporary,
        "resetFactors" => reset_factors,
        _ => return None,
    })
}

/// Stores a new status.
fn enter(call: &mut Call<'_>, id: &str, status: &str) {
    let now = clock::zero_millis(call.org.clock.now());
    if let Some(user) = call.org.users.get_mut(id) {
        user["status"] = json!(status);
        user["statusChanged"] = json!(now);
        user["lastUpdated"] = json!(now);
        if matches!(status, "ACTIVE" | "PROVISIONED") && user["activated"].is_null() {
            user["activated"] = json!(now);
        }
    }
}

fn not_in_this_status() -> Fault {
    Fault::code("E0000038", &[])
}

/// `{}` where mail is sent, otherwise the activation link.
fn activation(call: &mut Call<'_>) -> Answer {
    if call.request.flag("sendEmail", true) {
        return Answer::ok_empty_object();
    }
    let token = call.org.dice.secret(15);
    let url = format!("{}/welcome/{token}", call.base());
    Answer::ok(&json!({ "activationUrl": url, "activationToken": token }))
}

fn activate(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    match text(&user, "/status") {
        "STAGED" | "DEPROVISIONED" => {}
        "ACTIVE" => return Err(Fault::code("E0000016", &[])),
        _ => return Err(not_in_this_status()),
    }
    bring_up(call, &user);
    Ok(activation(call))
}

/// Activates: with a password the user is ready, without one has to set it.
pub(crate) fn bring_up(call: &mut Call<'_>, user: &Value) {
    let id = text(user, "/id");
    let ready = user.pointer("/credentials/password").is_some();
    enter(call, id, if ready { "ACTIVE" } else { "PROVISIONED" });
    call.log("user.lifecycle.activate", vec![user_target(user)]);
    let everyone = call.org.everyone.clone();
    call.org.members.put(&everyone, id, ());
    super::super::rules::evaluate_user(call, id);
}

fn reactivate(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if !matches!(text(&user, "/status"), "PROVISIONED" | "RECOVERY") {
        return Err(not_in_this_status());
    }
    enter(call, text(&user, "/id"), "PROVISIONED");
    call.log("user.lifecycle.reactivate", vec![user_target(&user)]);
    Ok(activation(call))
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") == "DEPROVISIONED" {
        return Err(Fault::not_found(call.parameter(0), "User"));
    }
    deprovision(call, &user);
    Ok(Answer::ok_empty_object())
}

/// Deactivates: apps and group memberships go, Everyone stays.
pub(crate) fn deprovision(call: &mut Call<'_>, user: &Value) {
    let id = text(user, "/id");
    enter(call, id, "DEPROVISIONED");
    call.log("user.lifecycle.deactivate", vec![user_target(user)]);
    super::leaving::sign_out(call.org, id);
    leftovers::end_access(call, id);
    roles::lose_all(call, id);
    for app in call.org.app_users.remove_right(id) {
        if let Some(target) = call.org.apps.get(&app).map(app_target) {
            call.log(
                "application.user_membership.remove",
                vec![user_target(user), target],
            );
        }
    }
    let groups = call.org.members.holders(id).map(|(_, group)| group);
    let groups = groups.filter(|group| *group != call.org.everyone);
    for group in groups.map(str::to_owned).collect::<Vec<String>>() {
        groups::remove_member(call, &group, id);
    }
}

fn suspend(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if !matches!(text(&user, "/status"), "ACTIVE") {
        return Err(Fault::validation(
            "suspend",
            &["Cannot suspend a user that is not active"],
        ));
    }
    put_on_hold(call, &user);
    Ok(Answer::ok_empty_object())
}

/// Suspends a user who is active.
pub(crate) fn put_on_hold(call: &mut Call<'_>, user: &Value) {
    enter(call, text(user, "/id"), "SUSPENDED");
    call.log("user.lifecycle.suspend", vec![user_target(user)]);
}

fn unsuspend(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") != "SUSPENDED" {
        return Err(Fault::validation(
            "unsuspend",
            &["Cannot unsuspend a user that is not suspended"],
        ));
    }
    enter(call, text(&user, "/id"), "ACTIVE");
    call.log("user.lifecycle.unsuspend", vec![user_target(&user)]);
    Ok(Answer::ok_empty_object())
}

fn unlock(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") != "LOCKED_OUT" {
        return Err(Fault::code("E0000032", &[]));
    }
    enter(call, text(&user, "/id"), "ACTIVE");
    call.log("user.account.unlock_by_admin", vec![user_target(&user)]);
    call.log("user.account.unlock", vec![user_target(&user)]);
    Ok(Answer::ok_empty_object())
}

fn reset_password(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if !matches!(
        text(&user, "/status"),
        "ACTIVE" | "RECOVERY" | "PROVISIONED" | "PASSWORD_EXPIRED" | "LOCKED_OUT"
    ) {
        return Err(Fault::code("E0000017", &[]));
    }
    enter(call, text(&user, "/id"), "RECOVERY");
    call.log("user.account.reset_password", vec![user_target(&user)]);
    if call.request.flag("revokeSessions", false) {
        super::related::end_sessions(call, &user);
    }
    if call.request.flag("sendEmail", true) {
        return Ok(Answer::ok_empty_object());
    }
    let token = call.org.dice.secret(15);
    Ok(Answer::ok(
        &json!({ "resetPasswordUrl": format!("{}/reset_password/{token}", call.base()) }),
    ))
}

fn expire(call: &mut Call<'_>) -> Result<Value, Fault> {
    let user = named_user(call)?;
    if !matches!(text(&user, "/status"), "ACTIVE" | "PASSWORD_EXPIRED") {
        return Err(not_in_this_status());
    }
    enter(call, text(&user, "/id"), "PASSWORD_EXPIRED");
    call.log("user.account.expire_password", vec![user_target(&user)]);
    Ok(user)
}

fn expire_password(call: &mut Call<'_>) -> Outcome {
    let user = expire(call)?;
    let user = call
        .org
        .users
        .get(text(&user, "/id"))
        .cloned()
        .unwrap_or(user);
    Ok(Answer::ok(&super::view::whole(
        call.org,
        &user,
        call.base(),
    )))
}

fn expire_with_temporary(call: &mut Call<'_>) -> Outcome {
    let user = expire(call)?;
    let password = call.org.dice.secret(9);
    call.org
        .passwords
        .insert(text(&user, "/id").to_owned(), password.clone());
    if call.request.flag("revokeSessions", false) {
        super::related::end_sessions(call, &user);
    }
    Ok(Answer::ok(&json!({ "tempPassword": password })))
}

fn reset_factors(call: &mut Call<'_>) -> Outcome {
    let user = named_user(call)?;
    if text(&user, "/status") == "DEPROVISIONED" {
        return Err(not_in_this_status());
    }
    let factors = crate::behaviour::factors::shelf_of(text(&user, "/id"));
    call.org.shelves.remove(&factors);
    call.log("user.mfa.factor.reset_all", vec![user_target(&user)]);
    Ok(Answer::ok_empty_object())
}
