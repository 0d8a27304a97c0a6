//! One device as the API shows it.

use serde_json::{Value, json};

use super::authenticators::AUTHENTICATORS;
use super::org_switches::hinted;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    (id == "getDevice").then_some(get as Handler)
}

const DEVICES: &str = "/api/v1/devices";

/// The steps that a status permits, and what may be done to the device itself.
fn steps(status: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match status {
        "ACTIVE" => (&["suspend", "deactivate"], &["GET", "PATCH", "PUT"]),
        "SUSPENDED" => (&["unsuspend", "deactivate"], &["GET", "PATCH", "PUT"]),
        "DEACTIVATED" => (&["activate"], &["GET", "DELETE"]),
        _ => (&["activate", "deactivate"], &["GET", "PATCH", "PUT"]),
    }
}

fn links(device: &Value, base: &str) -> Value {
    let own = format!("{base}{DEVICES}/{}", text(device, "/id"));
    let status = text(device, "/status");
    let (steps, allow) = steps(status);
    let mut links = json!({ "self": hinted(own.clone(), allow) });
    for step in steps {
        links[*step] = hinted(format!("{own}/lifecycle/{step}"), &["POST"]);
    }
    // Nobody has a deactivated device.
    if status != "DEACTIVATED" {
        links["users"] = hinted(format!("{own}/users"), &["GET"]);
    }
    links
}

/// Devices come from the app that enrolls them.
fn origin(call: &mut Call<'_>) -> Value {
    let mut all = call.org.shelf(AUTHENTICATORS).values();
    let app = all.find(|one| one["key"] == "okta_verify");
    app.map_or(
        Value::Null,
        |app| json!([{ "id": app["id"], "name": app["name"], "key": app["key"] }]),
    )
}

fn get(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let found = call.org.shelf(DEVICES).get(id).cloned();
    let mut device = found.ok_or_else(|| Fault::not_found(id, "Device"))?;
    let name = text(&device, "/profile/displayName").to_owned();
    let resource = json!({
        "resourceType": "UDDevice", "resourceDisplayName": { "value": name, "sensitive": false },
        "resourceId": id, "resourceAlternateId": null,
    });
    fill(&mut device, &resource);
    let expand = call.request.query("expand").unwrap_or_default();
    if expand.split(',').any(|one| one == "providers") {
        fill(&mut device, &json!({ "providers": [] }));
    } else {
        remove(&mut device, "providers");
    }
    let origin = origin(call);
    if device["profile"]["registered"] == true && !origin.is_null() {
        device["_embedded"] = json!({ "originatedFrom": origin });
    }
    device["_links"] = links(&device, call.base());
    Ok(Answer::ok(&device))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::DEVICES;
    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn a_device_links_what_may_be_done_with_it() {
        let bench = Bench::new();
        let id = "guo1device0000000001";
        let device = json!({
            "id": id, "status": "ACTIVE", "providers": [{ "provider": "oktaVerify" }],
            "profile": { "displayName": "Phone", "platform": "IOS", "registered": true },
        });
        bench.shared.org().shelf(DEVICES).put(id, device);
        let own = format!("{DEVICES}/{id}");
        let names = |device: &Value| {
            let links = device["_links"].as_object().expect("links");
            let mut names: Vec<String> = links.keys().cloned().collect();
            names.sort_unstable();
            names
        };
        let (status, active) = bench.call("GET", &own, None);
        assert_eq!(status, 200, "{active}");
        assert_eq!(names(&active), ["deactivate", "self", "suspend", "users"]);
        assert_eq!(text(&active, "/resourceDisplayName/value"), "Phone");
        assert_eq!(
            text(&active, "/_embedded/originatedFrom/0/key"),
            "okta_verify"
        );
        assert!(active["providers"].is_null(), "{active}");
        let (_, more) = bench.call("GET", &format!("{own}?expand=providers"), None);
        assert_eq!(text(&more, "/providers/0/provider"), "oktaVerify");
        bench.call("POST", &format!("{own}/lifecycle/suspend"), None);
        let (_, suspended) = bench.call("GET", &own, None);
        assert_eq!(
            names(&suspended),
            ["deactivate", "self", "unsuspend", "users"]
        );
        bench.call("POST", &format!("{own}/lifecycle/deactivate"), None);
        let (_, off) = bench.call("GET", &own, None);
        assert_eq!(names(&off), ["activate", "self"]);
        assert_eq!(
            off["_links"]["self"]["hints"]["allow"],
            json!(["GET", "DELETE"])
        );
        let (status, lost) = bench.call("GET", &format!("{DEVICES}/guo0"), None);
        assert_eq!(status, 404);
        assert!(
            text(&lost, "/errorSummary").ends_with("guo0 (Device)"),
            "{lost}"
        );
    }
}
