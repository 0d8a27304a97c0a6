//! The Salesforce connector.
//!
//! ```no_run
//! use okta_workflows::oauth::OAuthConnection;
//! use okta_workflows::salesforce::{SalesforceApp, SalesforceConnector, SalesforceHost};
//! use okta_workflows::salesforce::actions::{SearchUsers, search_users};
//! use okta_workflows::{Connection, Registry};
//!
//! # async fn f() -> Result<(), okta_workflows::CardError> {
//! let app = SalesforceApp::for_person(
//!     &SalesforceHost::MyDomain("acme".into()),
//!     "consumer key",
//!     "https://example.com/callback",
//!     &["api", "refresh_token"],
//! )?
//! .client_secret("consumer secret");
//! let connection = OAuthConnection::new(app)?;
//! println!("go to {:?}", connection.authorization_url()?);
//! connection.authorize(Some("https://example.com/callback?code=…&state=…")).await?;
//!
//! let cards = Registry::new().with(SalesforceConnector::new(connection));
//! let found = cards
//!     .call(SearchUsers {
//!         options: search_users::Options { search_by: search_users::SearchByChoice::Email },
//!         input: search_users::Input {
//!             query: search_users::InputQuery { value: "ana@example.com".into() },
//!         },
//!     })
//!     .await?;
//! println!("{:?}", found.result.user_id);
//! # Ok(()) }
//! ```

mod api;
mod app;
mod error;
pub mod events;
mod poll;
pub(crate) mod run;
mod soql;
#[cfg(feature = "stand-in")]
pub mod stand_in;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use okta_core::Scopes;

use crate::builtin;
use crate::error::CardError;
pub use crate::generated::salesforce::actions;
use crate::generated::salesforce::dispatch;
use crate::oauth::OAuthConnection;
use crate::sdk::{Action, CardPreflight, Connection, Connector, Event};
pub use api::{ApiUsage, SalesforceApi, SalesforceField};
pub use app::{SalesforceApp, SalesforceHost};
pub use error::{SalesforceError, SalesforceErrorKind, SalesforceFault};

/// Key of the connector.
pub const KEY: &str = "salesforce";

/// The Salesforce connector.
#[derive(Clone, Debug)]
pub struct SalesforceConnector {
    api: Arc<SalesforceApi>,
    delay: Duration,
}

impl SalesforceConnector {
    /// A connector whose cards use a connection.
    pub fn new(connection: OAuthConnection) -> Self {
        Self::with_api(SalesforceApi::new(connection))
    }

    /// A connector with an API of settings of its own.
    pub fn with_api(api: SalesforceApi) -> Self {
        Self {
            api: Arc::new(api),
            delay: poll::INDEXING,
        }
    }

    /// How far event cards stay behind the present, because Salesforce indexes changes first. Default 15 minutes.
    #[must_use]
    pub fn indexing_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The API below the cards.
    pub fn api(&self) -> &SalesforceApi {
        &self.api
    }
}

#[async_trait]
impl Connector for SalesforceConnector {
    fn info(&self) -> &crate::catalogue::ConnectorInfo {
        builtin::info(KEY)
    }

    fn action(&self, slug: &str) -> Option<Arc<dyn Action>> {
        builtin::action(KEY, slug, &self.api, dispatch::run)
    }

    fn event(&self, slug: &str) -> Option<Arc<dyn Event>> {
        poll::event(slug, &self.api, self.delay)
    }

    fn connection(&self) -> Option<Arc<dyn Connection>> {
        Some(Arc::new(self.api.connection().clone()))
    }

    async fn preflight(&self, cards: &[&str]) -> Result<CardPreflight, CardError> {
        let needed = self.required_scopes(cards)?;
        let granted = self.api.connection().granted_scopes().await?;
        // full covers everything but the refresh token.
        let granted = granted.map(|mut granted| {
            if granted.iter().any(|scope| scope.as_str() == "full") {
                granted.extend(Scopes::from(["api", "web"]));
            }
            granted
        });
        Ok(CardPreflight::new(needed, granted))
    }
}
