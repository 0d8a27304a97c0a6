//! SOQL: literals and queries.

use crate::card::types::{Value, parse_moment};

/// A text literal.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A moment: unquoted, seconds only.
pub(crate) fn moment(moment: jiff::Timestamp) -> String {
    format!("{moment:.0}")
}

/// A condition of a field of a type; the reason, if the type cannot be compared with the value.
pub(crate) fn condition(field: &str, kind: &str, value: &Value) -> Result<String, String> {
    let words = match value {
        Value::String(text) => text.clone(),
        Value::Null => return Ok(format!("{field} = null")),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return Err("expected text, a number, true or false".to_owned()),
    };
    match kind {
        "boolean" => match words.to_ascii_lowercase().as_str() {
            "true" | "yes" => Ok(format!("{field} = true")),
            "false" | "no" => Ok(format!("{field} = false")),
            _ => Err("expected true or false".to_owned()),
        },
        "int" | "long" | "double" | "currency" | "percent" => match words.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(format!("{field} = {words}")),
            _ => Err("expected a number".to_owned()),
        },
        "date" => match parse_moment(&words) {
            Some(found) => Ok(format!("{field} = {}", &moment(found)[..10])),
            None => Err("expected a date".to_owned()),
        },
        "datetime" => match parse_moment(&words) {
            Some(found) => Ok(format!("{field} = {}", moment(found))),
            None => Err("expected a date and time".to_owned()),
        },
        "multipicklist" => Ok(format!("{field} INCLUDES ({})", text(&words))),
        _ => Ok(format!("{field} = {}", text(&words))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn literals_cannot_break_out() {
        assert_eq!(super::text(r"O'Neil \ x"), r"'O\'Neil \\ x'");
        assert_eq!(
            super::condition("Name", "string", &json!("' OR Name != '")),
            Ok(r"Name = '\' OR Name != \''".to_owned())
        );
        assert!(super::condition("N", "int", &json!("1 OR true")).is_err());
    }

    #[test]
    fn types_have_their_forms() {
        let of = |kind, value| super::condition("F", kind, &value).unwrap();
        assert_eq!(of("boolean", json!("Yes")), "F = true");
        assert_eq!(of("double", json!(1.5)), "F = 1.5");
        assert_eq!(of("date", json!("2026-11-24T10:00:00Z")), "F = 2026-11-24");
        assert_eq!(
            of("datetime", json!("2026-11-24T10:00:00.000+0000")),
            "F = 2026-11-24T10:00:00Z"
        );
        assert_eq!(of("multipicklist", json!("a;b")), "F INCLUDES ('a;b')");
    }
}
