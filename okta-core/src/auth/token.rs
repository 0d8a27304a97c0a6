//! A cached access token: one refresh in flight however many callers wait, safe to cancel.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::dpop::ProofKey;
use super::failure::Failure;
use crate::scope::Scopes;
use crate::secret::Secret;

/// An issued token. Times are on the client's monotonic clock.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) value: Secret,
    /// The proof key that it is bound to: `Authorization: DPoP`.
    pub(super) proof_key: Option<Arc<ProofKey>>,
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

/// Whoever holds the lock fetches, in its own future. If that future is dropped, the lock is free
/// again and the next caller fetches; a fetch that must not be lost is a task behind that future.
///
/// One fetch is one attempt. All who waited for it share its failure, and each goes on, or not, by
/// its own policy and deadline; who comes back after others have failed meanwhile takes that as
/// its own attempt, so that a thousand callers make no more attempts than one.
#[derive(Debug, Default)]
pub(super) struct TokenCache {
    current: Mutex<Option<Arc<Token>>>,
    /// The token that the service refused last: a store must not give it back.
    refused: Mutex<Option<Secret>>,
    fetching: tokio::sync::Mutex<()>,
    /// Fetches that came to an end, good or bad.
    finished: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
    /// No early renewal before this moment (milliseconds): the last one failed.
    early_pause: AtomicU64,
}

/// How many fetches a caller has seen the end of.
#[derive(Debug, Default)]
pub(super) struct Seen(Option<u64>);

