//! What a flow takes and gives, read from its OpenAPI document.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Depth at which a schema that holds itself is taken as it is.
const DEPTH: usize = 16;

/// Why a document is not understood: what, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractError(String);

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the flow's OpenAPI document: {}", self.0)
    }
}

impl std::error::Error for ContractError {}

fn wrong(what: impl Into<String>) -> ContractError {
    ContractError(what.into())
}

/// The kind of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// Date and time.
    DateTime,
    /// An object with these members.
    Object(Vec<Member>),
    /// An object with members of any name and one kind.
    Map(Box<Kind>),
    /// A list.
    List(Box<Kind>),
    /// Any JSON value.
    Any,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in JSON.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether it must be there and is not null.
    pub required: bool,
}

/// What a flow takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowContract {
    /// What goes in: the request's body, or its query where the flow takes no body.
    pub input: Kind,
    /// What comes back.
    pub output: Kind,
}

impl FlowContract {
    /// Reads an OpenAPI 3 document (JSON) of one flow: the path that ends in `/invoke`, or the only one.
    ///
    /// # Errors
    /// If it is no such document; the error says what is missing and where.
    pub fn from_openapi(document: &str) -> Result<Self, ContractError> {
        let document: Value =
            serde_json::from_str(document).map_err(|error| wrong(format!("no JSON: {error}")))?;
        let version = document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.") {
            return Err(wrong(format!("`openapi` is {version:?}, expected 3.x")));
        }
        let paths = document["paths"].as_object();
        let paths = paths.ok_or_else(|| wrong("it has no `paths`"))?;
        let invoked = paths
            .iter()
            .find(|(path, _)| path.trim_end_matches('/').ends_with("/invoke"));
        let only = || paths.iter().next().filter(|_| paths.len() == 1);
        let Some((path, item)) = invoked.or_else(only) else {
            return Err(wrong("no path ends in /invoke"));
        };
        let method = ["post", "put", "get"].into_iter();
        let operation = method.clone().find_map(|one| item.get(one));
        let operation =
            operation.ok_or_else(|| wrong(format!("{path} has no post, put or get")))?;
        let reader = Reader { root: &document };
        let body = reader.resolve(&operation["requestBody"])?;
        let input = match schema_of(&body["content"]) {
            Some(schema) => reader.kind(schema, 0)?,
            None => reader.query(&[&item["parameters"], &operation["parameters"]])?,
        };
        let responses = operation["responses"].as_object();
        let success = responses
            .into_iter()
            .flatten()
            .find(|(status, _)| status.starts_with('2') || *status == "default");
        let output = match success {
            Some((_, response)) => match schema_of(&reader.resolve(response)?["content"]) {
                Some(schema) => reader.kind(schema, 0)?,
                None => Kind::Any,
            },
            None => Kind::Any,
        };
        Ok(Self { input, output })
    }

    /// What another contract has differently, one sentence each; none if a program made for this one works with it.
    ///
    /// A new optional input and a new output change nothing for the program.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        differ("input", &self.input, &other.input, true, &mut found);
        differ("output", &self.output, &other.output, false, &mut found);
        found
    }
}

fn schema_of(content: &Value) -> Option<&Value> {
    let content = content.as_object()?;
    let json = content.iter().find(|(kind, _)| kind.contains("json"));
    json.or_else(|| content.iter().next())
        .map(|(_, media)| &media["schema"])
        .filter(|schema| !schema.is_null())
}

struct Reader<'a> {
    root: &'a Value,
}

