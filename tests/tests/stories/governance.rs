//! Governance on the same client: campaigns and access requests, there and back.

use okta_core::prelude::*;
use okta_governance::{
    CampaignBuilder,
    access::{AccessRequest, FieldValue},
    campaign::Reviewer,
    models,
    prelude::*,
};
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::Value;

use super::admin;

async fn org() -> Sandbox {
    let seed = SeedOrg {
        users: 3,
        apps: 1,
        ..SeedOrg::default()
    };
    Sandbox::builder().seed(seed).start().await.expect("starts")
}

#[tokio::test]
async fn demand_30_a_campaign_there_and_back() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let app = client.apps().list().await.expect("apps").items.remove(0);
    let app = app.base().id.clone().expect("an id");
    let reviewer = client
        .users()
        .list()
        .await
        .expect("users")
        .items
        .remove(0)
        .id
        .expect("an id");
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let campaign = CampaignBuilder::new("Stories")
        .starts_at(start)
        .lasts_days(14)
        .app(&app)
        .reviewed_by(Reviewer::user(&reviewer))
        .build()
        .expect("a campaign");

    let campaigns = client.governance().campaigns();
    let created = campaigns.create(&campaign).await.expect("created");
    let id = created.try_id().expect("an id").clone();
    let read = campaigns.get(&id).await.expect("read");
    assert_eq!(
        (&read.name, &read.campaign_type),
        (&campaign.name, &campaign.campaign_type)
    );
    // Whatever was sent is answered.
    let (sent, got): (Value, Value) = (json(&campaign), json(&read));
    for (name, value) in sent["scheduleSettings"].as_object().expect("an object") {
        if name != "startDate" {
            assert_eq!(
                &got["scheduleSettings"][name], value,
                "scheduleSettings.{name}"
            );
        }
    }
    let listed = campaigns
        .list()
        .items()
        .try_collect()
        .await
        .expect("listed");
    assert_eq!(
        listed
            .iter()
            .filter(|one| one.id.as_ref() == Some(&id))
            .count(),
        1
    );
    let launched = campaigns.launch_and_follow(&id).await.expect("launched");
    launched.success().expect("it runs");
    let status = campaigns.get(&id).await.expect("read").status;
    assert_eq!(status, Some(models::CampaignStatus::Active));
    campaigns.end(&id).await.expect("ended");
    let error = campaigns
        .get("icinosuchcampaign")
        .await
        .expect_err("no such campaign");
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn demand_30_an_access_request_there_and_back() {
    let sandbox = org().await;
    let client = admin(&sandbox);
    let user = client
        .users()
        .list()
        .await
        .expect("users")
        .items
        .remove(0)
        .id
        .expect("an id");
    let request = AccessRequest::new("cen123456789", &user)
        .field("badgeColor", FieldValue::select("BLUE"))
        .build()
        .expect("a request");
    let requests = client.governance().requests_v2();
    let submitted = requests.create(&request).await.expect("submitted");
    let id = submitted.try_id().expect("an id").clone();
    let read = requests.get(&id).await.expect("read");
    let (sent, got) = (json(&request), json(&read));
    assert_eq!(got["requested"]["entryId"], "cen123456789");
    assert_eq!(got["requestedFor"]["externalId"], user.as_str());
    assert_eq!(got["requesterFieldValues"], sent["requesterFieldValues"]);
    assert_eq!(got["status"], "SUBMITTED");
    let pending = json(&requests.get(&id).await.expect("read again"));
    assert_eq!(pending["status"], "PENDING");
    sandbox.decide(&id, "APPROVED").expect("decided");
    let decided = json(&requests.get(&id).await.expect("read after the decision"));
    assert_eq!(
        decided["requestApproval"]["decisions"][0]["decision"],
        "APPROVE"
    );
    let listed = requests.list().items().try_collect().await.expect("listed");
    assert_eq!(listed.len(), 1);

    let nobody = AccessRequest::new("cen123456789", "00unobody")
        .build()
        .expect("a request");
    let error = requests.create(&nobody).await.expect_err("no such user");
    assert_eq!(
        error.status().map(|status| status.as_u16()),
        Some(400),
        "{error}"
    );
    assert!(
        error
            .causes()
            .iter()
            .any(|cause| cause.contains("requestedFor")),
        "{error}"
    );
}

fn json(model: &impl Model) -> Value {
    serde_json::from_str(&model.to_json()).expect("JSON")
}
