//! The app that a connection is authorized for.

use std::sync::Arc;

use okta_core::Secret;
use okta_core::auth::Signer;
use url::Url;

use crate::catalogue::Endpoints;
use crate::error::{CardError, CardErrorKind};

/// How tokens are got.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A person signs in; the service sends them back to the redirect URI with a code.
    AuthorizationCode {
        /// Where the person comes back to; exactly as the app has it.
        redirect_uri: String,
    },
    /// A signed assertion for one user (RFC 7523), for servers. There is no refresh token: a new assertion renews.
    JwtBearer {
        /// Signs with the key whose certificate the app has.
        signer: Arc<dyn Signer>,
        /// User name to act as.
        subject: String,
        /// The authorization server's name for itself.
        audience: String,
    },
}

/// An OAuth app of a service.
#[derive(Clone, Debug)]
pub struct OAuthApp {
    pub(crate) login_url: String,
    pub(crate) endpoints: Endpoints,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) scopes: Vec<String>,
    pub(crate) grant: Grant,
    pub(crate) test_path: String,
}

impl OAuthApp {
    /// An app: where its authorization server is, and the paths there.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`] if a redirect URI or the client id cannot work.
    pub fn new(
        login_url: impl Into<String>,
        endpoints: Endpoints,
        client_id: impl Into<String>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
        grant: Grant,
    ) -> Result<Self, CardError> {
        let app = Self {
            login_url: login_url.into(),
            endpoints,
            client_id: client_id.into(),
            client_secret: None,
            scopes: scopes.into_iter().map(Into::into).collect(),
            grant,
            test_path: String::new(),
        };
        if app.client_id.trim().is_empty() {
            return Err(fault("the client id is missing"));
        }
        if let Grant::AuthorizationCode { redirect_uri } = &app.grant {
            check_redirect(redirect_uri)?;
        }
        Ok(app)
    }

    /// An app of an Okta org, such as the Okta Workflows OAuth app: authorization code with refresh.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn okta(
        org_url: impl Into<String>,
        client_id: impl Into<String>,
        redirect_uri: impl Into<String>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, CardError> {
        let endpoints = crate::builtin::info(crate::okta::KEY)
            .auth
            .endpoints
            .clone();
        let grant = Grant::AuthorizationCode {
            redirect_uri: redirect_uri.into(),
        };
        Ok(Self::new(org_url, endpoints, client_id, scopes, grant)?
            .test_path("/oauth2/v1/userinfo"))
    }

    /// The app's secret, if it has one.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// Path of a harmless GET that [`Connection::test`](crate::Connection::test) makes.
    #[must_use]
    pub fn test_path(mut self, path: impl Into<String>) -> Self {
        self.test_path = path.into();
        self
    }
}

pub(crate) fn fault(message: impl Into<String>) -> CardError {
    CardError::new(CardErrorKind::Connection, "", message)
}

/// A redirect URI must come back over TLS, or to this machine.
fn check_redirect(uri: &str) -> Result<(), CardError> {
    let url = Url::parse(uri).map_err(|_| fault("the redirect URI is not a URL"))?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.fragment().is_some() {
        return Err(fault(
            "the redirect URI has a fragment, which OAuth forbids",
        ));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        _ => Err(fault(
            "the redirect URI must be https, or http on this machine",
        )),
    }
}
