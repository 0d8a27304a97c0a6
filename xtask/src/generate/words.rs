//! Wire names as Rust names.

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

/// Words that Rust reserves; members and functions of that name get a trailing underscore.
const KEYWORDS: [&str; 44] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
];
const MORE_KEYWORDS: [&str; 8] = [
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// Type names that generated code uses for something else.
pub(crate) const TAKEN_TYPES: [&str; 20] = [
    "Box",
    "Clone",
    "Debug",
    "Default",
    "Err",
    "Extra",
    "Json",
    "Map",
    "MissingMember",
    "Model",
    "None",
    "Ok",
    "Option",
    "Result",
    "Self",
    "Some",
    "String",
    "Timestamp",
    "Value",
    "Vec",
];

/// `snake_case`, without a check for keywords.
pub(crate) fn snake(name: &str) -> String {
    readable(name).to_snake_case()
}

/// `SHOUTY_CASE`.
pub(crate) fn shouty(name: &str) -> String {
    readable(name).to_shouty_snake_case()
}

/// `snake_case` that may stand as an identifier.
pub(crate) fn ident(name: &str) -> String {
    let mut ident = snake(name);
    if ident.is_empty() {
        "empty".clone_into(&mut ident);
    }
    if ident.starts_with(|c: char| c.is_ascii_digit()) {
        ident.insert(0, 'n');
    }
    if KEYWORDS.contains(&ident.as_str()) || MORE_KEYWORDS[..7].contains(&ident.as_str()) {
        ident.push('_');
    }
    ident
}

/// Name of a struct's member: what the codec uses itself gets an underscore too.
pub(crate) fn member(name: &str) -> String {
    // Members may be URLs; the last segment tells them apart.
    let name = if name.contains("://") {
        name.rsplit('/').next().unwrap_or(name)
    } else {
        name
    };
    let mut ident = ident(name);
    if ident == "extra" || ident == "base" {
        ident.push('_');
    }
    ident
}

/// `UpperCamelCase` of a schema's name.
pub(crate) fn type_name(name: &str) -> String {
    let name = name.replace("[]", ".item").replace("{}", ".value");
    let mut out = name.to_upper_camel_case();
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'N');
    }
    out
}

/// Name of an enum's variant.
pub(crate) fn variant(value: &str) -> String {
    let parts = numbers(value);
    let parts: Vec<String> = parts
        .iter()
        .map(|part| spelled(part).to_upper_camel_case())
        .collect();
    let mut out = parts.join("_");
    if out.is_empty() {
        out = match value {
            "" => "Empty".to_owned(),
            other => other
                .chars()
                .map(|c| format!("U{:04X}", u32::from(c)))
                .collect(),
        };
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'V');
    }
    if matches!(out.as_str(), "Other" | "Self") {
        out.push_str("Value");
    }
    out
}

/// Splits at points between digits, so that `1.0` and `10` stay apart.
fn numbers(value: &str) -> Vec<&str> {
    let bytes = value.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'.' && at > 0 && digit(at - 1) && digit(at + 1) {
            parts.push(&value[start..at]);
            start = at + 1;
        }
    }
    parts.push(&value[start..]);
    parts
}

/// Spells out what would vanish: signs before numbers, comparison signs.
fn spelled(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '-' if out.is_empty() && chars.peek().is_some_and(char::is_ascii_digit) => {
                out.push_str("minus ");
            }
            '*' => out.push_str(" any "),
            '+' => out.push_str(" plus "),
            '<' => out.push_str(" less "),
            '>' => out.push_str(" greater "),
            '=' => out.push_str(" equal "),
            _ => out.push(c),
        }
    }
    out
}

/// Spellings that case conversion would tear apart.
fn readable(name: &str) -> String {
    name.replace("OAuth", "Oauth")
        .replace("IdP", "Idp")
        .replace("macOS", "macos")
        .replace("iOS", "ios")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_members() {
        for (wire, rust) in [
            ("_links", "links"),
            ("type", "type_"),
            ("$ref", "ref_"),
            ("x5t#S256", "x5t_s256"),
            ("okta:ORN", "okta_orn"),
            ("extra", "extra_"),
            (
                "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
                "session_revoked",
            ),
            ("userIdOrLogin", "user_id_or_login"),
            ("isOAuth2Enabled", "is_oauth2_enabled"),
            ("2fa", "n2fa"),
        ] {
            assert_eq!(member(wire), rust, "{wire}");
        }
    }

    #[test]
    fn odd_values() {
        for (wire, rust) in [
            ("ACTIVE", "Active"),
            ("token:software:totp", "TokenSoftwareTotp"),
            ("", "Empty"),
            ("*", "Any"),
            ("-1", "Minus1"),
            ("10", "V10"),
            ("1.0", "V1_0"),
            ("other", "OtherValue"),
        ] {
            assert_eq!(variant(wire), rust, "{wire}");
        }
    }
}
