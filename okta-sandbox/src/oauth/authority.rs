//! What the authorization servers of an org remember: keys, sessions, codes, tokens, used ids,
//! nonces.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::approvals::Approval;
use super::direct::Half;
use super::jwk::{self, EcKey};
use super::key_sets::KeySet;
use super::keys::KeyRing;
use super::waiting::Poll;
use crate::durable::{Durable, PartName, Visitor};
use crate::ids;
use crate::registry::Registry;

/// The org authorization server among the servers' ids.
pub(crate) const ORG: &str = "org";

/// What an access token allows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// [`ORG`] or the id of a custom authorization server.
    pub(crate) server: String,
    pub(crate) client_id: String,
    /// The user who signed in; none for a client's own token.
    pub(crate) user_id: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued: i64,
    pub(crate) expires: i64,
    /// Thumbprint of the DPoP key that the token is bound to.
    pub(crate) bound_to: Option<String>,
    pub(crate) token_id: String,
    pub(crate) audience: String,
    /// The sign-in that the token comes from; all tokens of one fall together.
    pub(crate) family: Option<String>,
}

/// A browser's session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    pub(crate) created: i64,
    /// When the user last proved who they are.
    pub(crate) auth_time: i64,
    pub(crate) last_used: i64,
}

impl Session {
    /// True if the user proved who they are at most so many seconds before a time.
    pub(crate) fn is_within(&self, age: i64, at: i64) -> bool {
        at <= self.auth_time.saturating_add(age)
    }
}

/// An authorization request that waits for the user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) server: String,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) created: i64,
    /// The user agreed to this very request.
    pub(crate) consented: bool,
}

impl Pending {
    /// The client that asks.
    pub(crate) fn client_id(&self) -> &str {
        let mut all = self.parameters.iter();
        let own = all.find(|(name, _)| name == "client_id");
        own.map_or("", |(_, value)| value)
    }
}

/// An authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) auth_time: i64,
    pub(crate) expires: i64,
    pub(crate) family: String,
    pub(crate) used: bool,
}

/// A refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refresh {
    /// What the Management API names it by; a rotated token hands it on.
    pub(crate) id: String,
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) family: String,
    pub(crate) auth_time: i64,
    pub(crate) issued: i64,
    pub(crate) last_used: i64,
    /// Seconds that it lives at most, and unused; 0 for no limit.
    pub(crate) lifetime: i64,
    pub(crate) idle: i64,
    pub(crate) bound_to: Option<String>,
    /// When a newer one took its place.
    pub(crate) rotated: Option<i64>,
}

impl Refresh {
    /// True while neither its lifetime nor its idle time is over.
    pub(crate) fn alive(&self, now: i64) -> bool {
        alive(
            now,
            (self.issued, self.lifetime),
            (self.last_used, self.idle),
        )
    }
}

/// True if no span, a start and its seconds, is over; 0 seconds are no limit.
fn alive(now: i64, life: (i64, i64), use_: (i64, i64)) -> bool {
    [life, use_]
        .iter()
        .all(|(start, seconds)| *seconds == 0 || now < start + seconds)
}

/// A scope that a user lets an app have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) id: String,
    pub(crate) scope: String,
    pub(crate) given: i64,
}

/// A device that waits for its user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) server: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) user_code: String,
    pub(crate) poll: Poll,
}

/// What apps of one device share a sign-in by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeviceSecret {
    pub(crate) server: String,
    /// The client that signed its user in.
    pub(crate) client_id: String,
    pub(crate) user_id: String,
    pub(crate) auth_time: i64,
    pub(crate) family: String,
    pub(crate) issued: i64,
    pub(crate) last_used: i64,
    /// Seconds that it lives at most, and unused; 0 for no limit.
    pub(crate) lifetime: i64,
    pub(crate) idle: i64,
}

impl DeviceSecret {
    /// True while neither its lifetime nor its idle time is over.
    pub(crate) fn alive(&self, now: i64) -> bool {
        alive(
            now,
            (self.issued, self.lifetime),
            (self.last_used, self.idle),
        )
    }
}

/// A token that signs a user in to one web app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Interclient {
    pub(crate) server: String,
    /// The web app.
    pub(crate) target: String,
    pub(crate) user_id: String,
    pub(crate) auth_time: i64,
    pub(crate) expires: i64,
}

/// Seconds after which a fresh nonce is handed out.
const NONCE_RENEWAL: i64 = 24 * 3600;
/// Seconds for which an old nonce still works.
const NONCE_LIFE: i64 = 3 * 24 * 3600;

