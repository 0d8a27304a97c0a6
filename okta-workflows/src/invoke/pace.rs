//! Ten starts a second, whatever the number of tasks.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Direct invocations of one flow that the platform takes in a second.
const PER_SECOND: usize = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// When the last starts were, or will be.
#[derive(Debug, Default)]
pub(super) struct Pace {
    starts: Mutex<VecDeque<Duration>>,
}

impl Pace {
    /// Books the next free start and says how long to wait for it; `now` is a monotonic time.
    pub(super) fn book(&self, now: Duration) -> Duration {
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        let start = match starts.len() {
            PER_SECOND.. => starts
                .pop_front()
                .map_or(now, |first| now.max(first + WINDOW)),
            _ => now,
        };
        starts.push_back(start);
        start.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_ten_starts() {
        let pace = Pace::default();
        let mut now = Duration::ZERO;
        let mut starts = Vec::new();
        for call in 0..200_u64 {
            // A caller that is now faster, now slower than the platform.
            now += Duration::from_millis(if call % 50 < 30 { 7 } else { 180 });
            starts.push(now + pace.book(now));
        }
        for (index, start) in starts.iter().enumerate() {
            let within = starts[index..]
                .iter()
                .filter(|later| **later < *start + WINDOW)
                .count();
            assert!(
                within <= PER_SECOND,
                "{within} starts in the second from {start:?}"
            );
        }
        assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_slow_caller_never_waits() {
        let pace = Pace::default();
        for second in 0..50 {
            assert_eq!(
                pace.book(Duration::from_millis(second * 101)),
                Duration::ZERO
            );
        }
    }
}
