//! Checks that osquery makes on devices, which device assurance policies ask for by their
//! variables.

use serde_json::{Value, json};

use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listDevicePostureChecks" => list,
        "createDevicePostureCheck" => create,
        "listDefaultDevicePostureChecks" => defaults,
        "getDevicePostureCheck" => get,
        "replaceDevicePostureCheck" => replace,
        "deleteDevicePostureCheck" => delete,
        _ => return None,
    })
}

const CHECKS: &str = "/api/v1/device-posture-checks";
const DEFAULTS: &str = "/api/v1/device-posture-checks/default";
const ASSURANCES: &str = "/api/v1/device-assurances";

/// A check that is there without anybody's doing.
struct Default {
    name: &'static str,
    platform: &'static str,
    variable: &'static str,
    query: &'static str,
}

const BUILT_IN: [Default; 5] = [
    Default {
        name: "Firewall",
        platform: "MACOS",
        variable: "macOSFirewallEnabled",
        query: "SELECT global_state > 0 AS enabled FROM alf;",
    },
    Default {
        name: "Gatekeeper",
        platform: "MACOS",
        variable: "macOSGatekeeperEnabled",
        query: "SELECT assessments_enabled AS enabled FROM gatekeeper;",
    },
    Default {
        name: "System Integrity Protection",
        platform: "MACOS",
        variable: "macOSSystemIntegrityProtectionEnabled",
        query: "SELECT enabled FROM sip_config WHERE config_flag = 'sip';",
    },
    Default {
        name: "Firewall",
        platform: "WINDOWS",
        variable: "windowsFirewallEnabled",
        query: "SELECT firewall = 'Good' AS enabled FROM windows_security_center;",
    },
    Default {
        name: "Antivirus",
        platform: "WINDOWS",
        variable: "windowsAntivirusEnabled",
        query: "SELECT antivirus = 'Good' AS enabled FROM windows_security_center;",
    },
];

fn default_remediation(check: &Default) -> Value {
    let platform = check.platform.to_lowercase();
    let page = format!(
        "https://help.okta.com/eu/en-us/content/topics/end-user/ov-device-health-{platform}.htm"
    );
    let key = format!("{platform}.{}.remediation.message", check.variable);
    json!({
        "message": { "defaultI18nKey": key, "customText": null },
        "link": { "defaultUrl": page, "customUrl": null },
    })
}

/// The checks that every org has; they get their ids when somebody first looks.
fn built_in(call: &mut Call<'_>) -> Vec<Value> {
    if call.org.shelf(DEFAULTS).len() == 0 {
        let created = call.org.created.clone();
        for check in &BUILT_IN {
            let id = call.org.dice.id("dch");
            let one = json!({
                "id": id, "name": check.name, "platform": check.platform, "type": "BUILTIN",
                "variableName": check.variable, "query": check.query, "mappingType": "CHECKBOX",
                "description": null, "remediationSettings": default_remediation(check),
                "createdDate": created, "lastUpdate": created, "createdBy": null,
                "lastUpdatedBy": null,
            });
            call.org.shelf(DEFAULTS).put(&id, one);
        }
    }
    call.org.shelf(DEFAULTS).values().cloned().collect()
}

fn show(check: &Value, base: &str) -> Value {
    let allow = match check["type"] == "BUILTIN" && check["createdBy"].is_null() {
        true => &["GET"][..],
        false => &["DELETE", "GET", "PUT"],
    };
    let href = format!("{base}{CHECKS}/{}", text(check, "/id"));
    let mut shown = check.clone();
    shown["_links"] = json!({ "self": { "href": href, "hints": { "allow": allow } } });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let base = call.base();
    let all = call.org.shelf(CHECKS).values();
    let all = all.map(|check| show(check, base)).collect();
    call.all(all)
}

fn defaults(call: &mut Call<'_>) -> Outcome {
    let base = call.base();
    let all = built_in(call);
    call.all(all.iter().map(|check| show(check, base)).collect())
}

fn known(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(CHECKS, 0, "DevicePostureCheck")
}

fn get(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(0);
    let default = built_in(call).into_iter().find(|one| one["id"] == id);
    let check = match default {
        Some(default) => default,
        None => known(call)?,
    };
    Ok(Answer::ok(&show(&check, call.base())))
}

/// Whether a device assurance policy asks for a check.
fn in_use(call: &mut Call<'_>, check: &Value) -> bool {
    let mut policies = call.org.shelf(ASSURANCES).values();
    policies.any(|policy| {
        let asked = policy.pointer("/devicePostureChecks/include");
        let mut asked = asked.and_then(Value::as_array).into_iter().flatten();
        policy["platform"] == check["platform"]
            && asked.any(|one| one["variableName"] == check["variableName"])
    })
}

