//! From text to key: every form, and what to say about what is none.

use std::sync::Arc;

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use super::der::{CONTEXT_0, Der, INTEGER, OCTET_STRING, OID};
use super::jwk::{self, Jwk};
use super::jwt::Algorithm;
use super::key::{Curve, Inner, PrivateKey};
use super::pem;
use crate::secret::Secret;

const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519_OID: &[u8] = &[0x2b, 0x65, 0x70];

pub(super) fn read(text: &str, key_id: Option<&str>) -> Result<PrivateKey, String> {
    let text = text.trim();
    // One-line values are often quoted and write their line ends as \n.
    let text = text
        .strip_prefix(['"', '\''])
        .and_then(|inner| inner.strip_suffix(['"', '\'']))
        .unwrap_or(text);
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.trim_start().starts_with(['{', '[']) {
        let found = jwk::find(text, key_id).or_else(|error| {
            // A JWK inside a quoted value has its own quotes escaped.
            let unescaped = Zeroizing::new(text.replace("\\\"", "\""));
            if unescaped.as_str() == text {
                Err(error)
            } else {
                jwk::find(&unescaped, key_id)
            }
        })?;
        return from_jwk(found, key_id);
    }
    if text.contains("-----BEGIN ") {
        let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
        let inner = from_pem(&text)?;
        return Ok(finish(inner, key_id.map(str::to_owned)));
    }
    Err(if text.starts_with("ssh-") || text.starts_with("ecdsa-") {
        "it is an SSH public key".into()
    } else if text.len() < 300
        && (text.contains('/') || text.ends_with(".pem") || text.ends_with(".json"))
        && !text.contains(char::is_whitespace)
    {
        "it looks like the path of a file, but there is no such file".into()
    } else {
        "it is neither PEM nor JSON".into()
    })
}

pub(super) fn finish(inner: Inner, key_id: Option<String>) -> PrivateKey {
    let algorithm = match &inner {
        Inner::Rsa(_) => Algorithm::Rs256,
        Inner::Ec(_, curve) => curve.algorithm(),
    };
    PrivateKey {
        inner: Arc::new(inner),
        algorithm,
        key_id,
    }
}

fn from_pem(text: &str) -> Result<Inner, String> {
    let blocks = pem::blocks(text)?;
    for block in &blocks {
        if block.encrypted && block.label.ends_with("PRIVATE KEY") {
            return Err("it is encrypted with a passphrase; decrypt it first".into());
        }
        match block.label.as_str() {
            "PRIVATE KEY" => return from_pkcs8(&block.bytes),
            "RSA PRIVATE KEY" => return rsa(RsaKeyPair::from_der(&block.bytes), &block.bytes),
            "EC PRIVATE KEY" => return from_sec1(&block.bytes),
            "ENCRYPTED PRIVATE KEY" => {
                return Err("it is encrypted with a passphrase; decrypt it first".into());
            }
            "OPENSSH PRIVATE KEY" => {
                return Err("it is in OpenSSH's own format; convert it to PKCS#8 PEM".into());
            }
            "DSA PRIVATE KEY" => return Err("it is a DSA key".into()),
            // Parameters, certificates and public keys may stand in front of the key.
            _ => {}
        }
    }
    Err(match blocks.first().map(|block| block.label.as_str()) {
        Some("PUBLIC KEY" | "RSA PUBLIC KEY" | "EC PUBLIC KEY") => "it is a public key".into(),
        Some("CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") => {
            "it is a certificate".into()
        }
        Some("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => {
            "it is a certificate request".into()
        }
        Some(label) => format!(
            "it is a PEM block \"{}\"",
            label.chars().take(40).collect::<String>()
        ),
        None => "it is not PEM".into(),
    })
}

fn rsa(key: Result<RsaKeyPair, KeyRejected>, der: &[u8]) -> Result<Inner, String> {
    key.map(Inner::Rsa).map_err(|_| match rsa_bits(der) {
        Some(bits) if bits < 2048 => format!("it is an RSA key of {bits} bits, which is too short"),
        Some(bits) if bits > 8192 => format!("it is an RSA key of {bits} bits, which is too long"),
        _ => "it is an RSA key with broken content".into(),
    })
}

/// Bits of the modulus of a PKCS#1 key.
fn rsa_bits(pkcs1: &[u8]) -> Option<usize> {
    let mut key = Der::new(pkcs1).sequence()?;
    key.tagged(INTEGER)?;
    let modulus = key.unsigned()?;
    let first = modulus.first()?;
    Some(modulus.len() * 8 - first.leading_zeros() as usize)
}

pub(super) fn from_pkcs8(der: &[u8]) -> Result<Inner, String> {
    const BROKEN: &str = "it is a PKCS#8 block with broken content";
    let mut info = Der::new(der).sequence().ok_or(BROKEN)?;
    info.tagged(INTEGER).ok_or(BROKEN)?;
    let mut algorithm = info.sequence().ok_or(BROKEN)?;
    let content = info.tagged(OCTET_STRING).ok_or(BROKEN)?;
    match algorithm.tagged(OID).ok_or(BROKEN)? {
        RSA_OID => rsa(RsaKeyPair::from_pkcs8(der), content),
        RSA_PSS_OID => Err("it is an RSA-PSS key, which Okta does not accept".into()),
        EC_OID => {
            let curve = Curve::by_oid(algorithm.tagged(OID).ok_or(BROKEN)?)?;
            ec(
                EcdsaKeyPair::from_private_key_der(curve.signing(), der),
                curve,
            )
        }
        ED25519_OID => Err("it is an Ed25519 key, which Okta does not accept".into()),
        _ => Err("it is a key of a kind that Okta does not accept".into()),
    }
}

