//! What can be wrong with an org whose request types shall run delegated flows.

use std::collections::BTreeSet;

use serde_json::Value;

/// One thing that keeps a request type from running a delegated flow, or the flow from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AccessRequestsFault {
    /// The org has no Identity Governance: none of its apps, and its API answers 401.
    NoGovernance,
    /// The feature "Okta Workflows actions in Access Requests" is off.
    WorkflowsFeatureOff,
    /// The feature "Assign admin roles to apps" is off.
    AppAdminsFeatureOff,
    /// The app "Okta Access Requests OAuth" is not there.
    AccessRequestsAppAbsent,
    /// That app is inactive.
    AccessRequestsAppInactive,
    /// There is no custom role that may run flows.
    RoleMissing,
    /// The custom role may see flows, but not run them.
    RoleWithoutRun,
    /// No resource set.
    ResourceSetMissing,
    /// The resource set has groups, and no flow.
    ResourceSetWithoutFlow,
    /// Role and resource set are bound to nobody.
    BindingMissing,
    /// They are bound to a person, not to the app.
    BoundToAPerson,
    /// "Run a workflow" is off on the Okta connection of Access Requests.
    RunWorkflowsOff,
    /// The app "Okta Workflows OAuth" is not there.
    WorkflowsAppAbsent,
    /// That app is inactive.
    WorkflowsAppInactive,
    /// It was not granted what the flow needs.
    ScopesNotGranted,
    /// It was, but after the connection was authorized.
    NotReauthorized,
    /// Access Requests has no team.
    NoTeam,
    /// Access Requests has not taken the flows over yet.
    NotSynced,
}

impl AccessRequestsFault {
    /// Each of them.
    pub const ALL: [Self; 18] = [
        Self::NoGovernance,
        Self::WorkflowsFeatureOff,
        Self::AppAdminsFeatureOff,
        Self::AccessRequestsAppAbsent,
        Self::AccessRequestsAppInactive,
        Self::RoleMissing,
        Self::RoleWithoutRun,
        Self::ResourceSetMissing,
        Self::ResourceSetWithoutFlow,
        Self::BindingMissing,
        Self::BoundToAPerson,
        Self::RunWorkflowsOff,
        Self::WorkflowsAppAbsent,
        Self::WorkflowsAppInactive,
        Self::ScopesNotGranted,
        Self::NotReauthorized,
        Self::NoTeam,
        Self::NotSynced,
    ];

    /// Its name in seeds.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoGovernance => "no-governance",
            Self::WorkflowsFeatureOff => "workflows-feature-off",
            Self::AppAdminsFeatureOff => "app-admins-feature-off",
            Self::AccessRequestsAppAbsent => "access-requests-app-absent",
            Self::AccessRequestsAppInactive => "access-requests-app-inactive",
            Self::RoleMissing => "role-missing",
            Self::RoleWithoutRun => "role-without-run",
            Self::ResourceSetMissing => "resource-set-missing",
            Self::ResourceSetWithoutFlow => "resource-set-without-flow",
            Self::BindingMissing => "binding-missing",
            Self::BoundToAPerson => "bound-to-a-person",
            Self::RunWorkflowsOff => "run-workflows-off",
            Self::WorkflowsAppAbsent => "workflows-app-absent",
            Self::WorkflowsAppInactive => "workflows-app-inactive",
            Self::ScopesNotGranted => "scopes-not-granted",
            Self::NotReauthorized => "not-reauthorized",
            Self::NoTeam => "no-team",
            Self::NotSynced => "not-synced",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// An org with Identity Governance and Workflows, set up for request types that run delegated
/// flows; with faults, if any are asked for.
///
/// Where two faults say different things of one object, absent goes before inactive or incomplete.
#[derive(Clone, Debug, Default)]
pub struct AccessRequestsOrg {
    pub(crate) faults: BTreeSet<AccessRequestsFault>,
    pub(crate) scopes: Vec<String>,
    pub(crate) old_names: bool,
    pub(crate) flow: Option<String>,
}

impl AccessRequestsOrg {
    /// Everything is as it must be.
    #[must_use]
    pub fn healthy() -> Self {
        Self::default()
    }

    /// Everything is wrong that can be without an app being absent.
    #[must_use]
    pub fn everything_wrong() -> Self {
        use AccessRequestsFault as Fault;
        let absent = |fault: &Fault| {
            matches!(
                fault,
                Fault::NoGovernance | Fault::AccessRequestsAppAbsent | Fault::WorkflowsAppAbsent
            )
        };
        let faults = Fault::ALL.into_iter().filter(|fault| !absent(fault));
        Self {
            faults: faults.collect(),
            ..Self::default()
        }
    }

    /// One fault more.
    #[must_use]
    pub fn with(mut self, fault: AccessRequestsFault) -> Self {
        self.faults.insert(fault);
        self
    }

    /// Scopes that the flows' own calls need; `okta.users.read` and
    /// `okta.governance.accessRequests.read` unless told.
    #[must_use]
    pub fn flow_scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// The custom role has the permissions' names of before Workflows had roles of its own.
    #[must_use]
    pub fn old_permission_names(mut self) -> Self {
        self.old_names = true;
        self
    }

    /// The resource set holds this flow only, by its id; all flows unless told.
    #[must_use]
    pub fn only_flow(mut self, id: impl Into<String>) -> Self {
        self.flow = Some(id.into());
        self
    }

    /// Reads `{"faults": ["role-missing"], "scopes": ["okta.users.read"]}`; `faults` may be
    /// `"everything-wrong"`.
    pub(crate) fn from_json(seed: &Value) -> Result<Self, String> {
        let mut org = match &seed["faults"] {
            Value::String(all) if all == "everything-wrong" => Self::everything_wrong(),
            Value::Null => Self::healthy(),
            Value::Array(names) => {
                let faults = names.iter().map(|name| {
                    let name = name.as_str().unwrap_or_default();
                    AccessRequestsFault::named(name)
                        .ok_or_else(|| format!("no fault of Access Requests is named `{name}`"))
                });
                Self {
                    faults: faults.collect::<Result<_, _>>()?,
                    ..Self::default()
                }
            }
            _ => return Err("`faults` is a list of names, or \"everything-wrong\"".to_owned()),
        };
        let scopes = seed["scopes"].as_array().into_iter().flatten();
        org.scopes = scopes
            .filter_map(|scope| scope.as_str().map(str::to_owned))
            .collect();
        org.old_names = seed["oldPermissionNames"] == true;
        org.flow = seed["onlyFlow"].as_str().map(str::to_owned);
        Ok(org)
    }
}
