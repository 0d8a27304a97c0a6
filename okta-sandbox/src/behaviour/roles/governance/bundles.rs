//! Bundles of admin roles, each with its targets or resource sets.

use serde_json::{Value, json};

use super::super::{custom, label_of, user_targets};
use super::{managed, sources};
use crate::behaviour::governance;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::org::Org;
use crate::paging::{self, Size};
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listGovernanceBundles" => list,
        "createGovernanceBundle" => create,
        "getGovernanceBundle" => get,
        "replaceGovernanceBundle" => replace,
        "deleteGovernanceBundle" => delete,
        "listBundleEntitlements" => list_entitlements,
        "listBundleEntitlementValues" => list_values,
        _ => return None,
    })
}

const SHELF: &str = "/api/v1/iam/governance/bundles";
/// The member of a bundle that holds its roles; their values are ids of groups, apps or sets.
pub(super) const ENTITLEMENTS: &str = "~entitlements";
const SETS: &str = "/api/v1/iam/resource-sets";

pub(super) fn find<'o>(org: &'o Org, id: &str) -> Option<&'o Value> {
    org.shelves.get(SHELF)?.get(id)
}

/// True if a bundle is one of admin roles.
pub(in crate::behaviour) fn knows(org: &Org, id: &str) -> bool {
    find(org, id).is_some()
}

pub(in crate::behaviour) fn path(id: &str) -> String {
    format!("{SHELF}/{id}")
}

pub(super) fn ids(org: &Org) -> Vec<String> {
    let all = org
        .shelves
        .get(SHELF)
        .into_iter()
        .flat_map(|shelf| shelf.values());
    all.map(|one| text(one, "/id").to_owned()).collect()
}

fn href(call: &Call<'_>, path: &str) -> Value {
    json!({ "href": format!("{}{path}", call.base()) })
}

fn view(call: &Call<'_>, bundle: &Value) -> Value {
    let mut shown = bundle.clone();
    remove(&mut shown, ENTITLEMENTS);
    let own = path(text(bundle, "/id"));
    shown["_links"] = json!({
        "self": href(call, &own), "entitlements": href(call, &format!("{own}/entitlements")),
    });
    shown
}

/// A page of a list under a name of its own, with more links.
fn page(
    call: &Call<'_>,
    name: &str,
    items: &[Value],
    links: &[(&str, String)],
    show: impl Fn(&Value) -> Value,
) -> Outcome {
    let placed = items.iter().zip(1..).map(|(item, place)| (place, item));
    let size = Size::new(20, 200);
    let cut = paging::cut(call.request, &call.org.settings.paging, size, placed)?;
    let own = paging::self_url(call.request, call.base());
    let mut body = json!({ "_links": { "self": { "href": own } } });
    if let Some(cursor) = &cut.next {
        let next = paging::next_url(call.request, call.base(), cursor, cut.limit);
        body["_links"]["next"] = json!({ "href": next });
    }
    for (link, path) in links {
        body["_links"][*link] = href(call, path);
    }
    body[name] = cut.items.into_iter().map(show).collect();
    Ok(Answer::ok(&body))
}

fn named_one(call: &mut Call<'_>) -> Result<Value, Fault> {
    managed(call)?;
    let id = call.parameter(0);
    let found = find(call.org, id).cloned();
    found.ok_or_else(|| Fault::not_found(id, "GovernanceBundle"))
}

fn list(call: &mut Call<'_>) -> Outcome {
    managed(call)?;
    let all: Vec<Value> = call.org.shelf(SHELF).values().cloned().collect();
    page(call, "bundles", &all, &[], |one| view(call, one))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    Ok(Answer::ok(&view(call, &bundle)))
}

fn invalid(member: &str, reason: &str) -> Fault {
    Fault::validation(member, &[&format!("{member}: {reason}")])
}

fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

/// One role of a body, with what it is limited to; `known` is the bundle before.
fn entitlement(call: &mut Call<'_>, given: &Value, known: &Value) -> Result<Value, Fault> {
    let role = text(given, "/role");
    let (targets, sets) = (texts(&given["targets"]), texts(&given["resourceSets"]));
    let (name, description, values) = match label_of(role) {
        Some(label) => {
            if !sets.is_empty() {
                return Err(invalid(
                    "entitlements.resourceSets",
                    "Standard roles have none.",
                ));
            }
            let org = &*call.org;
            let is_target = |id: &&&str| match user_targets::target_kind(role) {
                Some("groups") => org.groups.contains(id),
                Some(_) => org.apps.contains(id),
                None => false,
            };
            if let Some(other) = targets.iter().find(|id| !is_target(id)) {
                return Err(invalid(
                    "entitlements.targets",
                    &format!("{other} is no target of {role}."),
                ));
            }
            (json!(label), json!("A standard admin role"), targets)
        }
        None => {
            let role = custom::named_role(call, role)
                .map_err(|_| invalid("entitlements.role", "The role does not exist."))?;
            let there = |id: &&&str| !call.org.shelves.get(SETS).is_some_and(|s| s.contains(id));
            if let Some(gone) = sets.iter().find(there) {
                return Err(invalid(
                    "entitlements.resourceSets",
                    &format!("{gone} does not exist."),
                ));
            }
            if sets.is_empty() || !targets.is_empty() {
                let reason = "A custom role needs resource sets, and takes no targets.";
                return Err(invalid("entitlements.resourceSets", reason));
            }
            (role["label"].clone(), role["description"].clone(), sets)
        }
    };
    let mut before = known[ENTITLEMENTS].as_array().into_iter().flatten();
    let before = before
        .find(|one| one["role"] == role)
        .cloned()
        .unwrap_or_default();
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        if kept.iter().any(|one| one["value"] == value) {
            continue;
        }
        let same = before["values"].as_array().into_iter().flatten();
        let same = { same }.find(|one| one["value"] == value).cloned();
        let fresh = || json!({ "id": call.org.dice.id("ent"), "value": value });
        kept.push(same.unwrap_or_else(fresh));
    }
    let id = match text(&before, "/id") {
        "" => call.org.dice.id("esp"),
        id => id.to_owned(),
    };
    Ok(json!({ "id": id, "role": role, "name": name, "description": description, "values": kept }))
}

