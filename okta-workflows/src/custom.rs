//! Connectors of your own, from data and closures.
//!
//! ```
//! use okta_workflows::custom::{Card, CustomConnector, Field};
//! use okta_workflows::{CardCall, Registry};
//! use serde_json::json;
//!
//! okta_workflows::fields! { Greet { name: "name" String } }
//! okta_workflows::fields! { Greeting { text: "text" String } }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = CustomConnector::new("greeter", "Greeter").action(
//!     Card::action("greet", "Greet")
//!         .input(Field::text("name", "Name").required())
//!         .output(Field::text("text", "Text")),
//!     |input: Greet| async move { Ok(Greeting { text: format!("Hello, {}", input.name) }) },
//! );
//! let cards = Registry::new().with(connector);
//! let call: CardCall = serde_json::from_value(json!({"inputs": {"name": "Ana"}}))?;
//! assert_eq!(cards.run("greeter/greet", call).await?["text"], "Hello, Ana");
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

use crate::card::types::{Cell, Object, Value};
use crate::card::{CardCall, object};
use crate::catalogue::{
    AuthInfo, CardConfidence, CardInfo, CardKind, Choice, Confidence, ConnectorInfo, FieldInfo,
    FieldKind,
};
use crate::error::{CardError, CardErrorKind};
use crate::sdk::{Action, Connection, Connector, Event, Polled, RunContext};

/// Builds a field of a card.
#[derive(Clone, Debug)]
pub struct Field(FieldInfo);

impl Field {
    /// A field of a kind.
    pub fn new(kind: FieldKind, key: impl Into<String>, name: impl Into<String>) -> Self {
        Self(FieldInfo {
            key: key.into(),
            name: name.into(),
            kind,
            ..FieldInfo::default()
        })
    }

    /// A text.
    pub fn text(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(FieldKind::Text, key, name)
    }

    /// A number.
    pub fn number(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(FieldKind::Number, key, name)
    }

    /// True or false.
    pub fn boolean(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(FieldKind::Boolean, key, name)
    }

    /// A date and time.
    pub fn date_time(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(FieldKind::DateTime, key, name)
    }

    /// One of several choices.
    pub fn choices(key: impl Into<String>, name: impl Into<String>, choices: &[&str]) -> Self {
        let mut field = Self::new(FieldKind::Dropdown, key, name);
        field.0.choices = choices
            .iter()
            .map(|value| Choice {
                value: (*value).to_owned(),
                label: None,
            })
            .collect();
        field
    }

    /// Must be filled in.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.0.required = true;
        self
    }

    /// A list of such values.
    #[must_use]
    pub fn list(mut self) -> Self {
        self.0.list = true;
        self
    }

    /// Holds a secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.0.secret = true;
        self
    }

    /// Section of the card.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.0.group = Some(group.into());
        self
    }

    /// Value if nothing is filled in.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.0.default = Some(value.into());
        self
    }
}

/// Builds a card.
#[derive(Clone, Debug)]
pub struct Card(CardInfo);

impl Card {
    fn new(kind: CardKind, slug: impl Into<String>, name: impl Into<String>) -> Self {
        let said = Confidence::Documented;
        Self(CardInfo {
            kind,
            slug: slug.into(),
            name: name.into(),
            existence: said,
            executable: true,
            confidence: CardConfidence {
                fields: said,
                inputs: said,
                outputs: said,
                api: said,
                event_types: said,
                log_event_paths: None,
            },
            ..CardInfo::default()
        })
    }

    /// An action card.
    pub fn action(slug: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(CardKind::Action, slug, name)
    }

    /// An event card; it is polled.
    pub fn event(slug: impl Into<String>, name: impl Into<String>) -> Self {
        let mut card = Self::new(CardKind::Event, slug, name);
        card.0.trigger = Some("polling".to_owned());
        card
    }

    /// Adds an option.
    #[must_use]
    pub fn option(mut self, field: Field) -> Self {
        self.0.options.push(field.0);
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, field: Field) -> Self {
        self.0.inputs.push(field.0);
        self
    }

    /// Adds an output.
    #[must_use]
    pub fn output(mut self, field: Field) -> Self {
        self.0.outputs.push(field.0);
        self
    }

    /// Scopes that it needs.
    #[must_use]
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.0.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }
}

type Outcome<T> = Pin<Box<dyn Future<Output = Result<T, CardError>> + Send>>;
type Handler = Arc<dyn Fn(CardCall) -> Outcome<Object> + Send + Sync>;
type Poller = Arc<dyn Fn(Object, Option<Value>) -> Outcome<Polled> + Send + Sync>;

