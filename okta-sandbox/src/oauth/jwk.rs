//! Keys: generation, verification and thumbprints.

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// base64url without padding.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url; padding is tolerated.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// base64url of SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    encode(digest::digest(&digest::SHA256, bytes))
}

/// True if `signature` is by the public JWK under `alg`.
pub(crate) fn verify(jwk: &Value, alg: &str, message: &[u8], signature: &[u8]) -> bool {
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| member(name).and_then(decode);
    if member("alg").is_some_and(|own| own != alg) {
        return false;
    }
    match (member("kty"), alg) {
        (Some("RSA"), "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512") => {
            let (Some(n), Some(e)) = (bytes("n"), bytes("e")) else {
                return false;
            };
            let algorithm: &sig::RsaParameters = match alg {
                "RS256" => &sig::RSA_PKCS1_2048_8192_SHA256,
                "RS384" => &sig::RSA_PKCS1_2048_8192_SHA384,
                "PS256" => &sig::RSA_PSS_2048_8192_SHA256,
                "PS384" => &sig::RSA_PSS_2048_8192_SHA384,
                "PS512" => &sig::RSA_PSS_2048_8192_SHA512,
                _ => &sig::RSA_PKCS1_2048_8192_SHA512,
            };
            PublicKeyComponents { n: &n, e: &e }
                .verify(algorithm, message, signature)
                .is_ok()
        }
        (Some("EC"), "ES256" | "ES384" | "ES512") => {
            let (Some(x), Some(y)) = (bytes("x"), bytes("y")) else {
                return false;
            };
            let (curve, size, algorithm) = match alg {
                "ES256" => ("P-256", 32, &sig::ECDSA_P256_SHA256_FIXED),
                "ES384" => ("P-384", 48, &sig::ECDSA_P384_SHA384_FIXED),
                _ => ("P-521", 66, &sig::ECDSA_P521_SHA512_FIXED),
            };
            if member("crv") != Some(curve) || x.len() > size || y.len() > size {
                return false;
            }
            let mut point = vec![4];
            for part in [x, y] {
                point.resize(point.len() + size - part.len(), 0);
                point.extend(part);
            }
            UnparsedPublicKey::new(algorithm, point)
                .verify(message, signature)
                .is_ok()
        }
        _ => false,
    }
}

/// The RFC 7638 thumbprint of a public JWK.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let names: &[&str] = match jwk.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        _ => return None,
    };
    let mut canonical = serde_json::Map::new();
    for name in names {
        canonical.insert((*name).to_owned(), json!(jwk.get(*name)?.as_str()?));
    }
    // Keys of a map come out sorted, as the thumbprint wants them.
    Some(sha256(Value::Object(canonical).to_string().as_bytes()))
}

/// A fresh P-256 key in every form that a client may want.
pub(crate) struct EcKey {
    pair: EcdsaKeyPair,
    pub(crate) kid: String,
    pub(crate) private_pem: String,
    pub(crate) private_jwk: Value,
    pub(crate) public_jwk: Value,
}

impl EcKey {
    /// Generates a key from the system's random numbers: the library's own generator takes a fifth of a
    /// second to start, which no sandbox shall wait for.
    pub(crate) fn generate() -> Result<Self, aws_lc_rs::error::Unspecified> {
        // RFC 5915: version 1, the private number, the curve P-256.
        const HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
        const CURVE: [u8; 12] = [
            0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
        ];
        // One number in four billion is too large for the curve.
        for _ in 0..4 {
            let number = crate::ids::random_bytes::<32>();
            let document = [&HEAD[..], &number, &CURVE].concat();
            let algorithm = &sig::ECDSA_P256_SHA256_FIXED_SIGNING;
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(algorithm, &document) {
                return Self::from_pkcs8(pair.to_pkcs8v1()?.as_ref());
            }
        }
        Err(aws_lc_rs::error::Unspecified)
    }

    /// Reads the PEM of a key that was generated here.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let der = decode_pem(pem).ok_or(aws_lc_rs::error::Unspecified)?;
        Self::from_pkcs8(&der)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let pair = EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| aws_lc_rs::error::Unspecified)?;
        let point = pair.public_key().as_ref().to_vec();
        let d = pair.private_key().as_be_bytes()?;
        let mut public = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "x": encode(&point[1..33]), "y": encode(&point[33..65]),
        });
        let kid = thumbprint(&public).unwrap_or_default();
        public["kid"] = json!(kid);
        let mut private = public.clone();
        private["d"] = json!(encode(d.as_ref()));
        Ok(Self {
            pair,
            kid,
            private_pem: pem("PRIVATE KEY", der),
            private_jwk: private,
            public_jwk: public,
        })
    }

    /// Signs claims as a compact JWT.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.kid, "typ": "JWT" });
        let input = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes());
        let signature = signature.map(|s| encode(s.as_ref())).unwrap_or_default();
        format!("{input}.{signature}")
    }
}

/// A document in PEM.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|b| *b as char));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// What stands in a PEM document.
pub(crate) fn decode_pem(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_verify_and_forgeries_do_not() {
        let key = EcKey::generate().expect("a key");
        let token = key.sign(&json!({ "iss": "me" }));
        let (input, signature) = token.rsplit_once('.').expect("three parts");
        let signature = decode(signature).expect("base64url");
        assert!(verify(
            &key.public_jwk,
            "ES256",
            input.as_bytes(),
            &signature
        ));
        assert!(!verify(
            &key.public_jwk,
            "ES384",
            input.as_bytes(),
            &signature
        ));
        assert!(!verify(&key.public_jwk, "ES256", b"other", &signature));
        let other = EcKey::generate().expect("a key");
        assert!(!verify(
            &other.public_jwk,
            "ES256",
            input.as_bytes(),
            &signature
        ));
    }

    #[test]
    fn thumbprint_of_the_rfc_example() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
    }
}
