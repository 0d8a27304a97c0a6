//! Defaults, checks and events of the org's guards, and what they do to sign-ins.

use serde_json::{Value, json};

use crate::bench::{Bench, code, events};
use crate::json::text;

const LOCKOUT: &str = "/attack-protection/api/v1/user-lockout-settings";
const ORDER: &str = "/attack-protection/api/v1/authenticator-settings";
const THREATS: &str = "/api/v1/threats/configuration";
const BOTS: &str = "/api/v1/bot-protection/configuration";

const LOGIN: &str = "kim@b.example";
const RIGHT: &str = "Correct-horse-1";

/// A person with a password.
fn person(bench: &Bench) -> String {
    let body = json!({
        "profile": { "login": LOGIN, "email": LOGIN, "firstName": "Kim", "lastName": "Q" },
        "credentials": { "password": { "value": RIGHT } },
    });
    let (status, user) = bench.call("POST", "/api/v1/users?activate=true", Some(&body));
    assert_eq!(status, 200, "{user}");
    format!("/api/v1/users/{}", text(&user, "/id"))
}

fn sign_in(bench: &Bench, password: &str, device: &str) -> u16 {
    let body = json!({
        "username": LOGIN, "password": password, "context": { "deviceToken": device },
    });
    bench.call("POST", "/api/v1/authn", Some(&body)).0
}

fn status(bench: &Bench, person: &str) -> String {
    text(&bench.call("GET", person, None).1, "/status").to_owned()
}

#[test]
fn switches_are_off_at_first_and_tell_of_changes() {
    let bench = Bench::new();
    for (path, name) in [
        (LOCKOUT, "preventBruteForceLockoutFromUnknownDevices"),
        (ORDER, "verifyKnowledgeSecondWhen2faRequired"),
    ] {
        assert_eq!(bench.call("GET", path, None), (200, json!({ name: false })));
        let on = json!({ name: true });
        for _ in 0..2 {
            assert_eq!(bench.call("PUT", path, Some(&on)), (200, on.clone()));
        }
        assert_eq!(bench.call("GET", path, None).1, on);
        let bad = bench.call("PUT", path, Some(&json!({ name: "perhaps" })));
        assert_eq!(code(&bad), (400, "E0000003"));
    }
    assert_eq!(events(&bench, "security.attack_protection").len(), 2);
}

#[test]
fn chains_that_begin_with_knowledge_come_first() {
    let bench = Bench::new();
    let body = json!({ "type": "ACCESS_POLICY", "name": "Chained" });
    let (_, policy) = bench.call("POST", "/api/v1/policies", Some(&body));
    let rules = format!("/api/v1/policies/{}/rules", text(&policy, "/id"));
    let rule = json!({ "type": "ACCESS_POLICY", "name": "Password first", "actions": { "appSignOn": {
        "access": "ALLOW", "verificationMethod": { "type": "AUTH_METHOD_CHAIN", "chains": [{
            "authenticationMethods": [{ "key": "okta_password", "method": "password" }],
            "next": [{ "authenticationMethods": [{ "key": "okta_verify", "method": "push" }] }],
        }] },
    } } });
    let (made, rule) = bench.call("POST", &rules, Some(&rule));
    assert_eq!(made, 200, "{rule}");
    let on = json!({ "verifyKnowledgeSecondWhen2faRequired": true });
    let refused = bench.call("PUT", ORDER, Some(&on));
    assert_eq!(code(&refused), (400, "E0000245"));
    assert!(text(&refused.1, "/errorSummary").ends_with(": Chained"));
    bench.call("DELETE", &format!("{rules}/{}", text(&rule, "/id")), None);
    assert_eq!(bench.call("PUT", ORDER, Some(&on)).0, 200);
}

#[test]
fn threat_insight_knows_its_actions_and_zones() {
    let bench = Bench::new();
    let (_, first) = bench.call("GET", THREATS, None);
    assert_eq!(
        (text(&first, "/action"), &first["excludeZones"]),
        ("none", &json!([]))
    );
    let post = |body: Value| bench.call("POST", THREATS, Some(&body));
    assert_eq!(
        code(&post(json!({ "excludeZones": [] }))),
        (400, "E0000001")
    );
    assert_eq!(code(&post(json!({ "action": "panic" }))), (400, "E0000001"));
    let unknown = json!({ "action": "audit", "excludeZones": ["nzoNobody"] });
    assert_eq!(code(&post(unknown)), (400, "E0000001"));
    let (_, zones) = bench.call("GET", "/api/v1/zones", None);
    let zone = zones[0]["id"].clone();
    let (status, set) = post(json!({ "action": "block", "excludeZones": [zone] }));
    assert_eq!((status, &set["excludeZones"]), (200, &json!([zone])));
    let (_, kept) = bench.call("GET", THREATS, None);
    assert_eq!(kept, set);
    assert_eq!(events(&bench, "security.threat").len(), 1);
}

