//! A connection whose tokens an Okta client looks after.

use async_trait::async_trait;
use okta_core::{Client, Scopes};

use crate::error::{CardError, CardErrorKind};
use crate::sdk::Connection;

/// The credential of a client, seen as a connection.
#[derive(Clone, Debug)]
pub struct ClientConnection {
    client: Client,
}

impl ClientConnection {
    /// The connection of a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Connection for ClientConnection {
    fn authorization_url(&self) -> Result<Option<String>, CardError> {
        Ok(None)
    }

    async fn authorize(&self, _callback: Option<&str>) -> Result<(), CardError> {
        Ok(self.client.renew_token().await?)
    }

    async fn reauthorize(&self, callback: Option<&str>) -> Result<(), CardError> {
        self.authorize(callback).await
    }

    /// Reads the caller's own user. A service app has none, and a scope may be missing: both show that the credential
    /// itself is accepted.
    async fn test(&self) -> Result<(), CardError> {
        match self.client.call("GET", "/api/v1/users/me").await {
            Ok(_) => Ok(()),
            Err(error) if error.is_forbidden() || error.is_not_found() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self) -> Result<(), CardError> {
        Err(CardError::new(
            CardErrorKind::Connection,
            "",
            "the client's credential was made outside of this connection",
        )
        .with_hint("revoke it where it was made, or connect with an OAuthConnection, which revokes its own tokens"))
    }

    async fn granted_scopes(&self) -> Result<Option<Scopes>, CardError> {
        Ok(self.client.preflight(Scopes::new()).await?.granted)
    }
}
