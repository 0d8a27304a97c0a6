//! How long so many calls will take.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::bucket::Known;
use super::{Pacer, family, moment};
use crate::operation::OperationInfo;
use crate::runtime::Runtime;

/// Names a rate-limit bucket: by its name or by an operation of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketName(Cow<'static, str>);

impl From<&str> for BucketName {
    fn from(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }
}

impl From<&'static OperationInfo> for BucketName {
    fn from(info: &'static OperationInfo) -> Self {
        Self(if info.bucket.is_empty() {
            Cow::Owned(family(info.path))
        } else {
            Cow::Borrowed(info.bucket)
        })
    }
}

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long so many calls of one bucket will take; from
/// [`Client::forecast`](crate::Client::forecast).
///
/// ```
/// # async fn f(client: okta_core::Client) {
/// println!("{}", client.forecast("users-list", 4_200));
/// // 4,200 calls in bucket users-list: 12 min at 60 % of 600 a minute
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Forecast {
    /// The bucket.
    pub bucket: String,
    /// Calls asked about.
    pub calls: u64,
    /// Calls a window that the service allows; `None` if it is not known: nothing was called yet,
    /// or answers carry no limit.
    pub limit: Option<u64>,
    /// Length of a window.
    pub window: Duration,
    /// Part of the limit that this client uses.
    pub share: f64,
    /// Calls that may go out at once.
    pub at_once: u64,
    /// By when the last call has gone out, at the latest, if nobody else calls; `None` if the limit
    /// is not known.
    pub duration: Option<Duration>,
    unlimited: bool,
}

impl Pacer {
    pub(crate) fn forecast(&self, runtime: &Runtime, bucket: BucketName, calls: u64) -> Forecast {
        let now = moment(runtime);
        let mut state = self.lock();
        let grace = state.grace;
        let name = bucket.0.into_owned();
        let mut forecast = Forecast {
            bucket: name.clone(),
            calls,
            limit: None,
            window: Duration::from_secs(60),
            share: self.share,
            at_once: 0,
            duration: None,
            unlimited: false,
        };
        if !state.buckets.contains_key(&name) && self.lease.is_none() {
            return forecast;
        }
        self.with(&mut state, &name, now, |bucket| {
            bucket.roll(now, grace);
            forecast.unlimited = bucket.learnt.known == Known::NoLimit;
            let in_flight = bucket.in_flight + bucket.elsewhere;
            let Some(window) = bucket.tightest() else {
                return;
            };
            let in_line = bucket.queue.len() as u64;
            let free = window.available(now.server, self.share, in_flight).max(0) as u64;
            let allowance = window.allowance(self.share).max(1);
            let length = Duration::from_millis(window.length.max(1) as u64);
            let rest = Duration::from_millis((window.reset - now.server).max(0) as u64);
            let later = (calls.saturating_add(in_line)).saturating_sub(free);
            forecast.limit = Some(window.limit);
            forecast.window = length;
            forecast.at_once = free.saturating_sub(in_line).min(calls);
            forecast.duration = Some(if later == 0 {
                Duration::ZERO
            } else {
                let windows = u32::try_from(later.div_ceil(allowance)).unwrap_or(u32::MAX);
                rest.saturating_add(length.saturating_mul(windows))
            });
        });
        forecast
    }
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls in bucket {}: ",
            grouped(self.calls),
            self.bucket
        )?;
        match (self.duration, self.limit) {
            (Some(duration), Some(limit)) => {
                if duration.is_zero() {
                    f.write_str("at once")?;
                } else {
                    write!(f, "{}", spoken(duration))?;
                }
                let percent = (self.share * 100.0).round();
                write!(f, " at {percent} % of {} ", grouped(limit))?;
                if self.window == Duration::from_secs(60) {
                    f.write_str("a minute")
                } else {
                    write!(f, "in {:.0} s", self.window.as_secs_f64())
                }
            }
            _ if self.unlimited => f.write_str("answers carry no limit"),
            _ => f.write_str("the limit is not known before the first answer"),
        }
    }
}

/// `4,200`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// To the second below two minutes, to the minute above.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_as_people_write_them() {
        assert_eq!(grouped(4_200), "4,200");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(spoken(Duration::from_millis(400)), "1 s");
        assert_eq!(spoken(Duration::from_secs(420)), "7 min");
        assert_eq!(spoken(Duration::from_secs(7_290)), "2 h 1 min");
    }
}
