//! An org with what the cases need, and how a case is judged.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use okta_core::Client;
use okta_sandbox::{Sandbox, SeedOrg};
use okta_workflows::identity_governance::IdentityGovernanceConnector;
use okta_workflows::okta::OktaConnector;
use okta_workflows::{CardCall, HelperFlows, Registry, RunContext};
use serde_json::Value;

use super::case::Case;
use super::judge::{Seen, assert_schema, assert_state, judge};

/// Takes streamed records.
#[derive(Default)]
pub(crate) struct Collect(pub(crate) Mutex<Vec<(String, Value)>>);

#[async_trait]
impl HelperFlows for Collect {
    async fn record(
        &self,
        flow: &str,
        record: Value,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0
            .lock()
            .expect("not poisoned")
            .push((flow.to_owned(), record));
        Ok(())
    }
}

/// Names of what was prepared, and their ids.
pub(crate) type Names = BTreeMap<String, String>;

/// Text with its `{names}` filled in.
pub(crate) fn fill(text: &str, names: &Names) -> String {
    let mut text = text.to_owned();
    for (name, value) in names {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

pub(crate) fn parse(text: &str, names: &Names) -> Value {
    let text = fill(text, names);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether `found` has everything that `wanted` has.
pub(crate) fn contains(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| found.get(key).is_some_and(|found| contains(found, value))),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(wanted)
                    .all(|(found, wanted)| contains(found, wanted))
        }
        // Any value.
        (found, Value::String(text)) if text == "*" => !found.is_null(),
        _ => found == wanted,
    }
}

fn seen(entry: okta_sandbox::Entry) -> Seen {
    Seen {
        method: entry.method,
        path: entry.path,
        query: entry.query.unwrap_or_default(),
        status: entry.status,
    }
}

pub(crate) struct World {
    sandbox: Sandbox,
    client: Client,
    registry: Registry,
    number: usize,
}

impl World {
    pub(crate) async fn start() -> Self {
        let seed = SeedOrg {
            users: 3,
            groups: 2,
            apps: 1,
            ..SeedOrg::default()
        };
        let sandbox = Sandbox::builder().seed(seed).start().await.expect("starts");
        let client = Client::builder()
            .org_url(sandbox.url())
            .api_token(sandbox.api_token())
            .build()
            .expect("a client");
        let registry = Registry::new()
            .with(OktaConnector::new(client.clone()))
            .with(IdentityGovernanceConnector::new(client.clone()));
        Self {
            sandbox,
            client,
            registry,
            number: 0,
        }
    }

    async fn send(&self, call: &str, body: &str) -> Value {
        let (method, path) = call.split_once(' ').expect("METHOD path");
        let mut request = self.client.call(method, path.to_owned());
        if !body.is_empty() {
            let body: Value =
                serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
            request = request.json(&body);
        }
        let raw = request
            .await
            .unwrap_or_else(|error| panic!("{call} {body}: {error}"));
        serde_json::from_slice(raw.body()).unwrap_or_default()
    }

    /// Two users, two groups and an app that nobody else has.
    async fn fresh(&mut self) -> Names {
        self.number += 1;
        let mut names = Names::from([
            ("n".to_owned(), self.number.to_string()),
            ("base".to_owned(), self.sandbox.url().to_owned()),
        ]);
        for (name, call, body) in [
            (
                "user",
                "POST /api/v1/users?activate=true",
                r#"{"profile":{"firstName":"Ana{n}","lastName":"First","email":"ana{n}@example.com","login":"ana{n}@example.com"},"credentials":{"password":{"value":"Sandbox-1234"}}}"#,
            ),
            (
                "user2",
                "POST /api/v1/users?activate=true",
                r#"{"profile":{"firstName":"Bo{n}","lastName":"Second","email":"bo{n}@example.com","login":"bo{n}@example.com"},"credentials":{"password":{"value":"Sandbox-1234"}}}"#,
            ),
            (
                "group",
                "POST /api/v1/groups",
                r#"{"profile":{"name":"Group {n}","description":"of a case"}}"#,
            ),
            (
                "group2",
                "POST /api/v1/groups",
                r#"{"profile":{"name":"Other group {n}"}}"#,
            ),
            (
                "app",
                "POST /api/v1/apps",
                r#"{"name":"bookmark","label":"App {n}","signOnMode":"BOOKMARK","settings":{"app":{"requestIntegration":false,"url":"https://example.com"}}}"#,
            ),
        ] {
            let made = self.send(call, &fill(body, &names)).await;
            let id = made["id"]
                .as_str()
                .unwrap_or_else(|| panic!("{call}: {made}"));
            names.insert(name.to_owned(), id.to_owned());
            if let Some(orn) = made["orn"].as_str() {
                names.insert(format!("{name}_orn"), orn.to_owned());
            }
        }
        names
    }

