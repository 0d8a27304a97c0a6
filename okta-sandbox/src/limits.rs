//! Rate limits: buckets, fixed windows, headers.

use std::collections::HashMap;

use jiff::Timestamp;

/// How limits are enforced.
///
/// By default every bucket allows ten times what a real org documents, so that tests rarely
/// meet a limit by accident while every answer still carries the headers.
#[derive(Clone, Debug)]
pub struct RateLimits {
    enforced: bool,
    scale: u32,
    buckets: HashMap<String, u32>,
    window: i64,
    concurrency: Option<usize>,
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
            scale: 10,
            buckets: HashMap::new(),
            window: 60,
            concurrency: None,
        }
    }

    /// The documented limits of an enterprise org, also for concurrency.
    #[must_use]
    pub fn documented() -> Self {
        Self {
            scale: 1,
            concurrency: Some(75),
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

    /// Sets the limit of one bucket (e.g. `users-list`), for a window.
    #[must_use]
    pub fn bucket(mut self, id: impl Into<String>, limit: u32) -> Self {
        self.buckets.insert(id.into(), limit);
        self
    }

    /// Sets the length of all windows in seconds; 60 unless told.
    #[must_use]
    pub fn window_seconds(mut self, seconds: u32) -> Self {
        self.window = i64::from(seconds.max(1));
        self
    }

    /// Allows this many requests at a time.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = Some(requests);
        self
    }

    /// True if that many requests at a time are too many.
    pub(crate) fn too_many_at_once(&self, in_flight: usize) -> bool {
        self.enforced && self.concurrency.is_some_and(|limit| in_flight > limit)
    }
}

/// A bucket: id, methods (empty for all), path pattern, documented limit.
///
/// `*` stands for one segment, `**` at the end for any rest. The first match wins.
type Bucket = (&'static str, &'static [&'static str], &'static str, u32);

const BUCKETS: [Bucket; 22] = [
    ("app", &["GET", "PUT", "DELETE"], "/api/v1/apps/*", 600),
    ("apps", &[], "/api/v1/apps/**", 100),
    ("group", &["GET", "PUT", "DELETE"], "/api/v1/groups/*", 600),
    ("groups", &[], "/api/v1/groups/**", 600),
    ("users-list", &["GET", "POST"], "/api/v1/users", 600),
    ("user-get", &["GET"], "/api/v1/users/*", 1000),
    (
        "user-write",
        &["POST", "PUT", "DELETE"],
        "/api/v1/users/*",
        600,
    ),
    ("logs", &["GET"], "/api/v1/logs", 50),
    ("events", &["GET"], "/api/v1/events", 50),
    (
        "certificate-authorities",
        &[],
        "/api/v1/certificateAuthorities/**",
        150,
    ),
    ("devices", &[], "/api/v1/devices/**", 150),
    ("authn", &["POST"], "/api/v1/authn", 600),
    (
        "authn-factor-verify",
        &["POST"],
        "/api/v1/authn/factors/*/verify",
        600,
    ),
    ("sessions", &[], "/api/v1/sessions/**", 600),
    ("api-other", &[], "/api/v1/**", 600),
    ("oauth-clients", &[], "/oauth2/v1/clients/**", 100),
    (
        "org-as-authorize",
        &["GET", "POST"],
        "/oauth2/v1/authorize",
        1200,
    ),
    ("org-as-token", &["POST"], "/oauth2/v1/token", 1200),
    ("org-as", &[], "/oauth2/v1/**", 1200),
    ("custom-as", &[], "/oauth2/*/v1/**", 1200),
    ("oauth-other", &[], "/oauth2/**", 600),
    ("governance", &[], "/governance/**", 600),
];

/// True if a path looks like a pattern: `*` stands for one segment, `**` for any rest.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    let mut have = path.split('/');
    for want in pattern.split('/') {
        match (want, have.next()) {
            ("**", _) => return true,
            ("*", Some(segment)) if !segment.is_empty() => {}
            (want, Some(segment)) if want == segment => {}
            _ => return false,
        }
    }
    have.next().is_none()
}

