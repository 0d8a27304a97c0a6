//! From what was read to what is wrong: no IO here.

use jiff::SignedDuration;
use okta_core::{Scope, Scopes};

use super::check::{Check, CheckId, Evidence, Status};
use super::names::{self, same};
use super::survey::{App, Blocked, Seen, Set, Survey};
use super::{Flows, Wanted};

pub(super) fn find_app<'a>(apps: &'a [App], label: &str, name: Option<&str>) -> Option<&'a App> {
    let by_label = apps.iter().find(|app| same(&app.label, label));
    by_label.or_else(|| apps.iter().find(|app| Some(&*app.name) == name))
}

/// What there is of the custom role, the resource set and their binding.
pub(super) struct Right<'a> {
    pub(super) app: Option<&'a App>,
    pub(super) role: Option<String>,
    pub(super) set: Option<String>,
    pub(super) bound: bool,
}

pub(super) fn access_requests_app(survey: &Survey) -> Option<&App> {
    let apps = survey.apps.value.as_ref().ok()?;
    find_app(apps, names::ACCESS_REQUESTS_APP, None)
}

pub(super) fn workflows_app(survey: &Survey) -> Option<&App> {
    let apps = survey.apps.value.as_ref().ok()?;
    find_app(apps, names::WORKFLOWS_APP, Some(names::WORKFLOWS_APP_NAME))
}

pub(super) fn may_run(permissions: &[String]) -> bool {
    permissions.iter().any(|one| names::RUN.contains(&&**one))
}

fn only_flows(permissions: &[String]) -> bool {
    permissions
        .iter()
        .all(|one| names::RUN.contains(&&**one) || names::VIEW.contains(&&**one))
}

/// The ORNs of which one must be in the set.
pub(super) fn wanted_orns(survey: &Survey, wanted: &Wanted) -> Vec<String> {
    let Ok(org_id) = &survey.org_id.value else {
        return Vec::new();
    };
    let all = names::all_flows(&survey.org_url, org_id);
    match &wanted.flows {
        Flows::All => vec![all],
        // A set with all flows holds this one, too.
        Flows::One(id) => vec![names::one_flow(&survey.org_url, org_id, id), all],
    }
}

fn holds_flows(set: &Set, orns: &[String]) -> bool {
    set.orns.iter().any(|orn| orns.contains(orn))
}

/// Looks for a complete right first; else for the parts that can be bound without giving the app
/// more than flows.
pub(super) fn right<'a>(survey: &'a Survey, wanted: &Wanted) -> Right<'a> {
    let app = access_requests_app(survey);
    let orns = wanted_orns(survey, wanted);
    let roles = survey.roles.value.as_deref().unwrap_or_default();
    let sets = survey.sets.value.as_deref().unwrap_or_default();
    let bindings = survey
        .bindings
        .as_ref()
        .and_then(|seen| seen.value.as_deref().ok())
        .unwrap_or_default();
    for binding in bindings {
        let role = roles
            .iter()
            .find(|role| role.id == binding.role || role.label == binding.role);
        let set = sets
            .iter()
            .find(|set| set.id == binding.set || set.label == binding.set);
        if let (Some(role), Some(set)) = (role, set)
            && may_run(&role.permissions)
            && holds_flows(set, &orns)
        {
            return Right {
                app,
                role: Some(role.id.clone()),
                set: Some(set.id.clone()),
                bound: true,
            };
        }
    }
    let role = roles
        .iter()
        .find(|role| may_run(&role.permissions) && only_flows(&role.permissions));
    let set = sets
        .iter()
        .find(|set| holds_flows(set, &orns) && set.orns.iter().all(|orn| orns.contains(orn)));
    Right {
        app,
        role: role.map(|role| role.id.clone()),
        set: set.map(|set| set.id.clone()),
        bound: false,
    }
}

/// Scopes that the Workflows app lacks.
pub(super) fn missing_scopes(survey: &Survey, wanted: &Wanted) -> Option<Scopes> {
    let grants = survey.grants.as_ref()?.value.as_ref().ok()?;
    let granted: Scopes = grants
        .iter()
        .map(|grant| Scope::from(grant.scope.clone()))
        .collect();
    Some(wanted.scopes.missing_from(&granted))
}

