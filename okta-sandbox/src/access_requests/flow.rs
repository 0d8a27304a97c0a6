//! Delegated flows: what goes in, and the steps, which are the test's own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::mailbox;
use crate::clock;
use crate::pipeline::Shared;

/// What a flow came to: outputs, or the error that stopped it.
pub(crate) type Outcome = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

pub(crate) type Steps = Arc<dyn Fn(DelegatedRun) -> Outcome + Send + Sync>;

/// An input of a Delegated Flow card; single values only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowInput {
    /// A text.
    Text(&'static str),
    /// A number.
    Number(&'static str),
    /// True or false.
    TrueFalse(&'static str),
    /// A date with time.
    DateTime(&'static str),
}

impl FlowInput {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Text(name) => (name, "text"),
            Self::Number(name) => (name, "number"),
            Self::TrueFalse(name) => (name, "boolean"),
            Self::DateTime(name) => (name, "date"),
        }
    }

    pub(super) fn to_json(self) -> Value {
        let (name, kind) = self.parts();
        json!({ "name": name, "type": kind })
    }
}

/// A delegated flow: its name, its inputs, its steps.
#[derive(Clone)]
#[must_use = "it is no flow of the org until `Sandbox::add_delegated` has it"]
pub struct DelegatedFlow {
    pub(super) name: String,
    pub(super) inputs: Vec<FlowInput>,
    pub(super) steps: Steps,
}

impl fmt::Debug for DelegatedFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelegatedFlow")
            .field("name", &self.name)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

impl DelegatedFlow {
    /// A flow with steps; without an input so far.
    pub fn new<F, O>(name: impl Into<String>, steps: F) -> Self
    where
        F: Fn(DelegatedRun) -> O + Send + Sync + 'static,
        O: Future<Output = Result<Value, String>> + Send + 'static,
    {
        Self {
            name: name.into(),
            inputs: Vec::new(),
            steps: Arc::new(move |run| Box::pin(steps(run))),
        }
    }

    /// One more input.
    pub fn input(mut self, input: FlowInput) -> Self {
        self.inputs.push(input);
        self
    }
}

/// Who ran a flow, where that is another product.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowCaller {
    /// Its id.
    pub id: String,
    /// Its other name.
    pub alternate_id: String,
    /// Its name for people.
    pub display_name: String,
    /// `PublicClientApp` for a product, `User` for a person.
    pub kind: String,
}

/// One run of a delegated flow, as its steps see it.
#[derive(Clone)]
#[non_exhaustive]
pub struct DelegatedRun {
    /// The flow.
    pub flow: String,
    /// By name; an input that was not filled in is absent.
    pub inputs: Map<String, Value>,
    /// Id of this run.
    pub execution_id: String,
    /// Who ran it.
    pub caller: FlowCaller,
    /// The org's URL.
    pub org_url: String,
    /// A token of the flow's Okta connection; none where nobody authorized it.
    pub okta_token: Option<String>,
    pub(super) shared: Arc<Shared>,
}

impl fmt::Debug for DelegatedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelegatedRun")
            .field("flow", &self.flow)
            .field("inputs", &self.inputs)
            .field("execution_id", &self.execution_id)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl DelegatedRun {
    /// A text among the inputs; blank without it.
    #[must_use]
    pub fn text(&self, input: &str) -> &str {
        let value = self.inputs.get(input);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// Sends a mail, as a mail card does: it lands in the sandbox's mailbox.
    pub fn send_mail(&self, to: &str, subject: &str, body: &str) {
        let from = "workflows@sandbox.example.com";
        mailbox::send(&mut self.shared.org(), from, to, subject, body);
    }
}

/// Checks values against the inputs of a flow.
///
/// # Errors
/// Names the input that is unknown, or that does not take its value.
pub(super) fn check_inputs(flow: &Value, given: &Value) -> Result<Map<String, Value>, String> {
    let given = match given {
        Value::Null => Map::new(),
        Value::Object(given) => given.clone(),
        _ => return Err("inputs are a JSON object".to_owned()),
    };
    let inputs = flow["inputs"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, value) in &given {
        if value.is_array() || value.is_object() {
            return Err(format!(
                "input `{name}` is a list or an object, which delegated flows do not take"
            ));
        }
        let Some(input) = inputs.iter().find(|input| input["name"] == **name) else {
            return Err(format!("the flow has no input `{name}`"));
        };
        let kind = input["type"].as_str().unwrap_or_default();
        let fits = match kind {
            _ if value.is_null() => true,
            "text" => value.is_string(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            _ => value.as_str().is_some_and(|at| clock::parse(at).is_some()),
        };
        if !fits {
            return Err(format!("input `{name}` is of type {kind}"));
        }
    }
    Ok(given)
}
