//! The limit on requests at the same time: unknown until it is met, then felt for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

/// After this long without a refusal, one more at a time is tried.
const RAISE_EVERY: Duration = Duration::from_secs(10);
/// After this long without a refusal, the limit counts as gone.
const FORGET_AFTER: Duration = Duration::from_secs(300);

/// Requests of all buckets that are under way, and how many may be.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) in_flight: u64,
    pub(super) cap: Option<u64>,
    refused_at: Duration,
    raised_at: Duration,
    /// Nothing goes out before this moment: an answer without a bucket asked for it.
    pub(super) hold_until: Duration,
    pub(super) queue: VecDeque<Arc<Notify>>,
}

impl Gate {
    /// Zero if one more may go, else how long to look away at most.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        if now < self.hold_until {
            return self.hold_until - now;
        }
        let Some(cap) = self.cap else {
            return Duration::ZERO;
        };
        if now.saturating_sub(self.refused_at) >= FORGET_AFTER {
            self.cap = None;
            return Duration::ZERO;
        }
        let since = now.saturating_sub(self.raised_at);
        if since >= RAISE_EVERY {
            self.cap = Some(cap + (cap / 10).max(1));
            self.raised_at = now;
        }
        if self.cap.is_none_or(|cap| self.in_flight < cap) {
            Duration::ZERO
        } else {
            RAISE_EVERY
                .saturating_sub(since)
                .max(Duration::from_millis(1))
        }
    }

    /// A request was refused because too many ran at once; it is not counted any more. What still
    /// runs is what the service had room for.
    pub(super) fn refused(&mut self, now: Duration) {
        let room = self.in_flight.max(1);
        self.cap = Some(self.cap.map_or(room, |cap| cap.min(room)));
        self.refused_at = now;
        self.raised_at = now;
    }

    /// Wakes the next in line.
    pub(super) fn wake(&self) {
        if let Some(next) = self.queue.front() {
            next.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_settles_at_what_the_service_had_room_for() {
        let second = Duration::from_secs;
        let mut gate = Gate {
            in_flight: 80,
            ..Gate::default()
        };
        assert!(gate.wait(second(0)).is_zero());
        for _ in 0..5 {
            gate.in_flight -= 1;
            gate.refused(second(0));
        }
        assert_eq!(gate.cap, Some(75));
        assert!(!gate.wait(second(1)).is_zero());
        gate.in_flight -= 1;
        assert!(gate.wait(second(1)).is_zero());
        // It is felt for again, and forgotten at last.
        gate.in_flight = 75;
        assert!(gate.wait(second(10)).is_zero());
        assert_eq!(gate.cap, Some(82));
        assert!(gate.wait(second(400)).is_zero());
        assert_eq!(gate.cap, None);
        gate.in_flight = 0;
        gate.refused(second(400));
        assert_eq!(gate.cap, Some(1), "one may always go");
        gate.hold_until = second(410);
        assert_eq!(gate.wait(second(405)), second(5));
    }
}
