//! Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::loopback::{Expected, Loopback};
use super::unguessable;
use crate::auth::app::App;
use crate::auth::failure::Retry;
use crate::auth::jwk::base64url;
use crate::auth::server::Endpoint;
use crate::auth::token_endpoint::Issued;
use crate::auth::{AuthContext, Dpop};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::within;
use crate::scope::Scopes;

type Open = Box<dyn Fn(&str) -> std::io::Result<()> + Send + Sync>;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Parameters that the flow sets itself.
const RESERVED: [&str; 10] = [
    "client_id",
    "response_type",
    "response_mode",
    "scope",
    "redirect_uri",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
];

/// Signs in with the browser of this machine: opens the org's sign-in page and listens on loopback
/// for its answer.
///
/// The app is a native or web app with the authorization code grant; its redirect URI must be
/// registered exactly as it is given here.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_core::BrowserSignIn;
/// let how = BrowserSignIn::new(|url| {
///     println!("open {url}");
///     Ok(())
/// });
/// let signed_in = client.sign_in(how.redirect_uri("http://localhost:8080/callback")).await?;
/// # Ok(()) }
/// ```
pub struct BrowserSignIn {
    open: Open,
    redirect_uri: Option<String>,
    timeout: Duration,
    parameters: Vec<(String, String)>,
}

/// What makes this authorization request this one.
struct Asked<'a> {
    state: &'a str,
    nonce: &'a str,
    challenge: &'a str,
}

impl BrowserSignIn {
    /// `open` gets the address of the sign-in page, to open it in a browser or to show it. It must
    /// not block.
    pub fn new(open: impl Fn(&str) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self {
            open: Box::new(open),
            redirect_uri: None,
            timeout: DEFAULT_TIMEOUT,
            parameters: Vec::new(),
        }
    }

    /// Where the browser comes back to: http on `localhost`, `127.0.0.1` or `[::1]`, any path; a
    /// free port is chosen if it names none. Default: `http://127.0.0.1:{free port}/callback`.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// How long the user may take. Default: 5 minutes.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// A parameter of the authorization request beside those of the flow: `login_hint`, `prompt`,
    /// `max_age`, `acr_values`, `idp`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Runs the flow; gives the tokens and the nonce that the ID token must carry.
    pub(in crate::auth) async fn run(
        &self,
        cx: &AuthContext<'_>,
        app: &App,
        scopes: &Scopes,
    ) -> Result<(Issued, String)> {
        if let Some((name, _)) = self
            .parameters
            .iter()
            .find(|(name, _)| RESERVED.contains(&name.as_str()))
        {
            return Err(Error::config(format!(
                "sign-in: the parameter {name} is set by the flow itself"
            )));
        }
        let listener = Loopback::bind(self.redirect_uri.as_deref()).await?;
        let verifier = Zeroizing::new(unguessable()?);
        let (state, nonce) = (unguessable()?, unguessable()?);
        let address = self.address(
            cx,
            app,
            scopes,
            &listener.redirect_uri,
            &Asked {
                state: &state,
                nonce: &nonce,
                challenge: &base64url(digest(&SHA256, verifier.as_bytes()).as_ref()),
            },
        )?;
        (self.open)(&address).map_err(|error| {
            Error::config("sign-in: the browser cannot be opened")
                .with_source(error)
                .with_hint("show the address to the user instead, or use DeviceSignIn")
        })?;

        let expected = Expected {
            state,
            issuer: app.server.issuer(cx.org_url()),
        };
        let refused = Arc::new(AtomicU32::new(0));
        let clock = &cx.runtime.clock;
        let end = clock.monotonic().saturating_add(self.timeout);
        let waiting = listener.code(expected, clock, &refused);
        let code = within(cx.runtime, Some(end), waiting)
            .await
            .unwrap_or_else(|| Err(self.too_late(refused.load(Ordering::Relaxed))))?;

        let fields = [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.expose().to_owned()),
            ("redirect_uri", listener.redirect_uri.clone()),
            ("code_verifier", verifier.to_string()),
        ];
        // A code counts once: it is sent again only if it did not arrive.
        let mut retry = Retry::new(false);
        loop {
            match app.request_token(cx, &fields, scopes).await {
                Ok(issued) => return Ok((issued, nonce)),
                Err(failure) => retry.after(cx, failure).await?,
            }
        }
    }

    /// The authorization request.
    fn address(
        &self,
        cx: &AuthContext<'_>,
        app: &App,
        scopes: &Scopes,
        redirect_uri: &str,
        asked: &Asked<'_>,
    ) -> Result<String> {
        let endpoint = app.server.endpoint(cx.org_url(), Endpoint::Authorize)?;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("client_id", &app.client_id)
            .append_pair("response_type", "code")
            .append_pair("scope", &scopes.to_string())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", asked.state)
            .append_pair("nonce", asked.nonce)
            .append_pair("code_challenge", asked.challenge)
            .append_pair("code_challenge_method", "S256");
        if app.dpop == Dpop::Always {
            // RFC 9449 section 10: the code is bound to the key, too.
            query.append_pair("dpop_jkt", &app.prover.thumbprint()?);
        }
        query.extend_pairs(&self.parameters);
        Ok(format!("{endpoint}?{}", query.finish()))
    }

    fn too_late(&self, refused: u32) -> Error {
        let strange = match refused {
            0 => String::new(),
            n => format!("; {n} answers that did not belong to it were refused"),
        };
        Error::new(
            ErrorKind::Timeout,
            format!(
                "nobody finished the sign-in within {} s{strange}",
                self.timeout.as_secs()
            ),
        )
        .with_hint("if the page showed an error, check that the redirect URI is registered with the app exactly as it is given here")
    }
}

impl fmt::Debug for BrowserSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSignIn")
            .field("redirect_uri", &self.redirect_uri)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
