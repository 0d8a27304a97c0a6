//! Rust source for a flow, from its OpenAPI document; for `build.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::contract::{ContractError, FlowContract, Kind, Member};

/// Names that Rust keeps and that take no `r#`.
const NO_RAW: [&str; 4] = ["self", "Self", "super", "crate"];
/// Names that Rust keeps, in every edition so far.
const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield", "raw", "union",
];

/// The source of a module for one flow: `{name}Input`, `{name}Output`, the structs inside them, `CONTRACT`, and
/// `invoke`, which runs the flow with typed input and output.
///
/// The using crate needs `okta-workflows`, `serde` with `derive`, and `serde_json`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let document = r#"{"openapi":"3.0.3","paths":{"/api/flo/x/invoke":{"post":{
///     "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["Badge Type"],
///         "properties":{"Badge Type":{"type":"string"},"since":{"type":"string","format":"date-time"}}}}}},
///     "responses":{"200":{"description":"","content":{"application/json":{"schema":{"type":"object",
///         "properties":{"number":{"type":"integer"}}}}}}}}}}}"#;
/// // In build.rs: std::fs::write(out_dir.join("issue_badge.rs"), source)?
/// let source = okta_workflows::invoke::codegen::source(document, "IssueBadge")?;
/// assert!(source.contains("pub badge_type: String,"));
/// assert!(source.contains("pub since: Option<::okta_workflows::card::types::DateTime>,"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`FlowContract::from_openapi`]; and if `name` is no name for a type.
pub fn source(document: &str, name: &str) -> Result<String, ContractError> {
    let contract = FlowContract::from_openapi(document)?;
    let name = pascal(name);
    let mut writer = Writer {
        text: String::from("// Made from the flow's OpenAPI document; do not edit.\n\n"),
        taken: BTreeSet::new(),
    };
    let input = writer.named(
        &format!("{name}Input"),
        "What the flow takes.",
        &contract.input,
    );
    let output = writer.named(
        &format!("{name}Output"),
        "What the flow gives.",
        &contract.output,
    );
    let json = serde_json::to_string(&contract).unwrap_or_default();
    let _ = write!(
        writer.text,
        "/// The contract that these types were made for, as JSON.\n\
         pub const CONTRACT: &str = {json:?};\n\n\
         /// Runs the flow.\n///\n/// # Errors\n/// As [`Invocation::output`](::okta_workflows::invoke::Invocation::output).\n\
         pub async fn invoke(\n    flow: &::okta_workflows::invoke::Flow,\n    input: &{input},\n\
         ) -> ::core::result::Result<{output}, ::okta_workflows::invoke::InvokeError> {{\n    \
         flow.invoke(input).output().await\n}}\n"
    );
    Ok(writer.text)
}

struct Writer {
    text: String,
    taken: BTreeSet<String>,
}

impl Writer {
    /// A type with this name for a kind, whatever the kind is.
    fn named(&mut self, name: &str, doc: &str, kind: &Kind) -> String {
        match kind {
            Kind::Object(members) => self.object(name, doc, members),
            kind => {
                let ty = self.ty(name, kind);
                let name = self.free(name);
                let _ = write!(self.text, "/// {doc}\npub type {name} = {ty};\n\n");
                name
            }
        }
    }

    fn free(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        for number in 2.. {
            if self.taken.insert(free.clone()) {
                break;
            }
            free = format!("{name}{number}");
        }
        free
    }

    /// The type of a kind; structs inside it get names that begin with `name`.
    fn ty(&mut self, name: &str, kind: &Kind) -> String {
        match kind {
            Kind::Text => "String".to_owned(),
            Kind::Integer => "i64".to_owned(),
            Kind::Number => "f64".to_owned(),
            Kind::Boolean => "bool".to_owned(),
            Kind::DateTime => "::okta_workflows::card::types::DateTime".to_owned(),
            Kind::Any => "::serde_json::Value".to_owned(),
            Kind::List(inner) => format!("Vec<{}>", self.ty(name, inner)),
            Kind::Map(inner) => {
                let inner = self.ty(name, inner);
                format!("::std::collections::BTreeMap<String, {inner}>")
            }
            Kind::Object(members) => self.object(name, "An object of the flow.", members),
        }
    }

    fn object(&mut self, name: &str, doc: &str, members: &[Member]) -> String {
        let name = self.free(name);
        let mut fields = String::new();
        let mut taken = BTreeSet::new();
        for member in members {
            let mut field = snake(&member.name);
            while !taken.insert(field.clone()) {
                field.push('_');
            }
            let ty = self.ty(&format!("{name}{}", pascal(&member.name)), &member.kind);
            let rename = format!("{:?}", member.name);
            let _ = writeln!(fields, "    /// `{}`", comment(&member.name));
            let _ = match member.required {
                true => writeln!(
                    fields,
                    "    #[serde(rename = {rename})]\n    pub {field}: {ty},"
                ),
                false => writeln!(
                    fields,
                    "    #[serde(rename = {rename}, default, skip_serializing_if = \"Option::is_none\")]\n    \
                     pub {field}: Option<{ty}>,"
                ),
            };
        }
        let _ = write!(
            self.text,
            "/// {doc}\n#[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]\n\
             pub struct {name} {{\n{fields}}}\n\n"
        );
        name
    }
}

/// A name inside a doc comment.
fn comment(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() || c == '`' { ' ' } else { c })
        .collect()
}

/// Words of a name: at anything but letters and digits, and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for c in name.chars() {
        let fits = c.is_ascii_alphanumeric();
        if !fits || (c.is_ascii_uppercase() && before_lower) {
            words.push(String::new());
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| fits) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn snake(name: &str) -> String {
    let name = words(name).join("_");
    match name.chars().next() {
        None => "field".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("field_{name}"),
        Some(_) if NO_RAW.contains(&name.as_str()) => format!("{name}_"),
        Some(_) if KEYWORDS.contains(&name.as_str()) => format!("r#{name}"),
        Some(_) => name,
    }
}

fn pascal(name: &str) -> String {
    let mut pascal = String::new();
    for word in words(name) {
        let mut letters = word.chars();
        pascal.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        pascal.push_str(letters.as_str());
    }
    match pascal.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => pascal,
        _ => format!("Flow{pascal}"),
    }
}
