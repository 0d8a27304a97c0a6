//! The three stories.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::SignedDuration;
use okta_core::prelude::*;
use okta_governance::access::{AccessRequestV1, FieldDefinition, FieldValue, Fields};
use okta_governance::models::{RequestFieldType, TasksResolveRequest};
use okta_governance::prelude::*;
use okta_management::prelude::*;
use okta_management::shared::models::OAuth2ScopeConsentGrant;
use okta_sandbox::ConsoleStep;
use okta_workflows::access_requests::{CheckId, Status};
use serde_json::{Value, json};

use crate::badges;
use crate::flows;
use crate::org::Org;
use crate::tell::{line, step};

/// Days that access is asked for in the second story.
const DAYS: i64 = 30;

/// A request type as an admin makes it in the console: five fields, the manager's approval, flows, a task.
fn definition(name: &str, steps: &[Value]) -> Value {
    let mut all = vec![json!({ "type": "APPROVAL", "approver": "MANAGER" })];
    all.extend_from_slice(steps);
    json!({
        "name": name, "team": "Facilities",
        "fields": [
            { "name": "requesterEmail", "from": "requester.email" },
            { "name": "buildingRequested", "type": "SELECT", "options": ["Headquarters", "Lab"] },
            { "name": "businessJustification", "type": "TEXT" },
            { "name": "assigneeEmail", "from": "assignee.email" },
            { "name": "endDate", "type": "DATE-TIME", "required": false },
        ],
        "steps": all,
    })
}

fn run(flow: &str) -> Value {
    let names = [
        "requesterEmail",
        "buildingRequested",
        "businessJustification",
        "assigneeEmail",
        "endDate",
    ];
    let inputs: serde_json::Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!(name)))
        .collect();
    json!({ "type": "RUN_WORKFLOW", "flow": flow, "inputs": inputs })
}

/// A request type, with what a program has to know of its fields.
struct Kind {
    id: String,
    fields: Fields,
}

fn define(org: &Org, definition: &Value) -> Result<Kind> {
    let made = org.sandbox.define_request_type(definition);
    let made = made.map_err(anyhow::Error::msg)?;
    let fields = made["fields"].as_array().context("no fields")?.iter();
    let fields = fields.map(|field| {
        let text = |name: &str| field[name].as_str().unwrap_or_default();
        let kind = match text("type") {
            "SELECT" => RequestFieldType::Select,
            "DATE-TIME" => RequestFieldType::IsoDate,
            _ => RequestFieldType::Text,
        };
        let mut known = FieldDefinition::new(text("id"))
            .labelled(text("prompt"))
            .of_type(kind);
        if let Some(options) = field["options"].as_array() {
            known = known.choosing(options.iter().filter_map(|one| one["value"].as_str()));
        }
        match field["required"] == true {
            true => known.required(),
            false => known,
        }
    });
    let kind = Kind {
        id: made["id"].as_str().context("no id")?.to_owned(),
        fields: fields.collect(),
    };
    // What an admin maps in the console can be checked beforehand.
    let pairs: Vec<(&str, &str)> = kind
        .fields
        .iter()
        .filter_map(|field| field.label())
        .map(|label| (label, label))
        .collect();
    flows::inputs().filled_by(&kind.fields, &pairs)?;
    Ok(kind)
}

/// A request for a building.
fn ask(org: &Org, kind: &Kind, subject: &str, building: &str) -> AccessRequestV1 {
    AccessRequestV1::new(&kind.id, subject)
        .requested_by(&org.ada)
        .field("buildingRequested", FieldValue::select(building))
        .field(
            "businessJustification",
            FieldValue::text("to calibrate the engine"),
        )
}

/// Files a request.
async fn file(
    org: &Org,
    kind: &Kind,
    subject: &str,
    end: Option<jiff::Timestamp>,
) -> Result<String> {
    let mut request = ask(org, kind, subject, "Lab");
    if let Some(end) = end {
        request = request.field("endDate", FieldValue::date(end));
    }
    let request = request.build_with(&kind.fields)?;
    let filed = org.admin.governance().requests().create(&request).await?;
    let filed = serde_json::to_value(&filed)?;
    let id = filed["id"].as_str().context("no id")?.to_owned();
    line(format!(
        "Ada files \"{subject}\" for the lab; the API shows it as {}",
        filed["type"].as_str().unwrap_or("?")
    ));
    Ok(id)
}

