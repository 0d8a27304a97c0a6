//! Who has a collection assigned, and until when.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::leftovers::remove_where;
use super::super::resources::{checked, unknown};
use super::super::{filter, fits, not_found, page};
use super::{SHELF, follow, resources_of, stored, target};
use crate::behaviour::assignments as app_assignments;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{app_target, user_target};
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listCollectionAssignments" => list,
        "listCollectionsAssignments" => list_all,
        "assignCollection" => assign,
        "updatePrincipalAssignment" => update,
        "deletePrincipalAssignment" => delete,
        "getUnassignedUsers" => unassigned,
        _ => return None,
    })
}

const ASSIGNMENTS: &str = "/governance/api/v1/collections/assignments";

/// The assignments that are not over, in the order of their making.
fn all_live(org: &Org) -> impl DoubleEndedIterator<Item = &Value> {
    let now = org.clock.now();
    let all = org.shelves.get(ASSIGNMENTS).into_iter();
    all.flat_map(|shelf| shelf.values()).filter(move |one| {
        let over = clock::parse(text(one, "/expirationTime"));
        over.is_none_or(|over| over > now)
    })
}

/// Those of one collection.
pub(super) fn live<'o>(org: &'o Org, id: &'o str) -> impl Iterator<Item = &'o Value> {
    all_live(org).filter(move |one| one["collectionId"] == id)
}

/// The assignment of a collection to a user.
pub(super) fn of_user<'o>(org: &'o Org, id: &'o str, user: &str) -> Option<&'o Value> {
    live(org, id).find(|one| text(one, "/principal/externalId") == user)
}

/// Who has a collection assigned.
pub(super) fn users(org: &Org, id: &str) -> Vec<String> {
    let users = live(org, id).map(|one| text(one, "/principal/externalId"));
    users.map(str::to_owned).collect()
}

/// A collection is gone.
pub(super) fn forget(org: &mut Org, id: &str) {
    remove_where(org, ASSIGNMENTS, |one| one["collectionId"] == id);
}

/// A user is gone.
pub(super) fn forget_user(org: &mut Org, user: &str) {
    remove_where(org, ASSIGNMENTS, |one| {
        text(one, "/principal/externalId") == user
    });
}

fn profile(user: &Value) -> Value {
    let own = |name: &str| user["profile"].get(name).cloned().unwrap_or_default();
    json!({
        "id": user["id"], "email": own("email"), "login": own("login"),
        "firstName": own("firstName"), "lastName": own("lastName"), "status": user["status"],
    })
}

/// A page, the last assigned first.
fn listed(call: &mut Call<'_>, of: Option<&str>) -> Outcome {
    let filter = filter(call)?;
    let all = all_live(call.org).rev();
    let all = all.filter(|one| of.is_none_or(|id| one["collectionId"] == id));
    let shown = all.filter_map(|one| {
        let user = call.org.users.get(text(one, "/principal/externalId"))?;
        let mut shown = one.clone();
        shown["principalProfile"] = profile(user);
        fits(filter.as_ref(), &shown).then_some(shown)
    });
    let shown: Vec<Value> = shown.collect();
    let placed = shown.iter().enumerate();
    let placed = placed.map(|(index, one)| (index as u64 + 1, one));
    page(call, placed, Value::clone)
}

fn list(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    listed(call, Some(text(&collection, "/id")))
}

fn list_all(call: &mut Call<'_>) -> Outcome {
    listed(call, None)
}

/// Sets when an assignment ends.
fn schedule(org: &Org, assignment: &mut Value, given: &Value) -> Result<(), Fault> {
    let invalid = |member: &str| {
        let cause = format!("{member}: The field has an invalid value");
        Fault::validation(member, &[&cause])
    };
    match given.get("expirationTime").filter(|date| !date.is_null()) {
        None => {
            remove(assignment, "expirationTime");
        }
        Some(date) => {
            let due = date.as_str().and_then(clock::parse);
            let due = due.filter(|due| *due > org.clock.now());
            let due = due.ok_or_else(|| invalid("expirationTime"))?;
            assignment["expirationTime"] = json!(clock::seconds(due));
        }
    }
    match text(given, "/timeZone") {
        "" => {
            remove(assignment, "timeZone");
        }
        zone => {
            jiff::tz::TimeZone::get(zone).map_err(|_| invalid("timeZone"))?;
            assignment["timeZone"] = json!(zone);
        }
    }
    Ok(())
}

/// Gives a user what the collection gives, or brings that up to date.
fn follow_user(call: &mut Call<'_>, collection: &Value, user: &str) {
    let apps = resources_of(call.org, text(collection, "/id"));
    let apps: Vec<String> = apps.map(|(_, one)| text(one, "/app").to_owned()).collect();
    for app in apps {
        follow(call, collection, user, &app);
    }
}

