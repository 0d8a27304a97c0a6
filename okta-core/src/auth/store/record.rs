//! What a token store holds under one key, and its way in and out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{TokenKey, TokenLock, TokenStore};
use crate::auth::AuthContext;
use crate::auth::app::App;
use crate::auth::key::PrivateKey;
use crate::auth::token::Token;
use crate::auth::token_endpoint::Issued;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Scopes;
use crate::secret::Secret;

const FORMAT: u32 = 1;
/// Between two tries to get a lock that somebody else holds.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// A refresh takes seconds; who holds the lock longer hangs.
const LOCK_PATIENCE: Duration = Duration::from_secs(90);

/// Where an app keeps its tokens.
#[derive(Clone)]
pub(in crate::auth) struct Kept {
    pub(in crate::auth) store: Arc<dyn TokenStore>,
    pub(in crate::auth) profile: String,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// Tokens of one app at one org.
#[derive(Default, Deserialize)]
pub(in crate::auth) struct Record {
    format: u32,
    org_url: String,
    issuer: String,
    client_id: String,
    profile: String,
    /// The key that the tokens are bound to.
    dpop_key: Option<Secret>,
    /// When the key was first used, in seconds since 1970 by the service's clock.
    #[serde(default)]
    dpop_key_since: Option<i64>,
    access: Vec<Access>,
    pub(in crate::auth) refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Access {
    asked: String,
    granted: String,
    token: Secret,
    bound: bool,
    /// Seconds since 1970 by the service's clock.
    expires_at: i64,
    lifetime: u64,
}

/// The same with its secrets laid open, for the way into the store.
#[derive(Serialize)]
struct Open<'a> {
    format: u32,
    org_url: &'a str,
    issuer: &'a str,
    client_id: &'a str,
    profile: &'a str,
    dpop_key: Option<&'a str>,
    dpop_key_since: Option<i64>,
    access: Vec<OpenAccess<'a>>,
    refresh_token: Option<&'a str>,
}

#[derive(Serialize)]
struct OpenAccess<'a> {
    asked: &'a str,
    granted: &'a str,
    token: &'a str,
    bound: bool,
    expires_at: i64,
    lifetime: u64,
}

/// A record with its lock: nobody else reads or writes it meanwhile.
pub(in crate::auth) struct Held<'a> {
    kept: &'a Kept,
    key: TokenKey,
    pub(in crate::auth) record: Record,
    /// Why the stored text is unusable; the record is then empty.
    pub(in crate::auth) damaged: Option<Error>,
    _lock: TokenLock,
}

impl App {
    /// Locks and reads the app's record, and takes its proof key over.
    pub(in crate::auth) async fn hold<'a>(
        &'a self,
        cx: &AuthContext<'_>,
        kept: &'a Kept,
    ) -> Result<Held<'a>> {
        let held = self.hold_for_new(cx, kept).await?;
        if let Some(stored) = &held.record.dpop_key
            && let Ok(proof_key) = PrivateKey::from_stored(stored)
        {
            let since = held.record.dpop_key_since;
            self.prover.adopt(proof_key, since);
            if held.record.access.iter().any(|access| access.bound)
                && self.dpop == super::super::Dpop::Auto
            {
                self.switch();
            }
        }
        Ok(held)
    }

    /// Locks and reads the app's record for tokens that are bound to the present proof key.
    pub(in crate::auth) async fn hold_for_new<'a>(
        &'a self,
        cx: &AuthContext<'_>,
        kept: &'a Kept,
    ) -> Result<Held<'a>> {
        let key = TokenKey::new(
            cx.org_url(),
            self.server.issuer(cx.org_url()),
            &self.client_id,
            &kept.profile,
        );
        let lock = lock(cx, kept, &key).await?;
        let stored = kept.store.load(&key).await?;
        let (record, damaged) = match stored.map(|text| Record::read(&text, &key)) {
            None => (Record::of(&key), None),
            Some(Ok(record)) => (record, None),
            Some(Err(what)) => {
                let error = Error::new(ErrorKind::Config, format!("token store: {what}"))
                    .with_hint("sign in again, or remove what is stored for this app");
                (Record::of(&key), Some(error))
            }
        };
        Ok(Held {
            kept,
            key,
            record,
            damaged,
            _lock: lock,
        })
    }
}

async fn lock(cx: &AuthContext<'_>, kept: &Kept, key: &TokenKey) -> Result<TokenLock> {
    let clock = &cx.runtime.clock;
    let end = clock.monotonic().saturating_add(LOCK_PATIENCE);
    loop {
        if let Some(lock) = kept.store.try_lock(key).await? {
            return Ok(lock);
        }
        let over = cx.deadline.map_or(end, |deadline| deadline.min(end));
        if clock.monotonic().saturating_add(LOCK_PAUSE) >= over {
            return Err(Error::new(
                ErrorKind::Timeout,
                "token store: another process holds the lock of this app's tokens",
            )
            .with_hint("a process that refreshes the token hangs, or the deadline is short"));
        }
        clock.sleep(LOCK_PAUSE).await;
    }
}

