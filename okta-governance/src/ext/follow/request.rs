//! Access requests (version 2).

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use okta_core::{Client, Operation as _, Result};

use super::{BoxFuture, Follow, Pace, Watch};
use crate::models::{
    RequestCreatable2, RequestFull2, RequestGrantStatus, RequestRevocationStatus, RequestStatus,
};
use crate::requests_v2::{Create, Get, RequestsV2};

/// Follows an access request.
#[derive(Clone, Debug)]
pub struct RequestWatch {
    id: String,
    /// A decision is enough; the grant is not waited for.
    decided: bool,
}

/// Where an access request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestState {
    /// Whether it is decided, and how.
    pub status: Option<RequestStatus>,
    /// Whether the access that was asked for has been given.
    pub grant: Option<RequestGrantStatus>,
    /// Whether it has been taken away again.
    pub revocation: Option<RequestRevocationStatus>,
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_ref().map_or("?", RequestStatus::as_str);
        f.write_str(status)?;
        if let Some(grant) = &self.grant {
            write!(f, ", grant {}", grant.as_str())?;
        }
        if let Some(revocation) = &self.revocation {
            write!(f, ", revocation {}", revocation.as_str())?;
        }
        Ok(())
    }
}

/// How an access request ended.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestEnd {
    /// Approved; whether access was given was not waited for.
    Approved,
    /// Approved, and access was given.
    Granted,
    /// Approved, but giving access failed.
    GrantFailed,
    /// Approved; somebody has to give access by hand.
    ManualGrant,
    /// Denied by an approver.
    Denied,
    /// Canceled.
    Canceled,
    /// Nobody decided in time.
    Expired,
    /// The submission failed after it was accepted.
    Rejected,
}

impl Watch for RequestWatch {
    type Value = RequestFull2;
    type State = RequestState;
    type End = RequestEnd;

    fn subject(&self) -> String {
        format!("access request {}", self.id)
    }

    fn read(&self, client: &Client) -> BoxFuture<Result<RequestFull2>> {
        Box::pin(client.send(Get::new(&self.id)))
    }

    fn state(&self, request: &RequestFull2) -> RequestState {
        RequestState {
            status: request.status.clone(),
            grant: request.grant_status.clone(),
            revocation: request.revocation_status.clone(),
        }
    }

    fn end(&self, request: &RequestFull2, _: &[RequestState]) -> Option<RequestEnd> {
        match request.status.as_ref()? {
            RequestStatus::Approved if self.decided => Some(RequestEnd::Approved),
            RequestStatus::Approved => match request.grant_status.as_ref()? {
                RequestGrantStatus::Granted => Some(RequestEnd::Granted),
                RequestGrantStatus::Failed => Some(RequestEnd::GrantFailed),
                RequestGrantStatus::ManualRequired => Some(RequestEnd::ManualGrant),
                _ => None,
            },
            RequestStatus::Denied => Some(RequestEnd::Denied),
            RequestStatus::Canceled => Some(RequestEnd::Canceled),
            RequestStatus::Expired => Some(RequestEnd::Expired),
            RequestStatus::Rejected => Some(RequestEnd::Rejected),
            _ => None,
        }
    }

    fn is_success(&self, end: &RequestEnd) -> bool {
        matches!(end, RequestEnd::Approved | RequestEnd::Granted)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

/// People decide about requests: there is no hurry.
const PACE: Pace = Pace {
    first: Duration::from_secs(2),
    longest: Duration::from_secs(60),
    timeout: Some(Duration::from_secs(900)),
};

impl RequestsV2 {
    /// Follows a request until access is given, or it is clear that it will not be.
    ///
    /// The default timeout is a quarter of an hour; people may take days.
    pub fn follow(&self, request_id: impl Into<String>) -> Follow<RequestWatch> {
        let watch = RequestWatch {
            id: request_id.into(),
            decided: false,
        };
        Follow::new(self.client.clone(), watch)
    }

    /// Follows a request until it is decided, whatever becomes of the grant.
    pub fn follow_decision(&self, request_id: impl Into<String>) -> Follow<RequestWatch> {
        let mut follow = self.follow(request_id);
        if let Some(watch) = follow.watch_mut() {
            watch.decided = true;
        }
        follow
    }

    /// Makes a request and follows it until access is given, or it is clear that it will not be.
    pub fn create_and_follow(&self, body: &RequestCreatable2) -> Follow<RequestWatch> {
        let create = Create::new(body).attach(&self.client).into_future();
        let start = Box::pin(async move {
            let id = create.await?.try_id()?.clone();
            Ok(RequestWatch { id, decided: false })
        });
        Follow::after(self.client.clone(), PACE, start)
    }
}
