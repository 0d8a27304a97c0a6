//! How far a job is, how fast, and how long it will take.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Items done, those of earlier runs included.
    pub done: u64,
    /// Items that failed in this run.
    pub failed: u64,
    /// All items, if known.
    pub total: Option<u64>,
    /// Items a minute, lately.
    pub per_minute: f64,
    /// Time since the start.
    pub elapsed: Duration,
    /// Time until the end at the present rate; `None` without total or rate.
    pub eta: Option<Duration>,
}

impl fmt::Display for Progress {
    /// `1200 of 5000 done, 3 failed, 598 a minute, 6 min 22 s to go`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.done)?;
        if let Some(total) = self.total {
            write!(f, " of {total}")?;
        }
        f.write_str(" done")?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        write!(f, ", {:.0} a minute", self.per_minute)?;
        match self.eta.map(|eta| eta.as_secs()) {
            Some(seconds) if seconds >= 60 => {
                write!(f, ", {} min {} s to go", seconds / 60, seconds % 60)
            }
            Some(seconds) => write!(f, ", {seconds} s to go"),
            None => Ok(()),
        }
    }
}

/// The rate is taken over this time: a rate limit's window, so that its stops and starts even out.
const WINDOW: Duration = Duration::from_secs(60);

/// Counts what ends.
pub(super) struct Meter {
    started: Duration,
    ended: u64,
    /// Time and count, one a second at most.
    samples: VecDeque<(Duration, u64)>,
}

impl Meter {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            started: now,
            ended: 0,
            samples: VecDeque::from([(now, 0)]),
        }
    }

    pub(super) fn elapsed(&self, now: Duration) -> Duration {
        now.saturating_sub(self.started)
    }

    /// One more item ended.
    pub(super) fn tick(&mut self, now: Duration) {
        self.ended += 1;
        let last = self.samples.back().map_or(Duration::ZERO, |&(at, _)| at);
        if now.saturating_sub(last) >= Duration::from_secs(1) {
            self.samples.push_back((now, self.ended));
        }
        let old = |&(at, _): &(Duration, u64)| now.saturating_sub(at) > WINDOW;
        while self.samples.len() > 2 && self.samples.get(1).is_some_and(old) {
            self.samples.pop_front();
        }
    }

    pub(super) fn per_minute(&self, now: Duration) -> f64 {
        let &(since, before) = self.samples.front().unwrap_or(&(self.started, 0));
        let seconds = now.saturating_sub(since).as_secs_f64();
        if seconds > 0.0 {
            (self.ended - before) as f64 / seconds * 60.0
        } else {
            0.0
        }
    }

    /// `left` items at the present rate.
    pub(super) fn eta(&self, now: Duration, left: u64) -> Option<Duration> {
        let per_minute = self.per_minute(now);
        (per_minute > 0.0)
            .then(|| Duration::try_from_secs_f64(left as f64 / per_minute * 60.0).ok())
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let second = Duration::from_secs;
        let mut meter = Meter::new(second(100));
        assert_eq!(meter.eta(second(100), 5), None);
        for n in 1..=600 {
            meter.tick(second(100) + Duration::from_millis(100 * n));
        }
        assert!((meter.per_minute(second(160)) - 600.0).abs() < 1.0);
        // Ten times slower from here on.
        for n in 1..=120 {
            meter.tick(second(160 + n));
        }
        let rate = meter.per_minute(second(280));
        assert!((rate - 60.0).abs() < 2.0, "{rate}");
        let eta = meter.eta(second(280), 120).unwrap();
        assert!((115..=125).contains(&eta.as_secs()), "{eta:?}");
        assert_eq!(meter.elapsed(second(280)), second(180));
    }

    #[test]
    fn progress_reads_well() {
        let progress = Progress {
            done: 1200,
            failed: 3,
            total: Some(5000),
            per_minute: 598.4,
            elapsed: Duration::from_secs(120),
            eta: Some(Duration::from_secs(382)),
        };
        assert_eq!(
            progress.to_string(),
            "1200 of 5000 done, 3 failed, 598 a minute, 6 min 22 s to go"
        );
    }
}
