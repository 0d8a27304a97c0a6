//! What was asked, without secrets.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// One request as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent, if any; of secrets in it only the names.
    pub query: Option<String>,
    /// Status of the answer; 0 where the connection was dropped instead.
    pub status: u16,
    /// `SSWS`, `Bearer` or `DPoP`, if any.
    pub scheme: Option<&'static str>,
    /// The published operation id, where the path has one.
    pub operation: Option<&'static str>,
    /// `X-Okta-Request-Id` of the answer.
    pub request_id: String,
}

impl Entry {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "method": self.method, "path": self.path, "query": self.query, "status": self.status,
            "scheme": self.scheme, "operation": self.operation, "requestId": self.request_id,
        })
    }
}

/// Query parameters whose values open something.
const SECRET: [&str; 11] = [
    "access_token",
    "client_assertion",
    "client_secret",
    "code",
    "id_token_hint",
    "interclient_token",
    "okta_key",
    "password",
    "request_uri",
    "sessionToken",
    "token",
];

/// A query without the values of its secrets.
pub(crate) fn without_secrets(query: &str) -> String {
    let shown = |pair: &str| {
        let (name, _) = pair.split_once('=')?;
        let plain = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        SECRET.contains(&&*plain).then(|| format!("{name}=***"))
    };
    let pairs = query.split('&');
    let pairs = pairs.map(|pair| shown(pair).unwrap_or_else(|| pair.to_owned()));
    pairs.collect::<Vec<String>>().join("&")
}

/// The newest requests.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
}

/// More than any test looks at.
const KEPT: usize = 50_000;

impl Journal {
    pub(crate) fn write(&mut self, entry: Entry) {
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.iter().cloned().collect()
    }

    /// The newest entries that fit, newest first.
    pub(crate) fn latest(&self, count: usize, fits: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let newest = self.entries.iter().rev();
        newest.filter(|e| fits(e)).take(count).cloned().collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_kept_without_their_secrets() {
        for (query, kept) in [
            ("limit=5&q=a%20b", "limit=5&q=a%20b"),
            (
                "token=20111x&redirectUrl=%2Fapp",
                "token=***&redirectUrl=%2Fapp",
            ),
            ("state=s&session%54oken=x", "state=s&session%54oken=***"),
            ("code&token=", "code&token=***"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(query), kept);
        }
    }
}