#[test]
fn bots_are_met_as_configured() {
    let bench = Bench::new();
    let (_, first) = bench.call("GET", BOTS, None);
    assert_eq!(text(&first, "/mode"), "LOG_ONLY");
    let post = |body: Value| bench.call("POST", BOTS, Some(&body));
    for (body, field) in [
        (json!({ "mode": "DISABLED" }), "level"),
        (json!({ "level": "LOW" }), "mode"),
        (
            json!({ "level": "LOW", "mode": "ENFORCED" }),
            "enforcementType",
        ),
        (
            json!({ "level": "LOW", "mode": "LOG_ONLY", "supportedFlows": [] }),
            "supportedFlows",
        ),
        (json!({ "level": "SOME", "mode": "LOG_ONLY" }), "level"),
    ] {
        let refused = post(body);
        let summary = format!("Api validation failed: {field}");
        assert_eq!(text(&refused.1, "/errorSummary"), summary, "{refused:?}");
    }
    let enforce =
        json!({ "level": "HIGH", "mode": "ENFORCED", "enforcementType": "OKTA_CHALLENGE" });
    let (_, set) = post(enforce);
    assert_eq!(text(&set, "/enforcementType"), "OKTA_CHALLENGE");
    assert_eq!(set["supportedFlows"], first["supportedFlows"]);
    let (_, off) = post(json!({ "level": "HIGH", "mode": "DISABLED" }));
    assert!(off["enforcementType"].is_null(), "{off}");
    assert_eq!(
        events(&bench, "security.bot_protection"),
        [
            "security.bot_protection.settings.update",
            "security.bot_protection.status.update"
        ]
    );
}

#[test]
fn the_password_policy_says_when_a_user_is_locked_out_and_for_how_long() {
    let bench = Bench::new();
    let person = person(&bench);
    let (_, policies) = bench.call("GET", "/api/v1/policies?type=PASSWORD", None);
    let mut policy = policies[0].clone();
    policy["settings"]["password"]["lockout"]["maxAttempts"] = json!(3);
    policy["settings"]["password"]["lockout"]["autoUnlockMinutes"] = json!(15);
    let own = format!("/api/v1/policies/{}", text(&policy, "/id"));
    assert_eq!(bench.call("PUT", &own, Some(&policy)).0, 200);
    for _ in 0..2 {
        assert_eq!(sign_in(&bench, "wrong", "d1"), 401);
    }
    assert_eq!(status(&bench, &person), "ACTIVE");
    assert_eq!(sign_in(&bench, "wrong", "d1"), 401);
    assert_eq!(status(&bench, &person), "LOCKED_OUT");
    assert_eq!(sign_in(&bench, RIGHT, "d1"), 401);
    bench.shared.org().clock.advance(15 * 60);
    assert_eq!(sign_in(&bench, RIGHT, "d1"), 200);
    assert_eq!(
        events(&bench, "user.account")[1..],
        ["user.account.lock", "user.account.unlock"],
        "behind the password's own"
    );
}

#[test]
fn strangers_lock_out_strangers_alone() {
    let bench = Bench::new();
    let person = person(&bench);
    let on = json!({ "preventBruteForceLockoutFromUnknownDevices": true });
    bench.call("PUT", LOCKOUT, Some(&on));
    assert_eq!(sign_in(&bench, RIGHT, "own"), 200);
    for _ in 0..10 {
        assert_eq!(sign_in(&bench, "wrong", "other"), 401);
    }
    assert_eq!(status(&bench, &person), "ACTIVE");
    assert_eq!(sign_in(&bench, RIGHT, "other"), 401, "strangers stay out");
    assert_eq!(events(&bench, "user.account.lock").len(), 1);
    assert_eq!(sign_in(&bench, RIGHT, "own"), 200, "the owner gets in");
    assert_eq!(sign_in(&bench, RIGHT, "other"), 200, "and ends it");
    for _ in 0..10 {
        assert_eq!(sign_in(&bench, "wrong", "own"), 401);
    }
    assert_eq!(status(&bench, &person), "LOCKED_OUT");
}