/// Between two early renewals, after one failed.
const EARLY_PAUSE: Duration = Duration::from_secs(30);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A poisoned lock only means that another thread panicked between two assignments.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl TokenCache {
    pub(super) fn current(&self) -> Option<Arc<Token>> {
        locked(&self.current).clone()
    }

    /// The token, if it is usable now.
    pub(super) fn usable(&self, now: Duration) -> Option<Arc<Token>> {
        self.current().filter(|token| now < token.expires_at)
    }

    /// The token that was refused last.
    pub(super) fn refused(&self) -> Option<Secret> {
        locked(&self.refused).clone()
    }

    /// Forgets the token if it is still the one that was refused.
    pub(super) fn forget(&self, refused: &str) {
        let mut current = locked(&self.current);
        if current
            .as_ref()
            .is_some_and(|token| token.value.expose() == refused)
        {
            *locked(&self.refused) = current.take().map(|token| token.value.clone());
        }
    }

    /// Forgets the token, whatever it is.
    pub(super) fn clear(&self) {
        *locked(&self.current) = None;
    }

    /// Takes a token that came by another way.
    pub(super) fn put(&self, token: Token) {
        *locked(&self.current) = Some(Arc::new(token));
    }

    /// A usable token: the cached one, or one that this attempt fetches. `fetch` learns whether
    /// the present token is still good, so that it need not try for long.
    pub(super) async fn get<F>(
        &self,
        now: Duration,
        seen: &mut Seen,
        fetch: impl FnOnce(bool) -> F + Send,
    ) -> Result<Arc<Token>, Failure>
    where
        F: Future<Output = Result<Token, Failure>> + Send,
    {
        if let Some(token) = self.usable(now) {
            let paused = millis(now) < self.early_pause.load(Ordering::Relaxed);
            if now < token.renew_at || paused {
                return Ok(token);
            }
            // It is due, but still good: one caller renews, the others go on with it.
            let Ok(_guard) = self.fetching.try_lock() else {
                return Ok(token);
            };
            return match self.fetch(|| fetch(true)).await {
                Ok(fresh) => Ok(fresh),
                Err(_) => {
                    let until = now.saturating_add(EARLY_PAUSE);
                    self.early_pause.store(millis(until), Ordering::Relaxed);
                    Ok(token)
                }
            };
        }
        let before = seen
            .0
            .unwrap_or_else(|| self.finished.load(Ordering::Acquire));
        let _guard = self.fetching.lock().await;
        if let Some(token) = self.usable(now) {
            return Ok(token);
        }
        let finished = self.finished.load(Ordering::Acquire);
        if finished != before
            && let Some(failure) = locked(&self.last_failure).clone()
        {
            seen.0 = Some(finished);
            return Err(failure);
        }
        let fetched = self.fetch(|| fetch(false)).await;
        seen.0 = Some(self.finished.load(Ordering::Acquire));
        fetched
    }

    /// A new token, whatever the cached one is like.
    pub(super) async fn renew<F>(
        &self,
        fetch: impl FnOnce() -> F + Send,
    ) -> Result<Arc<Token>, Failure>
    where
        F: Future<Output = Result<Token, Failure>> + Send,
    {
        let _guard = self.fetching.lock().await;
        if let Some(token) = self.current() {
            self.forget(token.value.expose());
        }
        self.fetch(fetch).await
    }

    /// Only called with the lock held.
    async fn fetch<F>(&self, fetch: impl FnOnce() -> F + Send) -> Result<Arc<Token>, Failure>
    where
        F: Future<Output = Result<Token, Failure>> + Send,
    {
        let fetched = fetch().await.map(Arc::new);
        match &fetched {
            // A deadline is that of one caller; others may have more time.
            Err(failure) if failure.is_of_one_caller() => return fetched,
            Err(failure) => *locked(&self.last_failure) = Some(failure.clone()),
            Ok(token) => {
                *locked(&self.last_failure) = None;
                *locked(&self.current) = Some(Arc::clone(token));
            }
        }
        self.finished.fetch_add(1, Ordering::Release);
        fetched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use std::sync::atomic::AtomicUsize;

    fn no() -> Failure {
        Error::new(ErrorKind::Token, "no").into()
    }

    fn token(value: &str) -> Token {
        Token {
            value: value.into(),
            proof_key: None,
            scopes: Scopes::new(),
            renew_at: Duration::from_secs(3000),
            expires_at: Duration::from_secs(3600),
        }
    }

    const NOW: Duration = Duration::ZERO;

    #[tokio::test]
    async fn demand_25_ten_thousand_waiters_one_fetch() {
        let cache = Arc::new(TokenCache::default());
        let fetches = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..10_000)
            .map(|_| {
                let (cache, fetches) = (Arc::clone(&cache), Arc::clone(&fetches));
                tokio::spawn(async move {
                    cache
                        .get(NOW, &mut Seen::default(), |_| async {
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
    async fn demand_25_a_failure_is_shared_by_those_who_waited_for_it() {
        let cache = Arc::new(TokenCache::default());
        let fetches = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (cache, fetches) = (Arc::clone(&cache), Arc::clone(&fetches));
                tokio::spawn(async move {
                    cache
                        .get(NOW, &mut Seen::default(), |_| async {
                            fetches.fetch_add(1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                            Err(no())
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
        assert!(
            cache
                .get(NOW, &mut Seen::default(), |_| async { Ok(token("t")) })
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn demand_25_a_dropped_leader_does_not_fail_followers() {
        let cache = Arc::new(TokenCache::default());
        let leader = {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move {
                cache
                    .get(NOW, &mut Seen::default(), |_| {
                        std::future::pending::<Result<Token, Failure>>()
                    })
                    .await
                    .map(|_| ())
            })
        };
        tokio::task::yield_now().await;
        let follower = {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move {
                cache
                    .get(NOW, &mut Seen::default(), |_| async { Ok(token("second")) })
                    .await
            })
        };
        tokio::task::yield_now().await;
        leader.abort();
        assert_eq!(follower.await.unwrap().unwrap().value.expose(), "second");
    }

    #[tokio::test]
    async fn early_renewal_keeps_the_good_token() {
        let cache = TokenCache::default();
        cache
            .get(NOW, &mut Seen::default(), |_| async { Ok(token("old")) })
            .await
            .unwrap();
        let due = Duration::from_secs(3100);
        let kept = cache
            .get(due, &mut Seen::default(), |_| async { Err(no()) })
            .await
            .unwrap();
        assert_eq!(kept.value.expose(), "old");
        let soon = due + Duration::from_secs(29);
        let kept = cache
            .get(soon, &mut Seen::default(), |_| async { Ok(token("new")) })
            .await
            .unwrap();
        assert_eq!(kept.value.expose(), "old");
        let later = due + Duration::from_secs(31);
        let fresh = cache
            .get(later, &mut Seen::default(), |_| async { Ok(token("new")) })
            .await
            .unwrap();
        assert_eq!(fresh.value.expose(), "new");
        cache.forget("other");
        assert!(cache.current().is_some());
        cache.forget("new");
        assert!(cache.current().is_none());
    }
}
