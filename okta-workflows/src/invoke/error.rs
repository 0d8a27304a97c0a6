//! Why a flow gave no output.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::answer::Answer;

/// Kinds of [`InvokeError`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvokeErrorKind {
    /// The flow's URL, or a parameter of the call, is wrong; nothing was sent.
    Endpoint,
    /// No token, or one that the endpoint does not take.
    Unauthorized,
    /// The endpoint does not let this caller run the flow.
    Forbidden,
    /// No flow has this alias.
    NotFound,
    /// Too many calls: the platform takes 10 a second of a flow.
    RateLimited,
    /// The platform closed the connection after a minute. The flow may still be running.
    Closed,
    /// The flow, or the platform, answered with an error status.
    Failed,
    /// There was no answer: connection, deadline, token.
    NoAnswer,
    /// The flow answered, but not with what the caller's type expects.
    Output,
}

/// Why a flow gave no output. Holds no token, and of the flow's address only the host.
#[derive(Debug)]
pub struct InvokeError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: InvokeErrorKind,
    message: String,
    hint: Option<Cow<'static, str>>,
    answer: Option<Answer>,
    elapsed: Option<Duration>,
    may_have_run: bool,
    source: Option<okta_core::Error>,
}

impl InvokeError {
    pub(super) fn new(kind: InvokeErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            answer: None,
            elapsed: None,
            may_have_run: false,
            source: None,
        }))
    }

    pub(super) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(super) fn with_answer(mut self, answer: Answer) -> Self {
        self.0.answer = Some(answer);
        self
    }

    pub(super) fn may_have_run_if(mut self, may_have_run: bool) -> Self {
        self.0.may_have_run = may_have_run;
        self
    }

    pub(super) fn with_source(mut self, source: okta_core::Error) -> Self {
        self.0.elapsed = source.elapsed();
        self.0.source = Some(source);
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> InvokeErrorKind {
        self.0.kind
    }

    /// Likely cause and next step.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The answer, if there was one: a flow's Return Raw and Return Error cards choose status and
    /// body.
    pub fn answer(&self) -> Option<&Answer> {
        self.0.answer.as_ref()
    }

    /// From the first attempt to the failure.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// True if the flow may have started: calling again may run it a second time.
    pub fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// The error of the HTTP call below, if there was one.
    pub fn call(&self) -> Option<&okta_core::Error> {
        self.0.source.as_ref()
    }
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if self.0.may_have_run {
            f.write_str("; the flow may have run")?;
        }
        match &self.0.hint {
            Some(hint) => write!(f, " (hint: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InvokeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|error| error as _)
    }
}
