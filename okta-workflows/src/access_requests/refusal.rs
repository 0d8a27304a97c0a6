//! A flow's call that was refused for want of a scope, in the terms of Workflows.

use std::fmt;

use okta_core::{Error, Scope, Scopes};

use super::names;

/// Why a call of a flow was refused, and what makes it work.
///
/// ```
/// # fn f(error: okta_core::Error) {
/// use okta_workflows::access_requests::Refusal;
///
/// if let Some(refusal) = Refusal::of(&error) {
///     eprintln!("{refusal}");
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refusal {
    /// Method and path template.
    pub operation: String,
    /// Scopes that the connection's token lacks.
    pub missing: Scopes,
    /// Request id of the answer, for the System Log.
    pub request_id: Option<String>,
    /// Client id of the app that holds the token, where it is known.
    pub app: Option<String>,
}

impl Refusal {
    /// The refusal behind an error; `None` if a missing scope is not its cause.
    pub fn of(error: &Error) -> Option<Self> {
        let scope = error.insufficient_scope()?;
        Some(Self {
            operation: scope.operation().to_owned(),
            missing: scope.missing(),
            request_id: error.request_id().map(str::to_owned),
            app: scope.app().map(str::to_owned),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let app = names::WORKFLOWS_APP;
        let id = self.app.as_deref().unwrap_or("{appId}");
        let first = self.missing.iter().next().map_or("{scope}", Scope::as_str);
        write!(f, "{} needs {}", self.operation, self.missing)?;
        write!(f, ", which the token of the app \"{app}\" lacks")?;
        if let Some(request) = &self.request_id {
            write!(f, " (request {request})")?;
        }
        write!(
            f,
            ". Grant it: POST /api/v1/apps/{id}/grants {{\"scopeId\":\"{first}\",\"issuer\":\"{{org URL}}\"}}, or \
             Admin Console > Applications > {app} > Okta API Scopes. Then reauthorize the connection in the Workflows \
             console: the old token, and what refreshes it, keeps the scopes of before"
        )
    }
}
