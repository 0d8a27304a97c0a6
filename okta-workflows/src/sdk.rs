//! The connector SDK: what a connector is, whether it is one of ours or a user's.
//!
//! A [`Connector`] describes itself as data ([`ConnectorInfo`]) and lends its [`Action`]s, [`Event`]s and
//! [`Connection`]; a [`Registry`](crate::Registry) runs cards by `connector/slug` with JSON in and out. All traits are
//! object-safe. [`CustomConnector`](crate::custom::CustomConnector) builds one from closures.

use std::sync::Arc;

use async_trait::async_trait;
use okta_core::Scopes;

use crate::card::CardCall;
use crate::card::types::{Object, Value};
use crate::catalogue::{CardInfo, CardKind, ConnectorInfo};
use crate::error::{CardError, CardErrorKind};

/// A connector.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The connector as data.
    fn info(&self) -> &ConnectorInfo;

    /// An action card.
    fn action(&self, slug: &str) -> Option<Arc<dyn Action>>;

    /// An event card.
    fn event(&self, slug: &str) -> Option<Arc<dyn Event>>;

    /// The connection that its cards use; `None` if it needs none.
    fn connection(&self) -> Option<Arc<dyn Connection>> {
        None
    }

    /// Scopes that the named cards need; `["*"]` names all actions.
    ///
    /// # Errors
    /// [`CardErrorKind::UnknownCard`] for a slug that the connector does not have.
    fn required_scopes(&self, cards: &[&str]) -> Result<Scopes, CardError> {
        required_scopes(self.info(), cards)
    }

    /// Which of the scopes that the cards need the connection lacks.
    ///
    /// # Errors
    /// For an unknown card, or if the connection has no token.
    async fn preflight(&self, cards: &[&str]) -> Result<CardPreflight, CardError> {
        let needed = self.required_scopes(cards)?;
        let granted = match self.connection() {
            Some(connection) => connection.granted_scopes().await?,
            None => None,
        };
        Ok(CardPreflight::new(needed, granted))
    }
}

/// Scopes of cards, by a connector's data.
pub(crate) fn required_scopes(info: &ConnectorInfo, cards: &[&str]) -> Result<Scopes, CardError> {
    let mut scopes = Scopes::new();
    for slug in cards {
        if *slug == "*" {
            let all = info
                .cards
                .iter()
                .filter(|card| card.kind == CardKind::Action);
            scopes.extend(all.flat_map(|card| card.scopes.clone()));
            continue;
        }
        let card = info
            .card(CardKind::Action, slug)
            .or_else(|| info.card(CardKind::Event, slug))
            .ok_or_else(|| unknown(&info.key, slug))?;
        scopes.extend(card.scopes.clone());
    }
    Ok(scopes)
}

pub(crate) fn unknown(connector: &str, slug: &str) -> CardError {
    CardError::new(
        CardErrorKind::UnknownCard,
        format!("{connector}/{slug}"),
        "there is no such card",
    )
}

/// What [`Connector::preflight`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardPreflight {
    /// Scopes that the cards need.
    pub needed: Scopes,
    /// Scopes of the connection; `None` if they cannot be known or do not apply.
    pub granted: Option<Scopes>,
    /// Needed scopes that the connection lacks.
    pub missing: Scopes,
}

impl CardPreflight {
    /// Compares the two.
    pub fn new(needed: Scopes, granted: Option<Scopes>) -> Self {
        let missing = match &granted {
            Some(granted) => needed.missing_from(granted),
            None => Scopes::new(),
        };
        Self {
            needed,
            granted,
            missing,
        }
    }

    /// True if nothing is known to be missing.
    pub fn is_ok(&self) -> bool {
        self.missing.is_empty()
    }
}

/// An action card.
#[async_trait]
pub trait Action: Send + Sync {
    /// The card as data.
    fn card(&self) -> &CardInfo;

    /// Checks the call and runs the card. Gives the outputs, those of a group as one object a group.
    async fn run(&self, context: &RunContext<'_>, call: CardCall) -> Result<Object, CardError>;
}

/// What surrounds a run.
#[derive(Clone, Copy, Default)]
pub struct RunContext<'a> {
    /// Takes the records of streaming cards.
    pub flows: Option<&'a dyn HelperFlows>,
}

impl<'a> RunContext<'a> {
    /// A context whose streaming cards pass their records to these flows.
    pub fn with_flows(flows: &'a dyn HelperFlows) -> Self {
        Self { flows: Some(flows) }
    }
}

impl std::fmt::Debug for RunContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunContext")
            .field("flows", &self.flows.is_some())
            .finish()
    }
}

/// Helper flows: they take the records of streaming cards one by one.
#[async_trait]
pub trait HelperFlows: Send + Sync {
    /// Runs the flow with one record. An error ends the stream.
    async fn record(
        &self,
        flow: &str,
        record: Value,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// An event card.
#[async_trait]
pub trait Event: Send + Sync {
    /// The card as data.
    fn card(&self) -> &CardInfo;

    /// Outputs for a log event that fires the card; `None` if it does not.
    fn fired_by(&self, _event: &okta_management::logs::models::LogEvent) -> Option<Value> {
        None
    }

    /// Looks for what happened since the cursor. Without a cursor it only makes one: events begin then.
    ///
    /// Store the new cursor after the events are handled.
    async fn poll(&self, _options: &Object, _cursor: Option<&Value>) -> Result<Polled, CardError> {
        Ok(Polled::default())
    }
}

/// What a poll found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polled {
    /// Outputs of the card, one for each time that it fires.
    pub events: Vec<Value>,
    /// Where the next poll begins; `None` for cards that are not polled.
    pub cursor: Option<Value>,
}

/// A connection: what authorizes the cards of a connector.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Where a person has to go to authorize it; `None` if no person is needed.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`] if its settings cannot work.
    fn authorization_url(&self) -> Result<Option<String>, CardError>;

    /// Gets tokens: with the URL (or query) to which the person was sent back, or without.
    async fn authorize(&self, callback: Option<&str>) -> Result<(), CardError>;

    /// Gets new tokens and, once they are there, revokes the old ones.
    async fn reauthorize(&self, callback: Option<&str>) -> Result<(), CardError>;

    /// Makes a harmless call.
    async fn test(&self) -> Result<(), CardError>;

    /// Revokes all its tokens and forgets them.
    async fn delete(&self) -> Result<(), CardError>;

    /// Scopes of the present token; `None` if they cannot be known or do not apply.
    async fn granted_scopes(&self) -> Result<Option<Scopes>, CardError>;
}
