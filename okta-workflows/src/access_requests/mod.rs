//! Why a request type cannot run a delegated flow, and the repair.
//!
//! Access Requests offers a delegated flow only if the features are on, a custom role and a
//! resource set are bound to the Okta Access Requests OAuth app, and the connection allows it; the
//! flow's own calls need scopes on the Okta Workflows OAuth app. [`Doctor`] reads all of that with
//! public calls, says what is wrong and with what evidence, plans the repair and applies it.

mod check;
mod judge;
mod names;
mod plan;
mod survey;

use okta_core::{Client, OperationInfo, Result, Scopes};
use okta_management::{apps, features, iam, logs, oauth2, org};
use serde::Serialize;

pub use check::{Check, CheckId, Diagnosis, Evidence, Repair, Status};
pub use plan::{Plan, Step};

use survey::Survey;

/// Which delegated flows Access Requests may run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flows {
    /// Every delegated flow of the org.
    All,
    /// One; the id as resource sets show it in their ORNs.
    One(String),
}

#[derive(Clone, Debug)]
struct Wanted {
    flows: Flows,
    scopes: Scopes,
    role_label: String,
    set_label: String,
}

/// Finds out why a request type cannot run a delegated flow, and mends it.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_workflows::access_requests::Doctor;
///
/// let doctor = Doctor::new(&client).needing(["okta.governance.accessRequests.read"]);
/// println!("{}", doctor.diagnose().await);
/// println!("{}", doctor.plan().await);
/// let report = doctor.apply().await?;
/// println!("{}", report.after);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Doctor {
    client: Client,
    wanted: Wanted,
}

/// What [`Doctor::apply`] did.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Treatment {
    /// Calls made, in order, each with its request id.
    pub done: Vec<(Step, Option<String>)>,
    /// All checks, made anew afterwards.
    pub after: Diagnosis,
}

impl Doctor {
    /// A doctor for the client's org: all delegated flows, no scopes for the flows' own calls.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            wanted: Wanted {
                flows: Flows::All,
                scopes: Scopes::new(),
                role_label: "Access Requests: run delegated flows".into(),
                set_label: "Access Requests: delegated flows".into(),
            },
        }
    }

    /// Which flows Access Requests may run.
    #[must_use]
    pub fn flows(mut self, flows: Flows) -> Self {
        self.wanted.flows = flows;
        self
    }

    /// Scopes that the calls of the flows' cards need.
    #[must_use]
    pub fn needing(mut self, scopes: impl Into<Scopes>) -> Self {
        self.wanted.scopes = scopes.into();
        self
    }

    /// Labels of the custom role and of the resource set that a repair makes.
    #[must_use]
    pub fn labels(mut self, role: impl Into<String>, resource_set: impl Into<String>) -> Self {
        self.wanted.role_label = role.into();
        self.wanted.set_label = resource_set.into();
        self
    }

    /// Operations that the checks send.
    pub fn looks() -> Vec<&'static OperationInfo> {
        use okta_core::Operation as _;
        vec![
            apps::List::INFO,
            features::List::INFO,
            org::Get::INFO,
            iam::roles::List::INFO,
            iam::resource_sets::List::INFO,
            oauth2::clients::roles::List::INFO,
            apps::grants::List::INFO,
            logs::List::INFO,
            okta_governance::teams::List::INFO,
        ]
    }

    /// Operations that a repair may send.
    pub fn repairs() -> Vec<&'static OperationInfo> {
        use okta_core::Operation as _;
        vec![
            features::SetLifecycle::INFO,
            apps::Activate::INFO,
            iam::roles::Create::INFO,
            iam::resource_sets::Create::INFO,
            oauth2::clients::roles::Create::INFO,
            apps::grants::Create::INFO,
        ]
    }

    /// Looks at everything and changes nothing. What cannot be looked at is a finding, too.
    pub async fn diagnose(&self) -> Diagnosis {
        self.judged(&Survey::of(&self.client).await).await
    }

    /// What [`apply`](Self::apply) would do now.
    pub async fn plan(&self) -> Plan {
        plan::plan(&Survey::of(&self.client).await, &self.wanted)
    }

    /// Makes the calls of the plan, one after the other, and looks again. A second run finds
    /// nothing to do; one after an interruption does the rest. Nothing is removed or replaced.
    ///
    /// # Errors
    /// The first call that fails, with what it was; the calls before it stand.
    pub async fn apply(&self) -> Result<Treatment> {
        let survey = Survey::of(&self.client).await;
        let plan = plan::plan(&survey, &self.wanted);
        let mut done = Vec::new();
        let mut made = plan::Made::default();
        for step in plan.steps {
            let request_id = step
                .run(&self.client, &mut made, &survey, &self.wanted)
                .await?;
            done.push((step, request_id));
        }
        Ok(Treatment {
            done,
            after: self.diagnose().await,
        })
    }

    async fn judged(&self, survey: &Survey) -> Diagnosis {
        let credential = self.credential().await;
        Diagnosis {
            checks: judge::checks(survey, &self.wanted, credential),
        }
    }

    /// Scopes of the acting credential, by its own token.
    async fn credential(&self) -> Check {
        let id = CheckId::Credential;
        let look = Scopes::of(&Self::looks());
        let both: Vec<&'static OperationInfo> = [Self::looks(), Self::repairs()].concat();
        match self
            .client
            .preflight(Scopes::of(&both).without_implied())
            .await
        {
            Ok(report) if report.is_ok() => {
                Check::new(id, Status::Pass, format!("the acting credential: {report}"))
            }
            Ok(report) => {
                let blind = report
                    .missing
                    .iter()
                    .any(|one| look.iter().any(|scope| *scope == one.scope));
                let status = if blind {
                    Status::NotAllowed
                } else {
                    Status::Fail
                };
                let what = if blind {
                    "look at everything"
                } else {
                    "repair everything"
                };
                Check::new(
                    id,
                    status,
                    format!("the acting credential lacks scopes to {what}"),
                )
                .by_person(report.to_string())
            }
            Err(error) => Check::new(id, Status::Unknown, format!("no token: {error}")),
        }
    }
}
