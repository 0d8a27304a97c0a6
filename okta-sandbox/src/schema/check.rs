//! Whether a body fits a request schema, in the service's words.

use serde_json::Value;

use super::{Kind, Limits, Schema, Type, object, resolve, schema, variant};
use crate::clock;
use crate::fault::Fault;
use crate::json::remove;

/// Whether members may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fullness {
    /// A create or replace: required members must be there.
    Whole,
    /// A partial update.
    Part,
}

/// Nesting that no schema needs.
const MAX_DEPTH: usize = 32;

/// Refuses a body that the schema does not allow: `E0000003` where JSON of another kind stands,
/// `E0000001` with a cause for each member otherwise.
pub(crate) fn check(api: &str, ty: &Type, body: &Value, fullness: Fullness) -> Result<(), Fault> {
    let mut checker = Checker {
        api,
        causes: Vec::new(),
    };
    checker.value(ty, body, "", fullness, 0)?;
    match checker.causes.first() {
        None => Ok(()),
        Some((field, _)) => {
            let causes: Vec<&str> = checker
                .causes
                .iter()
                .map(|(_, cause)| cause.as_str())
                .collect();
            Err(Fault::validation(field, &causes))
        }
    }
}

/// Refuses a body whose parts are of another JSON kind than the schema says (an object where a
/// list is expected, say), with `E0000003`. Scalars are not told apart, names and values not looked at.
pub(crate) fn check_kinds(api: &str, ty: &Type, body: &Value) -> Result<(), Fault> {
    match fits(api, ty, body, 0) {
        true => Ok(()),
        false => Err(Fault::malformed()),
    }
}

fn fits(api: &str, ty: &Type, value: &Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match (resolve(api, ty), value) {
        (_, Value::Null) | (Type::Any, _) => true,
        (Type::List(inner), Value::Array(items)) => {
            items.iter().all(|item| fits(api, &inner, item, depth + 1))
        }
        (Type::Map(inner), Value::Object(members)) => members
            .values()
            .all(|item| fits(api, &inner, item, depth + 1)),
        (Type::List(_) | Type::Map(_), _) => false,
        (Type::Named(name), value) => match schema(api, &name) {
            None => true,
            Some(found) => match found.kind {
                Kind::Enum => !value.is_object() && !value.is_array(),
                Kind::Alias => true,
                Kind::Union if found.tag.is_none() => found
                    .variants
                    .iter()
                    .any(|ty| fits(api, ty, value, depth + 1)),
                Kind::Union | Kind::Object => {
                    let own = variant(api, found, value);
                    let Value::Object(members) = value else {
                        return false;
                    };
                    own.kind != Kind::Object
                        || members
                            .iter()
                            .all(|(name, item)| match own.members.get(name) {
                                Some(member) => fits(api, &member.ty, item, depth + 1),
                                None => true,
                            })
                }
            },
        },
        (_, value) => !value.is_object() && !value.is_array(),
    }
}

/// Removes what a client cannot set: read-only members, links, and members that no schema lists.
pub(crate) fn known_only(api: &str, ty: &Type, body: &mut Value) {
    trim(api, ty, body, 0);
}

fn trim(api: &str, ty: &Type, body: &mut Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match (resolve(api, ty), body) {
        (Type::List(inner), Value::Array(items)) => {
            items
                .iter_mut()
                .for_each(|item| trim(api, &inner, item, depth + 1));
        }
        (Type::Map(inner), Value::Object(members)) => {
            members
                .values_mut()
                .for_each(|item| trim(api, &inner, item, depth + 1));
        }
        (Type::Named(name), body) if body.is_object() => {
            let Some(found) = schema(api, &name) else {
                return;
            };
            let found = variant(api, found, body);
            if found.kind != Kind::Object {
                return;
            }
            let names: Vec<String> = body
                .as_object()
                .into_iter()
                .flatten()
                .map(|(n, _)| n.clone())
                .collect();
            for name in names {
                match found.members.get(&name) {
                    Some(member) if !member.read_only && !name.starts_with('_') => {
                        trim(api, &member.ty, &mut body[&name], depth + 1);
                    }
                    None if found.open && !name.starts_with('_') => {}
                    _ => {
                        remove(body, &name);
                    }
                }
            }
        }
        _ => {}
    }
}

