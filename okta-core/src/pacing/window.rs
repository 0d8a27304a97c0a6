//! The arithmetic of one rate-limit window, free of IO and time.

use serde::{Deserialize, Serialize};

use crate::response::RateLimit;

/// Windows are a minute long; shorter ones are learnt from two resets in a row.
const WINDOW_MS: i64 = 60_000;
/// A reset farther away than this is not believed.
const MAX_WINDOW_MS: i64 = 300_000;
/// Resets that differ by this much are of the same window: the header is in whole seconds.
const SAME_MS: i64 = 1_500;

/// One limit that answers of a bucket showed, and what is left of its present window.
///
/// A bucket has one, or several where limits are nested (org, app, token) and the service shows
/// the tightest. All times are milliseconds of the service's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    pub(crate) limit: u64,
    /// End of the present window; a guess until an answer of the window was seen.
    pub(crate) reset: i64,
    /// End of the last window that an answer was seen of.
    seen_reset: i64,
    pub(crate) length: i64,
    /// Lowest that answers of this window showed.
    pub(crate) remaining: u64,
    pub(crate) confirmed: bool,
    /// Our calls that may be counted in this window.
    pub(crate) own: u64,
    /// At least so many calls of others are counted in this window, and were in the one before.
    others: u64,
    others_before: u64,
    /// Used before this client came.
    unseen: u64,
    /// Seen from its beginning, so that `others` tells what is usual.
    whole: bool,
    /// Order of the call whose answer set `limit`.
    order: u64,
    /// Answers of other windows since this one ended unseen.
    silent: u32,
}

/// What an answer means to a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is of this window.
    Same,
    /// It is of the window after this one.
    Next,
    /// It is of a window that ended.
    Late,
    /// It is of another limit.
    Other,
}

impl Window {
    /// From the first answer; `None` if the header cannot be right.
    pub(super) fn new(limit: RateLimit, now: i64, order: u64, in_flight: u64) -> Option<Self> {
        let reset = limit.reset.as_millisecond();
        let distance = reset - now;
        // The service's clock is known to a second only.
        (-2_000..=MAX_WINDOW_MS).contains(&distance).then(|| Self {
            limit: limit.limit,
            reset,
            seen_reset: reset,
            length: distance.max(WINDOW_MS),
            remaining: limit.remaining,
            confirmed: true,
            own: in_flight + 1,
            others: 0,
            others_before: 0,
            unseen: limit
                .limit
                .saturating_sub(limit.remaining)
                .saturating_sub(in_flight + 1),
            whole: false,
            order,
            silent: 0,
        })
    }

    /// Numbers from a file that cannot be right are not reckoned with.
    pub(super) fn is_sound(&self) -> bool {
        let year_9999 = 253_402_300_799_000;
        self.limit > 0
            && (1..=MAX_WINDOW_MS).contains(&self.length)
            && (0..year_9999).contains(&self.reset)
            && (0..year_9999).contains(&self.seen_reset)
            && self.own < u64::from(u32::MAX)
    }

    /// Begins the next window if this one is over.
    pub(super) fn roll(&mut self, now: i64, grace: i64, in_flight: u64) {
        if now < self.reset + grace {
            return;
        }
        let missed = (now - grace - self.reset) / self.length.max(1);
        self.begin(
            self.reset + (missed + 1) * self.length,
            in_flight,
            missed == 0,
        );
    }

    fn begin(&mut self, reset: i64, in_flight: u64, adjacent: bool) {
        let told = adjacent && self.whole && self.confirmed;
        self.others_before = if told { self.others } else { 0 };
        self.others = 0;
        self.reset = reset;
        self.remaining = self.limit;
        self.confirmed = false;
        self.own = in_flight;
        self.unseen = 0;
        self.whole = true;
    }

    pub(super) fn fit(&self, limit: RateLimit, now: i64) -> Fit {
        let reset = limit.reset.as_millisecond();
        let same_limit = limit.limit == self.limit;
        if self.confirmed && (reset - self.reset).abs() <= SAME_MS {
            return Fit::Same;
        }
        if reset <= self.seen_reset + SAME_MS {
            // Another limit may well end earlier than this one.
            return if same_limit || reset <= now {
                Fit::Late
            } else {
                Fit::Other
            };
        }
        // A limit that changed between two windows keeps its rhythm.
        let phase = (reset - self.seen_reset).rem_euclid(self.length.max(1));
        if same_limit || phase <= SAME_MS || self.length - phase <= SAME_MS {
            Fit::Next
        } else {
            Fit::Other
        }
    }

