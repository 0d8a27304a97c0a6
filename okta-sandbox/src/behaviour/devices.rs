//! Devices: their statuses, their users, and what is enrolled on them.

use serde_json::{Value, json};

use crate::behaviour::users::view;
use crate::call::{Call, Handler, Outcome};
use crate::engine::{self, plain};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::user_target;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listDevices" => list,
        "activateDevice" => activate,
        "deactivateDevice" => deactivate,
        "suspendDevice" => suspend,
        "unsuspendDevice" => unsuspend,
        "deleteDevice" => delete,
        "listDeviceUsers" => users,
        "listUserDevices" => of_user,
        "deleteDeviceAssurancePolicy" => delete_assurance,
        _ => return None,
    })
}

const DEVICES: &str = "/api/v1/devices";

/// Where the links between a device and its users stand.
fn links(device: &str) -> String {
    format!("{DEVICES}/{device}/users")
}

/// The links of a device to users that still exist.
fn linked(call: &Call<'_>, device: &str) -> Vec<Value> {
    let shelf = call.org.shelves.get(&links(device));
    let all = shelf.into_iter().flat_map(|shelf| shelf.values());
    all.filter(|link| call.org.users.contains(text(link, "/user/id")))
        .cloned()
        .collect()
}

/// A link with its user as the user is now.
fn show(call: &Call<'_>, link: &Value, summary: bool) -> Value {
    let mut shown = json!({ "created": link["created"] });
    for member in ["managementStatus", "screenLockType"] {
        if !link[member].is_null() {
            shown[member] = link[member].clone();
        }
    }
    let Some(user) = call.org.users.get(text(link, "/user/id")) else {
        return shown;
    };
    shown["user"] = match summary {
        false => view::item(call.org, user, call.base()),
        true => json!({
            "id": user["id"], "status": user["status"],
            "profile": {
                "firstName": user["profile"]["firstName"], "lastName": user["profile"]["lastName"],
                "login": user["profile"]["login"], "email": user["profile"]["email"],
            },
        }),
    };
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let summary = match call.request.query("expand") {
        None | Some("") => return plain::run(call),
        Some("user") => false,
        Some("userSummary") => true,
        Some(_) => {
            let cause = "expand: The field must be one of user, userSummary";
            return Err(Fault::validation("expand", &[cause]));
        }
    };
    let mut answer = plain::run(call)?;
    let mut devices: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    for device in devices.as_array_mut().into_iter().flatten() {
        let links = linked(call, text(device, "/id"));
        let users: Vec<Value> = links.iter().map(|link| show(call, link, summary)).collect();
        device["_embedded"] = json!({ "users": users });
    }
    answer.body = devices.to_string().into_bytes();
    Ok(answer)
}

fn known(call: &mut Call<'_>, kind: &str) -> Result<Value, Fault> {
    call.stored(DEVICES, 0, kind)
}

/// Refuses a step from a status that does not permit it.
fn from(call: &mut Call<'_>, statuses: &[&str]) -> Result<(), Fault> {
    let device = known(call, "Device")?;
    match statuses.contains(&text(&device, "/status")) {
        true => Ok(()),
        false => {
            let summary = "Illegal device status, cannot perform action.";
            Err(Fault::api(403, "E0000152", summary, &[]))
        }
    }
}

fn activate(call: &mut Call<'_>) -> Outcome {
    from(call, &["CREATED", "DEACTIVATED", "ACTIVE"])?;
    plain::run(call)
}

/// A deactivated device loses its users, and they what they enrolled on it.
fn deactivate(call: &mut Call<'_>) -> Outcome {
    from(call, &["CREATED", "ACTIVE", "SUSPENDED"])?;
    let answer = plain::run(call)?;
    let device = call.parameter(0);
    for link in linked(call, device) {
        let user = text(&link, "/user/id").to_owned();
        let shelf = format!("/api/v1/users/{user}/factors");
        let factors = call.org.shelf(&shelf).values();
        let bound: Vec<String> = factors
            .filter(|factor| text(factor, "/profile/deviceId") == device)
            .map(|factor| text(factor, "/id").to_owned())
            .collect();
        for factor in bound {
            call.org.shelf(&shelf).remove(&factor);
        }
        if let Some(target) = call.org.users.get(&user).map(user_target) {
            call.log("device.user.remove", vec![target]);
        }
    }
    call.org.shelves.remove(&links(device));
    Ok(answer)
}

fn suspend(call: &mut Call<'_>) -> Outcome {
    from(call, &["ACTIVE"])?;
    step(call, "ACTIVE", "INACTIVE", "user.mfa.factor.suspend")
}

fn unsuspend(call: &mut Call<'_>) -> Outcome {
    from(call, &["SUSPENDED"])?;
    step(call, "INACTIVE", "ACTIVE", "user.mfa.factor.unsuspend")
}

