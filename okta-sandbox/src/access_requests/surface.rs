//! The consoles, as tests reach them: methods of [`Sandbox`], and endpoints under `/_sandbox/`.

use serde_json::{Value, json};

use super::flow::check_inputs;
use super::{
    AccessRequestsOrg, ConsoleStep, DelegatedFlow, catalogue, console, furnish, mailbox, runs,
    steps,
};
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::pipeline::Shared;
use crate::sandbox::Sandbox;

fn said<T>(outcome: Result<T, String>) -> Result<T, Fault> {
    outcome.map_err(|text| Fault::validation("sandbox", &[&text]))
}

/// Answers a control endpoint of the consoles; none if the path is of another kind.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Option<Result<Answer, Fault>> {
    let name = request.path.strip_prefix("/_sandbox/")?;
    let mut org = shared.org();
    Some(match (request.method.as_str(), name) {
        ("POST", "admin-step") => request.json().and_then(|body| {
            said(ConsoleStep::from_json(&body).and_then(|step| step.take(&mut org)))?;
            Ok(Answer::no_content())
        }),
        ("POST", "request-types") => request
            .json()
            .and_then(|body| said(console::define(&mut org, &body)))
            .map(|made| Answer::json(201, &made)),
        ("GET", "flows") => Ok(Answer::ok(&json!(console::offered(&mut org)))),
        ("GET", "flow-runs") => Ok(Answer::ok(&json!(runs::all(&org)))),
        ("GET", "mailbox") => {
            let mails = mailbox::mails(&org, request.query("to"));
            Ok(Answer::ok(&json!(mails)))
        }
        ("DELETE", "mailbox") => {
            mailbox::clear(&mut org);
            Ok(Answer::no_content())
        }
        ("GET", name) if name.starts_with("requests/") => {
            let id = &name["requests/".len()..];
            let shown = steps::shown(&org, id);
            shown
                .map(|shown| Answer::ok(&shown))
                .ok_or_else(|| Fault::not_found(id, "AccessRequest"))
        }
        ("POST", name) if name.starts_with("requests/") && name.ends_with("/retry") => {
            let id = name["requests/".len()..].trim_end_matches("/retry");
            said(steps::retry(&mut org, id)).map(|shown| Answer::ok(&shown))
        }
        _ => return None,
    })
}

/// Reads the part `accessRequests` of a seed.
pub(crate) fn seed(org: &mut Org, seed: &Value, base: &str) -> Result<(), String> {
    if !seed.is_null() {
        let wanted = AccessRequestsOrg::from_json(seed)?;
        furnish::furnish(org, &wanted, base);
    }
    Ok(())
}

impl Sandbox {
    /// Adds Identity Governance and Workflows to the org, set up for request types that run
    /// delegated flows, with the faults that are asked for.
    pub fn seed_access_requests(&self, wanted: &AccessRequestsOrg) {
        furnish::furnish(&mut self.shared().org(), wanted, self.url());
    }

    /// Adds a delegated flow, switched on, and returns its id. A name that is taken gets the new
    /// flow.
    pub fn add_delegated(&self, flow: &DelegatedFlow) -> String {
        let id = catalogue::put(&mut self.shared().org(), &flow.name, &flow.inputs);
        self.shared()
            .flows
            .add_delegated(&id, std::sync::Arc::clone(&flow.steps));
        id
    }

    /// Switches a delegated flow on or off, by name or id; false if there is none.
    pub fn set_delegated_active(&self, flow: &str, active: bool) -> bool {
        catalogue::switch(&mut self.shared().org(), flow, active)
    }

    /// Does what a person does in a console.
    ///
    /// # Errors
    /// If it cannot be done, such as reauthorizing a connection without its app.
    pub fn console(&self, step: &ConsoleStep) -> Result<(), String> {
        step.take(&mut self.shared().org())
    }

    /// Defines a request type as an admin does in the Access Requests console, in the form of
    /// `POST /_sandbox/request-types`; the answer has the ids of type and fields.
    ///
    /// # Errors
    /// What the console would not let the admin do.
    pub fn define_request_type(&self, definition: &Value) -> Result<Value, String> {
        console::define(&mut self.shared().org(), definition)
    }

    /// The delegated flows, each with whether request types are offered it, and if not, why.
    #[must_use]
    pub fn offered_flows(&self) -> Vec<Value> {
        console::offered(&mut self.shared().org())
    }

    /// A request of a console's request type as the console shows it: its assignee, its steps.
    #[must_use]
    pub fn request_steps(&self, id: &str) -> Option<Value> {
        steps::shown(&self.shared().org(), id)
    }

    /// Tries the step of a request again that failed.
    ///
    /// # Errors
    /// If no step of it has failed.
    pub fn retry_request(&self, id: &str) -> Result<Value, String> {
        let shown = steps::retry(&mut self.shared().org(), id);
        self.start_due();
        shown
    }

    /// Lets an admin run a delegated flow from the Admin Console; the run goes on by itself.
    /// Returns the id of the execution.
    ///
    /// # Errors
    /// If there is no such flow, or it does not take these inputs.
    pub fn run_delegated(&self, flow: &str, inputs: &Value) -> Result<String, String> {
        let id = {
            let mut org = self.shared().org();
            let found = catalogue::find(&org, flow);
            let flow = found.ok_or_else(|| format!("no delegated flow is named `{flow}`"))?;
            if flow["active"] != true {
                return Err(format!("the flow {} is switched off", flow["name"]));
            }
            let inputs = check_inputs(&flow, inputs)?;
            let caller = runs::admin(&org);
            runs::begin(&mut org, &flow, inputs, &caller)
        };
        self.start_due();
        Ok(id)
    }

    /// Waits until no delegated flow is running, and returns all runs so far, oldest first, each
    /// with `status`, `output` and `error`: the execution history.
    pub async fn flow_runs(&self) -> Vec<Value> {
        self.start_due();
        self.shared().flows.settled().await;
        runs::all(&self.shared().org())
    }

    /// All mail that Access Requests and flows have sent, oldest first.
    #[must_use]
    pub fn mailbox(&self) -> Vec<Value> {
        mailbox::mails(&self.shared().org(), None)
    }

    /// The mail to one address, oldest first.
    #[must_use]
    pub fn mail_to(&self, address: &str) -> Vec<Value> {
        mailbox::mails(&self.shared().org(), Some(address))
    }
}

/// The person who decides: the one who is named, else whoever the task is for.
pub(crate) fn decider(org: &Org, task: &Value, named: &str) -> String {
    match named {
        "" => match text(task, "/assignees/0/externalId") {
            "" => org.admin.clone(),
            id => id.to_owned(),
        },
        named => named.to_owned(),
    }
}
