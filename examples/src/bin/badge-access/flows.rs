//! The delegated flows, as Workflows would run them card by card.

use std::sync::Arc;

use okta_core::{Client, Secret};
use okta_governance::Governance as _;
use okta_sandbox::{DelegatedFlow, DelegatedRun, FlowInput};
use okta_workflows::access_requests::{FlowInputs, InputType, Refusal};
use okta_workflows::okta::OktaConnector;
use okta_workflows::okta::actions::{ReadUser, read_user};
use okta_workflows::serve::{Access, router};
use okta_workflows::{CardError, Registry};
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::badges::{self, System};

/// What the flows' cards need to begin with.
pub(crate) const SCOPES: [&str; 1] = ["okta.users.read"];
/// What the third one needs besides.
pub(crate) const REQUESTS: &str = "okta.governance.accessRequests.read";

/// What goes into a badge flow, in Rust.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "its schema is compared with the card's inputs")]
#[serde(rename_all = "camelCase")]
struct Badge {
    requester_email: String,
    building_requested: String,
    business_justification: String,
    assignee_email: String,
    #[schemars(extend("format" = "date-time"))]
    end_date: Option<String>,
}

/// The same as its Delegated Flow card has it.
pub(crate) fn inputs() -> FlowInputs {
    FlowInputs::new()
        .input("requesterEmail", InputType::Text)
        .input("buildingRequested", InputType::Text)
        .input("businessJustification", InputType::Text)
        .input("assigneeEmail", InputType::Text)
        .optional("endDate", InputType::DateTime)
}

/// Compares the two.
pub(crate) fn check() -> anyhow::Result<()> {
    Ok(inputs().fits::<Badge>()?)
}

/// A flow with the five inputs.
fn badge_flow<F, O>(name: &str, steps: F) -> DelegatedFlow
where
    F: Fn(DelegatedRun) -> O + Send + Sync + 'static,
    O: Future<Output = Result<Value, String>> + Send + 'static,
{
    DelegatedFlow::new(name, steps)
        .input(FlowInput::Text("requesterEmail"))
        .input(FlowInput::Text("buildingRequested"))
        .input(FlowInput::Text("businessJustification"))
        .input(FlowInput::Text("assigneeEmail"))
        .input(FlowInput::DateTime("endDate"))
}

/// The flow's Okta connection.
fn connection(run: &DelegatedRun) -> Result<Client, String> {
    let token = run.okta_token.clone();
    let token = token.ok_or("the Okta connection is not authorized")?;
    let client = Client::builder()
        .org_url(&run.org_url)
        .bearer(token)
        .build();
    client.map_err(|error| error.to_string())
}

/// Card Read User: the name of a user.
async fn name_of(cards: &Registry, login: &str) -> Result<String, String> {
    let read = ReadUser {
        input: read_user::Input {
            id_or_login: login.to_owned(),
        },
        ..Default::default()
    };
    let user = cards.call(read).await.map_err(explained)?;
    let name = |part: &str| {
        let value = user.profile_properties.user_profile_attributes.get(part);
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    Ok(format!("{} {}", name("firstName"), name("lastName")))
}

/// A card's error, and what to do about it.
fn explained(error: CardError) -> String {
    let cause = std::error::Error::source(&error);
    let refusal = cause
        .and_then(|cause| cause.downcast_ref::<okta_core::Error>())
        .and_then(Refusal::of);
    match refusal {
        Some(refusal) => refusal.to_string(),
        None => error.to_string(),
    }
}

/// Reads the requester, and mails the person who hands badges out.
pub(crate) fn mail() -> DelegatedFlow {
    badge_flow("Badge: mail", |run| async move {
        let cards = Registry::new().with(OktaConnector::new(connection(&run)?));
        let name = name_of(&cards, run.text("requesterEmail")).await?;
        let subject = format!("A badge for {name}");
        let body = format!(
            "{name} ({}) may enter {}: {}.\nPlease hand a badge out, and close the task of the request.",
            run.text("requesterEmail"),
            run.text("buildingRequested"),
            run.text("businessJustification"),
        );
        run.send_mail(run.text("assigneeEmail"), &subject, &body);
        Ok(json!({ "subject": subject }))
    })
}

/// Serves the badge connector for the flows' API cards; gives its URL.
pub(crate) async fn serve(system: &System) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let access = Access::ClientToken(Secret::from("badge-token"));
    let app = router(Arc::new(badges::connector(system)), access);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

/// Card API Connector: calls an action of the badge connector.
async fn call_badges(url: &str, action: &str, inputs: Value) -> Result<Value, String> {
    let client = Client::builder()
        .org_url(url)
        .bearer("unused")
        .build()
        .map_err(|error| error.to_string())?;
    let call = client.call("POST", format!("/actions/{action}"));
    let call = call.header("x-api-client-token", "badge-token");
    let answer = call.json(&json!({ "inputs": inputs })).await;
    answer
        .and_then(|answer| answer.json())
        .map_err(|error| error.to_string())
}

/// Issues a badge for one building.
pub(crate) fn issue(url: &str) -> DelegatedFlow {
    let url = url.to_owned();
    badge_flow("Badge: issue", move |run| {
        let url = url.clone();
        async move {
            let (holder, door) = (run.text("requesterEmail"), run.text("buildingRequested"));
            let inputs = json!({ "holder": holder, "doors": [door] });
            let issued = call_badges(&url, "issue_badge", inputs).await?;
            let number = &issued["number"];
            run.send_mail(
                holder,
                "Your badge",
                &format!("Badge {number} opens {door} until {}.", run.text("endDate")),
            );
            Ok(issued)
        }
    })
}

/// Takes it back.
pub(crate) fn revoke(url: &str) -> DelegatedFlow {
    let url = url.to_owned();
    badge_flow("Badge: revoke", move |run| {
        let url = url.clone();
        async move {
            let holder = run.text("requesterEmail");
            let gone = call_badges(&url, "revoke_badge", json!({ "holder": holder })).await?;
            run.send_mail(holder, "Your badge has ended", "It opens nothing any more.");
            Ok(gone)
        }
    })
}

/// Counts the access requests of the org: a governance call of its own.
pub(crate) fn count() -> DelegatedFlow {
    badge_flow("Badge: count requests", |run| async move {
        let list = connection(&run)?.governance().requests().list();
        let found = list.await.map_err(|error| match Refusal::of(&error) {
            Some(refusal) => refusal.to_string(),
            None => error.to_string(),
        })?;
        Ok(json!({ "requests": found.items.len() }))
    })
}
