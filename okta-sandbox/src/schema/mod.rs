//! The published schemas, read lazily from the generated table.

mod check;
mod make;

pub(crate) use check::{Fullness, check, check_kinds, known_only};
pub(crate) use make::Maker;

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde_json::Value;

/// What `cargo xtask generate` writes.
static TABLE: &str = include_str!("../generated/schemas.txt");

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Any,
    Boolean,
    Integer,
    Number,
    /// With its format, which may be empty.
    Text(String),
    List(Box<Type>),
    Map(Box<Type>),
    Named(String),
}

impl Type {
    fn parse(text: &str) -> Self {
        let inner = |open, close| text.strip_prefix(open)?.strip_suffix(close);
        if let Some(name) = text.strip_prefix('#') {
            return Self::Named(name.to_owned());
        }
        if let Some(element) = inner('[', ']') {
            return Self::List(Box::new(Self::parse(element)));
        }
        if let Some(element) = inner('{', '}') {
            return Self::Map(Box::new(Self::parse(element)));
        }
        let (kind, format) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text(format.to_owned()),
            _ => Self::Any,
        }
    }
}

/// Limits of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limits {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) shortest: usize,
    pub(crate) longest: Option<usize>,
    pub(crate) fewest: usize,
    pub(crate) most: Option<usize>,
    pub(crate) default: Option<Value>,
    /// The only value there is.
    pub(crate) only: Option<String>,
}

impl Limits {
    fn read(line: &Value) -> Self {
        let size = |name: &str| line[name].as_u64().map(|n| n as usize);
        Self {
            min: line["min"].as_f64(),
            max: line["max"].as_f64(),
            shortest: size("short").unwrap_or(0),
            longest: size("long"),
            fewest: size("few").unwrap_or(0),
            most: size("many"),
            default: line.get("def").cloned(),
            only: line["value"].as_str().map(str::to_owned),
        }
    }
}

/// A member of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) ty: Type,
    pub(crate) needed: bool,
    pub(crate) read_only: bool,
    pub(crate) write_only: bool,
    pub(crate) nullable: bool,
    pub(crate) limits: Limits,
}

impl Member {
    fn read(line: &Value) -> Self {
        let flag = |name: &str| line[name] == 1;
        let ty = line.as_str().or_else(|| line["t"].as_str());
        Self {
            ty: Type::parse(ty.unwrap_or("any")),
            needed: flag("need"),
            read_only: flag("ro"),
            write_only: flag("wo"),
            nullable: flag("nil"),
            limits: Limits::read(line),
        }
    }
}

/// What kind of schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Union,
    Enum,
    Alias,
}

/// A schema, with the members of its parents.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Of an alias.
    pub(crate) ty: Option<Type>,
    /// Of an enum.
    pub(crate) values: Vec<String>,
    /// Alternatives of a union.
    pub(crate) variants: Vec<Type>,
    /// The member that tells which alternative, and the alternatives by its value.
    pub(crate) tag: Option<String>,
    pub(crate) tagged: BTreeMap<String, String>,
    pub(crate) members: BTreeMap<String, Member>,
    /// Members of any name may stand beside the listed ones.
    pub(crate) open: bool,
    pub(crate) nullable: bool,
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Schema {
    fn read(api: &'static str, name: &'static str, raw: &str) -> Self {
        let line: Value = serde_json::from_str(raw).unwrap_or_default();
        let mut members = BTreeMap::new();
        let mut open = line["open"] == 1 || line.get("rest").is_some();
        for parent in texts(&line["up"]) {
            if let Some(parent) = schema(api, &parent) {
                members.extend(parent.members.clone());
                open |= parent.open;
            }
        }
        for (name, member) in line["m"].as_object().into_iter().flatten() {
            members.insert(name.clone(), Member::read(member));
        }
        for needed in texts(&line["need"]) {
            if let Some(member) = members.get_mut(&needed) {
                member.needed = true;
            }
        }
        let tagged = line["map"].as_object().into_iter().flatten();
        Self {
            name,
            kind: match line["k"].as_str() {
                Some("union") => Kind::Union,
                Some("enum") => Kind::Enum,
                Some("alias") => Kind::Alias,
                _ => Kind::Object,
            },
            ty: line["t"].as_str().map(Type::parse),
            values: texts(&line["values"]),
            variants: texts(&line["or"]).iter().map(|t| Type::parse(t)).collect(),
            tag: line["by"].as_str().map(str::to_owned),
            tagged: tagged
                .filter_map(|(tag, name)| Some((tag.clone(), name.as_str()?.to_owned())))
                .collect(),
            members,
            open,
            nullable: line["nil"] == 1,
        }
    }
}

/// What the table says about an operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) request: Option<Type>,
    /// Whether the body is something else than JSON.
    pub(crate) other_media: bool,
    pub(crate) body_needed: bool,
    pub(crate) answer: Option<Type>,
    /// Query parameters without which the call is refused.
    pub(crate) needs: Vec<String>,
    /// Default and maximum of `limit`.
    pub(crate) page: Option<usize>,
    pub(crate) most: Option<usize>,
    /// Types of path parameters that are schemas.
    pub(crate) path: BTreeMap<String, Type>,
}

