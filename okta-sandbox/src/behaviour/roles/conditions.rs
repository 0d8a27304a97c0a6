//! Conditions of the permissions of custom roles: which attributes of users they are about.

use serde_json::Value;

use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// The permissions that conditions can narrow.
const NARROWED: [&str; 4] = [
    "okta.users.read",
    "okta.users.manage",
    "okta.users.create",
    "okta.users.userprofile.manage",
];

/// What the attributes of a condition belong to.
const ATTRIBUTES: &str = "okta:ResourceAttribute/User/Profile";

fn invalid(cause: &str) -> Fault {
    Fault::validation("conditions", &[&format!("conditions: {cause}")])
}

/// Whether users have an attribute, of whatever type they are.
fn is_attribute(org: &Org, name: &str) -> bool {
    let types = org.user_types.values();
    let schemas = types.filter_map(|kind| {
        let schema = text(kind, "/id").replacen("oty", "osc", 1);
        org.schemas.get(&schema)
    });
    { schemas }.any(|schema| {
        ["base", "custom"].iter().any(|part| {
            schema["definitions"][part]["properties"]
                .get(name)
                .is_some()
        })
    })
}

/// The conditions of a body as they are kept: null where there are none.
pub(super) fn checked(org: &Org, permission: &str, body: &Value) -> Result<Value, Fault> {
    let given = &body["conditions"];
    let part = |name: &str| given.get(name).filter(|part| !part.is_null());
    let (include, exclude) = (part("include"), part("exclude"));
    let chosen = match (include, exclude) {
        _ if given.is_null() => return Ok(Value::Null),
        (Some(_), Some(_)) => return Err(invalid("Either include or exclude, not both.")),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Err(invalid("Either include or exclude is needed.")),
    };
    if !NARROWED.contains(&permission) {
        return Err(invalid(&format!("{permission} does not take conditions.")));
    }
    let chosen = chosen.as_object().filter(|chosen| !chosen.is_empty());
    let chosen = chosen.ok_or_else(|| invalid("The attributes are missing."))?;
    for (key, names) in chosen {
        if key != ATTRIBUTES {
            return Err(invalid(&format!("{key} is unknown.")));
        }
        let names = names.as_array().filter(|names| !names.is_empty());
        let names = names.ok_or_else(|| invalid("The attributes are missing."))?;
        let unknown = |name: &&Value| !name.as_str().is_some_and(|name| is_attribute(org, name));
        if let Some(unknown) = names.iter().find(unknown) {
            return Err(invalid(&format!("{unknown} is no attribute of users.")));
        }
    }
    Ok(given.clone())
}
