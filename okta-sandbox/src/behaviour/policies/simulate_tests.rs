//! Simulated sign-ins.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

struct Scene {
    bench: Bench,
    app: String,
    sales: String,
    ann: String,
}

impl Scene {
    /// An app that Sales has, with Ann in Sales.
    fn new() -> Self {
        let bench = Bench::new();
        let made = |path: &str, body: Value| {
            let (status, made) = bench.call("POST", path, Some(&body));
            assert!(status < 300, "{path}: {made}");
            text(&made, "/id").to_owned()
        };
        let app = made(
            "/api/v1/apps",
            json!({ "label": "Notes", "signOnMode": "BOOKMARK", "name": "bookmark",
                "settings": { "app": { "url": "https://notes.example.com" } } }),
        );
        let sales = made("/api/v1/groups", json!({ "profile": { "name": "Sales" } }));
        let ann = made(
            "/api/v1/users",
            json!({ "profile": { "login": "ann@example.com", "email": "ann@example.com",
                "firstName": "Ann", "lastName": "Lee", "department": "Sales" } }),
        );
        for path in [
            format!("/api/v1/apps/{app}/groups/{sales}"),
            format!("/api/v1/groups/{sales}/users/{ann}"),
        ] {
            let (status, answer) = bench.call("PUT", &path, None);
            assert!(status < 300, "{path}: {answer}");
        }
        Self {
            bench,
            app,
            sales,
            ann,
        }
    }

    fn made(&self, path: &str, body: Value) -> String {
        let (status, made) = self.bench.call("POST", path, Some(&body));
        assert!(status < 300, "{path}: {made}");
        text(&made, "/id").to_owned()
    }

    fn simulate(&self, query: &str, context: Value, kinds: Value) -> (u16, Value) {
        let path = format!("/api/v1/policies/simulate{query}");
        let body =
            json!({ "appInstance": self.app, "policyContext": context, "policyTypes": kinds });
        self.bench.call("POST", &path, Some(&body))
    }

    /// The app's sign-in policy gets a rule ahead of its catch-all.
    fn rule(&self, name: &str, conditions: Value) -> String {
        let (_, policies) = self
            .bench
            .call("GET", "/api/v1/policies?type=ACCESS_POLICY", None);
        let path = format!("/api/v1/policies/{}/rules", text(&policies, "/0/id"));
        let rule = json!({ "name": name, "priority": 1, "type": "ACCESS_POLICY", "conditions": conditions });
        self.made(&path, rule)
    }

    /// Status of the only condition of the rule, and the name of the rule that matched.
    fn access(&self, context: Value) -> (String, String) {
        let query = "?expand=EVALUATED&expand=RULE";
        let (status, answer) = self.simulate(query, context, json!(["ACCESS_POLICY"]));
        assert_eq!(status, 200, "{answer}");
        let one = &answer["evaluation"][0];
        let first = &one["evaluated"]["policies"][0]["rules"][0];
        assert_eq!(
            first["conditions"].as_array().map(Vec::len),
            Some(1),
            "{first}"
        );
        assert_eq!(first["status"], first["conditions"][0]["status"]);
        (
            text(first, "/conditions/0/status").to_owned(),
            text(one, "/result/policies/0/rules/0/name").to_owned(),
        )
    }
}

#[test]
fn every_type_is_evaluated_unless_some_are_asked_for() {
    let scene = Scene::new();
    let context = json!({ "groups": { "ids": [scene.sales] } });
    let (status, answer) = scene.simulate("", context.clone(), json!([]));
    assert_eq!(status, 200, "{answer}");
    let kinds: Vec<&str> = answer["evaluation"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            assert_eq!(text(one, "/result/policies/0/status"), "MATCH", "{one}");
            assert_eq!(one["evaluated"]["policies"], json!([]), "not asked for");
            assert_eq!(one["undefined"]["policies"], json!([]));
            text(one, "/policyType")
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "OKTA_SIGN_ON",
            "MFA_ENROLL",
            "ACCESS_POLICY",
            "PROFILE_ENROLLMENT"
        ]
    );
    let (_, answer) = scene.simulate("", context.clone(), json!(["MFA_ENROLL"]));
    assert_eq!(answer["evaluation"].as_array().map(Vec::len), Some(1));
    let (status, refused) = scene.simulate("", context, json!(["PASSWORD"]));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000001"));
}

