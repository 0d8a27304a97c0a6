//! Inputs of delegated flows: a type system of its own beside the fields of requests.

use std::fmt;

use okta_governance::access::Fields;
use okta_governance::models::RequestFieldType;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value};

/// What an input of a Delegated Flow card takes: one value, never a list or an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum InputType {
    /// Text.
    Text,
    /// Number.
    Number,
    /// True/False.
    TrueFalse,
    /// Date & Time.
    DateTime,
}

impl fmt::Display for InputType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::Number => "Number",
            Self::TrueFalse => "True/False",
            Self::DateTime => "Date & Time",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Input {
    name: String,
    kind: InputType,
    required: bool,
}

/// The inputs of a delegated flow, as its card has them.
///
/// ```
/// use okta_workflows::access_requests::{FlowInputs, InputType};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Badge { requester: &'static str, building: Vec<&'static str> }
///
/// let inputs = FlowInputs::new()
///     .input("requester", InputType::Text)
///     .input("building", InputType::Text)
///     .optional("end", InputType::DateTime);
/// let wrong = Badge { requester: "ada@example.com", building: vec!["Lab"] };
/// let refused = inputs.check(&wrong).unwrap_err();
/// assert_eq!(refused.to_string(), "building: a list, and delegated flows take single values only");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowInputs(Vec<Input>);

/// What an input does not take, or lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InputProblem {
    /// The input.
    pub input: String,
    /// What is wrong with it.
    pub problem: String,
}

/// All that is wrong with the inputs of a flow, found before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrongInputs(pub Vec<InputProblem>);

impl fmt::Display for WrongInputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wrong) in self.0.iter().enumerate() {
            let comma = if index > 0 { "; " } else { "" };
            write!(f, "{comma}{}: {}", wrong.input, wrong.problem)?;
        }
        Ok(())
    }
}

impl std::error::Error for WrongInputs {}

const SINGLE: &str = "and delegated flows take single values only";

#[derive(Default)]
struct Findings(Vec<InputProblem>);

impl Findings {
    fn add(&mut self, input: &str, problem: impl Into<String>) {
        self.0.push(InputProblem {
            input: input.to_owned(),
            problem: problem.into(),
        });
    }

    fn end<T>(self, good: T) -> Result<T, WrongInputs> {
        match self.0.is_empty() {
            true => Ok(good),
            false => Err(WrongInputs(self.0)),
        }
    }
}

