//! Security access reviews: made for a person, decided by reviewers, closed.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

const REVIEWS: &str = "/governance/api/v2/security-access-reviews";
const MINE: &str = "/governance/api/v2/my/security-access-reviews";

/// A person with one app of their own and one through a group.
struct Scene {
    ada: String,
    own: String,
    shared: String,
    group: String,
}

async fn scene(admin: &Admin<'_>) -> Scene {
    let ada = id(&admin.user("ada@example.com").await);
    let group = admin.group("Writers").await;
    let mut apps = Vec::new();
    for label in ["Own", "Shared"] {
        let app = json!({ "signOnMode": "BOOKMARK", "name": "bookmark", "label": label,
            "settings": { "app": { "url": "https://wiki.example.com" } } });
        apps.push(id(&admin.post("/api/v1/apps", app).await.1));
    }
    let (shared, own) = (apps.remove(1), apps.remove(0));
    let users = format!("/api/v1/apps/{own}/users");
    let (status, _) = admin
        .post(&users, json!({ "id": ada, "scope": "USER" }))
        .await;
    assert_eq!(status, 200);
    admin
        .put(&format!("/api/v1/apps/{shared}/groups/{group}"), json!({}))
        .await;
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{ada}"))
        .await;
    Scene {
        ada,
        own,
        shared,
        group,
    }
}

fn body(person: &str, reviewer: &str) -> Value {
    json!({ "principalId": person, "name": "Look at Ada", "reviewerSettings":
        { "type": "USER", "userSettings": { "includedUserIds": [reviewer] } } })
}

async fn data(admin: &Admin<'_>, path: &str) -> Vec<Value> {
    let (status, list) = admin.get(path).await;
    assert_eq!(status, 200, "{path}: {list}");
    list["data"].as_array().expect("a list").clone()
}

fn named<'v>(items: &'v [Value], name: &str) -> &'v Value {
    let found = items.iter().find(|item| item["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {items:?}"))
}

#[tokio::test]
async fn reviewers_take_access_away_and_give_it_back() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let scene = scene(&admin).await;
    let me = id(&admin.get("/api/v1/users/me").await.1);
    let (status, made) = admin.post(REVIEWS, body(&scene.ada, &me)).await;
    assert_eq!(
        (status.as_u16(), &made["status"]),
        (202, &json!("PENDING")),
        "{made}"
    );
    assert!(made.get("~accesses").is_none());
    let profiles = &made["reviewerSettings"]["userSettings"]["includedUserProfiles"];
    assert_eq!(profiles[0]["login"], "admin@sandbox.example.com");
    let review = format!("{MINE}/{}", id(&made));
    sandbox.advance_clock(5);

    let accesses = format!("{review}/accesses");
    let items = data(&admin, &accesses).await;
    assert_eq!(items.len(), 2);
    let own = named(&items, "Own");
    let logo = own["appInfo"]["logoUrl"].as_str().expect("a logo");
    assert!(logo.starts_with("http"), "{logo}");
    assert_eq!(
        (&own["appInfo"]["assignmentType"], &own["supportedActions"]),
        (&json!("INDIVIDUAL"), &json!(["REVOKE_ACCESS"]))
    );
    let shared = named(&items, "Shared");
    assert_eq!(
        (
            &shared["appInfo"]["assignmentType"],
            &shared["subAccessTypes"]
        ),
        (&json!("GROUP"), &json!(["GROUP"]))
    );
    let filtered = format!("{accesses}?filter=name+eq+%22Own%22");
    assert_eq!(data(&admin, &filtered).await.len(), 1);
    let ordered = data(&admin, &format!("{accesses}?orderBy=name+desc")).await;
    assert_eq!(ordered[0]["name"], "Shared");
    let subs = format!("{accesses}/{}/sub-accesses", id(shared));
    let groups = data(&admin, &subs).await;
    assert_eq!(groups[0]["resourceId"], scene.group);
    let anomalies = data(&admin, &format!("{accesses}/{}/anomalies", id(own))).await;
    assert_eq!(anomalies[0]["type"], "ASSIGNMENT_METHOD");

    let act = async |item: &str, action: &str| {
        let path = format!("{accesses}/{item}/actions");
        let request = admin
            .request("POST", &path)
            .json(&json!({ "type": action }));
        send(request).await.status().as_u16()
    };
    let assignment = |app: &str| format!("/api/v1/apps/{app}/users/{}", scene.ada);
    assert_eq!(act(&id(own), "RESTORE_ACCESS").await, 400);
    assert_eq!(act("aim1", "REVOKE_ACCESS").await, 404);
    assert_eq!(act(&id(own), "REVOKE_ACCESS").await, 202);
    assert_eq!(admin.get(&assignment(&scene.own)).await.0, 404);
    assert_eq!(act(&id(own), "REVOKE_ACCESS").await, 400);
    // The group goes, and the app with it.
    assert_eq!(act(&id(&groups[0]), "REVOKE_ACCESS").await, 202);
    assert_eq!(admin.get(&assignment(&scene.shared)).await.0, 404);
    let items = data(&admin, &accesses).await;
    assert_eq!(named(&items, "Own")["remediationStatus"], "REMEDIATED");

    let actions = format!("{review}/actions");
    let kinds = data(&admin, &actions).await;
    assert_eq!(kinds[1]["actionType"], "RESTORE_ALL_ACCESS");
    let restore = json!({ "actionType": "RESTORE_ALL_ACCESS" });
    let request = admin.request("POST", &actions).json(&restore);
    assert_eq!(send(request).await.status(), 202);
    for app in [&scene.own, &scene.shared] {
        assert_eq!(admin.get(&assignment(app)).await.0, 200);
    }
    let request = admin.request("POST", &actions).json(&restore);
    assert_eq!(
        send(request).await.status(),
        400,
        "there is nothing left to restore"
    );

    let comment = format!("{review}/comment");
    assert_eq!(admin.post(&comment, json!({ "comment": "" })).await.0, 400);
    let request = admin
        .request("POST", &comment)
        .json(&json!({ "comment": "Fine" }));
    assert_eq!(send(request).await.status(), 204);
    let request = admin
        .request("POST", &actions)
        .json(&json!({ "actionType": "CLOSE_REVIEW" }));
    assert_eq!(send(request).await.status(), 202);
    assert_eq!(admin.get(&review).await.1["status"], "CLOSED");
    assert_eq!(act(&id(own), "REVOKE_ACCESS").await, 400);
    let lines = data(&admin, &format!("{review}/history")).await;
    let messages: Vec<&Value> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages[0], "created Look at Ada");
    assert_eq!(messages[4], "Fine", "{messages:?}");
    assert_eq!(lines.len(), 6);
    assert_eq!(admin.events("access.review.close").await.len(), 1);
    assert_eq!(admin.events("access.review.remediate").await.len(), 2);
}

