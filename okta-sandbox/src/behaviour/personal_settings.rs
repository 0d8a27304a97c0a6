//! What an org lets its users take to Okta Personal.

use serde_json::{Value, json};

use super::domain_names::is_domain;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::log::named;
use crate::schema::Fullness;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "replaceOktaPersonalAdminSettings" => set_features,
        "listPersonalAppsExportBlockList" => blocked,
        "replaceBlockedEmailDomains" => block,
        _ => return None,
    })
}

const SHELF: &str = "/okta-personal-settings/api/v1";
const FEATURES: &str = "edit-feature";
const BLOCKED: &str = "export-blocklists";

fn kept(call: &Call<'_>, which: &str) -> Option<Value> {
    call.org.shelves.get(SHELF)?.get(which).cloned()
}

/// Keeps settings; a write that changes nothing tells nothing.
fn keep(call: &mut Call<'_>, which: &str, settings: Value) -> Outcome {
    if kept(call, which).as_ref() != Some(&settings) {
        call.org.shelf(SHELF).put(which, settings);
        let id = call.org.id.clone();
        let target = named("Org", &id, which, "Okta Personal settings");
        call.log("personal.admin.configuration.update", vec![target]);
    }
    Ok(Answer::no_content())
}

/// A feature that is left out is off.
fn set_features(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let mut settings = json!({});
    for feature in ["enableEnduserEntryPoints", "enableExportApps"] {
        settings[feature] = json!(body[feature] == true);
    }
    keep(call, FEATURES, settings)
}

fn blocked(call: &mut Call<'_>) -> Outcome {
    let settings = kept(call, BLOCKED);
    Ok(Answer::ok(
        &settings.unwrap_or_else(|| json!({ "domains": [] })),
    ))
}

/// The domains of mail addresses whose apps stay in the org, each once and in small letters.
fn block(call: &mut Call<'_>) -> Outcome {
    let body = call.given(Fullness::Whole)?;
    let listed = body["domains"].as_array();
    let listed = listed.ok_or_else(|| {
        let cause = "domains: The field cannot be left blank";
        Fault::validation("domains", &[cause])
    })?;
    let mut domains: Vec<String> = Vec::new();
    for domain in listed {
        let domain = domain.as_str().unwrap_or_default().to_lowercase();
        if !is_domain(&domain) {
            let cause = format!("domains: {domain} is no domain.");
            return Err(Fault::validation("domains", &[&cause]));
        }
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    keep(call, BLOCKED, json!({ "domains": domains }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;
    use crate::json::text;

    #[test]
    fn domains_are_checked_and_replaced() {
        let bench = Bench::new();
        let path = format!("{SHELF}/{BLOCKED}");
        let now = || bench.call("GET", &path, None).1;
        assert_eq!(now(), json!({ "domains": [] }));
        let put = |domains: Value| bench.call("PUT", &path, Some(&json!({ "domains": domains })));
        assert_eq!(
            put(json!(["Example.com", "example.com", "other.org"])).0,
            204
        );
        assert_eq!(now()["domains"], json!(["example.com", "other.org"]));
        for bad in [
            json!(["nodot"]),
            json!(["-a.com"]),
            json!(["a b.com"]),
            json!(["a..com"]),
        ] {
            let (status, refused) = put(bad.clone());
            assert_eq!(
                (status, text(&refused, "/errorCode")),
                (400, "E0000001"),
                "{bad}"
            );
        }
        assert_eq!(bench.call("PUT", &path, Some(&json!({}))).0, 400);
        assert_eq!(put(json!([])).0, 204);
        assert_eq!(now()["domains"], json!([]));
    }

    #[test]
    fn features_are_told_when_they_change() {
        let bench = Bench::new();
        let path = format!("{SHELF}/{FEATURES}");
        let put = |body: Value| bench.call("PUT", &path, Some(&body)).0;
        assert_eq!(put(json!({ "enableExportApps": true })), 204);
        assert_eq!(put(json!({ "enableExportApps": true })), 204);
        assert_eq!(put(json!({ "enableExportApps": "yes" })), 400);
        assert_eq!(put(json!({})), 204);
        let org = bench.shared.org();
        let events = org.log.placed();
        let changed = |event: &Value| event["eventType"] == "personal.admin.configuration.update";
        assert_eq!(events.filter(|(_, event)| changed(event)).count(), 2);
        assert_eq!(
            org.shelves[SHELF].get(FEATURES),
            Some(&json!({ "enableEnduserEntryPoints": false, "enableExportApps": false }))
        );
    }
}
