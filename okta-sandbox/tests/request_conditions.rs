//! Request conditions, sequences and settings, and what they do to the catalog and to requests.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

const ENTRIES: &str = "/governance/api/v2/catalogs/default/entries";
const REQUESTS: &str = "/governance/api/v2/requests";

async fn bookmark(admin: &Admin<'_>, label: &str) -> String {
    let app = json!({ "signOnMode": "BOOKMARK", "name": "bookmark", "label": label,
        "settings": { "app": { "url": "https://wiki.example.com" } } });
    id(&admin.post("/api/v1/apps", app).await.1)
}

/// The id of the sequence with so many approvers, of the ones an org begins with.
async fn sequence(admin: &Admin<'_>, resource: &str, approvers: usize) -> String {
    let path = format!("/governance/api/v2/resources/{resource}/request-sequences");
    let (_, list) = admin.get(&path).await;
    assert!(list["data"][0].get("steps").is_none(), "{list}");
    id(&list["data"][approvers])
}

fn condition(sequence: &str, requesters: &Value) -> Value {
    json!({ "name": "Access", "approvalSequenceId": sequence, "requesterSettings": requesters,
        "accessScopeSettings": { "type": "RESOURCE_DEFAULT" } })
}

fn ask(entry: &str, user: &str) -> Value {
    json!({ "requested": { "type": "CATALOG_ENTRY", "entryId": entry },
        "requestedFor": { "type": "OKTA_USER", "externalId": user } })
}

async fn entries(admin: &Admin<'_>, target: &str) -> Vec<Value> {
    let (_, list) = admin.get(target).await;
    list["data"].as_array().expect("entries").clone()
}

