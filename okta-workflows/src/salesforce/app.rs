//! The connected app: hosts, scopes, grants.

use std::sync::Arc;

use okta_core::auth::{Algorithm, Signer};

use crate::catalogue::Endpoints;
use crate::error::CardError;
use crate::oauth::{Grant, OAuthApp};

/// Where people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SalesforceHost {
    /// `login.salesforce.com`.
    Production,
    /// `test.salesforce.com`.
    Sandbox,
    /// `{name}.my.salesforce.com`.
    MyDomain(String),
    /// `{name}--{sandbox}.sandbox.my.salesforce.com`.
    SandboxMyDomain {
        /// The My Domain name.
        name: String,
        /// The sandbox's name.
        sandbox: String,
    },
    /// Another URL: a site, a test server.
    Url(String),
}

impl SalesforceHost {
    /// The URL, without trailing slash.
    pub fn url(&self) -> String {
        match self {
            Self::Production => "https://login.salesforce.com".to_owned(),
            Self::Sandbox => "https://test.salesforce.com".to_owned(),
            Self::MyDomain(name) => format!("https://{name}.my.salesforce.com"),
            Self::SandboxMyDomain { name, sandbox } => {
                format!("https://{name}--{sandbox}.sandbox.my.salesforce.com")
            }
            Self::Url(url) => url.trim_end_matches('/').to_owned(),
        }
    }
}

/// Makes the [`OAuthApp`] of a Salesforce connected app.
#[derive(Clone, Debug)]
pub struct SalesforceApp;

impl SalesforceApp {
    /// Sign-in by a person: authorization code with PKCE and refresh.
    ///
    /// `scopes` must hold `full` or `api`, and `refresh_token` or `offline_access` (the two mean the same); such as
    /// `["api", "refresh_token"]`. The redirect URI is the app's callback URL, to the letter.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`](crate::CardErrorKind::Connection) that says which scope is missing, or what is
    /// wrong with the callback.
    pub fn for_person(
        host: &SalesforceHost,
        client_id: impl Into<String>,
        redirect_uri: impl Into<String>,
        scopes: &[&str],
    ) -> Result<OAuthApp, CardError> {
        check_host(host)?;
        if !scopes.iter().any(|scope| matches!(*scope, "full" | "api")) {
            return Err(fault(
                "the scopes hold neither full nor api: no card could call the API",
            ));
        }
        if !scopes
            .iter()
            .any(|scope| matches!(*scope, "refresh_token" | "offline_access"))
        {
            return Err(fault(
                "the scopes lack refresh_token (offline_access): the connection would end with its first session",
            )
            .with_hint("full does not include it: ask for it by name"));
        }
        let grant = Grant::AuthorizationCode {
            redirect_uri: redirect_uri.into(),
        };
        app(host, client_id, scopes, grant)
    }

    /// A server that signs as one user: JWT bearer. The app has the certificate of the key, which must be RSA, and
    /// the user is pre-authorized for the app.
    ///
    /// # Errors
    /// [`CardErrorKind::Connection`](crate::CardErrorKind::Connection) if the key cannot make RS256 signatures.
    pub fn for_server(
        host: &SalesforceHost,
        client_id: impl Into<String>,
        signer: impl Signer,
        username: impl Into<String>,
    ) -> Result<OAuthApp, CardError> {
        check_host(host)?;
        if signer.algorithm() != Algorithm::Rs256 {
            return Err(fault(format!(
                "Salesforce takes RS256 only, and the key makes {}",
                signer.algorithm()
            ))
            .with_hint("use an RSA key"));
        }
        let audience = match host {
            SalesforceHost::SandboxMyDomain { .. } => SalesforceHost::Sandbox.url(),
            SalesforceHost::MyDomain(_) => SalesforceHost::Production.url(),
            host => host.url(),
        };
        let grant = Grant::JwtBearer {
            signer: Arc::new(signer),
            subject: username.into(),
            audience,
        };
        app(host, client_id, &[], grant)
    }
}

fn app(
    host: &SalesforceHost,
    client_id: impl Into<String>,
    scopes: &[&str],
    grant: Grant,
) -> Result<OAuthApp, CardError> {
    let endpoints = Endpoints {
        authorize: "/services/oauth2/authorize".to_owned(),
        token: "/services/oauth2/token".to_owned(),
        revoke: "/services/oauth2/revoke".to_owned(),
    };
    let scopes = scopes.iter().copied();
    Ok(
        OAuthApp::new(host.url(), endpoints, client_id, scopes, grant)?
            .test_path("/services/oauth2/userinfo"),
    )
}

fn fault(message: impl Into<String>) -> CardError {
    CardError::new(crate::CardErrorKind::Connection, "", message)
}

/// Names that become part of a host name.
fn check_host(host: &SalesforceHost) -> Result<(), CardError> {
    let label = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match host {
        SalesforceHost::MyDomain(name) if !label(name) => Err(fault(
            "the My Domain name is only the part before .my.salesforce.com",
        )),
        SalesforceHost::SandboxMyDomain { name, sandbox } if !label(name) || !label(sandbox) => {
            Err(fault(
                "the My Domain and sandbox names are single words, as in acme--dev",
            ))
        }
        _ => Ok(()),
    }
}
