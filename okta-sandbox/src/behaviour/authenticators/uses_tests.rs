//! What policies need stays: authenticators, their methods, groups of models.

use serde_json::{Value, json};

use crate::bench::{Bench, code};
use crate::json::text;

const ALL: &str = "/api/v1/authenticators";

fn path_of(bench: &Bench, key: &str) -> String {
    let (_, all) = bench.call("GET", ALL, None);
    let mut all = all.as_array().expect("a list").iter();
    let found = all.find(|one| one["key"] == key).expect("an authenticator");
    format!("{ALL}/{}", text(found, "/id"))
}

fn step(bench: &Bench, path: &str, step: &str) -> (u16, Value) {
    bench.call("POST", &format!("{path}/lifecycle/{step}"), None)
}

/// Makes a rule of an authentication policy of this name; the rule's path.
fn rule(bench: &Bench, policy: &str, conditions: Value, method: Value) -> String {
    let body = json!({ "type": "ACCESS_POLICY", "name": policy });
    let (_, policy) = bench.call("POST", "/api/v1/policies", Some(&body));
    let rules = format!("/api/v1/policies/{}/rules", text(&policy, "/id"));
    let body = json!({
        "type": "ACCESS_POLICY", "name": "Strict", "conditions": conditions,
        "actions": { "appSignOn": { "access": "ALLOW", "verificationMethod": method } },
    });
    let (status, made) = bench.call("POST", &rules, Some(&body));
    assert_eq!(status, 200, "{made}");
    format!("{rules}/{}", text(&made, "/id"))
}

/// The first policy of a type, changed.
fn change(bench: &Bench, kind: &str, edit: impl Fn(&mut Value)) {
    let (_, policies) = bench.call("GET", &format!("/api/v1/policies?type={kind}"), None);
    let mut policy = policies[0].clone();
    edit(&mut policy);
    let path = format!("/api/v1/policies/{}", text(&policy, "/id"));
    let (status, changed) = bench.call("PUT", &path, Some(&policy));
    assert_eq!(status, 200, "{changed}");
}

#[test]
fn a_chain_keeps_its_methods_on() {
    let bench = Bench::new();
    let own = path_of(&bench, "okta_verify");
    let push = format!("{own}/methods/push");
    assert_eq!(step(&bench, &push, "activate").0, 200);
    let chains = json!([{
        "authenticationMethods": [{ "key": "okta_password", "method": "password" }],
        "next": [{ "authenticationMethods": [{ "key": "okta_verify", "method": "push" }] }],
    }]);
    let chained = json!({ "type": "AUTH_METHOD_CHAIN", "chains": chains });
    let rule = rule(&bench, "Chained", Value::Null, chained);
    let refused = step(&bench, &push, "deactivate");
    assert_eq!(code(&refused), (403, "E0000246"));
    assert!(text(&refused.1, "/errorSummary").ends_with(": Chained"));
    let refused = step(&bench, &own, "deactivate");
    assert_eq!(code(&refused), (403, "E0000148"));
    assert_eq!(
        refused.1["errorCauses"],
        json!([
            { "errorSummary": "Authenticator Enrollment Policies: Default Policy" },
            { "errorSummary": "Authentication Policies: Chained" },
        ])
    );
    bench.call("DELETE", &rule, None);
    assert_eq!(step(&bench, &push, "deactivate").0, 200);
}

#[test]
fn the_last_authenticator_that_resists_phishing_stays_on() {
    let bench = Bench::new();
    let keys = path_of(&bench, "webauthn");
    assert_eq!(step(&bench, &keys, "activate").0, 200);
    let constraints = json!([{ "possession": { "phishingResistant": "REQUIRED" } }]);
    let strict = json!({ "type": "ASSURANCE", "factorMode": "2FA", "constraints": constraints });
    rule(&bench, "Unphishable", Value::Null, strict);
    let refused = step(&bench, &keys, "deactivate");
    assert_eq!(code(&refused), (403, "E0000219"));
    assert!(text(&refused.1, "/errorSummary").ends_with("Policy rules: Strict"));
    let nonce = format!("{}/methods/signed_nonce", path_of(&bench, "okta_verify"));
    assert_eq!(step(&bench, &nonce, "activate").0, 200);
    assert_eq!(step(&bench, &keys, "deactivate").0, 200);
}

