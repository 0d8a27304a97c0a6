//! An org to cause events in, and the cards that its log fires.

use std::collections::BTreeSet;

use okta_core::prelude::*;
use okta_core::{Client, Pacing};
use okta_management::prelude::*;
use okta_sandbox::{Builder, Sandbox};
use okta_workflows::event_cards;
use serde_json::Value;

/// An org, and a client of its super admin.
pub(crate) struct Org {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
}

impl Org {
    /// An org with this beside what every org has.
    pub(crate) async fn start(builder: Builder) -> Self {
        let sandbox = builder.start().await.expect("starts");
        let client = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            // A limit is one of the causes.
            .pacing(Pacing::off())
            .build()
            .expect("a client");
        Self { sandbox, client }
    }

    /// Sends a call; the id in its answer, or the empty text.
    pub(crate) async fn send(&self, call: &str, body: &str) -> String {
        let (method, path) = call.split_once(' ').expect("METHOD path");
        let mut request = self.client.call(method, path.to_owned());
        if !body.is_empty() {
            request = request.json(&serde_json::from_str::<Value>(body).expect("JSON"));
        }
        let raw = request
            .await
            .unwrap_or_else(|error| panic!("{call}: {error}"));
        let body: Value = serde_json::from_slice(raw.body()).unwrap_or_default();
        body["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A new user with a password: `name@example.com`.
    pub(crate) async fn user(&self, name: &str, activate: bool) -> String {
        let body = format!(
            r#"{{"profile":{{"firstName":"{name}","lastName":"X","email":"{name}@example.com","login":"{name}@example.com"}},"credentials":{{"password":{{"value":"Sandbox-1234"}}}}}}"#
        );
        self.send(&format!("POST /api/v1/users?activate={activate}"), &body)
            .await
    }

    /// What a call answers.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let raw = self.client.call("GET", path.to_owned()).await;
        let raw = raw.unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_slice(raw.body()).expect("JSON")
    }

    /// The cards that the org's log fires, as `connector/slug`. What each shows is what stands in its event.
    pub(crate) async fn fired(&self) -> BTreeSet<String> {
        let mut fired = BTreeSet::new();
        let until = format!(
            "{:.3}",
            jiff::Timestamp::now() + jiff::SignedDuration::from_mins(5)
        );
        let mut events = self.client.logs().list().until(until).items();
        while let Some(event) = events.try_next().await.expect("a log event") {
            for card in event_cards(&event) {
                fired.insert(format!("{}/{}", card.connector(), card.slug()));
                check(&card.to_value(), &event);
            }
        }
        fired
    }
}

/// What every card shows is what stands in the event.
fn check(card: &Value, event: &okta_management::logs::models::LogEvent) {
    assert_eq!(card["event_type"].as_str(), event.event_type.as_deref());
    assert_eq!(card["uuid"].as_str(), event.uuid.as_deref());
    let details: Value = serde_json::from_str(&event.to_json()).expect("JSON");
    assert_eq!(card["event_details"], details);
    let actor = event.actor.as_ref().and_then(|actor| actor.id.as_deref());
    for group in ["actor", "admin"] {
        if let Some(id) = card[group]["id"].as_str() {
            assert_eq!(Some(id), actor);
        }
    }
    for (group, kind) in [
        ("okta_user", "User"),
        ("group", "UserGroup"),
        ("application", "AppInstance"),
        ("policy", "PolicyEntity"),
    ] {
        if card[group].is_object() {
            let target = event
                .target
                .iter()
                .flatten()
                .find(|target| target.type_.as_deref() == Some(kind))
                .expect("the target");
            assert_eq!(card[group]["id"].as_str(), target.id.as_deref());
        }
    }
}
