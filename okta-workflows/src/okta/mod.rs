//! The Okta connector: its cards run on an [`okta_core::Client`].

pub(crate) mod connection;
pub(crate) mod run;

use std::sync::Arc;

use okta_core::Client;

use crate::builtin;
use crate::generated::okta::dispatch;
pub use crate::generated::okta::{actions, events};
use crate::sdk::{Action, Connection, Connector, Event};
pub use connection::ClientConnection;

/// Key of the connector.
pub const KEY: &str = "okta";

/// The Okta connector.
///
/// ```no_run
/// use okta_workflows::okta::{OktaConnector, actions::{ActivateUser, activate_user}};
/// use okta_workflows::Registry;
///
/// # async fn f(client: okta_core::Client) -> Result<(), okta_workflows::CardError> {
/// let cards = Registry::new().with(OktaConnector::new(client));
/// let output = cards
///     .call(ActivateUser {
///         options: activate_user::Options { send_email: activate_user::SendEmailChoice::No },
///         input: activate_user::Input {
///             user: activate_user::InputUser { id_or_login: "ana@example.com".into() },
///         },
///     })
///     .await?;
/// assert_eq!(output.response.status_code, Some(200));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct OktaConnector {
    service: Arc<run::Service>,
    connection: Arc<dyn Connection>,
}

impl OktaConnector {
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

impl Connector for OktaConnector {
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
