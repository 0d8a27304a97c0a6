//! The whole story on an embedded sandbox.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use okta_core::{Client, Dpop, Operation, PrivateKey, ServiceApp, prelude::Model};
use okta_governance::{models as governance, prelude::*};
use okta_management::{
    models::{OAuth2ScopeConsentGrant, UpdateUserRequest, User},
    prelude::*,
};
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::json;

use crate::{Options, recorded::Objects, show, survey};

/// Runs it.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    let sandbox = start(options).await?;
    let (client, client_id) = sign_in(&sandbox)?;

    show::step("Stream every user, group and app");
    let seen = survey::run(&client).await?;
    let user = seen.richest.first().context("the org has no active user")?;

    // The log keeps milliseconds.
    let before = Timestamp::from_millisecond(Timestamp::now().as_millisecond())?;
    show::step("Change one attribute of two users; keep everything else");
    for user in &seen.richest {
        update(&client, user).await?;
    }
    campaign(&client, &sandbox, &client_id, user).await?;
    system_log(&client, before).await?;

    show::totals(
        &client,
        &[
            okta_management::users::List::INFO,
            okta_management::groups::List::INFO,
            okta_management::apps::List::INFO,
            okta_management::users::Get::INFO,
            okta_management::users::Replace::INFO,
            okta_governance::campaigns::Create::INFO,
            okta_governance::campaigns::Get::INFO,
            okta_management::logs::List::INFO,
        ],
    );
    show::line(format!("done in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// Starts the sandbox and fills it.
async fn start(options: &Options) -> Result<Sandbox> {
    show::step("Start an Okta org in this process");
    let started = Instant::now();
    let sandbox = Sandbox::start().await?;
    if let Some(file) = &options.seed {
        let objects = Objects::read(file)?;
        show::line(format!(
            "{} exchanges show {} users, {} groups and {} apps",
            objects.exchanges,
            objects.users.len(),
            objects.groups.len(),
            objects.apps.len()
        ));
        let all = objects
            .users
            .into_iter()
            .chain(objects.groups)
            .chain(objects.apps);
        sandbox.seed_objects(all).map_err(anyhow::Error::msg)?;
    } else {
        sandbox.seed(SeedOrg {
            users: options.users,
            groups: options.groups,
            apps: options.apps,
            ..SeedOrg::default()
        });
    }
    // Tomorrow's release of the service: a member that no client knows yet.
    sandbox
        .seed_objects([json!({
            "id": "00uQuickstart0000001", "status": "ACTIVE", "created": "2024-03-01T08:00:00.000Z",
            "activated": "2024-03-01T08:00:00.000Z", "statusChanged": null, "lastLogin": null,
            "lastUpdated": "2024-03-01T08:00:00.000Z", "passwordChanged": null,
            "workforceTier": { "name": "gold", "since": 2031 },
            "profile": {
                "login": "ada.quickstart@example.com", "email": "ada.quickstart@example.com",
                "firstName": "Ada", "lastName": "Quickstart", "secondEmail": null,
                "costCenter": "CC100", "badgeLevel": 3, "languages": ["en", "de"],
            },
            "credentials": { "provider": { "type": "OKTA", "name": "OKTA" } },
        })])
        .map_err(anyhow::Error::msg)?;
    show::line(format!(
        "{} ready in {:.2} s",
        sandbox.url(),
        started.elapsed().as_secs_f64()
    ));
    Ok(sandbox)
}

/// Connects as a service app with DPoP. It asks for what the whole story needs, which is more than it was granted.
fn sign_in(sandbox: &Sandbox) -> Result<(Client, String)> {
    show::step("Connect as a service app: private_key_jwt and DPoP");
    let app = sandbox.service_app();
    let scopes = scopes_of![
        okta_management::users::List,
        okta_management::users::Replace,
        okta_management::groups::List,
        okta_management::apps::List,
        okta_management::logs::List,
        okta_governance::campaigns::Create,
    ];
    let key = PrivateKey::from_any(&app.private_key_jwk, None)?;
    let credential = ServiceApp::new(app.client_id.clone(), key, scopes)?.dpop(Dpop::Auto);
    let client = Client::builder()
        .org_url(sandbox.url())
        .service_app(credential)
        .timeout(Duration::from_secs(30))
        .build()?;
    show::line(format!("client id {}", app.client_id));
    Ok((client, app.client_id))
}

/// Changes one attribute with PUT, the call that wipes whatever a client forgot to send back.
async fn update(client: &Client, user: &User) -> Result<()> {
    let id = user.id.as_deref().context("a user without an id")?;
    let before: User = client.users().get(id).await?.convert()?;
    let mut after = before.clone();
    let profile = after.profile.get_or_insert_default();
    let center: Option<String> = profile.get("costCenter")?;
    let new = if center.as_deref() == Some("CC900") {
        "CC901"
    } else {
        "CC900"
    };
    profile.set("costCenter", new)?;

    show::line(format!(
        "unknown to this SDK: {}",
        or_none(&survey::unknown_members(&before).join(", "))
    ));
    show::line(format!(
        "before: {}",
        before
            .profile
            .as_ref()
            .map(Model::to_json)
            .unwrap_or_default()
    ));
    show::line(format!(
        "minimal body of a partial update: {}",
        before.diff(&after).to_json()
    ));
    client
        .users()
        .replace(id, &after.convert::<UpdateUserRequest>()?)
        .await?;
    let now: User = client.users().get(id).await?.convert()?;
    show::line(format!(
        "after:  {}",
        now.profile.as_ref().map(Model::to_json).unwrap_or_default()
    ));

    let differences = show::differences(&before.to_json(), &now.to_json());
    for difference in &differences {
        show::line(format!("changed {difference}"));
    }
    // The org may show attributes that it had left out before; nothing else may have moved.
    let expected = |difference: &String| {
        difference.starts_with(".profile.costCenter")
            || difference.starts_with(".lastUpdated")
            || difference.ends_with("(absent) → null")
    };
    let unexpected: Vec<&String> = differences.iter().filter(|d| !expected(d)).collect();
    ensure!(
        unexpected.is_empty(),
        "the update changed more than it should: {unexpected:?}"
    );
    show::line("nothing else moved: custom attributes, nulls and unknown members are all there");
    Ok(())
}

/// Creates a campaign; the first try fails for want of a scope, an admin grants it, a new token carries it.
async fn campaign(
    client: &Client,
    sandbox: &Sandbox,
    client_id: &str,
    reviewer: &User,
) -> Result<()> {
    show::step("Create a governance campaign");
    let campaign = quarterly_review(client, reviewer).await?;
    let refused = client
        .governance()
        .campaigns()
        .create(&campaign)
        .await
        .err()
        .context("the campaign was created without the scope it needs")?;
    show::line(format!("refused: {refused}"));
    let scope = refused
        .insufficient_scope()
        .context("refused for another reason")?;

    let admin = Client::builder()
        .org_url(sandbox.url())
        .api_token(sandbox.api_token())
        .build()?;
    for scope in scope.missing().iter() {
        let grant = OAuth2ScopeConsentGrant {
            issuer: Some(sandbox.url().to_owned()),
            scope_id: Some(scope.as_str().to_owned()),
            ..Default::default()
        };
        admin.apps().grants(client_id).create(&grant).await?;
        show::line(format!("the admin grants {scope}"));
    }
    client.renew_token().await?;
    let created = client.governance().campaigns().create(&campaign).await?;
    let read = client
        .governance()
        .campaigns()
        .get(created.try_id()?)
        .await?;
    show::line(format!(
        "{} “{}” is {}",
        read.try_id()?,
        read.name.as_deref().unwrap_or_default(),
        read.status
            .as_ref()
            .map_or("unknown", |status| status.as_str())
    ));
    Ok(())
}

/// A one-off review of one app by one user.
async fn quarterly_review(client: &Client, reviewer: &User) -> Result<governance::CampaignMutable> {
    let app = client
        .apps()
        .list()
        .limit(1)
        .await?
        .items
        .into_iter()
        .next()
        .context("the org has no app to review")?;
    let start = Timestamp::now() + jiff::SignedDuration::from_hours(24 * 7);
    Ok(governance::CampaignMutable {
        name: Some("Quarterly review".to_owned()),
        description: Some("Made by the quickstart".to_owned()),
        campaign_type: Some(governance::CampaignType::Resource),
        schedule_settings: Some(governance::ScheduleSettingsMutable {
            type_: Some(governance::ScheduleType::OneOff),
            start_date: Some(start.into()),
            duration_in_days: Some(21.0),
            time_zone: Some("Europe/Berlin".to_owned()),
            ..Default::default()
        }),
        resource_settings: Some(governance::ResourceSettingsMutable {
            type_: Some(governance::CampaignResourceType::Application),
            target_resources: Some(vec![governance::TargetResourcesRequestItem {
                resource_id: app.base().id.clone(),
                resource_type: Some(governance::ResourceType::Application),
                ..Default::default()
            }]),
            ..Default::default()
        }),
        reviewer_settings: Some(governance::ReviewerSettingsMutable {
            type_: Some(governance::CampaignReviewerType::User),
            reviewer_id: reviewer.id.clone(),
            ..Default::default()
        }),
        remediation_settings: Some(governance::RemediationSettings {
            access_approved: Some(governance::ApprovedRemediationAction::NoAction),
            access_revoked: Some(governance::RevokedRemediationAction::NoAction),
            no_response: Some(governance::NoResponseRemediationAction::NoAction),
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// Reads back what the org wrote down about all this.
async fn system_log(client: &Client, since: Timestamp) -> Result<()> {
    show::step("Read back the System Log");
    let until = Timestamp::now() + jiff::SignedDuration::from_secs(1);
    let mut events = client
        .logs()
        .list()
        .since(since.to_string())
        .until(until.to_string())
        .items();
    let mut count = 0;
    while let Some(event) = events.try_next().await? {
        count += 1;
        let target = event.target.as_deref().unwrap_or_default().first();
        show::line(format!(
            "{} {:<42} by {:<28} on {}",
            event.published.as_ref().map_or("", |at| at.as_str()),
            event.event_type.as_deref().unwrap_or("?"),
            event
                .actor
                .as_ref()
                .and_then(|a| a.display_name.as_deref())
                .unwrap_or("?"),
            target
                .and_then(|t| t.display_name.as_deref())
                .unwrap_or("–"),
        ));
    }
    ensure!(count > 0, "the System Log shows nothing of what was done");
    Ok(())
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}
