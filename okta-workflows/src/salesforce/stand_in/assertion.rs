//! The JWT bearer flow of the stand-in: who signed, for whom, until when.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::oauth::CLIENT_ID;
use super::org::Org;

/// Longest time until `exp`, in seconds.
const LONGEST: i64 = 180;

/// The public RSA key of an uploaded certificate: modulus and exponent.
#[derive(Debug)]
pub(super) struct PublicKey(RsaPublicKeyComponents<Vec<u8>>);

impl PublicKey {
    pub(super) fn from_jwk(jwk: &str) -> Option<Self> {
        let jwk: Value = serde_json::from_str(jwk).ok()?;
        let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
        Some(Self(RsaPublicKeyComponents {
            n: number("n")?,
            e: number("e")?,
        }))
    }

    fn signed(&self, message: &str, signature: &[u8]) -> bool {
        let checked = self
            .0
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), signature);
        checked.is_ok()
    }
}

/// The user whom the assertion speaks for, or the code and description of the refusal.
pub(super) fn user(
    org: &Org,
    assertion: &str,
    audience: &str,
) -> Result<String, (&'static str, &'static str)> {
    const INVALID: (&str, &str) = ("invalid_grant", "invalid assertion");
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
    let (message, signature) = assertion.rsplit_once('.').ok_or(INVALID)?;
    let (header, claims) = message.split_once('.').ok_or(INVALID)?;
    let header = json(header).ok_or(INVALID)?;
    let claims = json(claims).ok_or(INVALID)?;
    let signature = decode(signature).ok_or(INVALID)?;
    if claims["iss"] != CLIENT_ID {
        return Err(("invalid_client_id", "client identifier invalid"));
    }
    let known = org.certificates.iter();
    if header["alg"] != "RS256" || !known.into_iter().any(|key| key.signed(message, &signature)) {
        return Err(INVALID);
    }
    if claims["aud"] != audience {
        return Err(("invalid_grant", "audience is invalid"));
    }
    let ahead = claims["exp"].as_i64().unwrap_or_default() - org.now().as_second();
    if ahead <= 0 || ahead > LONGEST {
        return Err(("invalid_grant", "expired authorization code"));
    }
    let users = org.records.get("User").into_iter().flatten();
    users
        .into_iter()
        .find(|(_, user)| user["Username"] == claims["sub"])
        .map(|(id, _)| id.clone())
        .ok_or(("invalid_grant", "user hasn't approved this consumer"))
}
