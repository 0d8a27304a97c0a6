//! Building a client: everything is checked here, before the first call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::{Client, DriftObserver, Inner};
use crate::auth::{ApiToken, Bearer, Credential, ServiceApp};
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::config::{Checks, Config, Explanation, Id, Origin, Settings, credential, shown_url};
use crate::error::{Error, Result};
use crate::observe::{
    DEFAULT_JOURNAL, DriftLog, DriftReport, Event, LevelFilter, Logs, Observer, Ring,
};
use crate::pacing::{Pacer, Pacing};
use crate::retry::RetryPolicy;
use crate::runtime::{OnEvent, Runtime, RuntimeParts};
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
    config: Config,
    org_url: Option<String>,
    http_hosts: Vec<String>,
    credential: Option<LazyCredential>,
    /// What code has set: a deadline, or that there is none.
    timeout: Option<Option<Duration>>,
    attempt_timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    pacing: Option<Pacing>,
    log_level: Option<LevelFilter>,
    transport: Option<Arc<dyn Transport>>,
    wraps: Vec<Wrap>,
    options: TransportOptions,
    user_agent_suffix: Option<String>,
    max_response_bytes: usize,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    on_drift: Option<DriftObserver>,
    observers: Vec<Arc<dyn Observer>>,
    journal_size: usize,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            config: Config::default(),
            org_url: None,
            http_hosts: Vec::new(),
            credential: None,
            timeout: None,
            attempt_timeout: Some(DEFAULT_ATTEMPT_TIMEOUT),
            retry: None,
            pacing: None,
            log_level: None,
            transport: None,
            wraps: Vec::new(),
            options: TransportOptions::default(),
            user_agent_suffix: None,
            max_response_bytes: DEFAULT_MAX_RESPONSE,
            clock: None,
            random: None,
            on_drift: None,
            observers: Vec::new(),
            journal_size: DEFAULT_JOURNAL,
        }
    }
}

impl ClientBuilder {
    /// The org's address, such as `https://acme.okta.com`. Needed; there is no default host.
    pub fn org_url(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        let shown = shown_url(&url);
        self.config.cover(Id::OrgUrl, shown.trim_matches('"'));
        self.org_url = Some(url);
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
        self.timeout = Some(Some(timeout));
        self.config
            .cover(Id::RequestTimeout, format!("{timeout:?}"));
        self
    }

