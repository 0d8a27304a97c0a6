//! The committed facts about the APIs: what `import` writes and `generate` reads.
//!
//! A facts file is JSON lines, one thing a line, sorted, without prose, so that a new release of a
//! specification is a short and readable diff:
//!
//! ```text
//! {"is":"api","name":"management","version":"2026.06.3","sha256":"…"}
//! {"is":"operation","id":"listUsers","method":"GET","path":"/api/v1/users",…}
//! {"is":"parameter","of":"listUsers","name":"search","in":"query","type":"string"}
//! {"is":"schema","name":"User","kind":"object"}
//! {"is":"member","of":"User","name":"id","type":"string","read_only":true}
//! ```
//!
//! Types are short expressions, see [`Type`].

pub(crate) mod corrections;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use corrections::Correction;
pub(crate) use types::Type;

fn is_false(value: &bool) -> bool {
    !*value
}

/// Everything known about one API.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Api {
    pub(crate) head: Head,
    /// Sorted by path and method.
    pub(crate) operations: Vec<Operation>,
    /// By the schema's name; inline schemas are named after the place where they stand.
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// Which document the facts come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) sha256: String,
    /// Every scope that the document declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The reference page's section; names nothing in the generated code, since sections get renamed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) section: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) permissions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lifecycle: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) skus: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// Needs no authentication.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) public: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) body_required: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) request: Vec<Body>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) responses: Vec<Answer>,
    #[serde(skip)]
    pub(crate) parameters: Vec<Parameter>,
}

/// A request body in one media type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) media: String,
    #[serde(rename = "type")]
    pub(crate) ty: Type,
}

/// A response of one status. Failures are listed by status alone: their body is the API's error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<String>,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) ty: Option<Type>,
}

/// One parameter of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    #[serde(rename = "of")]
    pub(crate) operation: String,
    pub(crate) name: String,
    #[serde(rename = "in")]
    pub(crate) location: String,
    #[serde(rename = "type")]
    pub(crate) ty: Type,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) joined: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lifecycle: String,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
}

/// What kind of schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Members, parents, perhaps a discriminator.
    #[default]
    Object,
    /// Alternatives (`oneOf`, `anyOf`).
    Union,
    /// A closed list of strings.
    Enum,
    /// Another name for a type.
    Alias,
}

/// A schema without its members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Of an alias.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(crate) ty: Option<Type>,
    /// Of an enum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    /// Schemas whose members this one takes over (`allOf`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parents: Vec<String>,
    /// Alternatives of a union.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variants: Vec<Type>,
    /// The member that tells which alternative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) discriminator: Option<String>,
    /// Its values and their schemas.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) mapping: BTreeMap<String, String>,
    /// Members of parents that this schema requires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires: Vec<String>,
    /// Type of members beyond the listed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) additional: Option<Type>,
    /// Customers add members of their own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) extensible: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) nullable: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lifecycle: String,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
    #[serde(skip)]
    pub(crate) members: BTreeMap<String, Member>,
}

/// One member of an object schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    #[serde(rename = "of")]
    pub(crate) schema: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) ty: Type,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) required: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) read_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) write_only: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) nullable: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) deprecated: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) lifecycle: String,
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub(crate) limits: Limits,
}

/// Limits of a value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) unique: bool,
}

impl Limits {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum LineOut<'a> {
    Api(&'a Head),
    Operation(&'a Operation),
    Parameter(&'a Parameter),
    Schema(&'a Schema),
    Member(&'a Member),
}

#[derive(Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum LineIn {
    Api(Head),
    Operation(Operation),
    Parameter(Parameter),
    Schema(Schema),
    Member(Member),
}

impl Api {
    /// The facts file's text.
    pub(crate) fn to_text(&self) -> Result<String> {
        let mut text = String::new();
        let mut line = |line: LineOut<'_>| -> Result<()> {
            writeln!(text, "{}", serde_json::to_string(&line)?)?;
            Ok(())
        };
        line(LineOut::Api(&self.head))?;
        for operation in &self.operations {
            line(LineOut::Operation(operation))?;
            for parameter in &operation.parameters {
                line(LineOut::Parameter(parameter))?;
            }
        }
        for schema in self.schemas.values() {
            line(LineOut::Schema(schema))?;
            for member in schema.members.values() {
                line(LineOut::Member(member))?;
            }
        }
        Ok(text)
    }

    /// Reads a facts file's text; `name` is for error messages.
    pub(crate) fn from_text(text: &str, name: &str) -> Result<Self> {
        let mut api = Self::default();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{name}:{}", number + 1);
            match serde_json::from_str(line).with_context(place)? {
                LineIn::Api(head) => api.head = head,
                LineIn::Operation(operation) => api.operations.push(operation),
                LineIn::Parameter(parameter) => match api.operations.last_mut() {
                    Some(operation) if operation.id == parameter.operation => {
                        operation.parameters.push(parameter)
                    }
                    _ => bail!(
                        "{}: a parameter must follow its operation `{}`",
                        place(),
                        parameter.operation
                    ),
                },
                LineIn::Schema(schema) => {
                    if let Some(before) = api.schemas.insert(schema.name.clone(), schema) {
                        bail!("{}: schema `{}` stands twice", place(), before.name);
                    }
                }
                LineIn::Member(member) => match api.schemas.get_mut(&member.schema) {
                    Some(schema) => {
                        schema.members.insert(member.name.clone(), member);
                    }
                    None => bail!(
                        "{}: member `{}` of an unknown schema `{}`",
                        place(),
                        member.name,
                        member.schema
                    ),
                },
            }
        }
        if api.head.name.is_empty() {
            bail!("{name}: no line tells which API this is");
        }
        Ok(api)
    }

    /// Reads a facts file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read api/{name}; run `cargo xtask import` first"))?;
        Self::from_text(&text, &format!("api/{name}"))
    }
}
