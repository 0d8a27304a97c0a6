//! Why a request type cannot run a delegated flow, and the repair.
//!
//! Access Requests offers a delegated flow only if the features are on, a custom role and a
//! resource set are bound to the Okta Access Requests OAuth app, and the connection allows it; the
//! flow's own calls need scopes on the Okta Workflows OAuth app. [`Doctor`] reads all of that with
//! public calls, says what is wrong and with what evidence, plans the repair and applies it.

mod apply;
mod check;
mod inputs;
mod judge;
mod names;
mod plan;
mod refusal;
mod survey;

use okta_core::{Client, OperationInfo, Scopes};
use okta_management::{apps, features, iam, logs, oauth2, org};

pub use apply::{Interrupted, Treatment};
pub use check::{Check, CheckId, Diagnosis, Evidence, Repair, Status};
pub use inputs::{FlowInputs, InputProblem, InputType, WrongInputs};
pub use plan::{Plan, Step};
pub use refusal::Refusal;

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
/// # async fn f(client: okta_core::Client) -> Result<(), Box<dyn std::error::Error>> {
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
            iam::roles::permissions::List::INFO,
            iam::resource_sets::List::INFO,
            iam::resource_sets::resources::List::INFO,
            oauth2::clients::roles::List::INFO,
            apps::grants::List::INFO,
            logs::List::INFO,
            okta_governance::teams::List::INFO,
            okta_governance::request_types::List::INFO,
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

    /// Findings and plan of one look at the org.
    pub async fn examine(&self) -> (Diagnosis, Plan) {
        let survey = Survey::of(&self.client).await;
        let plan = plan::plan(&survey, &self.wanted);
        (self.judged(&survey).await, plan)
    }

    async fn judged(&self, survey: &Survey) -> Diagnosis {
        let credential = self.credential(survey).await;
        Diagnosis {
            checks: judge::checks(survey, &self.wanted, credential),
        }
    }

    /// Scopes of the acting credential by its own token, and its admin roles.
    async fn credential(&self, survey: &Survey) -> Check {
        let id = CheckId::Credential;
        let look = Scopes::of(&Self::looks());
        let repair = Scopes::of(&Self::repairs());
        // Scopes to read as well as those that imply them: an app may have been granted the former only.
        let both: Scopes = look.iter().chain(repair.iter()).cloned().collect();
        let report = match self.client.preflight(both.clone()).await {
            Ok(report) => report,
            Err(error) => {
                let finding = format!("no token: {error}");
                return Check::new(id, Status::NotAllowed, finding).by_person(
                    "give the doctor a credential of this org: OKTA_CLIENT_ORGURL with OKTA_CLIENT_TOKEN, or with a \
                     service app's client id and private key",
                );
            }
        };
        let (evidence, lacks_role) = judge::admin(survey);
        let check = match report.granted.as_ref().filter(|_| !report.is_ok()) {
            Some(granted) => {
                let missing = both.missing_from(granted).without_implied();
                let (status, what) = match look.missing_from(granted).is_empty() {
                    true => (Status::Fail, "repair everything"),
                    false => (Status::NotAllowed, "look at everything"),
                };
                let finding = format!("the acting credential lacks {missing} to {what}");
                Check::new(id, status, finding).by_person(report.to_string())
            }
            None => match lacks_role {
                Some(text) => Check::new(
                    id,
                    Status::Fail,
                    "the acting credential lacks admin permissions to repair everything",
                )
                .by_person(text),
                None => Check::new(id, Status::Pass, format!("the acting credential: {report}")),
            },
        };
        match evidence {
            Some(evidence) => check.with(evidence),
            None => check,
        }
    }
}
