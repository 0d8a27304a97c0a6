//! What is known about one bucket, and whether a call may go out now.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::window::{Fit, Window, signed};
use crate::response::RateLimit;

/// Until an answer tells about a window, so many calls may be on their way at a time.
const PROBES: u64 = 4;
/// If none answers for so long, the rest goes too.
const PROBE_TIME: Duration = Duration::from_secs(1);
/// Nested limits that are kept apart.
const MAX_WINDOWS: usize = 4;

/// What a bucket's answers tell about limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Known {
    /// No answer yet.
    #[default]
    Nothing,
    /// Answers carry no limit.
    NoLimit,
    /// Answers carry limits.
    Limits,
}

/// The part of a bucket that clients on one machine may share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Learnt {
    pub(super) known: Known,
    pub(super) windows: Vec<Window>,
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Since the client's own start.
    pub(super) mono: Duration,
    /// Of the service, milliseconds.
    pub(super) server: i64,
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gateway {
    Open,
    /// Not before so long, unless an answer comes.
    Wait(Duration),
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) learnt: Learnt,
    /// Calls of this client on their way.
    pub(super) in_flight: u64,
    /// Calls of the clients that share the lease.
    pub(super) elsewhere: u64,
    pub(super) queue: VecDeque<Arc<Notify>>,
    /// When the next of those in line may go.
    next_start: Duration,
    probing_since: Option<Duration>,
}

impl Bucket {
    fn on_their_way(&self) -> u64 {
        self.in_flight + self.elsewhere
    }

    pub(super) fn roll(&mut self, now: Moment, grace: i64) {
        let in_flight = self.on_their_way();
        for window in &mut self.learnt.windows {
            window.roll(now.server, grace, in_flight);
        }
    }

    /// Asks for one call; `lined_up` if it waited in line.
    pub(super) fn gateway(
        &mut self,
        now: Moment,
        share: f64,
        grace: i64,
        lined_up: bool,
    ) -> Gateway {
        self.roll(now, grace);
        let in_flight = self.on_their_way();
        if self.learnt.known == Known::NoLimit {
            return Gateway::Open;
        }
        let blocked = self
            .learnt
            .windows
            .iter()
            .filter(|window| window.available(now.server, share, in_flight) < 1)
            .map(|window| window.opens_in(now.server, share, grace, in_flight))
            .max();
        if let Some(wait) = blocked {
            self.probing_since = None;
            return Gateway::Wait(millis(wait));
        }
        if !self.learnt.windows.iter().any(|window| window.confirmed) {
            let since = *self.probing_since.get_or_insert(now.mono);
            let probed = now.mono.saturating_sub(since);
            if in_flight >= PROBES && probed < PROBE_TIME {
                return Gateway::Wait(PROBE_TIME - probed);
            }
        }
        // Timers are no finer than a millisecond.
        if lined_up && self.next_start > now.mono + Duration::from_millis(1) {
            return Gateway::Wait(self.next_start - now.mono);
        }
        Gateway::Open
    }

    /// Counts a call that goes out now. Those in line behind it follow one after the other, ten
    /// times as fast as the limit on average, so that a reset is no starting gun.
    pub(super) fn start(&mut self, now: Moment, share: f64, jitter: f64) {
        self.in_flight += 1;
        for window in &mut self.learnt.windows {
            window.own += 1;
        }
        if let Some(tightest) = self.learnt.windows.iter().min_by_key(|window| window.limit) {
            let gap = tightest.length as f64 / tightest.allowance(share).max(1) as f64 / 10.0;
            let gap = millis_f64(gap.min(250.0) * (0.5 + jitter));
            self.next_start = self.next_start.max(now.mono) + gap;
        }
    }

    /// A call ended without reaching the service.
    pub(super) fn unsent(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for window in &mut self.learnt.windows {
            window.give_back();
        }
    }

    /// A call ended, and nothing tells whether it was counted.
    pub(super) fn unanswered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        for window in &mut self.learnt.windows {
            window.lose_one();
        }
    }

    /// A call was answered.
    pub(super) fn answered(&mut self, limit: Option<RateLimit>, order: u64, now: Moment) {
        let Some(limit) = limit.filter(|limit| limit.limit > 0) else {
            if self.learnt.known == Known::Limits {
                self.unanswered();
            } else {
                self.learnt.known = Known::NoLimit;
                self.in_flight = self.in_flight.saturating_sub(1);
            }
            return;
        };
        self.in_flight = self.in_flight.saturating_sub(1);
        let in_flight = self.on_their_way();
        let windows = &mut self.learnt.windows;
        let fits: Vec<Fit> = windows
            .iter()
            .map(|window| window.fit(limit, now.server))
            .collect();
        // Of several that it may be of, the one with its limit.
        let best = |wanted: Fit| {
            let of_limit = |&at: &usize| fits[at] == wanted && windows[at].limit == limit.limit;
            let all = 0..fits.len();
            all.clone()
                .find(of_limit)
                .or_else(|| all.clone().find(|&at| fits[at] == wanted))
        };
        let found = best(Fit::Same).or_else(|| best(Fit::Next));
        match found {
            Some(at) => windows[at].take(limit, fits[at], order, in_flight),
            None if fits.contains(&Fit::Late) => return,
            None => {
                let Some(window) = Window::new(limit, now.server, order, in_flight) else {
                    // Nonsense: as good as no limit, unless one is known.
                    if windows.is_empty() {
                        self.learnt.known = Known::NoLimit;
                    }
                    return;
                };
                if windows.len() >= MAX_WINDOWS {
                    windows.remove(0);
                }
                windows.push(window);
            }
        }
        let taken = found.unwrap_or(windows.len() - 1);
        let mut at = 0;
        windows.retain_mut(|window| {
            at += 1;
            at - 1 == taken || !window.passed_over()
        });
        self.learnt.known = Known::Limits;
        self.probing_since = None;
    }

    /// How long the caller behind `ahead` others waits at least, as far as it is known: only
    /// windows that are used up count, not answers that are to come.
    pub(super) fn at_least(&self, ahead: usize, now: Moment, share: f64, grace: i64) -> Duration {
        let ahead = signed(ahead as u64);
        let wait = self
            .learnt
            .windows
            .iter()
            .map(|window| {
                let left = window.available(now.server, share, self.in_flight).max(
                    // What is on its way may turn out not to count.
                    (signed(window.remaining) - signed(self.elsewhere)).min(
                        signed(window.allowance(share)) - signed(window.own)
                            + signed(self.in_flight),
                    ),
                );
                let behind = ahead - left.max(0);
                if behind < 0 {
                    return 0;
                }
                let windows = behind / signed(window.allowance(share)).max(1);
                (window.reset + grace - now.server).max(0) + windows * window.length
            })
            .max();
        millis(wait.unwrap_or(0))
    }

    /// The window with the smallest limit.
    pub(super) fn tightest(&self) -> Option<&Window> {
        self.learnt.windows.iter().min_by_key(|window| window.limit)
    }

    /// Wakes the next in line.
    pub(super) fn wake(&self) {
        if let Some(next) = self.queue.front() {
            next.notify_one();
        }
    }
}