impl Record {
    fn of(key: &TokenKey) -> Self {
        Self {
            format: FORMAT,
            org_url: key.org_url.clone(),
            issuer: key.issuer.clone(),
            client_id: key.client_id.clone(),
            profile: key.profile.clone(),
            ..Self::default()
        }
    }

    /// Errors never repeat any of the text.
    fn read(text: &Secret, key: &TokenKey) -> Result<Self, &'static str> {
        let record: Self = serde_json::from_str(text.expose())
            .map_err(|_| "what is stored for this app is damaged")?;
        if record.format != FORMAT {
            return Err("what is stored for this app is of another version of the SDK");
        }
        let same = record.org_url == key.org_url
            && record.issuer == key.issuer
            && record.client_id == key.client_id
            && record.profile == key.profile;
        if !same {
            return Err("what is stored for this app belongs to another org or app");
        }
        if let Some(dpop_key) = &record.dpop_key {
            PrivateKey::from_stored(dpop_key)
                .map_err(|_| "the stored proof key of this app is damaged")?;
        }
        Ok(record)
    }

    /// The stored token for these scopes, unless it is due for renewal or was refused.
    pub(in crate::auth) fn token(
        &self,
        cx: &AuthContext<'_>,
        app: &App,
        asked: &Scopes,
        refused: Option<&Secret>,
    ) -> Option<Token> {
        let asked = asked.to_string();
        let found = self.access.iter().find(|access| access.asked == asked)?;
        if Some(&found.token) == refused {
            return None;
        }
        let proof_key = match found.bound {
            true => Some(app.prover.key_of(self.dpop_key.as_ref()?)?),
            false => None,
        };
        let lifetime = Duration::from_secs(found.lifetime);
        let left = found.expires_at.checked_sub(cx.server_time().as_second())?;
        let left = Duration::from_secs(u64::try_from(left).ok()?).min(lifetime);
        let margin = app.margin(lifetime);
        if left <= margin {
            return None;
        }
        let now = cx.runtime.clock.monotonic();
        Some(Token {
            value: found.token.clone(),
            proof_key,
            scopes: Scopes::parse(&found.granted),
            renew_at: now + left.saturating_sub(margin),
            expires_at: now + left.saturating_sub(Duration::from_secs(2)),
        })
    }

    /// Takes an issued token in, and leaves expired ones out.
    pub(in crate::auth) fn put(
        &mut self,
        cx: &AuthContext<'_>,
        app: &App,
        asked: &Scopes,
        issued: &Issued,
    ) -> Result<()> {
        let asked = asked.to_string();
        let now = cx.server_time().as_second();
        // A public client's refresh token is bound to the key as well.
        let proof_key = match (&issued.proof_key, app.proves()) {
            (Some(key), _) => Some(Arc::clone(key)),
            (None, true) => Some(app.prover.key()?),
            (None, false) => None,
        };
        let stored = proof_key.as_ref().map(|key| key.to_stored()).transpose()?;
        // Tokens that are bound to another key went out of use with it.
        let same_key = stored == self.dpop_key;
        self.access.retain(|access| {
            access.asked != asked && access.expires_at > now && (same_key || !access.bound)
        });
        self.dpop_key_since = proof_key.and_then(|key| key.since());
        self.dpop_key = stored;
        self.access.push(Access {
            asked,
            granted: issued.scopes.to_string(),
            token: issued.token.clone(),
            bound: issued.proof_key.is_some(),
            expires_at: now.saturating_add_unsigned(issued.lifetime.as_secs()),
            lifetime: issued.lifetime.as_secs(),
        });
        Ok(())
    }

    /// Forgets all tokens; whose they are stays.
    pub(in crate::auth) fn clear(&mut self) {
        self.access.clear();
        self.refresh_token = None;
    }

    pub(in crate::auth) fn any_access_token(&self) -> Option<Secret> {
        self.access.first().map(|access| access.token.clone())
    }

    fn to_text(&self) -> Result<Secret> {
        let open = Open {
            format: self.format,
            org_url: &self.org_url,
            issuer: &self.issuer,
            client_id: &self.client_id,
            profile: &self.profile,
            dpop_key: self.dpop_key.as_ref().map(Secret::expose),
            dpop_key_since: self.dpop_key_since,
            access: self
                .access
                .iter()
                .map(|access| OpenAccess {
                    asked: &access.asked,
                    granted: &access.granted,
                    token: access.token.expose(),
                    bound: access.bound,
                    expires_at: access.expires_at,
                    lifetime: access.lifetime,
                })
                .collect(),
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
        };
        let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
        serde_json::to_writer(&mut *text, &open)
            .map_err(|_| Error::config("token store: the tokens cannot be encoded"))?;
        Ok(Secret::new(String::from_utf8_lossy(&text)))
    }
}

impl Held<'_> {
    pub(in crate::auth) async fn save(&self) -> Result<()> {
        self.kept
            .store
            .save(&self.key, &self.record.to_text()?)
            .await
    }

    pub(in crate::auth) async fn remove(&self) -> Result<()> {
        self.kept.store.remove(&self.key).await
    }
}
