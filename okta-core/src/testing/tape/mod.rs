//! A run against an org, recorded without secrets and personal data, and replayed in tests.
//!
//! ```
//! # use std::sync::Arc;
//! # use okta_core::testing::{Answer, Canned, Recorder, Replay};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> okta_core::Result<()> {
//! # let org = Canned::new()
//! #     .on("GET", "/api/v1/users?after=c1", Answer::json(200, r#"[{"id":"00u1b2c3d4e5f6g7h8i9","profile":{"login":"bo@acme.com"}}]"#))
//! #     .on("GET", "/api/v1/users", Answer::json(200, r#"[{"id":"00uzzzzzzzzzzzzzzz01","profile":{"login":"ana@acme.com"}}]"#)
//! #         .header("link", "<https://acme.okta.com/api/v1/users?after=c1>; rel=\"next\""));
//! // Once, against the org. (Canned answers here, so that this example runs.)
//! let recorder = Recorder::default();
//! let client = okta_core::Client::builder()
//!     .org_url("https://acme.okta.com")
//!     .api_token("00secret")
//!     # .transport(Arc::new(org))
//!     .wrap_transport(recorder.tap())
//!     .build()?;
//! let mut users = client.call("GET", "/api/v1/users").items();
//! while users.try_next().await?.is_some() {}
//! let tape = recorder.to_jsonl(); // or recorder.save("tests/users.jsonl")?
//! assert!(!tape.contains("00secret") && !tape.contains("ana@acme.com"));
//!
//! // In tests, for ever: no network, no real credential.
//! let replay = Arc::new(Replay::parse(&tape)?);
//! let client = okta_core::Client::builder()
//!     .org_url("https://any.okta.com")
//!     .api_token("00any")
//!     .transport(replay.clone())
//!     .build()?;
//! let mut users = client.call("GET", "/api/v1/users").items();
//! let mut count = 0;
//! while users.try_next().await?.is_some() {
//!     count += 1;
//! }
//! assert_eq!(count, 2);
//! # Ok(()) }
//! ```
//!
//! **What is scrubbed.** Only headers that matter for replay are kept. Secrets go: what stands in
//! `Authorization`, `DPoP`, `Cookie` and `Set-Cookie`, members and form fields by name (tokens,
//! passwords, client secrets, assertions, codes, private parts of keys, answers), JWTs, PEM keys,
//! wherever they stand again. Personal data gets pseudonyms: everything in a `profile`, members by
//! name (names, logins, phones, addresses, IP addresses), email addresses, ids, UUIDs and long
//! opaque texts anywhere, in paths, queries and links too. One value has one pseudonym in the whole
//! recording, so that relations survive. All values are known before the first is written. The
//! org's host becomes `recorded.example`, and the replaying client's at replay.
//!
//! [`Rules`] adds names, takes names away, or turns to [`strict`](Rules::strict), where every text
//! that is not plainly a constant gets a pseudonym. Look at a recording before it is published:
//! free text (descriptions, log messages) may name things that no rule knows.
//!
//! **What is matched.** Method, path, query and the shape of the body, exchanges of one kind in
//! their order. A place that holds a pseudonym matches any value, so that a test may keep the
//! inputs of the recorded run. Token requests match whatever the credential is. A request without
//! counterpart fails and names the nearest ones.

mod names;
mod recorder;
mod replay;
mod rules;
mod scrub;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use recorder::Recorder;
pub use replay::Replay;
pub use rules::Rules;

/// Stands in place of the org's host.
const HOST: &str = "recorded.example";
/// Part of every pseudonym of a text.
const MARK: &str = "scrubbed";

/// One line of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Exchange {
    request: Asked,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Answered>,
    /// [`TransportFault`](crate::transport::TransportFault) by its name, where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Asked {
    method: String,
    /// Decoded segments are encoded again the same way on both sides.
    path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    query: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    body: Content,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Content::is_empty")]
    body: Content,
}

/// A body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Content {
    #[default]
    Empty,
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
    /// Not text: only its length is kept.
    Bytes(usize),
}

impl Content {
    fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    fn of(bytes: &[u8], media: &str) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if media.starts_with("application/x-www-form-urlencoded") {
            return Self::Form(pairs(bytes));
        }
        if let Ok(value) = serde_json::from_slice(bytes) {
            return Self::Json(value);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if !media.starts_with("multipart/") => Self::Text(text.to_owned()),
            _ => Self::Bytes(bytes.len()),
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Form(pairs) => url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish()
                .into_bytes(),
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(length) => vec![0; length],
        }
    }
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// True for the token endpoints of the org and of its custom authorization servers.
fn is_token_path(path: &str) -> bool {
    path.starts_with("/oauth2/") && path.ends_with("/v1/token")
}