pub(super) fn checks(survey: &Survey, wanted: &Wanted, credential: Check) -> Vec<Check> {
    let mut checks = vec![
        credential,
        governance(survey),
        feature(survey, CheckId::WorkflowsFeature, names::WORKFLOWS_FEATURE),
        feature(survey, CheckId::AppAdminsFeature, names::APP_ADMINS_FEATURE),
        app(survey, CheckId::AccessRequestsApp),
    ];
    checks.extend(rights(survey, wanted));
    checks.push(
        Check::new(
            CheckId::RunWorkflows,
            Status::Unknown,
            "\"Run Workflows\" on the Okta connection of Access Requests: no API tells",
        )
        .by_person(
            "Access Requests console > Settings > Integrations > Okta > Edit connection: turn on \"Run a workflow\"; \
             then Run a workflow stands among a request type's actions",
        ),
    );
    checks.push(app(survey, CheckId::WorkflowsApp));
    checks.push(scopes(survey, wanted));
    checks.push(reauthorized(survey, wanted));
    checks.push(team(survey));
    checks.push(
        Check::new(
            CheckId::Lists,
            Status::Unknown,
            "resource lists and configuration lists: no API tells",
        )
        .by_person(
            "Access Requests console > Settings > Resources and Configuration lists: only where a field of the request \
             type chooses from such a list, it must be there and synced",
        ),
    );
    checks.push(
        Check::new(
            CheckId::Sync,
            Status::Unknown,
            "Access Requests takes over flows, apps and groups within 24 hours, or on demand",
        )
        .by_person(
            "Access Requests console > Settings > Integrations > Okta: sync now; then the flow, which must be switched on in \
             the Workflows console, is offered in the request type",
        ),
    );
    checks
}

/// What the acting credential may do as an admin, in words; what it surely may not, if anything.
pub(super) fn admin(survey: &Survey) -> (Option<Evidence>, Option<String>) {
    let Some(seen) = &survey.own_roles else {
        return (None, None);
    };
    let Ok(kinds) = &seen.value else {
        return (
            Some(seen.evidence("its own admin roles could not be read")),
            None,
        );
    };
    let evidence = seen.evidence(match kinds.is_empty() {
        true => "no admin role".to_owned(),
        false => kinds.join(", "),
    });
    let lacks = (!kinds.iter().any(|kind| kind == "SUPER_ADMIN")).then(|| {
        "the acting credential is no super admin: only that role may grant Okta scopes, make custom roles and give \
         roles to apps; give it to the app with POST /oauth2/v1/clients/{clientId}/roles {\"type\":\"SUPER_ADMIN\"}, \
         or use the token of a super admin"
            .to_owned()
    });
    (Some(evidence), lacks)
}

/// A check that could not be made.
fn blocked<T>(id: CheckId, what: &str, seen: &Seen<T>) -> Option<Check> {
    let (status, reason) = match seen.value.as_ref().err()? {
        Blocked::NotAllowed(reason) => (Status::NotAllowed, reason),
        Blocked::Failed(reason) => (Status::Unknown, reason),
    };
    let finding = format!("{what}: could not be read");
    Some(Check::new(id, status, finding).with(seen.evidence(reason.clone())))
}

fn governance(survey: &Survey) -> Check {
    let id = CheckId::Governance;
    if let Some(check) = blocked(id, "Identity Governance", &survey.apps) {
        return check;
    }
    let apps = survey.apps.value.as_deref().unwrap_or_default();
    let found: Vec<&str> = apps
        .iter()
        .filter(|app| names::GOVERNANCE_APPS.contains(&&*app.name))
        .map(|app| &*app.name)
        .collect();
    if found.is_empty() {
        Check::new(id, Status::Fail, "the org has no Identity Governance: none of its apps is there")
            .with(survey.apps.evidence(format!("{} apps, none of governance", apps.len())))
            .by_person("Identity Governance is licensed by your Okta account team; its apps appear once it is on")
    } else {
        Check::new(id, Status::Pass, "the org has Identity Governance")
            .with(survey.apps.evidence(found.join(", ")))
    }
}

fn feature(survey: &Survey, id: CheckId, name: &str) -> Check {
    if let Some(check) = blocked(id, name, &survey.features) {
        return check;
    }
    let features = survey.features.value.as_deref().unwrap_or_default();
    match features.iter().find(|feature| same(&feature.name, name)) {
        Some(feature) if feature.enabled => {
            Check::new(id, Status::Pass, format!("feature \"{name}\" is on"))
                .with(survey.features.evidence(feature.id.clone()))
        }
        Some(feature) => Check::new(id, Status::Fail, format!("feature \"{name}\" is off"))
            .with(survey.features.evidence(feature.id.clone()))
            .by_calls(),
        None => Check::new(
            id,
            Status::Unknown,
            format!("feature \"{name}\" is not among this org's self-service features"),
        )
        .with(survey.features.evidence(format!("{} features", features.len())))
        .by_person("a feature that became generally available is no longer listed; if Access Requests does not offer flows, ask Okta Support to turn it on"),
    }
}