#[tokio::test]
async fn conditions_have_a_life_and_an_order() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let app = bookmark(&admin, "Wiki").await;
    let group = admin.group("Writers").await;
    let sequence = sequence(&admin, &app, 1).await;
    let path = format!("/governance/api/v2/resources/{app}/request-conditions");

    let everyone = json!({ "type": "EVERYONE" });
    let good = condition(&sequence, &everyone);
    for (member, value) in [
        ("name", json!("")),
        (
            "requesterSettings",
            json!({ "type": "TEAMS", "teams": [{ "id": "a" }] }),
        ),
        (
            "requesterSettings",
            json!({ "type": "GROUPS", "groups": [] }),
        ),
        (
            "requesterSettings",
            json!({ "type": "GROUPS", "groups": [{ "id": "00gnone" }] }),
        ),
        (
            "accessScopeSettings",
            json!({ "type": "GROUPS", "groups": [{ "id": group }] }),
        ),
        ("approvalSequenceId", json!("0123456789abcdef01234567")),
        ("priority", json!(-1)),
        (
            "accessDurationSettings",
            json!({ "type": "ADMIN_FIXED_DURATION", "duration": "P13W" }),
        ),
    ] {
        let mut bad = good.clone();
        bad[member] = value;
        let (status, error) = admin.post(&path, bad).await;
        assert_eq!(
            (status.as_u16(), code(&error)),
            (400, "E0000001"),
            "{member}: {error}"
        );
    }
    let (_, error) = admin
        .post(&path, {
            let mut bad = good.clone();
            bad["accessDurationSettings"] =
                json!({ "type": "ADMIN_FIXED_DURATION", "duration": "P13W" });
            bad
        })
        .await;
    assert_eq!(
        error["errorCauses"][0]["errorSummary"],
        "Maximum weeks for access duration is 12 weeks."
    );

    let (status, first) = admin.post(&path, good.clone()).await;
    assert_eq!(
        (status.as_u16(), &first["status"], &first["priority"]),
        (201, &json!("INACTIVE"), &json!(0))
    );
    let mut limited = condition(
        &sequence,
        &json!({ "type": "GROUPS", "groups": [{ "id": group }] }),
    );
    limited["priority"] = json!(0);
    let (_, second) = admin.post(&path, limited).await;
    let own = format!("{path}/{}", id(&second));
    let order = |list: Vec<Value>| list.iter().map(id).collect::<Vec<_>>();
    assert_eq!(
        order(entries(&admin, &path).await),
        [id(&second), id(&first)]
    );

    assert_eq!(
        admin.bare("POST", &format!("{own}/deactivate")).await.0,
        409
    );
    let (_, active) = admin.bare("POST", &format!("{own}/activate")).await;
    assert_eq!(active["status"], "ACTIVE");
    let (status, error) = admin.bare("POST", &format!("{own}/activate")).await;
    assert_eq!((status.as_u16(), code(&error)), (409, "E0000195"));

    let patch = json!({ "priority": 1, "description": "For writers",
        "accessDurationSettings": { "type": "ADMIN_FIXED_DURATION", "duration": "P30D" } });
    let (status, patched) = answer(admin.request("PATCH", &own).json(&patch)).await;
    assert_eq!(
        (status.as_u16(), &patched["status"]),
        (200, &json!("ACTIVE"))
    );
    assert_eq!(
        order(entries(&admin, &path).await),
        [id(&first), id(&second)]
    );

    // Without its group the condition lets nobody in.
    admin
        .bare("DELETE", &format!("/api/v1/groups/{group}"))
        .await;
    let (_, invalid) = admin.get(&own).await;
    assert_eq!(
        (&invalid["status"], &invalid["requesterSettings"]["groups"]),
        (&json!("INVALID"), &json!([]))
    );
    assert_eq!(admin.bare("POST", &format!("{own}/activate")).await.0, 409);
    let rename = json!({ "name": "Other" });
    assert_eq!(
        answer(admin.request("PATCH", &own).json(&rename)).await.0,
        400
    );
    let open = json!({ "requesterSettings": everyone });
    let (_, mended) = answer(admin.request("PATCH", &own).json(&open)).await;
    assert_eq!(mended["status"], "ACTIVE");

    let delete = format!("/governance/api/v2/request-sequences/{sequence}");
    assert_eq!(admin.bare("DELETE", &delete).await.0, 409);
    for condition in [&first, &second] {
        let own = format!("{path}/{}", id(condition));
        assert_eq!(admin.bare("DELETE", &own).await.0, 204);
        assert_eq!(admin.get(&own).await.0, 404);
    }
    assert_eq!(admin.bare("DELETE", &delete).await.0, 204);
    let path = format!("/governance/api/v2/resources/{app}/request-sequences/{sequence}");
    assert_eq!(admin.get(&path).await.0, 404);
    assert_eq!(
        admin.events("access.request.condition.create").await.len(),
        2
    );
    assert_eq!(
        admin.events("access.request.sequence.delete").await.len(),
        1
    );
}

