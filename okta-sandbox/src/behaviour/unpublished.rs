//! Calls that no specification lists, but that widely used clients make.

use serde_json::{Value, json};

use super::{factors, sessions};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::table::Operation;

macro_rules! operation {
    ($id:literal, $method:literal, $path:literal, $scope:literal) => {
        Operation {
            id: $id,
            method: $method,
            path: $path,
            api: "management",
            scopes: &[$scope],
            public: false,
            paged: false,
            success: 200,
            identity_engine: false,
        }
    };
}

static OPERATIONS: [(Operation, Handler); 7] = [
    (
        operation!(
            "unpublishedGETAppIdToken",
            "GET",
            "/api/v1/internal/apps/{appId}/settings/oauth/idToken",
            "okta.apps.read"
        ),
        issuer,
    ),
    (
        operation!(
            "unpublishedPOSTAppIdToken",
            "POST",
            "/api/v1/internal/apps/{appId}/settings/oauth/idToken",
            "okta.apps.manage"
        ),
        set_issuer,
    ),
    (
        operation!(
            "unpublishedCreateSession",
            "POST",
            "/api/v1/sessions",
            "okta.sessions.manage"
        ),
        sessions::create,
    ),
    (
        operation!(
            "unpublishedGetOrgFactor",
            "GET",
            "/api/v1/org/factors/{factor}",
            "okta.orgs.read"
        ),
        factors::get_org_factor,
    ),
    (
        operation!(
            "unpublishedActivateOrgFactor",
            "POST",
            "/api/v1/org/factors/{factor}/lifecycle/activate",
            "okta.orgs.manage"
        ),
        factors::activate_org_factor,
    ),
    (
        operation!(
            "unpublishedDeactivateOrgFactor",
            "POST",
            "/api/v1/org/factors/{factor}/lifecycle/deactivate",
            "okta.orgs.manage"
        ),
        factors::deactivate_org_factor,
    ),
    (
        operation!(
            "unpublishedReplaceFactor",
            "PUT",
            "/api/v1/users/{userId}/factors/{factorId}",
            "okta.users.manage"
        ),
        factors::replace,
    ),
];

/// The parameters of a path that fits a template.
fn fits(template: &str, segments: &[String]) -> Option<Vec<String>> {
    let parts: Vec<&str> = template.split('/').skip(1).collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (part, segment) in parts.iter().zip(segments) {
        if part.starts_with('{') {
            parameters.push(segment.clone());
        } else if part != segment {
            return None;
        }
    }
    Some(parameters)
}

/// The operation, its parameters and its behaviour, if a request is one of these.
pub(crate) fn route(request: &Request) -> Option<(&'static Operation, Vec<String>, Handler)> {
    OPERATIONS.iter().find_map(|(operation, handler)| {
        let parameters = fits(operation.path, &request.segments)?;
        (operation.method == request.method).then_some((operation, parameters, *handler))
    })
}

/// True if another method of the path is one of these.
pub(crate) fn knows(request: &Request) -> bool {
    let mut paths = OPERATIONS.iter().map(|(operation, _)| operation.path);
    paths.any(|path| fits(path, &request.segments).is_some())
}

const MODES: &str = "/api/v1/internal/apps/idToken";

fn app(call: &Call<'_>) -> Result<(), Fault> {
    let id = call.parameter(0);
    match call.org.apps.contains(id) {
        true => Ok(()),
        false => Err(Fault::not_found(id, "AppInstance")),
    }
}

/// Who issues the id tokens of an app.
fn issuer(call: &mut Call<'_>) -> Outcome {
    app(call)?;
    let id = call.parameter(0);
    let mode = call.org.shelf(MODES).get(id).cloned();
    Ok(Answer::ok(&json!({
        "issuer": call.base(), "orgUrl": null, "customUrl": null, "audience": id,
        "issuerMode": mode.unwrap_or_else(|| json!("ORG_URL")),
    })))
}

fn set_issuer(call: &mut Call<'_>) -> Outcome {
    app(call)?;
    let mode: Value = call.request.object()?["issuerMode"].clone();
    let id = call.parameter(0);
    call.org.shelf(MODES).put(id, mode.clone());
    Ok(Answer::ok(&json!({
        "issuer": null, "orgUrl": null, "customUrl": null, "audience": null, "issuerMode": mode,
    })))
}
