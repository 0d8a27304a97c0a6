//! Checks of a DPoP proof.

use serde_json::Value;

use super::authority::Authority;
use super::jwk;
use super::jwt::{ALGORITHMS, Jwt};

/// What a proof is checked against.
pub(crate) struct Expected<'a> {
    pub(crate) method: &'a str,
    /// Scheme, host and path, without query.
    pub(crate) url: &'a str,
    /// The access token, at resources.
    pub(crate) token: Option<&'a str>,
    /// True where a nonce of the server's must be in the proof.
    pub(crate) nonce: bool,
    pub(crate) now: i64,
}

/// Why a proof was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server wants a (fresh) nonce.
    Nonce,
    /// The proof is wrong; the text says how.
    Invalid(String),
}

fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::Invalid(text.into())
}

fn wrong_claim(name: &str) -> Refusal {
    invalid(format!("'{name}' claim in the DPoP proof JWT is invalid."))
}

/// Longest age of a proof in seconds.
const MAX_AGE: i64 = 300;

/// Private members of a JWK.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks a proof and returns the thumbprint of its key.
pub(crate) fn check(
    authority: &mut Authority,
    proof: &str,
    expected: &Expected<'_>,
) -> Result<String, Refusal> {
    let jwt = Jwt::parse(proof).ok_or_else(|| invalid("The DPoP proof JWT cannot be parsed."))?;
    if !jwt
        .header("typ")
        .is_some_and(|t| t.eq_ignore_ascii_case("dpop+jwt"))
    {
        return Err(invalid("'typ' must be 'dpop+jwt' in the DPoP proof JWT."));
    }
    if !jwt.header("alg").is_some_and(|a| ALGORITHMS.contains(&a)) {
        return Err(invalid(
            "The DPoP proof JWT signature algorithm is invalid.",
        ));
    }
    let key = jwt.header.get("jwk").filter(|k| k.is_object());
    let key = key.ok_or_else(|| invalid("The DPoP proof JWT is invalid."))?;
    if PRIVATE.iter().any(|name| key.get(*name).is_some()) {
        return Err(invalid("The DPoP proof JWT is invalid."));
    }
    if !jwt.signed_by(key) {
        return Err(invalid("The DPoP proof JWT signature is invalid."));
    }
    if jwt.claim("htm") != Some(expected.method) {
        return Err(wrong_claim("htm"));
    }
    if jwt.claim("htu") != Some(expected.url) {
        return Err(wrong_claim("htu"));
    }
    let issued = jwt.seconds("iat").ok_or_else(|| wrong_claim("iat"))?;
    if issued < expected.now - MAX_AGE {
        return Err(invalid(
            "The DPoP proof JWT is issued more than five minutes in the past.",
        ));
    }
    if issued > expected.now {
        return Err(invalid("The DPoP proof JWT is issued in the future."));
    }
    let id = jwt
        .claim("jti")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| wrong_claim("jti"))?;
    if let Some(token) = expected.token
        && jwt.claim("ath") != Some(jwk::sha256(token.as_bytes()).as_str())
    {
        return Err(invalid(
            "'ath' claim in the DPoP proof does not match the presented access_token.",
        ));
    }
    if expected.nonce {
        let nonce = jwt.claims.get("nonce").and_then(Value::as_str);
        if !nonce.is_some_and(|n| authority.knows_nonce(n, expected.now)) {
            return Err(Refusal::Nonce);
        }
    }
    let thumbprint =
        jwk::thumbprint(key).ok_or_else(|| invalid("The DPoP proof JWT is invalid."))?;
    let once = format!("dpop {thumbprint} {id}");
    if !authority.use_once(once, issued + MAX_AGE, expected.now) {
        return Err(invalid("The DPoP proof JWT has already been used."));
    }
    Ok(thumbprint)
}