impl Facts {
    fn read(raw: &str) -> Self {
        let line: Value = serde_json::from_str(raw).unwrap_or_default();
        let size = |name: &str| line[name].as_u64().map(|n| n as usize);
        let path = line["path"].as_object().into_iter().flatten();
        Self {
            request: line["request"].as_str().map(Type::parse),
            other_media: line.get("media").is_some(),
            body_needed: line["body"] == 1,
            answer: line["answer"].as_str().map(Type::parse),
            needs: texts(&line["needs"]),
            page: size("page"),
            most: size("most"),
            path: path
                .filter_map(|(name, ty)| Some((name.clone(), Type::parse(ty.as_str()?))))
                .collect(),
        }
    }
}

struct Entry<T> {
    raw: &'static str,
    read: OnceLock<T>,
}

#[derive(Default)]
struct Table {
    schemas: HashMap<&'static str, HashMap<&'static str, Entry<Schema>>>,
    /// By id, which two APIs may share.
    operations: HashMap<&'static str, Vec<Entry<Facts>>>,
}

/// Lines are found once a process, and understood when first asked for.
fn table() -> &'static Table {
    static READ: OnceLock<Table> = OnceLock::new();
    READ.get_or_init(|| {
        let mut table = Table::default();
        for line in TABLE.lines() {
            if let Some((id, raw)) = line.strip_prefix('=').and_then(|l| l.split_once('\t')) {
                let read = OnceLock::new();
                let of_id = table.operations.entry(id).or_default();
                of_id.push(Entry { raw, read });
            } else if let Some((api, rest)) = line.split_once('\t')
                && let Some((name, raw)) = rest.split_once('\t')
            {
                let read = OnceLock::new();
                let of_api = table.schemas.entry(api).or_default();
                of_api.insert(name, Entry { raw, read });
            }
        }
        table
    })
}

/// A schema of an API by its name.
pub(crate) fn schema(api: &str, name: &str) -> Option<&'static Schema> {
    let (name, entry) = table().schemas.get(api)?.get_key_value(name)?;
    let api = match api {
        "governance" => "governance",
        "oauth" => "oauth",
        _ => "management",
    };
    Some(
        entry
            .read
            .get_or_init(|| Schema::read(api, name, entry.raw)),
    )
}

/// What the table says about an operation.
pub(crate) fn facts(id: &str) -> &'static Facts {
    all_facts(id).next().unwrap_or_else(nothing)
}

fn all_facts(id: &str) -> impl Iterator<Item = &'static Facts> {
    let of_id = table().operations.get(id).into_iter().flatten();
    of_id.map(|entry| entry.read.get_or_init(|| Facts::read(entry.raw)))
}

fn nothing() -> &'static Facts {
    static NOTHING: OnceLock<Facts> = OnceLock::new();
    NOTHING.get_or_init(Facts::default)
}

/// The same of an operation whose id another API may have, too: the facts whose types its own API knows.
pub(crate) fn facts_of(api: &str, id: &str) -> &'static Facts {
    let known = |ty: &Option<Type>| match ty {
        Some(Type::Named(name)) => schema(api, name).is_some(),
        _ => true,
    };
    all_facts(id)
        .find(|facts| known(&facts.request) && known(&facts.answer))
        .unwrap_or_else(|| facts(id))
}

/// Follows aliases.
pub(crate) fn resolve(api: &str, ty: &Type) -> Type {
    let mut ty = ty.clone();
    for _ in 0..8 {
        let Type::Named(name) = &ty else { break };
        match schema(api, name) {
            Some(Schema {
                kind: Kind::Alias,
                ty: Some(inner),
                ..
            }) => ty = inner.clone(),
            _ => break,
        }
    }
    ty
}

/// The object schema behind a type, if it is one.
pub(crate) fn object(api: &str, ty: &Type) -> Option<&'static Schema> {
    match resolve(api, ty) {
        Type::Named(name) => schema(api, &name),
        _ => None,
    }
}

/// The alternative that a value's tag names; the schema itself where nothing does.
pub(crate) fn variant(api: &str, schema: &'static Schema, value: &Value) -> &'static Schema {
    let tag = schema.tag.as_ref().and_then(|tag| value[tag].as_str());
    let name = tag.and_then(|tag| schema.tagged.get(tag));
    match name.and_then(|name| self::schema(api, name)) {
        Some(found) if found.name != schema.name => {
            if found.tag.is_some() && found.tag != schema.tag {
                return variant(api, found, value);
            }
            found
        }
        _ => schema,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_have_their_parents_members() {
        let zone = schema("management", "IPNetworkZone").expect("a schema");
        assert!(zone.members.contains_key("gateways") && zone.members["name"].needed);
        let base = schema("management", "NetworkZone").expect("a schema");
        let found = variant("management", base, &serde_json::json!({ "type": "IP" }));
        assert_eq!(found.name, "IPNetworkZone");
    }

    #[test]
    fn every_named_type_exists() {
        fn named(api: &str, ty: &Type, from: &str) {
            match ty {
                Type::List(inner) | Type::Map(inner) => named(api, inner, from),
                Type::Named(name) => assert!(schema(api, name).is_some(), "{from}: {name}"),
                _ => {}
            }
        }
        for (api, schemas) in &table().schemas {
            for name in schemas.keys() {
                let found = schema(api, name).expect(name);
                for (member, of) in &found.members {
                    named(api, &of.ty, &format!("{name}.{member}"));
                }
            }
        }
    }
}
