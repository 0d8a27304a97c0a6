//! Rate limits: fixed windows by bucket and by principal, concurrency, headers.

mod buckets;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

pub use buckets::OrgKind;
pub(crate) use buckets::fits;

/// How limits are enforced.
///
/// By default every bucket allows ten times what a real org documents, so that tests rarely
/// meet a limit by accident while every answer still carries the headers.
#[derive(Clone, Debug)]
pub struct RateLimits {
    enforced: bool,
    scale: f64,
    kind: OrgKind,
    buckets: HashMap<String, u32>,
    window: Option<i64>,
    concurrency: Option<usize>,
    principal_share: Option<u32>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::generous()
    }
}

impl RateLimits {
    /// Ten times the documented limits.
    #[must_use]
    pub fn generous() -> Self {
        Self {
            enforced: true,
            scale: 10.0,
            kind: OrgKind::Enterprise,
            buckets: HashMap::new(),
            window: None,
            concurrency: None,
            principal_share: None,
        }
    }

    /// The documented limits of an enterprise org, also for concurrency.
    #[must_use]
    pub fn documented() -> Self {
        Self::of(OrgKind::Enterprise)
    }

    /// The documented limits of a kind of org, also for concurrency.
    #[must_use]
    pub fn of(kind: OrgKind) -> Self {
        Self {
            scale: 1.0,
            kind,
            concurrency: Some(kind.concurrency()),
            ..Self::generous()
        }
    }

    /// Headers are sent, nothing is refused.
    #[must_use]
    pub fn off() -> Self {
        Self {
            enforced: false,
            ..Self::generous()
        }
    }

    /// Multiplies the documented limits.
    #[must_use]
    pub fn scale(mut self, factor: f64) -> Self {
        self.scale = factor.max(0.0);
        self
    }

    /// Sets the limit of one bucket (e.g. `users-list`), for a window.
    #[must_use]
    pub fn bucket(mut self, id: impl Into<String>, limit: u32) -> Self {
        self.buckets.insert(id.into(), limit);
        self
    }

    /// Sets the length of all windows in seconds; 60, with few exceptions, unless told.
    #[must_use]
    pub fn window_seconds(mut self, seconds: u32) -> Self {
        self.window = Some(i64::from(seconds.max(1)));
        self
    }

    /// Allows this many requests at a time.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = Some(requests);
        self
    }

    /// Lets one API token or client use this percentage of a bucket; all of it unless told. In a
    /// real org it is 50. What `/api/v1/principal-rate-limits` says of one counts more.
    #[must_use]
    pub fn principal_share(mut self, percent: u32) -> Self {
        self.principal_share = Some(percent.min(100));
        self
    }

    /// Changes these limits by what `POST /_sandbox/limits` takes.
    pub(crate) fn changed(mut self, body: &Value) -> Result<Self, String> {
        let members = body.as_object().ok_or("limits are a JSON object")?;
        for (name, value) in members {
            let whole = || {
                let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
                number.ok_or_else(|| format!("`{name}` is a whole number, not {value}"))
            };
            match name.as_str() {
                "org" => {
                    let kind = value.as_str().and_then(OrgKind::named);
                    let kinds = "`org` is integrator_free, one_app, enterprise or workforce";
                    let kind = kind.ok_or(kinds)?;
                    self = Self::of(kind);
                }
                "enforced" => self.enforced = *value == true,
                "scale" => {
                    let scale = value.as_f64().filter(|s| *s >= 0.0);
                    self.scale = scale.ok_or("`scale` is a number from 0")?;
                }
                "windowSeconds" => self = self.window_seconds(whole()?),
                "concurrency" if value.is_null() => self.concurrency = None,
                "concurrency" => self.concurrency = Some(whole()? as usize),
                "principalPercentage" => self = self.principal_share(whole()?),
                "buckets" => {
                    for (id, limit) in value.as_object().into_iter().flatten() {
                        if !buckets::exists(id) {
                            return Err(format!("there is no bucket {id}"));
                        }
                        let limit = limit.as_u64().and_then(|n| u32::try_from(n).ok());
                        let limit =
                            limit.ok_or_else(|| format!("the limit of {id} is a number"))?;
                        self.buckets.insert(id.clone(), limit);
                    }
                }
                _ => {
                    return Err(format!(
                        "limits have no member `{name}`, but org, enforced, scale, windowSeconds, \
                         concurrency, principalPercentage, buckets"
                    ));
                }
            }
        }
        // `org` starts anew, whatever order the members came in.
        if members.len() > 1 && members.contains_key("org") {
            let mut rest = body.clone();
            crate::json::remove(&mut rest, "org");
            return self.changed(&rest);
        }
        Ok(self)
    }
}

