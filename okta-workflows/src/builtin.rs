//! What our own connectors have in common.

use std::sync::Arc;

use async_trait::async_trait;

use crate::card::CardCall;
use crate::card::types::{Object, Value};
use crate::catalogue::{CardInfo, CardKind, ConnectorInfo, catalogue};
use crate::error::CardError;
use crate::run::{Run, RunFuture};
use crate::sdk::{Action, Event, RunContext, unknown};

/// The generated dispatch of a connector.
pub(crate) type Dispatch<S> = for<'a, 'b> fn(&str, &'a Run<'b, S>) -> Option<RunFuture<'a>>;

/// A connector's data; an empty one if the catalogue has none, which a test excludes.
pub(crate) fn info(key: &str) -> &'static ConnectorInfo {
    static NONE: std::sync::OnceLock<ConnectorInfo> = std::sync::OnceLock::new();
    catalogue()
        .connector(key)
        .unwrap_or_else(|| NONE.get_or_init(ConnectorInfo::default))
}

/// An action card of a connector of ours.
pub(crate) struct BuiltInAction<S> {
    pub(crate) connector: &'static str,
    pub(crate) card: &'static CardInfo,
    pub(crate) service: Arc<S>,
    pub(crate) dispatch: Dispatch<S>,
}

/// An action card by slug.
pub(crate) fn action<S: Send + Sync + 'static>(
    connector: &'static str,
    slug: &str,
    service: &Arc<S>,
    dispatch: Dispatch<S>,
) -> Option<Arc<dyn Action>> {
    let card = info(connector).card(CardKind::Action, slug)?;
    Some(Arc::new(BuiltInAction {
        connector,
        card,
        service: Arc::clone(service),
        dispatch,
    }))
}

#[async_trait]
impl<S: Send + Sync> Action for BuiltInAction<S> {
    fn card(&self) -> &CardInfo {
        self.card
    }

    async fn run(&self, context: &RunContext<'_>, call: CardCall) -> Result<Object, CardError> {
        let path = self.card.path(self.connector);
        let run = Run {
            card: self.card,
            call: self.card.check(self.connector, call)?,
            path: path.clone(),
            service: &*self.service,
            context,
        };
        match (self.dispatch)(&self.card.slug, &run) {
            Some(work) => work.await.map_err(|error| error.of(&path)),
            None => Err(unknown(self.connector, &self.card.slug)),
        }
    }
}

/// An event card that the System Log fires.
pub(crate) struct LogEventCard {
    pub(crate) connector: &'static str,
    pub(crate) card: &'static CardInfo,
}

/// An event card by slug.
pub(crate) fn log_event_card(connector: &'static str, slug: &str) -> Option<Arc<dyn Event>> {
    let card = info(connector).card(CardKind::Event, slug)?;
    Some(Arc::new(LogEventCard { connector, card }))
}

impl Event for LogEventCard {
    fn card(&self) -> &CardInfo {
        self.card
    }

    fn fired_by(&self, event: &okta_management::logs::models::LogEvent) -> Option<Value> {
        crate::event_cards(event)
            .of_connector(self.connector)
            .find(|card| card.slug() == self.card.slug)
            .map(|card| card.to_value())
    }
}
