//! Odd records: answers that no specification foresees, and that real orgs give.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::schema::{self, Kind, Member, Schema, Type};

/// What is odd about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Oddity {
    /// A member of an enumeration has a value that is not published.
    UnknownValue,
    /// A member is of another JSON type.
    WrongType,
    /// A member that has a value is null instead.
    Null,
    /// There is a member that is not published.
    UnknownMember,
    /// The record itself is a string; only in a list.
    NotAnObject,
}

/// The oddities of one record of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Odd {
    pub(crate) oddities: Vec<Oddity>,
    /// Which record of a list; the last one if there are fewer.
    pub(crate) record: usize,
}

/// What an enumeration does not have.
const VALUE: &str = "VALUE_OF_TOMORROW";
/// What an object does not have.
const MEMBER: &str = "memberOfTomorrow";

impl Odd {
    /// Reads `odd` and `odd_record` of a fault.
    pub(crate) fn read(odd: &Value, record: Option<u64>) -> Result<Option<Self>, String> {
        if odd.is_null() {
            return match record {
                Some(_) => Err("`odd_record` says which record is odd; `odd` says how".to_owned()),
                None => Ok(None),
            };
        }
        let list = if odd.is_array() {
            odd.clone()
        } else {
            json!([odd])
        };
        let oddities = serde_json::from_value::<Vec<Oddity>>(list).map_err(|_| {
            format!(
                "`odd` lists unknown-value, wrong-type, null, unknown-member, not-an-object, not {odd}"
            )
        })?;
        let record = record.and_then(|n| usize::try_from(n).ok());
        Ok(Some(Self {
            oddities,
            record: record.unwrap_or_default(),
        }))
    }

    /// Spoils a record of an operation's answer; each oddity takes a member of its own.
    pub(crate) fn spoil(&self, body: &mut Value, api: &str, operation: &str) {
        let answer = schema::facts(operation).answer.as_ref();
        let Some((record, ty)) = pick(body, self.record, api, answer) else {
            return;
        };
        let Some(members) = record.as_object_mut() else {
            return;
        };
        let known = ty.and_then(|ty| schema::object(api, ty)).map(|schema| {
            let value = Value::Object(members.clone());
            schema::variant(api, schema, &value)
        });
        let mut taken: Vec<String> = vec!["id".to_owned(), "_links".to_owned()];
        for oddity in &self.oddities {
            apply(*oddity, members, api, known, &mut taken);
        }
        if self.oddities.contains(&Oddity::NotAnObject)
            && body_is_list(body)
            && let Some((record, _)) = pick(body, self.record, api, None)
        {
            *record = json!("record of tomorrow");
        }
    }
}

fn body_is_list(body: &Value) -> bool {
    body.is_array() || wrapped(body).is_some()
}

/// The name of the only list of objects in a body that wraps one.
fn wrapped(body: &Value) -> Option<String> {
    let mut lists = body.as_object()?.iter().filter(|(_, value)| {
        let list = value.as_array();
        list.is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_object))
    });
    let (name, _) = lists.next()?;
    lists.next().is_none().then(|| name.clone())
}

/// The record to spoil, and its published type.
fn pick<'b>(
    body: &'b mut Value,
    record: usize,
    api: &str,
    answer: Option<&'static Type>,
) -> Option<(&'b mut Value, Option<&'static Type>)> {
    let element = |ty: Option<&'static Type>| match ty {
        Some(Type::List(element)) => Some(&**element),
        _ => None,
    };
    if let Value::Array(list) = body {
        let at = record.min(list.len().checked_sub(1)?);
        return Some((&mut list[at], element(answer)));
    }
    // A page that wraps its elements has no id of its own.
    if body.get("id").is_none()
        && let Some(name) = wrapped(body)
    {
        let schema = answer.and_then(|ty| schema::object(api, ty));
        let member = schema.and_then(|schema| schema.members.get(&name));
        let list = body[&name].as_array_mut()?;
        let at = record.min(list.len().checked_sub(1)?);
        return Some((&mut list[at], element(member.map(|m| &m.ty))));
    }
    Some((body, answer))
}

/// Whether a member is an enumeration.
fn is_enum(api: &str, member: &Member) -> bool {
    schema::object(api, &member.ty).is_some_and(|schema| schema.kind == Kind::Enum)
}

