//! A run against the sandbox, recorded and replayed without it.

use std::sync::Arc;

use okta_core::testing::{Recorder, Replay, Rules};
use okta_core::{Client, PrivateKey, Result, ServiceApp};
use okta_management::models::{
    CreateUserRequest, PasswordCredential, UserCredentialsWritable, UserProfile,
};
use okta_management::prelude::*;
use okta_sandbox::{Sandbox, SeedOrg};

/// What is compared: facts that have no names in them.
#[derive(Debug, PartialEq)]
struct Found {
    users: usize,
    active: usize,
    members: Vec<bool>,
    missing: Option<String>,
    events: bool,
}

async fn story(client: &Client) -> Result<Found> {
    let profile = UserProfile {
        nick_name: Some("Canarynick".into()),
        first_name: Some("Canaryanna".into()),
        last_name: Some("Canarysson".into()),
        email: Some("canary@planted.example.org".into()),
        login: Some("canary@planted.example.org".into()),
        mobile_phone: Some("+43 660 7654321".into()),
        ..UserProfile::default()
    };
    let body = CreateUserRequest {
        profile: Some(profile),
        credentials: Some(UserCredentialsWritable {
            password: Some(PasswordCredential {
                value: Some("Canary-pass-1".into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let created = client.users().create(&body).activate(true).await?;
    let id = created.id.as_deref().unwrap_or_default().to_owned();
    let mut found = Found {
        users: 0,
        active: 0,
        members: Vec::new(),
        missing: None,
        events: false,
    };
    let mut all = client.users().list().limit(10).items();
    while let Some(user) = all.try_next().await? {
        found.users += 1;
        found.active += usize::from(
            user.status
                .is_some_and(|status| status.as_str() == "ACTIVE"),
        );
        found.members.push(user.id.as_deref() == Some(&id));
    }
    let error = client
        .users()
        .get("nobody@planted.example.org")
        .await
        .unwrap_err();
    found.missing = error.code().map(str::to_owned);
    found.events = !client
        .logs()
        .list()
        .filter(format!("target.id eq \"{id}\""))
        .await?
        .items
        .is_empty();
    Ok(found)
}

#[tokio::test]
async fn demand_28_a_run_against_an_org_becomes_a_fixture() {
    let org = Sandbox::start().await.unwrap();
    org.seed(SeedOrg {
        users: 25,
        ..SeedOrg::default()
    });
    let app = org.service_app();
    let key = PrivateKey::from_any(&app.private_key_pem, Some(&app.kid)).unwrap();
    let scopes = ["okta.users.manage", "okta.logs.read"];
    let recorder = Recorder::new(Rules::new());
    let client = Client::builder()
        .org_url(org.url())
        .service_app(ServiceApp::new(app.client_id.clone(), key, scopes).unwrap())
        .wrap_transport(recorder.tap())
        .build()
        .unwrap();
    let recorded = story(&client).await.unwrap();
    assert_eq!(recorded.missing.as_deref(), Some("E0000007"));
    assert!(recorded.users > 25 && recorded.events);

    let tape = recorder.to_jsonl();
    for planted in [
        "anary",
        "planted",
        "7654321",
        org.url(),
        &app.client_id,
        &app.kid,
    ] {
        assert!(!tape.contains(planted), "{planted} in\n{tape}");
    }
    drop(org);

    // An API token is as good as the service app; so is another key.
    let replay = Arc::new(Replay::parse(&tape).unwrap());
    let client = Client::builder()
        .org_url("https://fixture.okta.com")
        .api_token("00any")
        .transport(replay.clone())
        .build()
        .unwrap();
    assert_eq!(story(&client).await.unwrap(), recorded);
    assert!(replay.unused().is_empty(), "{:?}", replay.unused());
}
