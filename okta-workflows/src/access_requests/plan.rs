//! What the repair does, call by call.

use std::fmt;

use okta_core::Result;
use okta_core::prelude::*;
use okta_management::iam::models::{CreateIamRoleRequest, CreateResourceSetRequest};
use okta_management::prelude::*;
use okta_management::shared::models::{
    CustomRoleAssignmentSchema, OAuth2ScopeConsentGrant, RoleAssignmentRequest,
};
use serde::Serialize;
use serde_json::Value;

use super::judge;
use super::names::{self, same};
use super::survey::Survey;
use super::{CheckId, Wanted};

/// One call of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The check that it mends.
    pub mends: CheckId,
    /// What it does.
    pub what: String,
    /// HTTP method.
    pub method: &'static str,
    /// Path.
    pub path: String,
    /// JSON body; null for none.
    pub body: Value,
    #[serde(skip)]
    action: Action,
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    EnableFeature(String),
    ActivateApp(String),
    CreateRole,
    CreateSet,
    Bind {
        client: String,
        role: String,
        set: String,
    },
    Grant {
        app: String,
        scope: String,
    },
}

/// What a repair does, in order; nothing more.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The calls.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing to do");
        }
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(
                f,
                "{}. {}\n   {} {}",
                index + 1,
                step.what,
                step.method,
                step.path
            )?;
            if !step.body.is_null() {
                write!(f, "\n   {}", step.body)?;
            }
        }
        Ok(())
    }
}

/// Only what is wrong gets a step. Without the Access Requests app there is nothing to bind a role
/// to, so that role and set wait for it.
pub(super) fn plan(survey: &Survey, wanted: &Wanted) -> Plan {
    let mut steps = Vec::new();
    for (mends, name) in [
        (CheckId::WorkflowsFeature, names::WORKFLOWS_FEATURE),
        (CheckId::AppAdminsFeature, names::APP_ADMINS_FEATURE),
    ] {
        let features = survey.features.value.as_deref().unwrap_or_default();
        let off = features
            .iter()
            .find(|feature| same(&feature.name, name) && !feature.enabled);
        if let Some(feature) = off {
            steps.push(Step {
                mends,
                what: format!("turn on the feature \"{}\"", feature.name),
                method: "POST",
                path: format!("/api/v1/features/{}/enable", feature.id),
                body: Value::Null,
                action: Action::EnableFeature(feature.id.clone()),
            });
        }
    }
    for (mends, app) in [
        (
            CheckId::AccessRequestsApp,
            judge::access_requests_app(survey),
        ),
        (CheckId::WorkflowsApp, judge::workflows_app(survey)),
    ] {
        if let Some(app) = app.filter(|app| !app.active) {
            steps.push(Step {
                mends,
                what: format!("activate the app \"{}\"", app.label),
                method: "POST",
                path: format!("/api/v1/apps/{}/lifecycle/activate", app.id),
                body: Value::Null,
                action: Action::ActivateApp(app.id.clone()),
            });
        }
    }
    rights(survey, wanted, &mut steps);
    if let (Some(app), Some(missing)) = (
        judge::workflows_app(survey),
        judge::missing_scopes(survey, wanted),
    ) {
        for scope in missing.iter() {
            steps.push(Step {
                mends: CheckId::WorkflowsScopes,
                what: format!("grant {scope} to the app \"{}\"", app.label),
                method: "POST",
                path: format!("/api/v1/apps/{}/grants", app.id),
                body: serde_json::json!({"issuer": survey.org_url, "scopeId": scope.as_str()}),
                action: Action::Grant {
                    app: app.id.clone(),
                    scope: scope.as_str().to_owned(),
                },
            });
        }
    }
    Plan { steps }
}

fn rights(survey: &Survey, wanted: &Wanted, steps: &mut Vec<Step>) {
    let right = judge::right(survey, wanted);
    // What could not be read is not repaired: the role may well be there.
    let known = survey.roles.value.is_ok()
        && survey.sets.value.is_ok()
        && survey.org_id.value.is_ok()
        && survey
            .bindings
            .as_ref()
            .is_some_and(|seen| seen.value.is_ok());
    let Some(app) = right.app.filter(|_| known && !right.bound) else {
        return;
    };
    if right.role.is_none() {
        steps.push(Step {
            mends: CheckId::Role,
            what: format!("create the custom role \"{}\"", role_label(survey, wanted)),
            method: "POST",
            path: "/api/v1/iam/roles".into(),
            body: json(&role(survey, wanted)),
            action: Action::CreateRole,
        });
    }
    if right.set.is_none() {
        steps.push(Step {
            mends: CheckId::ResourceSet,
            what: format!("create the resource set \"{}\"", set_label(survey, wanted)),
            method: "POST",
            path: "/api/v1/iam/resource-sets".into(),
            body: json(&set(survey, wanted)),
            action: Action::CreateSet,
        });
    }
    // Labels stand for what the steps before have made.
    let role = right.role.unwrap_or_else(|| role_label(survey, wanted));
    let set = right.set.unwrap_or_else(|| set_label(survey, wanted));
    steps.push(Step {
        mends: CheckId::Binding,
        what: format!("bind role and resource set to the app \"{}\"", app.label),
        method: "POST",
        path: format!("/oauth2/v1/clients/{}/roles", app.client_id),
        body: serde_json::json!({"type": "CUSTOM", "role": role, "resource-set": set}),
        action: Action::Bind {
            client: app.client_id.clone(),
            role,
            set,
        },
    });
}

