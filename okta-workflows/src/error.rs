//! What goes wrong with cards.

use std::fmt;
use std::sync::Arc;

use crate::card::types::Misfit;

/// What kind of failure a [`CardError`] is.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardErrorKind {
    /// There is no such connector or card.
    UnknownCard,
    /// A required option or input is missing.
    Missing,
    /// An option or input is of the wrong kind, out of range or unknown.
    Invalid,
    /// The service refused or could not be reached; see [`CardError::api`] and [`CardError::salesforce`].
    Service,
    /// The connection has no usable tokens, or lacks a scope.
    Connection,
    /// The flow that takes streamed records failed, or there is none.
    Stream,
    /// The answer holds what the card promises not to.
    Output,
}

/// The error of every fallible call of a card. It names the card, the field and the cause; never a value.
#[derive(Clone)]
pub struct CardError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: CardErrorKind,
    card: String,
    field: Option<String>,
    message: String,
    hint: Option<String>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl CardError {
    /// An error of a card, written `connector/slug`. The message must not contain secrets.
    pub fn new(kind: CardErrorKind, card: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            card: card.into(),
            field: None,
            message: message.into(),
            hint: None,
            source: None,
        }))
    }

    /// A misfit of a field.
    pub(crate) fn misfit(card: impl Into<String>, misfit: Misfit) -> Self {
        let error = Self::new(CardErrorKind::Invalid, card, misfit.problem);
        if misfit.path.is_empty() {
            error
        } else {
            error.at(misfit.path)
        }
    }

    /// Adds the field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds the card, where none is named yet.
    #[must_use]
    pub fn of(mut self, card: &str) -> Self {
        if self.0.card.is_empty() {
            card.clone_into(&mut self.0.card);
        }
        self
    }

    /// Adds the next step, one sentence.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same error in other words.
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.0.message = message.into();
        self
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> CardErrorKind {
        self.0.kind
    }

    /// `connector/slug`.
    pub fn card(&self) -> &str {
        &self.0.card
    }

    /// Path of the field: `user.id_or_login`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The next step, one sentence.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The failed call, if an Okta API or a transport refused it.
    pub fn api(&self) -> Option<&okta_core::Error> {
        self.cause()
    }

    /// The failed call, if Salesforce refused it.
    pub fn salesforce(&self) -> Option<&crate::salesforce::SalesforceError> {
        self.cause()
    }

    /// HTTP status of the refusal.
    pub fn status(&self) -> Option<u16> {
        match (self.api(), self.salesforce()) {
            (Some(error), _) => error.status().map(|status| status.as_u16()),
            (None, Some(error)) => error.status(),
            (None, None) => None,
        }
    }

    fn cause<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let source: &(dyn std::error::Error + 'static) = &**self.0.source.as_ref()?;
        source.downcast_ref()
    }
}

impl From<okta_core::Error> for CardError {
    fn from(error: okta_core::Error) -> Self {
        // A connection's own error comes through the client that uses it.
        let cause = std::error::Error::source(&error);
        if let Some(cause) = cause.and_then(|cause| cause.downcast_ref::<Self>()) {
            return cause.clone();
        }
        let kind = match error.kind() {
            okta_core::ErrorKind::InsufficientScope | okta_core::ErrorKind::Token => {
                CardErrorKind::Connection
            }
            okta_core::ErrorKind::Request => CardErrorKind::Invalid,
            _ => CardErrorKind::Service,
        };
        Self::new(kind, "", error.to_string()).with_source(error)
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !inner.card.is_empty() {
            write!(f, "{}: ", inner.card)?;
        }
        if let Some(field) = &inner.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&inner.message)?;
        if let Some(hint) = &inner.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardError")
            .field("kind", &self.0.kind)
            .field("card", &self.0.card)
            .field("field", &self.0.field)
            .field("message", &self.0.message)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for CardError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
