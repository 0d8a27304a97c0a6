//! One call of a flow.

use std::time::Duration;

use okta_core::call::{Call, CallFuture};
use okta_core::http::StatusCode;
use okta_core::operation::OperationInfo;
use okta_core::{ErrorKind, RawResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::error::{InvokeError, InvokeErrorKind};
use super::flow::Flow;

/// Query parameters with this beginning belong to the platform.
pub(super) const RESERVED: &str = "x-okta-workflows";

/// From here on a broken connection is the platform's own limit of 60 s.
const CLOSE_FROM: Duration = Duration::from_secs(57);

/// One call of a flow; nothing is sent before [`output`](Self::output) or [`answer`](Self::answer).
#[must_use = "nothing is sent until output() or answer() is awaited"]
pub struct Invocation {
    flow: Flow,
    call: Call,
    fault: Option<InvokeError>,
}

impl Invocation {
    pub(super) fn new(flow: &Flow, info: &'static OperationInfo) -> Self {
        let mut call = Call::new(info).attach(&flow.client);
        call.set_path("alias", flow.endpoint.alias());
        for (name, value) in flow.endpoint.query() {
            call.add_query(name.clone(), value.clone());
        }
        if let Some(token) = flow.query_token() {
            call.add_query("clientToken", token.expose());
        }
        Self {
            flow: flow.clone(),
            call,
            fault: None,
        }
    }

    pub(super) fn path(mut self, name: &'static str, value: &str) -> Self {
        if value.is_empty() {
            self.fault = Some(endpoint(
                format!("an empty {name}"),
                "it comes with the answer of a Pause card",
            ));
        }
        self.call.set_path(name, value);
        self
    }

    pub(super) fn json(mut self, input: &impl Serialize) -> Self {
        match serde_json::to_vec(input) {
            Ok(bytes) => self.call.set_bytes("application/json", bytes),
            Err(error) => {
                let what = format!("the input does not serialize: {error}");
                self.fault = Some(endpoint(what, "map keys must be texts, numbers finite"));
            }
        }
        self
    }

    /// Sends a body of another kind; the flow sees it as text.
    pub fn body(
        mut self,
        content_type: &'static str,
        bytes: impl Into<okta_core::bytes::Bytes>,
    ) -> Self {
        self.call.set_bytes(content_type, bytes);
        self
    }

    /// Adds a query parameter; the flow has it in its output group `query`.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        match check_query_name(&name) {
            Ok(()) => self.call.add_query(name, value.into()),
            Err(error) => self.fault = Some(error),
        }
        self
    }

    /// Sets a request header; the flow reads it by its name in lower case.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.call.set_header(name.into(), value);
        self
    }

    /// Total deadline, waiting for the pace included.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.call = self.call.with_timeout(timeout);
        self
    }

    /// Runs the flow and reads its output.
    ///
    /// # Errors
    /// [`InvokeError`]; a status outside 200 to 299 is one, with the answer inside.
    pub async fn output<T: DeserializeOwned>(self) -> Result<T, InvokeError> {
        let answer = self.answer().await?;
        if answer.status().is_success() {
            return answer.output();
        }
        Err(refused(answer, None))
    }

    /// Runs the flow and gives its answer, whatever the status: a flow's Return Raw card may choose
    /// any.
    ///
    /// # Errors
    /// [`InvokeError`] if there was no answer, or one that the platform gave in the flow's place
    /// (no valid token, too many calls, closed after 60 s).
    pub async fn answer(self) -> Result<Answer, InvokeError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let clock = self.flow.client.clock();
        let wait = self.flow.pace.book(clock.monotonic());
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
        let sent: CallFuture<RawResponse> = CallFuture::new(self.call, Ok);
        match sent.await {
            Ok(raw) => Ok(Answer::new(
                raw.status(),
                raw.headers().clone(),
                raw.into_body(),
            )),
            Err(error) => failed(error),
        }
    }
}

impl std::fmt::Debug for Invocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invocation")
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}

