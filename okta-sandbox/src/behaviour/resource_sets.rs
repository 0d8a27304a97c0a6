//! Resource sets, their resources, and the bindings of custom roles to members.

mod resources;

use serde_json::{Value, json};

use super::roles::named_role;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named as target;
use crate::org::Org;

/// The behaviour of an operation of this family.
pub(crate) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listResourceSets" => list,
        "createResourceSet" => create,
        "getResourceSet" => get,
        "replaceResourceSet" => replace,
        "deleteResourceSet" => delete,
        "listBindings" => list_bindings,
        "createResourceSetBinding" => bind,
        "getBinding" => get_binding,
        "deleteBinding" => unbind,
        "listMembersOfBinding" => list_members,
        "addMembersToBinding" => add_members,
        "getMemberOfBinding" => get_member,
        "unassignMemberFromBinding" => remove_member,
        _ => return resources::handler(id),
    })
}

const SHELF: &str = "/api/v1/iam/resource-sets";

/// A set by id or label.
fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    let wanted = call.parameter(0);
    let shelf = call.org.shelf(SHELF);
    let found = shelf
        .get(wanted)
        .or_else(|| shelf.values().find(|set| text(set, "/label") == wanted));
    found
        .cloned()
        .ok_or_else(|| Fault::not_found(wanted, "IAMPolicy"))
}

/// Refuses the name of a set that is none.
pub(super) fn check(org: &Org, wanted: &str) -> Result<(), Fault> {
    let mut all = org
        .shelves
        .get(SHELF)
        .into_iter()
        .flat_map(|all| all.values());
    match all.any(|set| text(set, "/id") == wanted || text(set, "/label") == wanted) {
        true => Ok(()),
        false => Err(Fault::not_found(wanted, "IAMPolicy")),
    }
}

fn below(set: &Value, what: &str) -> String {
    format!("{SHELF}/{}/{what}", text(set, "/id"))
}

fn view(call: &Call<'_>, set: &Value) -> Value {
    let own = format!("{}{SHELF}/{}", call.base(), text(set, "/id"));
    let mut shown = set.clone();
    shown["_links"] = json!({
        "bindings": { "href": format!("{own}/bindings") },
        "resources": { "href": format!("{own}/resources") }, "self": { "href": own },
    });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    call.org.shelf(SHELF);
    let sets: Vec<Value> = call.org.shelves[SHELF]
        .values()
        .map(|set| view(call, set))
        .collect();
    let links = json!({ "self": { "href": format!("{}{SHELF}", call.base()) } });
    Ok(Answer::ok(
        &json!({ "resource-sets": sets, "_links": links }),
    ))
}

fn checked(call: &mut Call<'_>, body: &Value, own: Option<&str>) -> Result<(), Fault> {
    for name in ["label", "description"] {
        if text(body, &format!("/{name}")).is_empty() {
            let cause = format!("{name}: The field cannot be left blank");
            return Err(Fault::validation(name, &[&cause]));
        }
    }
    let label = text(body, "/label");
    let mut sets = call.org.shelf(SHELF).values();
    if sets.any(|set| text(set, "/label") == label && Some(text(set, "/id")) != own) {
        let cause = "label: There is already a resource set with this name.";
        return Err(Fault::validation("label", &[cause]));
    }
    Ok(())
}

