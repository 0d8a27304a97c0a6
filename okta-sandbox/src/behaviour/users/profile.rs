//! A user's profile: the checks of the schema, and storing a new user.

use serde_json::{Map, Value, json};

use crate::behaviour::schemas;
use crate::call::Call;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;

/// Attributes that every profile shows, as null where they are not set.
const ALWAYS: [&str; 6] = [
    "firstName",
    "lastName",
    "mobilePhone",
    "secondEmail",
    "login",
    "email",
];

/// Stores a user and makes it a member of Everyone.
pub(crate) fn add_user(org: &mut Org, user: Value) {
    let id = text(&user, "/id").to_owned();
    org.logins
        .insert(text(&user, "/profile/login").to_lowercase(), id.clone());
    org.users.put(&id, user);
    let everyone = org.everyone.clone();
    org.members.put(&everyone, &id, ());
}

/// Checks a profile and brings it into the stored form: unset attributes left out. Of the user it
/// takes the type that the profile has to fit, and the id where there is one already.
pub(super) fn checked(
    call: &Call<'_>,
    given: &Value,
    object: &str,
    user: &Value,
) -> Result<Value, Fault> {
    let Some(given) = given.as_object() else {
        return Err(Fault::validation(
            "profile",
            &["profile: The field cannot be left blank"],
        ));
    };
    let schema = schemas::user_schema_of(call.org, Some(user));
    for name in given.keys() {
        if !schemas::defines(schema, name) {
            let cause = format!("Property name '{name}' is not defined in profile");
            return Err(Fault::validation(object, &[&cause]));
        }
    }
    let set = |name: &str| {
        given
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|v| !v.is_empty())
    };
    for name in ["login", "email"]
        .into_iter()
        .chain(schemas::required(schema))
    {
        let present = set(name)
            || given
                .get(name)
                .is_some_and(|v| !v.is_null() && !v.is_string());
        if !present {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    for (name, value) in given {
        if let Some(cause) = schemas::misfit(schema, name, value) {
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    let login = given["login"].as_str().unwrap_or_default();
    let owner = call
        .org
        .logins
        .get(&login.to_lowercase())
        .map(String::as_str);
    if owner.is_some_and(|owner| owner != text(user, "/id")) {
        let cause = "login: An object with this field already exists in the current organization";
        return Err(Fault::validation("login", &[cause]));
    }
    let mut profile: Map<String, Value> = given
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    for name in ALWAYS {
        profile.entry(name).or_insert(Value::Null);
    }
    Ok(json!(profile))
}
