//! Full use of the rate limits without running into them.
//!
//! Every answer of the service tells the limit of its bucket, what is left of the present window
//! and when that ends. The client counts what it has on its way against what is left, waits for
//! the next window where nothing is, and lets those who waited go one after the other. What other
//! clients take is seen in the same headers and left to them. A refusal because too many requests
//! run *at the same time* is told apart by its headers and lowers only how many do.
//!
//! ```
//! use okta_core::Pacing;
//!
//! // Leave 40 % of every limit to others, and share it between this tool's processes.
//! let pacing = Pacing::share(0.6).across_processes("/var/lib/my-tool/okta-pacing");
//! # let _ = pacing;
//! ```

mod bucket;
mod forecast;
mod gate;
mod lease;
mod line;
mod permit;
mod snapshot;
mod window;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bucket::{Bucket, Moment};
pub use forecast::{BucketName, Forecast};
use gate::Gate;
use lease::Lease;
pub(crate) use line::Budget;
pub(crate) use permit::Permit;
pub use snapshot::{BucketState, RateLimitState};

use crate::call::PreparedRequest;
use crate::clock::uuid;
use crate::error::{Error, Result};
use crate::runtime::Runtime;

/// How a client keeps to the rate limits; see [`ClientBuilder::pacing`](crate::ClientBuilder::pacing).
///
/// The default uses each limit fully, by this client and its clones alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pacing {
    on: bool,
    share: f64,
    lease: Option<PathBuf>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            on: true,
            share: 1.0,
            lease: None,
        }
    }
}

impl Pacing {
    /// At most this part of each bucket's limit in each window, above 0 and up to 1; the rest is
    /// left to others.
    pub fn share(share: f64) -> Self {
        Self {
            share,
            ..Self::default()
        }
    }

