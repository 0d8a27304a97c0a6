//! Collections of apps and entitlements that are assigned to users as one.
//!
//! Who has a collection assigned gets a grant for each of its resources, which follows the
//! collection and ends with the assignment.

mod assignments;

use serde_json::{Value, json};

use super::leftovers::{self, remove_where};
use super::resources::{
    app_orn, checked, includes, own_orn, parts, tail, taken, target_app, unknown, user_orn,
};
use super::{
    caller, counted, entitlements, filter, fits, grants, link, not_found, page_body,
    principal_access, stamped, stored,
};
use crate::behaviour::apps::links;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listCollections" => list,
        "createCollection" => create,
        "getCollection" => get,
        "replaceCollection" => replace,
        "deleteCollection" => delete,
        "listCollectionResources" => resources,
        "addResourcesToCollection" => add,
        "getCollectionResource" => resource,
        "replaceCollectionResource" => replace_resource,
        "deleteCollectionResource" => remove_resource,
        _ => return assignments::handler(id),
    })
}

const SHELF: &str = "/governance/api/v1/collections";
/// The resources of all collections, by their ids.
const RESOURCES: &str = "/governance/api/v1/collections/resources";

fn target(collection: &Value) -> Value {
    let (id, name) = (text(collection, "/id"), text(collection, "/name"));
    named("ResourceCollection", id, "unknown", name)
}

fn resources_of<'o>(org: &'o Org, id: &'o str) -> impl Iterator<Item = (u64, &'o Value)> {
    let all = org.shelves.get(RESOURCES).into_iter();
    all.flat_map(|shelf| shelf.placed())
        .filter(move |(_, one)| one["collectionId"] == id)
}

pub(super) fn find<'o>(org: &'o Org, id: &str) -> Option<&'o Value> {
    org.shelves.get(SHELF)?.get(id)
}

/// What a collection gives: references to entitlements of apps; none if there is no such collection.
pub(super) fn references<'o>(org: &'o Org, id: &'o str) -> Option<Vec<(String, &'o Value)>> {
    find(org, id)?;
    let all = resources_of(org, id);
    let all = all.map(|(_, one)| (text(one, "/app").to_owned(), &one["entitlements"]));
    Some(all.collect())
}

/// A user is gone.
pub(super) fn forget_user(org: &mut Org, user: &str) {
    assignments::forget_user(org, user);
}

/// An app is gone.
pub(super) fn forget_app(org: &mut Org, app: &str) {
    remove_where(org, RESOURCES, |one| text(one, "/app") == app);
}

/// Nothing within an app can be given any more, but the app can.
pub(super) fn without_entitlements(call: &mut Call<'_>, app: &str) {
    let all = call.org.shelf(RESOURCES).values();
    let of_app: Vec<Value> = all
        .filter(|one| text(one, "/app") == app)
        .cloned()
        .collect();
    for mut resource in of_app {
        resource["entitlements"] = json!([]);
        let key = text(&resource, "/resourceId");
        call.org.shelf(RESOURCES).put(key, resource.clone());
        let collection = find(call.org, text(&resource, "/collectionId")).cloned();
        if let Some(collection) = collection {
            follow_all(call, &collection, app);
        }
    }
}

fn view(call: &Call<'_>, collection: &Value) -> Value {
    let mut shown = collection.clone();
    let id = text(collection, "/id");
    shown["orn"] = json!(own_orn(call.org, "collections", id));
    let below = format!("{SHELF}/{id}/resources");
    shown["_links"] = json!({ "resources": link(call, &below) });
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    let all = call.org.shelf(SHELF).values();
    let hits = all.filter(|one| fits(filter.as_ref(), one));
    let hits: Vec<Value> = hits.cloned().collect();
    let counts = includes(call, "counts");
    counted(call, &hits, |one| {
        let mut shown = view(call, one);
        if counts {
            let id = text(one, "/id");
            shown["counts"] = json!({
                "principalAssignmentCount": assignments::live(call.org, id).count(),
                "resourceCounts": { "APPLICATION": resources_of(call.org, id).count() },
            });
        }
        shown
    })
}