impl<'a> Reader<'a> {
    /// Follows `$ref` inside the document.
    fn resolve(&self, mut value: &'a Value) -> Result<&'a Value, ContractError> {
        for _ in 0..DEPTH {
            let Some(place) = value.get("$ref").and_then(Value::as_str) else {
                return Ok(value);
            };
            let found = place.strip_prefix('#').and_then(|at| self.root.pointer(at));
            value = found.ok_or_else(|| wrong(format!("`$ref` {place:?} leads nowhere")))?;
        }
        Err(wrong("a `$ref` leads back to itself"))
    }

    fn kind(&self, schema: &'a Value, depth: usize) -> Result<Kind, ContractError> {
        let schema = self.resolve(schema)?;
        if depth > DEPTH {
            return Ok(Kind::Any);
        }
        let mut members: BTreeMap<&str, &Value> = BTreeMap::new();
        let mut required: Vec<&str> = Vec::new();
        self.members(schema, 0, &mut members, &mut required)?;
        let types = types(schema);
        Ok(match types.as_slice() {
            _ if !members.is_empty() => Kind::Object(
                members
                    .into_iter()
                    .map(|(name, schema)| {
                        let found = self.resolve(schema)?;
                        Ok(Member {
                            name: name.to_owned(),
                            kind: self.kind(schema, depth + 1)?,
                            required: required.contains(&name) && !is_nullable(found),
                        })
                    })
                    .collect::<Result<_, ContractError>>()?,
            ),
            ["object"] => match schema.get("additionalProperties") {
                Some(values) if values.is_object() => {
                    Kind::Map(Box::new(self.kind(values, depth + 1)?))
                }
                _ => Kind::Map(Box::new(Kind::Any)),
            },
            ["array"] => match schema.get("items") {
                Some(items) => Kind::List(Box::new(self.kind(items, depth + 1)?)),
                None => Kind::List(Box::new(Kind::Any)),
            },
            ["string"] => match schema["format"].as_str() {
                Some("date-time" | "date") => Kind::DateTime,
                _ => Kind::Text,
            },
            ["integer"] => Kind::Integer,
            ["number"] => Kind::Number,
            ["boolean"] => Kind::Boolean,
            _ => Kind::Any,
        })
    }

    /// The members of an object, and of all that it is made of.
    fn members(
        &self,
        schema: &'a Value,
        depth: usize,
        members: &mut BTreeMap<&'a str, &'a Value>,
        required: &mut Vec<&'a str>,
    ) -> Result<(), ContractError> {
        if depth > DEPTH {
            return Ok(());
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.members(self.resolve(part)?, depth + 1, members, required)?;
        }
        let own = schema["properties"].as_object().into_iter().flatten();
        members.extend(own.map(|(name, schema)| (name.as_str(), schema)));
        let names = schema["required"].as_array().into_iter().flatten();
        required.extend(names.filter_map(Value::as_str));
        Ok(())
    }

    /// Inputs of a flow without a body.
    fn query(&self, lists: &[&'a Value]) -> Result<Kind, ContractError> {
        let mut members = Vec::new();
        for parameter in lists.iter().filter_map(|list| list.as_array()).flatten() {
            let parameter = self.resolve(parameter)?;
            let name = parameter["name"].as_str().unwrap_or_default();
            // The token is the endpoint's matter.
            if parameter["in"] != "query" || name == "clientToken" {
                continue;
            }
            members.push(Member {
                name: name.to_owned(),
                kind: self.kind(&parameter["schema"], 1)?,
                required: parameter["required"] == true,
            });
        }
        Ok(match members.is_empty() {
            true => Kind::Any,
            false => Kind::Object(members),
        })
    }
}

/// The types of a schema but null: `"string"`, `["string", "null"]`.
fn types(schema: &Value) -> Vec<&str> {
    let mut types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    types.retain(|one| *one != "null");
    types
}

fn is_nullable(schema: &Value) -> bool {
    let listed = schema["type"].as_array();
    schema["nullable"] == true || listed.is_some_and(|types| types.iter().any(|one| one == "null"))
}

/// What is different at a place; inputs and outputs may differ in ways that change nothing.
fn differ(at: &str, ours: &Kind, theirs: &Kind, is_input: bool, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Kind::Object(ours), Kind::Object(theirs)) => {
            for member in ours {
                let at = format!("{at}.{}", member.name);
                let Some(other) = theirs.iter().find(|one| one.name == member.name) else {
                    found.push(format!("{at} is gone"));
                    continue;
                };
                match (member.required, other.required) {
                    (false, true) if is_input => found.push(format!("{at} is required now")),
                    (true, false) if !is_input => found.push(format!("{at} may be absent now")),
                    _ => {}
                }
                differ(&at, &member.kind, &other.kind, is_input, found);
            }
            let new = |one: &&Member| !ours.iter().any(|member| member.name == one.name);
            let needed = theirs
                .iter()
                .filter(new)
                .filter(|one| is_input && one.required);
            found.extend(needed.map(|one| format!("{at}.{} is new, and required", one.name)));
        }
        (Kind::List(ours), Kind::List(theirs)) | (Kind::Map(ours), Kind::Map(theirs)) => {
            differ(&format!("{at}[]"), ours, theirs, is_input, found);
        }
        // What takes anything takes this, too.
        (Kind::Any, _) if !is_input => {}
        (_, Kind::Any) if is_input => {}
        (Kind::Number, Kind::Integer) if !is_input => {}
        (Kind::Integer, Kind::Number) if is_input => {}
        (ours, theirs) if ours == theirs => {}
        (ours, theirs) => found.push(format!("{at} is {} now, was {}", word(theirs), word(ours))),
    }
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "a whole number",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::DateTime => "a date and time",
        Kind::Object(_) | Kind::Map(_) => "an object",
        Kind::List(_) => "a list",
        Kind::Any => "any value",
    }
}
