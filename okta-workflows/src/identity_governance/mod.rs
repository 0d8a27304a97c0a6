//! The Identity Governance connector: its cards run on an [`okta_core::Client`].

pub(crate) mod run;

use std::sync::Arc;

use okta_core::Client;

use crate::builtin;
use crate::generated::identity_governance::dispatch;
pub use crate::generated::identity_governance::{actions, events};
use crate::okta::connection::ClientConnection;
use crate::sdk::{Action, Connection, Connector, Event};

/// Key of the connector.
pub const KEY: &str = "okta_identity_governance";

/// The Identity Governance connector.
#[derive(Clone)]
pub struct IdentityGovernanceConnector {
    service: Arc<run::Service>,
    connection: Arc<dyn Connection>,
}

impl IdentityGovernanceConnector {
    /// A connector that runs its cards with a client.
    pub fn new(client: Client) -> Self {
        let connection = Arc::new(ClientConnection::new(client.clone()));
        Self::with_connection(client, connection)
    }

    /// A connector with a connection of its own, such as an [`OAuthConnection`](crate::oauth::OAuthConnection) whose
    /// credential the client uses.
    pub fn with_connection(client: Client, connection: Arc<dyn Connection>) -> Self {
        Self {
            service: Arc::new(client),
            connection,
        }
    }
}

impl Connector for IdentityGovernanceConnector {
    fn info(&self) -> &crate::catalogue::ConnectorInfo {
        builtin::info(KEY)
    }

    fn action(&self, slug: &str) -> Option<Arc<dyn Action>> {
        builtin::action(KEY, slug, &self.service, dispatch::run)
    }

    fn event(&self, slug: &str) -> Option<Arc<dyn Event>> {
        builtin::log_event_card(KEY, slug)
    }

    fn connection(&self) -> Option<Arc<dyn Connection>> {
        Some(Arc::clone(&self.connection))
    }
}
