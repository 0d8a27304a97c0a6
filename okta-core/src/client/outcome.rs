//! How a call ended: for its caller, and for whoever observes.

use std::time::Duration;

use tracing::Span;

use super::Inner;
use super::attempt::Run;
use crate::call::PreparedRequest;
use crate::error::{Error, ErrorKind, Result, request_id};
use crate::observe::{CallReport, Event, end_call};
use crate::response::RateLimit;
use crate::transport::HttpResponse;

impl Inner {
    /// Tells observers, journal and span how a call ended.
    pub(super) fn report(
        &self,
        span: &Span,
        request: &PreparedRequest,
        run: &Run,
        result: &Result<HttpResponse>,
        elapsed: Duration,
    ) {
        let id = match result {
            Ok(response) => request_id(&response.headers),
            Err(error) => error.request_id().map(str::to_owned),
        };
        let error = result.as_ref().err();
        let call = CallReport {
            operation: request.info.id,
            method: request.method.as_str(),
            path: &request.template,
            bucket: request.info.bucket,
            status: match result {
                Ok(response) => Some(response.status.as_u16()),
                Err(error) => error.status().map(|status| status.as_u16()),
            },
            error: error.map(Error::kind),
            code: error.and_then(Error::code),
            request_id: id.as_deref(),
            attempts: run.attempts,
            waits: run.waits,
            waited: run.waited,
            elapsed,
        };
        end_call(span, &call);
        self.journal.add(self.runtime.clock.wall(), &call);
        self.runtime.event(&Event::Call(call));
    }

    /// The failure of the last attempt as the call's error.
    pub(super) fn last_error(&self, request: &PreparedRequest, run: &mut Run) -> Error {
        match run.last.take() {
            Some(response) => self.answer_error(request, run, &response),
            None => run.transport_error(),
        }
    }

    fn answer_error(&self, request: &PreparedRequest, run: &Run, response: &HttpResponse) -> Error {
        let status = response.status.as_u16();
        let lacks_scope = run
            .challenges
            .iter()
            .find(|challenge| challenge.error() == Some("insufficient_scope"));
        let kind = match (status, lacks_scope) {
            (401 | 403, Some(_)) => ErrorKind::InsufficientScope,
            (429, _) => ErrorKind::RateLimited,
            _ => ErrorKind::Api,
        };
        let mut error =
            Error::from_answer(kind, response.status, &response.headers, &response.body);
        let inner = error.inner_mut();
        if kind == ErrorKind::RateLimited {
            inner.reset_at = RateLimit::from_headers(&response.headers).map(|limit| limit.reset);
        }
        if let Some(challenge) = lacks_scope {
            inner.scope = Some(crate::error::InsufficientScope {
                needed: super::preflight::needed(request.info, challenge),
                granted: self.credential.granted_scopes(),
                requested: self.credential.requested_scopes().cloned(),
                app: self.credential.client_id().map(str::to_owned),
                operation: format!("{} {}", request.method, request.template),
                org_url: self.runtime.origin.as_str().to_owned(),
            });
        } else if inner.service.code.is_none()
            && let Some(challenge) = run.challenges.iter().find(|c| c.error().is_some())
        {
            // The body is empty; all that is said stands in the header.
            inner.service.code = challenge.error().map(str::to_owned);
            inner.service.summary = challenge.description().map(str::to_owned);
        }
        error
    }
}