#[test]
fn whoever_is_not_assigned_gets_nowhere() {
    let scene = Scene::new();
    let other = scene.made("/api/v1/groups", json!({ "profile": { "name": "Others" } }));
    let groups = json!({ "groups": { "ids": [other] } });
    let (status, refused) = scene.simulate("", groups, Value::Null);
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000001"));
    let cause = text(&refused, "/errorCauses/0/errorSummary");
    assert!(
        cause.contains("Notes") && cause.contains("Others"),
        "{cause}"
    );
    let both = json!({ "user": { "id": scene.ann }, "groups": { "ids": [scene.sales] } });
    assert_eq!(scene.simulate("", both, Value::Null).0, 400);
    for context in [
        json!({ "user": { "id": "00unobody" } }),
        json!({ "groups": { "ids": ["00gnothing"] } }),
        json!({ "user": { "id": scene.ann }, "zones": { "ids": ["nzonowhere"] } }),
    ] {
        let (status, refused) = scene.simulate("", context, Value::Null);
        assert_eq!((status, text(&refused, "/errorCode")), (404, "E0000007"));
    }
    let body = json!({ "appInstance": "0oanothing" });
    let (status, _) = scene
        .bench
        .call("POST", "/api/v1/policies/simulate", Some(&body));
    assert_eq!(status, 404);
}

#[test]
fn policies_are_tried_in_order_and_the_first_whose_rule_matches_wins() {
    let scene = Scene::new();
    let other = scene.made("/api/v1/groups", json!({ "profile": { "name": "Others" } }));
    let policy = |name: &str, group: &str| {
        let people = json!({ "people": { "groups": { "include": [group] } } });
        let body = json!({ "type": "OKTA_SIGN_ON", "name": name, "conditions": people });
        let id = scene.made("/api/v1/policies", body);
        let rule = json!({ "name": format!("{name} rule"), "type": "SIGN_ON" });
        scene.made(&format!("/api/v1/policies/{id}/rules"), rule);
        id
    };
    policy("For others", &other);
    let sales = policy("For sales", &scene.sales);
    let user = json!({ "user": { "id": scene.ann } });
    let (_, answer) = scene.simulate("?expand=EVALUATED", user, json!(["OKTA_SIGN_ON"]));
    let one = &answer["evaluation"][0];
    assert_eq!(text(one, "/result/policies/0/id"), sales);
    assert_eq!(
        text(one, "/result/policies/0/rules/0/name"),
        "For sales rule"
    );
    assert_eq!(
        one["result"]["policies"][0]["conditions"],
        json!([{ "type": "people.groups.include", "status": "MATCH" }])
    );
    let evaluated = one["evaluated"]["policies"].as_array().expect("a list");
    let statuses: Vec<&str> = evaluated.iter().map(|p| text(p, "/status")).collect();
    assert_eq!(statuses, ["NOT_MATCH", "MATCH"]);
    assert_eq!(
        evaluated[0]["rules"],
        json!([]),
        "its rules are not looked at"
    );
    assert_eq!(
        evaluated[0]["conditions"],
        json!([]),
        "details are not asked for"
    );
    let path = format!("/api/v1/policies/{sales}/lifecycle/deactivate");
    assert_eq!(scene.bench.call("POST", &path, None).0, 204);
    let user = json!({ "user": { "id": scene.ann } });
    let (_, answer) = scene.simulate("", user, json!(["OKTA_SIGN_ON"]));
    let name = text(&answer, "/evaluation/0/result/policies/0/name");
    assert_eq!(name, "Default Policy");
}

