//! One value of one field.

use std::fmt;

use crate::models::RequestFieldType;

/// The value of a field of an access request, of one of the six types that fields have.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// `TEXT`: any text of 1 to 1,000 characters.
    Text(String),
    /// `SELECT`: one of the field's choices.
    Select(String),
    /// `MULTISELECT`: some of the field's choices.
    MultiSelect(Vec<String>),
    /// `ISO_DATE`, called `DATE-TIME` in version 1.
    Date(FieldDate),
    /// `DURATION` in ISO 8601: `P7D`.
    Duration(String),
    /// `OKTA_USER_ID`: the id of a user.
    UserId(String),
}

/// A moment, written in the form that fields take: seconds, UTC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldDate(jiff::Timestamp);

impl From<jiff::Timestamp> for FieldDate {
    fn from(at: jiff::Timestamp) -> Self {
        Self(at)
    }
}

impl From<&jiff::ZonedDateTime> for FieldDate {
    fn from(at: &jiff::ZonedDateTime) -> Self {
        Self(at.timestamp())
    }
}

/// The beginning of that day in UTC.
impl From<jiff::civil::Date> for FieldDate {
    fn from(day: jiff::civil::Date) -> Self {
        let start = jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0));
        // Only the very last days of the calendar do not fit, and UTC never moves them.
        Self(start.unwrap_or(jiff::Timestamp::MAX))
    }
}

impl fmt::Display for FieldDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

impl fmt::Debug for FieldDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FieldValue {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One of the field's choices.
    pub fn select(choice: impl Into<String>) -> Self {
        Self::Select(choice.into())
    }

    /// Some of the field's choices.
    pub fn multi_select(choices: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::MultiSelect(choices.into_iter().map(Into::into).collect())
    }

    /// A moment, or a day: then its beginning in UTC.
    pub fn date(at: impl Into<FieldDate>) -> Self {
        Self::Date(at.into())
    }

    /// A length of time.
    pub fn duration(span: jiff::Span) -> Self {
        Self::Duration(span.to_string())
    }

    /// A length of time in ISO 8601: `P7D`, `PT12H`.
    pub fn duration_text(text: impl Into<String>) -> Self {
        Self::Duration(text.into())
    }

    /// So many days.
    pub fn days(days: u16) -> Self {
        Self::Duration(format!("P{days}D"))
    }

    /// So many hours.
    pub fn hours(hours: u16) -> Self {
        Self::Duration(format!("PT{hours}H"))
    }

    /// A user, by id.
    pub fn user_id(id: impl Into<String>) -> Self {
        Self::UserId(id.into())
    }

    /// The type of field that takes such a value.
    pub fn field_type(&self) -> RequestFieldType {
        match self {
            Self::Text(_) => RequestFieldType::Text,
            Self::Select(_) => RequestFieldType::Select,
            Self::MultiSelect(_) => RequestFieldType::Multiselect,
            Self::Date(_) => RequestFieldType::IsoDate,
            Self::Duration(_) => RequestFieldType::Duration,
            Self::UserId(_) => RequestFieldType::OktaUserId,
        }
    }

    /// The value as one text; `None` for several choices.
    pub(super) fn single(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Select(text) | Self::Duration(text) | Self::UserId(text) => {
                Some(text.clone())
            }
            Self::Date(at) => Some(at.to_string()),
            Self::MultiSelect(_) => None,
        }
    }

    /// The choices, of values that have some.
    pub(super) fn choices(&self) -> &[String] {
        match self {
            Self::Select(choice) => std::slice::from_ref(choice),
            Self::MultiSelect(choices) => choices,
            _ => &[],
        }
    }
}

/// The type and the value: `SELECT "BLUE"`.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.field_type();
        match self.single() {
            Some(text) => write!(f, "{} {text:?}", kind.as_str()),
            None => write!(f, "{} {:?}", kind.as_str(), self.choices()),
        }
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The seconds of an ISO 8601 duration; `None` if it is none, `Some(None)` if months or years
/// leave its length open.
pub(super) fn seconds(duration: &str) -> Option<Option<i64>> {
    let span: jiff::Span = duration.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Some((!span.is_negative()).then_some(None).flatten());
    }
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let hours = days * 24 + i64::from(span.get_hours());
    Some(Some(
        (hours * 60 + span.get_minutes()) * 60 + span.get_seconds(),
    ))
}
