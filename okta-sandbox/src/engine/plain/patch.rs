//! Changes of stored objects: whole members, and patches as lists of steps.

use serde_json::Value;

use crate::fault::Fault;
use crate::json::text;

/// Sets members; what they held before goes whole.
pub(super) fn merge_shallow(target: &mut Value, given: &Value) {
    if let (Some(target), Some(given)) = (target.as_object_mut(), given.as_object()) {
        for (name, value) in given {
            target.insert(name.clone(), value.clone());
        }
    }
}

/// Applies `{op, path, value}` steps with JSON pointers as paths.
pub(super) fn patch(target: &mut Value, steps: &[Value]) -> Result<(), Fault> {
    for step in steps {
        let path = text(step, "/path");
        let Some((head, name)) = path.rsplit_once('/') else {
            return Err(Fault::validation(
                "path",
                &["path: The field has an invalid value"],
            ));
        };
        let Some(parent) = target.pointer_mut(head) else {
            return Err(Fault::validation(
                "path",
                &["path: The field has an invalid value"],
            ));
        };
        let value = step["value"].clone();
        match (text(step, "/op").to_lowercase().as_str(), parent) {
            ("remove", Value::Object(members)) => {
                members.remove(name);
            }
            ("add" | "replace", Value::Object(members)) => {
                members.insert(name.to_owned(), value);
            }
            ("add", Value::Array(items)) => items.push(value),
            ("replace", Value::Array(items)) => {
                match name.parse::<usize>().ok().and_then(|n| items.get_mut(n)) {
                    Some(item) => *item = value,
                    None => items.push(value),
                }
            }
            ("remove", Value::Array(items)) => {
                if let Some(place) = name.parse::<usize>().ok().filter(|n| *n < items.len()) {
                    items.remove(place);
                }
            }
            _ => {
                return Err(Fault::validation(
                    "op",
                    &["op: The field has an invalid value"],
                ));
            }
        }
    }
    Ok(())
}
