//! Whole rounds against the sandbox: a campaign from its builder to its end, requests with typed
//! fields from the catalog to the grant.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use okta_core::Client;
use okta_governance::CampaignBuilder;
use okta_governance::access::{AccessRequest, AccessRequestV1, FieldValue, Fields};
use okta_governance::campaign::{DecisionRow, Reviewer};
use okta_governance::follow::{CampaignEnd, EntitlementSettingsEnd, RequestEnd, RequestV1End};
use okta_governance::models::{Decision, RequestTypeCreatable, TasksResolveRequest};
use okta_governance::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::{Value, json};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Real clocks: short waits, so that the tests are.
const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(50);

async fn setup() -> Result<(Sandbox, Client)> {
    let sandbox = Sandbox::start().await?;
    sandbox.seed(SeedOrg {
        users: 10,
        groups: 1,
        apps: 1,
        ..SeedOrg::default()
    });
    let client = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()?;
    Ok((sandbox, client))
}

/// The id of the first seeded object of a collection that has a prefix.
async fn seeded(client: &Client, path: &'static str, test: fn(&Value) -> bool) -> Result<String> {
    let all: Vec<Value> = client.call("GET", path).await?.json()?;
    let one = all.iter().find(|one| test(one)).ok_or("nothing seeded")?;
    Ok(one["id"].as_str().ok_or("no id")?.to_owned())
}

async fn user(client: &Client) -> Result<String> {
    seeded(client, "/api/v1/users?limit=200", |user| {
        user["status"] == "ACTIVE" && user["profile"]["lastName"] != "Admin"
    })
    .await
}