fn endpoint(what: impl std::fmt::Display, hint: &'static str) -> InvokeError {
    InvokeError::new(InvokeErrorKind::Endpoint, format!("call of a flow: {what}")).with_hint(hint)
}

pub(super) fn check_query_name(name: &str) -> Result<(), InvokeError> {
    if name.to_ascii_lowercase().starts_with(RESERVED) {
        let what = format!("the query parameter {name:?} is reserved");
        return Err(endpoint(
            what,
            "names that begin with x-okta-workflows belong to the platform",
        ));
    }
    if name == "clientToken" {
        return Err(endpoint(
            "the query parameter clientToken",
            "give the token to Flow::with_client_token, which sends it in a header",
        ));
    }
    Ok(())
}

/// What the send path calls an error may be the flow's own answer.
fn failed(error: okta_core::Error) -> Result<Answer, InvokeError> {
    let elapsed = error.elapsed().unwrap_or_default();
    let closed = elapsed >= CLOSE_FROM && error.may_have_been_applied();
    let Some(status) = error.status() else {
        let (kind, hint) = if closed {
            (InvokeErrorKind::Closed, Some(CLOSED))
        } else {
            (InvokeErrorKind::NoAnswer, None)
        };
        let mut invoke = InvokeError::new(kind, format!("no answer of the flow: {error}"))
            .may_have_run_if(error.may_have_been_applied());
        if let Some(hint) = hint {
            invoke = invoke.with_hint(hint);
        }
        return Err(invoke.with_source(error));
    };
    let answer = Answer::new(status, error.headers().clone(), error.body().clone());
    let platform = match status {
        // A gateway's word for the limit of a minute, which no flow would choose at that moment.
        StatusCode::GATEWAY_TIMEOUT | StatusCode::BAD_GATEWAY if elapsed >= CLOSE_FROM => {
            return Err(InvokeError::new(
                InvokeErrorKind::Closed,
                "no answer of the flow within a minute",
            )
            .with_hint(CLOSED)
            .may_have_run_if(true)
            .with_answer(answer)
            .with_source(error));
        }
        StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => error.kind() == ErrorKind::InsufficientScope,
        _ => false,
    };
    if platform {
        return Err(refused(answer, Some(error)));
    }
    Ok(answer)
}

const CLOSED: &str = "the platform holds a caller's connection for 60 s; let the flow answer early \
    (Close card, or Call Flow Async and Return Raw) and look for its result elsewhere";

fn refused(answer: Answer, source: Option<okta_core::Error>) -> InvokeError {
    let status = answer.status();
    let (kind, hint) = match status {
        StatusCode::UNAUTHORIZED => (
            InvokeErrorKind::Unauthorized,
            "check the flow's security level: OAuth takes a token of the org authorization server, \
             client token the header x-api-client-token",
        ),
        StatusCode::FORBIDDEN => (
            InvokeErrorKind::Forbidden,
            "grant okta.workflows.invoke.manage to the app, get a new token, and look whether the \
             endpoint lets only chosen apps call",
        ),
        StatusCode::NOT_FOUND => (
            InvokeErrorKind::NotFound,
            "no flow has this alias, or it is not active; or the flow itself answered 404",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            InvokeErrorKind::RateLimited,
            "a flow takes 10 calls a second of all callers together",
        ),
        _ => (
            InvokeErrorKind::Failed,
            "look at the flow's execution history; a Return Error or Return Raw card may have chosen this status",
        ),
    };
    let what = match answer.error_message() {
        Some(message) => format!("the flow's endpoint answered {status}: {message}"),
        None => format!("the flow's endpoint answered {status}"),
    };
    let ran = !matches!(
        kind,
        InvokeErrorKind::Unauthorized | InvokeErrorKind::RateLimited | InvokeErrorKind::Forbidden
    );
    let error = InvokeError::new(kind, what)
        .with_hint(hint)
        .with_answer(answer)
        .may_have_run_if(ran);
    match source {
        Some(source) => error.with_source(source),
        None => error,
    }
}
