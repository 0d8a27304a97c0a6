//! The one way a request takes: deadline → { pacing → credential → transport → learn → classify }.
//!
//! Not generic over anything: types come back in the caller's last line.

use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use tracing::{Instrument as _, Span};

use super::attempt::{Ended, Run, fault_of};
use super::{Client, Inner};
use crate::auth::{AuthContext, Reaction, Reply};
use crate::call::PreparedRequest;
use crate::error::{Error, Result, request_id};
use crate::observe::{Event, attempt_span, call_span, end_attempt, log};
use crate::pacing::{Permit, bucket_of};
use crate::response::{RawResponse, ResponseContext};
use crate::retry::{Fault, RetryPolicy, Verdict, verdict};
use crate::runtime::{retry_after, server_date, within};
use crate::transport::{HttpRequest, HttpResponse};

/// How often one call repeats because its credential asked for it (nonce, renewed token, clock).
const MAX_AUTH_REPEATS: u32 = 3;

impl Client {
    pub(super) async fn send_request(&self, request: PreparedRequest) -> Result<RawResponse> {
        let span = call_span(self.inner.runtime.logs, &request, request.info.bucket);
        self.drive(request, &span).instrument(span.clone()).await
    }

    async fn drive(&self, request: PreparedRequest, span: &Span) -> Result<RawResponse> {
        let inner = &*self.inner;
        let runtime = &inner.runtime;
        let started = runtime.clock.monotonic();
        runtime.stats.call();
        let timeout = request.options.timeout.or(inner.timeout);
        let policy = request.options.retry.as_ref().unwrap_or(&inner.retry);
        let mut run = Run::new(started, timeout);
        let mut result = inner.attempts(&request, policy, &mut run).await;
        let elapsed = runtime.clock.monotonic().saturating_sub(started);
        if let Err(error) = &mut result {
            run.describe(error, &request, elapsed);
        }
        inner.report(span, &request, &run, &result, elapsed);
        match result {
            Ok(response) => Ok(
                RawResponse::new(response.status, response.headers, response.body).with_context(
                    ResponseContext {
                        client: self.clone(),
                        info: request.info,
                        list: request.list,
                        target: request
                            .uri
                            .path_and_query()
                            .map(|target| target.as_str().to_owned())
                            .unwrap_or_default(),
                        method: request.method,
                        template: request.template,
                        attempts: run.attempts,
                        elapsed,
                    },
                ),
            ),
            Err(error) => {
                log!(runtime.logs, DEBUG, error = %error, "call failed");
                Err(error)
            }
        }
    }
}

impl Inner {
    async fn attempts(
        &self,
        request: &PreparedRequest,
        policy: &RetryPolicy,
        run: &mut Run,
    ) -> Result<HttpResponse> {
        self.check_origin(request)?;
        let bucket = bucket_of(request);
        loop {
            let permit = self.permit(request, policy, run, &bucket).await?;
            let headers = self.headers(request, policy, run).await?;
            let ended = self.attempt(request, headers, run, permit, &bucket).await;
            let fault = match ended {
                Ended::Answer(response) if response.status.is_success() => {
                    // Nonces come with successes, too; there is nothing to repeat.
                    self.reaction(request, policy, run, &response).await;
                    return Ok(response);
                }
                Ended::Answer(response) => {
                    match self.reaction(request, policy, run, &response).await {
                        reaction
                            if reaction == Reaction::Accept
                                || run.auth_repeats >= MAX_AUTH_REPEATS => {}
                        reaction => {
                            run.auth_repeats += 1;
                            run.renewed |= reaction == Reaction::RepeatWithNewToken;
                            continue;
                        }
                    }
                    run.refused(response)
                }
                Ended::Broken(fault, error) => {
                    run.broken(fault, error);
                    fault
                }
                Ended::Deadline => return Err(run.deadline_passed()),
            };
            let verdict = verdict(request.info.idempotent, fault);
            if verdict == Verdict::Fail || !policy.allows(run.retries) {
                return Err(self.last_error(request, run));
            }
            let wait = self.wait_for(verdict, fault, policy, run);
            self.wait(request, policy, run, wait).await?;
            run.retries += 1;
        }
    }

