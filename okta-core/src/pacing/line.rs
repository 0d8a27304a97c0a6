//! Waiting in line for a call's turn: first in its bucket, then for a slot among all requests.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::bucket::{Gateway, Moment};
use super::{LOOK_AGAIN, Pacer, Permit, State, moment};
use crate::clock::unit;
use crate::observe::{Event, log};
use crate::runtime::Runtime;

/// What a call may spend on waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// End of the call, on the monotonic clock.
    pub(crate) deadline: Option<Duration>,
    /// Longest wait for one window.
    pub(crate) window: Duration,
}

/// The call's turn comes too late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    /// When it could go out, by the service's clock.
    pub(crate) reset: Option<jiff::Timestamp>,
    pub(crate) waited: Duration,
}

#[derive(Clone, Copy)]
enum Line<'a> {
    Bucket(&'a str),
    Gate,
}

impl<'a> Line<'a> {
    fn reason(self) -> &'static str {
        match self {
            Line::Bucket(_) => "pacing",
            Line::Gate => "concurrency limit",
        }
    }

    fn bucket(self) -> &'a str {
        match self {
            Line::Bucket(name) => name,
            Line::Gate => "",
        }
    }
}

/// A place in a line, given up when dropped.
struct Place<'a> {
    pacer: &'a Pacer,
    line: Line<'a>,
    me: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pacer.lock();
        match self.line {
            Line::Bucket(name) => {
                if let Some(bucket) = state.buckets.get_mut(name) {
                    bucket.queue.retain(|other| !Arc::ptr_eq(other, &self.me));
                    bucket.wake();
                }
            }
            Line::Gate => {
                state
                    .gate
                    .queue
                    .retain(|other| !Arc::ptr_eq(other, &self.me));
                state.gate.wake();
            }
        }
    }
}

/// What a look at the books says.
enum Look {
    Go,
    /// Not before so long, or when woken.
    Wait(Duration),
    /// Others are ahead; not before so long.
    Behind(Duration),
    TooLate(Option<jiff::Timestamp>),
}

