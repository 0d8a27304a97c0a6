//! Cards by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::card::types::{Cell as _, Object};
use crate::card::{ActionCard, CardCall};
use crate::catalogue::Catalogue;
use crate::error::{CardError, CardErrorKind};
use crate::sdk::{Action, Connector, Event, RunContext, unknown};

/// Connectors by key; runs cards by `connector/slug`.
#[derive(Clone, Default)]
pub struct Registry {
    connectors: BTreeMap<String, Arc<dyn Connector>>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connector; one of the same key is replaced.
    #[must_use]
    pub fn with(mut self, connector: impl Connector + 'static) -> Self {
        self.add(Arc::new(connector));
        self
    }

    /// Adds a connector; gives back one of the same key that was there.
    pub fn add(&mut self, connector: Arc<dyn Connector>) -> Option<Arc<dyn Connector>> {
        self.connectors
            .insert(connector.info().key.clone(), connector)
    }

    /// A connector by its key.
    pub fn connector(&self, key: &str) -> Option<&Arc<dyn Connector>> {
        self.connectors.get(key)
    }

    /// All connectors and their cards as data, custom ones included.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue {
            connectors: self
                .connectors
                .values()
                .map(|one| one.info().clone())
                .collect(),
        }
    }

    /// An action card by `connector/slug`.
    ///
    /// # Errors
    /// [`CardErrorKind::UnknownCard`].
    pub fn action(&self, path: &str) -> Result<Arc<dyn Action>, CardError> {
        self.find(path, |connector, slug| connector.action(slug))
    }

    /// An event card by `connector/slug`.
    ///
    /// # Errors
    /// [`CardErrorKind::UnknownCard`].
    pub fn event(&self, path: &str) -> Result<Arc<dyn Event>, CardError> {
        self.find(path, |connector, slug| connector.event(slug))
    }

    fn find<T>(
        &self,
        path: &str,
        card: impl Fn(&dyn Connector, &str) -> Option<T>,
    ) -> Result<T, CardError> {
        let (key, slug) = path.split_once('/').ok_or_else(|| {
            CardError::new(
                CardErrorKind::UnknownCard,
                path,
                "a card is named connector/slug, such as okta/read_user",
            )
        })?;
        let connector = self.connectors.get(key).ok_or_else(|| {
            let known: Vec<&str> = self.connectors.keys().map(String::as_str).collect();
            CardError::new(
                CardErrorKind::UnknownCard,
                path,
                format!("there is no connector {key}"),
            )
            .with_hint(format!("the registry has: {}", known.join(", ")))
        })?;
        card(&**connector, slug).ok_or_else(|| unknown(key, slug))
    }

    /// Runs an action card: JSON in, JSON out.
    ///
    /// # Errors
    /// [`CardError`], naming the card, the field and the cause.
    pub async fn run(&self, path: &str, call: CardCall) -> Result<Object, CardError> {
        self.run_in(&RunContext::default(), path, call).await
    }

    /// [`run`](Self::run) with a context, which streaming cards need.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn run_in(
        &self,
        context: &RunContext<'_>,
        path: &str,
        call: CardCall,
    ) -> Result<Object, CardError> {
        let action = self.action(path)?;
        action
            .run(context, call)
            .await
            .map_err(|error| error.of(path))
    }

    /// Runs a typed card.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn call<C: ActionCard>(&self, card: C) -> Result<C::Output, CardError> {
        self.call_in(&RunContext::default(), card).await
    }

    /// [`call`](Self::call) with a context, which streaming cards need.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn call_in<C: ActionCard>(
        &self,
        context: &RunContext<'_>,
        card: C,
    ) -> Result<C::Output, CardError> {
        let path = C::path();
        let outputs = self.run_in(context, &path, card.to_call()).await?;
        typed::<C>(outputs)
    }
}

/// Outputs as the card's type.
pub(crate) fn typed<C: ActionCard>(outputs: Object) -> Result<C::Output, CardError> {
    let mut output = C::Output::default();
    output.take(outputs.into()).map_err(|misfit| {
        let error = CardError::new(CardErrorKind::Output, C::path(), misfit.problem);
        error.at(misfit.path)
    })?;
    Ok(output)
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("connectors", &self.connectors.keys().collect::<Vec<_>>())
            .finish()
    }
}
