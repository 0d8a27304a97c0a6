//! Why something could not be followed to a good end.

use std::fmt;
use std::time::Duration;

use okta_core::{Error, ErrorKind};

use super::Watch;

/// What went wrong.
#[non_exhaustive]
#[derive(Debug)]
pub enum Failure {
    /// The time was over before the end came.
    TimedOut,
    /// A call failed.
    Call(Error),
    /// It ended, but not as the caller hoped.
    Unsuccessful,
}

/// The error of a follower. It keeps all states that were seen and the last value that was read.
pub struct FollowError<W: Watch>(Box<Inner<W>>);

struct Inner<W: Watch> {
    failure: Failure,
    subject: String,
    history: Vec<W::State>,
    last: Option<W::Value>,
    elapsed: Duration,
    reads: u32,
}

impl<W: Watch> FollowError<W> {
    pub(super) fn new(
        failure: Failure,
        subject: String,
        history: Vec<W::State>,
        last: Option<W::Value>,
        (elapsed, reads): (Duration, u32),
    ) -> Self {
        Self(Box::new(Inner {
            failure,
            subject,
            history,
            last,
            elapsed,
            reads,
        }))
    }

    /// What went wrong.
    pub fn failure(&self) -> &Failure {
        &self.0.failure
    }

    /// True if the time was over before the end came.
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.failure, Failure::TimedOut)
    }

    /// The last state that was seen.
    pub fn last_state(&self) -> Option<&W::State> {
        self.0.history.last()
    }

    /// All states that were seen, in order.
    pub fn history(&self) -> &[W::State] {
        &self.0.history
    }

    /// The last value that was read.
    pub fn last_value(&self) -> Option<&W::Value> {
        self.0.last.as_ref()
    }

    /// How long it was followed.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// How often it was read.
    pub fn reads(&self) -> u32 {
        self.0.reads
    }
}

impl<W: Watch> fmt::Display for FollowError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let subject = &inner.subject;
        let seconds = inner.elapsed.as_secs_f64();
        match &inner.failure {
            Failure::TimedOut => write!(f, "{subject} was not done after {seconds:.1} s")?,
            Failure::Call(error) => write!(f, "{subject} cannot be followed: {error}")?,
            Failure::Unsuccessful => write!(f, "{subject} did not end as hoped")?,
        }
        if inner.history.is_empty() {
            return write!(f, "; no state was seen");
        }
        write!(f, "; states seen: ")?;
        for (index, state) in inner.history.iter().enumerate() {
            let arrow = if index == 0 { "" } else { " → " };
            write!(f, "{arrow}{state}")?;
        }
        Ok(())
    }
}

impl<W: Watch> fmt::Debug for FollowError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowError")
            .field("failure", &self.0.failure)
            .field("subject", &self.0.subject)
            .field("history", &self.0.history)
            .field("elapsed", &self.0.elapsed)
            .field("reads", &self.0.reads)
            .finish_non_exhaustive()
    }
}

impl<W: Watch> std::error::Error for FollowError<W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.failure {
            Failure::Call(error) => Some(error),
            _ => None,
        }
    }
}

/// So that followers can be used where calls are made. A failed call stays what it is, with its
/// status and request id.
impl<W: Watch> From<FollowError<W>> for Error {
    fn from(error: FollowError<W>) -> Self {
        let kind = match error.0.failure {
            Failure::Call(error) => return error,
            Failure::TimedOut => ErrorKind::Timeout,
            Failure::Unsuccessful => ErrorKind::Api,
        };
        Self::new(kind, error.to_string()).with_source(error)
    }
}
