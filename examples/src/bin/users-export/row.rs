//! Members of a user by dotted path.

use serde_json::Value;

pub(crate) fn usual_fields() -> Vec<String> {
    [
        "id",
        "status",
        "created",
        "lastLogin",
        "profile.login",
        "profile.email",
        "profile.firstName",
        "profile.lastName",
        "profile.department",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(crate) fn member<'a>(user: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(user, |value, name| value.get(name))
}

/// A cell: text as it is, nothing for null, other values as JSON.
pub(crate) fn cell(user: &Value, path: &str) -> String {
    match member(user, path) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The members alone, under their paths.
pub(crate) fn selected(user: &Value, fields: &[String]) -> Value {
    let of = |path: &String| Some((path.clone(), member(user, path)?.clone()));
    fields
        .iter()
        .filter_map(of)
        .collect::<serde_json::Map<_, _>>()
        .into()
}
