//! A 403 for want of a scope, as management and governance write it, and what is made of it.

use okta_core::{Client, PrivateKey, ServiceApp};
use okta_governance::prelude::*;
use okta_management::prelude::*;
use okta_sandbox::AccessRequestsOrg;
use okta_workflows::access_requests::Refusal;

use super::world::World;

/// A service app that was granted nothing but a scope of no use here.
fn poor(world: &World) -> (Client, String) {
    let app = world.sandbox.create_service_app(&["okta.domains.read"]);
    let key = PrivateKey::parse_with_key_id(&app.private_key_pem, &app.kid).expect("a key");
    let credential = ServiceApp::new(app.client_id.clone(), key, ["okta.domains.read"]);
    let client = Client::builder()
        .org_url(world.sandbox.url())
        .service_app(credential.expect("an app"))
        .build()
        .expect("a client");
    (client, app.client_id)
}

/// All that a person needs to know is in the error.
fn explains(error: &okta_core::Error, operation: &str, scope: &str, app: &str) {
    let refused = error.insufficient_scope().expect("a missing scope");
    assert_eq!(refused.operation(), operation);
    assert!(refused.missing().iter().any(|one| one.as_str() == scope));
    assert_eq!(refused.app(), Some(app));
    let told = error.to_string();
    for part in [
        operation,
        scope,
        app,
        &format!("/api/v1/apps/{app}/grants"),
        "Admin Console > Applications",
        "new token",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    let refusal = Refusal::of(error).expect("a refusal").to_string();
    for part in [operation, scope, "\"Okta Workflows OAuth\"", "reauthorize"] {
        assert!(refusal.contains(part), "no {part:?} in {refusal}");
    }
}

#[tokio::test]
async fn of_management_and_of_governance_with_its_three_quotes() {
    let world = World::new(AccessRequestsOrg::healthy()).await;
    let (client, app) = poor(&world);
    let error = client.groups().list().await.expect_err("no scope");
    explains(&error, "GET /api/v1/groups", "okta.groups.read", &app);

    let error = client.governance().requests().list().await;
    let error = error.expect_err("no scope");
    // The header is the service's own, malformed as it is.
    let header = error
        .headers()
        .get("www-authenticate")
        .expect("a challenge");
    let header = header.to_str().expect("text");
    assert!(header.contains("authorize\"\"\", realm="), "{header}");
    explains(
        &error,
        "GET /governance/api/v1/requests",
        "okta.governance.accessRequests.read",
        &app,
    );

    let error = client.governance().teams().list().await;
    let read = "okta.governance.accessRequests.read";
    explains(
        &error.expect_err("no scope"),
        "GET /governance/api/v1/teams",
        read,
        &app,
    );
    let error = client.users().get("me").await.expect_err("no scope");
    explains(&error, "GET /api/v1/users/{id}", "okta.users.read", &app);
}

#[tokio::test]
async fn other_errors_are_no_refusals() {
    let world = World::new(AccessRequestsOrg::healthy()).await;
    let error = world.client.users().get("00uNobody").await;
    assert_eq!(Refusal::of(&error.expect_err("not there")), None);
}
