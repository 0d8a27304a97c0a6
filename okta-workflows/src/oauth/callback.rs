//! The URL to which a person came back.

use okta_core::Secret;
use url::Url;

/// What the service sent back.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) code: Option<Secret>,
    pub(super) state: Option<String>,
    pub(super) error: Option<String>,
    pub(super) description: Option<String>,
}

impl Answer {
    /// Reads a URL or its query alone.
    pub(super) fn parse(callback: &str) -> Self {
        let query = match Url::parse(callback) {
            Ok(url) => url.query().unwrap_or_default().to_owned(),
            Err(_) => callback.trim_start_matches('?').to_owned(),
        };
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "code" => answer.code = Some(Secret::new(value)),
                "state" => answer.state = Some(value.into_owned()),
                "error" => answer.error = Some(value.into_owned()),
                "error_description" => answer.description = Some(value.into_owned()),
                _ => {}
            }
        }
        answer
    }
}