/// A connector of your own.
#[derive(Clone)]
pub struct CustomConnector {
    info: ConnectorInfo,
    actions: BTreeMap<String, Handler>,
    events: BTreeMap<String, Poller>,
    connection: Option<Arc<dyn Connection>>,
}

impl CustomConnector {
    /// A connector without cards.
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            info: ConnectorInfo {
                key: key.into(),
                name: name.into(),
                ..ConnectorInfo::default()
            },
            actions: BTreeMap::new(),
            events: BTreeMap::new(),
            connection: None,
        }
    }

    /// How its connections are authorized, and the connection that its cards use.
    #[must_use]
    pub fn connection(mut self, auth: AuthInfo, connection: Arc<dyn Connection>) -> Self {
        self.info.auth = auth;
        self.connection = Some(connection);
        self
    }

    /// Adds an action: options and inputs come as one struct of [`fields!`](crate::fields!) (options first), outputs
    /// go as another. The call is checked against the card before.
    #[must_use]
    pub fn action<I, O, F, W>(mut self, card: Card, handler: F) -> Self
    where
        I: Cell + Default + Send + 'static,
        O: Cell + Send + 'static,
        F: Fn(I) -> W + Send + Sync + 'static,
        W: Future<Output = Result<O, CardError>> + Send + 'static,
    {
        let path = card.0.path(&self.info.key);
        let handler = move |call: CardCall| -> Outcome<Object> {
            let mut fields = call.options;
            fields.extend(call.inputs);
            let mut input = I::default();
            match input.take(fields.into()) {
                Ok(()) => {
                    let work = handler(input);
                    Box::pin(async move { work.await.map(|output| object(output.give())) })
                }
                Err(misfit) => {
                    let error = CardError::misfit(path.clone(), misfit);
                    Box::pin(async move { Err(error) })
                }
            }
        };
        self.actions.insert(card.0.slug.clone(), Arc::new(handler));
        self.info.cards.push(card.0);
        self
    }

    /// Adds an event: the closure gets the options, checked against the card, and the cursor of the last poll, and gives what happened since.
    #[must_use]
    pub fn event<F, W>(mut self, card: Card, poll: F) -> Self
    where
        F: Fn(Object, Option<Value>) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Polled, CardError>> + Send + 'static,
    {
        let poll = move |options: Object, cursor: Option<Value>| -> Outcome<Polled> {
            Box::pin(poll(options, cursor))
        };
        self.events.insert(card.0.slug.clone(), Arc::new(poll));
        self.info.cards.push(card.0);
        self
    }
}

impl std::fmt::Debug for CustomConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomConnector")
            .field("key", &self.info.key)
            .finish_non_exhaustive()
    }
}

impl Connector for CustomConnector {
    fn info(&self) -> &ConnectorInfo {
        &self.info
    }

    fn action(&self, slug: &str) -> Option<Arc<dyn Action>> {
        Some(Arc::new(CustomAction {
            connector: self.info.key.clone(),
            card: self.info.card(CardKind::Action, slug)?.clone(),
            handler: Arc::clone(self.actions.get(slug)?),
        }))
    }

    fn event(&self, slug: &str) -> Option<Arc<dyn Event>> {
        Some(Arc::new(CustomEvent {
            connector: self.info.key.clone(),
            card: self.info.card(CardKind::Event, slug)?.clone(),
            poll: Arc::clone(self.events.get(slug)?),
        }))
    }

    fn connection(&self) -> Option<Arc<dyn Connection>> {
        self.connection.clone()
    }
}

struct CustomAction {
    connector: String,
    card: CardInfo,
    handler: Handler,
}

#[async_trait]
impl Action for CustomAction {
    fn card(&self) -> &CardInfo {
        &self.card
    }

    async fn run(&self, _context: &RunContext<'_>, call: CardCall) -> Result<Object, CardError> {
        let call = self.card.check(&self.connector, call)?;
        let path = self.card.path(&self.connector);
        (self.handler)(call).await.map_err(|error| error.of(&path))
    }
}

struct CustomEvent {
    connector: String,
    card: CardInfo,
    poll: Poller,
}

#[async_trait]
impl Event for CustomEvent {
    fn card(&self) -> &CardInfo {
        &self.card
    }

    async fn poll(&self, options: &Object, cursor: Option<&Value>) -> Result<Polled, CardError> {
        let path = self.card.path(&self.connector);
        let call = CardCall {
            options: options.clone(),
            inputs: Object::new(),
        };
        let call = self.card.check(&self.connector, call)?;
        (self.poll)(call.options, cursor.cloned())
            .await
            .map_err(|error| error.of(&path))
    }
}

/// An error of a card, for handlers: the card's name is added by the connector.
pub fn refuse(message: impl Into<String>) -> CardError {
    CardError::new(CardErrorKind::Service, "", message)
}
