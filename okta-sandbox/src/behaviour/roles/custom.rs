//! Custom roles and their permissions.

use serde_json::{Value, json};

use super::conditions;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::paging::admin_base;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listRoles" => list,
        "createRole" => create,
        "getRole" => get,
        "replaceRole" => replace,
        "deleteRole" => delete,
        "listRolePermissions" => list_permissions,
        "getRolePermission" => get_permission,
        "createRolePermission" => add_permission,
        "replaceRolePermission" => replace_permission,
        "deleteRolePermission" => remove_permission,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/iam/roles";

/// A custom role by id or label.
pub(in crate::behaviour) fn named_role(call: &mut Call<'_>, named: &str) -> Result<Value, Fault> {
    let shelf = call.org.shelf(SHELF);
    let found = shelf
        .get(named)
        .or_else(|| shelf.values().find(|r| text(r, "/label") == named));
    found
        .cloned()
        .ok_or_else(|| Fault::not_found(named, "CustomRole"))
}

fn view(role: &Value, base: &str) -> Value {
    let own = format!("{}{SHELF}/{}", admin_base(base), text(role, "/id"));
    let mut role = role.clone();
    crate::json::remove(&mut role, "permissions");
    role["_links"] = json!({
        "permissions": { "href": format!("{own}/permissions") }, "self": { "href": own },
    });
    role
}

fn list(call: &mut Call<'_>) -> Outcome {
    let base = call.base();
    let roles: Vec<Value> = call
        .org
        .shelf(SHELF)
        .values()
        .map(|role| view(role, base))
        .collect();
    let links = json!({ "self": { "href": format!("{}{SHELF}", admin_base(base)) } });
    Ok(Answer::ok(&json!({ "roles": roles, "_links": links })))
}

