//! Campaigns and access requests, from their creation to their end.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

#[tokio::test]
async fn campaigns_are_launched_and_ended() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = id(&admin.user("ada@example.com").await);
    let group = admin.group("Sales").await;
    admin
        .bare("PUT", &format!("/api/v1/groups/{group}/users/{user}"))
        .await;
    let body = json!({
        "name": "Review", "campaignType": "RESOURCE",
        "scheduleSettings": { "type": "ONE_OFF", "startDate": "2030-01-01T12:00:00Z", "durationInDays": 7, "timeZone": "Etc/UTC" },
        "resourceSettings": { "type": "GROUP", "targetResources": [{ "resourceId": group, "resourceType": "GROUP" }] },
        "reviewerSettings": { "type": "USER", "reviewerId": user },
        "remediationSettings": { "accessApproved": "NO_ACTION", "accessRevoked": "NO_ACTION", "noResponse": "NO_ACTION" },
    });
    let campaigns = "/governance/api/v1/campaigns";
    let created = send(admin.request("POST", campaigns).json(&body)).await;
    assert_eq!(created.status(), 201);
    assert!(
        created.headers()["location"]
            .to_str()
            .expect("text")
            .contains("-admin:")
    );
    let campaign: Value = created.json().await.expect("JSON");
    assert_eq!(
        (
            &campaign["status"],
            &campaign["scheduleSettings"]["endDate"]
        ),
        (&json!("SCHEDULED"), &json!("2030-01-08T12:00:00Z"))
    );
    let path = format!("{campaigns}/{}", id(&campaign));
    let reviews = format!(
        "/governance/api/v1/reviews?filter=campaignId+eq+%22{}%22",
        id(&campaign)
    );
    assert_eq!(admin.get(&reviews).await.1["data"], json!([]));

    assert_eq!(admin.bare("POST", &format!("{path}/end")).await.0, 409);
    assert_eq!(admin.bare("POST", &format!("{path}/launch")).await.0, 202);
    for status in ["LAUNCHING", "ACTIVE", "ACTIVE"] {
        assert_eq!(admin.get(&path).await.1["status"], status);
    }
    let (_, open) = admin.get(&reviews).await;
    assert_eq!(open["data"][0]["principalProfile"]["id"], user);
    let (status, body) = admin.bare("POST", &format!("{path}/launch")).await;
    assert_eq!((status.as_u16(), common::code(&body)), (409, "E0000195"));
    assert_eq!(admin.bare("DELETE", &path).await.0, 409);
    assert_eq!(admin.bare("POST", &format!("{path}/end")).await.0, 202);
    assert_eq!(admin.get(&path).await.1["status"], "COMPLETED");

    for _ in 0..2 {
        admin.post(campaigns, json!({
            "name": "More", "scheduleSettings": campaign["scheduleSettings"], "resourceSettings": campaign["resourceSettings"],
            "reviewerSettings": campaign["reviewerSettings"], "remediationSettings": campaign["remediationSettings"],
        })).await;
    }
    let (_, page) = admin.get(&format!("{campaigns}?limit=2")).await;
    assert_eq!(page["data"].as_array().map(Vec::len), Some(2));
    let (_, last) = admin
        .get(
            page["_links"]["next"]["href"]
                .as_str()
                .expect("a next link"),
        )
        .await;
    assert_eq!(last["data"].as_array().map(Vec::len), Some(1));
    assert!(last["_links"].get("next").is_none());
    assert_eq!(admin.get(&format!("{campaigns}?limit=500")).await.0, 400);
    assert_eq!(admin.events("certification.campaign.launch").await.len(), 1);
}

