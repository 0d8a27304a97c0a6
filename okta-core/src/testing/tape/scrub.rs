//! Two passes: learn every secret and personal value, then write everything without them.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::names::{Names, is_constant, is_email, is_id, is_opaque, is_uuid};
use super::rules::Rules;
use super::words::{is_technical, words};
use super::{Answered, Asked, Content, Exchange, HOST};

const REDACTED: &str = "[redacted]";
/// Shorter secrets are only replaced where they stand by name: elsewhere they would be part of
/// anything.
const SHORTEST_SECRET: usize = 6;
/// Words of a known phrase.
const LONGEST_PHRASE: usize = 5;

pub(super) struct Scrubber<'a> {
    rules: &'a Rules,
    names: Names,
    secrets: BTreeSet<String>,
    /// Longest first, so that no part of a secret is left by a shorter one.
    ordered: Vec<String>,
    /// `https://acme.okta.com`, `acme.okta.com`, `acme-admin.okta.com`.
    hosts: Vec<(String, String)>,
}

/// Where a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    name: &'a str,
    secret: bool,
    personal: bool,
}

impl<'a> Scrubber<'a> {
    pub(super) fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            names: Names::default(),
            secrets: BTreeSet::new(),
            ordered: Vec::new(),
            hosts: Vec::new(),
        }
    }

    pub(super) fn host(&mut self, origin: &str) {
        if self.hosts.iter().any(|(known, _)| known == origin) {
            return;
        }
        let host = origin.split("://").nth(1).unwrap_or(origin);
        self.hosts
            .push((origin.to_owned(), format!("https://{HOST}")));
        if let Some((label, domain)) = host.split_once('.')
            && !host.starts_with(|c: char| c.is_ascii_digit())
        {
            let admin = format!("{label}-admin.{domain}");
            self.hosts
                .push((format!("https://{admin}"), format!("https://{HOST}")));
            self.hosts.push((admin, HOST.to_owned()));
        }
        self.hosts.push((host.to_owned(), HOST.to_owned()));
    }

    /// A secret that was seen outside of bodies.
    pub(super) fn secret(&mut self, text: &str) {
        let text = text.trim();
        if text.len() >= SHORTEST_SECRET {
            self.secrets.insert(text.to_owned());
        }
    }

    /// First pass.
    pub(super) fn learn(&mut self, exchange: &Exchange) {
        for (name, value) in &exchange.request.query {
            let place = self.below(Place::default(), name);
            self.learn_text(value, place);
        }
        self.learn_content(&exchange.request.body);
        if let Some(response) = &exchange.response {
            self.learn_content(&response.body);
        }
    }

    fn learn_content(&mut self, content: &Content) {
        match content {
            Content::Json(value) => self.learn_value(value, Place::default()),
            Content::Form(pairs) => {
                for (name, value) in pairs {
                    let place = self.below(Place::default(), name);
                    self.learn_text(value, place);
                }
            }
            _ => {}
        }
    }

    fn learn_value(&mut self, value: &Value, place: Place<'_>) {
        match value {
            Value::String(text) => self.learn_text(text, place),
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(item, place)),
            Value::Object(members) => {
                for (name, value) in members {
                    let place = self.member(place, members, name);
                    self.learn_value(value, place);
                }
            }
            _ => {}
        }
    }

    fn learn_text(&mut self, text: &str, place: Place<'_>) {
        if place.secret {
            if !is_constant(text) {
                self.secret(text);
                // The token of a link, wherever else it stands.
                if text.starts_with("https://")
                    && let Some((_, token)) = text.rsplit_once('/')
                {
                    self.secret(token);
                }
            }
        } else if place.personal && !text.trim().is_empty() && !is_constant(text) {
            self.names.value(text);
        }
    }

    fn below<'n>(&self, place: Place<'_>, name: &'n str) -> Place<'n> {
        let kept = self.rules.is_kept(name);
        Place {
            name,
            secret: place.secret || self.rules.is_secret(name),
            personal: !kept
                && (place.personal || self.rules.is_personal(name) || Rules::is_profile(name)),
        }
    }

    /// As `below`, with what only the other members tell.
    fn member<'n>(
        &self,
        place: Place<'_>,
        members: &serde_json::Map<String, Value>,
        name: &'n str,
    ) -> Place<'n> {
        let mut below = self.below(place, name);
        // Private and secret parts of a JWK (RFC 7518 section 6).
        if members.contains_key("kty") {
            below.secret |= matches!(name, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" | "oth");
        }
        // Header and authentication values of hooks.
        if name == "value" {
            below.secret |= matches!(place.name, "headers" | "authScheme");
        }
        below
    }

    /// Ends the first pass.
    pub(super) fn learnt(&mut self) {
        self.ordered = self.secrets.iter().cloned().collect();
        self.ordered
            .sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        self.hosts
            .sort_by_key(|(host, _)| std::cmp::Reverse(host.len()));
    }

    /// Second pass.
    pub(super) fn clean(&mut self, exchange: &Exchange) -> Exchange {
        let request = &exchange.request;
        Exchange {
            request: Asked {
                method: request.method.clone(),
                path: self.path(&request.path),
                query: self.pairs(&request.query),
                body: self.content(&request.body),
            },
            response: exchange.response.as_ref().map(|response| Answered {
                status: response.status,
                headers: response
                    .headers
                    .iter()
                    // A scrubbed body has another length.
                    .filter(|(name, _)| *name != "content-length")
                    .map(|(name, value)| (name.clone(), self.header(name, value)))
                    .collect(),
                body: self.content(&response.body),
            }),
            fault: exchange.fault.clone(),
        }
    }

    fn header(&mut self, name: &str, value: &str) -> String {
        match name {
            "link" => {
                let mut clean = String::new();
                let mut rest = value;
                while let Some((before, after)) = rest.split_once('<') {
                    let (url, after) = after.split_once('>').unwrap_or((after, ""));
                    clean.push_str(before);
                    clean.push('<');
                    clean.push_str(&self.text(url));
                    clean.push('>');
                    rest = after;
                }
                clean.push_str(&self.text(rest));
                clean
            }
            "dpop-nonce" => self.names.text(value),
            "date" | "content-type" | "retry-after" => value.to_owned(),
            _ => self.text(value),
        }
    }

    fn content(&mut self, content: &Content) -> Content {
        match content {
            Content::Json(value) => Content::Json(self.value(value, Place::default())),
            Content::Form(pairs) => Content::Form(self.pairs(pairs)),
            Content::Text(text) => Content::Text(self.text(text)),
            other => other.clone(),
        }
    }

    fn pairs(&mut self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let clean = |(name, value): &(String, String)| {
            let place = self.below(Place::default(), name);
            let value = match name.as_str() {
                // What people search for is mostly people.
                "q" if !is_constant(value) => self.names.value(value),
                "search" | "filter" => self.filter(value),
                _ => self.leaf(value, place),
            };
            (name.clone(), value)
        };
        pairs.iter().map(clean).collect()
    }

    /// Literals of a filter expression that are no constants get pseudonyms.
    fn filter(&mut self, text: &str) -> String {
        let mut clean = String::new();
        for (number, part) in text.split('"').enumerate() {
            if number > 0 {
                clean.push('"');
            }
            match number % 2 == 1 && !part.is_empty() && !is_constant(part) {
                true => clean.push_str(&self.names.value(part)),
                false => clean.push_str(&self.text(part)),
            }
        }
        clean
    }

    fn value(&mut self, value: &Value, place: Place<'_>) -> Value {
        match value {
            Value::String(text) => Value::String(self.leaf(text, place)),
            Value::Number(number) if place.secret || place.personal => {
                Value::from(self.names.number(&number.to_string()))
            }
            Value::Array(items) => items.iter().map(|item| self.value(item, place)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let place = self.member(place, members, name);
                    (self.key(name), self.value(value, place))
                })
                .collect(),
            other => other.clone(),
        }
    }

    /// A map may have people, ids or secrets as keys; the names of members stay.
    fn key(&mut self, name: &str) -> String {
        let plain = name.len() < 20
            && !self.secrets.contains(name)
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte));
        match plain {
            true => name.to_owned(),
            false => self.text(name),
        }
    }

    fn leaf(&mut self, text: &str, place: Place<'_>) -> String {
        for rule in &self.rules.replace {
            if let Some(text) = rule(text) {
                return text;
            }
        }
        if text.trim().is_empty() {
            return text.to_owned();
        }
        if place.secret {
            // `"algorithm": "BCRYPT"` beside a password's hash.
            let constant = is_constant(text) && !self.rules.is_secret(place.name);
            return if constant {
                text.to_owned()
            } else {
                REDACTED.to_owned()
            };
        }
        let url = text.starts_with("https://") || text.starts_with("http://");
        if place.personal && !url && !is_constant(text) {
            return self.names.value(text);
        }
        if self.rules.strict
            && !url
            && !is_constant(text)
            && !self.rules.is_kept(place.name)
            && !is_technical(place.name)
        {
            return self.names.value(text);
        }
        self.text(text)
    }

    fn path(&mut self, path: &str) -> String {
        path.split('/')
            .map(|segment| {
                let decoded = percent_decode_str(segment).decode_utf8_lossy().into_owned();
                let clean = self.text(&decoded);
                match clean == decoded {
                    true => segment.to_owned(),
                    false => utf8_percent_encode(&clean, SEGMENT).to_string(),
                }
            })
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Free text: everything that is known, and everything that looks like something.
    fn text(&mut self, text: &str) -> String {
        if let Some(known) = self.spread(text) {
            return known.clone();
        }
        let mut text = text.to_owned();
        for secret in &self.ordered {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REDACTED);
            }
        }
        while let Some(start) = text.find("-----BEGIN ") {
            let end = text[start..]
                .find("-----END ")
                .and_then(|end| Some(start + end + 9 + text[start + end + 9..].find("-----")? + 5))
                .unwrap_or(text.len());
            text.replace_range(start..end, REDACTED);
        }
        for (host, stand_in) in &self.hosts {
            if text.contains(host.as_str()) {
                text = text.replace(host.as_str(), stand_in);
            }
        }
        if (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(' ') {
            return self.url(&text);
        }
        self.words(&text)
    }

    fn url(&mut self, text: &str) -> String {
        let Ok(url) = url::Url::parse(text) else {
            return self.words(text);
        };
        let mut clean = self.words(&url.origin().ascii_serialization());
        let path = self.path(url.path());
        // `https://host` had no slash.
        if path != "/" || text.trim_end_matches('/') != text {
            clean.push_str(&path);
        }
        if let Some(query) = url.query() {
            clean.push('?');
            let pairs = self.pairs(&super::pairs(query.as_bytes()));
            if !pairs.is_empty() {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(pairs)
                    .finish();
                clean.push_str(&query);
            }
        }
        if let Some(fragment) = url.fragment() {
            clean.push('#');
            clean.push_str(&self.words(fragment));
        }
        clean
    }

    /// Known phrases first, then single words by their look.
    fn words(&mut self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let words = words(text);
        let mut end = 0;
        let mut at = 0;
        while let Some(&(start, stop)) = words.get(at) {
            clean.push_str(&text[end..start]);
            let phrase = (1..=LONGEST_PHRASE).rev().find_map(|count| {
                let &(_, stop) = words.get(at + count - 1)?;
                let known = self.spread(&text[start..stop])?;
                Some((count, stop, known.clone()))
            });
            match phrase {
                Some((count, stop, known)) => {
                    clean.push_str(&known);
                    (at, end) = (at + count, stop);
                }
                None => {
                    let word = self.word(&text[start..stop]);
                    clean.push_str(&word);
                    (at, end) = (at + 1, stop);
                }
            }
        }
        clean.push_str(&text[end..]);
        clean
    }

    /// The pseudonym of a personal value outside of its own place. A short one would be part of
    /// anything: `1`, `Bo`.
    fn spread(&self, text: &str) -> Option<&String> {
        let letters = text.chars().any(char::is_alphabetic);
        let long = text.len() >= if letters { 3 } else { 6 };
        self.names.known(text).filter(|_| long)
    }

    fn word(&mut self, word: &str) -> String {
        if is_email(word) {
            // A full stop behind an address ends a sentence.
            let address = word.trim_end_matches('.');
            return self.names.email(address) + &word[address.len()..];
        }
        if word.starts_with("eyJ") && word.len() > 40 && word.contains('.') {
            return REDACTED.to_owned();
        }
        if is_uuid(word) {
            return self.names.uuid(word);
        }
        let mut clean = String::with_capacity(word.len());
        for part in word.split_inclusive(['.', '@', '+', '~']) {
            let end = part.len() - usize::from(part.ends_with(['.', '@', '+', '~']));
            let (part, separator) = part.split_at(end);
            if is_id(part) {
                clean.push_str(&self.names.id(part));
            } else if is_opaque(part) && !is_constant(part) {
                clean.push_str(&self.names.text(part));
            } else if let Some(known) = self.spread(part) {
                clean.push_str(known);
            } else {
                clean.push_str(part);
            }
            clean.push_str(separator);
        }
        clean
    }
}

/// What a path segment needs encoded, and nothing that ids and names have.
const SEGMENT: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