    pub(crate) async fn judge(&mut self, case: &Case) {
        let mut names = self.fresh().await;
        for step in &case.steps {
            let made = self
                .send(&fill(step.call, &names), &fill(step.body, &names))
                .await;
            if !step.name.is_empty() {
                let id = made
                    .pointer(step.pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_else(|| panic!("{}: {}: {made}", case.card, step.call));
                names.insert(step.name.to_owned(), id.to_owned());
            }
        }
        let before = self.state().await;
        self.sandbox.clear_requests();
        let flows = Collect::default();
        let call = CardCall {
            options: parse(case.options, &names)
                .as_object()
                .cloned()
                .expect("options"),
            inputs: parse(case.inputs, &names)
                .as_object()
                .cloned()
                .expect("inputs"),
        };
        assert_schema(case, &call);
        let context = RunContext::with_flows(&flows);
        let outcome = self
            .registry
            .run_in(&context, case.card, call)
            .await
            .map(Value::from);
        let journal: Vec<Seen> = self.sandbox.requests().into_iter().map(seen).collect();
        if let (Some((name, pointer)), Ok(output)) = (case.made, &outcome) {
            let id = output.pointer(pointer).and_then(Value::as_str);
            let id = id.unwrap_or_else(|| panic!("{}: no {pointer} in {output}", case.card));
            names.insert(name.to_owned(), id.to_owned());
        }
        judge(case, &names, "", outcome, &journal);
        assert_state(case, &journal, &before, &self.state().await);
        if let Some(records) = case.streamed {
            let taken = flows.0.lock().expect("not poisoned");
            assert_eq!(taken.len(), records, "{}: {taken:?}", case.card);
            assert!(
                taken
                    .iter()
                    .all(|(flow, record)| flow == "flow-1" && record.is_object())
            );
        }
        for (path, pointer, value) in &case.after {
            self.look(case.card, &fill(path, &names), pointer, value, &names)
                .await;
        }
    }

    /// How much there is of everything, and how many events were logged.
    async fn state(&self) -> Value {
        let mut state = self.send("GET /_sandbox/state", "").await;
        for moving in ["now", "connections", "tlsHandshakes"] {
            state[moving].take();
        }
        // What was read for the first time shows as empty.
        let collections = state["collections"].as_object_mut().expect("collections");
        collections.retain(|_, count| count != &Value::from(0));
        state
    }

    async fn look(&self, card: &str, path: &str, pointer: &str, value: &Value, names: &Names) {
        let answer = self.client.call("GET", path.to_owned()).await;
        if *pointer == *"gone" {
            assert!(
                answer.as_ref().is_err_and(|error| error.is_not_found()),
                "{card}: {path} is there"
            );
            return;
        }
        let raw = answer.unwrap_or_else(|error| panic!("{card}: {path}: {error}"));
        let found: Value = serde_json::from_slice(raw.body()).expect("JSON");
        let wanted: Value = serde_json::from_str(&fill(&value.to_string(), names)).expect("JSON");
        assert_eq!(
            found.pointer(pointer),
            Some(&wanted),
            "{card}: {path} {pointer}: {found:#}"
        );
    }
}

/// Judges every case; tells all that fail.
pub(crate) async fn judge_all(world: &mut World, cases: &[Case]) {
    let mut failed = 0;
    for case in cases {
        let judged = std::panic::AssertUnwindSafe(world.judge(case))
            .catch_unwind()
            .await;
        failed += usize::from(judged.is_err());
    }
    assert_eq!(
        failed,
        0,
        "{failed} of {} cases failed; each is told above",
        cases.len()
    );
}
