//! The address of a flow that begins with an API Endpoint card.

use std::fmt;

use okta_core::Secret;
use url::Url;

use super::error::{InvokeError, InvokeErrorKind};

/// Parent domains of the Workflows hosts; a tenant's own label stands before.
const HOSTS: [&str; 3] = [
    "workflows.okta.com",
    "workflows.oktapreview.com",
    "workflows.okta-emea.com",
];

/// A flow's API endpoint: `https://{subdomain}.workflows.okta.com/api/flo/{alias}/invoke`.
///
/// The alias of a public flow is all that a caller needs, so `Debug` and errors shorten it.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowEndpoint {
    origin: String,
    alias: String,
    query: Vec<(String, String)>,
    token: Option<Secret>,
}

impl FlowEndpoint {
    /// Reads the invoke URL as the console shows it. Hosts are those of Okta Workflows, and loopback
    /// for tests; others only by [`parse_at`](Self::parse_at).
    ///
    /// A `clientToken` in the URL is taken out and sent as a header; other query parameters are
    /// sent with each call.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] that says which part is wrong.
    pub fn parse(url: &str) -> Result<Self, InvokeError> {
        Self::parse_at(url, &[])
    }

    /// As [`parse`](Self::parse), for a host of your own, such as a reverse proxy: tokens go to the
    /// hosts named here, too, over https.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_at(url: &str, allowed_hosts: &[&str]) -> Result<Self, InvokeError> {
        let url = Url::parse(url.trim()).map_err(|error| {
            wrong(
                format!("not a URL: {error}"),
                "copy the invoke URL from the flow's API endpoint settings",
            )
        })?;
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let loopback = is_loopback(&url);
        let named = allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host));
        if !loopback && !named && !is_workflows(host) {
            return Err(wrong(
                format!("{host:?} is no host of Okta Workflows"),
                "expected {subdomain}.workflows.okta.com, .workflows.oktapreview.com or \
                 .workflows.okta-emea.com; allow another host by name with parse_at",
            ));
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(wrong(
                format!("scheme {:?}", url.scheme()),
                "a flow is called over https; plain http only at loopback",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "user name or password in the URL",
                "a flow takes an access token or a client token, not a password",
            ));
        }
        let alias = alias(&url)?;
        let mut query = Vec::new();
        let mut token = None;
        for (name, value) in url.query_pairs() {
            if name == "clientToken" {
                token = Some(Secret::new(value));
            } else {
                super::invocation::check_query_name(&name)?;
                query.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            alias,
            query,
            token,
        })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The flow's alias, the only secret of a public flow.
    pub fn alias(&self) -> &str {
        &self.alias
    }

    pub(super) fn query(&self) -> &[(String, String)] {
        &self.query
    }

    pub(super) fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }
}

impl fmt::Debug for FlowEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.alias.chars().take(4).collect();
        write!(f, "{}/api/flo/{shown}…/invoke", self.origin)
    }
}

fn wrong(what: impl fmt::Display, hint: &'static str) -> InvokeError {
    InvokeError::new(InvokeErrorKind::Endpoint, format!("flow URL: {what}")).with_hint(hint)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// One label before a Workflows domain; no deeper names.
fn is_workflows(host: &str) -> bool {
    HOSTS.iter().any(|parent| {
        host.strip_suffix(parent)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty() && !label.contains('.'))
    })
}

fn alias(url: &Url) -> Result<String, InvokeError> {
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let alias = match segments[..] {
        ["api", "flo", alias, "invoke" | "resume"] | ["api", "flo", alias] => alias,
        ["api", "flo", alias, "resume", _] => alias,
        ["api", "flow", ..] => {
            return Err(wrong(
                "the path segment is \"flow\"",
                "it is \"flo\": /api/flo/{alias}/invoke",
            ));
        }
        _ => {
            return Err(wrong(
                "the path is not that of an API endpoint",
                "expected /api/flo/{alias}/invoke; only flows that begin with an API Endpoint card have one",
            ));
        }
    };
    if alias.is_empty()
        || !alias
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    {
        return Err(wrong(
            "the alias has characters other than letters and digits",
            "it is 32 hexadecimal digits; copy the whole URL",
        ));
    }
    Ok(alias.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIAS: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn reads_what_the_console_shows() {
        for host in [
            "acme.workflows.okta.com",
            "acme.workflows.oktapreview.com",
            "acme.workflows.okta-emea.com",
        ] {
            let endpoint =
                FlowEndpoint::parse(&format!(" https://{host}/api/flo/{ALIAS}/invoke\n")).unwrap();
            assert_eq!(endpoint.origin(), format!("https://{host}"));
            assert_eq!(endpoint.alias(), ALIAS);
        }
        assert!(
            FlowEndpoint::parse(&format!("http://127.0.0.1:8080/api/flo/{ALIAS}/invoke")).is_ok()
        );
    }

    #[test]
    fn says_what_is_wrong() {
        for (url, what) in [
            ("acme", "not a URL"),
            ("https://workflows.okta.com/api/flo/ab/invoke", "no host"),
            (
                "https://a.b.workflows.okta.com/api/flo/ab/invoke",
                "no host",
            ),
            (
                "https://evilworkflows.okta.com/api/flo/ab/invoke",
                "no host",
            ),
            (
                "https://acme.workflows.okta.com.evil.example/api/flo/ab/invoke",
                "no host",
            ),
            ("http://acme.workflows.okta.com/api/flo/ab/invoke", "scheme"),
            (
                "https://me:pw@acme.workflows.okta.com/api/flo/ab/invoke",
                "password",
            ),
            (
                "https://acme.workflows.okta.com/api/flow/ab/invoke",
                "\"flow\"",
            ),
            ("https://acme.workflows.okta.com/app/folders/1", "path"),
            (
                "https://acme.workflows.okta.com/api/flo/a%20b/invoke",
                "alias",
            ),
            (
                "https://acme.workflows.okta.com/api/flo/ab/invoke?x-okta-workflows-x=1",
                "reserved",
            ),
        ] {
            let error = FlowEndpoint::parse(url).unwrap_err();
            assert_eq!(error.kind(), InvokeErrorKind::Endpoint, "{url}: {error}");
            assert!(error.to_string().contains(what), "{url}: {error}");
            assert!(!error.to_string().contains("pw@"));
            assert!(error.hint().is_some(), "{url}");
        }
        let own = "https://flows.acme.example/api/flo/ab/invoke";
        assert!(FlowEndpoint::parse(own).is_err());
        assert!(FlowEndpoint::parse_at(own, &["FLOWS.acme.example"]).is_ok());
    }

    #[test]
    fn a_token_in_the_url_is_kept_apart_and_hidden() {
        let url = format!(
            "https://acme.workflows.okta.com/api/flo/{ALIAS}/invoke?clientToken=hunter2hunter2&dry=1"
        );
        let endpoint = FlowEndpoint::parse(&url).unwrap();
        assert_eq!(endpoint.token().map(Secret::expose), Some("hunter2hunter2"));
        assert_eq!(endpoint.query(), [("dry".to_owned(), "1".to_owned())]);
        let shown = format!("{endpoint:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains(ALIAS),
            "{shown}"
        );
    }
}