fn app(survey: &Survey, id: CheckId) -> Check {
    let (label, found) = match id {
        CheckId::AccessRequestsApp => (names::ACCESS_REQUESTS_APP, access_requests_app(survey)),
        _ => (names::WORKFLOWS_APP, workflows_app(survey)),
    };
    if let Some(check) = blocked(id, label, &survey.apps) {
        return check;
    }
    match found {
        Some(app) if app.active => Check::new(id, Status::Pass, format!("app \"{label}\" is active"))
            .with(survey.apps.evidence(app.id.clone())),
        Some(app) => Check::new(id, Status::Fail, format!("app \"{label}\" is not active"))
            .with(survey.apps.evidence(app.id.clone()))
            .by_calls(),
        None => Check::new(id, Status::Fail, format!("app \"{label}\" is not there"))
            .with(survey.apps.evidence("no app of this label"))
            .by_person(match id {
                CheckId::AccessRequestsApp => {
                    "Okta makes this app when Access Requests is activated for the org; it cannot be made by API. \
                     Have Identity Governance's Access Requests activated, then come back: role, resource set and binding wait for it"
                }
                _ => {
                    "Okta makes this app when Workflows is activated for the org; it cannot be made by API. \
                     Open Workflows once from the Admin Console, or ask your Okta account team"
                }
            }),
    }
}

fn rights(survey: &Survey, wanted: &Wanted) -> Vec<Check> {
    let right = right(survey, wanted);
    let role = blocked(CheckId::Role, "custom roles", &survey.roles).unwrap_or_else(|| {
        let seen = |found: &str| survey.roles.evidence(found);
        match &right.role {
            Some(id) => {
                Check::new(CheckId::Role, Status::Pass, role_finding(survey, id)).with(seen(id))
            }
            None => Check::new(
                CheckId::Role,
                Status::Fail,
                "no custom role for running delegated flows alone",
            )
            .with(seen(
                "none with okta.workflows.invoke, or okta.workflows.flows.invoke",
            ))
            .by_calls(),
        }
    });
    let set = blocked(CheckId::ResourceSet, "resource sets", &survey.sets)
        .or_else(|| blocked(CheckId::ResourceSet, "the org's id", &survey.org_id))
        .unwrap_or_else(|| {
            let orns = wanted_orns(survey, wanted);
            match &right.set {
                Some(id) => Check::new(
                    CheckId::ResourceSet,
                    Status::Pass,
                    "a resource set holds the delegated flows",
                )
                .with(survey.sets.evidence(id.clone())),
                None => Check::new(
                    CheckId::ResourceSet,
                    Status::Fail,
                    "no resource set holds the delegated flows alone",
                )
                .with(
                    survey
                        .sets
                        .evidence(format!("none with {}", orns.first().map_or("", |orn| orn))),
                )
                .by_calls(),
            }
        });
    let id = CheckId::Binding;
    let binding = match (&survey.bindings, right.app) {
        (Some(seen), Some(app)) => blocked(id, "roles of the app", seen).unwrap_or_else(|| {
            let found = seen.value.as_deref().unwrap_or_default();
            let evidence = seen.evidence(format!("{} custom roles of client {}", found.len(), app.client_id));
            match right.bound {
                true => Check::new(id, Status::Pass, "role and resource set are bound to the app").with(evidence),
                false => Check::new(
                    id,
                    Status::Fail,
                    "role and resource set are not bound to the app; your own admin roles do not count",
                )
                .with(evidence)
                .by_calls(),
            }
        }),
        _ => missing_app(survey, id),
    };
    vec![role, set, binding]
}

/// Names of before Workflows had roles of its own still count; where it has, a role shows both.
fn role_finding(survey: &Survey, id: &str) -> String {
    let roles = survey.roles.value.as_deref().unwrap_or_default();
    let role = roles.iter().find(|role| role.id == id);
    let has = |name: &str| role.is_some_and(|role| role.permissions.iter().any(|one| one == name));
    let [old, new] = names::RUN;
    let label = role.map_or(id, |role| &role.label);
    if has(new) {
        format!("custom role \"{label}\" may see and run delegated flows")
    } else {
        format!(
            "custom role \"{label}\" may see and run delegated flows, by the name {old}; {new} replaces it where \
             Workflows has roles of its own"
        )
    }
}

