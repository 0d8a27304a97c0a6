//! JSON Web Keys (RFC 7517, 7518) and key sets.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// base64url without padding, as all JOSE formats use it; padding is accepted when reading.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn base64url(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// A JWK as written; members that do not matter here are ignored.
#[derive(Deserialize)]
pub(super) struct Jwk {
    pub(super) kty: Option<String>,
    pub(super) kid: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) crv: Option<String>,
    pub(super) n: Option<String>,
    pub(super) e: Option<String>,
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
    pub(super) d: Option<Secret>,
    pub(super) p: Option<Secret>,
    pub(super) q: Option<Secret>,
    pub(super) dp: Option<Secret>,
    pub(super) dq: Option<Secret>,
    pub(super) qi: Option<Secret>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Jwk>,
}

/// The private key of a JWK or JWKS. With a key id a set is searched for it; without, the set must
/// hold one private key.
pub(super) fn find(json: &str, key_id: Option<&str>) -> Result<Jwk, String> {
    // Errors of the JSON parser name positions, never content.
    let value: serde_json::Value = serde_json::from_str(json)
        .map_err(|error| format!("it begins like JSON but is not: {}", at(&error)))?;
    let shape =
        |what: &str| format!("it is JSON, but {what}; a JWK has \"kty\", a JWKS has \"keys\"");
    if value.get("keys").is_none() {
        if value.get("kty").is_none() {
            return Err(match value {
                serde_json::Value::Object(_) => shape("not a key"),
                serde_json::Value::Array(_) => shape("an array"),
                _ => shape("not an object"),
            });
        }
        return serde_json::from_value(value)
            .map_err(|_| "it is a JWK, but a member that should be text is not".to_owned());
    }
    let set: JwkSet = serde_json::from_value(value)
        .map_err(|_| "it is a JWKS, but \"keys\" is not a list of keys".to_owned())?;
    let names = || {
        let names: Vec<&str> = set
            .keys
            .iter()
            .map(|key| key.kid.as_deref().unwrap_or("(no kid)"))
            .collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    if let Some(wanted) = key_id {
        let listed = names();
        return set
            .keys
            .into_iter()
            .find(|key| key.kid.as_deref() == Some(wanted))
            .ok_or_else(|| {
                format!("it is a JWKS without the key id {wanted:?}; its key ids: {listed}")
            });
    }
    let listed = names();
    let mut private = set.keys.into_iter().filter(|key| key.d.is_some());
    match (private.next(), private.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(format!(
            "it is a JWKS with several private keys: give a key id; its key ids: {listed}"
        )),
        (None, _) => Err(format!(
            "it is a JWKS without a private key; its key ids: {listed}"
        )),
    }
}

fn at(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "a syntax error",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

/// A base64url member as bytes.
pub(super) fn bytes(value: Option<&str>, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = value.ok_or_else(|| format!("it is a JWK without the member \"{name}\""))?;
    BASE64URL
        .decode(text.trim())
        .map(Zeroizing::new)
        .map_err(|_| format!("the member \"{name}\" of the JWK is not base64url"))
}
