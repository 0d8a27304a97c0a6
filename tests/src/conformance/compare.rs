//! Equality of JSON texts by value.

use okta_core::json::same_value;

use crate::schema::Tree;

/// Whether two JSON texts are the same value: numbers by value, texts exactly, members in any order.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    difference(a, b).is_none()
}

/// The path of the first difference. The tree holds no half of a surrogate pair; of texts with one it is only told
/// whether they differ.
#[must_use]
pub fn difference(a: &[u8], b: &[u8]) -> Option<String> {
    if let (Ok(a), Ok(b)) = (Tree::read(a), Tree::read(b)) {
        return a.difference(&b);
    }
    match (std::str::from_utf8(a), std::str::from_utf8(b)) {
        (Ok(a), Ok(b)) if same_value(a, b) => None,
        (Ok(_), Ok(_)) => Some("somewhere, or one is no JSON".to_owned()),
        _ => Some("not UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn numbers_by_value_and_texts_exactly() {
        assert!(same(br#"{"a":5.0,"b":[1]}"#, br#"{"b":[1],"a":5}"#));
        assert!(!same(br#"{"a":"5"}"#, br#"{"a":5}"#));
        assert!(!same(br#"{"a":null}"#, b"{}"));
        assert!(!same(b"9007199254740993", b"9007199254740992"));
    }

    #[test]
    fn half_a_surrogate_pair_counts() {
        assert!(same(
            br#"{"a":"x\ud800","b":1.0}"#,
            br#"{"b":1,"a":"\u0078\uD800"}"#
        ));
        assert!(!same(br#"{"a":"\ud800"}"#, br#"{"a":"\ud801"}"#));
        assert!(!same(br#"{"a":"\ud800"}"#, br#"{"a":"\ufffd"}"#));
        assert!(!same(br#"{"a":"\ud800"}"#, br#"{"a":"#));
    }
}