/// A label that nothing has yet: what has it is not what is wanted, and others may rest on it.
fn free<'a>(wanted: &str, taken: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut label = wanted.to_owned();
    let mut number = 2;
    while taken.clone().any(|one| same(one, &label)) {
        label = format!("{wanted} ({number})");
        number += 1;
    }
    label
}

fn role_label(survey: &Survey, wanted: &Wanted) -> String {
    let roles = survey.roles.value.as_deref().unwrap_or_default();
    free(&wanted.role_label, roles.iter().map(|role| &*role.label))
}

fn set_label(survey: &Survey, wanted: &Wanted) -> String {
    let sets = survey.sets.value.as_deref().unwrap_or_default();
    free(&wanted.set_label, sets.iter().map(|set| &*set.label))
}

/// Old names where the org knows them, new ones where its roles show those.
fn role(survey: &Survey, wanted: &Wanted) -> CreateIamRoleRequest {
    let roles = survey.roles.value.as_deref().unwrap_or_default();
    let knows = |name: &str| {
        roles
            .iter()
            .any(|role| role.permissions.iter().any(|one| one == name))
    };
    let new = names::RUN[1];
    let index = usize::from(knows(new) && !knows(names::RUN[0]));
    CreateIamRoleRequest {
        label: Some(role_label(survey, wanted)),
        description: Some("See and run delegated flows".into()),
        permissions: Some(vec![names::VIEW[index].into(), names::RUN[index].into()]),
        ..Default::default()
    }
}

fn set(survey: &Survey, wanted: &Wanted) -> CreateResourceSetRequest {
    CreateResourceSetRequest {
        label: Some(set_label(survey, wanted)),
        description: Some("Delegated flows that Access Requests may run".into()),
        resources: Some(
            judge::wanted_orns(survey, wanted)
                .into_iter()
                .take(1)
                .collect(),
        ),
        ..Default::default()
    }
}

fn json(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or(Value::Null)
}

impl Step {
    /// Makes the call.
    pub(super) async fn run(
        &self,
        client: &Client,
        made: &mut Made,
        survey: &Survey,
        wanted: &Wanted,
    ) -> Result<Option<String>> {
        match &self.action {
            Action::EnableFeature(id) => {
                let enable = client.features().set_lifecycle(id.clone(), "enable");
                enable.send().await.map(|answer| answer.request_id())
            }
            Action::ActivateApp(id) => client
                .apps()
                .activate(id.clone())
                .send()
                .await
                .map(|answer| answer.request_id()),
            Action::CreateRole => client
                .iam()
                .roles()
                .create(&role(survey, wanted))
                .send()
                .await
                .map(|answer| {
                    let id = answer.request_id();
                    made.role = answer.into_value().id;
                    id
                }),
            Action::CreateSet => client
                .iam()
                .resource_sets()
                .create(&set(survey, wanted))
                .send()
                .await
                .map(|answer| {
                    let id = answer.request_id();
                    made.set = answer.into_value().id;
                    id
                }),
            Action::Bind {
                client: client_id,
                role,
                set,
            } => {
                let body = RoleAssignmentRequest::from(CustomRoleAssignmentSchema {
                    role: Some(made.role.clone().unwrap_or_else(|| role.clone())),
                    resource_set: Some(made.set.clone().unwrap_or_else(|| set.clone())),
                    ..Default::default()
                });
                let bind = client
                    .oauth2()
                    .clients()
                    .roles(client_id.clone())
                    .create(&body);
                bind.send().await.map(|answer| answer.request_id())
            }
            Action::Grant { app, scope } => {
                let body = OAuth2ScopeConsentGrant {
                    issuer: Some(client.org_url().to_owned()),
                    scope_id: Some(scope.clone()),
                    ..Default::default()
                };
                let grant = client.apps().grants(app.clone()).create(&body);
                grant.send().await.map(|answer| answer.request_id())
            }
        }
    }
}

/// Ids of what this run has made.
#[derive(Debug, Default)]
pub(super) struct Made {
    role: Option<String>,
    set: Option<String>,
}
