//! Workflows: API-endpoint flows, whose steps are closures of the test's own, and the steps of
//! delegated ones; what else there is to those stands in `access_requests`.
//!
//! An endpoint stands at `/api/flo/{alias}/invoke` of the sandbox's own URL; a flow that paused
//! goes on at `/api/flo/{alias}/resume/{executionId}`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::access_requests::Steps as Delegated;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::oauth::access::{self, Principal};
use crate::pipeline::Shared;
use crate::sandbox::Sandbox;
use crate::table::Operation;

/// The scope that invoking a flow takes.
pub(crate) const SCOPE: &str = "okta.workflows.invoke.manage";

/// Calls a second that a flow takes.
const PER_SECOND: u32 = 10;

static INVOKE: Operation = Operation {
    id: "invokeFlow",
    method: "POST",
    path: "/api/flo/{alias}/invoke",
    api: "management",
    scopes: &[SCOPE],
    public: false,
    paged: false,
    success: 200,
    identity_engine: false,
};

/// How a caller of a flow's endpoint proves itself.
#[derive(Clone)]
#[non_exhaustive]
pub enum FlowSecurity {
    /// Anybody who knows the alias.
    Open,
    /// The client token, as `clientToken` in the query or in `x-api-client-token`.
    ClientToken(String),
    /// An access token of the org authorization server with `okta.workflows.invoke.manage`; of
    /// one of these clients, where any are listed.
    OAuth(Vec<String>),
}

impl fmt::Debug for FlowSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::ClientToken(_) => "ClientToken",
            Self::OAuth(_) => "OAuth",
        })
    }
}

/// What a flow sees of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FlowCall {
    /// `GET` or `POST`.
    pub method: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Query parameters; the client token is not among them.
    pub query: BTreeMap<String, String>,
    /// JSON, or a text where the body is none; null without a body.
    pub body: Value,
    /// Id of this run; a resumed run has the id of the paused one.
    pub execution_id: String,
    /// The client whose access token came with the call.
    pub client_id: Option<String>,
    /// True if the call goes on with a paused run.
    pub resumed: bool,
}

/// What a flow answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FlowReply {
    /// Card Return: 200 with this JSON.
    Return(Value),
    /// Card Return Raw: status, headers and body as they are.
    Raw {
        /// HTTP status.
        status: u16,
        /// Header lines.
        headers: Vec<(String, String)>,
        /// Body text.
        body: String,
    },
    /// Card Return Error.
    Error {
        /// HTTP status.
        status: u16,
        /// What went wrong.
        message: String,
    },
    /// Card Pause: answers at once with this JSON and the execution's id; the run goes on when it
    /// is resumed.
    Pause(Value),
}

type Steps = Arc<dyn Fn(&FlowCall) -> FlowReply + Send + Sync>;

struct Flow {
    security: FlowSecurity,
    active: bool,
    steps: Steps,
    paused: HashSet<String>,
    /// The second last counted, and the calls in it.
    counted: (i64, u32),
}

/// The flows of a sandbox.
#[derive(Default)]
pub(crate) struct Flows {
    endpoints: HashMap<String, Flow>,
    /// Steps of delegated flows, by the flow's id.
    delegated: HashMap<String, Delegated>,
    running: Vec<JoinHandle<()>>,
    /// Where runs go on, whoever began them.
    runtime: Option<Handle>,
}

impl fmt::Debug for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flows")
            .field("endpoints", &self.endpoints.len())
            .field("delegated", &self.delegated.len())
            .finish()
    }
}

/// The shared flows; a panic in a step leaves them as they are.
#[derive(Debug, Default)]
pub(crate) struct SharedFlows(Mutex<Flows>);

impl SharedFlows {
    fn lock(&self) -> MutexGuard<'_, Flows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs go on in this runtime.
    pub(crate) fn run_on(&self, runtime: Handle) {
        self.lock().runtime = Some(runtime);
    }

    pub(crate) fn add_delegated(&self, id: &str, steps: Delegated) {
        self.lock().delegated.insert(id.to_owned(), steps);
    }

    pub(crate) fn delegated(&self, id: &str) -> Option<Delegated> {
        self.lock().delegated.get(id).map(Arc::clone)
    }

    /// Lets a run go on by itself.
    pub(crate) fn spawn(&self, run: impl Future<Output = ()> + Send + 'static) {
        let mut flows = self.lock();
        flows.running.retain(|one| !one.is_finished());
        if let Some(runtime) = &flows.runtime {
            let run = runtime.spawn(run);
            flows.running.push(run);
        }
    }

    /// Waits until nothing runs any more.
    pub(crate) async fn settled(&self) {
        loop {
            let next = self.lock().running.pop();
            match next {
                // A run that panicked has ended, too.
                Some(run) => drop(run.await),
                None => return,
            }
        }
    }
}

/// True for paths of flow endpoints.
pub(crate) fn is_flow(request: &Request) -> bool {
    request.path.starts_with("/api/flo/")
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "error": { "statusCode": status, "message": message } }),
    )
}

/// Answers a call of a flow's endpoint.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    call(shared, request).unwrap_or_else(|refused| refused)
}