/// Makes a record odd in one way, where it has a member that is not taken yet.
fn apply(
    oddity: Oddity,
    members: &mut Map<String, Value>,
    api: &str,
    known: Option<&'static Schema>,
    taken: &mut Vec<String>,
) {
    let published = |name: &str| known.and_then(|schema| schema.members.get(name));
    let free = |wanted: &dyn Fn(&str, &Value) -> bool| {
        let mut names = members.iter();
        let found = names.find(|(name, value)| !taken.contains(name) && wanted(name, value));
        found.map(|(name, _)| name.clone())
    };
    let chosen = match oddity {
        Oddity::UnknownValue => {
            let listed = |name: &str, value: &Value| {
                value.is_string() && published(name).is_some_and(|member| is_enum(api, member))
            };
            let usual =
                |name: &str, value: &Value| value.is_string() && matches!(name, "status" | "type");
            free(&listed)
                .or_else(|| free(&usual))
                .map(|name| (name, json!(VALUE)))
        }
        Oddity::WrongType => {
            let dull = |name: &str, value: &Value| {
                value.is_string() && !published(name).is_some_and(|member| is_enum(api, member))
            };
            let text = free(&dull).map(|name| (name, json!({ "type": "of tomorrow" })));
            text.or_else(|| {
                let name = free(&|_, value| !value.is_null() && !value.is_string())?;
                Some((name, json!("type of tomorrow")))
            })
        }
        Oddity::Null => {
            let needed = |name: &str, value: &Value| {
                !value.is_null() && published(name).is_some_and(|member| member.needed)
            };
            let name = free(&needed).or_else(|| free(&|_, value| !value.is_null()));
            name.map(|name| (name, Value::Null))
        }
        Oddity::UnknownMember => Some((MEMBER.to_owned(), json!({ "nested": [1, null, "two"] }))),
        Oddity::NotAnObject => None,
    };
    if let Some((name, value)) = chosen {
        taken.push(name.clone());
        members.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Oddity; 4] = [
        Oddity::UnknownValue,
        Oddity::WrongType,
        Oddity::Null,
        Oddity::UnknownMember,
    ];

    fn zone(name: &str) -> Value {
        json!({ "id": "nzo1", "name": name, "status": "ACTIVE", "type": "IP", "created": "2026-01-01T00:00:00.000Z" })
    }

    #[test]
    fn one_record_of_a_list_is_odd_in_each_way() {
        let mut body = json!([zone("a"), zone("b"), zone("c")]);
        let odd = Odd {
            oddities: ALL.to_vec(),
            record: 1,
        };
        odd.spoil(&mut body, "management", "listNetworkZones");
        assert_eq!((&body[0], &body[2]), (&zone("a"), &zone("c")));
        let record = &body[1];
        assert_eq!(record["id"], "nzo1");
        assert!(record["memberOfTomorrow"].is_object(), "{record}");
        let values: Vec<&Value> = record.as_object().expect("an object").values().collect();
        assert!(values.contains(&&json!(VALUE)), "{record}");
        assert!(values.contains(&&Value::Null), "{record}");
        assert!(
            values.contains(&&json!({ "type": "of tomorrow" })),
            "{record}"
        );
    }

    #[test]
    fn wrapped_lists_and_single_objects_too_and_nothing_is_lost_on_empty_ones() {
        let odd = |record| Odd {
            oddities: vec![Oddity::NotAnObject],
            record,
        };
        let mut page = json!({ "data": [{ "id": "1" }, { "id": "2" }], "_links": {} });
        odd(7).spoil(&mut page, "governance", "listCampaigns");
        assert_eq!(page["data"], json!([{ "id": "1" }, "record of tomorrow"]));
        let mut empty = json!([]);
        odd(0).spoil(&mut empty, "management", "listUsers");
        assert_eq!(empty, json!([]));
        let mut one = zone("a");
        odd(0).spoil(&mut one, "management", "getNetworkZone");
        assert_eq!(one, zone("a"), "a single object stays one");
    }

    #[test]
    fn other_words_are_refused_with_what_there_is() {
        let error = Odd::read(&json!(["weird"]), None).expect_err("refused");
        assert!(
            error.contains("unknown-value") && error.contains("weird"),
            "{error}"
        );
        assert!(Odd::read(&Value::Null, Some(1)).is_err());
        let one = Odd::read(&json!("null"), Some(2)).expect("understood");
        assert_eq!(
            one.map(|odd| (odd.oddities, odd.record)),
            Some((vec![Oddity::Null], 2))
        );
    }
}
