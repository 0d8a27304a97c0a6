//! Devices: suspending one suspends what its users enrolled on it.

use serde_json::json;

use crate::call::{Call, Handler, Outcome};
use crate::engine::plain;
use crate::json::text;
use crate::log::user_target;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "suspendDevice" => suspend,
        "unsuspendDevice" => unsuspend,
        _ => return None,
    })
}

fn suspend(call: &mut Call<'_>) -> Outcome {
    step(call, "ACTIVE", "INACTIVE", "user.mfa.factor.suspend")
}

fn unsuspend(call: &mut Call<'_>) -> Outcome {
    step(call, "INACTIVE", "ACTIVE", "user.mfa.factor.unsuspend")
}

/// The device takes its step; then the Okta Verify factors of its users go from one status to the
/// other.
fn step(call: &mut Call<'_>, from: &str, to: &str, event: &str) -> Outcome {
    let answer = plain::run(call)?;
    let path = format!("/api/v1/devices/{}/users", call.parameter(0));
    let users: Vec<String> = call
        .org
        .shelf(&path)
        .values()
        .map(|one| text(one, "/user/id").to_owned())
        .collect();
    for user in users {
        let Some(target) = call.org.users.get(&user).map(user_target) else {
            continue;
        };
        let mut changed = false;
        let factors = call.org.shelf(&format!("/api/v1/users/{user}/factors"));
        for factor in factors.values_mut() {
            if text(factor, "/factorType") == "push" && text(factor, "/status") == from {
                factor["status"] = json!(to);
                changed = true;
            }
        }
        if changed {
            call.log(event, vec![target]);
        }
    }
    Ok(answer)
}
