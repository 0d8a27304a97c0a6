//! When a scheduled update begins: minute, hour, day of the month, month, day of the week. Of
//! the days only one kind is told, and a day of the week may be the third one of a month, say.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A schedule in a time zone.
#[derive(Debug)]
pub(super) struct Cron {
    minute: i8,
    hour: i8,
    /// Days of the month; none for all.
    days: Option<Vec<i8>>,
    /// Months; none for all.
    months: Option<Vec<i8>>,
    /// Days of the week from Sunday as 0, and which of them in a month; none for all.
    weekdays: Option<Vec<(i8, Option<i8>)>>,
    zone: TimeZone,
}

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

fn number(text: &str, from: i8, to: i8) -> Option<i8> {
    let number = text.parse().ok()?;
    (from..=to).contains(&number).then_some(number)
}

fn name(text: &str, names: &[&str], first: i8) -> Option<i8> {
    let place = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text));
    Some(i8::try_from(place?).ok()? + first)
}

/// The elements of a field; no elements where the field does not care.
fn list<T>(field: &str, one: impl Fn(&str) -> Option<T>) -> Option<Option<Vec<T>>> {
    match field {
        "*" | "?" => Some(None),
        field => field.split(',').map(one).collect::<Option<_>>().map(Some),
    }
}

fn weekday(text: &str) -> Option<(i8, Option<i8>)> {
    let (day, nth) = match text.split_once('#') {
        Some((day, nth)) => (day, Some(number(nth, 1, 5)?)),
        None => (text, None),
    };
    // Sunday ends a week as well as it begins one.
    let day = name(day, &WEEKDAYS, 0).or_else(|| number(day, 0, 7));
    Some((day? % 7, nth))
}

impl Cron {
    /// Reads a schedule; none if it is not one.
    pub(super) fn parse(text: &str, zone: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, days, months, weekdays] = fields[..] else {
            return None;
        };
        let zone = match zone {
            "" => TimeZone::UTC,
            zone => TimeZone::get(zone).ok()?,
        };
        let month = |text: &str| name(text, &MONTHS, 1).or_else(|| number(text, 1, 12));
        let cron = Self {
            minute: number(minute, 0, 59)?,
            hour: number(hour, 0, 23)?,
            days: list(days, |day| number(day, 1, 31))?,
            months: list(months, month)?,
            weekdays: list(weekdays, weekday)?,
            zone,
        };
        (cron.days.is_none() || cron.weekdays.is_none()).then_some(cron)
    }

    fn fits(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset();
        let nth = (date.day() - 1) / 7 + 1;
        let in_week = |(day, which): &(i8, Option<i8>)| {
            *day == weekday && which.is_none_or(|which| which == nth)
        };
        self.months
            .as_ref()
            .is_none_or(|months| months.contains(&date.month()))
            && self
                .days
                .as_ref()
                .is_none_or(|days| days.contains(&date.day()))
            && self
                .weekdays
                .as_ref()
                .is_none_or(|days| days.iter().any(in_week))
    }

    /// The first beginning after a time; none within the years that a schedule can skip.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut date = after.to_zoned_datetime(self.zone.clone()).date();
        for _ in 0..366 * 9 {
            if self.fits(date) {
                let at = date.at(self.hour, self.minute, 0, 0);
                let at = at.to_zoned_datetime(self.zone.clone()).ok()?.timestamp();
                if at > after {
                    return Some(at);
                }
            }
            date = date.checked_add(1.day()).ok()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(cron: &str, zone: &str, after: &str) -> Option<String> {
        let cron = Cron::parse(cron, zone)?;
        let at = cron.next(after.parse().expect("a time"))?;
        Some(at.to_string())
    }

    #[test]
    fn beginnings_follow_the_calendar_of_the_zone() {
        let after = "2026-01-01T12:00:00Z"; // a Thursday
        for (cron, zone, expected) in [
            ("0 3 * * WED", "UTC", "2026-01-07T03:00:00Z"),
            ("0 3 * * WED", "Asia/Calcutta", "2026-01-06T21:30:00Z"),
            ("0 8 ? * 6#3", "", "2026-01-17T08:00:00Z"),
            ("30 12 1 * ?", "UTC", "2026-01-01T12:30:00Z"),
            ("0 12 1 * ?", "UTC", "2026-02-01T12:00:00Z"),
            ("0 0 29 2 ?", "UTC", "2028-02-29T00:00:00Z"),
            ("0 1 * * THU,0", "UTC", "2026-01-04T01:00:00Z"),
            ("0 1 * JUL SUN", "UTC", "2026-07-05T01:00:00Z"),
        ] {
            assert_eq!(next(cron, zone, after).as_deref(), Some(expected), "{cron}");
        }
        assert_eq!(next("0 0 30 2 ?", "UTC", after), None, "never");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for cron in [
            "",
            "0 3 * *",
            "0 24 * * *",
            "60 3 * * *",
            "* 3 * * *",
            "0 3 1 * WED",
            "0 3 * * WED#6",
            "0 3 32 * ?",
            "0 3 * 13 *",
            "0 3 * * NEVER",
            "0 3 * * * 2026",
        ] {
            assert!(Cron::parse(cron, "UTC").is_none(), "{cron}");
        }
        assert!(Cron::parse("0 3 * * WED", "Nowhere/City").is_none());
    }
}