#[test]
fn conditions_match_or_not_or_cannot_be_told() {
    let caught = "Catch-all Rule";
    let ann = |scene: &Scene, more: Value| {
        let mut context = json!({ "user": { "id": scene.ann } });
        crate::json::merge(&mut context, &more);
        context
    };
    let scene = Scene::new();
    let zone = scene.made(
        "/api/v1/zones",
        json!({ "type": "IP", "name": "Office", "gateways": [
            { "type": "CIDR", "value": "10.1.0.0/16" }, { "type": "RANGE", "value": "192.0.2.5-192.0.2.9" },
        ] }),
    );
    let cases = [
        (
            json!({ "riskScore": { "level": "HIGH" } }),
            vec![
                (json!({ "risk": { "level": "HIGH" } }), "MATCH"),
                (json!({ "risk": { "level": "LOW" } }), "NOT_MATCH"),
                (json!({}), "UNDEFINED"),
            ],
        ),
        (
            json!({ "network": { "connection": "ZONE", "include": [zone] } }),
            vec![
                (json!({ "ip": "10.1.2.3" }), "MATCH"),
                (json!({ "ip": "192.0.2.9" }), "MATCH"),
                (json!({ "ip": "192.0.2.10" }), "NOT_MATCH"),
                (json!({ "zones": { "ids": [zone] } }), "MATCH"),
                (json!({}), "UNDEFINED"),
            ],
        ),
        (
            json!({ "network": { "connection": "ZONE", "exclude": [zone] } }),
            vec![
                (json!({ "ip": "10.1.2.3" }), "NOT_MATCH"),
                (json!({ "ip": "10.2.2.3" }), "MATCH"),
            ],
        ),
        (
            json!({ "platform": { "include": [{ "type": "MOBILE", "os": { "type": "ANY" } }] } }),
            vec![
                (json!({ "device": { "platform": "IOS" } }), "MATCH"),
                (json!({ "device": { "platform": "OSX" } }), "NOT_MATCH"),
                (json!({ "device": { "managed": true } }), "UNDEFINED"),
            ],
        ),
        (
            json!({ "device": { "registered": true } }),
            vec![
                (json!({ "device": { "registered": true } }), "MATCH"),
                (json!({ "device": { "registered": false } }), "NOT_MATCH"),
            ],
        ),
        (
            json!({ "elCondition": { "condition": "user.profile.department == \"Sales\"" } }),
            vec![
                (json!({}), "MATCH"),
                (
                    json!({ "user": { "profile": { "department": "IT" } } }),
                    "NOT_MATCH",
                ),
            ],
        ),
        (
            json!({ "people": { "users": { "exclude": [scene.ann] } } }),
            vec![(json!({}), "NOT_MATCH")],
        ),
        (
            json!({ "authContext": { "authType": "RADIUS" } }),
            vec![(json!({}), "NOT_MATCH")],
        ),
    ];
    for (at, (conditions, contexts)) in cases.into_iter().enumerate() {
        let name = format!("Rule {at}");
        let scene = match at {
            1 | 2 => &scene,
            _ if conditions.get("people").is_some() => &scene,
            _ => &Scene::new(),
        };
        let id = scene.rule(&name, conditions.clone());
        for (more, expected) in contexts {
            let (status, matched) = scene.access(ann(scene, more.clone()));
            let hit = if expected == "MATCH" { &name } else { caught };
            assert_eq!(
                (status.as_str(), matched.as_str()),
                (expected, hit),
                "{conditions} {more}"
            );
        }
        let (_, policies) = scene
            .bench
            .call("GET", "/api/v1/policies?type=ACCESS_POLICY", None);
        let path = format!("/api/v1/policies/{}/rules/{id}", text(&policies, "/0/id"));
        assert_eq!(scene.bench.call("DELETE", &path, None).0, 204);
    }
}

#[test]
fn what_cannot_be_told_is_listed_apart() {
    let scene = Scene::new();
    scene.rule("Risky", json!({ "riskScore": { "level": "HIGH" } }));
    let context = json!({ "groups": { "ids": [scene.sales] } });
    let (_, answer) = scene.simulate("?expand=RULE", context, json!(["ACCESS_POLICY"]));
    let one = &answer["evaluation"][0];
    assert_eq!(
        one["undefined"]["policies"][0]["rules"][0]["conditions"],
        json!([{ "type": "riskScore.level", "status": "UNDEFINED" }])
    );
    let matched = text(one, "/result/policies/0/rules/0/name");
    assert_eq!(matched, "Catch-all Rule");
}

#[test]
fn a_list_of_simulations_is_answered_as_described() {
    let scene = Scene::new();
    let path = "/api/v1/policies/simulate";
    let groups = json!({ "groups": { "ids": [scene.sales] }, "user": { "id": "" } });
    let body = json!([{ "appInstance": scene.app, "policyContext": groups, "policyTypes": ["ACCESS_POLICY"] }]);
    let (status, answer) = scene.bench.call("POST", path, Some(&body));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer[0]["policyType"], json!(["ACCESS_POLICY"]));
    assert_eq!(answer[0]["status"], "MATCH");
    let user = json!({ "user": { "id": scene.ann } });
    let body = json!([{ "appInstance": scene.app, "policyContext": user }]);
    let (status, refused) = scene.bench.call("POST", path, Some(&body));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000003"));
    for malformed in [json!([7]), json!("x")] {
        let (status, refused) = scene.bench.call("POST", path, Some(&malformed));
        assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000003"));
    }
}
