//! The right to send one request, and what is learnt from its end.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::{LONG_GRACE_MS, Pacer, moment};
use crate::response::RateLimit;
use crate::runtime::Runtime;

/// A request that may go out. Dropped unanswered, it counts as sent if it may have been.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pacer: &'a Pacer,
    runtime: &'a Runtime,
    bucket: &'a str,
    order: u64,
    in_gate: bool,
    sent: bool,
    ended: bool,
    /// How long its turn was waited for.
    pub(crate) waited: Duration,
}

impl<'a> Permit<'a> {
    pub(super) fn new(pacer: &'a Pacer, runtime: &'a Runtime, bucket: &'a str) -> Self {
        Self {
            pacer,
            runtime,
            bucket,
            order: pacer.next_order(),
            in_gate: false,
            sent: false,
            ended: false,
            waited: Duration::ZERO,
        }
    }

    pub(super) fn passed_gate(&mut self) {
        self.in_gate = true;
    }

    /// The request goes out now.
    pub(crate) fn sending(&mut self) {
        self.sent = true;
    }

    /// Nothing of the request reached the service.
    pub(crate) fn unsent(mut self) {
        self.sent = false;
    }

    /// An answer came. `asked` is what its `Retry-After` asks for.
    pub(crate) fn answered(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        asked: Option<Duration>,
    ) {
        let limit = RateLimit::from_headers(headers);
        let now = moment(self.runtime);
        let mut state = self.pacer.lock();
        self.leave_gate(&mut state);
        self.ended = true;
        let crowded = status == 429 && limit.is_some_and(|limit| limit.is_concurrency());
        if crowded {
            state.gate.refused(now.mono);
            // It was refused before it was counted.
            self.pacer
                .with(&mut state, self.bucket, now, |bucket| bucket.unsent());
        } else if status == 429
            && limit.is_none()
            && let Some(asked) = asked
        {
            // No bucket is named: something in front of all of them asks for a pause.
            let until = now.mono.saturating_add(asked.min(LONGEST_HOLD));
            state.gate.hold_until = state.gate.hold_until.max(until);
            self.pacer
                .with(&mut state, self.bucket, now, |bucket| bucket.unsent());
        } else {
            if status == 429
                && limit.is_some_and(|limit| {
                    limit.remaining == 0 && limit.reset.as_millisecond() <= now.server
                })
            {
                // The window had not ended yet: the header was cut to the second.
                state.grace = LONG_GRACE_MS;
            }
            self.pacer.with(&mut state, self.bucket, now, |bucket| {
                bucket.answered(limit, self.order, now);
            });
        }
        self.wake(&state);
    }

    fn leave_gate(&mut self, state: &mut super::State) {
        if std::mem::take(&mut self.in_gate) {
            state.gate.in_flight = state.gate.in_flight.saturating_sub(1);
        }
    }

    fn wake(&self, state: &super::State) {
        state.gate.wake();
        if let Some(bucket) = state.buckets.get(self.bucket) {
            bucket.wake();
        }
    }
}

/// A pause that is asked for is believed up to this.
const LONGEST_HOLD: Duration = Duration::from_secs(300);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let now = moment(self.runtime);
        let mut state = self.pacer.lock();
        self.leave_gate(&mut state);
        self.pacer
            .with(&mut state, self.bucket, now, |bucket| match self.sent {
                true => bucket.unanswered(),
                false => bucket.unsent(),
            });
        self.wake(&state);
    }
}