impl FlowInputs {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, which must have a value.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, kind: InputType) -> Self {
        self.0.push(Input {
            name: name.into(),
            kind,
            required: true,
        });
        self
    }

    /// One more, which may stay empty.
    #[must_use]
    pub fn optional(mut self, name: impl Into<String>, kind: InputType) -> Self {
        self.0.push(Input {
            name: name.into(),
            kind,
            required: false,
        });
        self
    }

    fn find(&self, name: &str) -> Option<&Input> {
        self.0.iter().find(|input| input.name == name)
    }

    fn unknown(&self, name: &str, findings: &mut Findings) {
        let known: Vec<&str> = self.0.iter().map(|input| &*input.name).collect();
        findings.add(
            name,
            format!("no input of the flow; it has {}", known.join(", ")),
        );
    }

    /// Checks values, a struct or a map, and gives them as the flow takes them.
    ///
    /// # Errors
    /// [`WrongInputs`], naming each input that is unknown, missing, a list, an object or of another
    /// type.
    pub fn check(&self, values: &impl Serialize) -> Result<Map<String, Value>, WrongInputs> {
        let mut findings = Findings::default();
        let values = match serde_json::to_value(values) {
            Ok(Value::Object(values)) => values,
            Ok(_) => {
                findings.add("*", "inputs are a struct or a map");
                return findings.end(Map::new());
            }
            Err(error) => {
                findings.add("*", error.to_string());
                return findings.end(Map::new());
            }
        };
        for (name, value) in &values {
            match self.find(name) {
                None => self.unknown(name, &mut findings),
                Some(input) => {
                    if let Err(problem) = takes(input, value) {
                        findings.add(name, problem);
                    }
                }
            }
        }
        for input in self.0.iter().filter(|input| input.required) {
            if values.get(&input.name).is_none_or(Value::is_null) {
                findings.add(
                    &input.name,
                    format!("missing; the flow wants a {}", input.kind),
                );
            }
        }
        findings.end(values)
    }

    /// Checks that a struct fits the card, by its JSON schema: in a test, so that a flow that was
    /// changed is found out before it runs.
    ///
    /// # Errors
    /// [`WrongInputs`] with each input that only one side has, or whose types differ.
    pub fn fits<T: JsonSchema>(&self) -> Result<(), WrongInputs> {
        let schema = schemars::schema_for!(T);
        let mut findings = Findings::default();
        let members = schema.get("properties").and_then(Value::as_object);
        let members = members.cloned().unwrap_or_default();
        for (name, member) in &members {
            match self.find(name) {
                None => self.unknown(name, &mut findings),
                Some(input) => {
                    let found = kinds(member, &schema);
                    if !found.contains(&input.kind) {
                        let problem = match found.first() {
                            Some(kind) => format!("a {kind}, and the flow wants a {}", input.kind),
                            None => format!("no single value, and the flow wants a {}", input.kind),
                        };
                        findings.add(name, problem);
                    }
                }
            }
        }
        let left = |input: &&Input| input.required && !members.contains_key(&input.name);
        for input in self.0.iter().filter(left) {
            findings.add(
                &input.name,
                format!("missing; the flow wants a {}", input.kind),
            );
        }
        findings.end(())
    }

    /// Checks which fields of a request fill in which inputs: pairs of input and field, the latter
    /// by id or label.
    ///
    /// # Errors
    /// [`WrongInputs`] with each input that is unknown, stays empty, or does not take what the
    /// field holds.
    pub fn filled_by(&self, fields: &Fields, pairs: &[(&str, &str)]) -> Result<(), WrongInputs> {
        let mut findings = Findings::default();
        for (name, key) in pairs {
            let (input, field) = (self.find(name), fields.find(key));
            match (input, field) {
                (None, _) => self.unknown(name, &mut findings),
                (_, None) => findings.add(name, format!("the request has no field {key}")),
                (Some(input), Some(field)) => {
                    let Some(kind) = field.field_type() else {
                        continue;
                    };
                    let given = match kind {
                        RequestFieldType::Multiselect => {
                            findings.add(name, format!("{key} holds a list, {SINGLE}"));
                            continue;
                        }
                        RequestFieldType::IsoDate => InputType::DateTime,
                        _ => InputType::Text,
                    };
                    if given != input.kind {
                        let problem =
                            format!("{key} holds a {given}, and the flow wants a {}", input.kind);
                        findings.add(name, problem);
                    }
                }
            }
        }
        let empty =
            |input: &&Input| input.required && !pairs.iter().any(|(name, _)| *name == input.name);
        for input in self.0.iter().filter(empty) {
            findings.add(&input.name, "no field fills it in");
        }
        findings.end(())
    }
}

/// Whether an input takes a value.
fn takes(input: &Input, value: &Value) -> Result<(), String> {
    let fits = match (input.kind, value) {
        (_, Value::Null) => true,
        (_, Value::Array(_)) => return Err(format!("a list, {SINGLE}")),
        (_, Value::Object(_)) => return Err(format!("an object, {SINGLE}")),
        (InputType::Text, value) => value.is_string(),
        (InputType::Number, value) => value.is_number(),
        (InputType::TrueFalse, value) => value.is_boolean(),
        (InputType::DateTime, value) => value
            .as_str()
            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("{value}, and the flow wants a {}", input.kind)),
    }
}

/// The types of input that take what a schema describes.
fn kinds(member: &Value, root: &Schema) -> Vec<InputType> {
    if let Some(name) = member.get("$ref").and_then(Value::as_str) {
        let pointer = name.trim_start_matches('#');
        return match root.pointer(pointer) {
            Some(found) => kinds(found, root),
            None => Vec::new(),
        };
    }
    if let Some(choices) = member.get("anyOf").and_then(Value::as_array) {
        return choices.iter().flat_map(|one| kinds(one, root)).collect();
    }
    let dated = member.get("format").and_then(Value::as_str) == Some("date-time");
    let named: Vec<&str> = match member.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = |name: &str| match name {
        "string" if dated => Some(InputType::DateTime),
        "string" => Some(InputType::Text),
        "integer" | "number" => Some(InputType::Number),
        "boolean" => Some(InputType::TrueFalse),
        _ => None,
    };
    named.into_iter().filter_map(kind).collect()
}