/// The device takes its step; then the Okta Verify factors of its users go from one status to the
/// other, unless they are on another device.
fn step(call: &mut Call<'_>, from: &str, to: &str, event: &str) -> Outcome {
    let answer = plain::run(call)?;
    let device = call.parameter(0);
    for link in linked(call, device) {
        let user = text(&link, "/user/id");
        let mut changed = false;
        let factors = call.org.shelf(&format!("/api/v1/users/{user}/factors"));
        for factor in factors.values_mut() {
            let at = text(factor, "/profile/deviceId");
            let is_here = text(factor, "/factorType") == "push" && (at.is_empty() || at == device);
            if is_here && text(factor, "/status") == from {
                factor["status"] = json!(to);
                changed = true;
            }
        }
        let target = call.org.users.get(user).map(user_target);
        if let Some(target) = target.filter(|_| changed) {
            call.log(event, vec![target]);
        }
    }
    Ok(answer)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    from(call, &["DEACTIVATED"])?;
    let answer = plain::run(call)?;
    call.org.shelves.remove(&links(call.parameter(0)));
    Ok(answer)
}

fn users(call: &mut Call<'_>) -> Outcome {
    known(call, "GenericUDObject")?;
    let links = linked(call, call.parameter(0));
    let shown = links.iter().map(|link| show(call, link, false)).collect();
    call.all(shown)
}

/// The same links, read from the user's side.
fn of_user(call: &mut Call<'_>) -> Outcome {
    let key = call.parameter(0);
    let id = match call.org.users.contains(key) {
        true => Some(key.to_owned()),
        false => call.org.logins.get(&key.to_lowercase()).cloned(),
    };
    let id = id.ok_or_else(|| Fault::not_found(key, "User"))?;
    let devices: Vec<Value> = call.org.shelf(DEVICES).values().cloned().collect();
    let mut shown = Vec::new();
    for device in devices {
        let name = text(&device, "/id");
        let own = format!("{}{DEVICES}/{name}", call.base());
        for link in linked(call, name) {
            if text(&link, "/user/id") != id {
                continue;
            }
            let mut device = device.clone();
            device["_links"] = json!({
                "self": { "href": own, "hints": { "allow": ["GET"] } },
                "users": { "href": format!("{own}/users"), "hints": { "allow": ["GET"] } },
            });
            let mut one = json!({ "created": link["created"], "device": device });
            one["deviceUserId"] = match text(&link, "/id") {
                "" => json!(format!("{name}{id}")),
                known => json!(known),
            };
            shown.push(one);
        }
    }
    Ok(Answer::ok(&json!(shown)))
}

/// Whether a policy rule demands the assurance of its devices.
fn demands(rule: &Value, assurance: &str) -> bool {
    let named = rule.pointer("/conditions/device/assurance/include");
    let named = named.and_then(Value::as_array).into_iter().flatten();
    named.into_iter().any(|id| id == assurance)
}

