//! Credentials that are one fixed text.

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::{AuthContext, Credential};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// An API token of the org (`Authorization: SSWS …`). It acts with its owner's admin roles.
#[derive(Clone, Debug)]
pub struct ApiToken(HeaderValue);

impl ApiToken {
    /// Checks the text; a leading `SSWS ` is accepted.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for an empty text, a placeholder, or
    /// characters that no token has.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        header("SSWS", "API token", &token.into()).map(Self)
    }
}

#[async_trait]
impl Credential for ApiToken {
    async fn authorize(&self, _cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(AUTHORIZATION, self.0.clone());
        Ok(())
    }

    fn is_scoped(&self) -> bool {
        false
    }
}

/// An access token that somebody else obtained and renews.
#[derive(Clone, Debug)]
pub struct Bearer(HeaderValue);

impl Bearer {
    /// Checks the text; a leading `Bearer ` is accepted.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for an empty text, a placeholder, or
    /// characters that no token has.
    pub fn new(token: impl Into<Secret>) -> Result<Self> {
        header("Bearer", "access token", &token.into()).map(Self)
    }
}

#[async_trait]
impl Credential for Bearer {
    async fn authorize(&self, _cx: &AuthContext<'_>, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(AUTHORIZATION, self.0.clone());
        Ok(())
    }
}

fn header(scheme: &str, what: &str, token: &Secret) -> Result<HeaderValue> {
    let text = token.expose().trim();
    let text = text
        .get(..scheme.len())
        .filter(|start| start.eq_ignore_ascii_case(scheme))
        .and_then(|_| text[scheme.len()..].strip_prefix([' ', '\t']))
        .map_or(text, str::trim);
    let text = if text == scheme { "" } else { text };
    let fault = |what: String, hint: &'static str| Err(Error::config(what).with_hint(hint));
    if text.is_empty() {
        return fault(
            format!("the {what} is empty"),
            "set OKTA_CLIENT_TOKEN, or give the builder a credential",
        );
    }
    if text.contains(['{', '}']) {
        return fault(
            format!("the {what} is still a placeholder"),
            "replace it with the token itself",
        );
    }
    if text.contains("-----BEGIN") {
        return fault(
            format!("the {what} is a key"),
            "a private key belongs to a service app credential",
        );
    }
    // The text is not repeated: it may be a good token with a stray character.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return fault(
            format!("the {what} contains blanks, line ends or characters outside ASCII"),
            "copy it again, without quotes",
        );
    }
    header_value(&format!("{scheme} {text}"), what)
}

/// A header value that is never shown.
pub(super) fn header_value(text: &str, what: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Error::config(format!("the {what} cannot be a header value")))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_checked_and_hidden() {
        let token = ApiToken::new(" SSWS 00abcDEF_canary \n").unwrap();
        assert_eq!(token.0, "SSWS 00abcDEF_canary");
        assert!(!format!("{token:?}").contains("canary"));
        assert_eq!(ApiToken::new("SSWSabc").unwrap().0, "SSWS SSWSabc");
        assert_eq!(Bearer::new("bearer eyJ").unwrap().0, "Bearer eyJ");
        for (bad, what) in [
            ("", "empty"),
            ("SSWS ", "empty"),
            ("{apiToken}", "placeholder"),
            ("canary canary", "blanks"),
            ("canary\ncanary", "blanks"),
            ("canaryä", "blanks"),
        ] {
            let error = ApiToken::new(bad).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}
