//! Strings: find the end eight bytes at a time, check escapes, resolve them.

use std::borrow::Cow;

use super::{Error, ErrorKind};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks bytes that end a plain run: quote, backslash, control characters.
///
/// The subtraction borrows upwards, so marks above the lowest one may be wrong; only the lowest is used.
#[inline(always)]
fn stops(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    ((quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word))
        & HIGH
}

/// Offset of the first quote, backslash or control character at or after `at`; the length if there is none.
#[inline(always)]
pub(crate) fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = stops(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// Checks a string from `at` (inside it, at the first stop) to its closing quote. Returns the quote's offset.
#[cold]
pub(crate) fn check_escapes(bytes: &[u8], mut at: usize) -> Result<usize, Error> {
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => {
                at = match escape(bytes, at) {
                    Ok((_, next)) => next,
                    // Text of its own right: only who wants it resolved cannot have it.
                    Err(error) if error.kind() == ErrorKind::LoneSurrogate => at + 6,
                    Err(error) => return Err(error),
                }
            }
            Some(0..0x20) => return Err(Error::new(ErrorKind::ControlCharacter, bytes, at)),
            Some(_) => at = plain_run(bytes, at),
            None => {
                return Err(Error::new(
                    ErrorKind::UnexpectedEnd("the end of a string"),
                    bytes,
                    bytes.len(),
                ));
            }
        }
    }
}

/// Resolves the escapes of checked text from between quotes; half a surrogate pair becomes U+FFFD.
pub(crate) fn resolve_lossy(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let bytes = resolve_bytes(raw).into_owned();
    Cow::Owned(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let mut text = String::new();
            for chunk in error.as_bytes().utf8_chunks() {
                text.push_str(chunk.valid());
                // The three bytes of one half come as three chunks, of which the first counts.
                if chunk.invalid().first() == Some(&SURROGATE) {
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
            text
        }
    })
}

/// First byte of every half in generalized UTF-8 (WTF-8); an invalid run that begins with it is one.
const SURROGATE: u8 = 0xED;

/// Resolves the escapes of checked text from between quotes to generalized UTF-8, which has halves of surrogate pairs
/// too: equal bytes are equal strings of JSON.
pub(crate) fn resolve_bytes(raw: &str) -> Cow<'_, [u8]> {
    let bytes = raw.as_bytes();
    if !raw.contains('\\') {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let stop = plain_run(bytes, at);
        out.extend_from_slice(&bytes[at..stop]);
        if stop >= bytes.len() {
            break;
        }
        at = match escape(bytes, stop) {
            Ok((character, next)) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                next
            }
            Err(_) => {
                let half = hex4(bytes, stop + 2).unwrap_or(0xFFFD);
                let low = |shift: u32| 0x80 | (half >> shift & 0x3F) as u8;
                out.extend_from_slice(&[0xE0 | (half >> 12) as u8, low(6), low(0)]);
                stop + 6
            }
        };
    }
    Cow::Owned(out)
}

/// Resolves the escapes of a string whose text from `start` to `end` was checked by [`check_escapes`].
#[cold]
pub(crate) fn unescape(text: &str, start: usize, end: usize) -> Result<String, Error> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(end - start);
    let mut at = start;
    while at < end {
        let stop = plain_run(bytes, at).min(end);
        out.push_str(&text[at..stop]);
        if stop >= end {
            break;
        }
        let (character, next) = escape(bytes, stop)?;
        out.push(character);
        at = next;
    }
    Ok(out)
}

/// One escape at `at` (the backslash): its character and the offset after it.
fn escape(bytes: &[u8], at: usize) -> Result<(char, usize), Error> {
    let invalid = || Error::new(ErrorKind::InvalidEscape, bytes, at);
    let simple = match bytes.get(at + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            let first = hex4(bytes, at + 2).ok_or_else(invalid)?;
            let lone = || Error::new(ErrorKind::LoneSurrogate, bytes, at);
            return match first {
                0xD800..0xDC00 => {
                    if bytes.get(at + 6..at + 8) != Some(b"\\u") {
                        return Err(lone());
                    }
                    let second = hex4(bytes, at + 8).ok_or_else(invalid)?;
                    if !(0xDC00..0xE000).contains(&second) {
                        return Err(lone());
                    }
                    let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                    Ok((char::from_u32(code).ok_or_else(lone)?, at + 12))
                }
                code => Ok((char::from_u32(code).ok_or_else(lone)?, at + 6)),
            };
        }
        _ => return Err(invalid()),
    };
    Ok((simple, at + 2))
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |code, byte| {
        Some(code * 16 + char::from(*byte).to_digit(16)?)
    })
}

/// Whether text can stand between quotes as it is.
#[inline]
pub(crate) fn is_plain(text: &str) -> bool {
    plain_run(text.as_bytes(), 0) == text.len()
}
