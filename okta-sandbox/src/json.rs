//! Small helpers over JSON values.

use serde_json::{Map, Value};

/// The text at a pointer, or an empty text.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    // Scans ask this of every object; `Value::pointer` makes two texts of each name.
    let found = match pointer.strip_prefix('/') {
        Some(names) if !pointer.contains('~') => {
            let mut names = names.split('/');
            names.try_fold(value, |at, name| match at {
                Value::Object(members) => members.get(name),
                Value::Array(_) => at.pointer(&format!("/{name}")),
                _ => None,
            })
        }
        _ => value.pointer(pointer),
    };
    found.and_then(Value::as_str).unwrap_or_default()
}

/// An owned copy of the value at a pointer, or null.
pub(crate) fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or(Value::Null)
}

/// Merges a patch into a value: objects member by member, everything else replaced.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// Adds the members of `defaults` that `target` lacks, at every depth.
pub(crate) fn fill(target: &mut Value, defaults: &Value) {
    if let (Value::Object(target), Value::Object(defaults)) = (target, defaults) {
        for (name, value) in defaults {
            match target.get_mut(name) {
                Some(present) => fill(present, value),
                None => {
                    target.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

/// The object's map; an empty one replaces anything else.
pub(crate) fn members(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made an object above"),
    }
}

/// Removes a member.
pub(crate) fn remove(value: &mut Value, name: &str) -> Option<Value> {
    value.as_object_mut()?.remove(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_stand_where_pointers_lead() {
        let value = json!({ "a": { "b": ["x", "y"], "~c": "z", "": "e" }, "": "f", "n": 1 });
        for pointer in [
            "/a/b/1", "/a/b/01", "/a/b/7", "/a/b/-", "/a/~0c", "/a/~c", "/a/", "/", "", "a", "/n",
            "/n/m", "/a/b/x",
        ] {
            let expected = value.pointer(pointer).and_then(Value::as_str);
            assert_eq!(
                text(&value, pointer),
                expected.unwrap_or_default(),
                "{pointer}"
            );
        }
    }

    #[test]
    fn merging_and_filling() {
        let mut value = json!({ "a": { "b": 1, "c": [1] }, "d": 1 });
        merge(&mut value, &json!({ "a": { "c": [2] }, "d": null }));
        assert_eq!(value, json!({ "a": { "b": 1, "c": [2] }, "d": null }));
        fill(&mut value, &json!({ "a": { "b": 9, "e": 3 }, "d": 4 }));
        assert_eq!(
            value,
            json!({ "a": { "b": 1, "c": [2], "e": 3 }, "d": null })
        );
    }
}
