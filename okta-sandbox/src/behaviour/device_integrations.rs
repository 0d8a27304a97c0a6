//! What tells the org about devices: a fixed list of integrations, each on or off.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listDeviceIntegrations" => list,
        "getDeviceIntegration" => get,
        "activateDeviceIntegration" => activate,
        "deactivateDeviceIntegration" => deactivate,
        _ => return None,
    })
}

const INTEGRATIONS: &str = "/api/v1/device-integrations";

const ALL: [(&str, &str, &[&str]); 7] = [
    (
        "com.android.zero.trust",
        "Android Device Trust",
        &["ANDROID"],
    ),
    ("com.crowdstrike.zta", "CrowdStrike", &["MACOS", "WINDOWS"]),
    (
        "com.google.dtc",
        "Chrome Device Trust",
        &["CHROMEOS", "MACOS", "WINDOWS"],
    ),
    ("com.okta.device.osquery", "OSQuery", &["MACOS", "WINDOWS"]),
    (
        "com.okta.deviceidp",
        "Device Posture Provider",
        &["ANDROID", "CHROMEOS", "IOS", "MACOS", "WINDOWS"],
    ),
    (
        "com.okta.windowssecuritycenter",
        "Windows Security Center",
        &["WINDOWS"],
    ),
    (
        "com.okta.workspaceone",
        "Workspace ONE",
        &["ANDROID", "IOS"],
    ),
];

/// Every org has all of them, off; they get their ids when somebody first looks.
fn ensure(call: &mut Call<'_>) {
    if call.org.shelf(INTEGRATIONS).len() > 0 {
        return;
    }
    for (name, display, platforms) in ALL {
        for platform in platforms {
            let id = call.org.dice.id("din");
            let one = json!({
                "id": id, "name": name, "displayName": display, "platform": platform,
                "status": "DEACTIVATED",
            });
            call.org.shelf(INTEGRATIONS).put(&id, one);
        }
    }
}

fn show(integration: &Value, base: &str) -> Value {
    let own = format!("{base}{INTEGRATIONS}/{}", text(integration, "/id"));
    let step = match integration["status"] == "ACTIVE" {
        true => "deactivate",
        false => "activate",
    };
    let mut shown = integration.clone();
    shown["_links"] = json!({
        "self": { "href": own, "hints": { "allow": ["GET"] } },
        step: { "href": format!("{own}/lifecycle/{step}"), "hints": { "allow": ["POST"] } },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    ensure(call);
    let base = call.base();
    let all = call.org.shelf(INTEGRATIONS).values();
    let all = all.map(|one| show(one, base)).collect();
    call.all(all)
}

fn known(call: &mut Call<'_>) -> Result<Value, Fault> {
    ensure(call);
    call.stored(INTEGRATIONS, 0, "DeviceIntegrations")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let integration = known(call)?;
    Ok(Answer::ok(&show(&integration, call.base())))
}

/// What the org sets up on its side when an integration first goes on.
fn metadata(call: &mut Call<'_>, name: &str) -> Option<Value> {
    Some(match name {
        "com.google.dtc" => {
            let account = format!("okta-gci-{}", call.org.id);
            let mail = format!("{account}@sandbox.iam.gserviceaccount.com");
            json!({
                "type": "CHROME", "serviceAccountName": account, "serviceAccountEmail": mail,
            })
        }
        "com.okta.workspaceone" => json!({
            "type": "WORKSPACE_ONE", "provider": "Workspace ONE",
            "enrollmentUrl": format!("{}/device-enrollment", call.base()),
            "idpId": call.org.dice.id("0oa"),
        }),
        "com.okta.deviceidp" => {
            json!({ "type": "DEVICE_IDP", "idpId": call.org.dice.id("0oa") })
        }
        _ => return None,
    })
}

fn set(call: &mut Call<'_>, status: &str, step: &str) -> Outcome {
    let mut integration = known(call)?;
    if integration["status"] != status {
        integration["status"] = json!(status);
        let name = text(&integration, "/name").to_owned();
        if integration["metadata"].is_null()
            && let Some(metadata) = metadata(call, &name)
        {
            integration["metadata"] = metadata;
        }
        let id = call.parameter(0);
        call.org.shelf(INTEGRATIONS).put(id, integration.clone());
        let display = text(&integration, "/displayName");
        let target = named("DeviceIntegration", id, &name, display);
        let event = format!("device.integration.endpoint_security.{step}");
        call.log(&event, vec![target]);
    }
    Ok(Answer::ok(&show(&integration, call.base())))
}

fn activate(call: &mut Call<'_>) -> Outcome {
    set(call, "ACTIVE", "activate")
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    set(call, "DEACTIVATED", "deactivate")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::INTEGRATIONS;
    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn integrations_are_there_and_go_on_and_off() {
        let bench = Bench::new();
        let (_, all) = bench.call("GET", INTEGRATIONS, None);
        let all = all.as_array().expect("integrations");
        assert!(all.iter().all(|one| one["status"] == "DEACTIVATED"));
        let find = |name: &str, platform: &str| {
            let found = all
                .iter()
                .find(|one| one["name"] == name && one["platform"] == platform);
            format!("{INTEGRATIONS}/{}", text(found.expect("one"), "/id"))
        };
        let step = |own: &str, verb: &str| -> Value {
            let (status, one) = bench.call("POST", &format!("{own}/lifecycle/{verb}"), None);
            assert_eq!(status, 200, "{one}");
            one
        };
        let osquery = find("com.okta.device.osquery", "MACOS");
        let one = step(&osquery, "activate");
        assert_eq!(one["status"], "ACTIVE");
        assert!(one["_links"]["deactivate"].is_object() && one["_links"]["activate"].is_null());
        assert!(one["metadata"].is_null(), "{one}");
        step(&osquery, "activate");
        let (_, other) = bench.call("GET", &find("com.okta.device.osquery", "WINDOWS"), None);
        assert_eq!(other["status"], "DEACTIVATED", "platforms apart");
        let chrome = find("com.google.dtc", "CHROMEOS");
        let made = step(&chrome, "activate");
        assert_eq!(made["metadata"]["type"], "CHROME");
        let off = step(&chrome, "deactivate");
        assert_eq!(
            (&off["metadata"], &off["status"]),
            (&made["metadata"], &all[0]["status"])
        );
        let lost = format!("{INTEGRATIONS}/din0/lifecycle/activate");
        assert_eq!(bench.call("POST", &lost, None).0, 404);
        let path = "/api/v1/logs?filter=eventType%20sw%20%22device.integration%22";
        let (_, log) = bench.call("GET", path, None);
        assert_eq!(
            log.as_array().map(Vec::len),
            Some(3),
            "only changes are told"
        );
    }
}
