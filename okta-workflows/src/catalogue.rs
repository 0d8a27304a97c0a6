//! The catalogue: every connector and card as data, for tools that draw cards and check inputs.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::card::types::{Object, Value};

/// Connectors and their cards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Catalogue {
    /// Connectors, each with its cards.
    pub connectors: Vec<ConnectorInfo>,
}

/// A connector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConnectorInfo {
    /// Key: `okta`, `okta_identity_governance`, `salesforce`, or a custom one.
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Channel in exported flows.
    pub channel: Option<String>,
    /// How sure the channel is.
    pub channel_confidence: Confidence,
    /// How its connections are authorized.
    pub auth: AuthInfo,
    /// Scopes that a connection asks for.
    pub default_scopes: Vec<String>,
    /// Further scopes that its cards may need.
    pub other_scopes: Vec<String>,
    /// Versions seen in exported flows.
    pub versions: Vec<String>,
    /// Its cards, by kind and slug.
    pub cards: Vec<CardInfo>,
}

/// How connections of a connector are authorized.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuthInfo {
    /// `oauth2_authorization_code`, or what a custom connector calls it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the author of a connection fills in.
    pub fields: Vec<String>,
    /// Named hosts to choose from.
    pub environments: Vec<Environment>,
    /// Paths of the OAuth endpoints.
    pub endpoints: Endpoints,
    /// Scopes of an authorization request.
    pub scopes: Vec<String>,
}

/// A named host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Environment {
    /// Name as shown.
    pub name: String,
    /// Base URL, perhaps with `{places}`.
    pub base_url: String,
}

/// Paths of OAuth endpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Endpoints {
    /// Authorization endpoint.
    pub authorize: String,
    /// Token endpoint.
    pub token: String,
    /// Revocation endpoint (RFC 7009).
    pub revoke: String,
}

/// What a card does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Does something when a flow comes to it.
    #[default]
    Action,
    /// Starts a flow.
    Event,
}

/// How sure a fact is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// In the official reference; for a custom connector: said by its author.
    Documented,
    /// Read in an exported flow.
    Flopack,
    /// Follows from another fact.
    Derived,
    /// A reasoned guess.
    Inferred,
    /// Not known.
    #[default]
    Unknown,
}

/// How sure the facts of a card are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CardConfidence {
    /// Options.
    pub fields: Confidence,
    /// Inputs.
    pub inputs: Confidence,
    /// Outputs.
    pub outputs: Confidence,
    /// Calls.
    pub api: Confidence,
    /// Event types.
    pub event_types: Confidence,
    /// Places in the log event.
    pub log_event_paths: Option<Confidence>,
}

/// A card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CardInfo {
    /// Action or event.
    pub kind: CardKind,
    /// Unique among the cards of its connector and kind.
    pub slug: String,
    /// Name as shown.
    pub name: String,
    /// Method in exported flows.
    pub method: Option<String>,
    /// Path of the Rust type inside `okta_workflows`; empty for custom cards.
    pub rust_name: String,
    /// How sure it is that the card exists.
    pub existence: Confidence,
    /// What fires an event card: `event_hook` or `polling`.
    pub trigger: Option<String>,
    /// System Log event types that fire it.
    pub event_types: Vec<EventTypeInfo>,
    /// API calls.
    pub calls: Vec<CallInfo>,
    /// Scopes of the calls that do its work.
    pub scopes: Vec<String>,
    /// Options: what is chosen on the card's face.
    pub options: Vec<FieldInfo>,
    /// Inputs.
    pub inputs: Vec<FieldInfo>,
    /// Outputs.
    pub outputs: Vec<FieldInfo>,
    /// Can stream its records.
    pub streaming: bool,
    /// May make several calls.
    pub multiple_calls: bool,
    /// Has fields generated from a schema.
    pub dynamic_schema: bool,
    /// Replaced by a card of another connector.
    pub deprecated: bool,
    /// That connector.
    pub replacement: Option<String>,
    /// How sure all this is.
    pub confidence: CardConfidence,
    /// Reference page.
    pub doc_url: Option<String>,
    /// This crate can run or fire it.
    pub executable: bool,
}

/// A System Log event type and what the event catalogue says about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EventTypeInfo {
    /// Event type.
    pub event_type: String,
    /// Kinds of target details.
    pub target_types: Vec<String>,
    /// Kind of debug data.
    pub debug_data_type: Option<String>,
}

/// An API call of a card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CallInfo {
    /// operationId.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Path template.
    pub path: String,
    /// `management`, `governance` or `salesforce`.
    pub api: Option<String>,
    /// `primary` does the card's work; `auxiliary` goes around it.
    pub role: String,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Made only under one of these conditions; empty: always.
    pub when: Vec<Condition>,
    /// Goes over several pages.
    pub paged: bool,
    /// Query parameters and the fields that they come from.
    pub query: Object,
    /// Body members and the fields that they come from.
    pub body: Object,
    /// Body members of fixed value.
    pub constant: Object,
}

