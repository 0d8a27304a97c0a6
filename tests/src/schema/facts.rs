//! The committed facts, as far as bodies depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A type expression: `string:date-time`, `[T]`, `{T}`, `#Name`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Type {
    /// Any JSON value.
    Any,
    /// A truth value.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text with its format.
    Text(String),
    /// A list.
    Array(Box<Type>),
    /// An object whose names are data.
    Map(Box<Type>),
    /// A schema.
    Schema(String),
}

impl From<String> for Type {
    fn from(text: String) -> Self {
        let between = |open: char, close: char| {
            text.strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close))
                .map(|inner| Box::new(inner.to_owned().into()))
        };
        if let Some(name) = text.strip_prefix('#') {
            return Self::Schema(name.to_owned());
        }
        if let Some(inner) = between('[', ']') {
            return Self::Array(inner);
        }
        if let Some(inner) = between('{', '}') {
            return Self::Map(inner);
        }
        let (kind, format) = text.split_once(':').unwrap_or((&text, ""));
        match kind {
            "any" => Self::Any,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text(format.to_owned()),
            _ => panic!("`{text}` is not a type"),
        }
    }
}

/// What kind of schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    Object,
    Union,
    Enum,
    Alias,
}

/// A schema.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Schema {
    pub name: String,
    pub kind: Kind,
    #[serde(rename = "type")]
    pub ty: Option<Type>,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub parents: Vec<String>,
    #[serde(default)]
    pub variants: Vec<Type>,
    pub discriminator: Option<String>,
    #[serde(default)]
    pub mapping: BTreeMap<String, String>,
    #[serde(default)]
    pub requires: Vec<String>,
    pub additional: Option<Type>,
    #[serde(default)]
    pub extensible: bool,
    #[serde(default)]
    pub nullable: bool,
    #[serde(skip)]
    pub members: BTreeMap<String, Member>,
}

/// A member of an object.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Member {
    pub of: String,
    pub name: String,
    #[serde(rename = "type")]
    pub ty: Type,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub nullable: bool,
    #[serde(default)]
    pub limits: Limits,
    /// Recorded traffic showed other types too, so that they are no drift.
    #[serde(skip)]
    pub widened: bool,
}

/// The values a member is limited to.
#[derive(Clone, Debug, Default, Deserialize)]
#[allow(missing_docs)]
pub struct Limits {
    pub value: Option<String>,
    #[serde(default)]
    pub values: Vec<Value>,
}

/// A body in one media type.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Body {
    #[serde(default)]
    pub status: u16,
    pub media: Option<String>,
    #[serde(rename = "type")]
    pub ty: Option<Type>,
}

/// An operation's bodies.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Operation {
    pub id: String,
    #[serde(default)]
    pub request: Vec<Body>,
    #[serde(default)]
    pub responses: Vec<Body>,
}

/// One API.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Facts {
    pub name: String,
    pub operations: BTreeMap<String, Operation>,
    pub schemas: BTreeMap<String, Schema>,
    /// Enum values that were seen though no schema lists them.
    pub observed: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Line {
    Api {},
    Operation(Operation),
    Parameter {},
    Schema(Schema),
    Member(Member),
}

/// A correction that changes which bodies are valid.
#[derive(Deserialize)]
struct Correction {
    api: String,
    problem: String,
    operation: Option<String>,
    status: Option<u16>,
    schema: Option<String>,
    member: Option<String>,
    #[serde(rename = "type")]
    ty: Option<Type>,
    #[serde(default)]
    seen: BTreeMap<String, u64>,
    instead_of: Option<Type>,
    #[serde(default)]
    mapping: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Facts {
    /// Reads the facts of one API: `management`, `oauth`, `governance`.
    #[must_use]
    pub fn read(api: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api");
        let read = |name: &str| {
            std::fs::read_to_string(directory.join(name))
                .unwrap_or_else(|error| panic!("api/{name}: {error}"))
        };
        let mut facts = Self {
            name: api.to_owned(),
            ..Self::default()
        };
        for line in read(&format!("{api}.jsonl")).lines() {
            match serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")) {
                Line::Api {} | Line::Parameter {} => {}
                Line::Operation(operation) => {
                    facts.operations.insert(operation.id.clone(), operation);
                }
                Line::Schema(schema) => {
                    facts.schemas.insert(schema.name.clone(), schema);
                }
                Line::Member(member) => {
                    let schema = facts
                        .schemas
                        .get_mut(&member.of)
                        .expect("members follow their schema");
                    schema.members.insert(member.name.clone(), member);
                }
            }
        }
        for name in ["corrections-observed.jsonl", "corrections.jsonl"] {
            for line in read(name).lines() {
                let correction: Correction =
                    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if correction.api == api {
                    facts.correct(&correction);
                }
            }
        }
        facts
    }

