//! The session of a signed-in user: what refreshes it, and what must not be lost on the way.

use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;
use futures_util::future::Shared;

use super::AuthContext;
use super::app::App;
use super::context::Detached;
use super::failure::Failure;
use super::sign_in::{Keys, SignedIn};
use super::store::record::Held;
use super::token::{Token, TokenCache};
use super::token_endpoint::Issued;
use crate::call::BoxFuture;
use crate::error::{Error, ErrorKind, Result};
use crate::observe::log;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::task;

/// What a [`UserApp`](super::UserApp) shares with the task that refreshes its session.
pub(super) struct User {
    pub(super) app: App,
    pub(super) scopes: Scopes,
    pub(super) cache: TokenCache,
    session: Mutex<Session>,
    keys: Keys,
    /// The refresh that is under way, whoever waits for it.
    refreshing: Mutex<Option<Refresh>>,
}

type Refresh = Shared<BoxFuture<Result<Token, Failure>>>;

#[derive(Default)]
pub(super) struct Session {
    pub(super) refresh_token: Option<Secret>,
    /// The store did not take what is here: it is newer.
    unsaved: bool,
}

/// The refresh is over, also if its task was ended.
struct Ended(Arc<User>);

impl Drop for Ended {
    fn drop(&mut self) {
        *self.0.refreshing() = None;
    }
}

impl User {
    pub(super) fn new(app: App, scopes: Scopes) -> Self {
        Self {
            app,
            scopes,
            cache: TokenCache::default(),
            session: Mutex::default(),
            keys: Keys::default(),
            refreshing: Mutex::default(),
        }
    }

    fn refreshing(&self) -> MutexGuard<'_, Option<Refresh>> {
        // A poisoned lock only means that another thread panicked between two assignments.
        self.refreshing
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// One attempt to get a token: from the store, where another process may have refreshed it,
    /// else by the refresh token.
    ///
    /// The service may rotate the refresh token with its answer, and the old one is worth nothing
    /// then: a task of its own waits for the answer and stores it, even if all callers go away.
    /// Who comes meanwhile waits for the same one.
    pub(super) fn refresh(self: &Arc<Self>, cx: &AuthContext<'_>) -> Refresh {
        let mut slot = self.refreshing();
        match &*slot {
            Some(under_way) => under_way.clone(),
            None => slot.insert(self.begin(cx, true)).clone(),
        }
    }

    /// As [`refresh`](Self::refresh); a token of the store will not do.
    pub(super) async fn refresh_anew(
        self: &Arc<Self>,
        cx: &AuthContext<'_>,
    ) -> Result<Token, Failure> {
        self.settle().await;
        let refresh = {
            let mut slot = self.refreshing();
            slot.insert(self.begin(cx, false)).clone()
        };
        refresh.await
    }

    /// Waits for a refresh whose callers went away.
    pub(super) async fn settle(&self) {
        let under_way = self.refreshing().clone();
        if let Some(under_way) = under_way {
            // Its outcome is in cache and session.
            let _ = under_way.await;
        }
    }

    fn begin(self: &Arc<Self>, cx: &AuthContext<'_>, stored: bool) -> Refresh {
        let ended = Ended(Arc::clone(self));
        let detached = Detached::from(cx);
        let work = async move {
            let user = &ended.0;
            let token = user.refresh_once(&detached, stored).await?;
            user.cache.put(token.clone());
            Ok(token)
        };
        let task = match task::spawn(work.boxed()) {
            Ok(task) => task,
            Err(work) => return work.shared(),
        };
        let outcome = async move {
            task.await.unwrap_or_else(|error| {
                let before = "the session was refreshed";
                Err(task::unfinished(error, ErrorKind::Token, before).into())
            })
        };
        outcome.boxed().shared()
    }