/// Whoever has the open task of a request completes it.
async fn complete(org: &Org, request: &str, value: Option<&str>) -> Result<()> {
    let tasks = org.admin.governance().tasks();
    let mut all = tasks.list().items();
    while let Some(task) = all.try_next().await? {
        let task = serde_json::to_value(&task)?;
        if task["requestId"] != request || task["status"] != "OPEN" {
            continue;
        }
        let id = task["id"].as_str().context("no id")?;
        let who = task["assignees"][0]["externalId"]
            .as_str()
            .context("nobody")?;
        let who = org.admin.users().get(who).await?;
        let who = serde_json::to_value(&who)?;
        let body = TasksResolveRequest {
            value: value.map(str::to_owned),
            ..Default::default()
        };
        tasks.resolve(id).body(&body).await?;
        line(format!(
            "{} completes the task \"{}\": {}",
            who["profile"]["firstName"].as_str().unwrap_or("?"),
            task["label"].as_str().unwrap_or("?"),
            value.unwrap_or("done")
        ));
        return Ok(());
    }
    bail!("the request {request} waits for nobody")
}

/// The last run of a flow, once nothing runs any more.
async fn last_run(org: &Org, flow: &str) -> Result<Value> {
    let runs = org.sandbox.flow_runs().await;
    let found = runs.into_iter().rfind(|run| run["flow"] == flow);
    let found = found.with_context(|| format!("{flow} did not run"))?;
    line(format!(
        "the flow \"{flow}\" ran: {}",
        found["status"].as_str().unwrap_or("?")
    ));
    Ok(found)
}

fn show_mail(org: &Org, address: &str) -> Result<()> {
    let mails = org.sandbox.mail_to(address);
    let mail = mails
        .last()
        .with_context(|| format!("no mail to {address}"))?;
    line(format!(
        "mail to {address}: {}",
        mail["subject"].as_str().unwrap_or("?")
    ));
    for text in mail["body"].as_str().unwrap_or_default().lines() {
        line(format!("  | {text}"));
    }
    Ok(())
}

async fn resolved(org: &Org, request: &str) -> Result<()> {
    let follow = org.admin.governance().requests().follow(request);
    let settled = follow
        .every(Duration::from_millis(50), Duration::from_secs(1))
        .on_change(|change| line(format!("the request is {}", change.state)))
        .await?;
    ensure!(
        settled.is_success(),
        "the request ended as {:?}",
        settled.end
    );
    Ok(())
}

/// The flow mails the assignee, who closes the request.
pub(crate) async fn mail(org: &Org) -> Result<()> {
    step("First story: the flow mails whoever hands badges out");
    let task = json!({ "type": "TASK", "label": "Hand the badge out" });
    let kind = define(
        org,
        &definition("Badge access", &[run("Badge: mail"), task]),
    )?;
    let shown = org.admin.governance().request_types().get(&kind.id).await?;
    let shown = serde_json::to_value(&shown)?;
    line(format!(
        "an admin makes the request type in the console; the API shows its settings as {}",
        shown["approvalSettings"]["type"].as_str().unwrap_or("?")
    ));
    let wrong = ask(org, &kind, "Badge for the lab", "Atlantis");
    let refused = wrong.build_with(&kind.fields).err();
    line(refused.context("Atlantis has badges")?);
    let request = file(org, &kind, "Badge for the lab", None).await?;
    show_mail(org, "max@example.com")?;
    complete(org, &request, Some("APPROVED")).await?;
    let ran = last_run(org, "Badge: mail").await?;
    ensure!(ran["status"] == "SUCCEEDED", "{}", ran["error"]);
    let mails = org.sandbox.mail_to("finn@example.com");
    ensure!(
        mails
            .iter()
            .any(|mail| mail["subject"] == "A badge for Ada Lovelace"),
        "the flow read Ada and mailed Finn"
    );
    for mail in &mails {
        line(format!(
            "mail to Finn: {}",
            mail["subject"].as_str().unwrap_or("?")
        ));
        for text in mail["body"].as_str().unwrap_or_default().lines() {
            line(format!("  | {text}"));
        }
    }
    complete(org, &request, None).await?;
    resolved(org, &request).await
}

