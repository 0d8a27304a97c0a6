//! Makes values that fit a schema out of what is known.

use serde_json::{Map, Value, json};

use super::{Kind, Limits, Member, Schema, Type, object, resolve, schema, variant};
use crate::ids::Dice;

/// Nesting of made-up objects.
const MAX_DEPTH: usize = 6;

/// Members that the service takes and never shows.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "password" | "privateKey" | "secretKey" | "tokenSigningKey" | "clientSecret"
    )
}

/// Fills in what an answer must have.
pub(crate) struct Maker<'a> {
    pub(crate) api: &'a str,
    pub(crate) dice: &'a mut Dice,
    /// The time that made-up dates have.
    pub(crate) now: String,
    /// Scheme and host.
    pub(crate) base: String,
    pub(crate) org: String,
    /// Whether members that may be absent are made too.
    pub(crate) full: bool,
}

impl Maker<'_> {
    /// The value shaped by the type: unlisted and write-only members go, required ones come.
    pub(crate) fn shape(&mut self, ty: &Type, value: Value) -> Value {
        self.value(ty, value, 0)
    }

    fn value(&mut self, ty: &Type, value: Value, depth: usize) -> Value {
        match (resolve(self.api, ty), value) {
            (Type::List(inner), Value::Array(items)) => {
                let items = items.into_iter();
                items
                    .map(|item| self.value(&inner, item, depth + 1))
                    .collect()
            }
            (Type::Map(inner), Value::Object(members)) => members
                .into_iter()
                .map(|(name, item)| {
                    let item = self.value(&inner, item, depth + 1);
                    (name, item)
                })
                .collect(),
            (Type::Named(schema_name), value @ Value::Object(_)) => {
                match schema(self.api, &schema_name) {
                    Some(found) => self.object(found, value, depth),
                    None => value,
                }
            }
            // The service keeps text for what it declares as text.
            (Type::Text(_), Value::Bool(truth)) => json!(truth.to_string()),
            (Type::Text(_), Value::Number(number)) => json!(number.to_string()),
            (Type::Integer | Type::Number, Value::String(text)) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            (Type::Boolean, Value::String(text)) => json!(text == "true"),
            (_, value) => value,
        }
    }

    fn object(&mut self, found: &'static Schema, value: Value, depth: usize) -> Value {
        let own = self.alternative(found, &value);
        if own.kind != Kind::Object {
            return value;
        }
        let Value::Object(given) = value else {
            return value;
        };
        let mut shaped = Map::new();
        for (name, item) in given {
            match own.members.get(&name) {
                Some(member) if member.write_only => {}
                // Descriptions forget to say so, the service does not.
                Some(member) if !member.needed && !member.read_only && is_secret(&name) => {}
                Some(member) if item.is_null() && !member.nullable && !member.needed => {
                    shaped.insert(name, item);
                }
                Some(member) => {
                    let item = self.value(&member.ty, item, depth + 1);
                    shaped.insert(name, item);
                }
                None if own.open || name.starts_with('_') => {
                    shaped.insert(name, item);
                }
                None => {}
            }
        }
        self.complete(own, &mut shaped, depth);
        Value::Object(shaped)
    }

    fn alternative(&self, found: &'static Schema, value: &Value) -> &'static Schema {
        if found.kind == Kind::Union && found.tag.is_none() {
            // The alternative that knows the most of what is there.
            let objects = found.variants.iter().filter_map(|ty| object(self.api, ty));
            let known = |schema: &&Schema| {
                let members = value.as_object().into_iter().flatten();
                members
                    .filter(|(name, _)| schema.members.contains_key(*name))
                    .count()
            };
            return match objects.filter(|s| s.kind == Kind::Object).max_by_key(known) {
                Some(found) => found,
                None => found,
            };
        }
        variant(self.api, found, value)
    }

    fn complete(&mut self, own: &Schema, shaped: &mut Map<String, Value>, depth: usize) {
        for (name, member) in &own.members {
            if member.write_only || name == "_links" || name == "_embedded" {
                continue;
            }
            if shaped
                .get(name)
                .is_some_and(|v| !v.is_null() || member.nullable || !member.needed)
            {
                continue;
            }
            let wanted = member.needed || (self.full && self.plain(&member.ty));
            if let Some(default) = &member.limits.default {
                shaped.insert(name.clone(), default.clone());
            } else if wanted {
                let value = self.member(name, member, depth);
                shaped.insert(name.clone(), value);
            }
        }
    }

    /// Whether a value of this type says something even where nobody set it.
    fn plain(&self, ty: &Type) -> bool {
        match resolve(self.api, ty) {
            Type::Boolean | Type::Integer | Type::Number | Type::List(_) => true,
            Type::Named(name) => schema(self.api, &name).is_some_and(|s| s.kind == Kind::Enum),
            _ => false,
        }
    }

    fn member(&mut self, name: &str, member: &Member, depth: usize) -> Value {
        if member.nullable && !self.full {
            return Value::Null;
        }
        self.sample(&member.ty, &member.limits, name, depth + 1)
    }

    /// A value of a type, where nothing is known of it.
    pub(crate) fn sample(&mut self, ty: &Type, limits: &Limits, name: &str, depth: usize) -> Value {
        if let Some(default) = &limits.default {
            return default.clone();
        }
        if let Some(only) = &limits.only {
            return json!(only);
        }
        match resolve(self.api, ty) {
            Type::Any => json!({}),
            Type::Boolean => json!(false),
            Type::Integer => json!(limits.min.unwrap_or(0.0) as i64),
            Type::Number => json!(limits.min.unwrap_or(0.0)),
            Type::Text(format) => self.text(&format, limits, name),
            Type::List(inner) => {
                let plain = Limits::default();
                let count = if depth > MAX_DEPTH {
                    0
                } else {
                    limits.fewest.min(4)
                };
                (0..count)
                    .map(|_| self.sample(&inner, &plain, name, depth + 1))
                    .collect()
            }
            Type::Map(_) => json!({}),
            Type::Named(schema_name) => match schema(self.api, &schema_name) {
                Some(found) => self.named(found, limits, name, depth),
                None => json!({}),
            },
        }
    }

    fn named(
        &mut self,
        found: &'static Schema,
        limits: &Limits,
        name: &str,
        depth: usize,
    ) -> Value {
        match found.kind {
            Kind::Enum => json!(found.values.first().cloned().unwrap_or_default()),
            Kind::Alias => Value::Null,
            _ if depth > MAX_DEPTH => json!({}),
            Kind::Union if found.tag.is_none() => match found.variants.first() {
                Some(first) => self.sample(first, limits, name, depth + 1),
                None => json!({}),
            },
            Kind::Union | Kind::Object => {
                let mut start = Map::new();
                if let (Some(tag), Some(first)) = (&found.tag, found.tagged.keys().next()) {
                    start.insert(tag.clone(), json!(first));
                }
                self.object(found, Value::Object(start), depth + 1)
            }
        }
    }

    fn text(&mut self, format: &str, limits: &Limits, name: &str) -> Value {
        let lower = name.to_lowercase();
        let mut text = match format {
            "date-time" => self.now.clone(),
            "date" => self.now.chars().take(10).collect(),
            "uri" | "url" | "uri-template" => format!("{}/{name}", self.base),
            "email" => format!("{}@example.com", lower.replace(' ', "")),
            "uuid" => self.dice.uuid(),
            "ipv4" => "192.0.2.1".to_owned(),
            _ if name == "orn" || name.ends_with("Orn") => {
                let id = self.dice.id("00o");
                format!("orn:okta:directory:{}:objects:{id}", self.org)
            }
            _ if name == "id" || name.ends_with("Id") => {
                let prefix: String = lower
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(3)
                    .collect();
                self.dice.id(&format!("{prefix:0<3}"))
            }
            _ if name == "href" || lower.ends_with("url") || lower.ends_with("uri") => {
                format!("{}/{name}", self.base)
            }
            _ if lower.contains("created") || lower.contains("updated") => self.now.clone(),
            _ => name.to_owned(),
        };
        while text.chars().count() < limits.shortest {
            text.push('x');
        }
        if let Some(longest) = limits.longest {
            text = text.chars().take(longest).collect();
        }
        json!(text)
    }
}
