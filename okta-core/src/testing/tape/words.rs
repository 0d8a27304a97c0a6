//! What texts are made of, and which are not to be changed.

/// Members whose texts decide how an answer is read.
pub(super) fn is_technical(name: &str) -> bool {
    [
        "status",
        "type",
        "mode",
        "name",
        "href",
        "rel",
        "method",
        "scope",
        "scopes",
        "events",
        "allow",
        "hints",
        "errorCode",
        "eventType",
        "token_type",
        "error",
    ]
    .contains(&name)
}

/// Places of words: letters, digits and what addresses and tokens are made of.
pub(super) fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        let inside = c.is_alphanumeric() || "_-.@+~".contains(c);
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| (from, text.len())));
    words
}