/// The caller whose share is counted, and its percentage where the org sets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) principal: String,
    pub(crate) percent: Option<u32>,
}

/// The state of a bucket after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Epoch second at which the window ends.
    pub(crate) reset: i64,
    pub(crate) exceeded: bool,
    /// What the System Log tells of it.
    pub(crate) event: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    end: i64,
    used: u32,
    warned: bool,
    refused: bool,
}

impl Window {
    fn renew(&mut self, now: i64, length: i64) {
        if self.end <= now {
            *self = Self {
                end: now + length,
                ..Self::default()
            };
        }
    }
}

/// Percentage of a bucket at which the org is warned.
const WARNING: u64 = 60;
/// Seconds between two events about concurrency.
const CONCURRENCY_EVENT: i64 = 60;

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    windows: HashMap<(&'static str, String), Window>,
    concurrency_told: Option<i64>,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            windows: HashMap::new(),
            concurrency_told: None,
        }
    }

    /// Forgets all windows.
    pub(crate) fn clear(&mut self) {
        self.windows.clear();
        self.concurrency_told = None;
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.limits
    }

    /// Other limits from now on; what was used in running windows stays used.
    pub(crate) fn change(&mut self, limits: RateLimits) {
        self.limits = limits;
    }

    /// True if that many requests at a time are too many; and whether to tell so.
    pub(crate) fn too_many_at_once(&mut self, in_flight: usize, now: Timestamp) -> (bool, bool) {
        let limits = &self.limits;
        let too_many = limits.enforced && limits.concurrency.is_some_and(|l| in_flight > l);
        let now = now.as_second();
        let quiet = |told: i64| (told..told + CONCURRENCY_EVENT).contains(&now);
        let tell = too_many && !self.concurrency_told.is_some_and(quiet);
        if tell {
            self.concurrency_told = Some(now);
        }
        (too_many, tell)
    }

    /// Counts a request in its bucket; `None` where no limit applies.
    pub(crate) fn count(
        &mut self,
        method: &str,
        path: &str,
        share: Option<&Share>,
        now: Timestamp,
    ) -> Option<Reading> {
        let bucket = buckets::of(method, path)?;
        let limits = &self.limits;
        let limit = match limits.buckets.get(bucket.id) {
            Some(limit) => *limit,
            None => (f64::from(bucket.limit(limits.kind)) * limits.scale) as u32,
        };
        let length = limits.window.unwrap_or(bucket.window);
        let now = now.as_second();
        if self.windows.len() > 10_000 {
            self.windows.retain(|_, window| window.end > now);
        }
        let whose = bucket.per.and_then(|at| path.split('/').nth(at + 1));
        let place = (bucket.id, whose.unwrap_or_default().to_owned());
        let mut org = self.windows.get(&place).copied().unwrap_or_default();
        org.renew(now, length);
        let own = share.and_then(|share| {
            let percent = share.percent.filter(|_| limits.principal_share.is_some());
            let percent = percent.or(limits.principal_share)?;
            let limit = (u64::from(limit) * u64::from(percent) / 100) as u32;
            Some((format!("{} {}", place.1, share.principal), limit))
        });
        let mut own = own.map(|(key, limit)| {
            let window = self.windows.get(&(bucket.id, key.clone())).copied();
            let mut window = window.unwrap_or_default();
            // Both windows end together, so that one reset tells the truth of both.
            if window.end != org.end {
                window = Window {
                    end: org.end,
                    ..Window::default()
                };
            }
            (key, limit, window)
        });
        let org_full = limits.enforced && org.used >= limit;
        let own_full = limits.enforced
            && own
                .as_ref()
                .is_some_and(|(_, limit, window)| window.used >= *limit);
        let exceeded = org_full || own_full;
        if !exceeded {
            org.used += 1;
            if let Some((_, _, window)) = &mut own {
                window.used += 1;
            }
        }
        let mut event = None;
        if org_full && !std::mem::replace(&mut org.refused, true) {
            event = Some("system.org.rate_limit.violation");
        } else if let Some((_, _, window)) = own.as_mut().filter(|_| own_full && !org_full)
            && !std::mem::replace(&mut window.refused, true)
        {
            event = Some("system.client.rate_limit.violation");
        } else if limits.enforced
            && !org.warned
            && u64::from(org.used) * 100 >= u64::from(limit) * WARNING
            && limit >= 10
        {
            org.warned = true;
            event = Some("system.org.rate_limit.warning");
        }
        let org_left = limit.saturating_sub(org.used);
        let (shown, remaining) = match &own {
            Some((_, own_limit, window)) => {
                let left = own_limit.saturating_sub(window.used).min(org_left);
                ((*own_limit).min(limit), left)
            }
            None => (limit, org_left),
        };
        let reset = org.end;
        self.windows.insert(place, org);
        if let Some((key, _, window)) = own {
            self.windows.insert((bucket.id, key), window);
        }
        Some(Reading {
            limit: shown,
            remaining,
            reset,
            exceeded,
            event,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn windows_count_down_and_renew() {
        let limits = RateLimits::documented().bucket("users-list", 2);
        let mut limiter = Limiter::new(limits);
        let mut read = |second| {
            let reading = limiter.count("GET", "/api/v1/users", None, at(second));
            let r = reading.expect("limited");
            (r.limit, r.remaining, r.reset, r.exceeded, r.event)
        };
        let violation = Some("system.org.rate_limit.violation");
        assert_eq!(read(100), (2, 1, 160, false, None));
        assert_eq!(read(101), (2, 0, 160, false, None));
        assert_eq!(read(159), (2, 0, 160, true, violation));
        assert_eq!(read(159), (2, 0, 160, true, None), "told once a window");
        assert_eq!(read(160), (2, 1, 220, false, None));
    }

    #[test]
    fn a_principal_has_a_share_and_the_org_the_rest() {
        let limits = RateLimits::documented()
            .bucket("logs", 10)
            .principal_share(50);
        let mut limiter = Limiter::new(limits);
        let mut ask = |principal: &str, percent| {
            let share = Share {
                principal: principal.to_owned(),
                percent,
            };
            let reading = limiter.count("GET", "/api/v1/logs", Some(&share), at(100));
            let r = reading.expect("limited");
            (r.limit, r.remaining, r.exceeded, r.event)
        };
        for left in [4, 3, 2, 1, 0] {
            assert_eq!(ask("a", None), (5, left, false, None));
        }
        assert_eq!(
            ask("a", None),
            (5, 0, true, Some("system.client.rate_limit.violation"))
        );
        assert_eq!(ask("b", Some(20)).0, 2);
        assert_eq!(
            ask("c", Some(100)),
            (10, 3, false, None),
            "the org has less left"
        );
        for _ in 0..3 {
            assert!(!ask("c", Some(100)).2);
        }
        assert_eq!(
            ask("d", None),
            (5, 0, true, Some("system.org.rate_limit.violation"))
        );
    }

    #[test]
    fn some_buckets_are_per_user() {
        let mut limiter = Limiter::new(RateLimits::documented());
        let mut ask = |user: &str, second| {
            let path = format!("/api/v1/users/{user}/factors/f/lifecycle/activate");
            limiter
                .count("POST", &path, None, at(second))
                .expect("limited")
                .exceeded
        };
        assert!((0..5).all(|_| !ask("a", 1)) && ask("a", 299) && !ask("b", 299) && !ask("a", 301));
    }

    #[test]
    fn limits_change_by_json() {
        let changed = |body| RateLimits::generous().changed(&body);
        let limits = changed(json!({
            "scale": 0.5, "org": "workforce", "buckets": { "logs": 7 }, "windowSeconds": 5,
        }));
        let mut limiter = Limiter::new(limits.expect("understood"));
        let mut limit = |path| limiter.count("GET", path, None, at(1)).expect("limited");
        assert_eq!(
            (limit("/api/v1/logs").limit, limit("/api/v1/users/x").limit),
            (7, 1000)
        );
        assert_eq!(limit("/api/v1/logs").reset, 6);
        for wrong in [
            json!([]),
            json!({ "scales": 1 }),
            json!({ "scale": "big" }),
            json!({ "org": "moon" }),
            json!({ "buckets": { "nonsense": 1 } }),
            json!({ "concurrency": -1 }),
        ] {
            assert!(changed(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