#[tokio::test]
async fn requests_are_accepted_and_pend() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = id(&admin.user("ada@example.com").await);
    let requests = "/governance/api/v2/requests";
    let body = json!({
        "requested": { "type": "CATALOG_ENTRY", "entryId": "cen1" },
        "requestedFor": { "type": "OKTA_USER", "externalId": user },
    });
    let (status, request) = admin.post(requests, body).await;
    assert_eq!(
        (status.as_u16(), &request["status"]),
        (202, &json!("SUBMITTED"))
    );
    let path = format!("{requests}/{}", id(&request));
    for status in ["SUBMITTED", "PENDING", "PENDING"] {
        assert_eq!(admin.get(&path).await.1["status"], status);
    }
    assert_eq!(
        admin.get(requests).await.1["data"].as_array().map(Vec::len),
        Some(1)
    );

    let types = "/governance/api/v1/request-types";
    let (_, kind) = admin.post(types, json!({ "name": "Laptop" })).await;
    let ask =
        || json!({ "requestTypeId": id(&kind), "subject": "Please", "requesterUserIds": [user] });
    assert_eq!(
        admin.post("/governance/api/v1/requests", ask()).await.0,
        400,
        "a draft takes no requests"
    );
    assert_eq!(
        admin
            .bare("POST", &format!("{types}/{}/publish", id(&kind)))
            .await
            .1["status"],
        "ACTIVE"
    );
    let (status, request) = admin.post("/governance/api/v1/requests", ask()).await;
    assert_eq!(
        (status.as_u16(), &request["requestStatus"]),
        (201, &json!("OPEN"))
    );
    let path = format!("/governance/api/v1/requests/{}", id(&request));
    sandbox
        .decide(&id(&request), "APPROVED")
        .expect("is pending");
    let (_, request) = admin.get(&path).await;
    assert_eq!(
        (
            &request["requestStatus"],
            &request["approvals"][0]["decision"]
        ),
        (&json!("RESOLVED"), &json!("APPROVED"))
    );
    assert!(sandbox.decide(&id(&request), "DENIED").is_err());
}

/// From the catalog to the app: fields, the task, the decision, the grant.
#[tokio::test]
async fn requests_are_decided_and_granted() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = id(&admin.user("ada@example.com").await);
    let app = json!({ "signOnMode": "BOOKMARK", "name": "bookmark", "label": "Wiki",
        "settings": { "app": { "url": "https://wiki.example.com" } } });
    let app = id(&admin.post("/api/v1/apps", app).await.1);
    let field =
        json!({ "id": "badge", "type": "SELECT", "choices": ["RED", "BLUE"], "required": true });
    sandbox
        .request_fields(&json!({ &app: [field] }))
        .expect("an app");

    let entries = "/governance/api/v2/catalogs/default/entries";
    let (_, list) = admin.get(entries).await;
    let entry = list["data"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|entry| entry["name"] == "Wiki")
        .map(id)
        .expect("an entry");
    let fields = format!("{entries}/{entry}/users/{user}/request-fields");
    assert_eq!(admin.get(&fields).await.1["data"][0]["id"], "badge");

    let requests = "/governance/api/v2/requests";
    let ask = |colour: &str| {
        json!({
            "requested": { "type": "CATALOG_ENTRY", "entryId": entry },
            "requestedFor": { "type": "OKTA_USER", "externalId": user },
            "requesterFieldValues": [{ "id": "badge", "type": "SELECT", "value": colour }],
        })
    };
    // What the fields do not take is refused after it was accepted.
    let (status, wrong) = admin.post(requests, ask("GREEN")).await;
    assert_eq!(status, 202);
    sandbox.advance_clock(2);
    let (_, wrong) = admin.get(&format!("{requests}/{}", id(&wrong))).await;
    assert_eq!(wrong["status"], "REJECTED");

    let (_, request) = admin.post(requests, ask("BLUE")).await;
    let path = format!("{requests}/{}", id(&request));
    sandbox.advance_clock(2);
    assert_eq!(admin.get(&path).await.1["status"], "PENDING");
    let (_, tasks) = admin.get("/governance/api/v2/tasks").await;
    let task = &tasks["data"][0];
    assert_eq!(
        (&task["status"], &task["requestId"]),
        (&json!("OPEN"), &request["id"])
    );
    let resolve = format!("/governance/api/v2/tasks/{}/resolve", id(task));
    let (status, _) = admin.post(&resolve, json!({ "value": "MAYBE" })).await;
    assert_eq!(status, 400);
    let (status, task) = admin.post(&resolve, json!({ "value": "APPROVED" })).await;
    assert_eq!(
        (status.as_u16(), &task["status"]),
        (200, &json!("COMPLETED"))
    );
    for grant in ["PENDING", "GRANTED"] {
        let (_, request) = admin.get(&path).await;
        assert_eq!(
            (&request["status"], &request["grantStatus"]),
            (&json!("APPROVED"), &json!(grant))
        );
    }
    let assignment = format!("/api/v1/apps/{app}/users/{user}");
    assert_eq!(admin.get(&assignment).await.0, 200);
}