fn checked_label(call: &mut Call<'_>, label: &str, own: Option<&str>) -> Result<(), Fault> {
    if label.is_empty() {
        return Err(Fault::validation(
            "label",
            &["label: The field cannot be left blank"],
        ));
    }
    let shelf = call.org.shelf(SHELF);
    if shelf
        .values()
        .any(|r| text(r, "/label") == label && Some(text(r, "/id")) != own)
    {
        return Err(Fault::validation(
            "label",
            &["label: There is already an admin role with this name."],
        ));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    checked_label(call, text(&body, "/label"), None)?;
    let now = clock::zero_millis(call.org.clock.now());
    let id = call.org.dice.id("cr0");
    let names = body["permissions"].as_array().cloned().unwrap_or_default();
    let new = |name: &Value| permission(name, &now, Value::Null);
    let permissions: Vec<Value> = names.iter().map(new).collect();
    let role = json!({
        "id": id, "label": body["label"], "description": body["description"], "isCloneable": false,
        "created": now, "lastUpdated": now, "permissions": permissions,
    });
    call.org.shelf(SHELF).put(&id, role.clone());
    call.log(
        "iam.role.create",
        vec![named("CUSTOM_ROLE", &id, "unknown", text(&role, "/label"))],
    );
    Ok(Answer::ok(&view(&role, call.base())))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let role = named_role(call, call.parameter(0))?;
    Ok(Answer::ok(&view(&role, call.base())))
}

fn store(call: &mut Call<'_>, role: &mut Value) {
    role["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let id = text(role, "/id").to_owned();
    call.org.shelf(SHELF).put(&id, role.clone());
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let body = call.request.object()?;
    let id = text(&role, "/id").to_owned();
    checked_label(call, text(&body, "/label"), Some(&id))?;
    role["label"] = body["label"].clone();
    role["description"] = body["description"].clone();
    store(call, &mut role);
    call.log(
        "iam.role.update",
        vec![named("CUSTOM_ROLE", &id, "unknown", text(&role, "/label"))],
    );
    Ok(Answer::ok(&view(&role, call.base())))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let role = named_role(call, call.parameter(0))?;
    let id = text(&role, "/id");
    call.org.shelf(SHELF).remove(id);
    crate::behaviour::resource_sets::forget_role(call.org, id);
    call.log(
        "iam.role.delete",
        vec![named("CUSTOM_ROLE", id, "unknown", text(&role, "/label"))],
    );
    Ok(Answer::no_content())
}

fn permission(name: &Value, now: &str, conditions: Value) -> Value {
    json!({ "label": name, "created": now, "lastUpdated": now, "conditions": conditions })
}

fn permission_view(permission: &Value, role: &Value, base: &str) -> Value {
    let own = format!("{}{SHELF}/{}", admin_base(base), text(role, "/id"));
    let mut permission = permission.clone();
    let href = format!("{own}/permissions/{}", text(&permission, "/label"));
    permission["_links"] = json!({ "role": { "href": own }, "self": { "href": href } });
    permission
}

fn permissions(role: &mut Value) -> &mut Vec<Value> {
    if !role["permissions"].is_array() {
        role["permissions"] = json!([]);
    }
    match &mut role["permissions"] {
        Value::Array(list) => list,
        _ => unreachable!("made an array above"),
    }
}

fn list_permissions(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let list = permissions(&mut role).clone();
    let list: Vec<Value> = list
        .iter()
        .map(|p| permission_view(p, &role, call.base()))
        .collect();
    Ok(Answer::ok(&json!({ "permissions": list })))
}

fn get_permission(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let name = call.parameter(1);
    let found = permissions(&mut role)
        .iter()
        .find(|p| text(p, "/label") == name)
        .cloned();
    let found = found.ok_or_else(|| Fault::not_found(name, "Permission"))?;
    Ok(Answer::ok(&permission_view(&found, &role, call.base())))
}

fn add_permission(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let name = call.parameter(1);
    let now = clock::zero_millis(call.org.clock.now());
    let body = call.request.object_or_empty()?;
    let conditions = conditions::checked(call.org, name, &body)?;
    let narrowed = !conditions.is_null();
    let list = permissions(&mut role);
    let fresh = !list.iter().any(|p| text(p, "/label") == name);
    if fresh {
        list.push(permission(&json!(name), &now, conditions));
    }
    store(call, &mut role);
    log_permission(call, "permissions.add", name);
    if fresh && narrowed {
        log_permission(call, "permission.conditions.add", name);
    }
    Ok(Answer::no_content())
}

fn log_permission(call: &mut Call<'_>, what: &str, name: &str) {
    let target = named("PERMISSION", name, name, name);
    call.log(&format!("iam.role.{what}"), vec![target]);
}

/// Replaces the conditions of a permission that the role has.
fn replace_permission(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let name = call.parameter(1);
    let body = call.request.object()?;
    let now = clock::zero_millis(call.org.clock.now());
    let mut list = permissions(&mut role).iter_mut();
    let found = list.find(|p| text(p, "/label") == name);
    let found = found.ok_or_else(|| Fault::not_found(name, "Permission"))?;
    let conditions = conditions::checked(call.org, name, &body)?;
    let event = match conditions.is_null() {
        true => "permission.conditions.delete",
        false => "permission.conditions.add",
    };
    let changed = found["conditions"] != conditions;
    if changed {
        found["conditions"] = conditions;
        found["lastUpdated"] = json!(now);
    }
    let shown = found.clone();
    if changed {
        store(call, &mut role);
        log_permission(call, event, name);
    }
    Ok(Answer::ok(&permission_view(&shown, &role, call.base())))
}

fn remove_permission(call: &mut Call<'_>) -> Outcome {
    let mut role = named_role(call, call.parameter(0))?;
    let name = call.parameter(1);
    permissions(&mut role).retain(|p| text(p, "/label") != name);
    store(call, &mut role);
    log_permission(call, "permissions.delete", name);
    Ok(Answer::no_content())
}
