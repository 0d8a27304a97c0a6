//! How values are shown: never a secret, nor what may be a secret in the wrong place.

use std::time::Duration;

use super::origin::shown as shown_url;
use super::setting::{Kind, Setting};
use super::value;
use super::yaml::{Node, Value};

const REDACTED: &str = "[redacted]";
const UNREADABLE: &str = "[unreadable]";

/// A value as it may be seen.
pub(super) fn shown(setting: &Setting, node: &Node) -> String {
    let text = match &node.value {
        Value::Text(text) => text.expose().trim(),
        Value::Null => "",
        _ => match setting.kind {
            Kind::Scopes => {
                return value::scopes(node)
                    .map(|scopes| scopes.to_string())
                    .unwrap_or_default();
            }
            _ => return REDACTED.to_owned(),
        },
    };
    let cut = |text: &str| {
        let mut shown: String = text
            .chars()
            .map(|c| if c.is_control() { '·' } else { c })
            .take(200)
            .collect();
        if text.chars().nth(200).is_some() {
            shown.push('…');
        }
        shown
    };
    match setting.kind {
        Kind::Secret | Kind::Unused(_) => REDACTED.to_owned(),
        Kind::Key if looks_like_path(text) => cut(text),
        Kind::Key => REDACTED.to_owned(),
        Kind::Url => shown_url(text).trim_matches('"').to_owned(),
        Kind::Scopes => value::scopes(node)
            .map(|scopes| scopes.to_string())
            .unwrap_or_default(),
        // A wrong value may be a secret in the wrong place.
        Kind::Mode if value::mode(node).is_err() => UNREADABLE.to_owned(),
        Kind::Switch if value::switch(node).is_err() => UNREADABLE.to_owned(),
        Kind::Level if value::level(node).is_err() => UNREADABLE.to_owned(),
        Kind::Count if value::count(node).is_err() => UNREADABLE.to_owned(),
        Kind::Port if value::port(node).is_err() => UNREADABLE.to_owned(),
        Kind::Seconds | Kind::Minutes if value::duration(node, Duration::from_secs(1)).is_err() => {
            UNREADABLE.to_owned()
        }
        Kind::Seconds if text.ends_with(|c: char| c.is_ascii_digit()) => format!("{text} s"),
        Kind::Minutes if text.ends_with(|c: char| c.is_ascii_digit()) => format!("{text} min"),
        _ => cut(text),
    }
}

/// Only a path with an ending as key files have is shown: anything else may be a key.
fn looks_like_path(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.len() < 300
        && !text.contains(['{', '\n'])
        && [".pem", ".key", ".json", ".jwk", ".jwks", ".p8", ".jwt"]
            .iter()
            .any(|end| lower.ends_with(end))
}
