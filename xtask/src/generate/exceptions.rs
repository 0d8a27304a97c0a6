//! `api/names.json`: exceptions from the naming rules, kept by hand, each with its reason.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// The file's content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Exceptions {
    /// Paths that are named as if they were others; the longest prefix counts.
    paths: Vec<PathException>,
    /// Operations with another function name.
    operations: Vec<OperationException>,
    /// Path literals with another name wherever they stand.
    literals: Vec<LiteralException>,
    /// First words of path literals that are actions.
    pub(crate) verbs: BTreeSet<String>,
    /// Schemas with another type name.
    schemas: Vec<SchemaException>,
    /// Enum values with another variant name.
    values: Vec<ValueException>,
    /// Members with another field name.
    members: Vec<MemberException>,
    /// Members that hold secrets: redacted in debug output.
    pub(crate) secrets: Secrets,
    #[serde(skip)]
    used: RefCell<BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathException {
    path: String,
    #[serde(rename = "as")]
    named: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationException {
    operation: String,
    name: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LiteralException {
    literal: String,
    name: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaException {
    schema: String,
    name: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueException {
    schema: String,
    value: String,
    name: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberException {
    schema: String,
    member: String,
    name: String,
    #[serde(rename = "reason")]
    _reason: String,
}

/// What counts as a secret.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Secrets {
    /// Member names, in any schema.
    pub(crate) members: BTreeSet<String>,
    /// `Schema.member` pairs.
    pub(crate) of: BTreeSet<String>,
    /// `Schema.member` pairs that are none, though their name says so.
    pub(crate) not: BTreeSet<String>,
}

impl Exceptions {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).context("cannot read api/names.json")?;
        Self::parse(&text)
    }

    /// Parses the file's text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("api/names.json")
    }

    /// How many exceptions there are from the naming of operations.
    pub(crate) fn count(&self) -> usize {
        self.paths.len() + self.operations.len() + self.literals.len()
    }

    fn mark(&self, key: String) {
        self.used.borrow_mut().insert(key);
    }

    /// The path under which an operation is named.
    pub(crate) fn path(&self, path: &str) -> String {
        let covers = |entry: &&PathException| {
            path.strip_prefix(entry.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self
            .paths
            .iter()
            .filter(covers)
            .max_by_key(|entry| entry.path.len())
        {
            Some(entry) => {
                self.mark(format!("path {}", entry.path));
                format!("{}{}", entry.named, &path[entry.path.len()..])
            }
            None => path.to_owned(),
        }
    }

    /// The function name of an operation, `METHOD /path`.
    pub(crate) fn operation(&self, operation: &str) -> Option<&str> {
        let entry = self
            .operations
            .iter()
            .find(|entry| entry.operation == operation)?;
        self.mark(format!("operation {operation}"));
        Some(&entry.name)
    }

    /// The name of a path literal.
    pub(crate) fn literal<'a>(&'a self, literal: &'a str) -> &'a str {
        match self.literals.iter().find(|entry| entry.literal == literal) {
            Some(entry) => {
                self.mark(format!("literal {literal}"));
                &entry.name
            }
            None => literal,
        }
    }

    /// The type name of a schema.
    pub(crate) fn schema(&self, schema: &str) -> Option<&str> {
        let entry = self.schemas.iter().find(|entry| entry.schema == schema)?;
        self.mark(format!("schema {schema}"));
        Some(&entry.name)
    }

    /// The variant name of an enum's value.
    pub(crate) fn value(&self, schema: &str, value: &str) -> Option<&str> {
        let entry = self
            .values
            .iter()
            .find(|entry| entry.schema == schema && entry.value == value)?;
        self.mark(format!("value {schema} {value}"));
        Some(&entry.name)
    }

    /// The field name of a member.
    pub(crate) fn member(&self, schema: &str, member: &str) -> Option<&str> {
        let entry = self
            .members
            .iter()
            .find(|entry| entry.schema == schema && entry.member == member)?;
        self.mark(format!("member {schema} {member}"));
        Some(&entry.name)
    }

    /// Fails if an exception matched nothing: the API has changed below it.
    pub(crate) fn check_all_used(&self) -> Result<()> {
        let used = self.used.borrow();
        let all = BTreeMap::from([
            (
                "path",
                self.paths
                    .iter()
                    .map(|e| e.path.clone())
                    .collect::<Vec<_>>(),
            ),
            (
                "operation",
                self.operations
                    .iter()
                    .map(|e| e.operation.clone())
                    .collect(),
            ),
            (
                "literal",
                self.literals.iter().map(|e| e.literal.clone()).collect(),
            ),
            (
                "schema",
                self.schemas.iter().map(|e| e.schema.clone()).collect(),
            ),
            (
                "member",
                self.members
                    .iter()
                    .map(|e| format!("{} {}", e.schema, e.member))
                    .collect(),
            ),
            (
                "value",
                self.values
                    .iter()
                    .map(|e| format!("{} {}", e.schema, e.value))
                    .collect(),
            ),
        ]);
        for (kind, names) in all {
            if let Some(name) = names
                .iter()
                .find(|name| !used.contains(&format!("{kind} {name}")))
            {
                bail!(
                    "api/names.json: the {kind} exception `{name}` matches nothing; remove or mend it"
                );
            }
        }
        Ok(())
    }
}