fn from_sec1(der: &[u8]) -> Result<Inner, String> {
    const BROKEN: &str = "it is an EC key with broken content";
    let mut key = Der::new(der).sequence().ok_or(BROKEN)?;
    key.tagged(INTEGER).ok_or(BROKEN)?;
    let secret = key.tagged(OCTET_STRING).ok_or(BROKEN)?;
    let curve = match key.tagged(CONTEXT_0) {
        Some(parameters) => Curve::by_oid(Der::new(parameters).tagged(OID).ok_or(BROKEN)?)?,
        // The curve may be left out; the length of the number tells it.
        None => Curve::ALL
            .into_iter()
            .find(|curve| curve.size() == secret.len())
            .ok_or(BROKEN)?,
    };
    ec(
        EcdsaKeyPair::from_private_key_der(curve.signing(), der),
        curve,
    )
}

fn ec(key: Result<EcdsaKeyPair, KeyRejected>, curve: Curve) -> Result<Inner, String> {
    key.map(|key| Inner::Ec(key, curve))
        .map_err(|_| format!("it is an EC key on {} with broken content", curve.name()))
}

fn from_jwk(jwk: Jwk, key_id: Option<&str>) -> Result<PrivateKey, String> {
    let secret = jwk.d.as_ref().map(|d| d.expose());
    let public = || "it is a public JWK: the member \"d\" is missing".to_owned();
    let inner = match jwk.kty.as_deref() {
        Some("RSA") => {
            let d = jwk::bytes(Some(secret.ok_or_else(public)?), "d")?;
            rsa_from_jwk(&jwk, &d)?
        }
        Some("EC") => {
            let d = jwk::bytes(Some(secret.ok_or_else(public)?), "d")?;
            ec_from_jwk(&jwk, &d)?
        }
        Some("oct") => return Err("it is a symmetric JWK (a shared secret)".into()),
        Some("OKP") => {
            return Err("it is an Ed25519 or X25519 JWK, which Okta does not accept".into());
        }
        _ => return Err("it is a JWK of an unknown kind (\"kty\")".into()),
    };
    let key = finish(inner, key_id.map(str::to_owned).or_else(|| jwk.kid.clone()));
    let Some(name) = jwk.alg.as_deref() else {
        return Ok(key);
    };
    let algorithm: Algorithm = name.parse().map_err(|_| {
        format!(
            "its \"alg\" is {:?}, which Okta does not accept",
            name.chars().take(20).collect::<String>()
        )
    })?;
    key.check(algorithm)?;
    Ok(PrivateKey { algorithm, ..key })
}

fn rsa_from_jwk(jwk: &Jwk, d: &[u8]) -> Result<Inner, String> {
    let text = |member: &Option<Secret>| {
        member
            .as_ref()
            .map(|secret| secret.expose().to_owned())
            .map(Zeroizing::new)
    };
    let part = |member: &Option<Secret>, name: &str| {
        jwk::bytes(text(member).as_ref().map(|text| text.as_str()), name)
            .map_err(|error| format!("{error} (all of p, q, dp, dq, qi are needed)"))
    };
    let n = jwk::bytes(jwk.n.as_deref(), "n")?;
    let e = jwk::bytes(jwk.e.as_deref(), "e")?;
    let (p, q) = (part(&jwk.p, "p")?, part(&jwk.q, "q")?);
    let (dp, dq, qi) = (
        part(&jwk.dp, "dp")?,
        part(&jwk.dq, "dq")?,
        part(&jwk.qi, "qi")?,
    );
    let strip = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        bytes[zeros..].to_vec()
    };
    let n = strip(&n);
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if bits < 2048 {
        return Err(format!(
            "it is an RSA key of {bits} bits, which is too short"
        ));
    }
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n, e: strip(&e) },
        d,
        p: &p[..],
        q: &q[..],
        dP: &dp[..],
        dQ: &dq[..],
        qInv: &qi[..],
    };
    RsaKeyPair::from_components(&components)
        .map(Inner::Rsa)
        .map_err(|_| "it is an RSA JWK whose members do not belong together".into())
}

fn ec_from_jwk(jwk: &Jwk, d: &[u8]) -> Result<Inner, String> {
    let name = jwk.crv.as_deref().unwrap_or_default();
    let curve = Curve::ALL
        .into_iter()
        .find(|curve| curve.name() == name)
        .ok_or("it is an EC JWK on a curve (\"crv\") that Okta does not accept")?;
    let size = curve.size();
    let fixed = |bytes: &[u8]| -> Result<Zeroizing<Vec<u8>>, String> {
        let zeros = bytes.len().saturating_sub(size);
        if bytes[..zeros].iter().any(|&byte| byte != 0) {
            return Err("it is an EC JWK with a member that is too long".into());
        }
        let mut padded = Zeroizing::new(vec![0; size]);
        let bytes = &bytes[zeros..];
        padded[size - bytes.len()..].copy_from_slice(bytes);
        Ok(padded)
    };
    let mut point = vec![4];
    point.extend_from_slice(&fixed(&jwk::bytes(jwk.x.as_deref(), "x")?)?);
    point.extend_from_slice(&fixed(&jwk::bytes(jwk.y.as_deref(), "y")?)?);
    EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), &fixed(d)?, &point)
        .map(|key| Inner::Ec(key, curve))
        .map_err(|_| "it is an EC JWK whose members do not belong together".into())
}
