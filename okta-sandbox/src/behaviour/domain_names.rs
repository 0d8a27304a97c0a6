//! What a domain name looks like.

/// Labels of letters, digits and inner hyphens, at least two of them.
pub(crate) fn is_domain(name: &str) -> bool {
    let proper = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(proper)
}