#[tokio::test]
async fn conditions_decide_who_may_ask_and_who_approves() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let boss = id(&admin.user("boss@example.com").await);
    let ada = id(&admin.user("ada@example.com").await);
    let bob = id(&admin.user("bob@example.com").await);
    let profile = json!({ "profile": { "managerId": "boss@example.com" } });
    admin.post(&format!("/api/v1/users/{ada}"), profile).await;
    let (wiki, other) = (
        bookmark(&admin, "Wiki").await,
        bookmark(&admin, "Other").await,
    );
    let group = admin.group("Writers").await;
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{ada}"))
        .await;
    let owners = json!({ "resourceOrns": [format!("orn:okta:idp:org:apps:bookmark:{wiki}")],
        "principalOrns": [format!("orn:okta:directory:org:users:{bob}")] });
    let (status, _) = admin
        .post("/governance/api/v1/resource-owners", owners)
        .await;
    assert_eq!(status, 200);
    // Nobody has made a condition yet: everything is offered.
    assert!(entries(&admin, ENTRIES).await.len() >= 2);

    let requesters = json!({ "type": "GROUPS", "groups": [{ "id": group }] });
    let mut body = condition(&sequence(&admin, &wiki, 2).await, &requesters);
    body["accessDurationSettings"] = json!({ "type": "ADMIN_FIXED_DURATION", "duration": "P30D" });
    let path = format!("/governance/api/v2/resources/{wiki}/request-conditions");
    let (_, made) = admin.post(&path, body).await;
    assert_eq!(entries(&admin, ENTRIES).await, Vec::<Value>::new());
    let own = format!("{path}/{}", id(&made));
    admin.bare("POST", &format!("{own}/activate")).await;
    let offered = entries(&admin, ENTRIES).await;
    assert_eq!((offered.len(), &offered[0]["name"]), (1, &json!("Wiki")));
    let entry = id(&offered[0]);
    let catalog = |user: &str| format!("/governance/api/v2/catalogs/default/user/{user}/entries");
    assert_eq!(entries(&admin, &catalog(&ada)).await.len(), 1);
    assert_eq!(entries(&admin, &catalog(&bob)).await.len(), 0);

    assert_eq!(admin.post(REQUESTS, ask(&entry, &bob)).await.0, 400);
    let other = other.replacen("0oa", "cen", 1);
    assert_eq!(admin.post(REQUESTS, ask(&other, &ada)).await.0, 400);

    // A manager who is away has somebody decide in their place.
    let stand_in = json!({ "delegates": { "appointments": [
        { "delegate": { "externalId": bob, "type": "OKTA_USER" }, "note": "Away" }] } });
    let settings = format!("/governance/api/v1/principal-settings/{boss}");
    let (status, _) = answer(admin.request("PATCH", &settings).json(&stand_in)).await;
    assert_eq!(status, 200);

    let (status, request) = admin.post(REQUESTS, ask(&entry, &ada)).await;
    assert_eq!(
        (status.as_u16(), &request["accessDuration"]),
        (202, &json!("P30D"))
    );
    let link = &request["_links"]["approvalCondition"]["href"];
    assert!(link.as_str().expect("a link").ends_with(&own), "{request}");
    let path = format!("{REQUESTS}/{}", id(&request));
    sandbox.advance_clock(5);
    let task = async |at: usize| {
        let tasks = "/governance/api/v2/tasks";
        let listed = &admin.get(tasks).await.1["data"][at];
        match listed.is_null() {
            true => Value::Null,
            false => admin.get(&format!("{tasks}/{}", id(listed))).await.1,
        }
    };
    let manager = task(0).await;
    assert_eq!(
        (
            &manager["assignees"][0]["externalId"],
            &manager["originalAssigneeId"]
        ),
        (&json!(bob), &json!(boss))
    );
    let resolve = |task: &Value| format!("/governance/api/v2/tasks/{}/resolve", id(task));
    let yes = json!({ "value": "APPROVED" });
    assert_eq!(admin.post(&resolve(&manager), yes.clone()).await.0, 200);
    assert_eq!(admin.get(&path).await.1["status"], "PENDING");
    assert_eq!(admin.events("access.request.resolve").await.len(), 0);
    sandbox.advance_clock(5);
    let owner = task(1).await;
    assert_eq!(owner["assignees"][0]["externalId"], bob);
    assert_eq!(admin.post(&resolve(&owner), yes).await.0, 200);
    let (_, request) = admin.get(&path).await;
    assert_eq!(request["status"], "APPROVED");
    let decisions = &request["requestApproval"]["decisions"];
    assert_eq!(decisions.as_array().map(Vec::len), Some(2));
    let assignment = format!("/api/v1/apps/{wiki}/users/{ada}");
    assert_eq!(admin.get(&assignment).await.0, 200);

    admin.bare("POST", &format!("{own}/deactivate")).await;
    assert_eq!(admin.post(REQUESTS, ask(&entry, &ada)).await.0, 400);
}