    /// Takes an answer that fits; `in_flight` without the call it answers.
    pub(super) fn take(&mut self, limit: RateLimit, fit: Fit, order: u64, in_flight: u64) {
        let reset = limit.reset.as_millisecond();
        self.silent = 0;
        if fit == Fit::Next {
            if self.confirmed {
                // It ended before our reckoning said so.
                self.begin(reset, in_flight + 1, true);
            }
            let distance = reset - self.seen_reset;
            if distance >= 1_000 {
                self.length = self.length.min(distance);
            }
        }
        if limit.limit != self.limit {
            if order < self.order {
                // Sent before the limit changed.
                return;
            }
            self.remaining = limit.remaining;
            self.limit = limit.limit;
        } else if self.confirmed {
            self.remaining = self.remaining.min(limit.remaining);
        } else {
            self.remaining = limit.remaining;
        }
        self.order = self.order.max(order);
        self.reset = if self.confirmed {
            self.reset.max(reset)
        } else {
            reset
        };
        self.seen_reset = self.reset;
        self.confirmed = true;
        let used = self.limit.saturating_sub(limit.remaining);
        self.others = self.others.max(used.saturating_sub(self.own + self.unseen));
    }

    /// Counts an answer of another limit while this one is silent; true if it is to be forgotten.
    pub(super) fn passed_over(&mut self) -> bool {
        if !self.confirmed {
            self.silent += 1;
        }
        self.silent >= 8
    }

    /// A call that was counted on did not reach the service.
    pub(super) fn give_back(&mut self) {
        self.own = self.own.saturating_sub(1);
    }

    /// A call got no answer that tells: it may have been counted.
    pub(super) fn lose_one(&mut self) {
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Calls that this client may make in a whole window.
    pub(super) fn allowance(&self, share: f64) -> u64 {
        if share >= 1.0 {
            return self.limit;
        }
        // At least one, or nothing would ever go out.
        ((self.limit as f64 * share).floor() as u64).max(1)
    }

    /// How many calls may go out now, with so many on their way; negative if too many are.
    pub(super) fn available(&self, now: i64, share: f64, in_flight: u64) -> i64 {
        let kept = self.kept_for_others(now, in_flight);
        let by_service = signed(self.remaining) - signed(in_flight) - signed(kept);
        if share >= 1.0 {
            return by_service;
        }
        by_service.min(signed(self.allowance(share)) - signed(self.own))
    }

    /// What others took in the last window they take again: it is left to them as long as the
    /// window lasts, less and less, so that nothing is lost if they do not come. A few calls stay
    /// to the end, because others call while ours are on their way.
    fn kept_for_others(&self, now: i64, in_flight: u64) -> u64 {
        let usual = self.others_before.max(self.others);
        if usual == 0 {
            return 0;
        }
        let length = self.length.max(1) as f64;
        let left = ((self.reset - now) as f64 / length).clamp(0.0, 1.0);
        let still = self.others_before.saturating_sub(self.others) as f64;
        let expected = still
            .min(self.others_before as f64 * left)
            .min(self.limit as f64 / 2.0);
        let meanwhile = (usual as f64 * 300.0 / length).ceil() as u64 + 1;
        let margin = meanwhile.min((self.limit / 100).max(1));
        // Others that are as busy as we are.
        let beside = self.others as f64 * in_flight as f64 / self.own.max(1) as f64;
        (expected.ceil() as u64)
            .max(margin)
            .max(beside.ceil() as u64)
    }

    /// Milliseconds until a call may go out, if no answer changes that.
    pub(super) fn opens_in(&self, now: i64, share: f64, grace: i64, in_flight: u64) -> i64 {
        let reset = (self.reset + grace - now).max(1);
        let own = signed(self.allowance(share)) - signed(self.own);
        let by_service = signed(self.remaining) - signed(in_flight);
        if by_service < 1 || (share < 1.0 && own < 1) {
            return reset;
        }
        // Only what is kept for others is in the way; it shrinks by one each such time.
        let step = self.length / signed(self.others_before.max(1));
        step.clamp(20, 2_000).min(reset)
    }
}

/// Counts are far below what this could not hold.
pub(super) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(limit: u64, remaining: u64, reset: i64) -> RateLimit {
        RateLimit {
            limit,
            remaining,
            reset: jiff::Timestamp::from_second(reset).unwrap(),
        }
    }

    fn take(window: &mut Window, answer: RateLimit, now: i64, in_flight: u64) -> Fit {
        let fit = window.fit(answer, now);
        if matches!(fit, Fit::Same | Fit::Next) {
            window.take(answer, fit, 1, in_flight);
        }
        fit
    }

