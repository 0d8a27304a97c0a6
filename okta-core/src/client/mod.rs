//! The client: one org, one credential, shared by all clones.

mod attempt;
mod builder;
mod elsewhere;
mod outcome;
mod preflight;
mod send;
mod waits;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

pub(crate) use attempt::fault_of;
pub use builder::ClientBuilder;
pub use preflight::{MissingScope, Preflight};

use crate::auth::{AuthContext, Credential, Introspection, SignIn, SignedIn};
use crate::call::{BoxFuture, Call, CallFuture, PreparedRequest, UntypedCall, prepare};
use crate::clock::{Clock, Random};
use crate::config::{Config, Explanation, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Drift;
use crate::observe::{
    ClientStats, DriftLog, DriftReport, DriftSummary, Journal, LevelFilter, Logs, Ring, Stats,
};
use crate::operation::{Operation, OperationInfo};
use crate::pacing::{BucketName, Forecast, Pacer, RateLimitState};
use crate::response::RawResponse;
use crate::retry::RetryPolicy;
use crate::runtime::{Runtime, within};
use crate::scope::Scopes;

type DriftObserver = Arc<dyn Fn(&DriftReport<'_>) + Send + Sync>;

/// A client of one Okta org. Cloning is cheap; clones share connections, token and counters.
///
/// Operations come from extension traits of the API crates: `client.users().list()`.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    runtime: Arc<Runtime>,
    credential: Arc<dyn Credential>,
    retry: RetryPolicy,
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    pacer: Arc<Pacer>,
    drift: DriftLog,
    on_drift: Option<DriftObserver>,
    explanation: Explanation,
    journal: Ring,
}

impl Client {
    /// Starts a client: org URL and credential are needed, everything else has a default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client by the program's surroundings: `OKTA_CLIENT_*` variables, `./okta.yaml`,
    /// `~/.okta/okta.yaml`, by the names that all Okta SDKs share; see [`config`](crate::config).
    ///
    /// # Errors
    /// [`ErrorKind::Config`], naming everything that is missing or wrong.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_config(Config::load()?).build()
    }

    /// As [`from_env`](Self::from_env), with a profile of `okta.yaml`.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env); an unknown profile's error lists those that exist.
    pub fn from_profile(name: impl Into<String>) -> Result<Self> {
        ClientBuilder::from_config(Config::profile(name)?).build()
    }

    /// Each setting of this client with its value and origin, secrets redacted; prints as a table.
    pub fn explain(&self) -> &Explanation {
        &self.inner.explanation
    }

    /// The org's address, without trailing slash.
    pub fn org_url(&self) -> &str {
        self.inner.runtime.origin.as_str()
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.inner.runtime.origin
    }

    /// Sends an operation that is not attached to a client.
    pub fn send<O: Operation>(&self, operation: O) -> CallFuture<O::Output> {
        let mut call = operation.into_call();
        call.set_client(self);
        CallFuture::new(call, O::decode)
    }

    /// Any method and path, `{name}` places included: what the SDK does not know yet, with the
    /// same credential, retry, paging and errors.
    ///
    /// ```no_run
    /// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
    /// let reply = client
    ///     .call("GET", "/api/v1/users/{id}")
    ///     .path("id", "ana@example.com")
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A method that is none (`"GE T"`) fails when the call is sent.
    pub fn call(
        &self,
        method: impl TryInto<Method>,
        path: impl Into<Cow<'static, str>>,
    ) -> UntypedCall {
        UntypedCall::new(self, method.try_into().ok(), path.into())
    }

    /// The request of a call as it would be sent, without credentials and IO.
    ///
    /// # Errors
    /// [`ErrorKind::Request`] if it cannot be sent as it is.
    pub fn prepare(&self, call: &Call) -> Result<PreparedRequest> {
        prepare(call, self.org_url())
    }

    /// Sends a prepared request; credentials are added now.
    ///
    /// A request that was prepared for another org is refused with [`ErrorKind::Request`].
    pub fn send_prepared(&self, request: PreparedRequest) -> CallFuture<RawResponse> {
        CallFuture::from_raw(self.execute_prepared(request), Ok)
    }

    pub(crate) fn execute_prepared(
        &self,
        request: PreparedRequest,
    ) -> BoxFuture<Result<RawResponse>> {
        let client = self.clone();
        Box::pin(async move { client.send_request(request).await })
    }

    /// Gets a new access token now, for example after a scope was granted to the app. Nothing
    /// happens for API tokens and static bearers.
    ///
    /// # Errors
    /// [`ErrorKind::Token`] with what the token endpoint said.
    pub fn renew_token(&self) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let client = self.clone();
        async move {
            let uri = client.root_uri()?;
            let cx = client.auth_context(&uri);
            let renewing = client.inner.credential.renew(&cx);
            client.in_time(&cx, renewing).await
        }
    }

    /// Signs a user in; the credential must be a [`UserApp`](crate::UserApp). A session that is
    /// there already is replaced; it is not ended at the service.
    ///
    /// The client's total deadline does not count here: each way of signing in has its own.
    ///
    /// # Errors
    /// [`ErrorKind::Token`] with what the authorization server said, also if the ID token does not
    /// pass its checks; [`ErrorKind::Timeout`] if the user did not finish in time;
    /// [`ErrorKind::Config`] for other credentials, a busy port, a token store that is not safe.
    pub fn sign_in(
        &self,
        how: impl Into<SignIn>,
    ) -> impl Future<Output = Result<SignedIn>> + Send + 'static {
        let (client, how) = (self.clone(), how.into());
        async move {
            let uri = client.root_uri()?;
            let cx = AuthContext {
                deadline: None,
                ..client.auth_context(&uri)
            };
            client.inner.credential.sign_in(&cx, &how).await
        }
    }

    /// Ends the session: revokes the tokens at the service and forgets them, stored ones included.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for credentials without a token of their own (API token, static
    /// bearer); [`ErrorKind::Token`] if the service refuses. The tokens are forgotten all the same.
    pub fn sign_out(&self) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let client = self.clone();
        async move {
            let uri = client.root_uri()?;
            let cx = client.auth_context(&uri);
            client
                .in_time(&cx, client.inner.credential.sign_out(&cx))
                .await
        }
    }

    /// What the service knows of the present access token: whether it still counts, its scopes,
    /// whom it is about. Gets a token if there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for credentials without a token of their own (API token, static
    /// bearer); [`ErrorKind::Token`] if the service refuses.
    pub fn introspect_token(
        &self,
    ) -> impl Future<Output = Result<Introspection>> + Send + 'static + use<> {
        let client = self.clone();
        async move {
            let uri = client.root_uri()?;
            let cx = client.auth_context(&uri);
            client
                .in_time(&cx, client.inner.credential.introspect(&cx))
                .await
        }
    }

    /// Scopes of the present access token; `None` before the first token and for credentials
    /// without scopes.
    pub fn granted_scopes(&self) -> Option<Scopes> {
        self.inner.credential.granted_scopes()
    }

    /// Client id of the app that this client acts as; `None` for API tokens and static bearer tokens.
    pub fn client_id(&self) -> Option<&str> {
        self.inner.credential.client_id()
    }

    /// Total deadline of a call that sets none.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.inner.timeout
    }

    /// The clock that this client's waits and deadlines go by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.runtime.clock)
    }

    /// Where this client's jitter and identifiers come from.
    pub fn random(&self) -> Arc<dyn Random> {
        Arc::clone(&self.inner.runtime.random)
    }

    /// What was counted so far.
    pub fn stats(&self) -> ClientStats {
        self.inner.runtime.stats.snapshot()
    }

    /// The last calls with status, request id, timing and waits, to show to support.
    pub fn journal(&self) -> Journal {
        self.inner.journal.snapshot()
    }

    /// The rate limits as the client knows them now, with what is under way and waits.
    pub fn rate_limits(&self) -> RateLimitState {
        self.inner.pacer.snapshot(&self.inner.runtime)
    }

    /// How long so many calls of a bucket will take at the present limit, share and use. The bucket
    /// is given by its name or by an operation of it: `users::List::INFO`.
    ///
    /// What it tells is learnt from answers: before the first one the limit is not known.
    pub fn forecast(&self, bucket: impl Into<BucketName>, calls: u64) -> Forecast {
        self.inner
            .pacer
            .forecast(&self.inner.runtime, bucket.into(), calls)
    }

    pub(crate) fn logs(&self) -> Logs {
        self.inner.runtime.logs
    }

    /// The level up to which this client logs; see
    /// [`ClientBuilder::log_level`](crate::ClientBuilder::log_level).
    pub fn log_level(&self) -> LevelFilter {
        self.inner.runtime.logs.0
    }

    pub(crate) fn stats_counters(&self) -> &Stats {
        &self.inner.runtime.stats
    }

    /// Where answers differed from the API description so far.
    pub fn drift(&self) -> DriftSummary {
        self.inner.drift.summary()
    }

    pub(crate) fn report_drift(&self, info: &OperationInfo, path: &str, drift: Vec<Drift>) {
        let operation = if info.id.is_empty() { path } else { info.id };
        self.inner.runtime.stats.drifts(drift.len() as u64);
        self.inner.drift.add(operation, &drift);
        if let Some(observer) = &self.inner.on_drift {
            observer(&DriftReport {
                operation,
                drift: &drift,
            });
        }
    }

    /// Where token requests of no particular call come from.
    fn root_uri(&self) -> Result<http::Uri> {
        crate::call::absolute(self.org_url(), "/")
            .map_err(|error| Error::new(ErrorKind::Config, error))
    }

    /// For token requests outside of a call; they have a call's deadline.
    fn auth_context<'a>(&'a self, uri: &'a http::Uri) -> AuthContext<'a> {
        let runtime = &self.inner.runtime;
        AuthContext {
            runtime,
            pacer: &self.inner.pacer,
            operation: None,
            method: &Method::GET,
            uri,
            attempt: 1,
            deadline: self
                .inner
                .timeout
                .map(|timeout| runtime.clock.monotonic().saturating_add(timeout)),
            attempt_timeout: self.inner.attempt_timeout,
            challenges: &[],
            retry: &self.inner.retry,
            renewed: false,
        }
    }

    /// The deadline counts for waiting behind another fetch too.
    async fn in_time<T>(
        &self,
        cx: &AuthContext<'_>,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        within(&self.inner.runtime, cx.deadline, work)
            .await
            .unwrap_or_else(|| {
                Err(Error::new(
                    ErrorKind::Timeout,
                    "no access token before the deadline",
                ))
            })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("org_url", &self.org_url())
            .field("credential", &self.inner.credential)
            .finish_non_exhaustive()
    }
}

// Promised to users; checked here.
const _: () = {
    const fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    const fn owned<T: Send + Unpin + 'static>() {}
    shared::<Client>();
    shared::<Error>();
    owned::<CallFuture<RawResponse>>();
    owned::<crate::paging::PageStream<crate::model::Json>>();
    owned::<crate::paging::ItemStream<crate::model::Json>>();
};
