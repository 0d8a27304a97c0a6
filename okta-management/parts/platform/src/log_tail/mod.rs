//! Following the System Log.

mod checkpoint;
mod follow;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use okta_core::call::BoxFuture;
use okta_core::model::Undecodable;
use okta_core::{Operation as _, Result, Stopper};

pub use checkpoint::LogCheckpoint;
use follow::Follower;

use crate::logs;
use crate::models::LogEvent;

impl logs::Logs {
    /// Follows the log; see [`LogTail`].
    pub fn tail(&self) -> LogTail {
        self.list().tail()
    }
}

impl logs::List {
    /// Follows the log with this list's `filter`, `q`, `since` and `limit`; see [`LogTail`].
    pub fn tail(self) -> LogTail {
        LogTail::new(self)
    }
}

/// A turn gives the follower back with what it found.
type Turn = (Box<Follower>, Option<Result<LogBatch>>);

/// New events of the System Log as they come, in batches: a stream without end.
///
/// It follows the service's next links, asks for 1,000 events at a time, and waits when there is
/// nothing new. Every event is delivered at least once. Process a batch, then store its
/// [`checkpoint`](LogBatch::checkpoint): a program that was killed in between gets the batch
/// again, nothing is ever skipped.
///
/// Without `since` and without checkpoint it begins where the service does, seven days back.
///
/// An error does not end it: the next batch is tried from the same place, after the interval. A
/// cursor that the service no longer takes is replaced by the time of the newest event. Dropping a
/// future of [`next`](Self::next) loses nothing.
///
/// ```no_run
/// # async fn f(client: okta_core::Client, saved: Option<String>) -> okta_core::Result<()> {
/// # fn store(_: String) {}
/// use okta_management::prelude::*;
///
/// let mut tail = client.logs().list().filter(r#"outcome.result eq "FAILURE""#).tail();
/// if let Some(saved) = saved {
///     tail = tail.resume(saved.parse()?);
/// }
/// while let Some(batch) = tail.try_next().await? {
///     for event in &batch.events {
///         println!("{:?} {:?}", event.published, event.event_type);
///     }
///     store(batch.checkpoint.to_string());
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct LogTail {
    /// `None` while it is in `running`.
    idle: Option<Box<Follower>>,
    running: Option<BoxFuture<Turn>>,
    stopper: Stopper,
}

/// Events that came together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogBatch {
    /// New events, in the order in which the service stored them.
    pub events: Vec<LogEvent>,
    /// Events that could not be decoded, raw.
    pub undecodable: Vec<Undecodable>,
    /// Where to go on once these are dealt with.
    pub checkpoint: LogCheckpoint,
    /// Events that were left out since an earlier batch had them.
    pub repeated: usize,
}

/// How a tail goes.
#[derive(Clone, Copy, Debug)]
struct Options {
    interval: Duration,
    lag: Option<Duration>,
    window: usize,
}

impl LogTail {
    fn new(mut list: logs::List) -> Self {
        if !is_set(&list, "limit") {
            list.call_mut().set_query("limit", 1000);
        }
        let stopper = Stopper::default();
        let options = Options {
            interval: Duration::from_secs(10),
            lag: None,
            window: 2_000,
        };
        Self {
            idle: Some(Box::new(Follower::new(list, options, stopper.clone()))),
            running: None,
            stopper,
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Follower)) -> Self {
        if let Some(follower) = &mut self.idle {
            change(follower);
        }
        self
    }

    /// How long it waits when there was nothing new: 10 s unless set. Waits go by the client's
    /// clock.
    pub fn interval(self, interval: Duration) -> Self {
        self.change(|follower| follower.options.interval = interval)
    }

    /// Looks back by this much at each turn, for events that became visible later than newer ones.
    /// What was delivered already is left out.
    ///
    /// Without it only the service's cursor is followed, which goes by the order in which events
    /// were stored.
    pub fn lag(self, lag: Duration) -> Self {
        self.change(|follower| follower.options.lag = Some(lag))
    }

    /// How many of the latest events are remembered by `uuid`, so that none comes twice: 2,000
    /// unless set. With a [`lag`](Self::lag) all events within it are remembered, up to 100,000.
    pub fn window(self, events: usize) -> Self {
        self.change(|follower| follower.options.window = events)
    }

    /// Goes on after the batch of this checkpoint. It must be that of a tail with the same `filter`
    /// and `q`: another one is an error of kind [`Paging`](okta_core::ErrorKind::Paging).
    pub fn resume(self, checkpoint: LogCheckpoint) -> Self {
        self.change(|follower| follower.resume(checkpoint))
    }

    /// Ends the stream when asked: at once while it waits, else after the request under way, whose
    /// events still come.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Where to go on: after the last batch that was delivered. `None` while a batch is under way.
    pub fn checkpoint(&self) -> Option<LogCheckpoint> {
        self.idle.as_ref().map(|follower| follower.checkpoint())
    }

    /// The next batch; `None` once it was stopped, or at the end of a list with `until`.
    pub async fn next(&mut self) -> Option<Result<LogBatch>> {
        poll_fn(|cx| self.poll_batch(cx)).await
    }

    /// The next batch; `Ok(None)` as for [`next`](Self::next).
    ///
    /// # Errors
    /// Whatever the call fails with. The tail may be asked again.
    pub async fn try_next(&mut self) -> Result<Option<LogBatch>> {
        self.next().await.transpose()
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<LogBatch>>> {
        let mut running = match (self.running.take(), self.idle.take()) {
            (Some(running), _) => running,
            (None, Some(mut follower)) => Box::pin(async move {
                let batch = follower.next().await;
                (follower, batch)
            }),
            // Not reached: one of the two is always there.
            (None, None) => return Poll::Ready(None),
        };
        match running.as_mut().poll(cx) {
            Poll::Pending => {
                self.running = Some(running);
                Poll::Pending
            }
            Poll::Ready((follower, batch)) => {
                self.idle = Some(follower);
                Poll::Ready(batch)
            }
        }
    }
}

/// The list has a query parameter of this name.
fn is_set(list: &logs::List, name: &str) -> bool {
    list.call().query_value(name).is_some()
}

impl Stream for LogTail {
    type Item = Result<LogBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_batch(cx)
    }
}

impl fmt::Debug for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogTail")
            .field("options", &self.idle.as_ref().map(|one| one.options))
            .field("stopper", &self.stopper)
            .finish_non_exhaustive()
    }
}
