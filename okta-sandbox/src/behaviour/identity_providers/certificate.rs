//! Reads what the key store tells of an X.509 certificate: its public key and when it ends.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Value, json};

use crate::clock;
use crate::oauth::jwk;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// Curves by object id, with their names and how many bytes a coordinate has.
const CURVES: [(&[u8], &str, usize); 3] = [
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        "P-256",
        32,
    ),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], "P-384", 48),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], "P-521", 66),
];

/// DER values that follow each other.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next value's tag and content.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let length = match usize::from(*first) {
            short @ 0..0x80 => short,
            long => {
                let count = long - 0x80;
                if !(1..=4).contains(&count) || rest.len() < count {
                    return None;
                }
                let (bytes, behind) = rest.split_at(count);
                rest = behind;
                bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
            }
        };
        if rest.len() < length {
            return None;
        }
        let (content, behind) = rest.split_at(length);
        self.0 = behind;
        Some((*tag, content))
    }

    /// The content of the next value, which has to have this tag.
    fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        self.next()
            .and_then(|(found, content)| (found == tag).then_some(content))
    }

    fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Der)
    }

    /// A whole number without the zeros before it.
    fn number(&mut self) -> Option<&'d [u8]> {
        let bytes = self.take(INTEGER)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..)
    }

    fn time(&mut self) -> Option<Timestamp> {
        let (tag, content) = self.next()?;
        let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
        let text = match tag {
            UTC_TIME if text < "50" => format!("20{text}"),
            UTC_TIME => format!("19{text}"),
            GENERALIZED_TIME => text.to_owned(),
            _ => return None,
        };
        let at = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
        Offset::UTC.to_timestamp(at).ok()
    }
}

/// The public key as a JWK without names.
fn public_key(mut info: Der<'_>) -> Option<Value> {
    let mut algorithm = info.sequence()?;
    let kind = algorithm.take(OBJECT_ID)?;
    // No bits of the last byte are unused.
    let bits = info.take(BIT_STRING)?.strip_prefix(&[0])?;
    if kind == RSA {
        let mut key = Der(bits).sequence()?;
        let (n, e) = (key.number()?, key.number()?);
        return Some(json!({
            "kty": "RSA", "alg": "RSA", "n": jwk::encode(n), "e": jwk::encode(e),
        }));
    }
    if kind != EC {
        return None;
    }
    let curve = algorithm.take(OBJECT_ID)?;
    let (_, name, size) = CURVES.iter().find(|(id, ..)| *id == curve)?;
    let point = bits.strip_prefix(&[4])?;
    if point.len() != 2 * size {
        return None;
    }
    let (x, y) = point.split_at(*size);
    Some(json!({
        "kty": "EC", "alg": "EC", "crv": name, "x": jwk::encode(x), "y": jwk::encode(y),
    }))
}

/// What stands behind the serial number of a certificate.
fn body(der: &[u8]) -> Option<Der<'_>> {
    let mut certificate = Der(der).sequence()?.sequence()?;
    let (mut tag, _) = certificate.next()?;
    if tag == VERSION {
        (tag, _) = certificate.next()?;
    }
    (tag == INTEGER).then_some(certificate)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).ok()
}

/// Key, end and thumbprint of a certificate in base64, if it is one.
pub(in crate::behaviour) fn read(text: &str) -> Option<Value> {
    let der = decode(text)?;
    let mut certificate = body(&der)?;
    // Signature algorithm and issuer stand before the validity, the subject behind it.
    certificate.sequence()?;
    certificate.sequence()?;
    let mut validity = certificate.sequence()?;
    validity.time()?;
    let ends = validity.time()?;
    certificate.sequence()?;
    let mut key = public_key(certificate.sequence()?)?;
    key["expiresAt"] = json!(clock::zero_millis(ends));
    key["x5t#S256"] = json!(jwk::sha256(&der));
    Some(key)
}

/// The common name of who issued a certificate in base64; empty if the issuer has none.
pub(in crate::behaviour) fn issuer(text: &str) -> Option<String> {
    let der = decode(text)?;
    let mut certificate = body(&der)?;
    certificate.sequence()?;
    let mut names = certificate.sequence()?;
    while let Some(set) = names.take(SET) {
        let mut name = Der(set).sequence()?;
        if name.take(OBJECT_ID)? == COMMON_NAME {
            let (_, value) = name.next()?;
            return Some(String::from_utf8_lossy(value).into_owned());
        }
    }
    Some(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, date_time_ymd};

    #[test]
    fn a_certificate_of_an_elliptic_key() {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut parameters = CertificateParams::default();
        parameters.not_after = date_time_ymd(2051, 2, 3);
        let made = parameters.self_signed(&pair).expect("a certificate");
        let mut text = STANDARD.encode(made.der());
        text.insert(60, '\n');
        let key = read(&text).expect("read");
        assert_eq!(key["expiresAt"], "2051-02-03T00:00:00.000Z");
        assert_eq!((&key["kty"], &key["crv"]), (&json!("EC"), &json!("P-256")));
        let point = pair.public_key_raw();
        assert_eq!(key["x"], jwk::encode(&point[1..33]));
        assert_eq!(key["x5t#S256"], jwk::sha256(made.der()));
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        for text in ["", "MIIB", "AAAA", "not base64!", "MAMCAQE="] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