fn millis(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}

fn millis_f64(count: f64) -> Duration {
    Duration::from_secs_f64((count / 1000.0).clamp(0.0, 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment {
            mono: Duration::from_secs(seconds),
            server: seconds as i64 * 1000,
        }
    }

    fn limit(limit: u64, remaining: u64, reset: i64) -> Option<RateLimit> {
        Some(RateLimit {
            limit,
            remaining,
            reset: jiff::Timestamp::from_second(reset).unwrap(),
        })
    }

    fn open(bucket: &mut Bucket, now: Moment) -> bool {
        bucket.gateway(now, 1.0, 0, false) == Gateway::Open
    }

    #[test]
    fn an_unknown_bucket_is_probed_before_it_is_stormed() {
        let mut bucket = Bucket::default();
        for _ in 0..4 {
            assert!(open(&mut bucket, at(0)));
            bucket.start(at(0), 1.0, 0.5);
        }
        assert!(!open(&mut bucket, at(0)));
        assert!(open(&mut bucket, at(1)), "a slow answer holds nobody up");
        bucket.answered(limit(10, 9, 60), 1, at(0));
        for _ in 0..6 {
            assert!(open(&mut bucket, at(0)));
            bucket.start(at(0), 1.0, 0.5);
        }
        assert_eq!(
            bucket.gateway(at(0), 1.0, 0, false),
            Gateway::Wait(Duration::from_secs(60))
        );
    }

    #[test]
    fn a_bucket_without_limits_is_not_paced() {
        let mut bucket = Bucket::default();
        bucket.start(at(0), 1.0, 0.5);
        bucket.answered(None, 1, at(0));
        for _ in 0..1000 {
            assert!(open(&mut bucket, at(0)));
            bucket.start(at(0), 1.0, 0.5);
        }
    }

    #[test]
    fn nested_limits_both_count() {
        let mut bucket = Bucket::default();
        bucket.start(at(0), 1.0, 0.5);
        bucket.start(at(0), 1.0, 0.5);
        bucket.answered(limit(600, 500, 60), 1, at(0));
        bucket.answered(limit(100, 1, 30), 2, at(0));
        assert_eq!(bucket.learnt.windows.len(), 2);
        bucket.start(at(0), 1.0, 0.5);
        assert_eq!(
            bucket.gateway(at(0), 1.0, 0, false),
            Gateway::Wait(Duration::from_secs(30))
        );
        // The tighter one is not seen any more: it is forgotten.
        bucket.answered(limit(600, 498, 60), 3, at(31));
        for order in 4..20 {
            assert!(open(&mut bucket, at(31)));
            bucket.start(at(31), 1.0, 0.5);
            bucket.answered(limit(600, 498 - order, 60), order, at(31));
        }
        assert_eq!(bucket.learnt.windows.len(), 1);
    }

    #[test]
    fn those_in_line_follow_one_after_the_other() {
        let mut bucket = Bucket::default();
        bucket.start(at(0), 1.0, 0.5);
        bucket.answered(limit(600, 599, 60), 1, at(0));
        bucket.start(at(1), 1.0, 0.5);
        let Gateway::Wait(gap) = bucket.gateway(at(1), 1.0, 0, true) else {
            panic!("it follows at once");
        };
        assert_eq!(gap, Duration::from_millis(10));
        assert!(
            open(&mut bucket, at(1)),
            "who finds no line waits for nothing"
        );
    }

    #[test]
    fn a_place_in_line_tells_the_least_wait() {
        let mut bucket = Bucket::default();
        bucket.start(at(0), 1.0, 0.5);
        bucket.answered(limit(10, 0, 60), 1, at(0));
        let least = |ahead| bucket.at_least(ahead, at(0), 1.0, 0).as_secs();
        assert_eq!(
            (least(0), least(9), least(10), least(25)),
            (60, 60, 120, 180)
        );
    }
}
