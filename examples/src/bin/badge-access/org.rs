//! The org of the story: people, a badge system, flows; and the doctor's work on it.

use anyhow::{Context as _, Result, bail};
use okta_core::Client;
use okta_core::prelude::*;
use okta_management::prelude::*;
use okta_sandbox::{AccessRequestsOrg, ConsoleStep, Sandbox};
use okta_workflows::access_requests::{CheckId, Diagnosis, Doctor, Status};
use serde_json::{Value, json};

use crate::badges::System;
use crate::flows;
use crate::tell::{line, step};

pub(crate) struct Org {
    pub(crate) sandbox: Sandbox,
    pub(crate) admin: Client,
    pub(crate) badges: System,
    /// Asks for a badge.
    pub(crate) ada: String,
    /// Hands badges out: the team's member.
    finn: String,
    started: jiff::Timestamp,
}

impl Org {
    pub(crate) async fn start() -> Result<Self> {
        step(
            "Start an Okta org in this process, with everything wrong that keeps requests from running flows",
        );
        let started = jiff::Timestamp::now();
        let wanted = AccessRequestsOrg::everything_wrong().flow_scopes(&flows::SCOPES);
        let sandbox = Sandbox::builder().access_requests(wanted).start().await?;
        let admin = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            .build()?;
        line(sandbox.url());
        let person = async |first: &str, last: &str, manager: Option<&str>| -> Result<String> {
            let email = format!("{first}@example.com").to_lowercase();
            let profile = json!({
                "firstName": first, "lastName": last, "login": email, "email": email,
                "managerId": manager,
            });
            let create = admin.call("POST", "/api/v1/users?activate=false");
            let made: Value = create.json(&json!({ "profile": profile })).await?.json()?;
            Ok(made["id"].as_str().context("no id")?.to_owned())
        };
        person("Max", "Planck", None).await?;
        let ada = person("Ada", "Lovelace", Some("max@example.com")).await?;
        let finn = person("Finn", "Doorman", None).await?;
        line("Ada asks for a badge, Max is her manager, Finn hands badges out");

        let badges = System::default();
        let url = flows::serve(&badges).await?;
        flows::check()?;
        for flow in [
            flows::mail(),
            flows::issue(&url),
            flows::revoke(&url),
            flows::count(),
        ] {
            sandbox.add_delegated(&flow);
        }
        line("four delegated flows in Workflows; the Rust struct of their inputs fits their cards");
        let offered = sandbox.offered_flows();
        let reason = offered[0]["reason"].as_str().unwrap_or("none");
        line(format!("request types are offered none of them: {reason}"));
        Ok(Self {
            sandbox,
            admin,
            badges,
            ada,
            finn,
            started,
        })
    }

    pub(crate) fn doctor(&self) -> Doctor {
        Doctor::new(&self.admin).needing(flows::SCOPES)
    }

    /// The doctor repairs what calls repair, people do the rest.
    pub(crate) async fn repair(&self) -> Result<()> {
        step("Call the doctor");
        let (diagnosis, plan) = self.doctor().examine().await;
        line(&diagnosis);
        step("Its plan: the exact calls");
        line(&plan);
        let treated = self.doctor().apply().await?;
        step("Make them");
        for (made, request) in &treated.done {
            let request = request.as_deref().unwrap_or("no id");
            line(format!("done: {} (request {request})", made.what));
        }
        step("What is left to people");
        self.obey(&treated.after)?;
        step("Look again");
        let (after, plan) = self.doctor().examine().await;
        for check in &after.checks {
            line(format!("[{}] {}", check.status, check.finding));
        }
        if after.exit_status() != 0 || !plan.is_empty() {
            bail!("the doctor did not heal the org");
        }
        self.sandbox.clear_requests();
        let again = self.doctor().apply().await?;
        let writes = self.sandbox.requests().into_iter();
        let writes = writes.filter(|entry| entry.method != "GET").count();
        line(format!(
            "applied again: {} calls, {writes} writes",
            again.done.len()
        ));
        let offered = self.sandbox.offered_flows();
        let count = offered
            .iter()
            .filter(|flow| flow["offered"] == true)
            .count();
        line(format!("request types are offered {count} flows"));
        Ok(())
    }

    /// The steps that a person makes in the consoles.
    fn obey(&self, diagnosis: &Diagnosis) -> Result<()> {
        for check in &diagnosis.checks {
            let done = match (check.id, check.status) {
                (CheckId::Team, Status::Fail) => {
                    ConsoleStep::CreateTeam("Facilities".into(), vec![self.finn.clone()])
                }
                (CheckId::RunWorkflows, _) => ConsoleStep::RunWorkflows(true),
                (CheckId::Reauthorized, Status::Fail) => {
                    // Somebody gets there a minute later.
                    self.sandbox.advance_clock(60);
                    ConsoleStep::Reauthorize
                }
                (CheckId::Sync, _) => ConsoleStep::Sync,
                _ => continue,
            };
            self.sandbox.console(&done).map_err(anyhow::Error::msg)?;
            line(format!("a person: {done:?}, for: {}", check.finding));
        }
        Ok(())
    }

    /// What the System Log has of it all.
    pub(crate) async fn show_log(&self) -> Result<()> {
        step("The System Log shows it");
        let wanted = [
            "iam.role.create",
            "iam.resourceset.create",
            "app.oauth2.client.privilege.grant",
            "app.oauth2.admin.consent.grant",
            "workflows.user.connection.reauthorize",
            "access.request.create",
            "access.request.update",
            "workflows.user.delegatedflow.run",
            "access.request.resolve",
        ];
        let filter = wanted.map(|name| format!("eventType eq \"{name}\""));
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 365);
        let mut events = self
            .admin
            .logs()
            .list()
            .filter(filter.join(" or "))
            .until(until.to_string())
            .since(self.started.to_string())
            .items();
        let mut shown = 0;
        while let Some(event) = events.try_next().await? {
            let event = serde_json::to_value(&event)?;
            let name = |pointer: &str| {
                let value = event.pointer(pointer).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            let targets = event["target"].as_array().map_or(&[][..], Vec::as_slice);
            let last = targets
                .last()
                .map_or("", |one| one["displayName"].as_str().unwrap_or_default());
            line(format!(
                "{} {} by {}: {last}",
                name("/outcome/result"),
                name("/eventType"),
                name("/actor/displayName")
            ));
            shown += 1;
        }
        if shown == 0 {
            bail!("the System Log shows nothing");
        }
        Ok(())
    }
}