/// Public metadata has no limit and no headers.
fn is_metadata(path: &str) -> bool {
    path.contains("/.well-known/") || (path.starts_with("/oauth2/") && path.ends_with("/keys"))
}

fn bucket_of(method: &str, path: &str) -> Option<(&'static str, u32)> {
    if is_metadata(path) {
        return None;
    }
    BUCKETS
        .iter()
        .find(|(_, methods, pattern, _)| {
            (methods.is_empty() || methods.contains(&method)) && fits(pattern, path)
        })
        .map(|(id, _, _, limit)| (*id, *limit))
}

/// The state of a bucket after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Epoch second at which the window ends.
    pub(crate) reset: i64,
    pub(crate) exceeded: bool,
    /// The first refusal of this window, which the System Log tells.
    pub(crate) first_refusal: bool,
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    windows: HashMap<&'static str, (i64, u32, bool)>,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            windows: HashMap::new(),
        }
    }

    /// Forgets all windows.
    pub(crate) fn clear(&mut self) {
        self.windows.clear();
    }

    /// True if that many requests at a time are too many.
    pub(crate) fn too_many_at_once(&self, in_flight: usize) -> bool {
        self.limits.too_many_at_once(in_flight)
    }

    /// Counts a request in its bucket; `None` where no limit applies.
    pub(crate) fn count(&mut self, method: &str, path: &str, now: Timestamp) -> Option<Reading> {
        let (id, documented) = bucket_of(method, path)?;
        let limit = self
            .limits
            .buckets
            .get(id)
            .copied()
            .unwrap_or(documented * self.limits.scale);
        let now = now.as_second();
        let (end, used, refused) = self.windows.entry(id).or_insert((0, 0, false));
        if *end <= now {
            (*end, *used, *refused) = (now + self.limits.window, 0, false);
        }
        let exceeded = self.limits.enforced && *used >= limit;
        let first_refusal = exceeded && !std::mem::replace(refused, *refused || exceeded);
        if !exceeded {
            *used += 1;
        }
        Some(Reading {
            limit,
            remaining: limit.saturating_sub(*used),
            reset: *end,
            exceeded,
            first_refusal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn paths_find_their_buckets() {
        for (method, path, bucket) in [
            ("GET", "/api/v1/users", Some("users-list")),
            ("GET", "/api/v1/users/00u1", Some("user-get")),
            ("POST", "/api/v1/users/00u1", Some("user-write")),
            ("GET", "/api/v1/users/00u1/groups", Some("api-other")),
            ("GET", "/api/v1/apps", Some("apps")),
            ("POST", "/api/v1/apps/0oa1", Some("apps")),
            ("GET", "/api/v1/apps/0oa1", Some("app")),
            ("POST", "/oauth2/v1/token", Some("org-as-token")),
            ("GET", "/oauth2/aus1/v1/authorize", Some("custom-as")),
            ("GET", "/governance/api/v1/campaigns", Some("governance")),
            ("GET", "/oauth2/v1/keys", None),
            ("GET", "/.well-known/okta-organization", None),
        ] {
            assert_eq!(
                bucket_of(method, path).map(|(id, _)| id),
                bucket,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn windows_count_down_and_renew() {
        let limits = RateLimits::documented().bucket("users-list", 2);
        let mut limiter = Limiter::new(limits);
        let mut read = |second| {
            limiter
                .count("GET", "/api/v1/users", at(second))
                .expect("limited")
        };
        assert_eq!(
            read(100),
            Reading {
                limit: 2,
                remaining: 1,
                reset: 160,
                exceeded: false,
                first_refusal: false
            }
        );
        assert!(!read(101).exceeded);
        assert!(read(159).exceeded);
        assert_eq!(
            read(160),
            Reading {
                limit: 2,
                remaining: 1,
                reset: 220,
                exceeded: false,
                first_refusal: false
            }
        );
    }
}
