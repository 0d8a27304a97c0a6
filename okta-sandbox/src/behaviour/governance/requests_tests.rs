//! Whose requests and tasks are whose, and what a request cannot say of itself.

use serde_json::{Value, json};

use crate::bench::{Bench, ok};
use crate::durable::Durable as _;
use crate::json::text;

const TASKS: &str = "/governance/api/v2/tasks";
const MY_TASKS: &str = "/governance/api/v2/my/tasks";
const ENTRIES: &str = "/governance/api/v2/my/catalogs/default/entries";

fn person(bench: &Bench, login: &str) -> String {
    let body = json!({ "profile": { "login": login, "email": login, "firstName": "A", "lastName": "B" },
        "credentials": { "password": { "value": "Correct-horse-1" } } });
    text(
        &ok(bench.call("POST", "/api/v1/users?activate=true", Some(&body))),
        "/id",
    )
    .to_owned()
}

/// An entry of the catalog.
fn entry(bench: &Bench) -> String {
    let body = json!({ "name": "bookmark", "label": "Ledger", "signOnMode": "BOOKMARK",
        "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } });
    let app = ok(bench.call("POST", "/api/v1/apps", Some(&body)));
    text(&app, "/id").replacen("0oa", "cen", 1)
}

fn ids(listed: &Value) -> Vec<&str> {
    let listed = listed["data"].as_array().expect("a list").iter();
    listed.map(|one| text(one, "/id")).collect()
}

#[test]
fn my_tasks_and_requests_are_mine() {
    let bench = Bench::new();
    let (entry, other) = (entry(&bench), person(&bench, "other@a.example"));
    let asked = ok(bench.call(
        "POST",
        &format!("{ENTRIES}/{entry}/requests"),
        Some(&json!({})),
    ));
    let own = format!("{ENTRIES}/{entry}/requests/{}", text(&asked, "/id"));
    assert_eq!(bench.call("GET", &own, None).0, 200);
    let tasks = ok(bench.call("GET", TASKS, None));
    let task = ids(&tasks)[0];
    assert_eq!(ids(&ok(bench.call("GET", MY_TASKS, None))), [task]);
    let mine = format!("{MY_TASKS}/{task}");
    assert_eq!(bench.call("GET", &mine, None).0, 200);

    let nobody = json!({ "assignees": [] });
    let patch = format!("{TASKS}/{task}");
    assert_eq!(bench.call("PATCH", &patch, Some(&nobody)).0, 400);
    // Somebody else's from here on.
    let assignees = json!({ "assignees": [{ "externalId": other, "type": "OKTA_USER" }] });
    ok(bench.call("PATCH", &format!("{TASKS}/{task}"), Some(&assignees)));
    assert_eq!(ids(&ok(bench.call("GET", MY_TASKS, None))), [""; 0]);
    assert_eq!(bench.call("GET", &mine, None).0, 404);
    let approve = json!({ "value": "APPROVED" });
    let resolve = |at: &str| {
        bench
            .call("POST", &format!("{at}/{task}/resolve"), Some(&approve))
            .0
    };
    assert_eq!(resolve(MY_TASKS), 404);
    assert_eq!(resolve(TASKS), 200, "an admin may");

    let me = bench.shared.org().admin.clone();
    let shelf = super::requests::SHELF;
    if let Some(request) = bench.shared.org().shelf(shelf).get_mut(text(&asked, "/id")) {
        assert_eq!(text(request, "/requestedBy/externalId"), me);
        for who in ["requestedBy", "requestedFor"] {
            request[who]["externalId"] = json!(other);
        }
    }
    assert_eq!(bench.call("GET", &own, None).0, 404);
}

#[test]
fn a_body_does_not_say_what_the_service_says() {
    let bench = Bench::new();
    let types = "/governance/api/v1/request-types";
    let body = json!({ "name": "T", "id": "mine", "createdBy": "me", "~toCome": ["x", 7] });
    let kind = ok(bench.call("POST", types, Some(&body)));
    assert!(text(&kind, "/id") != "mine" && text(&kind, "/createdBy") != "me");
    assert_eq!(bench.call("GET", types, None).0, 200);
    let own = format!("{types}/{}", text(&kind, "/id"));
    assert_eq!(bench.call("POST", &format!("{own}/publish"), None).0, 200);
    let body = json!({ "requestTypeId": kind["id"], "subject": "s", "requestStatus": "RESOLVED",
        "approvals": [], "~toCome": ["x"] });
    let request = ok(bench.call("POST", super::requests_v1::SHELF, Some(&body)));
    assert_eq!(text(&request, "/requestStatus"), "OPEN", "{request}");
    let listed = ok(bench.call("GET", super::requests_v1::SHELF, None));
    assert_eq!(ids(&listed), [text(&request, "/id")]);
}

#[test]
fn looking_changes_nothing() {
    let bench = Bench::new();
    let entry = entry(&bench);
    let path = format!("{ENTRIES}/{entry}/requests");
    let asked = ok(bench.call("POST", &path, Some(&json!({}))));
    let shelf = super::requests::SHELF;
    let own = format!("{shelf}/{}", text(&asked, "/id"));
    // Until nothing is to come any more.
    for _ in 0..4 {
        bench.call("GET", &own, None);
    }
    bench.shared.org().shelf(shelf).take_changes();
    bench.call("GET", &own, None);
    bench.call("GET", shelf, None);
    let changed = bench.shared.org().shelf(shelf).take_changes();
    assert_eq!(changed.len(), 0);
}

#[test]
fn decisions_and_messages_are_told_as_published() {
    let bench = Bench::new();
    let entry = entry(&bench);
    let path = format!("{ENTRIES}/{entry}/requests");
    let asked = ok(bench.call("POST", &path, Some(&json!({}))));
    let own = format!("{}/{}", super::requests::SHELF, text(&asked, "/id"));
    let say = |body: Value| {
        bench
            .call("POST", &format!("{own}/messages"), Some(&body))
            .0
    };
    assert_eq!(say(json!({ "message": "Why?" })), 201);
    assert_eq!(say(json!({})), 400);
    let tasks = ok(bench.call("GET", MY_TASKS, None));
    let task = format!("{MY_TASKS}/{}/resolve", ids(&tasks)[0]);
    ok(bench.call("POST", &task, Some(&json!({ "value": "DENIED" }))));
    let request = ok(bench.call("GET", &own, None));
    let approval = &request["requestApproval"];
    assert_eq!(
        (
            text(approval, "/status"),
            text(approval, "/decisions/0/decision")
        ),
        ("DENIED", "DENY")
    );
}

#[test]
fn a_denied_request_stays_denied_and_types_keep_their_steps() {
    let bench = Bench::new();
    let types = "/governance/api/v1/request-types";
    let approval = json!({ "approverType": "MANAGER", "approverFields": [] });
    let body = json!({ "name": "T", "approvalSettings": { "type": "SERIAL",
        "approvals": [approval, approval] } });
    let kind = ok(bench.call("POST", types, Some(&body)));
    let turn = |verb: &str| {
        let own = format!("{types}/{}/{verb}", text(&kind, "/id"));
        bench.call("POST", &own, None).0
    };
    let steps = [
        "un-publish",
        "publish",
        "publish",
        "un-publish",
        "un-publish",
        "publish",
    ];
    assert_eq!(steps.map(turn), [409, 200, 409, 200, 409, 200]);
    let body = json!({ "requestTypeId": kind["id"], "subject": "s" });
    let request = ok(bench.call("POST", super::requests_v1::SHELF, Some(&body)));
    let decide = |decision: &str| {
        let body = json!({ "id": request["id"], "decision": decision });
        super::decide(&mut bench.shared.org(), &body).is_ok()
    };
    assert!(decide("DENIED"));
    assert!(!decide("APPROVED"), "it is resolved");
}
