//! An apply that is cut off at any of its calls: the next one does the rest.

use okta_core::{Client, RetryPolicy};
use okta_sandbox::AccessRequestsOrg;
use okta_workflows::access_requests::{Doctor, Status};
use serde_json::json;

use super::world::{SCOPES, World};

/// A doctor whose calls are not repeated, so that each fault is one.
fn strict(world: &World) -> Doctor {
    let client = Client::builder()
        .org_url(world.sandbox.url())
        .api_token(world.sandbox.api_token())
        .retry(RetryPolicy::none())
        .build()
        .expect("a client");
    Doctor::new(&client).needing(SCOPES)
}

async fn cut_off_at_every_call(processed: bool) {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    strict(&world).apply().await.expect("applies");
    let calls = world.sandbox.requests().len();
    assert!(calls > 30, "{calls}");
    let mut interrupted = 0;
    for call in 0..calls {
        let world = World::new(AccessRequestsOrg::everything_wrong()).await;
        let fault = json!({
            "match": { "path": "/**" }, "after": call,
            "then": { "reset": true, "processed": processed },
        });
        world.sandbox.add_faults(&fault).expect("a fault");
        let first = strict(&world).apply().await;
        if let Err(error) = &first {
            interrupted += 1;
            assert!(error.to_string().contains("another run does the rest"));
            assert!(error.error.is_transport(), "{}", error.error);
        }
        let second = strict(&world).apply().await.expect("applies");
        for check in second.after.with_status(Status::Fail) {
            let left = matches!(
                &check.repair,
                Some(okta_workflows::access_requests::Repair::Person(_))
            );
            assert!(left, "call {call}: {check}");
        }
        assert_eq!(world.writes_of_another_apply().await, 0, "call {call}");
        // Nothing was made twice.
        for (path, list) in [
            ("/api/v1/iam/roles", "roles"),
            ("/api/v1/iam/resource-sets", "resource-sets"),
        ] {
            let all = world.client.call("GET", path).await.expect("reads");
            let all: serde_json::Value = all.json().expect("JSON");
            assert_eq!(
                all[list].as_array().map(Vec::len),
                Some(1),
                "call {call}: {all}"
            );
        }
    }
    // Where the org shows that the call was carried out, the lost answer is no matter.
    let expected = if processed { 0..1 } else { 8..calls };
    assert!(expected.contains(&interrupted), "{interrupted}");
}

#[tokio::test]
async fn before_the_org_heard_of_it() {
    cut_off_at_every_call(false).await;
}

#[tokio::test]
async fn after_the_org_carried_it_out() {
    cut_off_at_every_call(true).await;
}

/// Two doctors at once: what one finds done by the other counts as done.
#[tokio::test]
async fn two_at_once() {
    let world = World::new(AccessRequestsOrg::everything_wrong()).await;
    let (one, other) = (world.doctor.clone(), world.doctor.clone());
    let (first, second) = tokio::join!(one.apply(), other.apply());
    first.expect("applies");
    second.expect("applies");
    assert_eq!(world.writes_of_another_apply().await, 0);
}