struct Checker<'a> {
    api: &'a str,
    /// Field and cause.
    causes: Vec<(String, String)>,
}

impl Checker<'_> {
    fn blame(&mut self, field: &str, what: &str) {
        let field = if field.is_empty() { "body" } else { field };
        self.causes
            .push((field.to_owned(), format!("{field}: {what}")));
    }

    fn value(
        &mut self,
        ty: &Type,
        value: &Value,
        field: &str,
        fullness: Fullness,
        depth: usize,
    ) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::malformed());
        }
        match (resolve(self.api, ty), value) {
            (_, Value::Null) if depth > 0 => {}
            (Type::Any, _) => {}
            (Type::Boolean, Value::Bool(_)) => {}
            (Type::Boolean, Value::String(text)) if text == "true" || text == "false" => {}
            (Type::Integer | Type::Number, Value::Number(_)) => {}
            (Type::Integer | Type::Number, Value::String(text)) if text.parse::<f64>().is_ok() => {}
            // The service makes text of other scalars.
            (Type::Text(_), Value::Bool(_) | Value::Number(_)) => {}
            (Type::Text(format), Value::String(text)) => self.format(&format, text, field),
            (Type::List(inner), Value::Array(items)) => {
                for item in items {
                    self.value(&inner, item, field, fullness, depth + 1)?;
                }
            }
            (Type::Map(inner), Value::Object(members)) => {
                for (name, item) in members {
                    self.value(&inner, item, name, fullness, depth + 1)?;
                }
            }
            (Type::Named(name), _) => match schema(self.api, &name) {
                None => {}
                Some(found) => self.named(found, value, field, fullness, depth)?,
            },
            _ => return Err(Fault::malformed()),
        }
        Ok(())
    }

    fn format(&mut self, format: &str, text: &str, field: &str) {
        if format == "date-time" && !text.is_empty() && clock::parse(text).is_none() {
            self.blame(field, "The field has an invalid value");
        }
    }

    fn named(
        &mut self,
        found: &'static Schema,
        value: &Value,
        field: &str,
        fullness: Fullness,
        depth: usize,
    ) -> Result<(), Fault> {
        match found.kind {
            Kind::Enum => match value {
                Value::String(text) if found.values.contains(text) => {}
                Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                    self.blame(field, "The field has an invalid value");
                }
                _ => return Err(Fault::malformed()),
            },
            Kind::Alias => {}
            Kind::Union if found.tag.is_none() => {
                return self.choice(found, value, field, fullness, depth);
            }
            Kind::Union | Kind::Object => {
                if !value.is_object() {
                    return Err(Fault::malformed());
                }
                let own = variant(self.api, found, value);
                if let Some(tag) = &found.tag
                    && let Some(given) = value.get(tag)
                    && let Some(text) = given.as_str()
                    && !found.tagged.is_empty()
                    && !found.tagged.contains_key(text)
                {
                    self.blame(tag, "The field has an invalid value");
                }
                if own.kind == Kind::Object {
                    self.members(own, value, fullness, depth)?;
                }
            }
        }
        Ok(())
    }

    /// A union without a tag takes what any alternative takes.
    fn choice(
        &mut self,
        found: &'static Schema,
        value: &Value,
        field: &str,
        fullness: Fullness,
        depth: usize,
    ) -> Result<(), Fault> {
        let mut first = None;
        for alternative in &found.variants {
            let before = self.causes.len();
            let outcome = self.value(alternative, value, field, fullness, depth + 1);
            if outcome.is_ok() && self.causes.len() == before {
                return Ok(());
            }
            let causes = self.causes.split_off(before);
            if outcome.is_ok() && first.is_none() {
                first = Some(causes);
            }
        }
        match first {
            Some(causes) => self.causes.extend(causes),
            None => return Err(Fault::malformed()),
        }
        Ok(())
    }

    fn members(
        &mut self,
        own: &Schema,
        value: &Value,
        fullness: Fullness,
        depth: usize,
    ) -> Result<(), Fault> {
        for (name, member) in &own.members {
            if member.read_only || name.starts_with('_') {
                continue;
            }
            match value.get(name) {
                None => {
                    let whole = fullness == Fullness::Whole || depth > 0;
                    if member.needed && whole && member.limits.default.is_none() {
                        self.blame(name, "The field cannot be left blank");
                    }
                }
                Some(Value::Null) => {
                    if member.needed && !member.nullable && !nullable(self.api, &member.ty) {
                        self.blame(name, "The field cannot be left blank");
                    }
                }
                Some(given) => {
                    let before = self.causes.len();
                    self.value(&member.ty, given, name, fullness, depth + 1)?;
                    if self.causes.len() == before {
                        self.limits(&member.limits, member.needed, given, name);
                    }
                }
            }
        }
        Ok(())
    }

    fn limits(&mut self, limits: &Limits, needed: bool, value: &Value, field: &str) {
        match value {
            Value::String(text) => {
                let length = text.chars().count();
                if length == 0 && needed {
                    self.blame(field, "The field cannot be left blank");
                } else if length < limits.shortest {
                    self.blame(field, "The field is too short");
                } else if limits.longest.is_some_and(|most| length > most) {
                    self.blame(field, "The field is too long");
                } else if limits.only.as_ref().is_some_and(|only| only != text) {
                    self.blame(field, "The field has an invalid value");
                }
            }
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or_default();
                if let Some(min) = limits.min.filter(|min| number < *min) {
                    self.blame(field, &format!("must be greater than or equal to {min}"));
                }
                if let Some(max) = limits.max.filter(|max| number > *max) {
                    self.blame(field, &format!("must be less than or equal to {max}"));
                }
            }
            Value::Array(items) => {
                if items.len() < limits.fewest {
                    let few = format!("size must be at least {}", limits.fewest);
                    self.blame(field, &few);
                }
                if let Some(most) = limits.most.filter(|most| items.len() > *most) {
                    self.blame(field, &format!("size must be at most {most}"));
                }
            }
            _ => {}
        }
    }
}

