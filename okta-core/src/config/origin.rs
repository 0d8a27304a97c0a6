//! The org URL: checked once, exact ever after.

use std::fmt;

use url::{Host, Url};

use crate::error::{Error, Result};

/// Scheme, host and port of an org; the only place credentials are sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    url: Url,
    text: String,
}

impl Origin {
    /// Checks an org URL. Plain `http` is accepted for loopback hosts and for the hosts named in
    /// `http_hosts`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that says what is wrong and what to write.
    pub fn parse(text: &str, http_hosts: &[String]) -> Result<Self> {
        let checks = Checks {
            http_hosts,
            ..Checks::default()
        };
        Self::checked(text, &checks)
    }

    pub(crate) fn checked(text: &str, checks: &Checks<'_>) -> Result<Self> {
        let text = text.trim();
        check(text, checks).map_err(|(what, hint)| {
            Error::config(format!("org URL {}: {what}", shown(text))).with_hint(hint)
        })
    }

    /// Without a trailing slash: `https://acme.okta.com`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// True if a request with this URI goes to the org.
    pub(crate) fn is_of(&self, uri: &http::Uri) -> bool {
        Url::parse(&uri.to_string()).is_ok_and(|url| url.origin() == self.url().origin())
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What is let through beside an https address of an org.
#[derive(Clone, Copy, Default)]
pub(crate) struct Checks<'a> {
    /// Hosts that plain http may go to.
    pub(crate) http_hosts: &'a [String],
    /// Plain http may go to the org's host, whichever it is.
    pub(crate) any_http: bool,
    /// The domain may be an Admin Console's, or look misspelt.
    pub(crate) any_domain: bool,
}

/// The text for an error, without user info and query: they may hold a password or token.
pub(crate) fn shown(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(s, r)| (s, r));
    let separator = if scheme.is_empty() { "" } else { "://" };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let shown = match rest[end..].contains('@') {
        // A password with such a character, or a query with an address: no telling where it ends.
        true => "…",
        false => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let user_info = rest[..end].rfind('@').map_or(0, |at| at + 1);
            &rest[user_info..]
        }
    };
    format!("\"{scheme}{separator}{shown}\"")
}

type Fault = (String, &'static str);

fn fault<T>(what: impl Into<String>, hint: &'static str) -> Result<T, Fault> {
    Err((what.into(), hint))
}

/// Where orgs have an Admin Console beside them under the same domain.
const OKTA_DOMAINS: [&str; 7] = [
    ".okta.com",
    ".oktapreview.com",
    ".okta-emea.com",
    ".okta-gov.com",
    ".okta.mil",
    ".okta-miltest.com",
    ".trex-govcloud.com",
];

const EXAMPLE: &str = "write the org's address only, such as https://acme.okta.com";

fn check(text: &str, checks: &Checks<'_>) -> Result<Origin, Fault> {
    if text.is_empty() {
        return fault(
            "it is missing",
            "give the builder org_url(\"https://acme.okta.com\") or set OKTA_CLIENT_ORGURL",
        );
    }
    if text.contains('{')
        || text.contains('}')
        || text.to_ascii_lowercase().contains("youroktadomain")
    {
        return fault(
            "it still holds a placeholder",
            "replace {yourOktaDomain} with the org's own domain, such as acme.okta.com",
        );
    }
    if !text.contains("://") {
        return fault("the scheme is missing", "put https:// in front");
    }
    if text.matches("://").count() > 1 {
        return fault("it holds two URLs", EXAMPLE);
    }
    let url = match Url::parse(text) {
        Ok(url) => without_final_dot(url),
        Err(error) => return fault(format!("it is not a URL ({error})"), EXAMPLE),
    };
    let Some(host) = url.host() else {
        return fault("it names no host", EXAMPLE);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return fault(
            "it holds a user name or password",
            "credentials go to the builder, not into the URL",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fault("it has a query or fragment", EXAMPLE);
    }
    if !matches!(url.path(), "" | "/") {
        return fault(format!("it has a path ({})", url.path()), EXAMPLE);
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&host) || checks.any_http => {}
        "http"
            if checks
                .http_hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(&host.to_string())) => {}
        "http" => {
            return fault(
                "plain http would send the credential readable",
                "use https; for a test server elsewhere, allow its host by name with allow_http_host",
            );
        }
        other => return fault(format!("{other} is not a scheme for it"), "use https"),
    }
    if let Host::Domain(domain) = &host
        && !checks.any_domain
    {
        let first = domain.split('.').next().unwrap_or_default();
        // A custom domain may be called so.
        let is_okta = OKTA_DOMAINS.iter().any(|okta| domain.ends_with(okta));
        if is_okta && first.ends_with("-admin") {
            return fault(
                "it is the address of the Admin Console",
                "leave out -admin: https://acme.okta.com, not https://acme-admin.okta.com",
            );
        }
        if domain.ends_with(".com.com") {
            return fault("the domain ends in .com.com", "remove one .com");
        }
    }
    let text = url.origin().ascii_serialization();
    Ok(Origin { url, text })
}

