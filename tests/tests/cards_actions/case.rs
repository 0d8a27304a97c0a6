//! A case as data: what is prepared, what is run, what must be seen.

use serde_json::{Value, json};

/// One run of one card.
pub(crate) struct Case {
    pub(crate) card: &'static str,
    pub(crate) steps: Vec<Step>,
    pub(crate) options: &'static str,
    pub(crate) inputs: &'static str,
    pub(crate) calls: Vec<&'static str>,
    pub(crate) output: &'static str,
    pub(crate) made: Option<(&'static str, &'static str)>,
    pub(crate) after: Vec<(&'static str, &'static str, Value)>,
    pub(crate) streamed: Option<usize>,
    pub(crate) failure: Option<Failure>,
}

/// A call that prepares the case; its id gets a name.
pub(crate) struct Step {
    pub(crate) call: &'static str,
    pub(crate) body: &'static str,
    pub(crate) name: &'static str,
    pub(crate) pointer: &'static str,
}

/// How a case fails.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// The service refuses.
    Status(u16),
    /// The session is over, and the authorization server gives no other: its error code.
    Connection(&'static str),
    /// A field is at fault, and nothing is called.
    Field(&'static str),
}

/// A case that succeeds. Options and inputs are JSON text with `{names}` of what was prepared.
pub(crate) fn ok(card: &'static str, options: &'static str, inputs: &'static str) -> Case {
    Case {
        card,
        steps: Vec::new(),
        options,
        inputs,
        calls: Vec::new(),
        output: "{}",
        made: None,
        after: Vec::new(),
        streamed: None,
        failure: None,
    }
}

/// A case that the service refuses.
pub(crate) fn refused(
    card: &'static str,
    status: u16,
    options: &'static str,
    inputs: &'static str,
) -> Case {
    Case {
        failure: Some(Failure::Status(status)),
        ..ok(card, options, inputs)
    }
}

/// A case whose session is over, and so is the refresh token.
pub(crate) fn over(card: &'static str, options: &'static str, inputs: &'static str) -> Case {
    Case {
        failure: Some(Failure::Connection("invalid_grant")),
        ..ok(card, options, inputs)
    }
}

/// A case that fails before any call.
pub(crate) fn wrong(
    card: &'static str,
    field: &'static str,
    options: &'static str,
    inputs: &'static str,
) -> Case {
    Case {
        failure: Some(Failure::Field(field)),
        ..ok(card, options, inputs)
    }
}

impl Case {
    pub(crate) fn step(self, name: &'static str, call: &'static str, body: &'static str) -> Self {
        self.step_at(name, "/id", call, body)
    }

    pub(crate) fn step_at(
        mut self,
        name: &'static str,
        pointer: &'static str,
        call: &'static str,
        body: &'static str,
    ) -> Self {
        self.steps.push(Step {
            call,
            body,
            name,
            pointer,
        });
        self
    }

    /// The next call that must be in the journal: `PUT /path`, or `GET /path?part of the query`.
    pub(crate) fn calls(mut self, call: &'static str) -> Self {
        self.calls.push(call);
        self
    }

    /// Members that the output must have.
    pub(crate) fn gives(mut self, output: &'static str) -> Self {
        self.output = output;
        self
    }

    /// The id at this place of the output gets a name, for what is read afterwards.
    pub(crate) fn makes(mut self, name: &'static str, pointer: &'static str) -> Self {
        self.made = Some((name, pointer));
        self
    }

    /// What a GET must answer afterwards, at a JSON pointer. `null` for a pointer stands for a 404.
    pub(crate) fn after(
        mut self,
        path: &'static str,
        pointer: &'static str,
        value: impl Into<Value>,
    ) -> Self {
        self.after.push((path, pointer, value.into()));
        self
    }

    /// What is read afterwards is gone.
    pub(crate) fn gone(self, path: &'static str) -> Self {
        self.after(path, "gone", json!(null))
    }

    pub(crate) fn streams(mut self, records: usize) -> Self {
        self.streamed = Some(records);
        self
    }
}
