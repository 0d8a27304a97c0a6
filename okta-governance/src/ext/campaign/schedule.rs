//! When a campaign runs.

use crate::ext::Problem;
use crate::ext::invalid::Findings;
use crate::models::{
    RecurrenceDefinitionMutable, RecurrenceRepeatOnType, ScheduleSettingsMutable, ScheduleType,
};

/// How often a recurring campaign runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    every: u32,
    unit: Unit,
    repeat_on: Option<RecurrenceRepeatOnType>,
    ends: Option<jiff::Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

impl Unit {
    /// Its letter in an ISO 8601 duration, the most of them the service takes, its name, and the
    /// longest that one can be, in days.
    fn facts(self) -> (char, u32, &'static str, u32) {
        match self {
            Self::Days => ('D', 182, "days", 1),
            Self::Weeks => ('W', 26, "weeks", 7),
            Self::Months => ('M', 24, "months", 31),
            Self::Years => ('Y', 2, "years", 366),
        }
    }
}

impl Recurrence {
    fn every(every: u32, unit: Unit) -> Self {
        Self {
            every,
            unit,
            repeat_on: None,
            ends: None,
        }
    }

    /// Every so many days, at most 182.
    pub fn days(every: u32) -> Self {
        Self::every(every, Unit::Days)
    }

    /// Every so many weeks, at most 26.
    pub fn weeks(every: u32) -> Self {
        Self::every(every, Unit::Weeks)
    }

    /// Every so many months, at most 24.
    pub fn months(every: u32) -> Self {
        Self::every(every, Unit::Months)
    }

    /// Every so many years, at most 2.
    pub fn years(every: u32) -> Self {
        Self::every(every, Unit::Years)
    }

    /// Which day of the month it is repeated on; for months only.
    #[must_use]
    pub fn on(mut self, day: RecurrenceRepeatOnType) -> Self {
        self.repeat_on = Some(day);
        self
    }

    /// When the recurrence stops; without it the campaign runs for ever.
    #[must_use]
    pub fn until(mut self, ends: jiff::Timestamp) -> Self {
        self.ends = Some(ends);
        self
    }

    /// The interval in ISO 8601: `P3M`.
    pub fn interval(&self) -> String {
        format!("P{}{}", self.every, self.unit.facts().0)
    }

    fn check(&self, schedule: &Schedule, findings: &mut Findings) {
        let (_, most, name, longest) = self.unit.facts();
        let at = "scheduleSettings.recurrence.interval";
        if !(1..=most).contains(&self.every) {
            let expected = format!("1 to {most} {name}");
            findings.add(Problem::new(at, expected, format!("{} {name}", self.every)));
        } else if let Some(days) = schedule.duration_days
            && days > self.every.saturating_mul(longest)
        {
            // Months and years count with all the days they can have, so that nothing is refused
            // here that the service might take.
            let expected = format!("an interval no shorter than the campaign's {days} days");
            let problem = Problem::new(at, expected, self.interval());
            findings.add(problem.fix("a run must be over before the next one begins"));
        }
        if self.repeat_on.is_some() && self.unit != Unit::Months {
            let at = "scheduleSettings.recurrence.repeatOnType";
            let found = format!("an interval of {name}");
            findings.add(Problem::new(at, "an interval of months", found));
        }
        if let (Some(start), Some(ends)) = (schedule.start, self.ends)
            && ends <= start
        {
            let at = "scheduleSettings.recurrence.ends";
            let expected = format!("a time after the start ({start})");
            findings.add(Problem::new(at, expected, ends.to_string()));
        }
    }

    fn definition(&self) -> RecurrenceDefinitionMutable {
        RecurrenceDefinitionMutable {
            interval: Some(self.interval()),
            repeat_on_type: self.repeat_on.clone(),
            ends: self.ends.map(Into::into),
            ..Default::default()
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Schedule {
    pub(super) start: Option<jiff::Timestamp>,
    pub(super) duration_days: Option<u32>,
    pub(super) time_zone: Option<String>,
    pub(super) recurrence: Option<Recurrence>,
}

impl Schedule {
    pub(super) fn settings(&self, findings: &mut Findings) -> ScheduleSettingsMutable {
        if self.start.is_none() {
            let fix = "call `starts_at` or `starts`";
            findings.missing("scheduleSettings.startDate", "a date and time", fix);
        }
        match self.duration_days {
            None => findings.missing(
                "scheduleSettings.durationInDays",
                "at least 1",
                "call `lasts_days`",
            ),
            Some(0) => findings.add(Problem::new(
                "scheduleSettings.durationInDays",
                "at least 1",
                "0",
            )),
            Some(_) => {}
        }
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        let like_a_zone = |b: u8| b.is_ascii_alphanumeric() || b"/_+-".contains(&b);
        if !(1..=64).contains(&zone.len()) || !zone.bytes().all(like_a_zone) {
            let expected = "a time zone's IANA name";
            let problem = Problem::new("scheduleSettings.timeZone", expected, format!("{zone:?}"));
            findings.add(problem.fix("for example Europe/Berlin"));
        }
        if let Some(recurrence) = &self.recurrence {
            recurrence.check(self, findings);
        }
        ScheduleSettingsMutable {
            type_: Some(match self.recurrence {
                Some(_) => ScheduleType::Recurring,
                None => ScheduleType::OneOff,
            }),
            start_date: self.start.map(Into::into),
            duration_in_days: self.duration_days.map(f64::from),
            time_zone: Some(zone.to_owned()),
            recurrence: self.recurrence.as_ref().map(Recurrence::definition),
            ..Default::default()
        }
    }
}
