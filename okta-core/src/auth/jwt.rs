//! Signed JSON Web Tokens (RFC 7515, 7519): making them. ID tokens are checked elsewhere.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use super::jwk::base64url;
use crate::error::{Error, Result};

/// A JWS algorithm (RFC 7518 section 3.1). Okta documents the RS and ES ones for client assertions;
/// PS is for other authorization servers, and for keys of a KMS that sign nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSA PKCS#1 v1.5 with SHA-256.
    Rs256,
    /// RSA PKCS#1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS#1 v1.5 with SHA-512.
    Rs512,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA-PSS with SHA-384.
    Ps384,
    /// RSA-PSS with SHA-512.
    Ps512,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// ECDSA over P-384 with SHA-384.
    Es384,
    /// ECDSA over P-521 with SHA-512.
    Es512,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
    ];

    /// The JOSE name: `RS256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    pub(super) fn is_rsa(self) -> bool {
        !matches!(self, Self::Es256 | Self::Es384 | Self::Es512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == text)
            .ok_or_else(|| {
                Error::config(format!(
                    "the signature algorithm {text:?} is not one that this SDK signs with"
                ))
                .with_hint("use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or ES512")
            })
    }
}

/// Signs client assertions. Implement it for keys that never leave a KMS or HSM; a
/// [`PrivateKey`](crate::PrivateKey) in memory implements it too.
#[async_trait]
pub trait Signer: fmt::Debug + Send + Sync + 'static {
    /// The algorithm of the signatures.
    fn algorithm(&self) -> Algorithm;

    /// The `kid` under which the app knows the key; `None` lets the service try all of its keys.
    fn key_id(&self) -> Option<&str>;

    /// Signs the message itself (not a digest of it). RS: PKCS#1 v1.5. PS: PSS with a salt as long
    /// as the digest. ES: the fixed-length form, r and s one after the other (RFC 7518 section
    /// 3.4), not DER.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>>;
}

/// `header.claims`, ready to be signed.
pub(super) fn signing_input(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    format!(
        "{}.{}",
        base64url(header.to_string().as_bytes()),
        base64url(claims.to_string().as_bytes())
    )
}

/// A compact JWS.
pub(super) async fn compact(
    signer: &dyn Signer,
    header: &serde_json::Value,
    claims: &serde_json::Value,
) -> Result<String> {
    let mut token = signing_input(header, claims);
    let signature = signer.sign(token.as_bytes()).await?;
    token.push('.');
    token.push_str(&base64url(&signature));
    Ok(token)
}
