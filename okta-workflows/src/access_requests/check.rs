//! What a doctor's visit finds.

use std::fmt;

use serde::Serialize;

pub use super::survey::Evidence;

/// What is checked, in order: later ones rest on earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CheckId {
    /// The acting credential has the scopes to look and to repair.
    Credential,
    /// The org has Identity Governance.
    Governance,
    /// The self-service feature that lets request types run workflows is on.
    WorkflowsFeature,
    /// The self-service feature that lets apps have admin roles is on.
    AppAdminsFeature,
    /// The Okta Access Requests OAuth app is there and active.
    AccessRequestsApp,
    /// A custom role may see and run delegated flows.
    Role,
    /// A resource set holds the delegated flows.
    ResourceSet,
    /// Role and set are bound to the Okta Access Requests OAuth app.
    Binding,
    /// "Run Workflows" is ticked on the Okta connection of Access Requests.
    RunWorkflows,
    /// The Okta Workflows OAuth app is there and active.
    WorkflowsApp,
    /// It has the scopes that the flow's cards need.
    WorkflowsScopes,
    /// The Workflows connection was reauthorized after the scopes were granted.
    Reauthorized,
    /// A team that request types belong to.
    Team,
    /// Resource lists and configuration lists that fields of the request type choose from.
    Lists,
    /// Access Requests has taken the flows over.
    Sync,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// As it must be.
    Pass,
    /// Wrong; see the repair.
    Fail,
    /// No API tells.
    Unknown,
    /// The credential may not look.
    NotAllowed,
}

/// How a failed check is mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Repair {
    /// By the calls of the plan.
    Calls,
    /// By a person; the text says where, and what to expect.
    Person(String),
}

/// One check.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Which one.
    pub id: CheckId,
    /// How it ended.
    pub status: Status,
    /// What is so, or not so.
    pub finding: String,
    /// What was read.
    pub evidence: Vec<Evidence>,
    /// How to mend it.
    pub repair: Option<Repair>,
}

impl Check {
    pub(super) fn new(id: CheckId, status: Status, finding: impl Into<String>) -> Self {
        Self {
            id,
            status,
            finding: finding.into(),
            evidence: Vec::new(),
            repair: None,
        }
    }

    pub(super) fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    pub(super) fn by_calls(mut self) -> Self {
        self.repair = Some(Repair::Calls);
        self
    }

    pub(super) fn by_person(mut self, text: impl Into<String>) -> Self {
        self.repair = Some(Repair::Person(text.into()));
        self
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "ok",
            Self::Fail => "WRONG",
            Self::Unknown => "?",
            Self::NotAllowed => "not allowed to look",
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.status, self.finding)?;
        for evidence in &self.evidence {
            write!(f, "\n      {}: {}", evidence.call, evidence.found)?;
            if let Some(id) = &evidence.request_id {
                write!(f, " (request {id})")?;
            }
        }
        match &self.repair {
            Some(Repair::Calls) => f.write_str("\n      repair: by the plan"),
            Some(Repair::Person(text)) => write!(f, "\n      a person's step: {text}"),
            None => Ok(()),
        }
    }
}

/// All checks of one visit; prints as a checklist.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// In order.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// The check of this id.
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// Checks that ended with this status.
    pub fn with_status(&self, status: Status) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.status == status)
    }

    /// 0: nothing is wrong as far as the API tells; 1: something is wrong; 2: the credential could
    /// not look at everything.
    pub fn exit_status(&self) -> u8 {
        if self.with_status(Status::Fail).next().is_some() {
            1
        } else if self.with_status(Status::NotAllowed).next().is_some() {
            2
        } else {
            0
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, check) in self.checks.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{:>2}. {check}", index + 1)?;
        }
        Ok(())
    }
}