#[tokio::test]
async fn reviews_belong_to_their_reviewers_and_end() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let scene = scene(&admin).await;
    let bob = id(&admin.user("bob@example.com").await);
    for (member, value) in [
        ("name", json!("")),
        (
            "reviewerSettings",
            json!({ "type": "USER", "userSettings": { "includedUserIds": [] } }),
        ),
        (
            "reviewerSettings",
            body("", "00unobody")["reviewerSettings"].clone(),
        ),
        ("endTime", json!("2020-01-01T00:00:00Z")),
    ] {
        let mut bad = body(&scene.ada, &bob);
        bad[member] = value;
        assert_eq!(admin.post(REVIEWS, bad).await.0, 400, "{member}");
    }
    assert_eq!(admin.post(REVIEWS, body("00unobody", &bob)).await.0, 404);
    let (_, made) = admin.post(REVIEWS, body(&scene.ada, &bob)).await;
    let review = format!("{REVIEWS}/{}", id(&made));
    let patch = async |body: &Value| answer(admin.request("PATCH", &review).json(body)).await;
    sandbox.advance_clock(5);
    assert_eq!(admin.get(&review).await.1["status"], "ACTIVE");
    // The admin is no reviewer.
    assert_eq!(admin.get(&format!("{MINE}/{}", id(&made))).await.0, 404);
    assert_eq!(data(&admin, MINE).await.len(), 0);
    assert_eq!(data(&admin, REVIEWS).await.len(), 1);
    let (_, principal) = admin.get(&format!("{review}/principal")).await;
    assert_eq!(principal["email"], "ada@example.com");

    let me = id(&admin.get("/api/v1/users/me").await.1);
    let reviewers = &body(&scene.ada, &me)["reviewerSettings"];
    let (status, _) = patch(&json!({ "reviewerSettings": reviewers })).await;
    assert_eq!(status, 200);
    assert_eq!(data(&admin, MINE).await.len(), 1);
    let stats = async || admin.get(&format!("{MINE}/stats")).await.1;
    assert_eq!(stats().await["activeCount"], 1);
    sandbox.advance_clock(8 * 24 * 3600);
    let stats = stats().await;
    assert_eq!(
        (&stats["activeCount"], &stats["closedCount"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(patch(&json!({})).await.0, 400);
}

#[tokio::test]
async fn what_a_rule_gives_is_taken_away_by_hand() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let scene = scene(&admin).await;
    let rule = json!({ "type": "group_rule", "name": "Everybody",
        "conditions": { "expression": { "type": "urn:okta:expression:1.0", "value": "user.login != \"x\"" } },
        "actions": { "assignUserToGroups": { "groupIds": [scene.group] } } });
    let (status, rule) = admin.post("/api/v1/groups/rules", rule).await;
    assert_eq!(status, 200, "{rule}");
    let activate = format!("/api/v1/groups/rules/{}/lifecycle/activate", id(&rule));
    admin.bare("POST", &activate).await;
    let me = id(&admin.get("/api/v1/users/me").await.1);
    let (_, made) = admin.post(REVIEWS, body(&scene.ada, &me)).await;
    sandbox.advance_clock(5);
    let accesses = format!("{REVIEWS}/{}/accesses", id(&made));
    let items = data(&admin, &accesses).await;
    let shared = named(&items, "Shared");
    assert_eq!(shared["manualRemediationTypes"], json!(["GROUP_RULE"]));
    let path = format!("{accesses}/{}/actions", id(shared));
    for (action, status) in [("REVOKE_ACCESS", 400), ("FLAG_FOR_MANUAL_REMEDIATION", 202)] {
        let request = admin
            .request("POST", &path)
            .json(&json!({ "type": action }));
        assert_eq!(send(request).await.status(), status, "{action}");
    }
    let items = data(&admin, &accesses).await;
    let status = &named(&items, "Shared")["remediationStatus"];
    assert_eq!(status, "PENDING_MANUAL_REMEDIATION");
}