/// Name and description as a body sets them.
fn take(call: &mut Call<'_>, collection: &mut Value) -> Result<(), Fault> {
    let body = checked(call, Fullness::Whole)?;
    if text(&body, "/name").is_empty() {
        let cause = "name: The field cannot be left blank";
        return Err(Fault::validation("name", &[cause]));
    }
    let mut others = call.org.shelf(SHELF).values();
    if others.any(|one| one["id"] != collection["id"] && one["name"] == body["name"]) {
        return Err(taken("name"));
    }
    collection["name"] = body["name"].clone();
    match body.get("description") {
        Some(given) => collection["description"] = given.clone(),
        None => {
            remove(collection, "description");
        }
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Outcome {
    let id = call.org.dice.id("col");
    let mut collection = stamped(call, &id);
    take(call, &mut collection)?;
    call.org.shelf(SHELF).put(&id, collection.clone());
    call.log("resource.collection.create", vec![target(&collection)]);
    Ok(Answer::json(201, &view(call, &collection)))
}

fn get(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    Ok(Answer::ok(&view(call, &collection)))
}

/// A collection that was changed, itself or in what it contains.
fn touched(call: &mut Call<'_>, mut collection: Value) -> Value {
    collection["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
    collection["lastUpdatedBy"] = json!(caller(call));
    let id = text(&collection, "/id");
    call.org.shelf(SHELF).put(id, collection.clone());
    call.log("resource.collection.update", vec![target(&collection)]);
    collection
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = stored(call, SHELF)?;
    let mut collection = before.clone();
    take(call, &mut collection)?;
    if collection != before {
        collection = touched(call, collection);
    }
    Ok(Answer::ok(&view(call, &collection)))
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    let id = text(&collection, "/id");
    let users = assignments::users(call.org, id);
    let of_it = resources_of(call.org, id);
    let of_it: Vec<(String, String)> = of_it
        .map(|(_, one)| {
            let key = text(one, "/resourceId").to_owned();
            (key, text(one, "/app").to_owned())
        })
        .collect();
    call.org.shelf(SHELF).remove(id);
    for (key, app) in of_it {
        call.org.shelf(RESOURCES).remove(&key);
        for user in &users {
            follow(call, &collection, user, &app);
        }
    }
    assignments::forget(call.org, id);
    leftovers::forget_within(call.org, id);
    call.log("resource.collection.delete", vec![target(&collection)]);
    Ok(Answer::no_content())
}

/// Brings the grant that a user has of an app by a collection in line with the two.
fn follow(call: &mut Call<'_>, collection: &Value, user: &str, app: &str) {
    let id = text(collection, "/id");
    let assignment = assignments::of_user(call.org, id, user).cloned();
    let resource = resources_of(call.org, id).find(|(_, one)| text(one, "/app") == app);
    let wanted = assignment.zip(resource.map(|(_, one)| one["entitlements"].clone()));
    let present = grants::active(call.org, app, user)
        .find(|one| one[grants::COLLECTION]["id"] == id)
        .cloned();
    match (present, wanted) {
        (None, None) => {}
        (Some(grant), None) => grants::end(call, &grant, "INACTIVE"),
        (present, Some((assignment, entitlements))) => {
            let mut grant = match present {
                Some(grant) => grant,
                None => {
                    let id = call.org.dice.id("gra");
                    stamped(call, &id)
                }
            };
            grant["grantType"] = json!("ENTITLEMENT");
            grant["action"] = json!("ALLOW");
            grant["actor"] = assignment["actor"].clone();
            grant["status"] = json!("ACTIVE");
            grant["target"] = json!({ "externalId": app, "type": "APPLICATION" });
            grant["targetResourceOrn"] = json!(app_orn(call.org, app));
            grant["targetPrincipal"] = assignment["principal"].clone();
            grant["targetPrincipalOrn"] = json!(user_orn(call.org, user));
            grant["entitlements"] = entitlements;
            grant[grants::COLLECTION] = json!({ "id": id, "name": collection["name"] });
            remove(&mut grant, "scheduleSettings");
            if let Some(date) = assignment.get("expirationTime") {
                grant["scheduleSettings"] = json!({ "expirationDate": date });
                if let Some(zone) = assignment.get("timeZone") {
                    grant["scheduleSettings"]["timeZone"] = zone.clone();
                }
            }
            if assignments::give_app(call, app, user) {
                grant[grants::ASSIGNED] = json!(true);
            }
            grants::touch(call, &mut grant);
            principal_access::recount(call, &grant);
        }
    }
}

/// The same for everybody who has the collection.
fn follow_all(call: &mut Call<'_>, collection: &Value, app: &str) {
    for user in assignments::users(call.org, text(collection, "/id")) {
        follow(call, collection, &user, app);
    }
}

fn view_resource(call: &Call<'_>, resource: &Value, entitled: bool, count: bool) -> Value {
    let app = text(resource, "/app");
    let instance = call.org.apps.get(app).cloned().unwrap_or_default();
    let mut shown = json!({
        "resourceId": resource["resourceId"], "resourceOrn": app_orn(call.org, app),
        "resourceProfile": {
            "id": app, "name": instance["name"], "label": instance["label"],
            "logo": links::logos(call.org, app, call.base()),
        },
    });
    let full = entitlements::full(call.org, &resource["entitlements"]);
    if count {
        let all = full.as_array().into_iter().flatten();
        let values = all.flat_map(|one| entitlements::ids_of(&one["values"]));
        shown["entitlementValueCount"] = json!(values.count());
    }
    if entitled {
        shown["entitlements"] = full;
    }
    let collection = text(resource, "/collectionId");
    let own = format!(
        "{SHELF}/{collection}/resources/{}",
        text(resource, "/resourceId")
    );
    shown["_links"] = json!({ "entitlements": link(call, &own) });
    shown
}

/// A page of resources, with their number.
fn listed(call: &Call<'_>, id: &str) -> Result<Value, Fault> {
    let entitled = includes(call, "entitlements");
    let count = includes(call, "entitlementValueCount");
    let all = resources_of(call.org, id);
    let mut body = page_body(call, all, |one| view_resource(call, one, entitled, count))?;
    body["metadata"] = json!({ "total": resources_of(call.org, id).count() });
    Ok(body)
}

fn resources(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    Ok(Answer::ok(&listed(call, text(&collection, "/id"))?))
}

/// Entitlements of a body, which an app has to manage here.
fn asked(org: &Org, app: &str, given: &Value) -> Result<Value, Fault> {
    if given.as_array().is_none_or(Vec::is_empty) {
        return Ok(json!([]));
    }
    let app = target_app(org, &json!({ "externalId": app }))?;
    entitlements::references(org, &app, given)
}

fn add(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    let id = text(&collection, "/id").to_owned();
    let body = checked(call, Fullness::Whole)?;
    let mut added = Vec::new();
    for one in body.as_array().into_iter().flatten() {
        let Some(("apps", app)) = parts(text(one, "/resourceOrn")) else {
            let summary = "Resource ORN must be a specific app";
            let cause = "The resource ORN must be a specific app.";
            return Err(Fault::api(400, "E0000028", summary, &[cause]));
        };
        if !call.org.apps.contains(app) {
            return Err(unknown("resourceOrn", text(one, "/resourceOrn")));
        }
        let there = resources_of(call.org, &id).any(|(_, known)| text(known, "/app") == app);
        if there || added.iter().any(|(known, _)| known == app) {
            return Err(taken("resourceOrn"));
        }
        added.push((app.to_owned(), asked(call.org, app, &one["entitlements"])?));
    }
    for (app, entitlements) in added {
        let key = call.org.dice.id("res");
        let resource = json!({
            "resourceId": key, "collectionId": id, "app": app, "entitlements": entitlements,
        });
        call.org.shelf(RESOURCES).put(&key, resource);
        follow_all(call, &collection, &app);
    }
    touched(call, collection);
    Ok(Answer::ok(&listed(call, &id)?))
}

/// Collection and resource of the path; the resource by its id or the ORN of its app.
fn named_resource(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let collection = stored(call, SHELF)?;
    let wanted = tail(call.parameter(1));
    let mut all = resources_of(call.org, text(&collection, "/id"));
    let found =
        all.find(|(_, one)| text(one, "/resourceId") == wanted || text(one, "/app") == wanted);
    let (_, resource) = found.ok_or_else(not_found)?;
    let resource = resource.clone();
    drop(all);
    Ok((collection, resource))
}

fn resource(call: &mut Call<'_>) -> Outcome {
    let (_, resource) = named_resource(call)?;
    Ok(Answer::ok(&view_resource(call, &resource, true, true)))
}

fn replace_resource(call: &mut Call<'_>) -> Outcome {
    let (collection, mut resource) = named_resource(call)?;
    let body = checked(call, Fullness::Whole)?;
    let app = text(&resource, "/app").to_owned();
    resource["entitlements"] = asked(call.org, &app, &body["entitlements"])?;
    let key = text(&resource, "/resourceId");
    call.org.shelf(RESOURCES).put(key, resource.clone());
    follow_all(call, &collection, &app);
    touched(call, collection);
    Ok(Answer::ok(&view_resource(call, &resource, true, true)))
}

fn remove_resource(call: &mut Call<'_>) -> Outcome {
    let (collection, resource) = named_resource(call)?;
    let key = text(&resource, "/resourceId");
    call.org.shelf(RESOURCES).remove(key);
    follow_all(call, &collection, text(&resource, "/app"));
    touched(call, collection);
    Ok(Answer::no_content())
}