    /// No total deadline.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = Some(None);
        self.config.cover(Id::RequestTimeout, "none");
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
        self.config
            .cover(Id::ConnectionTimeout, format!("{timeout:?}"));
        self
    }

    /// How failures are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self.config.cover(Id::MaxRetries, "by the retry policy");
        self.config.cover(Id::MaxBackoff, "by the retry policy");
        self
    }

    /// How the client keeps to the rate limits. Default: uses them fully, without meeting them.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        let shown = if pacing.is_on() { "true" } else { "false" };
        self.config.cover(Id::RateLimitEnable, shown);
        self.pacing = Some(pacing);
        self
    }

    /// The level up to which this client logs. Default: everything, so that the program's
    /// subscriber decides; `OFF` for nothing, not even spans.
    pub fn log_level(mut self, level: LevelFilter) -> Self {
        self.config.cover(Id::LogLevel, level.to_string());
        self.log_level = Some(level);
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
        let suffix = suffix.into();
        self.config.cover(Id::UserAgent, &suffix);
        self.user_agent_suffix = Some(suffix);
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
        self.config.cover(Id::CaFile, "PEM text");
        self
    }

    /// A certificate for mutual TLS: PEM text with the certificate (and the chain behind it) and
    /// with its private key. Only for the default transport.
    pub fn client_certificate(
        mut self,
        certificate_pem: impl Into<Vec<u8>>,
        key_pem: impl Into<Secret>,
    ) -> Self {
        self.options.identity = Some((certificate_pem.into(), key_pem.into()));
        self.config.cover(Id::ClientCertificate, "PEM text");
        self.config.cover(Id::ClientCertificateKey, "[redacted]");
        self
    }

    /// A proxy for all requests, token requests included, such as `http://proxy.example:3128`;
    /// `NO_PROXY` still counts. Without it the system's settings do. Only for the default
    /// transport.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        let login = self.options.proxy.take().and_then(|proxy| proxy.login);
        let shown = shown_url(&url);
        self.config.cover(Id::ProxyHost, shown.trim_matches('"'));
        self.options.proxy = Some(ProxyOptions { url, login });
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

    /// Called with calls, attempts, waits and tokens, on the calling task. Several observers may
    /// listen.
    pub fn on_event(self, observer: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer(OnEvent(observer))
    }

    /// As [`on_event`](Self::on_event), with a type of its own, such as
    /// [`Metrics`](crate::observe::Metrics).
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// How many calls [`Client::journal`] remembers. Default 100; 0 for none.
    pub fn journal_size(mut self, calls: usize) -> Self {
        self.journal_size = calls;
        self
    }

    /// A builder with settings from a [`Config`]; whatever is set on it afterwards counts more.
    /// Wrong and missing values are found by [`build`](Self::build).
    pub fn from_config(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// Each setting with its value and origin, secrets redacted, and what keeps the client from
    /// being built, before it is built.
    pub fn explain(&self) -> Explanation {
        let resolved = self.config.resolve(self.credential.is_some());
        let org = self.checked_origin(&resolved.settings);
        let mut explanation = resolved.explain();
        if let Err(error) = org {
            explanation.faults.push(error.to_string());
        }
        explanation
    }

    fn checked_origin(&self, settings: &Settings) -> Result<Origin> {
        let text = self.org_url.as_ref().or(settings.org_url.as_ref());
        let checks = Checks {
            http_hosts: &self.http_hosts,
            any_http: settings.any_http,
            any_domain: settings.any_domain,
        };
        Origin::checked(text.map_or("", String::as_str), &checks)
    }

    /// Checks everything and makes the client. No IO but reading the system's certificates and,
    /// where a key or a certificate is given as a path, that file.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that says what is wrong, where, and what to
    /// do; all that is wrong stands in one error.
    pub fn build(self) -> Result<Client> {
        let explanation = self.explain();
        let resolved = self.config.resolve(self.credential.is_some());
        let mut faults: Vec<Error> = resolved.faults.iter().map(Error::config).collect();
        let settings = resolved.settings;
        let origin = kept(self.checked_origin(&settings), &mut faults);
        let credential = match self.credential {
            Some(credential) => kept(credential(), &mut faults),
            // Without a complete credential there is nothing to read; the fault is named already.
            None if resolved.faults.is_empty() => kept(credential(settings.clone()), &mut faults),
            None => None,
        };
        let user_agent = kept(
            user_agent(
                self.user_agent_suffix
                    .as_ref()
                    .or(settings.user_agent.as_ref()),
            ),
            &mut faults,
        );
        let transport = match self.transport {
            Some(transport) => Some(transport),
            None => {
                let tls_required = origin.as_ref().is_some_and(Origin::is_https);
                let options = self.options.with_settings(&settings, tls_required);
                let made = options.and_then(|options| HttpTransport::new(&options));
                kept(made, &mut faults).map(|transport| Arc::new(transport) as Arc<dyn Transport>)
            }
        };
        let (Some(origin), Some(credential), Some(user_agent), Some(transport), true) =
            (origin, credential, user_agent, transport, faults.is_empty())
        else {
            return Err(joined(faults));
        };
        let transport = self
            .wraps
            .into_iter()
            .fold(transport, |inner, wrap| wrap(inner));
        let runtime = Arc::new(Runtime::new(RuntimeParts {
            origin,
            transport,
            clock: self
                .clock
                .unwrap_or_else(|| Arc::new(SystemClock::default())),
            random: self.random.unwrap_or_else(|| Arc::new(SystemRandom)),
            user_agent,
            max_response_bytes: self.max_response_bytes,
            observers: self.observers,
            logs: self
                .log_level
                .or(settings.log_level)
                .map(Logs)
                .unwrap_or_default(),
        }));
        let pacing = self.pacing.unwrap_or_else(|| match settings.pacing {
            Some(false) => Pacing::off(),
            _ => Pacing::default(),
        });
        let pacer = Arc::new(Pacer::new(&pacing, &runtime)?);
        Ok(Client {
            inner: Arc::new(Inner {
                runtime,
                credential,
                retry: self.retry.unwrap_or_else(|| retry(&settings)),
                timeout: match (self.timeout, settings.request_timeout) {
                    (Some(timeout), _) => timeout,
                    (None, Some(Duration::ZERO)) => None,
                    (None, Some(timeout)) => Some(timeout),
                    (None, None) => Some(DEFAULT_TIMEOUT),
                },
                attempt_timeout: self.attempt_timeout,
                pacer,
                drift: DriftLog::default(),
                on_drift: self.on_drift,
                explanation,
                journal: Ring::new(self.journal_size),
            }),
        })
    }
}

/// The value, or its error kept for later.
fn kept<T>(result: Result<T>, faults: &mut Vec<Error>) -> Option<T> {
    result.map_err(|error| faults.push(error)).ok()
}

/// All faults as one error.
fn joined(mut faults: Vec<Error>) -> Error {
    const HINT: &str = "set what is named here in code, in the environment or in okta.yaml; ClientBuilder::explain() shows where each value comes from";
    match (faults.pop(), faults.is_empty()) {
        (Some(only), true) if only.hint().is_some() => only,
        (Some(only), true) => only.with_hint(HINT),
        (Some(last), false) => {
            faults.push(last);
            let texts: Vec<String> = faults
                .iter()
                .map(|fault| fault.to_string().replacen("configuration: ", "", 1))
                .collect();
            let count = texts.len();
            Error::config(format!("{count} faults: {}", texts.join("; "))).with_hint(HINT)
        }
        (None, _) => Error::config("the client cannot be built"),
    }
}

fn retry(settings: &Settings) -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    if let Some(retries) = settings.max_retries {
        retry = retry.max_retries(retries);
    }
    if let Some(wait) = settings.max_backoff.filter(|wait| !wait.is_zero()) {
        retry = retry.max_rate_limit_wait(wait);
    }
    retry
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

/// `okta-sdk-rust/0.1.0 rust linux/x86_64 suffix`.
fn user_agent(suffix: Option<&String>) -> Result<HeaderValue> {
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