/// `acme.okta.com.` is the same host written from the root of DNS; as a `Host` header and in a
/// token's audience it would be another.
fn without_final_dot(mut url: Url) -> Url {
    if let Some(domain) = url.domain()
        && let Some(shorter) = domain.strip_suffix('.')
        && !shorter.is_empty()
    {
        let shorter = shorter.to_owned();
        // The rest of a valid domain is valid; if not, the dot stays.
        let _ = url.set_host(Some(&shorter));
    }
    url
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_urls_become_origins() {
        for (given, origin) in [
            ("https://acme.okta.com", "https://acme.okta.com"),
            (" https://Acme.okta.com:443/ ", "https://acme.okta.com"),
            ("https://acme.okta.com.", "https://acme.okta.com"),
            ("https://acme.okta.com.:8443/", "https://acme.okta.com:8443"),
            ("https://id.example.com:8443", "https://id.example.com:8443"),
            (
                "https://sso-admin.example.com",
                "https://sso-admin.example.com",
            ),
            ("http://localhost:3000/", "http://localhost:3000"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            (
                "https://administrators.okta.com",
                "https://administrators.okta.com",
            ),
        ] {
            assert_eq!(Origin::parse(given, &[]).unwrap().as_str(), origin);
        }
        let allowed = ["sandbox".to_owned()];
        assert!(Origin::parse("http://sandbox:80", &allowed).is_ok());
    }

    #[test]
    fn bad_urls_say_what_is_wrong() {
        for (given, what) in [
            ("", "missing"),
            ("https://{yourOktaDomain}", "placeholder"),
            ("https://yourOktaDomain.okta.com", "placeholder"),
            ("acme.okta.com", "scheme is missing"),
            ("http://acme.okta.com", "plain http"),
            ("ftp://acme.okta.com", "ftp"),
            ("https://acme-admin.okta.com", "Admin Console"),
            ("https://acme-admin.oktapreview.com/", "Admin Console"),
            ("https://acme-admin.okta-gov.com", "Admin Console"),
            ("https://acme-admin.okta.com.", "Admin Console"),
            ("https://acme-admin.okta-miltest.com", "Admin Console"),
            ("https://acme-admin.trex-govcloud.com", "Admin Console"),
            ("https://{{yourOktaDomain}}", "placeholder"),
            ("https://acme.com.com", ".com.com"),
            ("https://acme.okta.com.com", ".com.com"),
            ("https://acme.okta.com/api/v1", "path"),
            ("https://acme.okta.com?x=1", "query"),
            ("https://acme.okta.com/#a", "fragment"),
            ("https://https://acme.okta.com", "two URLs"),
            ("https://", "not a URL"),
            ("https://a b.okta.com", "not a URL"),
            ("http://sandbox", "plain http"),
        ] {
            let error = Origin::parse(given, &[]).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config);
            assert!(error.to_string().contains(what), "{given}: {error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_repeated() {
        for given in [
            "https://me:hunter22@acme.okta.com",
            "https://acme.okta.com?token=hunter22",
            "ftp://hunter22@x/hunter?hunter22",
            "https://me:hunter22/x@acme.okta.com",
            "https://me:hunter22#x@acme.okta.com",
            "https://me:hunter22?x@acme.okta.com",
            "me:hunter22/x@acme.okta.com",
            "https://acme.okta.com?mail=x@hunter22",
        ] {
            let error = Origin::parse(given, &[]).unwrap_err();
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
    }
}
