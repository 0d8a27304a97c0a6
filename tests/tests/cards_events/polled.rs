//! Salesforce's three event cards, by polling the stand-in.

use std::time::Duration;

use okta_workflows::salesforce::SalesforceConnector;
use okta_workflows::salesforce::stand_in::StandIn;
use okta_workflows::{CardCall, CardErrorKind, Registry};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

fn call(options: Value, inputs: Value) -> CardCall {
    serde_json::from_value(json!({"options": options, "inputs": inputs})).expect("a call")
}

async fn poll(cards: &Registry, slug: &str, cursor: &mut Option<Value>) -> Vec<Value> {
    let options = json!({"record_type": "Lead"})
        .as_object()
        .cloned()
        .expect("an object");
    let event = cards
        .event(&format!("salesforce/{slug}"))
        .expect("an event card");
    let polled = event.poll(&options, cursor.as_ref()).await.expect("a poll");
    *cursor = polled.cursor;
    polled.events
}

#[tokio::test]
async fn records_are_seen_once_when_the_index_has_them() {
    let org = StandIn::start().await.expect("starts");
    let connection = org
        .connect(&["api", "refresh_token"])
        .await
        .expect("connects");
    let cards = Registry::new().with(SalesforceConnector::new(connection));
    // What was there long before the first poll is no event.
    org.advance(20 * MINUTE);
    let (mut new, mut updated, mut deleted) = (None, None, None);
    for (slug, cursor) in [
        ("new_record", &mut new),
        ("record_updated", &mut updated),
        ("record_deleted", &mut deleted),
    ] {
        assert_eq!(
            poll(&cards, slug, cursor).await,
            [] as [Value; 0],
            "the first poll only makes a cursor"
        );
    }
    let old = org.records("Lead")[0]["Id"]
        .as_str()
        .expect("an id")
        .to_owned();
    org.advance(20 * MINUTE);
    let made = cards
        .run(
            "salesforce/create_record",
            call(
                json!({"record_type": "Lead"}),
                json!({"record_fields": {"LastName": "Fresh", "Company": "Acme"}}),
            ),
        )
        .await
        .expect("created");
    let made = made["new_record"]["record_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let change = json!({"update": {"record_id": old}, "record": {"Company": "Changed"}});
    cards
        .run(
            "salesforce/update_record",
            call(json!({"record_type": "Lead"}), change),
        )
        .await
        .expect("changed");

    // Not indexed yet.
    org.advance(5 * MINUTE);
    assert_eq!(poll(&cards, "new_record", &mut new).await.len(), 0);
    assert_eq!(poll(&cards, "record_updated", &mut updated).await.len(), 0);
    org.advance(15 * MINUTE);
    let found = poll(&cards, "new_record", &mut new).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["record"]["record_fields"]["Id"], made.as_str());
    let found = poll(&cards, "record_updated", &mut updated).await;
    assert_eq!(found.len(), 1, "a creation is no update: {found:?}");
    assert_eq!(found[0]["record"]["record_fields"]["Company"], "Changed");

    cards
        .run(
            "salesforce/delete_record",
            call(
                json!({"record_type": "Lead"}),
                json!({"record": {"record_id": made}}),
            ),
        )
        .await
        .expect("deleted");
    org.advance(20 * MINUTE);
    let found = poll(&cards, "record_deleted", &mut deleted).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["record"]["record_id"], made.as_str());
    org.advance(20 * MINUTE);
    for (slug, cursor) in [
        ("new_record", &mut new),
        ("record_updated", &mut updated),
        ("record_deleted", &mut deleted),
    ] {
        assert_eq!(poll(&cards, slug, cursor).await.len(), 0, "{slug} twice");
    }
}

#[tokio::test]
async fn a_poll_says_what_is_wrong() {
    let org = StandIn::start().await.expect("starts");
    let connection = org
        .connect(&["api", "refresh_token"])
        .await
        .expect("connects");
    let cards = Registry::new().with(SalesforceConnector::new(connection));
    let event = cards
        .event("salesforce/record_updated")
        .expect("an event card");
    let error = event
        .poll(&serde_json::Map::new(), None)
        .await
        .expect_err("no object");
    assert_eq!(
        (error.kind(), error.field(), error.card()),
        (
            CardErrorKind::Missing,
            Some("record_type"),
            "salesforce/record_updated"
        )
    );
    // A cursor older than Salesforce keeps changes.
    let options = json!({"record_type": "Lead"})
        .as_object()
        .cloned()
        .expect("an object");
    let old = json!({"since": "2020-01-01T00:00:00Z"});
    let error = event.poll(&options, Some(&old)).await.expect_err("too old");
    assert_eq!(
        error.salesforce().map(|refusal| refusal.code()),
        Some("INVALID_REPLICATION_DATE")
    );
    assert!(
        error.hint().is_some_and(|hint| hint.contains("cursor")),
        "{error}"
    );
}