fn nullable(api: &str, ty: &Type) -> bool {
    object(api, ty).is_some_and(|schema| schema.nullable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: Value, fullness: Fullness) -> String {
        let ty = Type::Named("NetworkZone".to_owned());
        check("management", &ty, &body, fullness)
            .err()
            .map(|f| f.text())
            .unwrap_or_default()
    }

    #[test]
    fn required_limits_and_kinds() {
        assert_eq!(
            refused(json!({ "type": "IP", "name": "a" }), Fullness::Whole),
            ""
        );
        assert_eq!(
            refused(json!({ "type": "IP" }), Fullness::Whole),
            "Api validation failed: name: name: The field cannot be left blank"
        );
        assert_eq!(refused(json!({ "type": "IP" }), Fullness::Part), "");
        let long = json!({ "type": "IP", "name": "x".repeat(129) });
        assert!(refused(long, Fullness::Whole).ends_with("name: The field is too long"));
        let other = json!({ "type": "IP", "name": "a", "gateways": 7 });
        assert_eq!(
            refused(other, Fullness::Whole),
            "The request body was not well-formed."
        );
        let unknown = json!({ "type": "ROUND", "name": "a" });
        assert!(refused(unknown, Fullness::Whole).contains("type: The field has an invalid value"));
    }
}
