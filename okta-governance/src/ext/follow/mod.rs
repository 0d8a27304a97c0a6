//! Following something until it is done: requests, campaigns, entitlement settings, operations.
//!
//! ```no_run
//! use std::time::Duration;
//! use okta_governance::prelude::*;
//!
//! # async fn f(client: Client) -> okta_core::Result<()> {
//! let campaigns = client.governance().campaigns();
//! let launched = campaigns
//!     .launch_and_follow("icitsa2yjcjGSVYjF0g4")
//!     .on_change(|change| println!("{} after {:?}", change.state, change.elapsed))
//!     .timeout(Duration::from_secs(600))
//!     .await?;
//! println!("{:?}", launched.success()?.id);
//! # Ok(()) }
//! ```
//!
//! A follower reads, waits and reads again inside the future or stream that the caller polls;
//! nothing runs in the background, so that dropping it stops it. Waits go by the client's clock,
//! grow while nothing happens and are spread by jitter; the total timeout bounds waits and calls.
//!
//! What is not followed here can be: implement [`Watch`] and use [`Follow::new`].

mod campaign;
mod engine;
mod entitlements;
mod error;
mod operation;
mod request;
mod request_v1;
mod stream;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use okta_core::{Client, Result};

pub use campaign::{CampaignEnd, CampaignWatch};
use engine::{Engine, Start};
pub use entitlements::{EntitlementSettingsEnd, EntitlementSettingsWatch};
pub use error::{Failure, FollowError};
pub use operation::{OperationEnd, OperationWatch};
pub use request::{RequestEnd, RequestState, RequestWatch};
pub use request_v1::{RequestV1End, RequestV1Watch};
pub use stream::Changes;

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// What can be followed: how to read it, what its state is, and when it is done.
pub trait Watch: Send + 'static {
    /// What is read.
    type Value: Clone + Send + Sync + 'static;
    /// The part of it whose changes matter.
    type State: Clone + PartialEq + fmt::Display + fmt::Debug + Send + Sync + 'static;
    /// How it can end.
    type End: Clone + fmt::Debug + Send + Sync + 'static;

    /// What it is, for errors: `campaign icitsa2yjcjGSVYjF0g4`.
    fn subject(&self) -> String;

    /// Reads it once.
    fn read(&self, client: &Client) -> BoxFuture<Result<Self::Value>>;

    /// Its state.
    fn state(&self, value: &Self::Value) -> Self::State;

    /// How it ended, if it did. `history` has all states so far, the present one last.
    fn end(&self, value: &Self::Value, history: &[Self::State]) -> Option<Self::End>;

    /// True for the ends that the caller hopes for.
    fn is_success(&self, end: &Self::End) -> bool;

    /// How often it is read, and for how long, unless the caller says otherwise.
    fn pace(&self) -> Pace {
        Pace::default()
    }
}

/// How often something is read, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The first wait, and the first after each change.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// How long it is followed in all; `None` for as long as it takes.
    pub timeout: Option<Duration>,
}

impl Default for Pace {
    /// A second at first, half a minute at last, a quarter of an hour in all.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            timeout: Some(Duration::from_secs(900)),
        }
    }
}

/// A state that was not there at the read before.
pub struct Change<W: Watch> {
    /// The state.
    pub state: W::State,
    /// The state before; `None` at the first read.
    pub previous: Option<W::State>,
    /// What was read.
    pub value: W::Value,
    /// How it ended, if this is the end.
    pub end: Option<W::End>,
    /// Time since the follower began.
    pub elapsed: Duration,
    /// Reads so far.
    pub reads: u32,
}

impl<W: Watch> fmt::Debug for Change<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("state", &self.state)
            .field("previous", &self.previous)
            .field("end", &self.end)
            .field("elapsed", &self.elapsed)
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}

/// Something that was followed to its end.
pub struct Settled<W: Watch> {
    /// How it ended.
    pub end: W::End,
    /// The last that was read.
    pub value: W::Value,
    /// All states, in order.
    pub history: Vec<W::State>,
    /// How long it was followed.
    pub elapsed: Duration,
    /// How often it was read.
    pub reads: u32,
    subject: String,
    success: bool,
}

impl<W: Watch> Settled<W> {
    /// True if it ended as the caller hoped: granted, active, completed.
    pub fn is_success(&self) -> bool {
        self.success
    }

    /// The value if it ended as hoped.
    ///
    /// # Errors
    /// [`Failure::Unsuccessful`] with the states that led there.
    pub fn success(self) -> Result<W::Value, FollowError<W>> {
        if self.success {
            return Ok(self.value);
        }
        Err(FollowError::new(
            Failure::Unsuccessful,
            self.subject,
            self.history,
            Some(self.value),
            (self.elapsed, self.reads),
        ))
    }
}

impl<W: Watch> fmt::Debug for Settled<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settled")
            .field("end", &self.end)
            .field("history", &self.history)
            .field("elapsed", &self.elapsed)
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}

/// A follower, not yet begun: `.await` it for the end, or take its [`changes`](Self::changes).
#[must_use = "a follower does nothing until it is awaited"]
pub struct Follow<W: Watch> {
    engine: Engine<W>,
}

impl<W: Watch> Follow<W> {
    /// Follows something with a client.
    pub fn new(client: Client, watch: W) -> Self {
        let pace = watch.pace();
        Self::starting(client, Start::Ready(watch), pace)
    }

    /// Starts something, then follows it: what to follow comes from the answer to a call.
    pub(crate) fn after(client: Client, pace: Pace, start: BoxFuture<Result<W>>) -> Self {
        Self::starting(client, Start::Pending(start), pace)
    }

    fn starting(client: Client, start: Start<W>, pace: Pace) -> Self {
        Self {
            engine: Engine::new(client, start, pace),
        }
    }

    /// How long it is followed in all, waits and calls included.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.engine.pace.timeout = Some(timeout);
        self
    }

    /// Follows for as long as it takes; drop the future to stop.
    pub fn no_timeout(mut self) -> Self {
        self.engine.pace.timeout = None;
        self
    }

    /// The first wait, and the longest: waits grow by half while nothing happens.
    pub fn every(mut self, first: Duration, longest: Duration) -> Self {
        self.engine.pace.first = first;
        self.engine.pace.longest = longest.max(first);
        self
    }

    /// For so long, not found means not there yet. Otherwise it is an error.
    pub fn wait_for_existence(mut self, patience: Duration) -> Self {
        self.engine.patience = patience;
        self
    }

    /// Calls a function at the first state and at each change, before the next wait.
    pub fn on_change(mut self, observer: impl FnMut(&Change<W>) + Send + 'static) -> Self {
        self.engine.observer = Some(Box::new(observer));
        self
    }

    /// The changes as a stream that ends with the last state; an error ends it as well.
    pub fn changes(self) -> Changes<W> {
        Changes::new(self.engine)
    }

    pub(crate) fn watch_mut(&mut self) -> Option<&mut W> {
        match &mut self.engine.start {
            Start::Ready(watch) => Some(watch),
            Start::Pending(_) | Start::Failed => None,
        }
    }
}

impl<W: Watch> IntoFuture for Follow<W> {
    type Output = Result<Settled<W>, FollowError<W>>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.engine.run())
    }
}

impl<W: Watch> fmt::Debug for Follow<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("pace", &self.engine.pace)
            .finish_non_exhaustive()
    }
}