impl Pacer {
    /// Waits until a call of the bucket may go out, unless that is later than it may wait: then it
    /// fails at once.
    ///
    /// `beside`: it takes no slot among the requests under way. A token request is made for a call
    /// that has one already; with one slot for all, it would wait for itself.
    pub(crate) async fn acquire<'a>(
        &'a self,
        runtime: &'a Runtime,
        name: &'a str,
        budget: Budget,
        operation: &str,
        beside: bool,
    ) -> Result<Permit<'a>, Refused> {
        let begun = runtime.clock.monotonic();
        let refused = |reset| Refused {
            reset,
            waited: runtime.clock.monotonic().saturating_sub(begun),
        };
        if self.on {
            let look = |place: Option<&Arc<Notify>>| self.look(runtime, name, budget, place);
            let line = Line::Bucket(name);
            self.stand(runtime, line, budget, operation, look)
                .await
                .map_err(refused)?;
        } else {
            let now = moment(runtime);
            self.with(&mut self.lock(), name, now, |bucket| {
                bucket.start(now, self.share, 0.0);
            });
        }
        // From here on the call counts in its bucket, whatever becomes of it.
        let mut permit = Permit::new(self, runtime, name);
        if beside {
            permit.waited = runtime.clock.monotonic().saturating_sub(begun);
            return Ok(permit);
        }
        let look = |place: Option<&Arc<Notify>>| self.look_at_gate(runtime, budget, place);
        self.stand(runtime, Line::Gate, budget, operation, look)
            .await
            .map_err(refused)?;
        permit.passed_gate();
        permit.waited = runtime.clock.monotonic().saturating_sub(begun);
        Ok(permit)
    }

    /// Looks until it may go, in line behind whoever came first.
    async fn stand<'a>(
        &'a self,
        runtime: &Runtime,
        line: Line<'a>,
        budget: Budget,
        operation: &str,
        look: impl Fn(Option<&Arc<Notify>>) -> Look,
    ) -> Result<(), Option<jiff::Timestamp>> {
        let mut place: Option<Place<'a>> = None;
        let mut begun = None;
        let result = loop {
            let (now, seen) = (
                runtime.clock.monotonic(),
                look(place.as_ref().map(|place| &place.me)),
            );
            let timer = match seen {
                Look::Go => break Ok(()),
                Look::TooLate(reset) => break Err(reset),
                Look::Wait(least) => Some(least),
                Look::Behind(_) => None,
            };
            if budget.deadline.is_some_and(|deadline| deadline <= now) {
                break Err(None);
            }
            if place.is_none() {
                place = Some(self.join(line));
                begun = Some(now);
                if let Look::Wait(least) | Look::Behind(least) = seen {
                    let (reason, least) = (line.reason(), least.as_millis() as u64);
                    log!(
                        runtime.logs,
                        DEBUG,
                        reason,
                        bucket = line.bucket(),
                        least_ms = least,
                        "wait"
                    );
                }
                // The line may have emptied meanwhile.
                continue;
            }
            let Some(place) = &place else { continue };
            let timer = timer.map(|least| {
                // Several clients that wait for one reset do not start as one.
                let apart = if least > Duration::from_secs(1) {
                    Duration::from_secs_f64(0.4 * unit(&*runtime.random))
                } else {
                    Duration::ZERO
                };
                runtime.clock.sleep(least + apart)
            });
            let end = budget
                .deadline
                .map(|deadline| runtime.clock.sleep(deadline.saturating_sub(now)));
            tokio::select! {
                biased;
                () = place.me.notified() => {}
                () = optional(timer) => {}
                () = optional(end) => {}
            }
        };
        if let Some(begun) = begun {
            let waited = runtime.clock.monotonic().saturating_sub(begun);
            self.tell(runtime, line, operation, waited);
        }
        result
    }

    fn join<'a>(&'a self, line: Line<'a>) -> Place<'a> {
        let me = Arc::new(Notify::new());
        let mut state = self.lock();
        match line {
            Line::Bucket(name) => {
                if let Some(bucket) = state.buckets.get_mut(name) {
                    bucket.queue.push_back(Arc::clone(&me));
                }
            }
            Line::Gate => state.gate.queue.push_back(Arc::clone(&me)),
        }
        drop(state);
        Place {
            pacer: self,
            line,
            me,
        }
    }

    /// An event tells the wait when it is over, with its true length.
    fn tell(&self, runtime: &Runtime, line: Line<'_>, operation: &str, waited: Duration) {
        if waited.is_zero() {
            return;
        }
        runtime.stats.wait(waited);
        runtime.event(&Event::Wait {
            operation,
            reason: line.reason(),
            duration: waited,
        });
    }

    /// One look at a bucket; if the way is open, the call is counted at once.
    fn look(
        &self,
        runtime: &Runtime,
        name: &str,
        budget: Budget,
        place: Option<&Arc<Notify>>,
    ) -> Look {
        let mut state = self.lock();
        let (now, grace) = (moment(runtime), state.grace);
        let ahead = state.buckets.get(name).map_or(0, |bucket| match place {
            None => bucket.queue.len(),
            Some(me) => bucket
                .queue
                .iter()
                .position(|other| Arc::ptr_eq(other, me))
                .unwrap_or(0),
        });
        if ahead > 0 && place.is_some() {
            return Look::Behind(Duration::ZERO);
        }
        let jitter = unit(&*runtime.random);
        self.with(&mut state, name, now, |bucket| {
            if ahead == 0 {
                match bucket.gateway(now, self.share, grace, place.is_some()) {
                    Gateway::Open => {
                        bucket.start(now, self.share, jitter);
                        return Look::Go;
                    }
                    Gateway::Wait(least) => {
                        let late = self.too_late(bucket, 0, now, grace, budget);
                        if let Some(reset) = late {
                            return Look::TooLate(reset);
                        }
                        // Answers to other processes wake nobody here.
                        return Look::Wait(if bucket.elsewhere > 0 {
                            least.min(LOOK_AGAIN)
                        } else {
                            least
                        });
                    }
                }
            }
            bucket.roll(now, grace);
            match self.too_late(bucket, ahead, now, grace, budget) {
                Some(reset) => Look::TooLate(reset),
                None => Look::Behind(bucket.at_least(ahead, now, self.share, grace)),
            }
        })
    }

    /// When the call could go out, if that is too late for it.
    fn too_late(
        &self,
        bucket: &super::Bucket,
        ahead: usize,
        now: Moment,
        grace: i64,
        budget: Budget,
    ) -> Option<Option<jiff::Timestamp>> {
        let least = bucket.at_least(ahead, now, self.share, grace);
        let first = bucket.at_least(0, now, self.share, grace);
        let late = budget
            .deadline
            .is_some_and(|deadline| !least.is_zero() && now.mono + least >= deadline);
        (late || first > budget.window).then(|| {
            // To the second, as the service's own header is.
            let at = now.server + i64::try_from(least.as_millis()).unwrap_or(0) - grace;
            jiff::Timestamp::from_millisecond(at).ok()
        })
    }

    fn look_at_gate(&self, runtime: &Runtime, budget: Budget, place: Option<&Arc<Notify>>) -> Look {
        let mut state = self.lock();
        let State { gate, .. } = &mut *state;
        let first = match place {
            None => gate.queue.is_empty(),
            Some(me) => gate
                .queue
                .front()
                .is_some_and(|other| Arc::ptr_eq(other, me)),
        };
        if !self.on {
            gate.in_flight += 1;
            return Look::Go;
        }
        let now = runtime.clock.monotonic();
        let hold = gate.hold_until.saturating_sub(now);
        let late = budget
            .deadline
            .is_some_and(|deadline| gate.hold_until >= deadline);
        if !hold.is_zero() && (late || hold > budget.window) {
            let at = moment(runtime).server + i64::try_from(hold.as_millis()).unwrap_or(0);
            return Look::TooLate(jiff::Timestamp::from_millisecond(at).ok());
        }
        if !first {
            return Look::Behind(Duration::ZERO);
        }
        let wait = gate.wait(now);
        if wait.is_zero() {
            gate.in_flight += 1;
            return Look::Go;
        }
        Look::Wait(wait)
    }
}

async fn optional(sleep: Option<crate::clock::Sleep>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => pending().await,
    }
}
