//! The two routes of a flow's API endpoint, as records for the send path. They are not in any
//! OpenAPI document.

use okta_core::http::Method;
use okta_core::operation::{Lifecycle, Location, OperationInfo, Paging, Parameter};

/// Scope of a token that may invoke flows.
pub(super) const INVOKE_SCOPE: &str = "okta.workflows.invoke.manage";

const ALIAS: Parameter = path("alias");
const EXECUTION: Parameter = path("executionId");

const fn path(name: &'static str) -> Parameter {
    Parameter {
        name,
        location: Location::Path,
        required: true,
    }
}

/// GET runs the flow as POST does, so neither may be repeated blindly.
const fn route(
    id: &'static str,
    method: Method,
    path: &'static str,
    parameters: &'static [Parameter],
) -> OperationInfo {
    OperationInfo {
        id,
        api: "workflows",
        rust_name: "invoke::Invocation",
        method,
        path,
        parameters,
        scopes: &[INVOKE_SCOPE],
        permissions: &[],
        roles: &[],
        lifecycle: Lifecycle::Ga,
        deprecated: false,
        since: None,
        request_media: &[],
        responses: &[],
        paging: Paging::None,
        items: None,
        max_limit: None,
        idempotent: false,
        bucket: path,
        public: false,
    }
}

const INVOKE_PATH: &str = "/api/flo/{alias}/invoke";
const RESUME_PATH: &str = "/api/flo/{alias}/resume/{executionId}";

pub(super) static INVOKE: OperationInfo = route("invokeFlow", Method::POST, INVOKE_PATH, &[ALIAS]);
pub(super) static INVOKE_GET: OperationInfo =
    route("invokeFlowByGet", Method::GET, INVOKE_PATH, &[ALIAS]);
pub(super) static RESUME: OperationInfo =
    route("resumeFlow", Method::POST, RESUME_PATH, &[ALIAS, EXECUTION]);
