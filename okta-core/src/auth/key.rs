//! Private keys in every form they are handed around in.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::der::Der;
use super::jwk::base64url;
use super::jwt::{Algorithm, Signer};
use super::key_text::read;
use crate::error::{Error, Result};

/// An RSA or EC private key. Cloning shares it.
#[derive(Clone)]
pub struct PrivateKey {
    pub(super) inner: Arc<Inner>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

pub(super) enum Inner {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, Curve),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Length of a coordinate in bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    pub(super) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }

    /// By object identifier (RFC 5480).
    pub(super) fn by_oid(oid: &[u8]) -> Result<Self, String> {
        match oid {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Ok(Self::P256),
            [0x2b, 0x81, 0x04, 0x00, 0x22] => Ok(Self::P384),
            [0x2b, 0x81, 0x04, 0x00, 0x23] => Ok(Self::P521),
            [0x2b, 0x81, 0x04, 0x00, 0x0a] => {
                Err("it is an EC key on secp256k1, which Okta does not accept".into())
            }
            _ => Err("it is an EC key on a curve that Okta does not accept".into()),
        }
    }
}

const EXPECTED: &str = "give PEM text with BEGIN PRIVATE KEY, BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY, a private JWK, or a JWKS; RSA of 2048 to 8192 bits or EC on P-256, P-384 or P-521";

impl PrivateKey {
    /// Reads a key from text: PEM (PKCS#1, PKCS#8, SEC1), JWK or JWKS with one private key. Line
    /// ends may be real, written `\n`, or lost, as in one-line environment values.
    ///
    /// The key id (`kid`) is that of the JWK. A PEM key has none: the service then tries all keys
    /// of the app; give one with [`with_key_id`](Self::with_key_id) if the app has several.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that says what the text is and what was
    /// expected; never any part of it.
    pub fn parse(text: &str) -> Result<Self> {
        read(text, None).map_err(|what| fault(&what))
    }

    /// Like [`parse`](Self::parse), picking the key with this id from a JWKS. For PEM and JWK the
    /// id given here is the one that is used.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); also if the set has no such key.
    pub fn parse_with_key_id(text: &str, key_id: &str) -> Result<Self> {
        read(text, Some(key_id)).map_err(|what| fault(&what))
    }

    /// Reads a file with any of the texts of [`parse`](Self::parse).
    ///
    /// # Errors
    /// As [`parse`](Self::parse); also if the file cannot be read.
    pub fn from_file(path: impl AsRef<Path>, key_id: Option<&str>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| {
                Error::config(format!(
                    "private key: the file {} cannot be read",
                    path.display()
                ))
                .with_source(error)
            })?;
        read(&text, key_id).map_err(|what| fault(&format!("{what} (file {})", path.display())))
    }

    /// The text of a key, or the path of a file with one: what configuration values hold.
    ///
    /// # Errors
    /// As [`parse`](Self::parse) and [`from_file`](Self::from_file).
    pub fn from_any(text_or_path: &str, key_id: Option<&str>) -> Result<Self> {
        let text = text_or_path.trim();
        let like_path = !text.is_empty()
            && text.len() < 4096
            && !text.contains(['{', '\n'])
            && !text.contains("-----");
        // Only an existing file counts as one, so that a key without its frame is not shown as a path.
        if like_path && Path::new(text).is_file() {
            return Self::from_file(text, key_id);
        }
        read(text, key_id).map_err(|what| fault(&what))
    }

    /// The same key under another key id.
    #[must_use]
    pub fn with_key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// The same RSA key with another algorithm; an EC key has only that of its curve.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if key and algorithm do not fit.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self> {
        self.check(algorithm).map_err(|what| {
            fault(&what).with_hint("choose one of those, or make a key with PrivateKey::generate")
        })?;
        self.algorithm = algorithm;
        Ok(self)
    }

    /// The public half as a JWK (JSON text), to register with the app. Holds `kid` and `alg`.
    pub fn public_jwk(&self) -> String {
        let mut jwk = public_members(&self.inner);
        if let Some(members) = jwk.as_object_mut() {
            members.insert("use".into(), "sig".into());
            members.insert("alg".into(), self.algorithm.as_str().into());
            if let Some(kid) = &self.key_id {
                members.insert("kid".into(), kid.as_str().into());
            }
        }
        jwk.to_string()
    }

    /// SHA-256 thumbprint of the public key (RFC 7638), base64url: a good key id.
    pub fn thumbprint(&self) -> String {
        thumbprint(&public_members(&self.inner))
    }

    pub(super) fn check(&self, algorithm: Algorithm) -> Result<(), String> {
        let fits = match &*self.inner {
            Inner::Rsa(_) => algorithm.is_rsa(),
            Inner::Ec(_, curve) => curve.algorithm() == algorithm,
        };
        if fits {
            return Ok(());
        }
        Err(format!(
            "{} does not sign with {algorithm}; it signs with {}",
            kind(&self.inner),
            match &*self.inner {
                Inner::Rsa(_) => "RS256, RS384, RS512, PS256, PS384 or PS512",
                Inner::Ec(_, curve) => curve.algorithm().as_str(),
            }
        ))
    }
}

#[async_trait]
impl Signer for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::config("the private key cannot sign");
        let random = SystemRandom::new();
        match &*self.inner {
            Inner::Rsa(key) => {
                let encoding = match self.algorithm {
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    Algorithm::Ps384 => &RSA_PSS_SHA384,
                    Algorithm::Ps512 => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Inner::Ec(key, _) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(failed),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kind", &kind(&self.inner))
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

pub(super) fn fault(what: &str) -> Error {
    Error::config(format!("private key: {what}")).with_hint(EXPECTED)
}

fn kind(key: &Inner) -> String {
    match key {
        Inner::Rsa(key) => format!("RSA key of {} bits", key.public_modulus_len() * 8),
        Inner::Ec(_, curve) => format!("EC key on {}", curve.name()),
    }
}

/// The members that make the thumbprint, and nothing else.
pub(super) fn public_members(key: &Inner) -> serde_json::Value {
    match key {
        Inner::Rsa(key) => {
            let mut der = Der::new(key.public_key().as_ref());
            let mut numbers = der.sequence();
            let mut number = || {
                numbers
                    .as_mut()
                    .and_then(Der::unsigned)
                    .map(base64url)
                    .unwrap_or_default()
            };
            let n = number();
            serde_json::json!({ "kty": "RSA", "n": n, "e": number() })
        }
        Inner::Ec(key, curve) => public_ec(key, *curve),
    }
}

pub(super) fn public_ec(key: &EcdsaKeyPair, curve: Curve) -> serde_json::Value {
    // An uncompressed point: 4, x, y.
    let point = key.public_key().as_ref();
    let (x, y) = point[1..].split_at(curve.size());
    serde_json::json!({ "kty": "EC", "crv": curve.name(), "x": base64url(x), "y": base64url(y) })
}

/// RFC 7638: SHA-256 over the members in order of name; `serde_json` keeps them sorted unless its
/// `preserve_order` is switched on somewhere in the user's graph, so the order is made here.
fn thumbprint(members: &serde_json::Value) -> String {
    let mut sorted: Vec<(&str, String)> = members
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value.to_string()))
        .collect();
    sorted.sort();
    let text: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        format!("{{{}}}", text.join(",")).as_bytes(),
    );
    base64url(digest.as_ref())
}
