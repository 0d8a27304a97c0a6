//! The RSA keys that authorization servers sign ID tokens and JWT access tokens with.

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{jwk, rsa};
use crate::registry::Registry;

/// What a key is used for; the names are those of the key operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Use {
    /// Signs now.
    Active,
    /// Will sign after the next rotation, and is published already.
    Next,
    /// Signed before the last rotation; still published.
    Expired,
}

impl Use {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Next => "NEXT",
            Self::Expired => "EXPIRED",
        }
    }
}

/// A signing key at rest.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Signer {
    pub(crate) kid: String,
    /// Epoch second of its making.
    pub(crate) created: i64,
    pub(crate) state: Use,
    /// Public JWK without `kid`.
    public: Value,
    /// PKCS#8, base64url.
    private: String,
}

impl Signer {
    fn generate(state: Use, now: i64) -> Result<(Self, KeyPair), Unspecified> {
        let pair = rsa::generate()?;
        let mut jwk = rsa::public_jwk(&pair)?;
        jwk["alg"] = json!("RS256");
        jwk["use"] = json!("sig");
        let der: Pkcs8V1Der<'_> = pair.as_der()?;
        let signer = Self {
            kid: jwk::thumbprint(&jwk).unwrap_or_default(),
            created: now,
            state,
            public: jwk,
            private: jwk::encode(der.as_ref()),
        };
        Ok((signer, pair))
    }

    /// The public half of a new key that nothing is signed with.
    pub(crate) fn public_half() -> Result<Value, Unspecified> {
        rsa::public_jwk(&rsa::generate()?)
    }

    /// The public key as a JWKS shows it.
    pub(crate) fn jwk(&self) -> Value {
        let mut key = self.public.clone();
        key["kid"] = json!(self.kid);
        key
    }
}

/// The keys of all authorization servers, by server; each server's are made when first needed.
#[derive(Default)]
pub(crate) struct KeyRing {
    pub(crate) stored: Registry<Vec<Signer>>,
    loaded: HashMap<String, Arc<KeyPair>>,
}

impl KeyRing {
    /// The keys of a server: the active one first.
    pub(crate) fn of(&mut self, server: &str, now: i64) -> Result<&[Signer], Unspecified> {
        if self.stored.get(server).is_none() {
            let active = self.fresh(Use::Active, now)?;
            self.stored.insert(server, vec![active]);
        }
        Ok(self.stored.get(server).map_or(&[], Vec::as_slice))
    }

    fn fresh(&mut self, state: Use, now: i64) -> Result<Signer, Unspecified> {
        let (signer, pair) = Signer::generate(state, now)?;
        self.loaded.insert(signer.kid.clone(), Arc::new(pair));
        Ok(signer)
    }

    /// Adds the key that will sign next, if there is none.
    pub(crate) fn prepare_next(&mut self, server: &str, now: i64) -> Result<(), Unspecified> {
        if !self.of(server, now)?.iter().any(|k| k.state == Use::Next) {
            let next = self.fresh(Use::Next, now)?;
            if let Some(keys) = self.stored.get_mut(server) {
                keys.push(next);
            }
        }
        Ok(())
    }

    /// The next key signs from now on; the one before stays published as expired.
    pub(crate) fn rotate(&mut self, server: &str, now: i64) -> Result<(), Unspecified> {
        self.prepare_next(server, now)?;
        if let Some(keys) = self.stored.get_mut(server) {
            keys.retain(|k| k.state != Use::Expired);
            for key in keys.iter_mut() {
                key.state = match key.state {
                    Use::Active => Use::Expired,
                    Use::Next | Use::Expired => Use::Active,
                };
            }
            keys.sort_by_key(|k| k.state != Use::Active);
        }
        Ok(())
    }

    /// Rotates and withdraws the old key at once, so that tokens signed with it verify no more.
    pub(crate) fn replace(&mut self, server: &str, now: i64) -> Result<(), Unspecified> {
        let fresh = self.fresh(Use::Active, now)?;
        self.stored.insert(server, vec![fresh]);
        Ok(())
    }

    /// Drops the keys of a server.
    pub(crate) fn forget(&mut self, server: &str) {
        for key in self.stored.remove(server).unwrap_or_default() {
            self.loaded.remove(&key.kid);
        }
    }

    /// Signs claims as a compact JWT with the active key of a server.
    pub(crate) fn sign(
        &mut self,
        server: &str,
        claims: &Value,
        now: i64,
    ) -> Result<String, Unspecified> {
        self.sign_as(server, "", claims, now)
    }

    /// Signs claims as a JWT whose header tells its type, unless that is empty.
    pub(crate) fn sign_as(
        &mut self,
        server: &str,
        kind: &str,
        claims: &Value,
        now: i64,
    ) -> Result<String, Unspecified> {
        let key = self.of(server, now)?.first().ok_or(Unspecified)?.clone();
        let pair = match self.loaded.get(&key.kid) {
            Some(pair) => Arc::clone(pair),
            None => {
                let der = jwk::decode(&key.private).ok_or(Unspecified)?;
                let pair = Arc::new(KeyPair::from_pkcs8(&der).map_err(|_| Unspecified)?);
                self.loaded.insert(key.kid.clone(), Arc::clone(&pair));
                pair
            }
        };
        let mut header = json!({ "kid": key.kid, "alg": "RS256" });
        if !kind.is_empty() {
            header["typ"] = json!(kind);
        }
        let input = format!(
            "{}.{}",
            jwk::encode(header.to_string()),
            jwk::encode(claims.to_string())
        );
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            input.as_bytes(),
            &mut signature,
        )?;
        Ok(format!("{input}.{}", jwk::encode(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::jwt::Jwt;

    #[test]
    fn rotation_publishes_the_next_key_first_and_keeps_the_last() {
        let mut ring = KeyRing::default();
        let token = ring.sign("aus1", &json!({ "sub": "a" }), 1).unwrap();
        let first = ring.of("aus1", 1).unwrap()[0].clone();
        assert!(Jwt::parse(&token).unwrap().signed_by(&first.jwk()));
        ring.prepare_next("aus1", 2).unwrap();
        let next = ring.of("aus1", 2).unwrap()[1].kid.clone();
        ring.rotate("aus1", 3).unwrap();
        let keys = ring.of("aus1", 3).unwrap();
        assert_eq!((&keys[0].kid, keys[0].state), (&next, Use::Active));
        assert_eq!((&keys[1].kid, keys[1].state), (&first.kid, Use::Expired));
        ring.rotate("aus1", 4).unwrap();
        assert!(
            !ring
                .of("aus1", 4)
                .unwrap()
                .iter()
                .any(|k| k.kid == first.kid)
        );
        ring.replace("aus1", 5).unwrap();
        assert_eq!(ring.of("aus1", 5).unwrap().len(), 1);
    }
}
