//! Texts that are no JSON, or too deep.

use super::rng::Rng;

/// Beginnings of a text.
pub fn truncated<'a>(text: &'a [u8], rng: &mut Rng, count: usize) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = (0..count).map(|_| rng.below(text.len())).collect();
    ends.extend([0, 1.min(text.len() - 1), text.len() - 1]);
    ends.into_iter().map(|end| &text[..end]).collect()
}

/// The text with one to three bits turned.
pub fn flipped(text: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut text = text.to_vec();
    for _ in 0..=rng.below(3) {
        let at = rng.below(text.len());
        text[at] ^= 1 << rng.below(8);
    }
    text
}

/// So many arrays and objects inside each other, as a member of an object and as the body itself.
#[must_use]
pub fn nested(depth: usize) -> Vec<String> {
    let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    vec![
        format!("{{\"noSuchMember\":{arrays}}}"),
        format!("[{{\"noSuchMember\":{objects}}}]"),
        arrays,
        objects,
        "[".repeat(depth),
        "{\"a\":[".repeat(depth / 2),
    ]
}
