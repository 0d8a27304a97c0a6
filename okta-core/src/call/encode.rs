//! Path, query and form encoding.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value that can stand in a query string.
pub trait QueryValue {
    /// The text before percent-encoding.
    fn into_query(self) -> String;
}

impl QueryValue for String {
    fn into_query(self) -> String {
        self
    }
}

impl QueryValue for &str {
    fn into_query(self) -> String {
        self.to_owned()
    }
}

macro_rules! query_value_by_display {
    ($($type:ty),*) => {
        $(impl QueryValue for $type {
            fn into_query(self) -> String {
                self.to_string()
            }
        })*
    };
}

query_value_by_display!(bool, i32, u32, i64, u64, usize, f64, jiff::Timestamp);

/// Fills `{name}` places of a template with percent-encoded values.
///
/// Rule for odd values: the empty text, `.` and `..` are refused. They cannot travel as one
/// segment: URL parsers on the way drop or resolve them even when percent-encoded (WHATWG URL,
/// "double-dot path segment").
pub(super) fn fill_path(
    template: &str,
    values: &[(Cow<'static, str>, String)],
) -> Result<String, String> {
    let mut path = String::with_capacity(template.len() + 24);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        path.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            return Err(format!("the path {template} has an unclosed {{"));
        };
        let name = &rest[open + 1..open + close];
        let Some((_, value)) = values.iter().find(|(found, _)| found == name) else {
            return Err(format!("the path {template} needs a value for {{{name}}}"));
        };
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(format!(
                "the path value of {{{name}}} is {value:?}, which cannot be one path segment; an id or a name is expected"
            ));
        }
        path.extend(utf8_percent_encode(value, COMPONENT));
        rest = &rest[open + close + 1..];
    }
    path.push_str(rest);
    Ok(path)
}

/// `a=1&b=2`, percent-encoded (RFC 3986; a blank is `%20`).
pub(super) fn query_string<N: AsRef<str>>(pairs: &[(N, String)]) -> String {
    join(pairs, |text, out| {
        out.extend(utf8_percent_encode(text, COMPONENT))
    })
}

/// `application/x-www-form-urlencoded` (a blank is `+`).
pub(crate) fn form_string<N: AsRef<str>>(pairs: &[(N, String)]) -> String {
    join(pairs, |text, out| {
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                out.push('+');
            }
            out.extend(utf8_percent_encode(word, COMPONENT));
        }
    })
}

fn join<N: AsRef<str>>(pairs: &[(N, String)], encode: impl Fn(&str, &mut String)) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(name.as_ref(), &mut out);
        out.push('=');
        encode(value, &mut out);
    }
    out
}

/// The members of a JSON object as form fields.
pub(super) fn form_fields(json: &[u8]) -> Result<Vec<(String, String)>, String> {
    use serde_json::Value as J;
    fn text(value: J) -> Option<String> {
        match value {
            J::Null => None,
            J::String(text) => Some(text),
            other => Some(other.to_string()),
        }
    }
    let J::Object(members) = serde_json::from_slice(json).map_err(|error| error.to_string())?
    else {
        return Err("a form body must be an object".into());
    };
    let mut fields = Vec::new();
    for (name, value) in members {
        match value {
            J::Array(list) => {
                fields.extend(list.into_iter().filter_map(text).map(|v| (name.clone(), v)));
            }
            other => fields.extend(text(other).map(|v| (name, v))),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(value: &str) -> Result<String, String> {
        fill_path("/api/v1/users/{id}/x", &[("id".into(), value.to_owned())])
    }

    #[test]
    fn odd_path_values() {
        assert_eq!(
            fill("a/b%?#").as_deref(),
            Ok("/api/v1/users/a%2Fb%25%3F%23/x")
        );
        assert_eq!(
            fill("ä b@c").as_deref(),
            Ok("/api/v1/users/%C3%A4%20b%40c/x")
        );
        assert_eq!(fill("...").as_deref(), Ok("/api/v1/users/.../x"));
        for bad in ["", ".", ".."] {
            assert!(fill(bad).unwrap_err().contains("one path segment"));
        }
        assert!(fill_path("/a/{b}", &[]).unwrap_err().contains("{b}"));
    }

    #[test]
    fn query_and_form() {
        let pairs = [
            ("search", "a eq \"b c\"&+".to_owned()),
            ("n", String::new()),
        ];
        assert_eq!(query_string(&pairs), "search=a%20eq%20%22b%20c%22%26%2B&n=");
        assert_eq!(form_string(&pairs), "search=a+eq+%22b+c%22%26%2B&n=");
    }

    #[test]
    fn model_members_become_fields() {
        let fields =
            form_fields(br#"{"a":"x","b":[1,"y"],"c":null,"d":true,"e":{"f":1}}"#).unwrap();
        let text: Vec<String> = fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(text, ["a=x", "b=1", "b=y", "d=true", "e={\"f\":1}"]);
    }

    proptest! {
        #[test]
        fn any_text_stays_one_segment(value in "\\PC+") {
            prop_assume!(!matches!(value.as_str(), "." | ".."));
            let url = url::Url::parse(&format!("https://a.example{}", fill(&value).unwrap())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 5);
            let back = percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap();
            prop_assert_eq!(back.as_ref(), value.as_str());
        }
    }
}
