//! The changes as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::engine::Engine;
use super::{BoxFuture, Change, FollowError, Watch};

/// The changes of something that is followed; ends with the last state or an error.
///
/// Nothing happens between two polls; dropping it stops it.
#[must_use = "a stream does nothing until it is polled"]
pub struct Changes<W: Watch>(State<W>);

type Step<W> = (Engine<W>, Result<Change<W>, FollowError<W>>);

enum State<W: Watch> {
    Idle(Box<Engine<W>>),
    Running(BoxFuture<Step<W>>),
    Done,
}

impl<W: Watch> Changes<W> {
    pub(super) fn new(engine: Engine<W>) -> Self {
        Self(State::Idle(Box::new(engine)))
    }

    /// The next change; `None` after the last one.
    ///
    /// # Errors
    /// [`FollowError`] as for the awaited follower; the stream is over then.
    pub async fn try_next(&mut self) -> Result<Option<Change<W>>, FollowError<W>> {
        let next = std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx));
        next.await.transpose()
    }
}

impl<W: Watch> Stream for Changes<W> {
    type Item = Result<Change<W>, FollowError<W>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut self.0;
        let mut running = match std::mem::replace(this, State::Done) {
            State::Done => return Poll::Ready(None),
            State::Running(running) => running,
            State::Idle(engine) => {
                let mut engine = *engine;
                Box::pin(async move {
                    let change = engine.step().await;
                    (engine, change)
                })
            }
        };
        let polled = running.as_mut().poll(cx);
        if polled.is_pending() {
            *this = State::Running(running);
        }
        let (engine, change) = ready!(polled);
        if matches!(&change, Ok(change) if change.end.is_none()) {
            *this = State::Idle(Box::new(engine));
        }
        Poll::Ready(Some(change))
    }
}

// The engine lives in a box, so nothing is pinned in place.
impl<W: Watch> Unpin for Changes<W> {}

impl<W: Watch> fmt::Debug for Changes<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