/// Name, description and roles as a body sets them.
fn take(call: &mut Call<'_>, bundle: &mut Value) -> Result<(), Fault> {
    let body = call.given(Fullness::Whole)?;
    if text(&body, "/name").is_empty() {
        return Err(invalid("name", "The field cannot be left blank"));
    }
    let same = |one: &Value| one["id"] != bundle["id"] && one["name"] == body["name"];
    if call.org.shelf(SHELF).values().any(same) {
        return Err(invalid("name", "There is already a bundle with this name."));
    }
    let mut roles: Vec<Value> = Vec::new();
    for given in body["entitlements"].as_array().into_iter().flatten() {
        let one = entitlement(call, given, bundle)?;
        if roles.iter().any(|other| other["role"] == one["role"]) {
            return Err(invalid("entitlements.role", "A role is listed twice."));
        }
        roles.push(one);
    }
    if roles.is_empty() {
        return Err(invalid("entitlements", "The field cannot be left blank"));
    }
    bundle["name"] = body["name"].clone();
    bundle["description"] = body["description"].clone();
    bundle[ENTITLEMENTS] = json!(roles);
    Ok(())
}

fn tell(call: &mut Call<'_>, verb: &str, bundle: &Value) {
    let (id, orn) = (text(bundle, "/id"), text(bundle, "/orn"));
    let target = named("EntitlementBundle", id, orn, text(bundle, "/name"));
    call.log(&format!("resource.entitlement_bundle.{verb}"), vec![target]);
}

fn create(call: &mut Call<'_>) -> Outcome {
    managed(call)?;
    let id = call.org.dice.id("0bb");
    let orn = format!("orn:okta:governance:{}:bundles:{id}", call.org.id);
    let mut bundle = json!({ "id": id, "orn": orn, "status": "ACTIVE" });
    take(call, &mut bundle)?;
    call.org.shelf(SHELF).put(&id, bundle.clone());
    tell(call, "create", &bundle);
    Ok(Answer::ok(&view(call, &bundle)))
}

/// Whoever has the bundle has the new roles instead of the old ones.
fn replace(call: &mut Call<'_>) -> Outcome {
    let mut bundle = named_one(call)?;
    let before = bundle.clone();
    take(call, &mut bundle)?;
    if bundle != before {
        let id = text(&bundle, "/id").to_owned();
        call.org.shelf(SHELF).put(&id, bundle.clone());
        for grant in governance::grants_of(call.org, &id) {
            sources::hold(call, &grant);
        }
        tell(call, "update", &bundle);
    }
    Ok(Answer::ok(&view(call, &bundle)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    let id = text(&bundle, "/id");
    governance::end_grants(call, id);
    call.org.shelf(SHELF).remove(id);
    tell(call, "delete", &bundle);
    Ok(Answer::no_content())
}

fn list_entitlements(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    let own = path(text(&bundle, "/id"));
    let all = bundle[ENTITLEMENTS].as_array().cloned().unwrap_or_default();
    page(
        call,
        "entitlements",
        &all,
        &[("bundle", own.clone())],
        |one| {
            let mut shown = one.clone();
            remove(&mut shown, "values");
            let values = format!("{own}/entitlements/{}/values", text(one, "/id"));
            shown["_links"] = json!({ "values": href(call, &values) });
            shown
        },
    )
}

/// What a value of a role stands for: its name, its ORN and its link.
pub(super) fn about(org: &Org, id: &str) -> (String, String, &'static str, String) {
    if let Some(group) = org.groups.get(id) {
        let orn = format!("orn:okta:directory:{}:groups:{id}", org.id);
        let name = text(group, "/profile/name").to_owned();
        return (name, orn, "group", format!("/api/v1/groups/{id}"));
    }
    if let Some(app) = org.apps.get(id) {
        let (name, orn) = (text(app, "/label").to_owned(), text(app, "/orn").to_owned());
        return (name, orn, "app", format!("/api/v1/apps/{id}"));
    }
    let set = org.shelves.get(SETS).and_then(|sets| sets.get(id));
    let name = set.map_or("", |set| text(set, "/label")).to_owned();
    let orn = format!("orn:okta:iam:{}:resource-sets:{id}", org.id);
    (name, orn, "resource-set", format!("{SETS}/{id}"))
}

fn list_values(call: &mut Call<'_>) -> Outcome {
    let bundle = named_one(call)?;
    let wanted = call.parameter(1);
    let mut roles = bundle[ENTITLEMENTS].as_array().into_iter().flatten();
    let role = roles.find(|one| one["id"] == wanted);
    let role = role.ok_or_else(|| Fault::not_found(wanted, "Entitlement"))?;
    let own = path(text(&bundle, "/id"));
    let links = [
        ("bundle", own.clone()),
        ("entitlements", format!("{own}/entitlements")),
    ];
    let values = role["values"].as_array().cloned().unwrap_or_default();
    page(call, "entitlementValues", &values, &links, |one| {
        let (name, orn, link, path) = about(call.org, text(one, "/value"));
        json!({
            "id": one["id"], "name": name, "value": orn, "_links": { link: href(call, &path) },
        })
    })
}
