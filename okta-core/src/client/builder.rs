//! Building a client: everything is checked here, before the first call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Client, DriftObserver, Inner};
use crate::auth::{ApiToken, Bearer, Credential, Dpop, PrivateKey, ServiceApp};
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::config::{AuthorizationMode, Config, Origin};
use crate::error::{Error, Result};
use crate::observe::{DriftLog, DriftReport, Event};
use crate::pacing::WaitForReset;
use crate::retry::RetryPolicy;
use crate::runtime::{EventObserver, Runtime, RuntimeParts};
use crate::secret::Secret;
use crate::transport::{HttpTransport, ProxyOptions, Transport, TransportOptions};

/// Total deadline of a call unless another is set.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);
/// Deadline of one attempt unless another is set; the service's own queries end after 30 s.
const DEFAULT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest answer unless another is set: 64 MiB.
const DEFAULT_MAX_RESPONSE: usize = 64 * 1024 * 1024;

type Wrap = Box<dyn FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send>;
type LazyCredential = Box<dyn FnOnce() -> Result<Arc<dyn Credential>> + Send>;

/// Builds a [`Client`]; from [`Client::builder`].
#[must_use = "a builder does nothing until build() is called"]
pub struct ClientBuilder {
    org_url: String,
    http_hosts: Vec<String>,
    credential: Option<LazyCredential>,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    retry: RetryPolicy,
    transport: Option<Arc<dyn Transport>>,
    wraps: Vec<Wrap>,
    options: TransportOptions,
    user_agent_suffix: Option<String>,
    max_response_bytes: usize,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    on_drift: Option<DriftObserver>,
    on_event: Option<EventObserver>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            org_url: String::new(),
            http_hosts: Vec::new(),
            credential: None,
            timeout: Some(DEFAULT_TIMEOUT),
            attempt_timeout: Some(DEFAULT_ATTEMPT_TIMEOUT),
            retry: RetryPolicy::default(),
            transport: None,
            wraps: Vec::new(),
            options: TransportOptions::default(),
            user_agent_suffix: None,
            max_response_bytes: DEFAULT_MAX_RESPONSE,
            clock: None,
            random: None,
            on_drift: None,
            on_event: None,
        }
    }
}

impl ClientBuilder {
    /// The org's address, such as `https://acme.okta.com`. Needed; there is no default host.
    pub fn org_url(mut self, url: impl Into<String>) -> Self {
        self.org_url = url.into();
        self
    }

    /// Any credential: a [`ServiceApp`], an [`ApiToken`], or your own.
    pub fn credential(mut self, credential: impl Credential) -> Self {
        self.credential = Some(Box::new(move || Ok(Arc::new(credential))));
        self
    }

