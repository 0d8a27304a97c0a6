//! Access requests (version 1).

use okta_core::{Client, Result};

use super::{BoxFuture, Follow, Watch};
use crate::models::{
    RequestApproval, RequestApprovalCompletedDecision, RequestFull, RequestRequestStatus,
};
use crate::requests::{Get, Requests};

/// Follows an access request of a request type.
#[derive(Clone, Debug)]
pub struct RequestV1Watch {
    id: String,
}

/// How an access request of a request type ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestV1End {
    /// Resolved with approvals only.
    Approved,
    /// Resolved, and somebody denied it.
    Denied,
    /// Resolved without any approval to go by.
    Resolved,
    /// Locked: it cannot go on.
    Locked,
}

fn decision(request: &RequestFull) -> RequestV1End {
    let RequestFull::Compatible(request) = request else {
        return RequestV1End::Resolved;
    };
    let mut end = RequestV1End::Resolved;
    for approval in request.approvals.iter().flatten() {
        if let RequestApproval::Completed(completed) = approval {
            match completed.decision {
                Some(RequestApprovalCompletedDecision::Denied) => return RequestV1End::Denied,
                Some(RequestApprovalCompletedDecision::Approved) => end = RequestV1End::Approved,
                _ => {}
            }
        }
    }
    end
}

impl Watch for RequestV1Watch {
    type Value = RequestFull;
    type State = RequestRequestStatus;
    type End = RequestV1End;

    fn subject(&self) -> String {
        format!("access request {}", self.id)
    }

    fn read(&self, client: &Client) -> BoxFuture<Result<RequestFull>> {
        Box::pin(client.send(Get::new(&self.id)))
    }

    fn state(&self, request: &RequestFull) -> RequestRequestStatus {
        let status = request.base().request_status.clone();
        status.unwrap_or_else(|| "?".into())
    }

    fn end(&self, request: &RequestFull, _: &[RequestRequestStatus]) -> Option<RequestV1End> {
        match request.base().request_status.as_ref()? {
            RequestRequestStatus::Resolved => Some(decision(request)),
            RequestRequestStatus::Locked => Some(RequestV1End::Locked),
            _ => None,
        }
    }

    fn is_success(&self, end: &RequestV1End) -> bool {
        matches!(end, RequestV1End::Approved | RequestV1End::Resolved)
    }
}

impl Requests {
    /// Follows a request until it is resolved or locked.
    pub fn follow(&self, request_id: impl Into<String>) -> Follow<RequestV1Watch> {
        let watch = RequestV1Watch {
            id: request_id.into(),
        };
        Follow::new(self.client.clone(), watch)
    }
}
