//! Service apps: tokens, DPoP, scopes granted and not.

use okta_core::{Dpop, ErrorKind, auth::GrantedFewer, prelude::*};
use okta_governance::{campaigns, prelude::*};
use okta_management::{groups, models::OAuth2ScopeConsentGrant, prelude::*, users};
use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::json;

use super::{admin, credential, service, token_calls};

#[tokio::test]
async fn demand_19_dpop_is_switched_on_where_the_org_demands_it() {
    let sandbox = Sandbox::builder()
        .dpop_nonce_at_resources(true)
        .start()
        .await
        .expect("starts");
    let client = service(&sandbox, &sandbox.service_app(), scopes_of![users::List]);
    client.users().list().limit(1).await.expect("a page");
    sandbox.rotate_dpop_nonce();
    client
        .users()
        .list()
        .limit(1)
        .await
        .expect("a page with a new nonce");
    let last = sandbox.requests().pop().expect("a request");
    assert_eq!(last.scheme, Some("DPoP"));
    assert_eq!(
        client.stats().tokens,
        1,
        "the stale nonce costs no new token"
    );
}

#[tokio::test]
async fn without_dpop_the_demand_of_the_org_is_an_error() {
    let sandbox = Sandbox::start().await.expect("starts");
    let credential = credential(&sandbox.service_app(), scopes_of![users::List]).dpop(Dpop::Never);
    let client = okta_core::Client::builder()
        .org_url(sandbox.url())
        .service_app(credential)
        .build()
        .expect("a client");
    let error = client.users().list().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Token, "{error}");
    assert_eq!(error.code(), Some("invalid_dpop_proof"), "{error}");
}

/// Asked for, not granted, named by the 403, granted, renewed, done; the same at both services, whose headers differ.
#[tokio::test]
async fn demand_23_a_missing_scope_is_named_granted_and_used() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let client = service(
        &sandbox,
        &app,
        scopes_of![users::List, groups::List, campaigns::List],
    );

    client.users().list().await.expect("granted");
    let granted = client.granted_scopes().expect("known");
    assert_eq!(
        granted.iter().map(Scope::as_str).collect::<Vec<_>>(),
        ["okta.users.read"]
    );
    let report = client
        .preflight(scopes_of![users::List, groups::List])
        .await
        .expect("a report");
    assert!(
        !report.is_ok() && report.to_string().contains("okta.groups.read"),
        "{report}"
    );

    let refused = [
        client.groups().list().await.expect_err("not granted"),
        client
            .governance()
            .campaigns()
            .list()
            .await
            .expect_err("not granted"),
    ];
    let needed = [
        "okta.groups.read",
        "okta.governance.accessCertifications.read",
    ];
    for (error, needed) in refused.iter().zip(needed) {
        assert_eq!(error.kind(), ErrorKind::InsufficientScope, "{error}");
        let scope = error.insufficient_scope().expect("details");
        assert_eq!(
            scope
                .missing()
                .iter()
                .map(Scope::as_str)
                .collect::<Vec<_>>(),
            [needed]
        );
        assert_eq!(scope.app(), Some(app.client_id.as_str()));
        assert!(
            error.to_string().contains(needed) && scope.how_to_fix().contains(needed),
            "{error}"
        );
    }

    for scope in needed {
        let grant = OAuth2ScopeConsentGrant {
            issuer: Some(sandbox.url().to_owned()),
            scope_id: Some(scope.to_owned()),
            ..Default::default()
        };
        admin(&sandbox)
            .apps()
            .grants(&app.client_id)
            .create(&grant)
            .await
            .expect("granted");
    }
    client
        .groups()
        .list()
        .await
        .expect_err("the token at hand is the old one");
    client.renew_token().await.expect("a new token");
    client.groups().list().await.expect("granted by now");
    client
        .governance()
        .campaigns()
        .list()
        .await
        .expect("granted by now");
}

#[tokio::test]
async fn demand_24_fewer_scopes_than_asked_for_can_be_an_error_at_once() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let credential = credential(&app, scopes_of![users::List, groups::List])
        .when_granted_fewer(GrantedFewer::Fail);
    let client = okta_core::Client::builder()
        .org_url(sandbox.url())
        .service_app(credential)
        .build()
        .expect("a client");
    let error = client
        .users()
        .list()
        .await
        .expect_err("one scope is missing");
    assert_eq!(error.kind(), ErrorKind::InsufficientScope, "{error}");
    assert!(error.to_string().contains("okta.groups.read"), "{error}");
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|entry| !entry.path.starts_with("/api/")),
        "no call was made"
    );
}

/// What the token endpoint says reaches the user as it stands.
#[tokio::test]
async fn demand_17_token_errors_are_verbatim() {
    let sandbox = Sandbox::start().await.expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let client = service(&sandbox, &app, scopes_of![groups::List]);
    let error = client.groups().list().await.expect_err("nothing granted");
    assert_eq!(error.kind(), ErrorKind::Token, "{error}");
    assert_eq!(error.code(), Some("consent_required"), "{error}");
    let said: serde_json::Value =
        serde_json::from_slice(error.body()).expect("the body as it came");
    let description = said["error_description"].as_str().expect("a description");
    assert!(error.to_string().contains(description), "{error}");

    let mut stranger = app.clone();
    stranger.client_id = "0oaNobody00000000001".to_owned();
    let error = service(&sandbox, &stranger, scopes_of![users::List])
        .users()
        .list()
        .await
        .expect_err("unknown");
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Token, Some("invalid_client")),
        "{error}"
    );

    let page = "<html><body>Bad gateway</body></html>";
    let fault = json!({"match": {"path": "/oauth2/v1/token"}, "times": 9, "then": {"status": 400, "body": page}});
    sandbox.add_faults(&fault).expect("a fault");
    let error = service(&sandbox, &app, scopes_of![users::List])
        .users()
        .list()
        .await
        .expect_err("a proxy's page");
    assert_eq!(error.kind(), ErrorKind::Token, "{error}");
    assert_eq!(error.body().as_ref(), page.as_bytes());
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains("PRIVATE KEY") && !shown.contains("eyJ"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demand_25_five_hundred_cold_tasks_make_one_token_call() {
    let sandbox = Sandbox::builder()
        .seed(SeedOrg {
            users: 3,
            ..SeedOrg::default()
        })
        .start()
        .await
        .expect("starts");
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let client = service(&sandbox, &app, scopes_of![users::List]);
    let tasks: Vec<_> = (0..500)
        .map(|_| tokio::spawn(client.users().list().limit(1).send()))
        .collect();
    for task in tasks {
        assert_eq!(
            task.await
                .expect("no panic")
                .expect("a page")
                .into_value()
                .items
                .len(),
            1
        );
    }
    assert_eq!(token_calls(&sandbox), [200]);
    assert_eq!(client.stats().tokens, 1);
}