    /// A credential that is shared with other clients of the same org.
    pub fn shared_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(Box::new(move || Ok(credential)));
        self
    }

    /// An API token of the org.
    pub fn api_token(mut self, token: impl Into<Secret>) -> Self {
        let token = token.into();
        self.credential = Some(Box::new(move || Ok(Arc::new(ApiToken::new(token)?))));
        self
    }

    /// An access token that somebody else renews.
    pub fn bearer(mut self, token: impl Into<Secret>) -> Self {
        let token = token.into();
        self.credential = Some(Box::new(move || Ok(Arc::new(Bearer::new(token)?))));
        self
    }

    /// A service app: client credentials with `private_key_jwt`, DPoP when the service asks.
    pub fn service_app(self, app: ServiceApp) -> Self {
        self.credential(app)
    }

    /// Total deadline of a call: token, waits and repeats included. Default 5 minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// No total deadline.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = None;
        self
    }

    /// Deadline of one attempt. Default 60 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Time to open a connection. Default 30 seconds. Only for the default transport.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = Some(timeout);
        self
    }

    /// How failures are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Another transport, such as [`testing::Canned`](crate::testing::Canned).
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Puts something in front of the transport, the default one or another: it sees every attempt,
    /// token requests included. Several wraps nest, the last one outermost.
    pub fn wrap_transport(
        mut self,
        wrap: impl FnOnce(Arc<dyn Transport>) -> Arc<dyn Transport> + Send + 'static,
    ) -> Self {
        self.wraps.push(Box::new(wrap));
        self
    }

    /// Text behind the SDK's own user agent, such as `my-tool/1.2`.
    pub fn user_agent_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.user_agent_suffix = Some(suffix.into());
        self
    }

    /// Longest accepted answer in bytes. Default 64 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Allows plain `http` to a host by its exact name, for a test server that is not on loopback.
    pub fn allow_http_host(mut self, host: impl Into<String>) -> Self {
        self.http_hosts.push(host.into());
        self
    }

    /// Root certificates beside the system's, as PEM text. Only for the default transport.
    pub fn extra_root_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.extra_roots_pem.push(pem.into());
        self
    }

    /// A proxy for all requests, token requests included, such as `http://proxy.example:3128`;
    /// `NO_PROXY` still counts. Without it the system's settings do. Only for the default
    /// transport.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        let login = self.options.proxy.take().and_then(|proxy| proxy.login);
        self.options.proxy = Some(ProxyOptions {
            url: url.into(),
            login,
        });
        self
    }

    /// User name and password for the [`proxy`](Self::proxy), which must be set first.
    pub fn proxy_login(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        if let Some(proxy) = &mut self.options.proxy {
            proxy.login = Some((user.into(), password.into()));
        }
        self
    }

    /// Another clock, such as [`testing::VirtualClock`](crate::testing::VirtualClock).
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Another source of jitter and identifiers.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Called with every deviation of an answer from the API description, on the calling task.
    pub fn on_drift(mut self, observer: impl Fn(&DriftReport<'_>) + Send + Sync + 'static) -> Self {
        self.on_drift = Some(Arc::new(observer));
        self
    }

    /// Called with attempts, waits and tokens, on the calling task.
    pub fn on_event(mut self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.on_event = Some(Arc::new(observer));
        self
    }

    /// A builder with settings from a [`Config`]; whatever is set on it afterwards counts more.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the settings make no credential.
    pub fn from_config(config: Config) -> Result<Self> {
        let mut builder = Self::default().org_url(config.org_url.clone().unwrap_or_default());
        match config.request_timeout {
            Some(0) => builder = builder.no_timeout(),
            Some(seconds) => builder = builder.timeout(Duration::from_secs(seconds)),
            None => {}
        }
        if let Some(seconds) = config.connection_timeout.filter(|&seconds| seconds > 0) {
            builder = builder.connect_timeout(Duration::from_secs(seconds));
        }
        if let Some(retries) = config.max_retries {
            builder.retry = builder.retry.max_retries(retries);
        }
        if let Some(seconds) = config.max_backoff.filter(|&seconds| seconds > 0) {
            let wait = Duration::from_secs(seconds);
            builder.retry = builder.retry.max_rate_limit_wait(wait);
        }
        if let Some(agent) = &config.user_agent {
            builder = builder.user_agent_suffix(agent);
        }
        if let Some(host) = &config.proxy_host {
            let port = config
                .proxy_port
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let scheme = if host.contains("://") { "" } else { "http://" };
            builder = builder.proxy(format!("{scheme}{host}{port}"));
            match (&config.proxy_username, &config.proxy_password) {
                (Some(user), Some(password)) => {
                    builder = builder.proxy_login(user, password.clone());
                }
                (None, None) => {}
                _ => {
                    return Err(Error::config(
                        "the proxy has a user name or a password, but not both",
                    ));
                }
            }
        }
        builder.credential = Some(Box::new(move || credential(config)));
        Ok(builder)
    }

    /// Checks everything and makes the client. No IO but reading the system's certificates and,
    /// where a key is given as a path, that file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that says what is wrong, where, and what to
    /// do.
    pub fn build(self) -> Result<Client> {
        let origin = Origin::parse(&self.org_url, &self.http_hosts)?;
        let credential = self.credential.ok_or_else(|| {
            Error::config("there is no credential")
                .with_hint("give the builder an api_token, a service_app or another credential")
        })?()?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let options = TransportOptions {
                    tls_required: origin.is_https(),
                    ..self.options
                };
                Arc::new(HttpTransport::new(&options)?)
            }
        };
        let transport = self
            .wraps
            .into_iter()
            .fold(transport, |inner, wrap| wrap(inner));
        let runtime = Runtime::new(RuntimeParts {
            origin,
            transport,
            clock: self
                .clock
                .unwrap_or_else(|| Arc::new(SystemClock::default())),
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
            user_agent: user_agent(self.user_agent_suffix.as_deref())?,
            max_response_bytes: self.max_response_bytes,
            on_event: self.on_event,
        });
        Ok(Client {
            inner: Arc::new(Inner {
                runtime,
                credential,
                retry: self.retry,
                timeout: self.timeout,
                attempt_timeout: self.attempt_timeout,
                pacer: Box::new(WaitForReset::default()),
                drift: DriftLog::default(),
                on_drift: self.on_drift,
            }),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// `okta-sdk-rust/0.1.0 rust linux/x86_64 suffix`.
fn user_agent(suffix: Option<&str>) -> Result<HeaderValue> {
    let mut text = format!(
        "okta-sdk-rust/{} rust {}/{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    if let Some(suffix) = suffix {
        text.push(' ');
        text.push_str(suffix);
    }
    HeaderValue::try_from(text)
        .map_err(|_| Error::config("the user agent suffix cannot be a header value"))
}

/// The credential that the settings describe.
fn credential(config: Config) -> Result<Arc<dyn Credential>> {
    let mode = config.authorization_mode.unwrap_or_else(|| {
        if config.token.is_none() && (config.private_key.is_some() || config.client_id.is_some()) {
            AuthorizationMode::PrivateKey
        } else {
            AuthorizationMode::Ssws
        }
    });
    let missing = |what: &str| {
        Error::config(format!("{what} is missing")).with_hint(
            "set OKTA_CLIENT_TOKEN for an API token, or OKTA_CLIENT_CLIENTID, OKTA_CLIENT_PRIVATEKEY and OKTA_CLIENT_SCOPES for a service app",
        )
    };
    Ok(match mode {
        AuthorizationMode::Ssws => Arc::new(ApiToken::new(
            config.token.ok_or_else(|| missing("OKTA_CLIENT_TOKEN"))?,
        )?),
        AuthorizationMode::Bearer => Arc::new(Bearer::new(
            config.token.ok_or_else(|| missing("OKTA_CLIENT_TOKEN"))?,
        )?),
        AuthorizationMode::PrivateKey => {
            let id = config
                .client_id
                .ok_or_else(|| missing("OKTA_CLIENT_CLIENTID"))?;
            let text = config
                .private_key
                .ok_or_else(|| missing("OKTA_CLIENT_PRIVATEKEY"))?;
            if config.scopes.is_empty() {
                return Err(missing("OKTA_CLIENT_SCOPES"));
            }
            let key = PrivateKey::from_any(text.expose(), config.private_key_id.as_deref())?;
            let mut app = ServiceApp::new(id, key, config.scopes)?;
            if let Some(enabled) = config.dpop_enabled {
                app = app.dpop(if enabled { Dpop::Always } else { Dpop::Never });
            }
            if let Some(minutes) = config.renewal_offset {
                app = app.renew_before_expiry(Duration::from_secs(minutes.saturating_mul(60)));
            }
            Arc::new(app)
        }
    })
}