    pub(super) fn session(&self) -> MutexGuard<'_, Session> {
        // A poisoned lock only means that another thread panicked between two assignments.
        self.session
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// One attempt to get a token: from the store, where another process may have refreshed it,
    /// else by the refresh token. `stored`: a good access token of the store will do.
    async fn refresh_once(&self, detached: &Detached, stored: bool) -> Result<Token, Failure> {
        let cx = &detached.context();
        let Some(kept) = &self.app.kept else {
            let Some(refresh_token) = self.session().refresh_token.clone() else {
                return Err(self.nobody().into());
            };
            let issued = self.exchange(cx, &refresh_token).await?;
            self.keep(cx, &issued, None).await?;
            return Ok(self.app.token(cx, &issued));
        };
        // Nothing is lost while the lock is waited for.
        let mut held = self.app.hold(&detached.call(), kept).await?;
        let unsaved = self.session().unsaved;
        if !unsaved {
            if let Some(damaged) = held.damaged.take() {
                return Err(damaged.into());
            }
            self.session().refresh_token = held.record.refresh_token.clone();
            let refused = self.cache.refused();
            let token = held
                .record
                .token(cx, &self.app, &self.scopes, refused.as_ref());
            if let Some(token) = token.filter(|_| stored) {
                return Ok(token);
            }
        }
        let Some(refresh_token) = self.session().refresh_token.clone() else {
            return Err(self.nobody().into());
        };
        let issued = match self.exchange(cx, &refresh_token).await {
            Ok(issued) => issued,
            Err(failure) => {
                if failure.error.kind() == ErrorKind::SignIn
                    && let Err(error) = held.remove().await
                {
                    log!(cx.runtime.logs, WARN, error = %error, "the ended session could not be removed from the store");
                }
                return Err(failure);
            }
        };
        self.keep(cx, &issued, Some(&mut held)).await?;
        Ok(self.app.token(cx, &issued))
    }

    async fn exchange(
        &self,
        cx: &AuthContext<'_>,
        refresh_token: &Secret,
    ) -> Result<Issued, Failure> {
        let fields = [
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh_token.expose().to_owned()),
        ];
        let issued = self.app.request_token(cx, &fields, &self.scopes).await;
        let failure = match issued {
            Ok(issued) => return Ok(issued),
            Err(failure) => failure,
        };
        if failure.error.code() != Some("invalid_grant") {
            return Err(failure);
        }
        let mut session = self.session();
        if session.refresh_token.as_ref() == Some(refresh_token) {
            *session = Session::default();
        }
        let mut error = failure.error;
        error.inner_mut().kind = ErrorKind::SignIn;
        Err(error
            .with_hint("sign in again: the refresh token expired, was revoked, or was used a second time, in which case the service ends the whole session")
            .into())
    }

    /// Takes a new refresh token, stored first; the old one stays if none came.
    async fn keep(
        &self,
        cx: &AuthContext<'_>,
        issued: &Issued,
        held: Option<&mut Held<'_>>,
    ) -> Result<()> {
        let refresh_token = {
            let mut session = self.session();
            if issued.refresh_token.is_some() {
                session.refresh_token = issued.refresh_token.clone();
            }
            session.unsaved = true;
            session.refresh_token.clone()
        };
        if let Some(held) = held {
            held.record.put(cx, &self.app, &self.scopes, issued)?;
            held.record.refresh_token = refresh_token;
            held.save().await?;
        }
        self.session().unsaved = false;
        Ok(())
    }

    fn nobody(&self) -> Error {
        let had_one = self.cache.current().is_some() || self.cache.refused().is_some();
        let error = Error::new(
            ErrorKind::SignIn,
            match had_one {
                true => "the session has ended, and there is no refresh token",
                false => "nobody is signed in",
            },
        );
        let offline = self.scopes.iter().any(|s| s.as_str() == "offline_access");
        error.with_hint(match (had_one, offline) {
            (true, false) => "sign in again; with the scope offline_access a session lasts longer",
            (true, true) => "sign in again; allow the app the refresh token grant, so that a session lasts longer",
            (false, _) => "call Client::sign_in first",
        })
    }

    /// A sign-in brought these tokens.
    pub(super) async fn accept(
        &self,
        cx: &AuthContext<'_>,
        issued: &Issued,
        nonce: Option<&str>,
    ) -> Result<SignedIn> {
        let user = match &issued.id_token {
            Some(token) => Some(
                self.keys
                    .check(cx, &self.app, token, nonce, &issued.token)
                    .await?,
            ),
            None if self.scopes.iter().any(|s| s.as_str() == "openid") => {
                return Err(Error::new(
                    ErrorKind::Token,
                    "sign-in: no ID token came although openid was asked for",
                ));
            }
            None => None,
        };
        self.app.compare_scopes(cx, &self.scopes, &issued.scopes)?;
        // Another user may have been signed in before: nothing of that session stays.
        *self.session() = Session::default();
        match &self.app.kept {
            Some(kept) => {
                let mut held = self.app.hold_for_new(cx, kept).await?;
                held.record.clear();
                self.keep(cx, issued, Some(&mut held)).await?;
            }
            None => self.keep(cx, issued, None).await?,
        }
        let token = self.app.token(cx, issued);
        self.cache.put(token);
        Ok(SignedIn {
            user,
            missing: self.scopes.missing_from(&issued.scopes),
            scopes: issued.scopes.clone(),
            can_refresh: issued.refresh_token.is_some(),
        })
    }
}
