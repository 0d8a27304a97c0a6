//! Device authorization (RFC 8628): the user enters a code somewhere else.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::auth::AuthContext;
use crate::auth::app::App;
use crate::auth::server::Endpoint;
use crate::auth::token_endpoint::Issued;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Scopes;
use crate::secret::Secret;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Between two polls where the service names no interval.
const INTERVAL: f64 = 5.0;
/// What is added when the service wants it slower.
const SLOWER: Duration = Duration::from_secs(5);
const MAX_INTERVAL: Duration = Duration::from_secs(60);
/// No code lives longer.
const MAX_LIFETIME: f64 = 86_400.0;

type Progress = Box<dyn Fn(&DeviceProgress) + Send + Sync>;

/// Signs in without a browser on this machine: shows a code and an address, and polls until the
/// user has entered it there.
///
/// The app is a native app with the device authorization grant.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_core::DeviceSignIn;
/// let how = DeviceSignIn::new(|prompt| {
///     println!("go to {} and enter {}", prompt.verification_uri, prompt.user_code);
/// });
/// let signed_in = client.sign_in(how).await?;
/// # Ok(()) }
/// ```
pub struct DeviceSignIn {
    show: Box<dyn Fn(&DevicePrompt) + Send + Sync>,
    progress: Option<Progress>,
}

/// What to show to the user.
#[derive(Clone)]
#[non_exhaustive]
pub struct DevicePrompt {
    /// The code to enter.
    pub user_code: String,
    /// Where to enter it.
    pub verification_uri: String,
    /// The same with the code in it, for a link or a QR code.
    pub verification_uri_complete: Option<String>,
    /// How long the code lives.
    pub expires_in: Duration,
}

/// One poll without result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceProgress {
    /// Polls so far.
    pub polls: u32,
    /// Time until the next one.
    pub interval: Duration,
    /// How long the code still lives.
    pub left: Duration,
}

#[derive(Deserialize)]
struct Reply {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Option<f64>,
    interval: Option<f64>,
}

impl DeviceSignIn {
    /// `show` gets what the user needs. It must not block.
    pub fn new(show: impl Fn(&DevicePrompt) + Send + Sync + 'static) -> Self {
        Self {
            show: Box::new(show),
            progress: None,
        }
    }

    /// Called after every poll that found the user not finished yet.
    #[must_use]
    pub fn on_progress(
        mut self,
        progress: impl Fn(&DeviceProgress) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    pub(in crate::auth) async fn run(
        &self,
        cx: &AuthContext<'_>,
        app: &App,
        scopes: &Scopes,
    ) -> Result<Issued> {
        let fields = [("scope", scopes.to_string())];
        let answered = app.post_repeated(cx, Endpoint::Device, &fields).await?;
        let reply: Reply = serde_json::from_slice(&answered.reply.body)
            .map_err(|_| answered.odd("the answer is not a device authorization reply"))?;
        let seconds = |given: Option<f64>, default: f64, most: f64| {
            let given = given.filter(|given| given.is_finite());
            Duration::from_secs_f64(given.unwrap_or(default).clamp(0.0, most))
        };
        let expires_in = seconds(reply.expires_in, 600.0, MAX_LIFETIME);
        let mut interval = seconds(reply.interval, INTERVAL, MAX_INTERVAL.as_secs_f64())
            .max(Duration::from_secs(1));
        (self.show)(&DevicePrompt {
            user_code: reply.user_code,
            verification_uri: reply.verification_uri,
            verification_uri_complete: reply.verification_uri_complete,
            expires_in,
        });

        let fields = [
            ("grant_type", GRANT.to_owned()),
            ("device_code", reply.device_code.expose().to_owned()),
        ];
        let clock = &cx.runtime.clock;
        let end = clock.monotonic().saturating_add(expires_in);
        let mut polls = 0;
        loop {
            let left = end.saturating_sub(clock.monotonic());
            if interval >= left {
                return Err(expired());
            }
            clock.sleep(interval).await;
            polls += 1;
            match app.request_token(cx, &fields, scopes).await {
                Ok(issued) => return Ok(issued),
                Err(failure) => match failure.error.code() {
                    Some("authorization_pending") => {}
                    Some("slow_down") => interval = (interval + SLOWER).min(MAX_INTERVAL),
                    Some("access_denied") => {
                        return Err(failure.error.with_hint("the user refused; begin again"));
                    }
                    Some("expired_token") => return Err(expired().with_source(failure.error)),
                    // The connection, or the service, has a weak moment (section 3.5).
                    _ if failure.is_passing() => interval = (interval * 2).min(MAX_INTERVAL),
                    _ => return Err(failure.error),
                },
            }
            if let Some(progress) = &self.progress {
                progress(&DeviceProgress {
                    polls,
                    interval,
                    left: end.saturating_sub(clock.monotonic()),
                });
            }
        }
    }
}

fn expired() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "sign-in: the code expired before the user entered it",
    )
    .with_hint("begin again with a new code")
}

impl fmt::Debug for DevicePrompt {
    /// The code lets anyone who has it end the sign-in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePrompt")
            .field("verification_uri", &self.verification_uri)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DeviceSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSignIn")
    }
}
