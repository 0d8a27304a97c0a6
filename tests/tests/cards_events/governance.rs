//! Access requests and reviews that people decide.

use serde_json::json;

use super::org::Org;

/// A request that its approver decides by its task, as the API has it.
pub(crate) async fn requests(org: &Org) {
    let user = org.user("flo", true).await;
    let entries = org
        .read("/governance/api/v2/catalogs/default/entries?filter=not(parent%20pr)")
        .await;
    let entry = entries["data"][0]["id"].as_str().expect("an entry");
    let body = json!({
        "requested": {"type": "CATALOG_ENTRY", "entryId": entry},
        "requestedFor": {"type": "OKTA_USER", "externalId": user},
    });
    let request = org
        .send("POST /governance/api/v2/requests", &body.to_string())
        .await;
    let mut task = None;
    for _ in 0..3 {
        // A task is assigned before it is open.
        let tasks = org.read("/governance/api/v2/tasks").await;
        let tasks = tasks["data"].as_array().expect("tasks");
        let of_request = tasks.iter().find(|task| task["requestId"] == *request);
        let of_request = of_request.expect("the task of the request");
        task = of_request["id"].as_str().map(str::to_owned);
        org.sandbox.advance_clock(5);
    }
    let task = task.expect("an id");
    org.send(
        &format!("POST /governance/api/v2/tasks/{task}/resolve"),
        r#"{"value":"APPROVED"}"#,
    )
    .await;
}

/// A campaign whose first review is decided on its page.
pub(crate) async fn reviews(org: &Org) {
    let user = org.user("gus", true).await;
    let app = org
        .send("POST /api/v1/apps", r#"{"name":"bookmark","label":"Reviewed","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://example.com"}}}"#)
        .await;
    let assigned = json!({"id": user, "scope": "USER"});
    org.send(
        &format!("POST /api/v1/apps/{app}/users"),
        &assigned.to_string(),
    )
    .await;
    let campaign = json!({
        "name": "Of the event", "campaignType": "RESOURCE",
        "scheduleSettings": {"type": "ONE_OFF", "startDate": "2030-01-01T00:00:00.000Z", "durationInDays": 14, "timeZone": "UTC"},
        "resourceSettings": {"type": "APPLICATION", "targetResources": [{"resourceId": app, "resourceType": "APPLICATION"}]},
        "reviewerSettings": {"type": "USER", "reviewerId": user},
        "remediationSettings": {"accessApproved": "NO_ACTION", "accessRevoked": "NO_ACTION", "noResponse": "NO_ACTION"},
    });
    let campaign = org
        .send("POST /governance/api/v1/campaigns", &campaign.to_string())
        .await;
    org.send(
        &format!("POST /governance/api/v1/campaigns/{campaign}/launch"),
        "",
    )
    .await;
    let reviews = org
        .read(&format!(
            "/governance/api/v1/reviews?filter=campaignId%20eq%20%22{campaign}%22"
        ))
        .await;
    let review = reviews["data"][0]["id"].as_str().expect("a review");
    org.sandbox.advance_clock(5);
    org.sandbox.decide(review, "REVOKE").expect("decided");
}
