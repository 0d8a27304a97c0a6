//! Where tokens outlive a process: nowhere unless a store is given.

mod file;
mod memory;
pub(super) mod record;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use file::FileTokenStore;
pub use memory::MemoryTokenStore;

use crate::error::Result;
use crate::secret::Secret;

/// Whose tokens: one org, one authorization server, one app, one profile. Tokens that are stored
/// under one key are never used for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct TokenKey {
    /// The org, such as `https://acme.okta.com`.
    pub org_url: String,
    /// The issuer, such as `https://acme.okta.com/oauth2/default`; the org itself for its own
    /// authorization server.
    pub issuer: String,
    /// Client id of the app.
    pub client_id: String,
    /// Tells several users of one app apart; empty unless one was given.
    pub profile: String,
}

impl TokenKey {
    /// A key from its parts.
    pub fn new(
        org_url: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        profile: impl Into<String>,
    ) -> Self {
        Self {
            org_url: org_url.into(),
            issuer: issuer.into(),
            client_id: client_id.into(),
            profile: profile.into(),
        }
    }
}

/// Keeps tokens between runs and shares them between processes: a directory
/// ([`FileTokenStore`]), memory ([`MemoryTokenStore`]), or your own over a keyring or vault.
///
/// What is stored is one opaque text a key. It holds access tokens, refresh token and proof key:
/// protect it like a password.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// The text that was saved last, if there is one.
    async fn load(&self, key: &TokenKey) -> Result<Option<Secret>>;

    /// Replaces the text, all or nothing. Called with the lock held.
    async fn save(&self, key: &TokenKey, text: &Secret) -> Result<()>;

    /// Forgets the text. Called with the lock held.
    async fn remove(&self, key: &TokenKey) -> Result<()>;

    /// Takes the key's lock, or `None` while somebody else holds it: then the SDK asks again until
    /// the call's deadline. With a lock, two processes never send the same refresh token at once.
    ///
    /// Without one of your own, two clients that share the store may; the service then takes the
    /// second for a thief and ends the session.
    async fn try_lock(&self, _key: &TokenKey) -> Result<Option<TokenLock>> {
        Ok(Some(TokenLock::new(())))
    }
}

/// A store that several apps share.
#[async_trait]
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    async fn load(&self, key: &TokenKey) -> Result<Option<Secret>> {
        (**self).load(key).await
    }

    async fn save(&self, key: &TokenKey, text: &Secret) -> Result<()> {
        (**self).save(key, text).await
    }

    async fn remove(&self, key: &TokenKey) -> Result<()> {
        (**self).remove(key).await
    }

    async fn try_lock(&self, key: &TokenKey) -> Result<Option<TokenLock>> {
        (**self).try_lock(key).await
    }
}

/// A lock that ends when it is dropped.
pub struct TokenLock {
    _guard: Box<dyn Send + Sync>,
}

impl TokenLock {
    /// Holds a guard until the lock is dropped.
    pub fn new(guard: impl Send + Sync + 'static) -> Self {
        Self {
            _guard: Box::new(guard),
        }
    }
}

impl fmt::Debug for TokenLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenLock")
    }
}
