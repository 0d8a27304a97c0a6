//! A forgiving reader of `WWW-Authenticate` (RFC 9110 section 11.6.1).
//!
//! Real answers carry stray quotes after a value, single quotes, or no commas between parameters;
//! a strict reader would lose the one thing that matters, the missing scope.

use http::HeaderMap;

/// One challenge of a `WWW-Authenticate` header: a scheme and its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// All challenges of a reply, in the order they came.
    pub fn from_headers(headers: &HeaderMap) -> Vec<Self> {
        headers
            .get_all(http::header::WWW_AUTHENTICATE)
            .iter()
            .flat_map(|value| Self::parse(&String::from_utf8_lossy(value.as_bytes())))
            .collect()
    }

    /// Reads one header value; never fails, at worst it finds nothing.
    pub fn parse(header: &str) -> Vec<Self> {
        let mut challenges = Vec::new();
        let mut rest = header;
        loop {
            rest = rest
                .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\''));
            if rest.is_empty() {
                return challenges;
            }
            if let Some((name, after)) = parameter_name(rest) {
                let (value, after) = value(after);
                if challenges.is_empty() {
                    challenges.push(Self::default());
                }
                if let Some(challenge) = challenges.last_mut() {
                    challenge
                        .parameters
                        .push((name.to_ascii_lowercase(), value));
                }
                rest = after;
                continue;
            }
            let end = rest
                .find(|c: char| c.is_whitespace() || c == ',')
                .unwrap_or(rest.len());
            let word = &rest[..end];
            if word.bytes().all(is_token) {
                challenges.push(Self {
                    scheme: word.to_owned(),
                    parameters: Vec::new(),
                });
            }
            rest = &rest[end..];
        }
    }

    /// The scheme as sent: `Bearer`, `DPoP`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// A parameter by its lower-case name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// `error`: `insufficient_scope`, `invalid_token`, `use_dpop_nonce`, …
    pub fn error(&self) -> Option<&str> {
        self.get("error")
    }

    /// `error_description`.
    pub fn description(&self) -> Option<&str> {
        self.get("error_description")
    }

    /// `scope`, split at blanks.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.get("scope").unwrap_or("").split_whitespace()
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&*+-.^_`|~".contains(&byte)
}

/// `name =` at the start of the text, and what follows the equals sign.
fn parameter_name(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !is_token(byte))?;
    if end == 0 {
        return None;
    }
    let after = text[end..].trim_start().strip_prefix('=')?;
    Some((&text[..end], after.trim_start()))
}

fn value(text: &str) -> (String, &str) {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text
            .find(|c: char| c == ',' || c.is_whitespace())
            .unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            if let Some((_, escaped)) = chars.next() {
                value.push(escaped);
            }
        } else if c == quote && closes(&text[1 + at + 1..]) {
            return (value, &text[1 + at + 1..]);
        } else {
            value.push(c);
        }
    }
    // The closing quote is missing: take what is there.
    (value, "")
}

/// True if what follows a quote can follow a value: more stray quotes, then the end, a comma, or
/// the next `name=`.
fn closes(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['"', '\'']);
    let trimmed = rest.trim_start();
    trimmed.is_empty()
        || trimmed.starts_with(',')
        || (trimmed.len() < rest.len() && parameter_name(trimmed).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(header: &str) -> Challenge {
        let mut all = Challenge::parse(header);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn management_form() {
        let found = one(
            r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize", realm="http://acme.okta.com", scope="okta.groups.read", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/api/v1/groups/00g1""#,
        );
        assert_eq!(found.scheme(), "Bearer");
        assert_eq!(found.error(), Some("insufficient_scope"));
        assert_eq!(found.scopes().collect::<Vec<_>>(), ["okta.groups.read"]);
        assert_eq!(found.get("resource"), Some("/api/v1/groups/00g1"));
    }

    #[test]
    fn governance_form_with_three_quotes() {
        let found = one(
            r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize""", realm="http://acme.okta.com", scope="okta.governance.accessRequests.read", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/governance/api/v1/requests/1""#,
        );
        assert_eq!(found.error(), Some("insufficient_scope"));
        assert_eq!(
            found.get("authorization_uri"),
            Some("http://acme.okta.com/oauth2/v1/authorize")
        );
        assert_eq!(
            found.scopes().collect::<Vec<_>>(),
            ["okta.governance.accessRequests.read"]
        );
    }

    #[test]
    fn single_quotes_missing_commas_and_apostrophes() {
        let found =
            one("Bearer scope='okta.users.read okta.groups.read' error='insufficient_scope'");
        assert_eq!(found.scopes().count(), 2);
        assert_eq!(found.error(), Some("insufficient_scope"));
        let found = one(
            r#"DPoP algs="RS256 ES256", error="invalid_dpop_proof", error_description="'htu' claim in the DPoP proof JWT is invalid.""#,
        );
        assert_eq!(
            found.description(),
            Some("'htu' claim in the DPoP proof JWT is invalid.")
        );
        let found = one(r#"Bearer realm="a" scope="x" error=insufficient_scope"#);
        assert_eq!(found.error(), Some("insufficient_scope"));
    }

    #[test]
    fn two_challenges_and_rubbish() {
        let both = Challenge::parse(r#"DPoP algs="ES256", Bearer error="invalid_token""#);
        assert_eq!(both.len(), 2);
        assert_eq!(both[1].error(), Some("invalid_token"));
        assert!(Challenge::parse("").is_empty());
        assert_eq!(Challenge::parse(r#""""="#).len(), 0);
        let open = one(r#"Bearer scope="okta.users.read"#);
        assert_eq!(open.scopes().collect::<Vec<_>>(), ["okta.users.read"]);
        let escaped = one(r#"Bearer error_description="a \"b\" c", scope="s""#);
        assert_eq!(escaped.description(), Some("a \"b\" c"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(header in "[A-Za-z=,\"'\\\\ ä]{0,60}") {
            let _ = Challenge::parse(&header);
        }
    }
}
