//! A flow and the right to call it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use okta_core::{Client, ClientBuilder, Secret};
use serde::Serialize;

use super::endpoint::FlowEndpoint;
use super::error::{InvokeError, InvokeErrorKind};
use super::invocation::Invocation;
use super::operations::{INVOKE, INVOKE_GET, RESUME};
use super::pace::Pace;
use super::security::Security;

/// The platform closes after 60 s; a little more lets its answer arrive.
const ATTEMPT: Duration = Duration::from_secs(75);

/// A flow and the right to call it. Cloning is cheap; clones share connections and pace.
///
/// ```
/// use okta_workflows::invoke::{Flow, FlowEndpoint};
/// # fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "https://acme.workflows.okta.com/api/flo/0123456789abcdef0123456789abcdef/invoke";
/// let flow = Flow::with_client_token(FlowEndpoint::parse(url)?, "…".into())?;
/// // let badge: Badge = flow.invoke(&request).output().await?;
/// # Ok(()) }
/// # f().unwrap();
/// ```
#[derive(Clone)]
pub struct Flow {
    pub(super) client: Client,
    pub(super) endpoint: Arc<FlowEndpoint>,
    pub(super) pace: Arc<Pace>,
    security: Arc<Security>,
}

impl Flow {
    /// A flow with OAuth security: the org client's token is sent as a bearer token. The app needs
    /// the scope `okta.workflows.invoke.manage`, tokens of custom authorization servers don't work,
    /// and DPoP-bound ones are refused here before anything is sent.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] if the host cannot be called.
    pub fn with_oauth(endpoint: FlowEndpoint, org: &Client) -> Result<Self, InvokeError> {
        let builder = org.elsewhere(endpoint.origin());
        Self::build(endpoint, builder, Security::OAuth(org.clone()))
    }

    /// A flow with client-token security; the token goes in the header `x-api-client-token`.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] if the host cannot be called.
    pub fn with_client_token(endpoint: FlowEndpoint, token: Secret) -> Result<Self, InvokeError> {
        Self::build(
            endpoint,
            ClientBuilder::default(),
            Security::ClientToken(token),
        )
    }

    /// As [`with_client_token`](Self::with_client_token), with the token in the query, where proxies
    /// and logs may keep it: only if a header cannot be had.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] if the host cannot be called.
    pub fn with_client_token_in_query(
        endpoint: FlowEndpoint,
        token: Secret,
    ) -> Result<Self, InvokeError> {
        let security = Security::ClientTokenInQuery(token);
        Self::build(endpoint, ClientBuilder::default(), security)
    }

    /// A flow without security, or with the client token of its URL.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] if the host cannot be called.
    pub fn open(endpoint: FlowEndpoint) -> Result<Self, InvokeError> {
        let security = match endpoint.token() {
            Some(token) => Security::ClientToken(token.clone()),
            None => Security::Public,
        };
        Self::build(endpoint, ClientBuilder::default(), security)
    }

    /// The same flow over a client of your own making: proxy, transport, clock and retry are its;
    /// host and credential are the flow's.
    ///
    /// # Errors
    /// [`InvokeErrorKind::Endpoint`] if the host cannot be called.
    pub fn over(self, network: &Client) -> Result<Self, InvokeError> {
        let builder = network.elsewhere(self.endpoint.origin());
        let client = finish(builder, &self.endpoint, &self.security)?;
        Ok(Self { client, ..self })
    }

    fn build(
        endpoint: FlowEndpoint,
        builder: ClientBuilder,
        security: Security,
    ) -> Result<Self, InvokeError> {
        let security = Arc::new(security);
        let client = finish(builder, &endpoint, &security)?;
        Ok(Self {
            client,
            endpoint: Arc::new(endpoint),
            pace: Arc::default(),
            security,
        })
    }

    /// The token to put in the query, where the caller chose that.
    pub(super) fn query_token(&self) -> Option<&Secret> {
        match &*self.security {
            Security::ClientTokenInQuery(token) => Some(token),
            _ => None,
        }
    }

    /// Runs the flow with a JSON body (POST).
    pub fn invoke(&self, input: &impl Serialize) -> Invocation {
        Invocation::new(self, &INVOKE).json(input)
    }

    /// Runs the flow without a body (GET); values go in the query.
    pub fn get(&self) -> Invocation {
        Invocation::new(self, &INVOKE_GET)
    }

    /// Goes on with a paused execution; the answer is the flow's final output.
    pub fn resume(&self, execution_id: &str, input: &impl Serialize) -> Invocation {
        Invocation::new(self, &RESUME)
            .path("executionId", execution_id)
            .json(input)
    }

    /// The address, shortened.
    pub fn endpoint(&self) -> &FlowEndpoint {
        &self.endpoint
    }
}

fn finish(
    builder: ClientBuilder,
    endpoint: &FlowEndpoint,
    security: &Arc<Security>,
) -> Result<Client, InvokeError> {
    builder
        .org_url(endpoint.origin())
        .shared_credential(Arc::<Security>::clone(security))
        .attempt_timeout(ATTEMPT)
        .build()
        .map_err(|error| {
            InvokeError::new(
                InvokeErrorKind::Endpoint,
                format!("no client for the flow's host: {error}"),
            )
            .with_source(error)
        })
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
