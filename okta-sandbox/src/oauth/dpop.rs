//! Checks of a DPoP proof.

use serde_json::Value;
use url::Url;

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

/// True if two URLs are the same after the normalization of RFC 3986, sections 6.2.2 and 6.2.3, as
/// RFC 9449 has servers compare. A query or a fragment has no place in either.
fn is_same_url(claimed: &str, called: &str) -> bool {
    claimed == called || normal(claimed).is_some_and(|url| Some(url) == normal(called))
}

/// Scheme and host in lower case, without default port and dot segments; unreserved characters as
/// they are, other escapes in upper case.
fn normal(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    if url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let mut path = String::new();
    let mut rest = url.path();
    while let Some((before, behind)) = rest.split_once('%') {
        path.push_str(before);
        let byte = behind
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                path.push(char::from(byte));
                rest = &behind[2..];
            }
            Some(byte) => {
                path.push_str(&format!("%{byte:02X}"));
                rest = &behind[2..];
            }
            None => {
                path.push('%');
                rest = behind;
            }
        }
    }
    path.push_str(rest);
    Some(format!("{}{path}", url.origin().ascii_serialization()))
}

/// Longest age of a proof in seconds.
const MAX_AGE: i64 = 300;

/// Private members of a JWK.
pub(crate) const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

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
    if jwt
        .claim("htu")
        .is_none_or(|htu| !is_same_url(htu, expected.url))
    {
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

#[cfg(test)]
mod tests {
    use super::is_same_url;

    #[test]
    fn urls_are_compared_in_their_normal_form() {
        let called = "https://a.example/api/v1/users/a%2fb";
        for same in [
            "https://a.example/api/v1/users/a%2fb",
            "https://a.example/api/v1/users/a%2Fb",
            "HTTPS://A.example:443/api/v1/%75sers/a%2Fb",
            "https://a.example/api/v2/../v1/users/a%2Fb",
        ] {
            assert!(is_same_url(same, called), "{same}");
        }
        for other in [
            "https://a.example/api/v1/users/a/b",
            "https://a.example/api/v1/users/a%2fb?limit=1",
            "https://a.example/api/v1/users/a%2fb#here",
            "https://a.example:8443/api/v1/users/a%2fb",
            "http://a.example/api/v1/users/a%2fb",
            "https://b.example/api/v1/users/a%2fb",
            "%",
            "",
        ] {
            assert!(!is_same_url(other, called), "{other}");
        }
        assert!(!is_same_url("http://h/a%4", "http://h/a%40"));
        assert!(
            !is_same_url("http://h/a@b", "http://h/a%40b"),
            "@ is reserved"
        );
    }
}