#[test]
fn rules_about_devices_keep_what_devices_sign_with() {
    let bench = Bench::new();
    let nonce = format!("{}/methods/signed_nonce", path_of(&bench, "okta_verify"));
    step(&bench, &nonce, "activate");
    let device = json!({ "device": { "registered": true, "managed": false } });
    let strict = json!({ "type": "ASSURANCE", "factorMode": "2FA" });
    let rule = rule(&bench, "Devices", device, strict);
    let refused = step(&bench, &nonce, "deactivate");
    assert_eq!(code(&refused), (403, "E0000174"));
    bench.call("DELETE", &rule, None);
    assert_eq!(step(&bench, &nonce, "deactivate").0, 200);
}

#[test]
fn what_recovers_passwords_stays_on() {
    let bench = Bench::new();
    let (_, policies) = bench.call("GET", "/api/v1/policies?type=PASSWORD", None);
    let rules = format!("/api/v1/policies/{}/rules", text(&policies[0], "/id"));
    let body = json!({ "type": "PASSWORD", "name": "By code", "actions": {
        "passwordChange": { "access": "ALLOW" },
        "selfServicePasswordReset": { "access": "ALLOW", "requirement": {
            "primary": { "methods": ["otp"] }, "stepUp": { "required": false },
        } },
        "selfServiceUnlock": { "access": "DENY" },
    } });
    let (status, made) = bench.call("POST", &rules, Some(&body));
    assert_eq!(status, 200, "{made}");
    let own = path_of(&bench, "google_otp");
    step(&bench, &own, "activate");
    let refused = step(&bench, &own, "deactivate");
    assert_eq!(code(&refused), (403, "E0000148"));
    assert_eq!(
        text(&refused.1, "/errorCauses/0/errorSummary"),
        "Self-Service Password Management Policies: Default Policy"
    );
    let body = json!({ "key": "custom_otp", "name": "Ours" });
    let (_, other) = bench.call("POST", ALL, Some(&body));
    let other = format!("{ALL}/{}", text(&other, "/id"));
    assert_eq!(step(&bench, &other, "deactivate").0, 200);
}

#[test]
fn groups_of_models_that_users_enrol_stay() {
    let bench = Bench::new();
    let own = format!("{}/methods/webauthn", path_of(&bench, "webauthn"));
    let put = |groups: Value| {
        let body = json!({ "type": "webauthn", "settings": { "aaguidGroups": groups } });
        bench.call("PUT", &own, Some(&body))
    };
    let group = |name: &str, id: &str| json!({ "name": name, "aaguids": [id] });
    let id = "cb69481e-8ff7-4039-93ec-0a2729111111";
    assert_eq!(code(&put(json!([group("A", "short")]))), (400, "E0000001"));
    assert_eq!(
        code(&put(json!([group("A", id), group("A", id)]))),
        (400, "E0000001"),
        "names are their own"
    );
    assert_eq!(put(json!([group("A", id), group("B", id)])).0, 200);
    change(&bench, "MFA_ENROLL", |policy| {
        let entries = policy.pointer_mut("/settings/authenticators");
        let entries = entries.and_then(Value::as_array_mut).expect("entries");
        entries.push(json!({
            "key": "webauthn", "enroll": { "self": "OPTIONAL" },
            "constraints": { "aaguidGroups": ["A"] },
        }));
    });
    let refused = put(json!([group("B", id)]));
    assert_eq!(code(&refused), (400, "E0000209"));
    let (status, kept) = put(json!([group("A", id)]));
    assert_eq!(
        (status, &kept["settings"]["aaguidGroups"]),
        (200, &json!([group("A", id)]))
    );
}
