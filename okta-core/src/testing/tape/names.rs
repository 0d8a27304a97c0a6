//! Pseudonyms: one for each value, the same wherever it stands, of the same form.

use std::collections::HashMap;

use super::MARK;

#[derive(Default)]
pub(super) struct Names {
    given: HashMap<String, String>,
    next: u64,
}

impl Names {
    fn give(&mut self, original: &str, form: impl FnOnce(u64) -> String) -> String {
        if original.contains(MARK) {
            return original.to_owned();
        }
        if let Some(name) = self.given.get(original) {
            return name.clone();
        }
        self.next += 1;
        let name = form(self.next);
        self.given.insert(original.to_owned(), name.clone());
        name
    }

    /// The pseudonym of a value that has one already.
    pub(super) fn known(&self, original: &str) -> Option<&String> {
        self.given.get(original)
    }

    /// Keeps the three characters that tell the kind of an id.
    pub(super) fn id(&mut self, id: &str) -> String {
        let kind: String = id.chars().take(3).collect();
        self.give(id, |n| format!("{kind}{MARK}{n:09}"))
    }

    pub(super) fn uuid(&mut self, uuid: &str) -> String {
        self.give(&uuid.to_ascii_lowercase(), |n| {
            format!("00000000-0000-4000-8000-{n:012}")
        })
    }

    pub(super) fn email(&mut self, email: &str) -> String {
        self.give(&email.to_lowercase(), |n| format!("{MARK}-{n}@example.com"))
    }

    pub(super) fn phone(&mut self, phone: &str) -> String {
        self.give(phone, |n| format!("+1555{n:07}"))
    }

    pub(super) fn text(&mut self, text: &str) -> String {
        self.give(text, |n| format!("{MARK}-{n}"))
    }

    /// In the network that is set aside for tests (RFC 2544).
    pub(super) fn address(&mut self, ip: &str) -> String {
        self.give(ip, |n| format!("198.18.{}.{}", n / 256 % 256, n % 256))
    }

    /// A number, of another value.
    pub(super) fn number(&mut self, number: &str) -> u64 {
        self.give(&format!("number {number}"), |n| n.to_string())
            .parse()
            .unwrap_or(0)
    }

    /// A personal value by what it looks like.
    pub(super) fn value(&mut self, text: &str) -> String {
        let text = text.trim();
        if is_email(text) {
            self.email(text)
        } else if is_uuid(text) {
            self.uuid(text)
        } else if is_id(text) {
            self.id(text)
        } else if text.parse::<std::net::IpAddr>().is_ok() {
            self.address(text)
        } else if is_phone(text) {
            self.phone(text)
        } else {
            self.text(text)
        }
    }
}

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.len() > 2
            && !text.contains(char::is_whitespace)
    })
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Ids of the service have 20 letters and digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 20
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Long texts of mixed letters and digits: cursors, tokens, hashes.
pub(super) fn is_opaque(text: &str) -> bool {
    text.len() >= 24
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-(). /".contains(&byte))
}

/// A constant of an API: `ACTIVE`, `SAML_2_0`; true also for booleans and times.
pub(super) fn is_constant(text: &str) -> bool {
    let constant = text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.len() < 40;
    constant || matches!(text, "true" | "false") || text.parse::<jiff::Timestamp>().is_ok()
}
