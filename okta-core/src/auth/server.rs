//! Which authorization server of the org issues the tokens, and where its endpoints are.

use http::Uri;
use url::Url;

use crate::error::{Error, Result};

/// An authorization server of an Okta org: the org's own, which issues tokens for Okta's APIs, or a
/// custom one, which issues tokens for APIs of yours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationServer {
    /// Id or name of a custom one, such as `default`.
    id: Option<String>,
    /// Scheme, host and port, if an issuer URL was given.
    origin: Option<String>,
}

/// The endpoints below an issuer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    Authorize,
    Token,
    Device,
    Revoke,
    Introspect,
    Keys,
}

impl Endpoint {
    fn path(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Token => "token",
            Self::Device => "device/authorize",
            Self::Revoke => "revoke",
            Self::Introspect => "introspect",
            Self::Keys => "keys",
        }
    }

    /// As errors name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorization endpoint",
            Self::Token => "token endpoint",
            Self::Device => "device authorization endpoint",
            Self::Revoke => "revocation endpoint",
            Self::Introspect => "introspection endpoint",
            Self::Keys => "keys endpoint",
        }
    }
}

const EXAMPLE: &str = "write https://acme.okta.com for the org's own, https://acme.okta.com/oauth2/{id} for a custom one";

impl AuthorizationServer {
    /// The org's own.
    pub fn org() -> Self {
        Self::default()
    }

    /// A custom one by its id or name, such as `default` or `aus1a2b3`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a text that is neither.
    pub fn custom(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        // The org server's endpoints stand below /oauth2/v1.
        if id.is_empty() || id == "v1" || !id.chars().all(plain) {
            return Err(
                Error::config(format!("{id:?} is no id of an authorization server"))
                    .with_hint("it is default, or begins with aus: Admin Console > Security > API"),
            );
        }
        Ok(Self {
            id: Some(id),
            origin: None,
        })
    }

    /// By the issuer URL, as it stands in the Admin Console and in the `iss` of tokens. It must be
    /// on the client's org; that is checked when a token is asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for a URL that is no Okta issuer.
    pub fn from_issuer(issuer: &str) -> Result<Self> {
        let bad =
            |what: &str| Err(Error::config(format!("the issuer URL {what}")).with_hint(EXAMPLE));
        let Ok(url) = Url::parse(issuer.trim()) else {
            return bad("is not a URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return bad("holds a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return bad("has a query or fragment");
        }
        let origin = Some(url.origin().ascii_serialization());
        let path = url.path().trim_end_matches('/');
        let id = match path.strip_prefix("/oauth2/") {
            _ if path.is_empty() => None,
            Some(id) => Self::custom(id)?.id,
            None => return bad("has a path that is not /oauth2/{id}"),
        };
        Ok(Self { id, origin })
    }

    /// The issuer at an org: `iss` of its tokens.
    pub fn issuer(&self, org_url: &str) -> String {
        match &self.id {
            None => org_url.to_owned(),
            Some(id) => format!("{org_url}/oauth2/{id}"),
        }
    }

    /// Credentials go to the client's org only.
    pub(super) fn check(&self, org_url: &str) -> Result<()> {
        match &self.origin {
            Some(origin) if origin != org_url => Err(Error::config(format!(
                "the issuer is at {origin}, but the client belongs to {org_url}"
            ))
            .with_hint("use the same host for both: the org's own domain, or its custom domain")),
            _ => Ok(()),
        }
    }

    pub(super) fn endpoint(&self, org_url: &str, endpoint: Endpoint) -> Result<Uri> {
        self.check(org_url)?;
        let server = match &self.id {
            None => String::new(),
            Some(id) => format!("/{id}"),
        };
        let path = format!("/oauth2{server}/v1/{}", endpoint.path());
        crate::call::absolute(org_url, &path).map_err(Error::config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: &str = "https://acme.okta.com";

    #[test]
    fn issuers_and_endpoints() {
        for (given, issuer, token) in [
            (
                "https://acme.okta.com/",
                "https://acme.okta.com",
                "https://acme.okta.com/oauth2/v1/token",
            ),
            (
                "https://acme.okta.com/oauth2/default",
                "https://acme.okta.com/oauth2/default",
                "https://acme.okta.com/oauth2/default/v1/token",
            ),
        ] {
            let server = AuthorizationServer::from_issuer(given).unwrap();
            assert_eq!(server.issuer(ORG), issuer);
            let uri = server.endpoint(ORG, Endpoint::Token).unwrap();
            assert_eq!(uri, token);
            let error = server.endpoint("https://evil.okta.com", Endpoint::Token);
            assert!(error.unwrap_err().to_string().contains("issuer is at"));
        }
        for (bad, what) in [
            ("acme", "not a URL"),
            ("https://me:pw@acme.okta.com", "user name"),
            ("https://acme.okta.com/oauth2", "path"),
            ("https://acme.okta.com/oauth2/a/b", "no id"),
            ("https://acme.okta.com/oauth2/v1", "no id"),
            ("https://acme.okta.com?x=1", "query"),
        ] {
            let error = AuthorizationServer::from_issuer(bad).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
        }
        assert!(AuthorizationServer::custom("a/../b").is_err());
    }
}
