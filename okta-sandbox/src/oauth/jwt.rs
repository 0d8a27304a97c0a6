//! Compact JWTs, read without trusting them.

use serde_json::Value;

use super::jwk;

/// A parsed, unverified JWT.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    input: String,
    signature: Vec<u8>,
}

impl Jwt {
    /// Splits and decodes; anything malformed is `None`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&jwk::decode(part)?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            input: input.to_owned(),
            signature: jwk::decode(signature)?,
        })
    }

    /// A text member of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A text claim.
    pub(crate) fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A numeric date claim.
    pub(crate) fn seconds(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        value.as_i64().or_else(|| value.as_f64().map(|f| f as i64))
    }

    /// What is signed.
    pub(crate) fn input(&self) -> &[u8] {
        self.input.as_bytes()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// True if the signature is by this public key under the header's algorithm.
    pub(crate) fn signed_by(&self, key: &Value) -> bool {
        let Some(alg) = self.header("alg") else {
            return false;
        };
        jwk::verify(key, alg, self.input.as_bytes(), &self.signature)
    }
}

/// Signature algorithms that the service takes.
pub(crate) const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];

/// Taken in client assertions, beside the others.
pub(crate) const PSS_ALGORITHMS: [&str; 3] = ["PS256", "PS384", "PS512"];
