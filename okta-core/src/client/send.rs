//! The one way a request takes: deadline → { pacing → credential → transport → learn → classify }.
//!
//! Not generic over anything: types come back in the caller's last line.

use std::time::Duration;

use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use tracing::{Instrument as _, Span};

use super::attempt::{Ended, Run, Wait, fault_of};
use super::{Client, Inner};
use crate::auth::{AuthContext, Reaction, Reply};
use crate::call::PreparedRequest;
use crate::clock::unit;
use crate::error::{Error, ErrorKind, Result, request_id};
use crate::observe::{CallReport, Event, attempt_span, call_span, end_attempt, end_call, log};
use crate::pacing::{Budget, Permit, bucket_of};
use crate::response::{RateLimit, RawResponse, ResponseContext};
use crate::retry::{Fault, RetryPolicy, Verdict, verdict};
use crate::runtime::{retry_after, server_date, within};
use crate::transport::{HttpRequest, HttpResponse};

/// How often one call repeats because its credential asked for it (nonce, renewed token, clock).
const MAX_AUTH_REPEATS: u32 = 3;
/// A longer `Retry-After` of the concurrency limit is an estimate that says nothing.
const LONGEST_FOR_A_SLOT: Duration = Duration::from_secs(2);

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
    /// Tells observers, journal and span how a call ended.
    fn report(
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

    /// The turn of this attempt by the rate limits.
    async fn permit<'a>(
        &'a self,
        request: &PreparedRequest,
        policy: &RetryPolicy,
        run: &mut Run,
        bucket: &'a str,
    ) -> Result<Permit<'a>> {
        let budget = Budget {
            deadline: run.deadline,
            window: policy.rate_limit_cap(),
        };
        let turn = self
            .pacer
            .acquire(&self.runtime, bucket, budget, request.info.id, false)
            .await;
        match turn {
            Ok(permit) => {
                run.waited("pacing", permit.waited);
                Ok(permit)
            }
            Err(refused) => {
                run.waited("pacing", refused.waited);
                Err(match refused.reset {
                    Some(_) => run.rate_limited(refused.reset),
                    None => run.deadline_passed(),
                })
            }
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

    fn wait_for(&self, verdict: Verdict, fault: Fault, policy: &RetryPolicy, run: &Run) -> Wait {
        let jitter = unit(&*self.runtime.random);
        let now = self.runtime.server_now();
        let backoff = policy.backoff_for(run.retries, jitter);
        let asked = run.retry_after(now);
        match (verdict, fault) {
            (Verdict::AfterReset, _) => {
                let wait = match (run.until_reset(now), asked) {
                    // The pacer lets it go in its turn after the reset.
                    (Some(wait), _) if run.nothing_left() && self.pacer.waits_for(wait) => {
                        Duration::ZERO
                    }
                    (Some(wait), _) => {
                        wait.max(backoff) + Duration::from_secs_f64(0.1 + 0.9 * jitter)
                    }
                    // It may be nothing, or past: never repeat at once.
                    (None, asked) => asked.unwrap_or_default().max(backoff),
                };
                Wait::limit("rate limit", wait)
            }
            (_, Fault::Concurrency) => {
                // A slot frees as soon as any request ends, whatever the headers ask for.
                let asked = asked.filter(|&asked| asked <= LONGEST_FOR_A_SLOT);
                Wait::plain("concurrency limit", backoff.max(asked.unwrap_or_default()))
            }
            (_, fault) => {
                let backoff = backoff.mul_f64(fault.patience());
                let asked = asked.filter(|&asked| asked <= policy.rate_limit_cap());
                Wait::plain("backoff", backoff.max(asked.unwrap_or_default()))
            }
        }
    }

    /// Waits, or fails at once if the wait would pass the deadline or the policy's cap.
    async fn wait(
        &self,
        request: &PreparedRequest,
        policy: &RetryPolicy,
        run: &mut Run,
        wait: Wait,
    ) -> Result<()> {
        if wait.duration.is_zero() {
            return Ok(());
        }
        let now = self.runtime.clock.monotonic();
        let too_late = run
            .deadline
            .is_some_and(|deadline| now.saturating_add(wait.duration) >= deadline);
        if too_late || (wait.is_limit && wait.duration > policy.rate_limit_cap()) {
            return Err(if wait.is_limit {
                let reset = jiff::SignedDuration::try_from(wait.duration)
                    .ok()
                    .and_then(|duration| self.runtime.server_now().checked_add(duration).ok());
                run.rate_limited(reset)
            } else {
                self.last_error(request, run)
            });
        }
        log!(
            self.runtime.logs,
            DEBUG,
            reason = wait.reason,
            wait_ms = wait.duration.as_millis() as u64,
            "wait"
        );
        self.runtime.stats.wait(wait.duration);
        self.runtime.event(&Event::Wait {
            operation: request.info.id,
            reason: wait.reason,
            duration: wait.duration,
        });
        self.runtime.clock.sleep(wait.duration).await;
        run.waited(wait.reason, wait.duration);
        Ok(())
    }

    /// The failure of the last attempt as the call's error.
    fn last_error(&self, request: &PreparedRequest, run: &mut Run) -> Error {
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

/// True for methods that change nothing.
pub(super) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Seconds between the reply's own `Date` and its reset; falls back to the learnt time.
pub(super) fn until(reset: jiff::Timestamp, headers: &HeaderMap, now: jiff::Timestamp) -> Duration {
    let now = server_date(headers).unwrap_or(now);
    Duration::try_from(reset.duration_since(now)).unwrap_or(Duration::ZERO)
}