/// What a rule demands of devices stays.
fn delete_assurance(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let demanded = call
        .org
        .policy_rules
        .values()
        .flat_map(|shelf| shelf.values())
        .any(|rule| demands(rule, id));
    if demanded {
        let summary = "Device assurance is in use and cannot be deleted.";
        return Err(Fault::api(409, "E0000001", summary, &[]));
    }
    engine::run(call)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DEVICES, links};
    use crate::bench::Bench;
    use crate::json::text;

    const PHONE: &str = "guo1device0000000001";

    /// A device that the admin has an app enrolled on.
    fn with_phone() -> (Bench, String) {
        let bench = Bench::new();
        let (_, me) = bench.call("GET", "/api/v1/users/me", None);
        let me = text(&me, "/id").to_owned();
        let mut org = bench.shared.org();
        let profile = json!({ "displayName": "Phone", "platform": "IOS", "registered": true });
        let phone = json!({ "id": PHONE, "status": "ACTIVE", "profile": profile });
        org.shelf(DEVICES).put(PHONE, phone);
        let link = json!({
            "id": "dul1", "created": "2026-01-01T00:00:00.000Z", "managementStatus": "NOT_MANAGED",
            "user": { "id": me },
        });
        org.shelf(&links(PHONE)).put("dul1", link);
        let factor = json!({
            "id": "opf1", "factorType": "push", "status": "ACTIVE", "profile": { "deviceId": PHONE },
        });
        let factors = format!("/api/v1/users/{me}/factors");
        let mut elsewhere = factor.clone();
        elsewhere["id"] = json!("opf2");
        elsewhere["profile"]["deviceId"] = json!("guo1device0000000002");
        org.shelf(&factors).put("opf1", factor);
        org.shelf(&factors).put("opf2", elsewhere);
        drop(org);
        (bench, me)
    }

    fn step(bench: &Bench, verb: &str) -> (u16, Value) {
        bench.call("POST", &format!("{DEVICES}/{PHONE}/lifecycle/{verb}"), None)
    }

    #[test]
    fn a_device_and_its_users_tell_the_same() {
        let (bench, me) = with_phone();
        let (_, users) = bench.call("GET", &format!("{DEVICES}/{PHONE}/users"), None);
        assert_eq!(users[0]["user"]["id"], json!(me), "{users}");
        assert_eq!(users[0]["managementStatus"], "NOT_MANAGED");
        let (_, devices) = bench.call("GET", &format!("/api/v1/users/{me}/devices"), None);
        assert_eq!(devices[0]["device"]["id"], PHONE, "{devices}");
        assert_eq!(devices[0]["deviceUserId"], "dul1");
        let (_, bare) = bench.call("GET", DEVICES, None);
        assert!(bare[0]["_embedded"].is_null(), "{bare}");
        let (_, all) = bench.call("GET", &format!("{DEVICES}?expand=user"), None);
        let user = &all[0]["_embedded"]["users"][0]["user"];
        assert!(
            user["_links"].is_object() && user["id"] == json!(me),
            "{all}"
        );
        let (_, all) = bench.call("GET", &format!("{DEVICES}?expand=userSummary"), None);
        let user = &all[0]["_embedded"]["users"][0]["user"];
        assert!(user["_links"].is_null() && user["id"] == json!(me), "{all}");
        assert_eq!(
            bench.call("GET", &format!("{DEVICES}?expand=more"), None).0,
            400
        );
        let (_, missing) = bench.call("GET", &format!("{DEVICES}/guo0/users"), None);
        assert!(
            text(&missing, "/errorSummary").ends_with("guo0 (GenericUDObject)"),
            "{missing}"
        );
    }

    #[test]
    fn steps_need_their_status_and_deletion_comes_last() {
        let (bench, me) = with_phone();
        let refused = |(status, body): (u16, Value)| {
            assert_eq!(
                (status, text(&body, "/errorCode")),
                (403, "E0000152"),
                "{body}"
            );
        };
        let own = format!("{DEVICES}/{PHONE}");
        let delete = || bench.call("DELETE", &own, None);
        refused(delete());
        refused(step(&bench, "unsuspend"));
        assert_eq!(step(&bench, "suspend").0, 204);
        let factors = format!("/api/v1/users/{me}/factors");
        let factor = |id: &str| bench.shared.org().shelf(&factors).get(id).cloned();
        assert_eq!(factor("opf1").expect("kept")["status"], "INACTIVE");
        assert_eq!(factor("opf2").expect("elsewhere")["status"], "ACTIVE");
        refused(step(&bench, "suspend"));
        refused(step(&bench, "activate"));
        refused(delete());
        assert_eq!(step(&bench, "deactivate").0, 204);
        refused(step(&bench, "deactivate"));
        assert!(factor("opf1").is_none(), "the factor went with the device");
        assert!(factor("opf2").is_some(), "the other device stays");
        let (_, devices) = bench.call("GET", &format!("/api/v1/users/{me}/devices"), None);
        assert_eq!(devices, json!([]));
        assert_eq!(step(&bench, "activate").0, 204);
        assert_eq!(step(&bench, "deactivate").0, 204);
        assert_eq!(delete().0, 204);
        assert_eq!(bench.call("GET", &own, None).0, 404);
    }

    #[test]
    fn an_assurance_that_a_rule_demands_stays() {
        let bench = Bench::new();
        let body =
            json!({ "name": "Macs", "platform": "MACOS", "osVersion": { "minimum": "14.0.0" } });
        let (status, made) = bench.call("POST", "/api/v1/device-assurances", Some(&body));
        assert_eq!(status, 200, "{made}");
        let (_, policies) = bench.call("GET", "/api/v1/policies?type=ACCESS_POLICY", None);
        let rules = format!("/api/v1/policies/{}/rules", text(&policies, "/0/id"));
        let rule = json!({
            "name": "Macs only", "type": "ACCESS_POLICY",
            "conditions": { "device": {
                "managed": false, "registered": true, "assurance": { "include": [made["id"]] },
            } },
            "actions": { "appSignOn": { "access": "ALLOW", "verificationMethod": {
                "type": "ASSURANCE", "factorMode": "1FA", "constraints": [],
            } } },
        });
        let (status, rule) = bench.call("POST", &rules, Some(&rule));
        assert_eq!(status, 200, "{rule}");
        let own = format!("/api/v1/device-assurances/{}", text(&made, "/id"));
        assert_eq!(bench.call("DELETE", &own, None).0, 409);
        bench.call("DELETE", &format!("{rules}/{}", text(&rule, "/id")), None);
        assert_eq!(bench.call("DELETE", &own, None).0, 204);
    }
}