/// The authorization servers' memory. Secrets stand under their hashes.
pub(crate) struct Authority {
    /// Signs the org server's access tokens, which nobody but the org reads.
    signer: EcKey,
    pub(crate) keys: KeyRing,
    /// The keys that clients publish, by client.
    pub(crate) key_sets: Registry<KeySet>,
    pub(crate) tokens: Registry<Grant>,
    pub(crate) sessions: Registry<Session>,
    /// One-time session tokens, with the user and the time of the sign-in.
    pub(crate) session_tokens: Registry<(String, i64)>,
    pub(crate) pending: Registry<Pending>,
    pub(crate) codes: Registry<Code>,
    pub(crate) refresh: Registry<Refresh>,
    pub(crate) devices: Registry<Device>,
    pub(crate) approvals: Registry<Approval>,
    pub(crate) device_secrets: Registry<DeviceSecret>,
    pub(crate) interclient: Registry<Interclient>,
    /// Sign-ins that lack their second factor.
    pub(crate) halves: Registry<Half>,
    /// Scopes that a user consented to, by `user client server`.
    pub(crate) consents: Registry<Vec<Consent>>,
    /// Failed sign-ins in a row, by user.
    pub(crate) failures: Registry<u32>,
    pub(crate) used: Registry<i64>,
    pub(crate) nonces: Registry<i64>,
}

/// True now and then as a registry grows, so that a walk through all of it costs little per entry.
pub(crate) fn is_time_to_tidy(length: usize) -> bool {
    length % 4096 == 4095
}

/// The key that a secret stands under.
pub(crate) fn hashed(secret: &str) -> String {
    jwk::sha256(secret.as_bytes())
}