/// Assigns an app to somebody who has it not; true if that was so.
pub(super) fn give_app(call: &mut Call<'_>, app: &str, user: &str) -> bool {
    let (Some(instance), Some(person)) = (call.org.apps.get(app), call.org.users.get(user)) else {
        return false;
    };
    if call.org.app_users.contains(app, user) {
        return false;
    }
    let now = clock::zero_millis(call.org.clock.now());
    let targets = vec![user_target(person), app_target(instance)];
    let fresh = app_assignments::fresh(instance, person, "USER", &now);
    call.org.app_users.put(app, user, fresh);
    call.log("application.user_membership.add", targets);
    true
}

fn log(call: &mut Call<'_>, event: &str, collection: &Value, user: &str) {
    let user = call.org.users.get(user).map(user_target);
    call.log(
        event,
        [target(collection)].into_iter().chain(user).collect(),
    );
}

fn assign(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    let id = text(&collection, "/id").to_owned();
    let body = checked(call, Fullness::Whole)?;
    let mut made = Vec::new();
    for one in body.as_array().into_iter().flatten() {
        let user = text(one, "/principal/externalId").to_owned();
        let person = call.org.users.get(&user);
        person
            .filter(|user| text(user, "/status") != "DEPROVISIONED")
            .ok_or_else(|| unknown("principal.externalId", &user))?;
        let known = of_user(call.org, &id, &user).cloned();
        let mut assignment = match known {
            Some(known) => known,
            None => json!({ "id": call.org.dice.id("ass"), "assignmentType": "INDIVIDUAL" }),
        };
        assignment["collectionId"] = json!(id);
        assignment["principal"] = json!({ "externalId": user, "type": "OKTA_USER" });
        let actor = one.get("actor").cloned();
        assignment["actor"] = actor.unwrap_or_else(|| json!("API"));
        schedule(call.org, &mut assignment, one)?;
        made.push((user, assignment));
    }
    let mut shown = Vec::new();
    for (user, assignment) in made {
        let key = text(&assignment, "/id");
        let fresh = !call.org.shelf(ASSIGNMENTS).contains(key);
        call.org.shelf(ASSIGNMENTS).put(key, assignment.clone());
        if fresh {
            log(call, "resource.collection.assign", &collection, &user);
        }
        follow_user(call, &collection, &user);
        let mut assignment = assignment;
        remove(&mut assignment, "collectionId");
        shown.push(assignment);
    }
    Ok(Answer::json(201, &Value::Array(shown)))
}

/// Collection and assignment of the path.
fn named_assignment(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let collection = stored(call, SHELF)?;
    let wanted = call.parameter(1);
    let mut all = live(call.org, text(&collection, "/id"));
    let found = all.find(|one| text(one, "/id") == wanted);
    let assignment = found.cloned().ok_or_else(not_found)?;
    drop(all);
    Ok((collection, assignment))
}

fn update(call: &mut Call<'_>) -> Outcome {
    let (collection, mut assignment) = named_assignment(call)?;
    let steps = checked(call, Fullness::Whole)?;
    let mut wanted = assignment.clone();
    for step in steps.as_array().into_iter().flatten() {
        match (
            text(step, "/op"),
            text(step, "/path").trim_start_matches('/'),
        ) {
            ("REMOVE", member @ ("expirationTime" | "timeZone")) => {
                remove(&mut wanted, member);
            }
            ("ADD" | "REPLACE", member @ ("expirationTime" | "timeZone")) => {
                wanted[member] = step["value"].clone();
            }
            _ => {
                let cause = "path: The field has an invalid value";
                return Err(Fault::validation("path", &[cause]));
            }
        }
    }
    schedule(call.org, &mut assignment, &wanted)?;
    let key = text(&assignment, "/id");
    call.org.shelf(ASSIGNMENTS).put(key, assignment.clone());
    let user = text(&assignment, "/principal/externalId");
    follow_user(call, &collection, user);
    Ok(Answer::no_content())
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let (collection, assignment) = named_assignment(call)?;
    let key = text(&assignment, "/id");
    call.org.shelf(ASSIGNMENTS).remove(key);
    let user = text(&assignment, "/principal/externalId");
    log(call, "resource.collection.unassign", &collection, user);
    follow_user(call, &collection, user);
    Ok(Answer::no_content())
}

fn unassigned(call: &mut Call<'_>) -> Outcome {
    let collection = stored(call, SHELF)?;
    let filter = filter(call)?;
    let have: HashSet<String> = { users(call.org, text(&collection, "/id")) }
        .into_iter()
        .collect();
    let free = call.org.users.placed().filter(|(_, user)| {
        text(user, "/status") != "DEPROVISIONED"
            && !have.contains(text(user, "/id"))
            && fits(filter.as_ref(), &profile(user))
    });
    page(call, free, profile)
}
