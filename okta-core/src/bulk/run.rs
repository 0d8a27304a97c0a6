//! Runs many calls at the allowed rate.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::progress::Meter;
use super::{Failure, Journal, Progress, Report, Stop};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::stopper::Stopper;

type OnProgress = Box<dyn FnMut(Progress) + Send>;
type IsHopeless = Box<dyn Fn(&Error) -> bool + Send>;

/// A job of many calls, most often writes: some at a time, with progress, a journal to go on from,
/// and a report in which no failure is lost.
///
/// How fast it goes is not set here: the client waits for rate limits by itself.
///
/// ```no_run
/// # async fn f(client: okta_core::Client, members: Vec<String>) -> okta_core::Result<()> {
/// use okta_core::bulk::{Bulk, Journal};
///
/// let report = Bulk::new(&client)
///     .journal(Journal::open("add-members.journal", "add members to 00g1")?)
///     .on_progress(|progress| eprintln!("{progress}"))
///     .run(members, |user| user.clone(), |user| {
///         let call = client.call("PUT", "/api/v1/groups/00g1/users/{user}").path("user", user);
///         async { call.await.map(drop) }
///     })
///     .await;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Bulk<R> {
    client: Client,
    concurrency: usize,
    total: Option<u64>,
    max_failures: Option<u64>,
    journal: Option<Journal<R>>,
    stopper: Stopper,
    is_hopeless: IsHopeless,
    on_progress: Option<OnProgress>,
}

impl<R> Bulk<R> {
    /// Eight calls at a time, no journal.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            concurrency: 8,
            total: None,
            max_failures: None,
            journal: None,
            stopper: Stopper::default(),
            is_hopeless: Box::new(is_hopeless),
            on_progress: None,
        }
    }

    /// So many calls under way at a time; at least one. Orgs allow 15 to 75 by their kind, for all
    /// clients together.
    #[must_use]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// How many items there are, for progress, if the input does not tell.
    #[must_use]
    pub fn total(mut self, items: u64) -> Self {
        self.total = Some(items);
        self
    }

    /// Skips what the journal has, and writes to it what gets done.
    #[must_use]
    pub fn journal(mut self, journal: Journal<R>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Stops when this many items have failed. Without it, failures stop nothing.
    #[must_use]
    pub fn stop_after_failures(mut self, failures: u64) -> Self {
        self.max_failures = Some(failures);
        self
    }

    /// Stops at the first error for which this is true: one that all other items would meet, too.
    ///
    /// Without it: a missing scope, a wrong configuration, no access token, a credential that is
    /// not accepted.
    #[must_use]
    pub fn stop_on(mut self, is_hopeless: impl Fn(&Error) -> bool + Send + 'static) -> Self {
        self.is_hopeless = Box::new(is_hopeless);
        self
    }

    /// Lets the job be stopped from outside: calls under way are finished, none is begun.
    #[must_use]
    pub fn stopper(mut self, stopper: &Stopper) -> Self {
        self.stopper = stopper.clone();
        self
    }

    /// Called after each item.
    #[must_use]
    pub fn on_progress(mut self, observer: impl FnMut(Progress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(observer));
        self
    }
}

impl<R: Serialize + DeserializeOwned + Send> Bulk<R> {
    /// Calls `work` for each item. `key` names it in journal and report: it must be the same in
    /// the next run. Items are taken from the input as they are needed.
    ///
    /// Dropping the future abandons the calls under way; they count as not done.
    pub async fn run<T, F>(
        self,
        items: impl IntoIterator<Item = T, IntoIter: Send>,
        key: impl Fn(&T) -> String + Send,
        mut work: impl FnMut(T) -> F + Send,
    ) -> Report<R>
    where
        F: Future<Output = Result<R>> + Send,
    {
        let mut items = items.into_iter();
        let mut job = Job::new(self, items.size_hint());
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < job.bulk.concurrency && job.goes_on() {
                let Some(item) = items.next() else {
                    break;
                };
                let key = key(&item);
                if job.begin(&key) {
                    let working = work(item);
                    running.push(async move { (key, working.await) });
                }
            }
            match running.next().await {
                Some((key, result)) => job.end(key, result),
                None => break,
            }
        }
        // Asked to stop with nothing left to do is no early end.
        let more = job.bulk.stopper.is_stopped() && items.next().is_some();
        job.report(more)
    }
}

