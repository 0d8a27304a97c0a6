//! A cached access token: one refresh in flight however many callers wait, safe to cancel.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Scopes;
use crate::secret::Secret;

/// An issued token. Times are on the client's monotonic clock.
pub(super) struct Token {
    pub(super) value: Secret,
    /// It is bound to the proof key: `Authorization: DPoP`.
    pub(super) bound: bool,
    pub(super) scopes: Scopes,
    pub(super) renew_at: Duration,
    pub(super) expires_at: Duration,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("value", &self.value)
            .field("scopes", &self.scopes.to_string())
            .finish_non_exhaustive()
    }
}

/// No task is spawned: whoever holds the lock fetches, in its own future. If that future is
/// dropped, the lock is free again and the next caller fetches.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    current: Mutex<Option<Arc<Token>>>,
    fetching: tokio::sync::Mutex<()>,
    /// Fetches that came to an end, good or bad.
    finished: AtomicU64,
    last_failure: Mutex<Option<Error>>,
    /// No early renewal before this moment (milliseconds): the last one failed.
    early_pause: AtomicU64,
}

/// Between two early renewals, after one failed.
const EARLY_PAUSE: Duration = Duration::from_secs(30);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl TokenCache {
    pub(super) fn current(&self) -> Option<Arc<Token>> {
        self.current
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    fn store(&self, token: Option<Arc<Token>>) {
        *self
            .current
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = token;
    }

    /// Forgets the token if it is still the one that was refused.
    pub(super) fn forget(&self, refused: &str) {
        let mut current = self
            .current
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if current
            .as_ref()
            .is_some_and(|token| token.value.expose() == refused)
        {
            *current = None;
        }
    }

    /// A usable token: the cached one, or a fetched one. `fetch` learns whether the present token
    /// is still good, so that it need not try for long.
    pub(super) async fn get<F>(
        &self,
        now: Duration,
        fetch: impl FnOnce(bool) -> F + Send,
    ) -> Result<Arc<Token>>
    where
        F: Future<Output = Result<Token>> + Send,
    {
        let usable = |token: &Arc<Token>| now < token.expires_at;
        let cached = self.current().filter(usable);
        if let Some(token) = &cached {
            let paused = millis(now) < self.early_pause.load(Ordering::Relaxed);
            if now < token.renew_at || paused {
                return Ok(Arc::clone(token));
            }
            // It is due, but still good: one caller renews, the others go on with it.
            let Ok(_guard) = self.fetching.try_lock() else {
                return Ok(Arc::clone(token));
            };
            return match self.fetch(|| fetch(true)).await {
                Ok(fresh) => Ok(fresh),
                Err(error) => {
                    let until = now.saturating_add(EARLY_PAUSE);
                    self.early_pause.store(millis(until), Ordering::Relaxed);
                    tracing::warn!(error = %error, "early renewal of the access token failed; the present one is still good");
                    Ok(Arc::clone(token))
                }
            };
        }
        let seen = self.finished.load(Ordering::Acquire);
        let _guard = self.fetching.lock().await;
        if let Some(token) = self.current().filter(usable) {
            return Ok(token);
        }
        if self.finished.load(Ordering::Acquire) != seen
            && let Some(error) = self.failure()
        {
            // The fetch that this caller waited for failed: share its outcome, don't queue up
            // for another hundred of the same.
            return Err(error);
        }
        self.fetch(|| fetch(false)).await
    }

    /// A new token, whatever the cached one is like.
    pub(super) async fn renew<F>(&self, fetch: impl FnOnce() -> F + Send) -> Result<Arc<Token>>
    where
        F: Future<Output = Result<Token>> + Send,
    {
        let _guard = self.fetching.lock().await;
        self.fetch(fetch).await
    }

    fn failure(&self) -> Option<Error> {
        self.last_failure
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// Only called with the lock held.
    async fn fetch<F>(&self, fetch: impl FnOnce() -> F + Send) -> Result<Arc<Token>>
    where
        F: Future<Output = Result<Token>> + Send,
    {
        let fetched = fetch().await;
        let failure = match &fetched {
            // A deadline is that of one caller; others may have more time.
            Err(error) if error.kind() == ErrorKind::Timeout => return Err(error.clone()),
            Err(error) => Some(error.clone()),
            Ok(_) => None,
        };
        *self
            .last_failure
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = failure;
        let fetched = fetched.map(Arc::new);
        if let Ok(token) = &fetched {
            self.store(Some(Arc::clone(token)));
        }
        self.finished.fetch_add(1, Ordering::Release);
        fetched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    fn token(value: &str) -> Token {
        Token {
            value: value.into(),
            bound: false,
            scopes: Scopes::new(),
            renew_at: Duration::from_secs(3000),
            expires_at: Duration::from_secs(3600),
        }
    }

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn five_hundred_waiters_one_fetch() {
        let cache = Arc::new(TokenCache::default());
        let fetches = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..500)
            .map(|_| {
                let (cache, fetches) = (Arc::clone(&cache), Arc::clone(&fetches));
                tokio::spawn(async move {
                    cache
                        .get(NOW, |_| async {
                            fetches.fetch_add(1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                            Ok(token("t"))
                        })
                        .await
                        .unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap().value.expose(), "t");
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_waited_for_it() {
        let cache = Arc::new(TokenCache::default());
        let fetches = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (cache, fetches) = (Arc::clone(&cache), Arc::clone(&fetches));
                tokio::spawn(async move {
                    cache
                        .get(NOW, |_| async {
                            fetches.fetch_add(1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                            Err(Error::new(ErrorKind::Token, "no"))
                        })
                        .await
                        .is_err()
                })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap());
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        // A later caller tries again.
        assert!(cache.get(NOW, |_| async { Ok(token("t")) }).await.is_ok());
    }

    #[tokio::test]
    async fn a_dropped_leader_does_not_fail_followers() {
        let cache = Arc::new(TokenCache::default());
        let leader = {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move {
                cache
                    .get(NOW, |_| std::future::pending::<Result<Token>>())
                    .await
                    .map(|_| ())
            })
        };
        tokio::task::yield_now().await;
        let follower = {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { cache.get(NOW, |_| async { Ok(token("second")) }).await })
        };
        tokio::task::yield_now().await;
        leader.abort();
        assert_eq!(follower.await.unwrap().unwrap().value.expose(), "second");
    }

    #[tokio::test]
    async fn early_renewal_keeps_the_good_token() {
        let cache = TokenCache::default();
        cache
            .get(NOW, |_| async { Ok(token("old")) })
            .await
            .unwrap();
        let due = Duration::from_secs(3100);
        let kept = cache
            .get(due, |_| async { Err(Error::new(ErrorKind::Token, "no")) })
            .await
            .unwrap();
        assert_eq!(kept.value.expose(), "old");
        let soon = due + Duration::from_secs(29);
        let kept = cache
            .get(soon, |_| async { Ok(token("new")) })
            .await
            .unwrap();
        assert_eq!(kept.value.expose(), "old");
        let later = due + Duration::from_secs(31);
        let fresh = cache
            .get(later, |_| async { Ok(token("new")) })
            .await
            .unwrap();
        assert_eq!(fresh.value.expose(), "new");
        cache.forget("other");
        assert!(cache.current().is_some());
        cache.forget("new");
        assert!(cache.current().is_none());
    }
}