    /// Observed differences only widen; those kept by hand may replace.
    fn correct(&mut self, correction: &Correction) {
        match (correction.problem.as_str(), &correction.operation) {
            ("wrong_response", Some(id)) => {
                let operation = self.operations.get_mut(id).expect("a corrected operation");
                let status = correction.status.unwrap_or(200);
                operation.responses.retain(|body| body.status != status);
                let media = Some("application/json".to_owned());
                operation.responses.push(Body {
                    status,
                    media,
                    ty: correction.ty.clone(),
                });
            }
            ("wrong_request", Some(id)) => {
                let operation = self.operations.get_mut(id).expect("a corrected operation");
                operation
                    .request
                    .iter_mut()
                    .for_each(|body| body.ty.clone_from(&correction.ty));
            }
            ("wrong_discriminator", _) => {
                let schema = correction
                    .schema
                    .as_ref()
                    .and_then(|schema| self.schemas.get_mut(schema));
                let schema = schema.expect("a corrected schema");
                schema.discriminator.clone_from(&correction.member);
                schema.mapping.clone_from(&correction.mapping);
            }
            ("open", _) => {
                let schema = correction
                    .schema
                    .as_ref()
                    .and_then(|schema| self.schemas.get_mut(schema));
                schema.expect("a corrected schema").extensible = true;
            }
            ("unknown_enum_value", _) => {
                let values = correction
                    .values
                    .iter()
                    .filter_map(|text| serde_json::from_str::<String>(text).ok());
                self.observed.extend(values);
            }
            ("wrong_type" | "type_mismatch", _) => self.correct_type(correction),
            _ => {}
        }
    }

    fn correct_type(&mut self, correction: &Correction) {
        let (Some(schema), Some(member)) = (&correction.schema, &correction.member) else {
            return;
        };
        for found in self
            .schemas
            .values_mut()
            .filter(|found| schema == "*" || found.name == *schema)
        {
            let Some(found) = found.members.get_mut(member) else {
                continue;
            };
            match &correction.ty {
                Some(ty)
                    if correction
                        .instead_of
                        .as_ref()
                        .is_none_or(|wrong| *wrong == found.ty) =>
                {
                    found.ty = ty.clone();
                    found.limits = Limits::default();
                }
                Some(_) => {}
                None => {
                    // Held as a float: of whole numbers only those that it holds exactly.
                    if correction
                        .seen
                        .keys()
                        .all(|seen| seen.contains("integer expected, number sent"))
                    {
                        found.ty = Type::Number;
                    }
                    found.widened = true;
                }
            }
        }
    }

    /// The members of an object with those of its parents.
    #[must_use]
    pub fn members(&self, id: &str) -> BTreeMap<&str, Member> {
        let mut all = BTreeMap::new();
        self.collect(id, &mut all, 0);
        all
    }

    fn collect<'a>(&'a self, id: &str, all: &mut BTreeMap<&'a str, Member>, depth: usize) {
        let Some(schema) = self.schemas.get(id).filter(|_| depth < 16) else {
            return;
        };
        if let (Kind::Alias, Some(Type::Schema(target))) = (schema.kind, &schema.ty) {
            self.collect(target, all, depth + 1);
        }
        for parent in &schema.parents {
            self.collect(parent, all, depth + 1);
        }
        for (name, member) in &schema.members {
            all.insert(name, member.clone());
        }
        for name in &schema.requires {
            if let Some(member) = all.get_mut(name.as_str()) {
                member.required = true;
            }
        }
    }

    /// The type of members beyond the listed ones, of the object or a parent.
    #[must_use]
    pub fn additional(&self, id: &str) -> Option<Type> {
        let schema = self.schemas.get(id)?;
        let own = schema
            .additional
            .clone()
            .or_else(|| schema.extensible.then_some(Type::Any));
        own.or_else(|| {
            schema
                .parents
                .iter()
                .find_map(|parent| self.additional(parent))
        })
    }

    /// Follows aliases.
    #[must_use]
    pub fn resolved<'a>(&'a self, ty: &'a Type) -> &'a Type {
        let mut ty = ty;
        for _ in 0..16 {
            match ty {
                Type::Schema(id) => match self.schemas.get(id) {
                    Some(Schema {
                        kind: Kind::Alias,
                        ty: Some(target),
                        ..
                    }) => ty = target,
                    _ => return ty,
                },
                _ => return ty,
            }
        }
        ty
    }
}
