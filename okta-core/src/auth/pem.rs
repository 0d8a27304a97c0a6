//! PEM blocks (RFC 7468), as they come out of files and one-line environment values.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::secret::Secret;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) struct Block {
    pub(super) label: String,
    /// The content was encrypted by the old `Proc-Type` headers.
    pub(super) encrypted: bool,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// All blocks of a text. Line ends may be missing or blanks; text around the blocks is ignored.
///
/// An error says what is wrong without repeating any content.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let after = &rest[start + 11..];
        let label_end = after
            .find("-----")
            .ok_or("the PEM text ends inside its first line")?;
        let label = after[..label_end].trim().to_owned();
        let body = &after[label_end + 5..];
        let end_mark = format!("-----END {label}-----");
        let end = body
            .find(&end_mark)
            .ok_or_else(|| format!("the PEM text has no \"{end_mark}\": it was cut off"))?;
        let (encrypted, base64) = without_headers(&body[..end]);
        let compact: Zeroizing<String> =
            Zeroizing::new(base64.chars().filter(|c| !c.is_whitespace()).collect());
        let bytes = BASE64
            .decode(compact.as_bytes())
            .map_err(|_| format!("the content of the PEM block \"{label}\" is not base64"))?;
        blocks.push(Block {
            label,
            encrypted,
            bytes: Zeroizing::new(bytes),
        });
        rest = &body[end + end_mark.len()..];
    }
    Ok(blocks)
}

/// A PKCS#8 key as a block, with lines of 64 characters.
pub(super) fn private_key(pkcs8: &[u8]) -> Secret {
    let base64 = Zeroizing::new(BASE64.encode(pkcs8));
    // As long as it gets, so that no copy is left behind by growing.
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 64);
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = &base64[..];
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text.into()
}

/// RFC 1421 headers end at an empty line: `Proc-Type: 4,ENCRYPTED`.
fn without_headers(body: &str) -> (bool, &str) {
    if !body.contains(':') {
        return (false, body);
    }
    let encrypted = body.contains("ENCRYPTED");
    let end = body
        .find("\n\n")
        .or_else(|| body.find("\r\n\r\n"))
        .unwrap_or(body.len());
    (encrypted, &body[end..])
}
