//! Names, places and statuses of policies and their rules.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

const POLICIES: &str = "/api/v1/policies";

fn made(bench: &Bench, path: &str, body: &Value) -> Value {
    let (status, made) = bench.call("POST", path, Some(body));
    assert_eq!(status, 200, "{made}");
    made
}

fn policy(name: &str, priority: i64) -> Value {
    json!({ "type": "PASSWORD", "name": name, "priority": priority })
}

fn priorities(bench: &Bench) -> Vec<(String, i64)> {
    let (_, all) = bench.call("GET", &format!("{POLICIES}?type=PASSWORD"), None);
    let all = all.as_array().expect("a list").iter();
    all.map(|one| {
        (
            text(one, "/name").to_owned(),
            one["priority"].as_i64().unwrap_or(0),
        )
    })
    .collect()
}

#[test]
fn odd_priorities_lead_to_the_ends() {
    let bench = Bench::new();
    made(&bench, POLICIES, &policy("First", i64::MAX));
    let second = made(&bench, POLICIES, &policy("Second", i64::MIN));
    let places = priorities(&bench);
    let places: Vec<(&str, i64)> = places.iter().map(|(n, p)| (n.as_str(), *p)).collect();
    assert_eq!(places, [("Second", 1), ("First", 2), ("Default Policy", 3)]);
    let rules = format!("{POLICIES}/{}/rules", text(&second, "/id"));
    for (name, priority) in [("One", i64::MIN), ("Two", i64::MAX)] {
        let rule = json!({ "type": "PASSWORD", "name": name, "priority": priority });
        made(&bench, &rules, &rule);
    }
    let (_, all) = bench.call("GET", &rules, None);
    assert_eq!(
        (&all[0]["name"], &all[1]["name"]),
        (&json!("One"), &json!("Two"))
    );
}

#[test]
fn names_and_places_stay_different() {
    let bench = Bench::new();
    let first = made(&bench, POLICIES, &policy("First", 1));
    let second = made(&bench, POLICIES, &policy("Second", 2));
    let own = |one: &Value| format!("{POLICIES}/{}", text(one, "/id"));
    let (status, refused) = bench.call("PUT", &own(&second), Some(&policy("First", 2)));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000001"));
    assert_eq!(
        bench.call("PUT", &own(&first), Some(&policy("First", 1))).0,
        200
    );
    for _ in 0..2 {
        made(&bench, &format!("{}/clone", own(&first)), &json!({}));
    }
    let places = priorities(&bench);
    let places: Vec<(&str, i64)> = places.iter().map(|(n, p)| (n.as_str(), *p)).collect();
    let expected = [
        ("First", 1),
        ("Second", 2),
        ("[cloned] First", 3),
        ("[cloned] [cloned] First", 4),
        ("Default Policy", 5),
    ];
    assert_eq!(places, expected);
    bench.shared.org().clock.advance(60);
    let step = format!("{}/lifecycle/deactivate", own(&first));
    assert_eq!(bench.call("POST", &step, None).0, 204);
    let (_, now) = bench.call("GET", &own(&first), None);
    assert_ne!(now["lastUpdated"], first["lastUpdated"]);
}

#[test]
fn rules_have_their_own_names_and_known_statuses() {
    let bench = Bench::new();
    let (_, all) = bench.call("GET", &format!("{POLICIES}?type=PASSWORD"), None);
    let rules = format!("{POLICIES}/{}/rules", text(&all, "/0/id"));
    let rule =
        |name: &str, status: &str| json!({ "type": "PASSWORD", "name": name, "status": status });
    let (_, built_in) = bench.call("GET", &rules, None);
    let system = built_in[0].clone();
    let own = |one: &Value| format!("{rules}/{}", text(one, "/id"));
    let off = rule(text(&system, "/name"), "INACTIVE");
    let (status, kept) = bench.call("PUT", &own(&system), Some(&off));
    assert_eq!((status, &kept["status"]), (200, &json!("ACTIVE")));
    let one = made(&bench, &rules, &rule("One", "ACTIVE"));
    let two = made(&bench, &rules, &rule("Two", "INACTIVE"));
    assert_eq!(two["status"], "INACTIVE");
    let (status, refused) = bench.call("PUT", &own(&two), Some(&rule("One", "ACTIVE")));
    assert_eq!((status, text(&refused, "/errorCode")), (400, "E0000001"));
    let (status, changed) = bench.call("PUT", &own(&one), Some(&rule("One", "INACTIVE")));
    assert_eq!((status, &changed["status"]), (200, &json!("INACTIVE")));
}