#[tokio::test]
async fn groups_of_an_app_are_entries_below_it() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ada = id(&admin.user("ada@example.com").await);
    let app = bookmark(&admin, "Wiki").await;
    let group = admin.group("Writers").await;
    let (status, _) = admin
        .put(&format!("/api/v1/apps/{app}/groups/{group}"), json!({}))
        .await;
    assert_eq!(status, 200);
    let mut body = condition(
        &sequence(&admin, &app, 0).await,
        &json!({ "type": "EVERYONE" }),
    );
    body["accessScopeSettings"] = json!({ "type": "GROUPS", "groups": [{ "id": group }] });
    body["accessDurationSettings"] =
        json!({ "type": "REQUESTER_SPECIFIED_DURATION", "maximumDuration": "P7D" });
    let path = format!("/governance/api/v2/resources/{app}/request-conditions");
    let (_, made) = admin.post(&path, body).await;
    admin
        .bare("POST", &format!("{path}/{}/activate", id(&made)))
        .await;

    let top = entries(&admin, &format!("{ENTRIES}?filter=not%28parent+pr%29")).await;
    assert_eq!((top.len(), &top[0]["requestable"]), (1, &json!(false)));
    let filter = format!("{ENTRIES}?filter=parent+eq+%22{}%22", id(&top[0]));
    let below = entries(&admin, &filter).await;
    assert_eq!((below.len(), &below[0]["name"]), (1, &json!("Writers")));

    let mut body = ask(&id(&below[0]), &ada);
    for (duration, status) in [("P8D", "REJECTED"), ("P2D", "APPROVED")] {
        body["requesterFieldValues"] =
            json!([{ "id": "ACCESS_DURATION", "type": "DURATION", "value": duration }]);
        let (_, request) = admin.post(REQUESTS, body.clone()).await;
        sandbox.advance_clock(10);
        let (_, request) = admin.get(&format!("{REQUESTS}/{}", id(&request))).await;
        assert_eq!(request["status"], status, "{request}");
    }
    // Nobody had to approve, and the group brings its app.
    let (_, members) = admin.get(&format!("/api/v1/groups/{group}/users")).await;
    assert_eq!(members[0]["id"], ada);
    let (_, assignment) = admin.get(&format!("/api/v1/apps/{app}/users/{ada}")).await;
    assert_eq!(assignment["scope"], "GROUP");
}

#[tokio::test]
async fn settings_are_checked_and_kept() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let patch =
        async |path: &str, body: Value| answer(admin.request("PATCH", path).json(&body)).await;
    let app = bookmark(&admin, "Wiki").await;
    let path = format!("/governance/api/v2/resources/{app}/request-settings");
    let (_, settings) = admin.get(&path).await;
    assert_eq!(
        settings["riskSettings"]["defaultSetting"]["requestSubmissionType"],
        "RESTRICTED"
    );
    assert_eq!(
        settings["validAccessScopeSettings"],
        json!([{ "type": "RESOURCE_DEFAULT" }])
    );
    for bad in [
        json!({}),
        json!({ "severity": 1 }),
        json!({ "requestOnBehalfOfSettings": { "allowed": true, "onlyFor": ["PEERS"] } }),
        json!({ "riskSettings": { "defaultSetting": { "requestSubmissionType": "ALLOWED_WITH_OVERRIDES" } } }),
    ] {
        assert_eq!(patch(&path, bad.clone()).await.0, 400, "{bad}");
    }
    let body = json!({ "requestOnBehalfOfSettings": { "allowed": true },
        "riskSettings": { "defaultSetting": { "requestSubmissionType": "ALLOWED_WITH_OVERRIDES",
            "approvalSequenceId": "68920b41386747a673869356", "accessDurationSettings": null } } });
    assert_eq!(patch(&path, body).await.0, 200);
    let (_, kept) = admin.get(&path).await;
    assert_eq!(
        kept["requestOnBehalfOfSettings"],
        json!({ "allowed": true })
    );
    assert_eq!(
        kept["riskSettings"]["defaultSetting"]["error"],
        json!(["INVALID_SEQUENCE"])
    );
    let entry = app.replacen("0oa", "cen", 1);
    let others = format!("/governance/api/v2/my/catalogs/default/entries/{entry}/users");
    admin.user("ada@example.com").await;
    assert_eq!(
        entries(&admin, &others).await[0]["email"],
        "ada@example.com"
    );
    let (_, kept) = patch(&path, json!({ "requestOnBehalfOfSettings": null })).await;
    assert_eq!(entries(&admin, &others).await.len(), 0);
    assert!(kept.get("requestOnBehalfOfSettings").is_none());

    let org = "/governance/api/v2/request-settings";
    let slack = |id: &str| {
        json!({ "integrations": { "settings": [
        { "type": "SLACK", "integrationId": id, "notifications": { "enabled": true } }] } })
    };
    assert_eq!(patch(org, slack("goi1")).await.0, 400);
    let integrations = "/governance/api/v1/settings/integrations";
    let (status, made) = admin.post(integrations, json!({ "type": "SLACK" })).await;
    assert_eq!(
        (status.as_u16(), &made["status"]),
        (201, &json!("IN_PROGRESS"))
    );
    assert_eq!(
        admin.post(integrations, json!({ "type": "SLACK" })).await.0,
        400
    );
    sandbox.advance_clock(5);
    assert_eq!(
        admin.get(integrations).await.1["data"][0]["status"],
        "CONNECTED"
    );
    let certification = "/governance/api/v1/settings/certification";
    for settings in [org, certification] {
        assert_eq!(patch(settings, slack(&id(&made))).await.0, 200);
        let (_, kept) = admin.get(settings).await;
        assert_eq!(
            kept["integrations"]["settings"][0]["integrationId"],
            made["id"]
        );
    }
    admin
        .bare("DELETE", &format!("{integrations}/{}", id(&made)))
        .await;
    let (_, kept) = admin.get(certification).await;
    assert_eq!(kept["integrations"]["settings"], json!([]));
}

