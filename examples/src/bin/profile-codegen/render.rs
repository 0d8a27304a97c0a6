//! From a schema to Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Custom attributes of every kind, to show what becomes of them.
pub(crate) fn sample_attributes() -> Value {
    json!({"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {
        "badgeNumber": {"title": "Badge number", "type": "integer", "minimum": 1, "maximum": 99999},
        "shirtSize": {"title": "Shirt size", "type": "string", "enum": ["S", "M", "X-Large"],
            "oneOf": [{"const": "S", "title": "S"}, {"const": "M", "title": "M"}, {"const": "X-Large", "title": "XL"}]},
        "languages": {"title": "Languages", "type": "array", "items": {"type": "string"}},
        "load-factor": {"title": "Load factor", "type": "number"},
        "remote": {"title": "Works remotely", "type": "boolean"},
        "type": {"title": "Kind of contract", "type": "string", "minLength": 1, "maxLength": 20},
        "startDate": {"title": "First day", "type": "string", "format": "date-time"},
        "2fa_exempt": {"title": "Exempt", "type": "boolean"},
    }, "required": []}}})
}

/// A module with a struct of all attributes, base and custom.
///
/// # Errors
/// If the schema has no definitions.
pub(crate) fn module(schema: &Value, name: &str) -> Result<String> {
    let definitions = schema["definitions"]
        .as_object()
        .context("the schema has no definitions")?;
    let mut attributes: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut required: BTreeSet<&str> = BTreeSet::new();
    for part in definitions.values() {
        let properties = part["properties"].as_object().into_iter().flatten();
        attributes.extend(properties.map(|(name, attribute)| (name.as_str(), attribute)));
        required.extend(
            part["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str),
        );
    }
    let mut code = String::from(
        "// Written by profile-codegen from the org's schema; run it again after the schema has changed.\n\n\
         use serde::{Deserialize, Serialize};\n\n",
    );
    let mut enums = String::new();
    let mut names = Names::default();
    let mut types = Names::default();
    let struct_name = types.unique(type_name(name));
    let title = one_line(schema["title"].as_str().unwrap_or("Profile"));
    writeln!(
        code,
        "/// {title}.\n#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]"
    )?;
    writeln!(code, "#[serde(default)]\npub struct {struct_name} {{")?;
    for (wire, attribute) in attributes {
        let rust = names.unique(member_name(wire));
        let mut kind = type_of(attribute);
        let values = attribute["enum"]
            .as_array()
            .or(attribute["items"]["enum"].as_array());
        let is_text = |values: &&Vec<Value>| values.iter().all(Value::is_string);
        if let Some(values) = values.filter(is_text) {
            let enum_name = types.unique(type_name(wire));
            kind = kind.replace("String", &enum_name);
            let title = one_line(attribute["title"].as_str().unwrap_or(wire));
            open_enum(&mut enums, &enum_name, &title, values)?;
        }
        for line in facts(wire, attribute, required.contains(wire)) {
            writeln!(code, "    /// {line}")?;
        }
        let rename = match rust.trim_start_matches("r#") == wire {
            true => String::new(),
            false => format!("rename = {wire:?}, "),
        };
        writeln!(
            code,
            "    #[serde({rename}skip_serializing_if = \"Option::is_none\")]"
        )?;
        writeln!(code, "    pub {rust}: Option<{kind}>,")?;
    }
    code.push_str("}\n");
    code.push_str(&enums);
    Ok(code)
}

fn type_of(attribute: &Value) -> String {
    match attribute["type"].as_str() {
        Some("string") if attribute["format"] == "date-time" => "okta_core::Timestamp".into(),
        Some("string") => "String".into(),
        Some("integer") => "i64".into(),
        Some("number") => "f64".into(),
        Some("boolean") => "bool".into(),
        Some("array") => format!("Vec<{}>", type_of(&attribute["items"])),
        _ => "serde_json::Value".into(),
    }
}

fn facts(wire: &str, attribute: &Value, required: bool) -> Vec<String> {
    let title = one_line(attribute["title"].as_str().unwrap_or(wire));
    let mut facts: Vec<String> = Vec::new();
    if required {
        facts.push("required".into());
    }
    for (name, word) in [("minLength", "at least"), ("maxLength", "at most")] {
        if let Some(length) = attribute[name].as_u64() {
            facts.push(format!("{word} {length} characters"));
        }
    }
    for (name, word) in [("minimum", "at least"), ("maximum", "at most")] {
        if attribute[name].is_number() {
            facts.push(format!("{word} {}", attribute[name]));
        }
    }
    for (name, word) in [("mutability", "READ_ONLY"), ("unique", "UNIQUE_VALIDATED")] {
        if attribute[name] == word {
            facts.push(match name {
                "mutability" => "read-only".into(),
                _ => "unique".into(),
            });
        }
    }
    if let Some(format) = attribute["format"].as_str() {
        facts.push(format!("format {}", one_line(format)));
    }
    match facts.is_empty() {
        true => vec![format!("{title}.")],
        false => vec![format!("{title}: {}.", facts.join(", "))],
    }
}

/// A list of values that may grow.
fn open_enum(code: &mut String, name: &str, title: &str, values: &[Value]) -> Result<()> {
    let mut names = Names::default();
    names.unique("Other".into());
    let texts = values.iter().filter_map(Value::as_str);
    let variants: Vec<(String, &str)> = texts
        .map(|text| (names.unique(type_name(text)), text))
        .collect();
    writeln!(
        code,
        "\n/// {title}.\n#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]"
    )?;
    writeln!(
        code,
        "#[serde(from = \"String\", into = \"String\")]\npub enum {name} {{"
    )?;
    for (variant, text) in &variants {
        writeln!(code, "    /// `{}`.\n    {variant},", one_line(text))?;
    }
    writeln!(
        code,
        "    /// A value that the schema did not have.\n    Other(String),\n}}\n"
    )?;
    writeln!(
        code,
        "impl From<String> for {name} {{\n    fn from(text: String) -> Self {{"
    )?;
    writeln!(code, "        match text.as_str() {{")?;
    for (variant, text) in &variants {
        writeln!(code, "            {text:?} => Self::{variant},")?;
    }
    writeln!(
        code,
        "            _ => Self::Other(text),\n        }}\n    }}\n}}\n"
    )?;
    writeln!(
        code,
        "impl From<{name}> for String {{\n    fn from(value: {name}) -> Self {{"
    )?;
    writeln!(code, "        match value {{")?;
    for (variant, text) in &variants {
        writeln!(code, "            {name}::{variant} => {text:?}.into(),")?;
    }
    writeln!(
        code,
        "            {name}::Other(text) => text,\n        }}\n    }}\n}}"
    )?;
    Ok(())
}

/// Names that were used.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn unique(&mut self, name: String) -> String {
        let mut unique = name.clone();
        let mut number = 2;
        while !self.0.insert(unique.clone()) {
            unique = format!("{name}{number}");
            number += 1;
        }
        unique
    }
}