fn missing_app(survey: &Survey, id: CheckId) -> Check {
    blocked(id, "the app", &survey.apps)
        .unwrap_or_else(|| Check::new(id, Status::Fail, "waits for the app, which is not there"))
}

fn scopes(survey: &Survey, wanted: &Wanted) -> Check {
    let id = CheckId::WorkflowsScopes;
    let Some(seen) = &survey.grants else {
        return missing_app(survey, id);
    };
    if let Some(check) = blocked(id, "scopes of the Okta Workflows OAuth app", seen) {
        return check;
    }
    let count = seen.value.as_ref().map_or(0, Vec::len);
    let evidence: Evidence = seen.evidence(format!("{count} scopes granted"));
    match missing_scopes(survey, wanted) {
        Some(missing) if !missing.is_empty() => Check::new(
            id,
            Status::Fail,
            format!("the Okta Workflows OAuth app lacks {missing}: calls of its flows are refused with insufficient_scope"),
        )
        .with(evidence)
        .by_calls(),
        _ => Check::new(id, Status::Pass, "the Okta Workflows OAuth app has the scopes that the flow needs").with(evidence),
    }
}

fn reauthorized(survey: &Survey, wanted: &Wanted) -> Check {
    let id = CheckId::Reauthorized;
    let step = "Workflows console > Connections > the Okta connection > Reauthorize: a token keeps the scopes it was issued with";
    let Some(grants) = survey
        .grants
        .as_ref()
        .and_then(|seen| seen.value.as_ref().ok())
    else {
        return missing_app(survey, id);
    };
    if missing_scopes(survey, wanted).is_some_and(|missing| !missing.is_empty()) {
        return Check::new(
            id,
            Status::Fail,
            "reauthorize the connection once the scopes are granted",
        )
        .by_person(step);
    }
    let newest = grants
        .iter()
        .filter(|grant| {
            let scope = Scope::from(grant.scope.clone());
            wanted.scopes.iter().any(|needed| scope.satisfies(needed))
        })
        .filter_map(|grant| grant.created)
        .max();
    let Some(granted) = newest else {
        return Check::new(
            id,
            Status::Pass,
            "the flow needs no scope, so nothing to reauthorize for",
        );
    };
    let seen = &survey.authorized;
    if let Some(check) = blocked(id, "authorizations of the connection", seen) {
        return check.by_person(step);
    }
    match seen.value.as_ref().ok().and_then(Option::as_ref) {
        // Grants are dated to the second: one of the same second may have come later.
        Some(last) if last.at >= granted + SignedDuration::from_secs(1) => Check::new(
            id,
            Status::Pass,
            "the connection was authorized after the grant",
        )
        .with(seen.evidence(format!("{} at {}", last.what, last.at))),
        Some(last) => Check::new(
            id,
            Status::Fail,
            "the connection was not reauthorized since the grant: its token has the scopes of before",
        )
        .with(seen.evidence(format!(
            "{} at {}, granted at {granted}",
            last.what, last.at
        )))
        .by_person(step),
        None if granted >= survey.log_begins => Check::new(
            id,
            Status::Fail,
            "nobody authorized a connection since the grant",
        )
        .with(seen.evidence(format!("none; granted at {granted}")))
        .by_person(step),
        None => Check::new(
            id,
            Status::Unknown,
            "the grant is older than the System Log, which keeps 90 days",
        )
        .with(seen.evidence(format!("none; granted at {granted}")))
        .by_person(step),
    }
}

fn team(survey: &Survey) -> Check {
    let id = CheckId::Team;
    if let Some(check) = blocked(id, "teams of Access Requests", &survey.teams) {
        return check;
    }
    let count = *survey.teams.value.as_ref().unwrap_or(&0);
    let types = *survey.request_types.value.as_ref().unwrap_or(&0);
    let evidence = survey
        .teams
        .evidence(format!("{count} teams, {types} request types"));
    if count == 0 {
        Check::new(id, Status::Fail, "no team: a request type belongs to one")
            .with(evidence)
            .by_person("Access Requests console > Teams > Create team, with at least one member")
    } else {
        Check::new(id, Status::Pass, "there is a team for request types").with(evidence)
    }
}
