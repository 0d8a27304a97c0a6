//! Waiting: for the turn of an attempt, and between attempts.

use std::time::Duration;

use super::Inner;
use super::attempt::{Run, Wait};
use crate::call::PreparedRequest;
use crate::clock::unit;
use crate::error::Result;
use crate::observe::{Event, log};
use crate::pacing::{Budget, Permit};
use crate::retry::{Fault, RetryPolicy, Verdict};

/// A longer `Retry-After` of the concurrency limit is an estimate that says nothing.
const LONGEST_FOR_A_SLOT: Duration = Duration::from_secs(2);

impl Inner {
    /// The turn of this attempt by the rate limits.
    pub(super) async fn permit<'a>(
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

    pub(super) fn wait_for(
        &self,
        verdict: Verdict,
        fault: Fault,
        policy: &RetryPolicy,
        run: &Run,
    ) -> Wait {
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
    pub(super) async fn wait(
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
}
