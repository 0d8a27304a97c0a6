//! The loop: read, compare, wait.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use okta_core::{Client, Error, ErrorKind, Result};

use super::{BoxFuture, Change, Failure, FollowError, Pace, Settled, Watch};

/// How many reads in a row may fail for reasons that pass. The client has repeated each of them
/// already; this bridges outages that last longer.
const OUTAGES: u32 = 5;

type Observer<W> = Box<dyn FnMut(&Change<W>) + Send>;

/// What is followed, or the call that will tell.
pub(super) enum Start<W> {
    Ready(W),
    Pending(BoxFuture<Result<W>>),
    /// The call did not tell.
    Failed,
}

pub(super) struct Engine<W: Watch> {
    client: Client,
    pub(super) start: Start<W>,
    pub(super) pace: Pace,
    pub(super) patience: Duration,
    pub(super) observer: Option<Observer<W>>,
    /// The time of the first step, by the monotonic clock.
    began: Option<Duration>,
    wait: Duration,
    /// Reads begun.
    attempts: u32,
    /// Reads that succeeded.
    reads: u32,
    /// Reads that failed since.
    outages: u32,
    history: Vec<W::State>,
    last: Option<W::Value>,
}

/// Runs a future for as long as there is time; `None` if there was not enough.
async fn within<T>(
    client: &Client,
    left: Option<Duration>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let Some(left) = left else {
        return Some(future.await);
    };
    let mut sleep = client.clock().sleep(left);
    poll_fn(move |cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        sleep.as_mut().poll(cx).map(|()| None)
    })
    .await
}

impl<W: Watch> Engine<W> {
    pub(super) fn new(client: Client, start: Start<W>, pace: Pace) -> Self {
        Self {
            client,
            start,
            pace,
            patience: Duration::ZERO,
            observer: None,
            began: None,
            wait: pace.first,
            attempts: 0,
            reads: 0,
            outages: 0,
            history: Vec::new(),
            last: None,
        }
    }

    fn now(&self) -> Duration {
        self.client.clock().monotonic()
    }

    fn elapsed(&self) -> Duration {
        let began = self.began.unwrap_or_default();
        self.now().saturating_sub(began)
    }

    /// What is left of the timeout; `None` without one.
    fn left(&self) -> Option<Duration> {
        let timeout = self.pace.timeout?;
        Some(timeout.saturating_sub(self.elapsed()))
    }

    fn error(&mut self, failure: Failure) -> FollowError<W> {
        let subject = match &self.start {
            Start::Ready(watch) => watch.subject(),
            Start::Pending(_) | Start::Failed => "what was to be started".to_owned(),
        };
        let history = std::mem::take(&mut self.history);
        let spent = (self.elapsed(), self.reads);
        FollowError::new(failure, subject, history, self.last.take(), spent)
    }

    /// Waits until it is time for the next read; false if there is no time left.
    async fn pause(&mut self) -> bool {
        let wait = self.jittered();
        self.wait = self.wait.mul_f64(1.5).min(self.pace.longest);
        let wait = match self.left() {
            Some(left) if left.is_zero() => return false,
            // There is just time for a last look.
            Some(left) => wait.min(left.mul_f64(0.9).max(Duration::from_millis(1))),
            None => wait,
        };
        self.client.clock().sleep(wait).await;
        self.left().is_none_or(|left| !left.is_zero())
    }

    /// A fifth more or less, so that many followers do not read at once.
    fn jittered(&self) -> Duration {
        let mut bytes = [0; 2];
        self.client.random().fill(&mut bytes);
        let unit = f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX);
        self.wait.mul_f64(0.8 + 0.4 * unit)
    }

    /// Makes sure that it is known what to follow.
    async fn begin(&mut self) -> Result<(), FollowError<W>> {
        if self.began.is_none() {
            self.began = Some(self.now());
            self.wait = self.pace.first;
        }
        if let Start::Pending(_) = &self.start
            && let Start::Pending(start) = std::mem::replace(&mut self.start, Start::Failed)
        {
            match within(&self.client, self.left(), start).await {
                Some(Ok(watch)) => self.start = Start::Ready(watch),
                Some(Err(error)) => return Err(self.error(Failure::Call(error))),
                None => return Err(self.error(Failure::TimedOut)),
            }
        }
        Ok(())
    }

    /// The next change.
    pub(super) async fn step(&mut self) -> Result<Change<W>, FollowError<W>> {
        self.begin().await?;
        loop {
            if self.attempts > 0 && !self.pause().await {
                return Err(self.error(Failure::TimedOut));
            }
            let Start::Ready(watch) = &self.start else {
                // A stream that is asked again after its error does not come here.
                let gone = Error::new(ErrorKind::Request, "there is nothing to follow");
                return Err(self.error(Failure::Call(gone)));
            };
            let read = watch.read(&self.client);
            self.attempts += 1;
            let value = match within(&self.client, self.left(), read).await {
                None => return Err(self.error(Failure::TimedOut)),
                Some(Ok(value)) => value,
                Some(Err(error)) if self.passes(&error) => continue,
                Some(Err(error)) => return Err(self.error(Failure::Call(error))),
            };
            self.reads += 1;
            self.outages = 0;
            if let Some(change) = self.compare(value) {
                return Ok(change);
            }
        }
    }

    /// True for failures after which the next read may succeed.
    fn passes(&mut self, error: &Error) -> bool {
        if error.is_not_found() {
            return self.last.is_none() && self.elapsed() < self.patience;
        }
        self.outages += 1;
        let server = error
            .status()
            .is_some_and(|status| status.is_server_error());
        let passing =
            server || error.is_transport() || error.is_timeout() || error.is_rate_limited();
        passing && self.outages <= OUTAGES
    }

    /// The change that a value makes, if any.
    fn compare(&mut self, value: W::Value) -> Option<Change<W>> {
        let Start::Ready(watch) = &self.start else {
            return None;
        };
        let state = watch.state(&value);
        let previous = self.history.last().cloned();
        if previous.as_ref() == Some(&state) {
            self.last = Some(value);
            return None;
        }
        self.history.push(state.clone());
        self.wait = self.pace.first;
        let change = Change {
            end: watch.end(&value, &self.history),
            state,
            previous,
            value: value.clone(),
            elapsed: self.elapsed(),
            reads: self.reads,
        };
        self.last = Some(value);
        if let Some(observer) = &mut self.observer {
            observer(&change);
        }
        Some(change)
    }

    /// Follows to the end.
    pub(super) async fn run(mut self) -> Result<Settled<W>, FollowError<W>> {
        loop {
            let change = self.step().await?;
            let Some(end) = change.end else {
                continue;
            };
            let (success, subject) = match &self.start {
                Start::Ready(watch) => (watch.is_success(&end), watch.subject()),
                Start::Pending(_) | Start::Failed => (false, String::new()),
            };
            return Ok(Settled {
                end,
                value: change.value,
                elapsed: change.elapsed,
                reads: change.reads,
                history: self.history,
                subject,
                success,
            });
        }
    }
}
