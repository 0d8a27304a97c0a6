//! RSA keys in the forms that clients want them in.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use serde_json::{Value, json};

use super::jwk::{self, decode_pem, encode, pem};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// The content of the DER element that begins here, if it is of this kind, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            let length = digits.iter().try_fold(0_usize, |sum, digit| {
                sum.checked_mul(256)?.checked_add(usize::from(*digit))
            })?;
            (length, rest)
        }
    };
    (found == tag).then(|| rest.split_at_checked(length))?
}

/// All integers of a DER sequence, without leading zeros.
fn integers(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut rest, _) = element(der, SEQUENCE)?;
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (number, behind) = element(rest, INTEGER)?;
        let start = number.iter().position(|b| *b != 0).unwrap_or(number.len());
        numbers.push(&number[start..]);
        rest = behind;
    }
    Some(numbers)
}

/// The public JWK of a key, with `kty`, `e` and `n`.
pub(crate) fn public_jwk(pair: &KeyPair) -> Result<Value, Unspecified> {
    match integers(pair.public_key().as_ref()).as_deref() {
        Some([n, e]) => Ok(json!({ "kty": "RSA", "e": encode(e), "n": encode(n) })),
        _ => Err(Unspecified),
    }
}

/// A fresh 2048-bit key.
pub(crate) fn generate() -> Result<KeyPair, Unspecified> {
    KeyPair::generate(KeySize::Rsa2048)
}

/// A key in every form that a client may want.
pub(crate) struct RsaKey {
    pub(crate) kid: String,
    pub(crate) private_pem: String,
    pub(crate) private_jwk: Value,
    pub(crate) public_jwk: Value,
}

impl RsaKey {
    /// Generates a key; that takes a tenth of a second or so.
    pub(crate) fn generate() -> Result<Self, Unspecified> {
        Self::of(&generate()?)
    }

    /// Reads the PEM of a key that was generated here.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, Unspecified> {
        let der = decode_pem(pem).ok_or(Unspecified)?;
        Self::of(&KeyPair::from_pkcs8(&der).map_err(|_| Unspecified)?)
    }

    fn of(pair: &KeyPair) -> Result<Self, Unspecified> {
        let mut public = public_jwk(pair)?;
        let kid = jwk::thumbprint(&public).ok_or(Unspecified)?;
        for (name, value) in [("alg", "RS256"), ("use", "sig"), ("kid", kid.as_str())] {
            public[name] = json!(value);
        }
        let der: Pkcs8V1Der<'_> = pair.as_der()?;
        let mut private = public.clone();
        let numbers = private_numbers(der.as_ref()).ok_or(Unspecified)?;
        for (name, number) in ["d", "p", "q", "dp", "dq", "qi"].iter().zip(numbers) {
            private[name] = json!(number);
        }
        Ok(Self {
            kid,
            private_pem: pem("PRIVATE KEY", der.as_ref()),
            private_jwk: private,
            public_jwk: public,
        })
    }
}

/// `d`, `p`, `q`, `dp`, `dq` and `qi` of a PKCS#8 document, as a JWK has them.
fn private_numbers(der: &[u8]) -> Option<Vec<String>> {
    let (content, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(content, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (key, _) = element(rest, OCTETS)?;
    // Version, n and e come first.
    let numbers = integers(key)?;
    let private = numbers.get(3..9)?;
    Some(private.iter().map(encode).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_forms() {
        let key = RsaKey::generate().expect("a key");
        let again = RsaKey::from_pem(&key.private_pem).expect("the same key");
        assert_eq!(key.private_jwk, again.private_jwk);
        assert_eq!(key.public_jwk["alg"], "RS256");
        assert_eq!(key.private_jwk["e"], "AQAB");
        for (name, bytes) in [("n", 256), ("p", 128), ("q", 128)] {
            let number = jwk::decode(key.private_jwk[name].as_str().expect("text"));
            assert_eq!(number.expect("base64url").len(), bytes, "{name}");
        }
        assert!(key.public_jwk.get("d").is_none());
    }

    #[test]
    fn cut_documents_are_refused() {
        let key = generate().expect("a key");
        let der = key.public_key().as_ref();
        for end in 0..der.len() {
            assert!(integers(&der[..end]).is_none_or(|n| n.len() < 2), "{end}");
        }
        assert!(element(&[SEQUENCE, 0xff, 1, 1], SEQUENCE).is_none());
    }
}
