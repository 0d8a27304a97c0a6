//! Time as the org sees it, and the date forms of its services.

use jiff::{SignedDuration, Timestamp};

/// The org's clock: the system's, moved by an offset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    offset: SignedDuration,
}

/// The clock goes no further, so that whoever adds a lifetime to the time finds a date.
const FIRST: Timestamp = Timestamp::UNIX_EPOCH;
/// The beginning of the year 9000.
const LAST: Timestamp = Timestamp::constant(221_845_392_000, 0);

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
            .checked_add(self.offset)
            .unwrap_or_else(|_| match self.offset.is_negative() {
                true => FIRST,
                false => LAST,
            })
            .clamp(FIRST, LAST)
    }

    /// Seconds that the clock is ahead of the system's.
    pub(crate) fn ahead(&self) -> i64 {
        self.offset.as_secs()
    }

    /// Sets how far the clock is ahead of the system's.
    pub(crate) fn skew(&mut self, seconds: i64) {
        self.offset = SignedDuration::from_secs(seconds);
    }

    /// Moves the clock by seconds.
    pub(crate) fn advance(&mut self, seconds: i64) {
        self.offset = self
            .offset
            .checked_add(SignedDuration::from_secs(seconds))
            .unwrap_or(self.offset);
    }
}

/// `2026-02-02T11:15:22.000Z`, as on core objects.
pub(crate) fn zero_millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// `2026-02-02T11:15:22.123Z`, as in the System Log.
pub(crate) fn millis(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `2026-02-02T11:15:22Z`, as in governance.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Mon, 02 Feb 2026 11:15:23 GMT`, for HTTP headers.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads any ISO 8601 date with an offset.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_offset_leaves_the_dates_that_lifetimes_can_be_added_to() {
        let mut clock = Clock::default();
        for _ in 0..3 {
            clock.advance(i64::MAX / 2);
            assert_eq!(seconds(clock.now()), "9000-01-01T00:00:00Z");
        }
        for back in [i64::MIN, -100_000_000_000] {
            clock.skew(back);
            assert_eq!(seconds(clock.now()), "1970-01-01T00:00:00Z");
        }
    }

    #[test]
    fn date_forms() {
        let at = parse("2026-02-02T11:15:22.123+00:00").expect("a date");
        assert_eq!(zero_millis(at), "2026-02-02T11:15:22.000Z");
        assert_eq!(millis(at), "2026-02-02T11:15:22.123Z");
        assert_eq!(seconds(at), "2026-02-02T11:15:22Z");
        assert_eq!(http_date(at), "Mon, 02 Feb 2026 11:15:22 GMT");
    }
}