#[tokio::test]
async fn resources_have_owners() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let org = sandbox.org_id();
    let (user, group) = (
        id(&admin.user("owner@example.com").await),
        admin.group("Owned").await,
    );
    let resource = format!("orn:okta:directory:{org}:groups:{group}");
    let owner = format!("orn:okta:directory:{org}:users:{user}");
    let owners = "/governance/api/v1/resource-owners";
    let body = json!({ "resourceOrns": [resource], "principalOrns": [owner] });
    let (status, set) = admin.post(owners, body).await;
    assert_eq!(
        (status.as_u16(), &set["data"][0]["principals"][0]["id"]),
        (200, &json!(user)),
        "{set}"
    );
    let found = format!("{owners}?filter=parentResourceOrn%20eq%20%22{resource}%22");
    let (_, listed) = admin.get(&found).await;
    assert_eq!(
        listed["data"][0]["resource"]["profile"]["name"], "Owned",
        "{listed}"
    );
    let body = json!({ "resourceOrn": resource, "data": [{ "op": "REMOVE", "path": "/principalOrn", "value": owner }] });
    let removed = admin.request("PATCH", owners).json(&body);
    assert_eq!(answer(removed).await.0, 204);
    assert_eq!(admin.get(&found).await.1["data"], json!([]));
    assert_eq!(admin.events("resource.owner.update").await.len(), 2);
}

#[tokio::test]
async fn a_revocation_that_takes_access_away_tells_of_both() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let user = id(&admin.user("ada@example.com").await);
    let group = admin.group("Sales").await;
    let member = format!("/api/v1/groups/{group}/users/{user}");
    admin.bare("PUT", &member).await;
    let body = json!({
        "name": "Review", "campaignType": "RESOURCE",
        "scheduleSettings": { "type": "ONE_OFF", "startDate": "2030-01-01T12:00:00Z", "durationInDays": 7, "timeZone": "Etc/UTC" },
        "resourceSettings": { "type": "GROUP", "targetResources": [{ "resourceId": group, "resourceType": "GROUP" }] },
        "reviewerSettings": { "type": "USER", "reviewerId": user },
        "remediationSettings": { "accessApproved": "NO_ACTION", "accessRevoked": "DENY", "noResponse": "NO_ACTION" },
    });
    let (_, campaign) = admin.post("/governance/api/v1/campaigns", body).await;
    let path = format!("/governance/api/v1/campaigns/{}", id(&campaign));
    admin.bare("POST", &format!("{path}/launch")).await;
    for _ in 0..2 {
        admin.get(&path).await;
    }
    let (_, open) = admin.get("/governance/api/v1/reviews").await;
    let review = id(&open["data"][0]);
    sandbox.decide(&review, "REVOKE").expect("decided");
    for event in [
        "certification.campaign.item.decide",
        "certification.campaign.item.remediate",
    ] {
        assert_eq!(admin.events(event).await.len(), 1, "{event}");
    }
    let (_, members) = admin.get(&format!("/api/v1/groups/{group}/users")).await;
    assert_eq!(members, json!([]));
}