    /// A prepared request carries its own URI: it must be this client's org.
    fn check_origin(&self, request: &PreparedRequest) -> Result<()> {
        let ours = self.runtime.origin.url();
        let theirs = url::Url::parse(&request.uri.to_string())
            .map_err(|error| Error::request(format!("the URI is not valid: {error}")))?;
        if theirs.origin() == ours.origin() {
            return Ok(());
        }
        Err(Error::request(format!(
            "the request was prepared for {}, this client belongs to {}",
            theirs.origin().ascii_serialization(),
            self.runtime.origin
        )))
    }

    /// Headers of this attempt: credentials and proofs are made anew each time.
    async fn headers(
        &self,
        request: &PreparedRequest,
        policy: &RetryPolicy,
        run: &mut Run,
    ) -> Result<HeaderMap> {
        let mut headers = request.headers.clone();
        headers.remove(HOST);
        headers
            .entry(USER_AGENT)
            .or_insert_with(|| self.runtime.user_agent.clone());
        if run.retries > 0 {
            headers.insert("x-okta-retry-count", HeaderValue::from(run.retries));
            if let Some(first) = &run.first_request_id
                && let Ok(value) = HeaderValue::try_from(first)
            {
                headers.insert("x-okta-retry-for", value);
            }
        }
        if !request.info.public {
            let authorized = {
                let cx = self.context(request, policy, run);
                let authorizing = self.credential.authorize(&cx, &mut headers);
                within(&self.runtime, run.deadline, authorizing).await
            };
            match authorized {
                Some(result) => result?,
                None => return Err(run.deadline_passed()),
            }
        }
        Ok(headers)
    }

