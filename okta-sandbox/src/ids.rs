//! Identifiers in the service's forms.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The tail that all ids of one cell share.
const TAIL: &str = "1d7";

/// A small deterministic generator (splitmix64).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            0
        } else {
            (self.next() % end as u64) as usize
        }
    }

    fn letters(&mut self, count: usize) -> String {
        (0..count)
            .map(|_| ALPHABET[self.below(ALPHABET.len())] as char)
            .collect()
    }

    /// A 20-character id with a 3-character prefix.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        let middle = 20 - TAIL.len() - prefix.len();
        format!("{prefix}{}{TAIL}", self.letters(middle))
    }

    /// A random (version 4) UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }

    /// Hex digits, for ids of the request services.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from_digit((self.next() & 15) as u32, 16).unwrap_or('0'))
            .collect()
    }

    /// A base64url text of `bytes` random bytes, for secrets.
    pub(crate) fn secret(&mut self, bytes: usize) -> String {
        let raw: Vec<u8> = (0..bytes).map(|_| self.next() as u8).collect();
        URL_SAFE_NO_PAD.encode(raw)
    }
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system generator does not fail on supported platforms; zeros only repeat an id.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// A seed from the system's generator.
pub(crate) fn random_seed() -> u64 {
    u64::from_le_bytes(random_bytes())
}

/// Lower-case hex of random bytes; `bytes` is at most 16.
pub(crate) fn random_hex(bytes: usize) -> String {
    random_bytes::<16>()[..bytes.min(16)]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// `errorId` of an error body.
pub(crate) fn error_id() -> String {
    let text = URL_SAFE_NO_PAD.encode(random_bytes::<16>());
    format!("oae{text}")
}

/// An API token: `00` and 40 characters of base64url.
pub(crate) fn api_token() -> String {
    format!("00{}", URL_SAFE_NO_PAD.encode(random_bytes::<30>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let mut dice = Dice::new(1);
        let id = dice.id("00u");
        assert!(
            id.len() == 20 && id.starts_with("00u") && id.ends_with(TAIL),
            "{id}"
        );
        assert_ne!(id, dice.id("00u"));
        assert_eq!(Dice::new(7).id("00g"), Dice::new(7).id("00g"));
        assert_eq!(dice.uuid().len(), 36);
        assert_eq!(
            (error_id().len(), api_token().len(), random_hex(16).len()),
            (25, 42, 32)
        );
    }
}