#[tokio::test]
async fn people_appoint_delegates() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let ada = id(&admin.user("ada@example.com").await);
    let me = id(&admin.get("/api/v1/users/me").await.1);
    let mine = "/governance/api/v1/my/settings";
    let patch = async |body: &Value| answer(admin.request("PATCH", mine).json(body)).await;
    let settings = admin.request("PATCH", "/governance/api/v1/settings");
    let allow = json!({ "delegates": { "enduser": { "permissions": ["WRITE"] } } });
    assert_eq!(answer(settings.json(&allow)).await.0, 200);
    let appoint = |whom: &str| {
        json!({ "delegates": { "appointments": [
        { "delegate": { "externalId": whom, "type": "OKTA_USER" } }] } })
    };
    assert_eq!(
        admin.get(mine).await.1["delegates"]["appointments"],
        json!([])
    );
    let mut late = appoint(&ada);
    late["delegates"]["appointments"][0]["endTime"] = json!("2020-01-01T00:00:00Z");
    for bad in [appoint(&me), appoint("00unobody"), late] {
        assert_eq!(patch(&bad).await.0, 400, "{bad}");
    }
    assert_eq!(patch(&appoint(&ada)).await.0, 200);
    let (_, settings) = admin.get(mine).await;
    let delegate = &settings["delegates"]["appointments"][0]["delegate"];
    assert_eq!(
        (&delegate["externalId"], &delegate["email"]),
        (&json!(ada), &json!("ada@example.com"))
    );
    let all = "/governance/api/v1/delegates";
    let of = |who: &str| format!("{all}?filter=delegatorId+eq+%22{who}%22");
    assert_eq!(entries(&admin, &of(&me)).await.len(), 1);
    assert_eq!(entries(&admin, &of(&ada)).await.len(), 0);
    patch(&json!({ "delegates": { "appointments": [] } })).await;
    assert_eq!(entries(&admin, all).await.len(), 0);

    let users = "/governance/api/v1/my/settings/delegate/users";
    assert_eq!(admin.get(users).await.0, 400);
    let (_, first) = admin.get(&format!("/api/v1/users/{ada}")).await;
    let name = first["profile"]["firstName"].as_str().expect("a name");
    let found = entries(&admin, &format!("{users}?filter=firstName+sw+%22{name}%22")).await;
    assert!(
        found.iter().any(|user| user["id"] == json!(ada)),
        "{found:?}"
    );
}