    fn context<'a>(
        &'a self,
        request: &'a PreparedRequest,
        policy: &'a RetryPolicy,
        run: &'a Run,
    ) -> AuthContext<'a> {
        AuthContext {
            runtime: &self.runtime,
            pacer: &self.pacer,
            operation: (!request.info.id.is_empty()).then_some(request.info),
            method: &request.method,
            uri: &request.uri,
            attempt: run.attempts + 1,
            deadline: run.deadline,
            attempt_timeout: self.attempt_timeout,
            challenges: &run.challenges,
            retry: policy,
            renewed: run.renewed,
        }
    }

    async fn attempt(
        &self,
        request: &PreparedRequest,
        headers: HeaderMap,
        run: &mut Run,
        mut permit: Permit<'_>,
        bucket: &str,
    ) -> Ended {
        let now = self.runtime.clock.monotonic();
        if run.deadline.is_some_and(|deadline| deadline <= now) {
            // The waits before took all the time: nothing is sent.
            return Ended::Deadline;
        }
        run.attempts += 1;
        self.runtime.stats.attempt(run.attempts);
        run.remember_secrets(&headers);
        run.sent = headers.clone();
        let outgoing = HttpRequest {
            method: request.method.clone(),
            uri: request.uri.clone(),
            headers,
            body: request.body.clone(),
            max_response_bytes: self.runtime.max_response_bytes,
        };
        let attempt_end = self
            .attempt_timeout
            .map(|timeout| now.saturating_add(timeout));
        let end = match (run.deadline, attempt_end) {
            (Some(total), Some(attempt)) => Some(total.min(attempt)),
            (total, attempt) => total.or(attempt),
        };
        let span = attempt_span(
            self.runtime.logs,
            &self.runtime.origin,
            request,
            run.attempts,
            bucket,
        );
        permit.sending();
        let sending = self.runtime.transport.send(outgoing);
        let sent = within(&self.runtime, end, sending)
            .instrument(span.clone())
            .await;
        let sent = sent.map(|sent| sent.and_then(|answer| answer.whole(&request.method)));
        let elapsed = self.runtime.clock.monotonic().saturating_sub(now);
        match sent {
            Some(Ok(response)) => {
                self.runtime.learn_time(&response.headers, Some(elapsed));
                let asked = retry_after(&response.headers, self.runtime.server_now());
                permit.answered(response.status, &response.headers, asked);
                let id = request_id(&response.headers);
                end_attempt(&span, &response.status, id.as_deref());
                run.record(Ok(response.status), id.clone(), elapsed);
                log!(
                    self.runtime.logs,
                    DEBUG,
                    attempt = run.attempts,
                    status = response.status.as_u16(),
                    request_id = id.as_deref(),
                    elapsed_ms = elapsed.as_millis() as u64,
                    "answer"
                );
                self.runtime.event(&Event::Answer {
                    operation: request.info.id,
                    method: request.method.as_str(),
                    path: &request.template,
                    attempt: run.attempts,
                    status: response.status.as_u16(),
                    request_id: id.as_deref(),
                    elapsed,
                });
                Ended::Answer(response)
            }
            Some(Err(error)) => {
                span.record("error.type", format!("{:?}", error.fault()));
                let fault = fault_of(error.fault());
                if matches!(fault, Fault::NotSent | Fault::Hopeless) {
                    permit.unsent();
                }
                run.record(Err(fault.as_str()), None, elapsed);
                self.fault_event(request, run, &error.to_string());
                Ended::Broken(fault, Box::new(error))
            }
            None if run
                .deadline
                .is_some_and(|deadline| deadline <= self.runtime.clock.monotonic()) =>
            {
                span.record("error.type", "timeout");
                run.record(Err("total deadline"), None, elapsed);
                self.fault_event(request, run, "total deadline");
                run.interrupted();
                Ended::Deadline
            }
            None => {
                span.record("error.type", "timeout");
                run.record(Err("attempt timeout"), None, elapsed);
                self.fault_event(request, run, "attempt timeout");
                let message = format!(
                    "no complete answer within {:.1} s",
                    self.attempt_timeout.unwrap_or_default().as_secs_f64()
                );
                Ended::Broken(Fault::MaybeSent, message.into())
            }
        }
    }

    fn fault_event(&self, request: &PreparedRequest, run: &Run, reason: &str) {
        log!(
            self.runtime.logs,
            DEBUG,
            attempt = run.attempts,
            reason,
            "attempt failed"
        );
        self.runtime.event(&Event::Fault {
            operation: request.info.id,
            attempt: run.attempts,
            reason,
        });
    }

    /// Shows a refusal to the credential.
    async fn reaction(
        &self,
        request: &PreparedRequest,
        policy: &RetryPolicy,
        run: &mut Run,
        response: &HttpResponse,
    ) -> Reaction {
        if request.info.public {
            return Reaction::Accept;
        }
        let reply = Reply {
            status: response.status,
            headers: &response.headers,
            body: &response.body,
            sent: &run.sent,
            challenges: std::sync::OnceLock::new(),
        };
        let reaction = {
            let cx = self.context(request, policy, run);
            let asking = self.credential.reply(&cx, &reply);
            within(&self.runtime, run.deadline, asking)
                .await
                .unwrap_or(Reaction::Accept)
        };
        let challenges = reply.challenges().to_vec();
        run.challenges = challenges;
        reaction
    }
}

/// True for methods that change nothing.
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Seconds between the reply's own `Date` and its reset; falls back to the learnt time.
pub(super) fn until(reset: jiff::Timestamp, headers: &HeaderMap, now: jiff::Timestamp) -> Duration {
    let now = server_date(headers).unwrap_or(now);
    Duration::try_from(reset.duration_since(now)).unwrap_or(Duration::ZERO)
}
