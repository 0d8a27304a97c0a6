//! What a job did, and what went wrong.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// What became of a job's items.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<R> {
    /// Results by key: of every item that the service acknowledged, in this run or an earlier one
    /// of the same journal.
    pub done: HashMap<String, R>,
    /// How many of them an earlier run did.
    pub resumed: u64,
    /// Items whose key had come before in the same input; they count for nothing else.
    pub repeated: u64,
    /// Items that failed, each with its error. A new run with the same journal tries them again.
    pub failed: Vec<Failure>,
    /// Why the run ended before the last item; `None` if it did not.
    pub stopped: Option<Stop>,
    /// Length of this run.
    pub elapsed: Duration,
}

/// An item that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Its key.
    pub key: String,
    /// Why. Of a write, [`Error::may_have_been_applied`] tells whether it may have taken effect.
    pub error: Error,
}

/// Why a job ended early.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// A [`Stopper`](crate::Stopper) asked for it.
    Asked,
    /// As many items failed as were allowed to.
    Failures(u64),
    /// An error that every other item would meet, too: no access token, a missing scope.
    Hopeless(Error),
    /// A result could not be written to the journal: it is in this report, and a new run would
    /// repeat its call.
    Journal(Error),
}

/// A class of failures: same kind, status and code.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cause {
    /// Kind of the error.
    pub kind: ErrorKind,
    /// HTTP status, if there was an answer.
    pub status: Option<StatusCode>,
    /// The service's code.
    pub code: Option<String>,
    /// How many items failed so.
    pub count: u64,
    /// The first of them, as an example.
    pub example: Failure,
}

impl<R> Report<R> {
    /// Every item is done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.stopped.is_none()
    }

    /// The failures by kind, status and code, most frequent first.
    pub fn causes(&self) -> Vec<Cause> {
        let mut causes: BTreeMap<String, Cause> = BTreeMap::new();
        for failure in &self.failed {
            let error = &failure.error;
            let code = error.code().map(str::to_owned);
            let class = format!("{:?} {:?} {code:?}", error.kind(), error.status());
            let cause = causes.entry(class).or_insert_with(|| Cause {
                kind: error.kind(),
                status: error.status(),
                code,
                count: 0,
                example: failure.clone(),
            });
            cause.count += 1;
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
        causes
    }
}

impl<R> fmt::Display for Report<R> {
    /// A line of counts, and one for each class of failures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} done", self.done.len())?;
        if self.resumed > 0 {
            write!(f, " ({} of them by an earlier run)", self.resumed)?;
        }
        write!(f, ", {} failed", self.failed.len())?;
        write!(f, " in {:.1} s", self.elapsed.as_secs_f64())?;
        match &self.stopped {
            None => {}
            Some(Stop::Asked) => f.write_str("; stopped on request")?,
            Some(Stop::Failures(count)) => write!(f, "; stopped after {count} failures")?,
            Some(Stop::Hopeless(error)) => {
                write!(f, "; stopped, since nothing else can succeed: {error}")?;
            }
            Some(Stop::Journal(error)) => write!(f, "; stopped: {error}")?,
        }
        for cause in self.causes() {
            let example = &cause.example;
            write!(f, "\n  {} × {}", cause.count, example.error)?;
            write!(f, " (first: {})", example.key)?;
        }
        Ok(())
    }
}