fn call(shared: &Shared, request: &Request) -> Result<Answer, Answer> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let (alias, execution) = match segments[..] {
        ["api", "flo", alias, "invoke"] => (alias, None),
        ["api", "flo", alias, "resume", execution] => (alias, Some(execution)),
        _ => return Err(error(404, "Not Found")),
    };
    if !matches!(request.method.as_str(), "GET" | "POST") {
        return Err(error(405, "Method Not Allowed"));
    }
    let (security, active) = {
        let flows = shared.flows.lock();
        let flow = flows
            .endpoints
            .get(alias)
            .ok_or_else(|| error(404, "Not Found"))?;
        (flow.security.clone(), flow.active)
    };
    let client_id = prove(shared, request, &security)?;
    if !active {
        return Err(error(400, "Not Active"));
    }
    let mut org = shared.org();
    let now = org.clock.now().as_second();
    let execution_id = execution.map_or_else(|| org.dice.uuid(), str::to_owned);
    drop(org);
    let steps = {
        let mut flows = shared.flows.lock();
        let flow = flows
            .endpoints
            .get_mut(alias)
            .ok_or_else(|| error(404, "Not Found"))?;
        if flow.counted.0 != now {
            flow.counted = (now, 0);
        }
        flow.counted.1 += 1;
        if flow.counted.1 > PER_SECOND {
            return Err(error(429, "Too Many Requests").with("retry-after", "1"));
        }
        if execution.is_some() && !flow.paused.remove(&execution_id) {
            return Err(error(404, "Not Found"));
        }
        Arc::clone(&flow.steps)
    };
    let call = seen(
        request,
        execution_id.clone(),
        client_id,
        execution.is_some(),
    );
    // The steps run without any lock: they may well call the sandbox.
    Ok(match steps(&call) {
        FlowReply::Return(value) => Answer::ok(&value),
        FlowReply::Error { status, message } => error(proper(status), &message),
        FlowReply::Raw {
            status,
            headers,
            body,
        } => Answer {
            status: proper(status),
            body: body.into_bytes(),
            extra: headers,
            ..Answer::default()
        },
        FlowReply::Pause(value) => {
            if let Some(flow) = shared.flows.lock().endpoints.get_mut(alias) {
                flow.paused.insert(execution_id.clone());
            }
            let mut body = if value.is_object() {
                value
            } else {
                json!({ "output": value })
            };
            body["context"] = json!({ "execution_id": execution_id });
            Answer::ok(&body).with("x-okta-workflows-execution-id", execution_id)
        }
    })
}

/// A status that HTTP knows.
fn proper(status: u16) -> u16 {
    if (200..=599).contains(&status) {
        status
    } else {
        500
    }
}

fn prove(
    shared: &Shared,
    request: &Request,
    security: &FlowSecurity,
) -> Result<Option<String>, Answer> {
    match security {
        FlowSecurity::Open => Ok(None),
        FlowSecurity::ClientToken(token) => {
            let given = request
                .query("clientToken")
                .or_else(|| request.header("x-api-client-token"));
            match given {
                Some(given) if given == token => Ok(None),
                Some(_) => Err(error(403, "Forbidden")),
                None => Err(error(401, "Unauthorized")),
            }
        }
        FlowSecurity::OAuth(clients) => {
            let principal = access::admit(&mut shared.org(), request, &INVOKE);
            match principal.map_err(Fault::into_answer)? {
                Principal::Client { client_id, .. }
                    if clients.is_empty() || clients.contains(&client_id) =>
                {
                    Ok(Some(client_id))
                }
                Principal::Client { .. } => Err(error(403, "Forbidden")),
                _ => Err(error(401, "Unauthorized")),
            }
        }
    }
}

fn seen(
    request: &Request,
    execution_id: String,
    client_id: Option<String>,
    resumed: bool,
) -> FlowCall {
    let headers = request.headers.iter().filter(|(name, _)| {
        !matches!(
            name.as_str(),
            "authorization" | "dpop" | "x-api-client-token" | "cookie"
        )
    });
    let query = request
        .query
        .iter()
        .filter(|(name, _)| name != "clientToken");
    let body = match serde_json::from_slice(&request.body) {
        Ok(body) => body,
        Err(_) if request.body.is_empty() => Value::Null,
        Err(_) => json!(String::from_utf8_lossy(&request.body)),
    };
    FlowCall {
        method: request.method.clone(),
        headers: headers
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect(),
        query: query.cloned().collect(),
        body,
        execution_id,
        client_id,
        resumed,
    }
}

impl Sandbox {
    /// Adds a flow with an API endpoint, switched on, and returns its invoke URL.
    ///
    /// The steps see the call and say what the flow answers; they may call the sandbox. An alias
    /// that is taken gets the new flow.
    pub fn add_flow(
        &self,
        alias: &str,
        security: FlowSecurity,
        steps: impl Fn(&FlowCall) -> FlowReply + Send + Sync + 'static,
    ) -> String {
        let flow = Flow {
            security,
            active: true,
            steps: Arc::new(steps),
            paused: HashSet::new(),
            counted: (0, 0),
        };
        self.shared()
            .flows
            .lock()
            .endpoints
            .insert(alias.to_owned(), flow);
        format!("{}/api/flo/{alias}/invoke", self.url())
    }

    /// Switches a flow on or off; false if there is none of this alias.
    pub fn set_flow_active(&self, alias: &str, active: bool) -> bool {
        let mut flows = self.shared().flows.lock();
        let flow = flows.endpoints.get_mut(alias);
        flow.map(|flow| flow.active = active).is_some()
    }
}