    #[test]
    fn calls_on_their_way_count() {
        let mut window = Window::new(limit(600, 10, 60), 0, 1, 3).unwrap();
        assert_eq!(window.available(0, 1.0, 3), 7);
        // A late answer of this window shows more; the lowest counts.
        assert_eq!(take(&mut window, limit(600, 12, 60), 0, 2), Fit::Same);
        assert_eq!(window.available(0, 1.0, 2), 8);
        assert_eq!(window.available(0, 1.0, 10), 0);
        assert_eq!(window.opens_in(1_000, 1.0, 0, 10), 59_000);
    }

    #[test]
    fn the_next_window_is_whole_less_what_is_on_its_way() {
        let mut window = Window::new(limit(600, 0, 60), 0, 1, 0).unwrap();
        window.roll(59_999, 0, 5);
        assert_eq!(window.remaining, 0);
        window.roll(60_000, 0, 5);
        assert!(!window.confirmed);
        assert_eq!(window.available(60_000, 1.0, 5), 595);
        // An answer of the old window says nothing about this one.
        assert_eq!(take(&mut window, limit(600, 0, 60), 60_001, 4), Fit::Late);
        assert_eq!(
            take(&mut window, limit(600, 596, 120), 60_100, 3),
            Fit::Next
        );
        assert_eq!(window.available(60_100, 1.0, 3), 593);
    }

    #[test]
    fn a_share_is_of_the_limit_not_of_what_is_left() {
        let mut window = Window::new(limit(100, 100, 60), 0, 1, 0).unwrap();
        window.roll(60_000, 0, 0);
        take(&mut window, limit(100, 40, 120), 60_000, 0);
        window.own = 59;
        assert_eq!(window.available(119_000, 0.6, 0), 1);
        window.own = 60;
        assert_eq!(window.available(119_000, 0.6, 0), 0);
        assert_eq!(window.allowance(0.001), 1);
    }

    #[test]
    fn a_limit_that_changes_is_followed_at_once() {
        let mut window = Window::new(limit(300, 0, 60), 0, 1, 0).unwrap();
        window.own = 300;
        window.unseen = 0;
        assert_eq!(take(&mut window, limit(600, 300, 60), 10_000, 0), Fit::Same);
        assert_eq!(window.available(10_000, 1.0, 0), 300);
        // Sent before the change, answered after it.
        window.order = 9;
        take(&mut window, limit(300, 0, 60), 10_100, 0);
        assert_eq!((window.limit, window.remaining), (600, 300));
        assert_eq!(
            take(&mut window, limit(100, 99, 120), 60_100, 0),
            Fit::Next,
            "between two windows"
        );
    }

    #[test]
    fn what_others_usually_take_is_left_to_them_for_a_while() {
        let mut window = Window::new(limit(600, 599, 60), 0, 1, 0).unwrap();
        window.roll(60_000, 0, 0);
        window.own = 400;
        take(&mut window, limit(600, 0, 120), 119_000, 0);
        assert_eq!(window.others, 200);
        window.roll(120_000, 0, 0);
        assert_eq!(window.available(120_000, 1.0, 0), 400);
        assert_eq!(window.available(150_000, 1.0, 0), 500);
        assert_eq!(window.available(180_000, 1.0, 0), 598);
        // They came early this time.
        window.own = 1;
        take(&mut window, limit(600, 399, 180), 121_000, 0);
        assert_eq!(window.available(121_000, 1.0, 0), 397);
    }

    #[test]
    fn other_limits_and_nonsense_are_told_apart() {
        let window = Window::new(limit(600, 10, 60), 0, 1, 0).unwrap();
        assert_eq!(window.fit(limit(50, 4, 30), 0), Fit::Other);
        assert_eq!(window.fit(limit(50, 4, 90), 0), Fit::Other);
        assert!(Window::new(limit(600, 10, 5_000_000), 0, 1, 0).is_none());
        assert!(Window::new(limit(600, 10, 0), 60_000, 1, 0).is_none());
    }

    #[test]
    fn short_windows_are_learnt() {
        let mut window = Window::new(limit(2, 0, 2), 0, 1, 0).unwrap();
        window.roll(2_000, 0, 0);
        take(&mut window, limit(2, 1, 4), 2_100, 0);
        assert_eq!(window.length, 2_000);
        window.roll(9_100, 0, 0);
        assert_eq!(window.reset, 10_000);
    }
}
