//! What people do in the consoles, and no API does.

use serde_json::{Value, json};

use super::{connection, furnish, rights, set, teams};
use crate::org::Org;

/// One thing that a person does in a console of Okta.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsoleStep {
    /// Identity Governance is licensed: its apps come, and with them the one of Access Requests.
    LicenseGovernance,
    /// Access Requests is activated: the app "Okta Access Requests OAuth" comes.
    ActivateAccessRequests,
    /// Workflows is opened for the first time: its apps come.
    OpenWorkflows,
    /// "Run a workflow" on the Okta connection of Access Requests.
    RunWorkflows(bool),
    /// The Okta connection of Workflows is authorized, or authorized anew.
    Reauthorize,
    /// A team of Access Requests is made, of these users.
    CreateTeam(String, Vec<String>),
    /// Access Requests takes users, groups, apps and flows over now.
    Sync,
}

impl ConsoleStep {
    pub(super) fn from_json(step: &Value) -> Result<Self, String> {
        Ok(match step["step"].as_str().unwrap_or_default() {
            "license-governance" => Self::LicenseGovernance,
            "activate-access-requests" => Self::ActivateAccessRequests,
            "open-workflows" => Self::OpenWorkflows,
            "run-workflows" => Self::RunWorkflows(step["on"] != false),
            "reauthorize" => Self::Reauthorize,
            "create-team" => {
                let members = step["members"].as_array().into_iter().flatten();
                let members = members.filter_map(|id| id.as_str().map(str::to_owned));
                let name = step["name"].as_str().unwrap_or("Team");
                Self::CreateTeam(name.to_owned(), members.collect())
            }
            "sync" => Self::Sync,
            other => {
                return Err(format!(
                    "`step` is license-governance, activate-access-requests, open-workflows, run-workflows, \
                     reauthorize, create-team or sync, not `{other}`"
                ));
            }
        })
    }

    /// Does it.
    pub(super) fn take(&self, org: &mut Org) -> Result<(), String> {
        match self {
            Self::LicenseGovernance => {
                furnish::add_governance(org);
                furnish::add_access_requests_app(org);
            }
            Self::ActivateAccessRequests => {
                if super::lacks_governance(org) {
                    return Err("the org has no Identity Governance".to_owned());
                }
                furnish::add_access_requests_app(org);
            }
            Self::OpenWorkflows => {
                furnish::add_workflows(org);
            }
            Self::RunWorkflows(on) => set(org, "runWorkflows", json!(on)),
            Self::Reauthorize => {
                if !connection::authorize(org) {
                    return Err("the app \"Okta Workflows OAuth\" is not there".to_owned());
                }
            }
            Self::CreateTeam(name, members) => {
                for member in members {
                    if !org.users.contains(member) {
                        return Err(format!("there is no user {member}"));
                    }
                }
                teams::add(org, name, members);
            }
            Self::Sync => rights::sync_now(org),
        }
        Ok(())
    }
}