struct Job<R> {
    bulk: Bulk<R>,
    report: Report<R>,
    meter: Meter,
    /// Keys that this input has had.
    seen: HashSet<String>,
    total: Option<u64>,
}

impl<R: Serialize + DeserializeOwned> Job<R> {
    fn new(mut bulk: Bulk<R>, hint: (usize, Option<usize>)) -> Self {
        let done = match &mut bulk.journal {
            Some(journal) => std::mem::take(&mut journal.done),
            None => Default::default(),
        };
        let exact = (Some(hint.0) == hint.1).then_some(hint.0 as u64);
        Self {
            meter: Meter::new(bulk.client.clock().monotonic()),
            total: bulk.total.or(exact),
            bulk,
            report: Report {
                done,
                resumed: 0,
                repeated: 0,
                failed: Vec::new(),
                stopped: None,
                elapsed: Duration::ZERO,
            },
            seen: HashSet::new(),
        }
    }

    fn goes_on(&self) -> bool {
        self.report.stopped.is_none() && !self.bulk.stopper.is_stopped()
    }

    /// False for an item that needs no call.
    fn begin(&mut self, key: &str) -> bool {
        if !self.seen.insert(key.to_owned()) {
            self.report.repeated += 1;
            return false;
        }
        if self.report.done.contains_key(key) {
            self.report.resumed += 1;
            return false;
        }
        true
    }

    fn end(&mut self, key: String, result: Result<R>) {
        match result {
            Ok(value) => {
                let written = match &mut self.bulk.journal {
                    Some(journal) => journal.add(&key, &value),
                    None => Ok(()),
                };
                if let Err(error) = written {
                    self.stop(Stop::Journal(error));
                }
                self.report.done.insert(key, value);
            }
            Err(error) => {
                if (self.bulk.is_hopeless)(&error) {
                    self.stop(Stop::Hopeless(error.clone()));
                }
                self.report.failed.push(Failure { key, error });
                let failures = self.report.failed.len() as u64;
                if self.bulk.max_failures.is_some_and(|max| failures >= max) {
                    self.stop(Stop::Failures(failures));
                }
            }
        }
        let now = self.bulk.client.clock().monotonic();
        self.meter.tick(now);
        let progress = self.progress(now);
        if let Some(observer) = &mut self.bulk.on_progress {
            observer(progress);
        }
    }

    fn stop(&mut self, reason: Stop) {
        self.report.stopped.get_or_insert(reason);
    }

    fn progress(&self, now: Duration) -> Progress {
        let (done, failed) = (
            self.report.done.len() as u64,
            self.report.failed.len() as u64,
        );
        let ended = done + failed + self.report.repeated;
        let left = self.total.map(|total| total.saturating_sub(ended));
        Progress {
            done,
            failed,
            total: self.total,
            per_minute: self.meter.per_minute(now),
            elapsed: self.meter.elapsed(now),
            eta: left.and_then(|left| self.meter.eta(now, left)),
        }
    }

    fn report(mut self, asked: bool) -> Report<R> {
        if let Some(Err(error)) = self.bulk.journal.as_ref().map(Journal::sync) {
            self.stop(Stop::Journal(error));
        }
        if asked {
            self.stop(Stop::Asked);
        }
        let now = self.bulk.client.clock().monotonic();
        self.report.elapsed = self.meter.elapsed(now);
        self.report
    }
}

/// The code of a feature that an org has no licence for comes with 401, too: that may be one item.
fn is_hopeless(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InsufficientScope | ErrorKind::Token | ErrorKind::Config
    ) || error.is_unauthorized() && error.code() != Some("E0000015")
}

impl<R> fmt::Debug for Bulk<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("client", &self.client)
            .field("concurrency", &self.concurrency)
            .field("journal", &self.journal.as_ref().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}
