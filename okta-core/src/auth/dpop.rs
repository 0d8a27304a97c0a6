//! Proofs of possession (DPoP, RFC 9449): the key, the proofs, the nonce.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::json;

use super::api_token::header_value;
use super::jwk::base64url;
use super::jwt::{Algorithm, Signer as _, compact};
use super::key::{PrivateKey, public_members};
use crate::clock::uuid;
use crate::error::Result;
use crate::runtime::Runtime;
use crate::secret::Secret;

/// The proof key of one credential and the nonce that its org last sent.
#[derive(Debug, Default)]
pub(super) struct Prover {
    key: Mutex<Option<Arc<ProofKey>>>,
    nonce: Mutex<Option<HeaderValue>>,
    /// After so long a new key is made for new tokens.
    rotation: Option<Duration>,
}

/// Tokens hold the key that they are bound to: it may be another one by now.
#[derive(Debug)]
pub(super) struct ProofKey {
    key: PrivateKey,
    /// The public members, which stand in the header of every proof.
    public: serde_json::Value,
    /// Seconds since 1970 by the service's clock, from the first proof on.
    since: OnceLock<i64>,
}

impl ProofKey {
    fn new(key: PrivateKey) -> Arc<Self> {
        let public = public_members(&key.inner);
        Arc::new(Self {
            key,
            public,
            since: OnceLock::new(),
        })
    }

    /// The key for a token store.
    pub(super) fn to_stored(&self) -> Result<Secret> {
        self.key.to_stored()
    }

    /// When it was first used, in seconds since 1970 by the service's clock.
    pub(super) fn since(&self) -> Option<i64> {
        self.since.get().copied()
    }
}

impl Prover {
    /// Takes the nonce of any reply.
    pub(super) fn observe(&self, headers: &HeaderMap) {
        if let Some(fresh) = headers.get("dpop-nonce") {
            *self.nonce() = Some(fresh.clone());
        }
    }

    fn nonce(&self) -> MutexGuard<'_, Option<HeaderValue>> {
        // A poisoned lock only means that another thread panicked between two assignments.
        self.nonce
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// True if a proof made now would carry another nonce than this one. Whether the nonce is
    /// news to the prover says nothing: another call may have learnt it meanwhile.
    pub(super) fn outdates(&self, proof: Option<&HeaderValue>) -> bool {
        let nonce = self.nonce();
        let Some(known) = nonce.as_ref().and_then(|nonce| nonce.to_str().ok()) else {
            return false;
        };
        proof.and_then(nonce_of).as_deref() != Some(known)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<ProofKey>>> {
        self.key
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The key for new tokens, made at its first use.
    pub(super) fn key(&self) -> Result<Arc<ProofKey>> {
        let mut slot = self.slot();
        if let Some(key) = &*slot {
            return Ok(Arc::clone(key));
        }
        let made = ProofKey::new(PrivateKey::generate(Algorithm::Es256)?);
        Ok(Arc::clone(slot.insert(made)))
    }

    pub(super) fn rotate_every(&mut self, interval: Duration) {
        self.rotation = Some(interval);
    }

    /// Before a token request: lets go of a key that is older than it may be.
    pub(super) fn rotate_if_due(&self, runtime: &Runtime) {
        let Some(interval) = self.rotation else {
            return;
        };
        let now = runtime.server_now().as_second();
        let interval = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX);
        self.slot().take_if(|key| {
            key.since()
                .is_some_and(|since| now.saturating_sub(since) >= interval)
        });
    }

    /// Takes a key over: the one that stored tokens are bound to.
    pub(super) fn adopt(&self, key: PrivateKey, since: Option<i64>) {
        let mut slot = self.slot();
        if slot
            .as_ref()
            .is_some_and(|present| present.key.thumbprint() == key.thumbprint())
        {
            return;
        }
        let key = ProofKey::new(key);
        if let Some(since) = since {
            // The key is new: nothing is set yet.
            let _ = key.since.set(since);
        }
        *slot = Some(key);
    }

    /// The present key, if it is the one that is stored so.
    pub(super) fn key_of(&self, stored: &Secret) -> Option<Arc<ProofKey>> {
        let key = self.slot().clone()?;
        (key.to_stored().ok()? == *stored).then_some(key)
    }

    /// RFC 7638 thumbprint of the proof key, which tokens are bound to (`cnf.jkt`).
    pub(super) fn thumbprint(&self) -> Result<String> {
        Ok(self.key()?.key.thumbprint())
    }

    /// A fresh proof for one attempt. `access_token` adds its hash, for resource requests.
    pub(super) async fn proof(
        &self,
        key: &ProofKey,
        runtime: &Runtime,
        method: &Method,
        uri: &Uri,
        access_token: Option<&str>,
    ) -> Result<HeaderValue> {
        let now = runtime.server_now().as_second();
        key.since.get_or_init(|| now);
        let header =
            json!({ "typ": "dpop+jwt", "alg": key.key.algorithm().as_str(), "jwk": key.public });
        let mut claims = json!({
            "jti": uuid(&*runtime.random),
            "htm": method.as_str(),
            "htu": htu(uri),
            "iat": now,
        });
        let nonce = self
            .nonce()
            .as_ref()
            .and_then(|nonce| nonce.to_str().ok())
            .map(str::to_owned);
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(token) = access_token {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
            claims["ath"] = base64url(digest.as_ref()).into();
        }
        header_value(&compact(&key.key, &header, &claims).await?, "DPoP proof")
    }
}

/// The nonce that a proof of ours carries.
fn nonce_of(proof: &HeaderValue) -> Option<String> {
    let claims = proof.to_str().ok()?.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("nonce")?.as_str().map(str::to_owned)
}

/// Scheme, host and path as sent; no query, no fragment.
fn htu(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    format!(
        "{}://{authority}{}",
        uri.scheme_str().unwrap_or("https"),
        uri.path()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn htu_is_the_url_without_query() {
        for (uri, want) in [
            (
                "https://acme.okta.com/api/v1/users?limit=2",
                "https://acme.okta.com/api/v1/users",
            ),
            ("http://localhost:3000/a%20b", "http://localhost:3000/a%20b"),
        ] {
            assert_eq!(htu(&uri.parse().unwrap()), want);
        }
    }

    #[test]
    fn nonces_of_all_replies_are_kept() {
        let prover = Prover::default();
        let mut headers = HeaderMap::new();
        prover.observe(&headers);
        assert!(!prover.outdates(None));
        headers.insert("DPoP-Nonce", HeaderValue::from_static("n1"));
        prover.observe(&headers);
        assert!(prover.outdates(None));
        let proof = |nonce: &str| {
            let claims = base64url(format!(r#"{{"nonce":"{nonce}"}}"#).as_bytes());
            HeaderValue::try_from(format!("e30.{claims}.e30")).unwrap()
        };
        assert!(!prover.outdates(Some(&proof("n1"))));
        assert!(prover.outdates(Some(&proof("n0"))));
    }
}
