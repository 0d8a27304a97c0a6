//! Locking out who gets a password wrong too often, as the user's password policy and the org's
//! protection against attacks have it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::authority::hashed;
use super::policy::is_member;
use super::sign_in::{cookie, may_sign_in};
use crate::behaviour::attack_protection::spares_known_devices;
use crate::call::Call;
use crate::clock;
use crate::json::text;
use crate::log::user_target;
use crate::org::Org;

/// Wrong passwords in a row that lock out, where no policy says otherwise.
const ATTEMPTS: u64 = 10;
/// Seconds that devices which a user never used stay out.
const DEVICES_OUT: i64 = 3600;

/// Devices that a user signed in with, by user and token.
const KNOWN_DEVICES: &str = "/known-devices";
/// Wrong passwords from other devices, by user.
const STRANGERS: &str = "/unknown-device-failures";

/// A number of the lockout settings that the user's password policy has.
fn setting(org: &Org, user: &str, name: &str, default: u64) -> u64 {
    let applies = |policy: &&Value| {
        let groups = policy.pointer("/conditions/people/groups/include");
        groups.and_then(Value::as_array).is_none_or(|groups| {
            let mut groups = groups.iter().filter_map(Value::as_str);
            groups.any(|group| is_member(org, group, user))
        })
    };
    let own = |policy: &&Value| {
        text(policy, "/type") == "PASSWORD" && text(policy, "/status") == "ACTIVE"
    };
    let mut policies: Vec<&Value> = org.policies.values().filter(own).collect();
    policies.sort_by_key(|policy| policy["priority"].as_u64().unwrap_or(u64::MAX));
    let policy = policies.into_iter().find(applies);
    let setting = policy.and_then(|policy| {
        let lockout = policy.pointer("/settings/password/lockout")?;
        lockout[name].as_u64()
    });
    setting.unwrap_or(default)
}

/// What tells a device apart: the browser's cookie, or the token that an app sends.
fn device(call: &Call<'_>) -> Option<String> {
    cookie(call.request, "DT").or_else(|| {
        let body = call.request.json().ok()?;
        let token = text(&body, "/context/deviceToken");
        (!token.is_empty()).then(|| token.to_owned())
    })
}

/// True if a user signed in with the call's device before.
fn is_known(call: &mut Call<'_>, user: &str) -> bool {
    let Some(device) = device(call) else {
        return false;
    };
    let key = format!("{user} {}", hashed(&device));
    call.org.shelf(KNOWN_DEVICES).contains(&key)
}

/// True if the call counts as a stranger's, which locks nobody but strangers out.
fn is_stranger(call: &mut Call<'_>, user: &str) -> bool {
    spares_known_devices(call.org) && !is_known(call, user)
}

/// True if the user may not try now. A lockout ends by itself if the policy wants it.
pub(super) fn keeps_out(call: &mut Call<'_>, id: &str) -> bool {
    let user = call.org.users.get(id).cloned().unwrap_or_default();
    if text(&user, "/status") == "LOCKED_OUT" {
        return !unlock(call, id, &user);
    }
    if !is_stranger(call, id) {
        return false;
    }
    keeps_strangers_out(call.org, id)
}

/// True if devices that a user never used stay out for now.
fn keeps_strangers_out(org: &Org, id: &str) -> bool {
    let most = setting(org, id, "maxAttempts", ATTEMPTS);
    let now = org.clock.now().as_second();
    let known = org.shelves.get(STRANGERS).and_then(|all| all.get(id));
    known.is_some_and(|failures| {
        let recent = failures["at"]
            .as_i64()
            .is_some_and(|at| now < at + DEVICES_OUT);
        let count = failures["count"].as_u64();
        recent && most > 0 && count.is_some_and(|count| count >= most)
    })
}

/// The devices that a user is locked out on, as blocks name them.
pub(crate) fn blocked(org: &Org, id: &str) -> Option<&'static str> {
    let status = org.users.get(id).map_or("", |user| text(user, "/status"));
    match status {
        "LOCKED_OUT" => Some("ANY_DEVICES"),
        _ if spares_known_devices(org) && keeps_strangers_out(org, id) => Some("UNKNOWN_DEVICES"),
        _ => None,
    }
}

/// Ends a lockout whose time is over.
fn unlock(call: &mut Call<'_>, id: &str, user: &Value) -> bool {
    let minutes = setting(call.org, id, "autoUnlockMinutes", 0);
    let minutes = i64::try_from(minutes).unwrap_or(i64::MAX / 60);
    let since = clock::parse(text(user, "/statusChanged"));
    let end = since.and_then(|at| at.checked_add(SignedDuration::from_mins(minutes)).ok());
    let over = minutes > 0 && end.is_some_and(|end| end <= call.org.clock.now());
    if over {
        enter(call, id, "ACTIVE");
        call.log("user.account.unlock", vec![user_target(user)]);
    }
    over
}

