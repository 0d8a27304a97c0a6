//! An org with faults, its doctor, and the people who do what no API does.

use okta_core::Client;
use okta_sandbox::{
    AccessRequestsFault as Fault, AccessRequestsOrg, ConsoleStep, DelegatedFlow, DelegatedRun,
    Sandbox,
};
use okta_workflows::access_requests::{Check, CheckId, Diagnosis, Doctor, Repair, Status};
use serde_json::json;

pub(crate) const SCOPES: [&str; 2] = ["okta.users.read", "okta.governance.accessRequests.read"];

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) doctor: Doctor,
}

/// A flow that asks the org for its access requests, by its Okta connection.
fn flow() -> DelegatedFlow {
    DelegatedFlow::new("Ask", |run: DelegatedRun| async move {
        let token = run.okta_token.clone().ok_or("no connection")?;
        let built = Client::builder()
            .org_url(&run.org_url)
            .bearer(token)
            .build();
        let client = built.map_err(|error| error.to_string())?;
        let list = client.call("GET", "/governance/api/v1/requests");
        let asked = list.await.map_err(|error| error.to_string())?;
        let user = client.call("GET", "/api/v1/users?limit=1");
        user.await.map_err(|error| error.to_string())?;
        Ok(json!({ "status": asked.status().as_u16() }))
    })
}

impl World {
    pub(crate) async fn new(wanted: AccessRequestsOrg) -> Self {
        let sandbox = Sandbox::builder().access_requests(wanted).start().await;
        let sandbox = sandbox.expect("starts");
        sandbox.add_delegated(&flow());
        let client = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            .build()
            .expect("a client");
        let doctor = Doctor::new(&client).needing(SCOPES);
        Self {
            sandbox,
            client,
            doctor,
        }
    }

    pub(crate) async fn with(faults: &[Fault]) -> Self {
        let wanted = faults
            .iter()
            .fold(AccessRequestsOrg::healthy(), |org, fault| org.with(*fault));
        Self::new(wanted).await
    }

    /// Does what the checks ask a person to do.
    pub(crate) fn obey(&self, diagnosis: &Diagnosis) {
        for check in &diagnosis.checks {
            let Some(Repair::Person(_)) = &check.repair else {
                continue;
            };
            let step = match (check.id, check.status) {
                (CheckId::Governance, Status::Fail) => ConsoleStep::LicenseGovernance,
                (CheckId::AccessRequestsApp, Status::Fail) => ConsoleStep::ActivateAccessRequests,
                (CheckId::WorkflowsApp, Status::Fail) => ConsoleStep::OpenWorkflows,
                (CheckId::Reauthorized, Status::Fail) => ConsoleStep::Reauthorize,
                (CheckId::Team, Status::Fail) => {
                    ConsoleStep::CreateTeam("Facilities".into(), Vec::new())
                }
                (CheckId::RunWorkflows, Status::Unknown) => ConsoleStep::RunWorkflows(true),
                (CheckId::Sync, Status::Unknown) => ConsoleStep::Sync,
                _ => continue,
            };
            // People take a while; and a step may have to wait for another one.
            self.sandbox.advance_clock(2);
            let _ = self.sandbox.console(&step);
        }
    }

    /// Lets the doctor repair and people obey, until nothing is left to do; then everything works.
    pub(crate) async fn heal(&self, what: &str) {
        for _ in 0..6 {
            let treated = self.doctor.apply().await;
            let treated = treated.unwrap_or_else(|error| panic!("{what}: {error}"));
            self.obey(&treated.after);
            let (after, plan) = self.doctor.examine().await;
            if plan.is_empty() && after.exit_status() == 0 {
                return self.works(what, &after).await;
            }
        }
        panic!("{what}: never healthy: {}", self.doctor.diagnose().await);
    }

    async fn works(&self, what: &str, diagnosis: &Diagnosis) {
        for check in &diagnosis.checks {
            let open = matches!(
                check.id,
                CheckId::RunWorkflows | CheckId::Sync | CheckId::Lists
            );
            let fine = if open { Status::Unknown } else { Status::Pass };
            assert_eq!(check.status, fine, "{what}: {check}");
        }
        let offered = &self.sandbox.offered_flows()[0];
        assert_eq!(offered["reason"], json!(null), "{what}");
        let begun = self.sandbox.run_delegated("Ask", &json!({}));
        begun.unwrap_or_else(|error| panic!("{what}: {error}"));
        let runs = self.sandbox.flow_runs().await;
        let run = runs.last().expect("a run");
        assert_eq!(run["status"], "SUCCEEDED", "{what}: {run}");
        assert_eq!(self.writes_of_another_apply().await, 0, "{what}");
    }

    /// How much an apply writes.
    pub(crate) async fn writes_of_another_apply(&self) -> usize {
        self.sandbox.clear_requests();
        let done = self.doctor.apply().await.expect("applies").done.len();
        let writes = self.sandbox.requests().into_iter();
        let writes = writes.filter(|entry| entry.method != "GET").count();
        assert_eq!(writes, done);
        writes
    }
}

pub(crate) fn of(diagnosis: &Diagnosis, id: CheckId) -> &Check {
    diagnosis.check(id).expect("the check is made")
}

/// The check that finds a fault, and its status.
pub(crate) fn finding(fault: Fault) -> (CheckId, Status) {
    let id = match fault {
        Fault::NoGovernance => CheckId::Governance,
        Fault::WorkflowsFeatureOff => CheckId::WorkflowsFeature,
        Fault::AppAdminsFeatureOff => CheckId::AppAdminsFeature,
        Fault::AccessRequestsAppAbsent | Fault::AccessRequestsAppInactive => {
            CheckId::AccessRequestsApp
        }
        Fault::RoleMissing | Fault::RoleWithoutRun => CheckId::Role,
        Fault::ResourceSetMissing | Fault::ResourceSetWithoutFlow => CheckId::ResourceSet,
        Fault::BindingMissing | Fault::BoundToAPerson => CheckId::Binding,
        Fault::RunWorkflowsOff => return (CheckId::RunWorkflows, Status::Unknown),
        Fault::WorkflowsAppAbsent | Fault::WorkflowsAppInactive => CheckId::WorkflowsApp,
        Fault::ScopesNotGranted => CheckId::WorkflowsScopes,
        Fault::NotReauthorized => CheckId::Reauthorized,
        Fault::NoTeam => CheckId::Team,
        Fault::NotSynced => return (CheckId::Sync, Status::Unknown),
        other => panic!("no check finds {other:?}"),
    };
    (id, Status::Fail)
}
