//! Tokens in memory, shared by the clients of one process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::{TokenKey, TokenLock, TokenStore};
use crate::error::Result;
use crate::secret::Secret;

/// Keeps tokens in memory; for tests, and for several clients of one app in one process.
#[derive(Default)]
pub struct MemoryTokenStore(Mutex<HashMap<TokenKey, Slot>>);

#[derive(Default)]
struct Slot {
    text: Option<Secret>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryTokenStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<TokenKey, Slot>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<Secret>> {
        Ok(self.slots().get(key).and_then(|slot| slot.text.clone()))
    }

    async fn save(&self, key: &TokenKey, text: &Secret) -> Result<()> {
        self.slots().entry(key.clone()).or_default().text = Some(text.clone());
        Ok(())
    }

    async fn remove(&self, key: &TokenKey) -> Result<()> {
        if let Some(slot) = self.slots().get_mut(key) {
            slot.text = None;
        }
        Ok(())
    }

    async fn try_lock(&self, key: &TokenKey) -> Result<Option<TokenLock>> {
        let lock = Arc::clone(&self.slots().entry(key.clone()).or_default().lock);
        Ok(lock.try_lock_owned().ok().map(TokenLock::new))
    }
}

impl fmt::Debug for MemoryTokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryTokenStore")
    }
}
