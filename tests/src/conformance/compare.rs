//! Equality of JSON texts by value.

use serde_json::{Number, Value};

/// Whether two JSON texts are the same value: numbers by value, texts exactly, members in any order.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    difference(a, b).is_none()
}

/// The path of the first difference.
#[must_use]
pub fn difference(a: &[u8], b: &[u8]) -> Option<String> {
    match (serde_json::from_slice(a), serde_json::from_slice(b)) {
        (Ok(a), Ok(b)) => differs(&a, &b, "$"),
        _ => Some("no JSON".to_owned()),
    }
}

fn differs(a: &Value, b: &Value, path: &str) -> Option<String> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if same_number(a, b) => None,
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(n, (a, b))| differs(a, b, &format!("{path}[{n}]"))),
        (Value::Object(a), Value::Object(b)) => {
            if let Some(extra) = b.keys().find(|name| !a.contains_key(*name)) {
                return Some(format!("{path}.{extra} is new"));
            }
            a.iter().find_map(|(name, a)| match b.get(name) {
                Some(b) => differs(a, b, &format!("{path}.{name}")),
                None => Some(format!("{path}.{name} is lost")),
            })
        }
        _ if a == b => None,
        _ => Some(path.to_owned()),
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
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
}