/// Words of a name, cut at what is no letter or digit and where capitals begin.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for character in text.chars() {
        let ends = before.is_lowercase() && character.is_uppercase();
        if ends || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_ascii_alphanumeric() {
            words
                .last_mut()
                .expect("one word")
                .push(character.to_ascii_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

fn member_name(wire: &str) -> String {
    let name = words(wire).join("_");
    match name.as_str() {
        "" => "attribute".into(),
        "self" | "super" | "crate" => format!("{name}_"),
        "as" | "async" | "await" | "break" | "const" | "continue" | "dyn" | "else" | "enum"
        | "extern" | "false" | "fn" | "for" | "gen" | "if" | "impl" | "in" | "let" | "loop"
        | "match" | "mod" | "move" | "mut" | "pub" | "ref" | "return" | "static" | "struct"
        | "trait" | "true" | "type" | "unsafe" | "use" | "where" | "while" | "abstract"
        | "become" | "box" | "do" | "final" | "macro" | "override" | "priv" | "try" | "typeof"
        | "unsized" | "virtual" | "yield" => {
            format!("r#{name}")
        }
        _ if name.starts_with(|first: char| first.is_ascii_digit()) => format!("_{name}"),
        _ => name,
    }
}

fn type_name(text: &str) -> String {
    let name: String = words(text)
        .iter()
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect();
    match name.as_str() {
        "" => "Value".into(),
        "Self" | "String" | "Option" | "Vec" | "From" | "Serialize" | "Deserialize" => {
            format!("{name}_")
        }
        _ if name.starts_with(|first: char| first.is_ascii_digit()) => format!("N{name}"),
        _ => name,
    }
}

/// Text of the org, safe in a comment of one line.
fn one_line(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    text.trim().trim_end_matches('.').to_owned()
}