/// Kind of a field's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text.
    #[default]
    Text,
    /// Number.
    Number,
    /// True or false.
    Boolean,
    /// Date and time.
    #[serde(rename = "datetime")]
    DateTime,
    /// Object.
    Object,
    /// File.
    File,
    /// One of several choices.
    Dropdown,
    /// Stands for fields that are generated from a schema.
    Dynamic,
}

/// An option, input or output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FieldInfo {
    /// Unique in its group; a key that ends in `_n` stands for `_1`, `_2`, ….
    pub key: String,
    /// Name as shown.
    pub name: String,
    /// Section of the card.
    pub group: Option<String>,
    /// Kind of value.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// A list of such values.
    pub list: bool,
    /// Must be filled in while it shows.
    pub required: bool,
    /// Fixed choices; not all of them if `source` is set.
    pub choices: Vec<Choice>,
    /// Where further choices or the generated fields come from.
    pub source: Option<String>,
    /// Value if nothing is filled in.
    pub default: Option<Value>,
    /// Shows only under one of these conditions; empty: always.
    pub when: Vec<Condition>,
    /// Fields of the object.
    pub children: Vec<FieldInfo>,
    /// Key in exported flows, where it differs from the name.
    pub wire_key: Option<String>,
    /// Type that the reference states, where it differs.
    pub documented_type: Option<String>,
    /// Holds a secret.
    pub secret: bool,
    /// Where an event card's output comes from.
    pub place: Option<Place>,
}

/// A choice of a dropdown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Choice {
    /// Value.
    pub value: String,
    /// Text as shown, where it differs.
    pub label: Option<String>,
}

/// A condition over the options of the card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Condition {
    /// Key of the option.
    pub option: String,
    /// True: the choice is made; false: another one is.
    pub equals: bool,
    /// The choice.
    pub choice: String,
}

/// Where an event card's output comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Place {
    /// `log_event`, or `delivery` for what stands around it in an event hook request.
    pub from: String,
    /// Dotted path; `target[type=X]` is the first target of that type, `$` the whole event.
    pub path: String,
    /// The schema of the log event has the path; false: a kind of target or a debug data member is assumed.
    pub confirmed: bool,
}

impl FieldInfo {
    /// Key of its group.
    pub fn group_key(&self) -> Option<String> {
        self.group.as_deref().map(group_key)
    }

    /// Place in inputs or outputs: `user.id_or_login`.
    pub fn path(&self) -> String {
        match self.group_key() {
            Some(group) => format!("{group}.{}", self.key),
            None => self.key.clone(),
        }
    }
}

impl CardInfo {
    /// `connector/slug` under a connector.
    pub(crate) fn path(&self, connector: &str) -> String {
        format!("{connector}/{}", self.slug)
    }
}

impl ConnectorInfo {
    /// A card by kind and slug.
    pub fn card(&self, kind: CardKind, slug: &str) -> Option<&CardInfo> {
        self.cards
            .iter()
            .find(|card| card.kind == kind && card.slug == slug)
    }
}

impl Catalogue {
    /// A connector by its key.
    pub fn connector(&self, key: &str) -> Option<&ConnectorInfo> {
        self.connectors.iter().find(|one| one.key == key)
    }
}

/// Key of a group: its name in snake case.
pub(crate) fn group_key(group: &str) -> String {
    let mut key = String::new();
    for c in group.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => key.push(c.to_ascii_lowercase()),
            _ if !key.ends_with('_') && !key.is_empty() => key.push('_'),
            _ => {}
        }
    }
    key.truncate(key.trim_end_matches('_').len());
    key
}

#[derive(Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    Connector(Box<ConnectorInfo>),
    Card(Box<CardInfo>),
}

/// Every connector and card that this crate brings.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut connectors: Vec<ConnectorInfo> = Vec::new();
        for line in include_str!("generated/catalogue.jsonl").lines() {
            // The text is part of this crate, and a test reads it: a line that does not parse is left out.
            match (serde_json::from_str(line), connectors.last_mut()) {
                (Ok(Line::Connector(connector)), _) => connectors.push(*connector),
                (Ok(Line::Card(card)), Some(connector)) => connector.cards.push(*card),
                _ => debug_assert!(false, "the catalogue has an odd line"),
            }
        }
        Catalogue { connectors }
    })
}

/// JSON Schema (2020-12) of [`Catalogue`].
pub fn catalogue_schema() -> Value {
    schemars::schema_for!(Catalogue).into()
}

/// JSON Schema (2020-12) of one card's call: its options and inputs.
pub fn call_schema(card: &CardInfo) -> Value {
    crate::schema::call(card)
}