    /// No waiting before a call: limits are met, and then waited for as the
    /// [`RetryPolicy`](crate::RetryPolicy) says.
    pub fn off() -> Self {
        Self {
            on: false,
            ..Self::default()
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// Keeps the books in files below this directory, so that all processes of this machine that
    /// name the same directory stay inside the limits, and inside the share, together.
    ///
    /// The directory is created for its owner alone; one that others can write to is refused when
    /// the client is built. A process that dies loses its calls on the way for two minutes.
    #[must_use]
    pub fn across_processes(mut self, directory: impl Into<PathBuf>) -> Self {
        self.lease = Some(directory.into());
        self
    }
}

/// The books of a client and all its clones.
#[derive(Debug)]
pub(crate) struct Pacer {
    on: bool,
    share: f64,
    state: Mutex<State>,
    lease: Option<Lease>,
    order: AtomicU64,
}

#[derive(Debug)]
struct State {
    buckets: HashMap<String, Bucket>,
    gate: Gate,
    /// After a reset so much longer is waited, milliseconds.
    grace: i64,
}

/// Resets are in whole seconds; the service's clock is never thought to be ahead of what it is.
const GRACE_MS: i64 = 100;
/// For a service that was seen to cut the end of its windows to the second.
const LONG_GRACE_MS: i64 = 1_100;

impl Pacer {
    pub(crate) fn new(pacing: &Pacing, runtime: &Runtime) -> Result<Self> {
        if !(pacing.share > 0.0 && pacing.share <= 1.0) {
            return Err(Error::config(format!(
                "a pacing share of {} is not above 0 and at most 1",
                pacing.share
            ))
            .with_hint("0.6 uses 60 % of each rate limit; Pacing::off() does not pace at all"));
        }
        let lease = match &pacing.lease {
            Some(base) if pacing.on => Some(Lease::open(
                base,
                runtime.origin.as_str(),
                uuid(&*runtime.random),
                runtime.logs,
            )?),
            _ => None,
        };
        Ok(Self {
            on: pacing.on,
            share: pacing.share,
            state: Mutex::new(State {
                buckets: HashMap::new(),
                gate: Gate::default(),
                grace: GRACE_MS,
            }),
            lease,
            order: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Books are consistent after each step: a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if a call after a refusal may leave the wait for the reset to its next turn.
    pub(crate) fn waits_for(&self, until_reset: Duration) -> bool {
        self.on && !until_reset.is_zero() && until_reset <= Duration::from_secs(300)
    }

    fn next_order(&self) -> u64 {
        self.order.fetch_add(1, Ordering::Relaxed)
    }

    /// Does something with a bucket, with the books of all processes where they are shared.
    fn with<T>(
        &self,
        state: &mut State,
        name: &str,
        now: Moment,
        act: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        if !state.buckets.contains_key(name) {
            state.buckets.insert(name.to_owned(), Bucket::default());
        }
        let Some(bucket) = state.buckets.get_mut(name) else {
            // It was just put there.
            return act(&mut Bucket::default());
        };
        match &self.lease {
            Some(lease) => lease.with(name, bucket, now.server, act),
            None => act(bucket),
        }
    }
}

fn moment(runtime: &Runtime) -> Moment {
    Moment {
        mono: runtime.clock.monotonic(),
        server: runtime.server_now().as_millisecond(),
    }
}

/// The rate-limit bucket of a request; for calls outside of the tables the family of its path.
pub(crate) fn bucket_of(request: &PreparedRequest) -> String {
    if request.info.bucket.is_empty() {
        family(&request.template)
    } else {
        request.info.bucket.to_owned()
    }
}

/// The bucket of a credential's own request, by its path. The names are those of the operations.
pub(crate) fn bucket_of_path(path: &str) -> String {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts[..] {
        ["oauth2", "v1", "keys"] | ["oauth2", _, "v1", "keys"] | [".well-known", ..] => {
            "public-metadata".to_owned()
        }
        ["oauth2", "v1", "token"] => "org-as-token".to_owned(),
        ["oauth2", "v1", ..] => "org-as".to_owned(),
        ["oauth2", _, "v1", "token"] => "custom-as-token".to_owned(),
        ["oauth2", _, "v1", ..] => "custom-as".to_owned(),
        _ => family(path),
    }
}

/// `/api/v1/zones` for a list and what lies below an item, `/api/v1/zones/{id}` for an item: limits
/// go by families of paths, and those of items are often wider. The generator names the buckets of
/// operations by the same rule.
fn family(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part.starts_with('{') && parts.len() > 1 {
            let family = parts.join("/");
            return if path.ends_with(part) {
                format!("{family}/{{id}}")
            } else {
                family
            };
        }
        parts.push(part);
    }
    let length = parts.iter().position(|part| *part == "api");
    let length = length.map_or(3, |at| at + 3).min(parts.len());
    parts[..length].join("/")
}

/// After so long at the latest, a client whose books are shared looks at them again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_a_credentials_requests() {
        for (path, bucket) in [
            ("/oauth2/v1/token", "org-as-token"),
            ("/oauth2/v1/device/authorize", "org-as"),
            ("/oauth2/default/v1/token", "custom-as-token"),
            ("/oauth2/aus1/v1/revoke", "custom-as"),
            ("/oauth2/aus1/v1/keys", "public-metadata"),
            ("/api/v1/users/me", "/api/v1/users"),
        ] {
            assert_eq!(bucket_of_path(path), bucket);
        }
    }

    #[test]
    fn families_of_paths() {
        assert_eq!(family("/api/v1/zones"), "/api/v1/zones");
        assert_eq!(family("/api/v1/zones/{zoneId}"), "/api/v1/zones/{id}");
        assert_eq!(family("/api/v1/zones/{zoneId}/x"), "/api/v1/zones");
        assert_eq!(family("/api/v1/zones/nzo1?x=1"), "/api/v1/zones");
        assert_eq!(
            family("/governance/api/v1/campaigns/{id}"),
            "/governance/api/v1/campaigns/{id}"
        );
        assert_eq!(
            family("/governance/api/v1/campaigns"),
            "/governance/api/v1/campaigns"
        );
        assert_eq!(family("/x"), "/x");
        assert_eq!(family(""), "");
    }
}
