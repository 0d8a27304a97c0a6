//! The org authorization server's memory: keys, issued tokens, used ids, nonces.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::jwk::EcKey;
use crate::ids;

/// What an access token allows.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: i64,
    /// Thumbprint of the DPoP key that the token is bound to.
    pub(crate) bound_to: Option<String>,
    pub(crate) token_id: String,
}

/// Seconds after which a fresh nonce is handed out.
const NONCE_RENEWAL: i64 = 24 * 3600;
/// Seconds for which an old nonce still works.
const NONCE_LIFE: i64 = 3 * 24 * 3600;

/// The authorization server.
pub(crate) struct Authority {
    signer: EcKey,
    tokens: HashMap<String, Grant>,
    used: HashMap<String, i64>,
    nonces: Vec<(String, i64)>,
}

impl Authority {
    /// An authority with a fresh key.
    pub(crate) fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let signer = EcKey::generate()?;
        Ok(Self {
            signer,
            tokens: HashMap::new(),
            used: HashMap::new(),
            nonces: Vec::new(),
        })
    }

    /// The public keys, as `/oauth2/v1/keys` lists them.
    pub(crate) fn keys(&self) -> Value {
        json!({ "keys": [self.signer.public_jwk] })
    }

    /// Signs and remembers an access token.
    pub(crate) fn issue(&mut self, claims: &Value, grant: Grant) -> String {
        let token = self.signer.sign(claims);
        self.tokens.insert(token.clone(), grant);
        token
    }

    /// What a token allows, unless it has expired.
    pub(crate) fn grant(&self, token: &str, now: i64) -> Option<&Grant> {
        self.tokens.get(token).filter(|g| g.expires > now)
    }

    /// Forgets the tokens of a client.
    pub(crate) fn revoke_client(&mut self, client_id: &str) {
        self.tokens.retain(|_, grant| grant.client_id != client_id);
    }

    /// Remembers a one-time id until a time; false if it was used before.
    pub(crate) fn use_once(&mut self, id: String, until: i64, now: i64) -> bool {
        if self.used.len() > 10_000 {
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
        self.nonces.retain(|(_, made)| now - made < NONCE_LIFE);
        match self.nonces.last() {
            Some((nonce, made)) if now - made < NONCE_RENEWAL => nonce.clone(),
            _ => {
                let nonce = ids::random_hex(16);
                self.nonces.push((nonce.clone(), now));
                nonce
            }
        }
    }

    /// True if the nonce was handed out and is not too old.
    pub(crate) fn knows_nonce(&self, nonce: &str, now: i64) -> bool {
        self.nonces
            .iter()
            .any(|(known, made)| known == nonce && now - made < NONCE_LIFE)
    }

    /// Makes all nonces handed out so far stale.
    pub(crate) fn rotate_nonces(&mut self) {
        self.nonces.clear();
    }
}