fn log(call: &mut Call<'_>, event: &str, set: &Value) {
    let named = target(
        "RESOURCE_SET",
        text(set, "/id"),
        "unknown",
        text(set, "/label"),
    );
    call.log(event, vec![named]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    checked(call, &body, None)?;
    let id = call.org.dice.id("iam");
    let now = clock::zero_millis(call.org.clock.now());
    let set = json!({
        "id": id, "label": body["label"], "description": body["description"], "created": now,
        "lastUpdated": now,
    });
    for resource in body["resources"].as_array().into_iter().flatten() {
        resources::put(call, &set, resource, &Value::Null)?;
    }
    call.org.shelf(SHELF).put(&id, set.clone());
    log(call, "iam.resourceset.create", &set);
    Ok(Answer::ok(&view(call, &set)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    Ok(Answer::ok(&view(call, &set)))
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let mut set = named(call)?;
    let body = call.request.object()?;
    let id = text(&set, "/id").to_owned();
    checked(call, &body, Some(&id))?;
    for name in ["label", "description"] {
        set[name] = body[name].clone();
    }
    set["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    call.org.shelf(SHELF).put(&id, set.clone());
    log(call, "iam.resourceset.update", &set);
    Ok(Answer::ok(&view(call, &set)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let own = below(&set, "");
    call.org.remove_below(&own);
    call.org.shelf(SHELF).remove(text(&set, "/id"));
    log(call, "iam.resourceset.delete", &set);
    Ok(Answer::no_content())
}

fn binding_links(call: &Call<'_>, set: &Value, role: &str) -> Value {
    let own = format!("{}{SHELF}/{}", call.base(), text(set, "/id"));
    json!({
        "self": { "href": format!("{own}/bindings/{role}") },
        "bindings": { "href": format!("{own}/bindings") }, "resource-set": { "href": own },
    })
}

fn list_bindings(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let own = format!("{}{SHELF}/{}", call.base(), text(&set, "/id"));
    let shelf = call.org.shelf(&below(&set, "bindings"));
    let roles: Vec<Value> = shelf
        .values()
        .map(|binding| {
            let here = format!("{own}/bindings/{}", text(binding, "/id"));
            json!({ "id": binding["id"], "_links": {
                "members": { "href": format!("{here}/members") }, "self": { "href": here },
            } })
        })
        .collect();
    Ok(Answer::ok(&json!({ "roles": roles, "_links": {
        "resource-set": { "href": own }, "self": { "href": format!("{own}/bindings") },
    } })))
}

/// The role of the path's binding.
fn bound(call: &mut Call<'_>, set: &Value) -> Result<String, Fault> {
    let wanted = call.parameter(1);
    let role = named_role(call, wanted)?;
    let id = text(&role, "/id").to_owned();
    match call.org.shelf(&below(set, "bindings")).contains(&id) {
        true => Ok(id),
        false => Err(Fault::not_found(wanted, "CustomRole")),
    }
}

fn members_of(set: &Value, role: &str) -> String {
    below(set, &format!("bindings/{role}/members"))
}

fn put_members(call: &mut Call<'_>, set: &Value, role: &str, given: &Value) -> Result<(), Fault> {
    let shelf = members_of(set, role);
    let now = clock::zero_millis(call.org.clock.now());
    let urls = given.as_array().into_iter().flatten();
    let urls: Vec<&str> = urls.map(|url| url.as_str().unwrap_or_default()).collect();
    for url in &urls {
        let (kind, id) = url.rsplit_once('/').unwrap_or_default();
        let org = &*call.org;
        let exists = match kind.rsplit('/').next() {
            Some("users") => org.users.contains(id),
            Some("groups") => org.groups.contains(id),
            Some("apps" | "clients") => org.apps.contains(id),
            _ => false,
        };
        if !exists {
            let cause = format!("members: {url} is not a member");
            return Err(Fault::validation("members", &[&cause]));
        }
    }
    for url in urls {
        if call
            .org
            .shelf(&shelf)
            .values()
            .any(|m| text(m, "/href") == url)
        {
            continue;
        }
        let id = call.org.dice.id("irb");
        let member = json!({ "id": id, "href": url, "created": now, "lastUpdated": now });
        call.org.shelf(&shelf).put(&id, member);
    }
    Ok(())
}

fn bind(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let body = call.request.object()?;
    let role = named_role(call, text(&body, "/role"))?;
    let id = text(&role, "/id").to_owned();
    put_members(call, &set, &id, &body["members"])?;
    let binding = json!({ "id": id });
    call.org.shelf(&below(&set, "bindings")).put(&id, binding);
    log(call, "iam.resourceset.bindings.add", &set);
    Ok(Answer::ok(
        &json!({ "id": id, "_links": binding_links(call, &set, &id) }),
    ))
}

fn get_binding(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    Ok(Answer::ok(
        &json!({ "id": role, "_links": binding_links(call, &set, &role) }),
    ))
}

fn unbind(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    call.org.shelf(&below(&set, "bindings")).remove(&role);
    call.org.shelves.remove(&members_of(&set, &role));
    log(call, "iam.resourceset.bindings.delete", &set);
    Ok(Answer::no_content())
}

fn view_member(member: &Value, own: &str) -> Value {
    let mut shown = member.clone();
    remove(&mut shown, "href");
    let href = text(member, "/href");
    let here = format!("{own}/{}", text(member, "/id"));
    shown["_links"] = json!({ "self": { "href": href }, "binding-member": { "href": here } });
    shown
}

fn list_members(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    let path = members_of(&set, &role);
    let own = format!("{}{path}", call.base());
    let members: Vec<Value> = call
        .org
        .shelf(&path)
        .values()
        .map(|member| view_member(member, &own))
        .collect();
    let binding = binding_links(call, &set, &role)["self"].clone();
    Ok(Answer::ok(&json!({ "members": members, "_links": {
        "binding": binding, "self": { "href": own },
    } })))
}

fn add_members(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    let body = call.request.object()?;
    put_members(call, &set, &role, &body["additions"])?;
    log(call, "iam.resourceset.bindings.add", &set);
    Ok(Answer::ok(
        &json!({ "id": role, "_links": binding_links(call, &set, &role) }),
    ))
}

fn get_member(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    let (path, id) = (members_of(&set, &role), call.parameter(2));
    let own = format!("{}{path}", call.base());
    let member = call
        .org
        .shelf(&path)
        .get(id)
        .map(|member| view_member(member, &own));
    member
        .map(|member| Answer::ok(&member))
        .ok_or_else(|| Fault::not_found(id, "IAMPolicyBindingMember"))
}

/// Ends the bindings of a role that is gone.
pub(super) fn forget_role(org: &mut Org, role: &str) {
    let below = format!("{SHELF}/");
    let behind = org.shelves.range(below.clone()..).map(|(path, _)| path);
    let all = behind.take_while(|path| path.starts_with(&below));
    let all: Vec<String> = all
        .filter(|path| path.ends_with("/bindings"))
        .cloned()
        .collect();
    for bindings in all {
        org.shelf(&bindings).remove(role);
        org.remove_below(&format!("{bindings}/{role}/"));
    }
}

/// Takes a member whose address ends so out of all bindings; one without members is none.
pub(super) fn forget_member(org: &mut Org, end: &str) {
    let below = format!("{SHELF}/");
    let behind = org.shelves.range_mut(below.clone()..);
    let all = behind.take_while(|(path, _)| path.starts_with(&below));
    let mut empty = Vec::new();
    for (path, members) in all.filter(|(path, _)| path.ends_with("/members")) {
        let found = members.values().find(|m| text(m, "/href").ends_with(end));
        let Some(id) = found.map(|member| text(member, "/id").to_owned()) else {
            continue;
        };
        members.remove(&id);
        if members.len() == 0 {
            empty.push(path.clone());
        }
    }
    for path in empty {
        org.shelves.remove(&path);
        let binding = path.trim_end_matches("/members");
        if let Some((bindings, role)) = binding.rsplit_once('/') {
            org.shelf(bindings).remove(role);
        }
    }
}

/// A binding without members is none.
fn remove_member(call: &mut Call<'_>) -> Outcome {
    let set = named(call)?;
    let role = bound(call, &set)?;
    let (path, id) = (members_of(&set, &role), call.parameter(2));
    if call.org.shelf(&path).remove(id).is_none() {
        return Err(Fault::not_found(id, "IAMPolicyBindingMember"));
    }
    if call.org.shelf(&path).len() == 0 {
        call.org.shelf(&below(&set, "bindings")).remove(&role);
    }
    log(call, "iam.resourceset.bindings.delete", &set);
    Ok(Answer::no_content())
}