impl Authority {
    /// An authority with a fresh key.
    pub(crate) fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        Ok(Self::with_signer(EcKey::generate()?))
    }

    /// An authority with the key of before.
    pub(crate) fn with_signer(signer: EcKey) -> Self {
        Self {
            signer,
            keys: KeyRing::default(),
            key_sets: Registry::default(),
            tokens: Registry::default(),
            sessions: Registry::default(),
            session_tokens: Registry::default(),
            pending: Registry::default(),
            codes: Registry::default(),
            refresh: Registry::default(),
            devices: Registry::default(),
            approvals: Registry::default(),
            device_secrets: Registry::default(),
            interclient: Registry::default(),
            halves: Registry::default(),
            consents: Registry::default(),
            failures: Registry::default(),
            used: Registry::default(),
            nonces: Registry::default(),
        }
    }

    /// The private key of the org server, in PEM.
    pub(crate) fn signer_pem(&self) -> &str {
        &self.signer.private_pem
    }

    /// Hands out each part that is kept on disk, by name.
    pub(crate) fn each_part(&mut self, visit: Visitor<'_>) {
        // Names every field, so that a new one is not forgotten.
        let Self {
            signer: _,
            keys,
            key_sets,
            tokens,
            sessions,
            session_tokens,
            pending,
            codes,
            refresh,
            devices,
            approvals,
            device_secrets,
            interclient,
            halves,
            consents,
            failures,
            used,
            nonces,
        } = self;
        let parts: [(&'static str, &mut dyn Durable); 17] = [
            ("oauth keys", &mut keys.stored),
            ("oauth key sets", key_sets),
            ("oauth tokens", tokens),
            ("oauth sessions", sessions),
            ("oauth session tokens", session_tokens),
            ("oauth pending", pending),
            ("oauth codes", codes),
            ("oauth refresh", refresh),
            ("oauth devices", devices),
            ("oauth approvals", approvals),
            ("oauth device secrets", device_secrets),
            ("oauth interclient", interclient),
            ("oauth halves", halves),
            ("oauth consents", consents),
            ("oauth failures", failures),
            ("oauth used", used),
            ("oauth nonces", nonces),
        ];
        for (name, part) in parts {
            visit(PartName(name, ""), part);
        }
    }

    /// Signs an access token of the org server.
    pub(crate) fn sign_opaque(&self, claims: &serde_json::Value) -> String {
        self.signer.sign(claims)
    }

    /// Remembers an access token.
    pub(crate) fn remember(&mut self, token: &str, grant: Grant) {
        if is_time_to_tidy(self.tokens.len()) {
            let now = grant.issued;
            self.tokens.retain(|_, g| g.expires > now);
        }
        self.tokens.insert(hashed(token), grant);
    }

    /// What a token allows, unless it has expired.
    pub(crate) fn grant(&self, token: &str, now: i64) -> Option<&Grant> {
        self.tokens.get(&hashed(token)).filter(|g| g.expires > now)
    }

    /// Forgets everything of a client.
    pub(crate) fn revoke_client(&mut self, client_id: &str) {
        self.tokens.retain(|_, grant| grant.client_id != client_id);
        self.refresh.retain(|_, token| token.client_id != client_id);
        self.codes.retain(|_, code| code.client_id != client_id);
        self.devices
            .retain(|_, device| device.client_id != client_id);
        self.approvals
            .retain(|_, approval| approval.client_id != client_id);
        self.device_secrets
            .retain(|_, secret| secret.client_id != client_id);
        self.interclient
            .retain(|_, token| token.target != client_id);
        self.halves.retain(|_, half| half.client_id != client_id);
        self.pending.retain(|_, p| p.client_id() != client_id);
        self.consents
            .retain(|key, _| key.split(' ').nth(1) != Some(client_id));
        self.key_sets.remove(client_id);
    }

    /// Forgets everything of an authorization server.
    pub(crate) fn revoke_server(&mut self, server: &str) {
        self.tokens.retain(|_, grant| grant.server != server);
        self.refresh.retain(|_, token| token.server != server);
        self.codes.retain(|_, code| code.server != server);
        self.devices.retain(|_, device| device.server != server);
        self.approvals.retain(|_, a| a.server != server);
        self.device_secrets
            .retain(|_, secret| secret.server != server);
        self.interclient.retain(|_, token| token.server != server);
        self.halves.retain(|_, half| half.server != server);
        self.pending.retain(|_, pending| pending.server != server);
        self.consents
            .retain(|key, _| key.split(' ').nth(2) != Some(server));
        self.keys.forget(server);
    }

    /// Forgets the tokens that come from one sign-in.
    pub(crate) fn revoke_family(&mut self, family: &str) {
        self.revoke_families(&HashSet::from([family]));
    }

    /// Forgets the tokens that come from these sign-ins.
    pub(crate) fn revoke_families(&mut self, families: &HashSet<&str>) {
        self.tokens.retain(|_, grant| {
            let family = grant.family.as_deref();
            family.is_none_or(|family| !families.contains(family))
        });
        self.refresh
            .retain(|_, token| !families.contains(token.family.as_str()));
    }

    /// Ends a sign-in whose code or refresh token was used twice: whoever has something of it may be
    /// a thief.
    pub(crate) fn end_family(&mut self, family: &str) {
        self.revoke_family(family);
        self.device_secrets
            .retain(|_, secret| secret.family != family);
    }

    /// Ends a user's sessions.
    pub(crate) fn end_sessions(&mut self, user_id: &str) {
        self.sessions
            .retain(|_, session| session.user_id != user_id);
        self.session_tokens.retain(|_, (user, _)| user != user_id);
    }

    /// Forgets a user's tokens.
    pub(crate) fn revoke_user(&mut self, user_id: &str) {
        self.tokens
            .retain(|_, grant| grant.user_id.as_deref() != Some(user_id));
        self.refresh.retain(|_, token| token.user_id != user_id);
        self.codes.retain(|_, code| code.user_id != user_id);
        self.approvals
            .retain(|_, approval| approval.user_id != user_id);
        self.device_secrets
            .retain(|_, secret| secret.user_id != user_id);
        self.interclient.retain(|_, token| token.user_id != user_id);
        self.halves.retain(|_, half| half.user_id != user_id);
        self.devices
            .retain(|_, device| device.poll.user() != Some(user_id));
    }

    /// Forgets what is kept of a user beside tokens and sessions.
    pub(crate) fn forget_user(&mut self, user_id: &str) {
        let own = format!("{user_id} ");
        self.consents.retain(|key, _| !key.starts_with(&own));
        self.failures.remove(user_id);
    }

    /// Makes all access tokens handed out so far expire.
    fn expire_access_tokens(&mut self) {
        self.tokens.retain(|_, _| false);
    }

    /// Makes `nonces` or `tokens` stale, rotates `keys`, or withdraws them (`keys-at-once`).
    /// False for anything else.
    pub(crate) fn make_stale(
        &mut self,
        what: &str,
        server: &str,
        now: i64,
    ) -> Result<bool, aws_lc_rs::error::Unspecified> {
        match what {
            "nonces" => self.rotate_nonces(),
            "tokens" => self.expire_access_tokens(),
            "keys" => self.keys.rotate(server, now)?,
            "keys-at-once" => self.keys.replace(server, now)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Remembers a one-time id until a time; false if it was used before.
    pub(crate) fn use_once(&mut self, id: String, until: i64, now: i64) -> bool {
        if is_time_to_tidy(self.used.len()) {
            self.used.retain(|_, until| *until >= now);
        }
        if self.used.get(&id).is_some_and(|until| *until >= now) {
            return false;
        }
        self.used.insert(id, until);
        true
    }

    /// The nonce handed out now.
    pub(crate) fn nonce(&mut self, now: i64) -> String {
        self.nonces.retain(|_, made| now - made < NONCE_LIFE);
        let newest = self.nonces.iter().max_by_key(|(_, made)| **made);
        match newest {
            Some((nonce, made)) if now - made < NONCE_RENEWAL => nonce.to_owned(),
            _ => {
                let nonce = ids::random_hex(16);
                self.nonces.insert(nonce.clone(), now);
                nonce
            }
        }
    }

    /// True if the nonce was handed out and is not too old.
    pub(crate) fn knows_nonce(&self, nonce: &str, now: i64) -> bool {
        self.nonces
            .get(nonce)
            .is_some_and(|made| now - made < NONCE_LIFE)
    }

    /// Makes all nonces handed out so far stale.
    pub(crate) fn rotate_nonces(&mut self) {
        self.nonces.retain(|_, _| false);
    }
}