fn enter(call: &mut Call<'_>, id: &str, status: &str) {
    let now = clock::zero_millis(call.org.clock.now());
    if let Some(user) = call.org.users.get_mut(id) {
        user["status"] = json!(status);
        user["statusChanged"] = json!(now);
    }
}

/// Counts a wrong password, which may be the last one that is allowed.
pub(super) fn count(call: &mut Call<'_>, id: &str) {
    let user = call.org.users.get(id).cloned().unwrap_or_default();
    let most = setting(call.org, id, "maxAttempts", ATTEMPTS);
    let target = vec![user_target(&user)];
    if is_stranger(call, id) {
        let now = call.org.clock.now().as_second();
        let known = call.org.shelf(STRANGERS).get(id);
        let recent =
            known.filter(|one| one["at"].as_i64().is_some_and(|at| now < at + DEVICES_OUT));
        let before = recent.and_then(|one| one["count"].as_u64());
        let count = before.unwrap_or(0) + 1;
        let failures = json!({ "count": count, "at": now });
        call.org.shelf(STRANGERS).put(id, failures);
        if count == most {
            call.log_failure("user.account.lock", target, "LOCKED_OUT");
        }
        return;
    }
    let failures = &mut call.org.authority.failures;
    let failed = failures.get(id).copied().unwrap_or(0) + 1;
    failures.insert(id.to_owned(), failed);
    if most > 0 && u64::from(failed) >= most && may_sign_in(&user) {
        call.org.authority.failures.remove(id);
        enter(call, id, "LOCKED_OUT");
        call.log_failure("user.account.lock", target, "LOCKED_OUT");
    }
}

/// Forgets the failures of a user who got the password right, and knows the device from now on.
pub(super) fn forgive(call: &mut Call<'_>, id: &str) {
    call.org.authority.failures.remove(id);
    if let Some(device) = device(call) {
        let key = format!("{id} {}", hashed(&device));
        let shelf = call.org.shelf(KNOWN_DEVICES);
        if !shelf.contains(&key) {
            shelf.put(&key, json!({ "id": key, "user": id }));
        }
        call.org.shelf(STRANGERS).remove(id);
    }
}

/// Forgets a user who is gone.
pub(crate) fn forget(org: &mut Org, user: &str) {
    let devices = org.shelf(KNOWN_DEVICES);
    let own = devices.values().filter(|one| text(one, "/user") == user);
    let own: Vec<String> = own.map(|one| text(one, "/id").to_owned()).collect();
    for device in own {
        devices.remove(&device);
    }
    org.shelf(STRANGERS).remove(user);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::oauth::scene::{LOGIN, SECRET, Scene};

    fn try_in(scene: &Scene, password: &str, device: &str) -> u16 {
        let body = json!({
            "username": LOGIN, "password": password, "context": { "deviceToken": device },
        });
        scene.bench.call("POST", "/api/v1/authn", Some(&body)).0
    }

    fn blocks(scene: &Scene) -> Value {
        let target = format!("/api/v1/users/{}/blocks", scene.user);
        scene.bench.call("GET", &target, None).1
    }

    #[test]
    fn a_locked_out_user_is_blocked_everywhere() {
        let scene = Scene::new();
        assert_eq!(blocks(&scene), json!([]));
        for _ in 0..super::ATTEMPTS {
            assert_eq!(try_in(&scene, "wrong", "d1"), 401);
        }
        let block = json!([{ "type": "DEVICE_BASED", "appliesTo": "ANY_DEVICES" }]);
        assert_eq!(blocks(&scene), block);
        scene.step("unlock");
        assert_eq!(blocks(&scene), json!([]));
    }

    #[test]
    fn strangers_are_blocked_for_a_while() {
        let scene = Scene::new();
        let own = "/attack-protection/api/v1/user-lockout-settings";
        let on = json!({ "preventBruteForceLockoutFromUnknownDevices": true });
        assert_eq!(scene.bench.call("PUT", own, Some(&on)).0, 200);
        assert_eq!(try_in(&scene, SECRET, "known"), 200);
        for _ in 0..super::ATTEMPTS {
            assert_eq!(try_in(&scene, "wrong", "other"), 401);
        }
        let block = json!([{ "type": "DEVICE_BASED", "appliesTo": "UNKNOWN_DEVICES" }]);
        assert_eq!(blocks(&scene), block);
        assert_eq!(try_in(&scene, SECRET, "other"), 401);
        scene.bench.shared.org().clock.advance(3600);
        assert_eq!(blocks(&scene), json!([]));
        assert_eq!(try_in(&scene, SECRET, "known"), 200);
    }
}