/// A name that policies can refer to.
fn is_variable(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One statement of osquery that only reads.
fn is_query(text: &str) -> bool {
    let text = text.trim().trim_end_matches(';');
    let first = text.split_whitespace().next().unwrap_or_default();
    ["SELECT", "WITH"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
        && !text.contains(';')
}

/// The check that the body describes, held against the others. `id` is that of the one it
/// replaces.
fn checked(call: &mut Call<'_>, id: &str) -> Result<Value, Fault> {
    let mut check = call.given(Fullness::Whole)?;
    if check["type"].is_null() {
        check["type"] = json!("CUSTOM");
    }
    if check["mappingType"].is_null() {
        check["mappingType"] = json!("CHECKBOX");
    }
    for field in ["name", "platform", "variableName"] {
        if text(&check, &format!("/{field}")).trim().is_empty() {
            return Err(Fault::field(field, "The field cannot be left blank"));
        }
    }
    let variable = text(&check, "/variableName");
    if !is_variable(variable) {
        return Err(Fault::field(
            "variableName",
            "The field has an invalid value",
        ));
    }
    let mut all = call.org.shelf(CHECKS).values();
    if all.any(|one| text(one, "/id") != id && text(one, "/variableName") == variable) {
        let what = "An object with this field already exists in the current organization";
        return Err(Fault::field("variableName", what));
    }
    let default = BUILT_IN
        .iter()
        .find(|one| one.variable == variable && one.platform == text(&check, "/platform"));
    let settings = check["remediationSettings"].clone();
    let own = json!({
        "message": { "defaultI18nKey": null, "customText": settings["message"]["customText"] },
        "link": { "defaultUrl": null, "customUrl": settings["link"]["customUrl"] },
    });
    match (text(&check, "/type"), default) {
        ("BUILTIN", None) => {
            let what = "The field must name a default check of the platform";
            return Err(Fault::field("variableName", what));
        }
        // What the service brings along is no matter of the caller.
        ("BUILTIN", Some(default)) => {
            check["query"] = json!(default.query);
            check["remediationSettings"] = default_remediation(default);
            for pointer in ["/message/customText", "/link/customUrl"] {
                let slot = check["remediationSettings"].pointer_mut(pointer);
                if let (Some(slot), Some(given)) = (slot, settings.pointer(pointer)) {
                    *slot = given.clone();
                }
            }
        }
        (_, Some(_)) => {
            return Err(Fault::field(
                "variableName",
                "The name is that of a default check",
            ));
        }
        (_, None) => {
            if !is_query(text(&check, "/query")) {
                return Err(Fault::field(
                    "query",
                    "The field must be a SELECT statement",
                ));
            }
            check["remediationSettings"] = own;
        }
    }
    Ok(check)
}

fn log(call: &mut Call<'_>, step: &str, check: &Value) {
    let (id, name) = (text(check, "/id"), text(check, "/name"));
    let variable = text(check, "/variableName");
    let target = named("DevicePostureCheck", id, variable, name);
    call.log(&format!("device.posture.check.{step}"), vec![target]);
}

/// Keeps a check with the marks of who changed it when.
fn put(call: &mut Call<'_>, mut check: Value, step: &str) -> Outcome {
    check["lastUpdate"] = json!(clock::zero_millis(call.org.clock.now()));
    check["lastUpdatedBy"] = json!(call.caller());
    let id = text(&check, "/id").to_owned();
    call.org.shelf(CHECKS).put(&id, check.clone());
    log(call, step, &check);
    Ok(Answer::ok(&show(&check, call.base())))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let mut check = checked(call, "")?;
    check["id"] = json!(call.org.dice.id("dch"));
    check["createdDate"] = json!(clock::zero_millis(call.org.clock.now()));
    check["createdBy"] = json!(call.caller());
    put(call, check, "add")
}

/// Policies hold on to the platform and the variable of a check that they use.
fn replace(call: &mut Call<'_>) -> Outcome {
    let known = known(call)?;
    let mut check = checked(call, call.parameter(0))?;
    for field in ["platform", "variableName"] {
        if check[field] != known[field] && in_use(call, &known) {
            let what = "The field cannot be changed while a device assurance policy uses the check";
            return Err(Fault::field(field, what));
        }
    }
    for member in ["id", "createdDate", "createdBy"] {
        check[member] = known[member].clone();
    }
    remove(&mut check, "_links");
    put(call, check, "update")
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let check = known(call)?;
    if in_use(call, &check) {
        let summary = "Device posture check is in use and can't be deleted.";
        return Err(Fault::api(409, "E0000001", summary, &[]));
    }
    let id = call.parameter(0);
    call.org.shelf(CHECKS).remove(id);
    log(call, "delete", &check);
    Ok(Answer::no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ASSURANCES, CHECKS, DEFAULTS};
    use crate::bench::Bench;
    use crate::json::text;

    fn custom() -> Value {
        json!({
            "name": "Lock", "variableName": "macOSLock", "platform": "MACOS", "type": "CUSTOM",
            "mappingType": "CHECKBOX", "query": "SELECT enabled FROM screenlock;",
            "remediationSettings": {
                "message": { "defaultI18nKey": "x", "customText": "Lock your screen" },
                "link": { "defaultUrl": "https://example.com", "customUrl": "https://example.com/me" },
            },
        })
    }

    #[test]
    fn defaults_are_read_and_never_written() {
        let bench = Bench::new();
        let (_, all) = bench.call("GET", DEFAULTS, None);
        let all = all.as_array().expect("checks");
        assert!(all.len() > 1 && all.iter().all(|one| one["type"] == "BUILTIN"));
        let own = format!("{CHECKS}/{}", text(&all[0], "/id"));
        assert_eq!(bench.call("GET", &own, None), (200, all[0].clone()));
        assert_eq!(bench.call("PUT", &own, Some(&custom())).0, 404);
        assert_eq!(bench.call("DELETE", &own, None).0, 404);
        assert_eq!(bench.call("GET", CHECKS, None).1, json!([]));
        let mut body = custom();
        body["type"] = json!("BUILTIN");
        assert_eq!(bench.call("POST", CHECKS, Some(&body)).0, 400, "no default");
        body["variableName"] = all[0]["variableName"].clone();
        body["platform"] = all[0]["platform"].clone();
        let (status, made) = bench.call("POST", CHECKS, Some(&body));
        assert_eq!(status, 200, "{made}");
        assert_eq!(made["query"], all[0]["query"]);
        let settings = &made["remediationSettings"];
        assert_eq!(text(settings, "/message/customText"), "Lock your screen");
        assert_eq!(
            settings["link"]["defaultUrl"],
            all[0]["remediationSettings"]["link"]["defaultUrl"]
        );
    }

    #[test]
    fn variables_are_unique_and_queries_only_read() {
        let bench = Bench::new();
        let (status, made) = bench.call("POST", CHECKS, Some(&custom()));
        assert_eq!(status, 200, "{made}");
        assert!(
            text(&made, "/id").starts_with("dch") && made["createdBy"].is_string(),
            "{made}"
        );
        assert!(
            made["remediationSettings"]["link"]["defaultUrl"].is_null(),
            "{made}"
        );
        let refused = |field: &str, value: Value| {
            let mut body = custom();
            body["variableName"] = json!("other");
            body[field] = value;
            let (status, refused) = bench.call("POST", CHECKS, Some(&body));
            let causes = refused["errorCauses"].to_string();
            assert!(
                status == 400 && causes.contains(field),
                "{field}: {refused}"
            );
        };
        for (field, value) in [
            ("variableName", json!("macOSLock")),
            ("variableName", json!("macOSFirewallEnabled")),
            ("variableName", json!("1st of all")),
            ("name", json!("")),
            ("platform", json!("IOS")),
            ("platform", Value::Null),
            ("mappingType", json!("RADIO")),
            ("query", json!("DELETE FROM alf")),
            ("query", json!("SELECT 1; SELECT 2")),
            ("query", Value::Null),
        ] {
            refused(field, value);
        }
        let own = format!("{CHECKS}/{}", text(&made, "/id"));
        let mut body = custom();
        body["name"] = json!("Screen lock");
        let (status, changed) = bench.call("PUT", &own, Some(&body));
        assert_eq!((status, &changed["name"]), (200, &body["name"]));
        assert_eq!(changed["createdDate"], made["createdDate"]);
    }

    #[test]
    fn a_check_that_a_policy_asks_for_stays() {
        let bench = Bench::new();
        let (_, made) = bench.call("POST", CHECKS, Some(&custom()));
        let own = format!("{CHECKS}/{}", text(&made, "/id"));
        let policy = json!({
            "name": "Macs", "platform": "MACOS", "osVersion": { "minimum": "14.0.0" },
            "devicePostureChecks": { "include": [{ "variableName": "macOSLock", "value": "1" }] },
        });
        let (status, policy) = bench.call("POST", ASSURANCES, Some(&policy));
        assert_eq!(status, 200, "{policy}");
        let (status, refused) = bench.call("DELETE", &own, None);
        assert_eq!(status, 409, "{refused}");
        let mut renamed = custom();
        renamed["variableName"] = json!("other");
        assert_eq!(bench.call("PUT", &own, Some(&renamed)).0, 400);
        assert_eq!(bench.call("PUT", &own, Some(&custom())).0, 200);
        let policy = format!("{ASSURANCES}/{}", text(&policy, "/id"));
        assert_eq!(bench.call("DELETE", &policy, None).0, 204);
        assert_eq!(bench.call("DELETE", &own, None).0, 204);
        let path = "/api/v1/logs?filter=eventType%20sw%20%22device.posture.check%22";
        let (_, log) = bench.call("GET", path, None);
        let log = log.as_array().expect("events").iter();
        let steps: Vec<&str> = log.map(|event| text(event, "/eventType")).collect();
        let of = |step: &str| format!("device.posture.check.{step}");
        assert_eq!(steps, [of("add"), of("update"), of("delete")]);
    }
}