/// The flow calls the badge system, and access ends by itself.
pub(crate) async fn badge(org: &Org) -> Result<()> {
    step("Second story: the flow calls the badge connector, and access ends at the end date");
    let steps = [
        run("Badge: issue"),
        json!({ "type": "TIMER", "until": "endDate" }),
        run("Badge: revoke"),
    ];
    let kind = define(org, &definition("Badge until a date", &steps))?;
    let holders = || badges::with(&org.badges, |system| system.holders.clone());
    // By the org's clock, which the stories move.
    let end = jiff::Timestamp::now() + SignedDuration::from_hours(24 * DAYS);
    let request = file(org, &kind, "Badge for a month", Some(end)).await?;
    complete(org, &request, Some("APPROVED")).await?;
    let ran = last_run(org, "Badge: issue").await?;
    ensure!(ran["status"] == "SUCCEEDED", "{}", ran["error"]);
    line(format!("badge holders: {:?}", holders()));
    ensure!(holders().contains_key("ada@example.com"), "no badge");
    show_mail(org, "ada@example.com")?;
    line(format!("{} days pass by the org's clock", DAYS - 1));
    org.sandbox.advance_clock((DAYS - 1) * 24 * 3600);
    ensure!(holders().contains_key("ada@example.com"), "too early");
    line("two more days pass");
    org.sandbox.advance_clock(2 * 24 * 3600);
    let ran = last_run(org, "Badge: revoke").await?;
    ensure!(ran["status"] == "SUCCEEDED", "{}", ran["error"]);
    line(format!("badge holders: {:?}", holders()));
    ensure!(holders().is_empty(), "the badge still opens doors");
    resolved(org, &request).await
}

/// The flow's own call is refused until a scope is granted, and the connection reauthorized.
pub(crate) async fn scope(org: &Org) -> Result<()> {
    step("Third story: the flow's governance call is refused for want of a scope");
    let name = "Badge: count requests";
    let kind = define(org, &definition("Badge, counted", &[run(name)]))?;
    let again = async |what: &str| -> Result<Value> {
        line(what);
        let request = file(org, &kind, "Badge, counted", None).await?;
        complete(org, &request, Some("APPROVED")).await?;
        last_run(org, name).await
    };
    let refused = again("the connection has okta.users.read only").await?;
    let said = refused["error"].as_str().context("it was not refused")?;
    line(format!("it says: {said}"));
    ensure!(said.contains(flows::REQUESTS), "the scope is not named");

    let doctor = org.doctor().needing([flows::SCOPES[0], flows::REQUESTS]);
    let found = doctor.diagnose().await;
    for check in found.with_status(Status::Fail) {
        line(format!("the doctor: {}", check.finding));
    }
    let app = org.admin.apps().list().filter("name eq \"flow\"").await?;
    let app = serde_json::to_value(app.items.first().context("no Workflows app")?)?;
    let app = app["id"].as_str().context("no id")?.to_owned();
    let grant = OAuth2ScopeConsentGrant {
        issuer: Some(org.admin.org_url().to_owned()),
        scope_id: Some(flows::REQUESTS.to_owned()),
        ..Default::default()
    };
    org.admin.apps().grants(app).create(&grant).await?;
    line(format!(
        "granted to the app \"Okta Workflows OAuth\": {}",
        flows::REQUESTS
    ));

    let still = again("the same again").await?;
    ensure!(
        still["status"] == "FAILED",
        "the old token has the scope already"
    );
    line("the old token keeps its scopes, so it is refused still");
    let found = doctor.diagnose().await;
    let check = found.check(CheckId::Reauthorized).context("no check")?;
    ensure!(check.status == Status::Fail, "{check}");
    line(format!("the doctor: {}", check.finding));

    org.sandbox.advance_clock(60);
    let reauthorized = org.sandbox.console(&ConsoleStep::Reauthorize);
    reauthorized.map_err(anyhow::Error::msg)?;
    line("a person reauthorizes the connection in the Workflows console");
    let works = again("once more").await?;
    ensure!(works["status"] == "SUCCEEDED", "{}", works["error"]);
    line(format!(
        "it counts {} requests",
        works["output"]["requests"]
    ));
    let healthy = doctor.diagnose().await;
    ensure!(healthy.exit_status() == 0, "{healthy}");
    Ok(())
}
