//! User types.

use serde_json::{Value, json};

use super::user_schema;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listUserTypes" => list,
        "createUserType" => create,
        "getUserType" => get,
        "updateUserType" => update,
        "replaceUserType" => replace,
        "deleteUserType" => delete,
        _ => return None,
    })
}

fn view(kind: &Value, base: &str) -> Value {
    let id = text(kind, "/id");
    let schema = id.replacen("oty", "osc", 1);
    let mut kind = kind.clone();
    kind["_links"] = json!({
        "schema": { "rel": "schema", "href": format!("{base}/api/v1/meta/schemas/user/{schema}"), "method": "GET" },
        "self": { "rel": "self", "href": format!("{base}/api/v1/meta/types/user/{id}"), "method": "GET" },
    });
    kind
}

fn list(call: &mut Call<'_>) -> Outcome {
    let items = call
        .org
        .user_types
        .values()
        .map(|kind| view(kind, call.base()))
        .collect();
    call.all(items)
}

fn named_type(call: &Call<'_>) -> Result<Value, Fault> {
    let id = match call.parameter(0) {
        "default" => &call.org.user_type,
        id => id,
    };
    call.org
        .user_types
        .get(id)
        .cloned()
        .ok_or_else(|| Fault::not_found(call.parameter(0), "CVDType"))
}

fn get(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::ok(&view(&named_type(call)?, call.base())))
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let name = text(&body, "/name");
    if name.is_empty() || text(&body, "/displayName").is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    if call
        .org
        .user_types
        .values()
        .any(|kind| text(kind, "/name") == name)
    {
        return Err(Fault::validation(
            "name",
            &["name: A user type with this name already exists."],
        ));
    }
    let now = clock::zero_millis(call.org.clock.now());
    let admin = call.org.admin.clone();
    let id = call.org.dice.id("oty");
    let kind = json!({
        "id": id, "displayName": body["displayName"], "name": name, "description": body["description"],
        "createdBy": admin, "lastUpdatedBy": admin, "created": now, "lastUpdated": now, "default": false,
    });
    let schema = user_schema(text(&body, "/displayName"), &now);
    call.org.schemas.put(&id.replacen("oty", "osc", 1), schema);
    call.org.user_types.put(&id, kind.clone());
    Ok(Answer::ok(&view(&kind, call.base())))
}

fn write(call: &mut Call<'_>) -> Outcome {
    let mut kind = named_type(call)?;
    let body = call.request.object()?;
    for member in ["displayName", "description"] {
        if let Some(given) = body.get(member) {
            kind[member] = given.clone();
        }
    }
    kind["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(&kind, "/id").to_owned();
    call.org.user_types.put(&id, kind.clone());
    Ok(Answer::ok(&view(&kind, call.base())))
}

fn update(call: &mut Call<'_>) -> Outcome {
    write(call)
}

fn replace(call: &mut Call<'_>) -> Outcome {
    write(call)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let kind = named_type(call)?;
    let id = text(&kind, "/id");
    let used = call
        .org
        .users
        .values()
        .any(|user| text(user, "/type/id") == id);
    if kind["default"] == true || used {
        return Err(Fault::validation(
            "id",
            &["The user type cannot be deleted while it is in use."],
        ));
    }
    call.org.user_types.remove(id);
    call.org.schemas.remove(&id.replacen("oty", "osc", 1));
    Ok(Answer::no_content())
}