#[tokio::test]
async fn a_campaign_from_its_builder_to_its_end() -> Result {
    let (sandbox, client) = setup().await?;
    let group = seeded(&client, "/api/v1/groups", |g| g["type"] == "OKTA_GROUP").await?;
    let reviewer = user(&client).await?;
    let campaigns = client.governance().campaigns();
    let campaign = CampaignBuilder::new("Quarterly")
        .description("Who is in this group, and why?")
        .starts_at("2030-01-04T08:00:00Z".parse()?)
        .lasts_days(14)
        .group(&group)
        .reviewed_by(Reviewer::user(&reviewer))
        .revoke_denied_access()
        .build()?;
    let created = campaigns.create(&campaign).await?;
    let id = created.try_id()?;
    assert_eq!(created.try_status()?.as_str(), "SCHEDULED");

    let states = Arc::new(Mutex::new(Vec::new()));
    let seen = states.clone();
    let active = campaigns
        .launch_and_follow(id)
        .every(FIRST, LONGEST)
        .on_change(move |change| seen.lock().unwrap().push(change.state.to_string()))
        .await?;
    assert_eq!(active.end, CampaignEnd::Active);
    assert_eq!(*states.lock().unwrap(), ["LAUNCHING", "ACTIVE"]);

    let reviews = || {
        let filter = format!(r#"campaignId eq "{id}""#);
        client.governance().reviews().list().filter(filter)
    };
    let first = reviews().await?.items.first().cloned().ok_or("no review")?;
    let member = first.principal_profile.as_ref().and_then(|p| p.id.clone());
    sandbox.decide(first.try_id()?, "REVOKE")?;
    let decided = client.governance().reviews().get(first.try_id()?).await?;
    assert_eq!(decided.decision, Some(Decision::Revoke));
    let path = format!("/api/v1/groups/{group}/users?limit=200");
    let members: Vec<Value> = client.call("GET", path).await?.json()?;
    assert!(
        members
            .iter()
            .all(|m| m["id"].as_str() != member.as_deref())
    );

    let over = campaigns.end_and_follow(id).every(FIRST, LONGEST).await?;
    assert_eq!(over.end, CampaignEnd::Completed);
    assert_eq!(over.success()?.id.as_deref(), Some(id.as_str()));

    // It cannot be launched again; the follower says what the service says.
    let again = campaigns.launch_and_follow(id).await.map(|_| ());
    assert!(okta_core::Error::from(again.unwrap_err()).is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_request_with_typed_fields_to_its_grant() -> Result {
    let (sandbox, client) = setup().await?;
    let app = seeded(&client, "/api/v1/apps?limit=200", |app| {
        app["label"] == "App 1"
    })
    .await?;
    let user = user(&client).await?;
    sandbox.request_fields(&json!({ &app: [
        { "id": "badgeColor", "type": "SELECT", "choices": ["RED", "BLUE"], "required": true },
        { "id": "sites", "type": "MULTISELECT", "choices": ["A", "B"], "required": false },
        { "id": "startsOn", "type": "ISO_DATE", "required": true },
        { "id": "mentor", "type": "OKTA_USER_ID", "required": false },
        { "id": "OKTA_ACCESS_DURATION", "type": "DURATION", "maximumValue": "P30D", "required": false },
    ] }))?;

    let governance = client.governance();
    let entries = governance.catalogs().default().entries();
    let entry = entries
        .list("not(parent pr)")
        .await?
        .items
        .into_iter()
        .find(|entry| entry.name.as_deref() == Some("App 1"));
    let entry = entry.and_then(|entry| entry.id).ok_or("no entry")?;
    let page = entries.users(&entry).request_fields(&user).list().await?;
    let fields = Fields::from(&page);
    assert_eq!(fields.iter().count(), 5);

    let invalid = AccessRequest::new(&entry, &user)
        .field("badgeColor", FieldValue::select("GREEN"))
        .build_with(&fields)
        .unwrap_err();
    assert_eq!(
        invalid.at("badgeColor").map(|p| p.expected()),
        Some("one of RED, BLUE")
    );
    assert!(invalid.at("startsOn").is_some());

    let request = AccessRequest::new(&entry, &user)
        .field("badgeColor", FieldValue::select("BLUE"))
        .field("sites", FieldValue::multi_select(["A", "B"]))
        .field("startsOn", FieldValue::date(jiff::civil::date(2027, 3, 1)))
        .field("mentor", FieldValue::user_id(&user))
        .for_days(7)
        .build_with(&fields)?;
    let requests = governance.requests_v2();
    let mut changes = requests
        .create_and_follow(&request)
        .every(FIRST, LONGEST)
        .changes();
    let mut states = Vec::new();
    while let Some(change) = changes.try_next().await? {
        states.push(change.state.to_string());
        if states.last().is_some_and(|state| state == "PENDING") {
            let task = governance.tasks().list().await?.items.remove(0);
            let value = TasksResolveRequest {
                value: Some("APPROVED".to_owned()),
                ..Default::default()
            };
            governance
                .tasks()
                .resolve(task.try_id()?)
                .body(&value)
                .await?;
        }
        if let Some(end) = change.end {
            assert_eq!(end, RequestEnd::Granted);
            assert_eq!(change.value.access_duration.as_deref(), Some("P7D"));
        }
    }
    assert_eq!(
        states,
        [
            "SUBMITTED",
            "PENDING",
            "APPROVED, grant PENDING",
            "APPROVED, grant GRANTED"
        ]
    );
    let path = format!("/api/v1/apps/{app}/users/{user}");
    client.call("GET", path).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_behind_the_back_of_the_checks_is_rejected() -> Result {
    let (sandbox, client) = setup().await?;
    let app = seeded(&client, "/api/v1/apps?limit=200", |app| {
        app["label"] == "App 1"
    })
    .await?;
    let user = user(&client).await?;
    let field = json!({ "id": "why", "type": "TEXT", "required": true });
    sandbox.request_fields(&json!({ &app: [field] }))?;
    // Without the fields, the builder cannot know that one is missing.
    let request = AccessRequest::new(app.replacen("0oa", "cen", 1), &user).build()?;
    let requests = client.governance().requests_v2();
    let settled = requests
        .create_and_follow(&request)
        .every(FIRST, LONGEST)
        .await?;
    assert_eq!(settled.end, RequestEnd::Rejected);
    let error = settled.success().map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("SUBMITTED → REJECTED"));
    Ok(())
}

#[tokio::test]
async fn a_request_of_a_request_type() -> Result {
    let (sandbox, client) = setup().await?;
    let user = user(&client).await?;
    let governance = client.governance();
    let kind = RequestTypeCreatable::from_json(
        r#"{
            "name": "Badge", "ownerId": "61eb0f06c462d20007f051ac",
            "resourceSettings": { "type": "NONE" },
            "requestSettings": { "type": "EVERYONE", "requesterFields": [
                { "type": "SELECT", "prompt": "Colour", "options": [{ "value": "RED" }, { "value": "BLUE" }] },
                { "type": "TEXT", "prompt": "Why", "required": false }
            ] },
            "approvalSettings": { "type": "SERIAL", "approvals": [{ "approverType": "MANAGER" }] }
        }"#,
    )?;
    let kind = governance.request_types().create(&kind).await?;
    let id = kind.try_id()?;
    governance.request_types().publish(id).await?;

    let request = AccessRequestV1::new(id, "A badge, please")
        .requested_by(&user)
        .field("Colour", FieldValue::select("BLUE"))
        .build_with(&Fields::from(&kind))?;
    let request = governance.requests().create(&request).await?;
    let id = request.base().try_id()?.clone();
    let decide_at = id.clone();
    let settled = governance
        .requests()
        .follow(&id)
        .every(FIRST, LONGEST)
        .on_change(move |change| {
            if change.state.as_str() == "PENDING" {
                sandbox.decide(&decide_at, "DENIED").unwrap();
            }
        })
        .await?;
    assert_eq!(settled.end, RequestV1End::Denied);
    let states: Vec<&str> = settled.history.iter().map(|state| state.as_str()).collect();
    assert_eq!(states, ["OPEN", "PENDING", "RESOLVED"]);
    Ok(())
}

#[tokio::test]
async fn entitlement_management_is_turned_on() -> Result {
    let (_sandbox, client) = setup().await?;
    let resources = client.governance().resources();
    let settings = resources.entitlement_settings("orn:okta:idp:00o1:apps:oidc:0oa1");
    let settled = settings.opt_in_and_follow().every(FIRST, LONGEST).await?;
    assert_eq!(settled.end, EntitlementSettingsEnd::OptedIn);
    assert_eq!(settled.history.len(), 2);
    assert_eq!(
        settings.follow().await?.end,
        EntitlementSettingsEnd::OptedIn
    );
    Ok(())
}

#[tokio::test]
async fn reviews_go_to_another_reviewer_in_batches_and_out_as_rows() -> Result {
    let (sandbox, client) = setup().await?;
    sandbox.seed(SeedOrg {
        users: 120,
        random_seed: 7,
        ..SeedOrg::default()
    });
    let group = seeded(&client, "/api/v1/groups", |g| g["type"] == "OKTA_GROUP").await?;
    let reviewer = user(&client).await?;
    let all: Vec<Value> = client
        .call("GET", "/api/v1/users?limit=200")
        .await?
        .json()?;
    let ids: Vec<&str> = all.iter().filter_map(|one| one["id"].as_str()).collect();
    for id in &ids {
        client
            .call("PUT", format!("/api/v1/groups/{group}/users/{id}"))
            .await?;
    }
    let campaigns = client.governance().campaigns();
    let campaign = CampaignBuilder::new("Everybody")
        .starts_at("2030-01-04T08:00:00Z".parse()?)
        .lasts_days(14)
        .group(&group)
        .reviewed_by(Reviewer::user(&reviewer))
        .build()?;
    let created = campaigns.create(&campaign).await?;
    let id = created.try_id()?;
    campaigns
        .launch_and_follow(id)
        .every(FIRST, LONGEST)
        .await?;

    let rows = async || -> Result<Vec<DecisionRow>> {
        let mut reviews = campaigns.reviews_of(id).limit(50).items();
        let mut rows = Vec::new();
        while let Some(review) = reviews.try_next().await? {
            rows.push(DecisionRow::from(&review));
        }
        Ok(rows)
    };
    let open: Vec<String> = rows().await?.into_iter().map(|row| row.review).collect();
    assert!(open.len() > 100, "{}", open.len());
    let other = ids.iter().find(|id| **id != reviewer).ok_or("nobody")?;
    sandbox.clear_requests();
    let reviews = campaigns.reviews(id);
    let moved = reviews.reassign_all(*other, "on leave", &open).await?;
    assert_eq!(moved, open);
    assert_eq!(sandbox.requests().len(), open.len().div_ceil(50));
    assert!(
        rows()
            .await?
            .iter()
            .all(|row| row.reviewer == *other && row.decision == "UNREVIEWED")
    );

    // A decided one stops its batch; the ones before it are done.
    let decided = &open[60];
    sandbox.decide(decided, "APPROVE")?;
    let stopped = reviews.reassign_all(&reviewer, "back again", &open).await;
    let stopped = stopped.unwrap_err();
    assert!(stopped.error.is_conflict(), "{}", stopped.error);
    assert_eq!(
        (stopped.done.len(), stopped.left.len()),
        (50, open.len() - 50)
    );
    campaigns.end_and_follow(id).every(FIRST, LONGEST).await?;
    let approved: Vec<DecisionRow> = rows().await?;
    let approved: Vec<&DecisionRow> = approved
        .iter()
        .filter(|row| row.decision == "APPROVE")
        .collect();
    assert_eq!((approved.len(), &approved[0].review), (1, decided));
    assert!(approved[0].decided.ends_with('Z') && approved[0].principal_login.contains('@'));
    Ok(())
}
