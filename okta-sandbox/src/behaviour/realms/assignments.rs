//! Assignments to realms: a condition on users of a source, and the realm that they go to. Where
//! several fit, the lowest priority number wins; the catch-all is always the last.

use serde_json::{Value, json};

use super::condition::Condition;
use super::{ASSIGNMENTS, REALMS, comes_from, target};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::engine;
use crate::fault::Fault;
use crate::json::text;
use crate::org::Org;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listRealmAssignments" => list,
        "createRealmAssignment" => create,
        "replaceRealmAssignment" => replace,
        "deleteRealmAssignment" => delete,
        "deactivateRealmAssignment" => deactivate,
        _ => return None,
    })
}

/// The priority of the catch-all.
const LAST: i64 = 499;

/// Every org leads everybody to the default realm.
pub(crate) fn add_built_in(org: &mut Org) {
    let default = org.shelf(REALMS).values().next().cloned();
    let realm = default.unwrap_or_default()["id"].clone();
    let id = org.dice.id("rul");
    let now = org.created.clone();
    let assignment = json!({
        "id": id, "status": "ACTIVE", "name": "Catch-all realm assignment", "created": now,
        "lastUpdated": now, "actions": { "assignUserToRealm": { "realmId": realm } },
        "priority": LAST, "isDefault": true,
    });
    org.shelf(ASSIGNMENTS).put(&id, assignment);
}

fn priority(assignment: &Value) -> i64 {
    assignment["priority"].as_i64().unwrap_or(LAST)
}

/// All assignments, the first to be asked first.
pub(super) fn ranked(org: &Org) -> Vec<&Value> {
    let all = org.shelves.get(ASSIGNMENTS).into_iter();
    let mut all: Vec<&Value> = all.flat_map(|shelf| shelf.values()).collect();
    all.sort_by_key(|one| priority(one));
    all
}

/// The condition of an assignment that is at work for users of a source.
fn condition(assignment: &Value, source: &str) -> Option<Condition> {
    let at_work = text(assignment, "/status") == "ACTIVE" && assignment["isDefault"] != true;
    if !at_work || text(assignment, "/conditions/profileSourceId") != source {
        return None;
    }
    Condition::read(text(assignment, "/conditions/expression/value")).ok()
}

/// Whether an assignment is at work for a user of a source.
pub(super) fn takes(assignment: &Value, user: &Value, source: &str) -> bool {
    condition(assignment, source).is_some_and(|condition| condition.holds(user))
}

/// The users whom an assignment is the first to take.
pub(super) fn decided(org: &Org, assignment: &Value) -> Vec<String> {
    let source = text(assignment, "/conditions/profileSourceId");
    // Conditions are read once, not for each user.
    let at_work: Vec<(bool, Condition)> = ranked(org)
        .into_iter()
        .filter_map(|one| Some((one["id"] == assignment["id"], condition(one, source)?)))
        .collect();
    let decides = |user: &&Value| {
        let mut at_work = at_work.iter();
        let first = at_work.find(|(_, condition)| condition.holds(user));
        first.is_some_and(|(own, _)| *own) && comes_from(org, user, source)
    };
    let people = org.users.values().filter(decides);
    people.map(|user| text(user, "/id").to_owned()).collect()
}

fn list(call: &mut Call<'_>) -> Outcome {
    let ranked: Vec<Value> = ranked(call.org).into_iter().cloned().collect();
    let shown: Vec<Value> = ranked
        .iter()
        .map(|one| engine::shown(call, ASSIGNMENTS, one))
        .collect();
    let placed = shown.into_iter().enumerate();
    let placed = placed.map(|(index, one)| (index as u64 + 1, one));
    call.list(Size::new(20, 200), placed, |one| one)
}

fn blank(field: &str) -> Fault {
    Fault::validation(
        field,
        &[&format!("{field}: The field cannot be left blank")],
    )
}

/// What an assignment has to say.
fn check(call: &mut Call<'_>, body: &Value) -> Result<(), Fault> {
    if text(body, "/name").trim().is_empty() {
        return Err(blank("name"));
    }
    let realm = target(body);
    if realm.is_empty() {
        return Err(blank("realmId"));
    }
    if !call.org.shelf(REALMS).contains(realm) {
        let cause = "realmId: The realm does not exist";
        return Err(Fault::validation("realmId", &[cause]));
    }
    let expression = text(body, "/conditions/expression/value");
    if let Err(why) = Condition::read(expression) {
        let cause = format!("expression: {why}");
        return Err(Fault::validation("expression", &[&cause]));
    }
    let given = &body["priority"];
    if !given.is_null() && !given.as_i64().is_some_and(|n| (0..LAST).contains(&n)) {
        let cause = format!("priority: The value must be between 0 and {}", LAST - 1);
        return Err(Fault::validation("priority", &[&cause]));
    }
    Ok(())
}

/// Makes room: who has the place of an assignment, and who follows without a gap, moves on.
fn make_room(call: &mut Call<'_>, id: &str) {
    let ranked: Vec<(String, i64)> = ranked(call.org)
        .into_iter()
        .filter(|one| one["isDefault"] != true)
        .map(|one| (text(one, "/id").to_owned(), priority(one)))
        .collect();
    let Some((_, mut taken)) = ranked.iter().find(|(other, _)| other == id).cloned() else {
        return;
    };
    for (other, place) in ranked.iter().filter(|(other, _)| other != id) {
        if *place != taken {
            continue;
        }
        taken += 1;
        if let Some(one) = call.org.shelf(ASSIGNMENTS).get_mut(other) {
            one["priority"] = json!(taken);
        }
    }
}

/// The id of the object that an answer shows.
fn made(answer: &crate::exchange::Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    text(&body, "/id").to_owned()
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    check(call, &body)?;
    let last = ranked(call.org)
        .into_iter()
        .filter(|one| one["isDefault"] != true)
        .map(priority)
        .max();
    let answer = engine::run(call)?;
    let id = made(&answer);
    if body["priority"].is_null() {
        // Without a place it stands behind all others.
        let place = last.map_or(0, |last| last + 1);
        let stored = call.org.shelf(ASSIGNMENTS).get_mut(&id);
        if let Some(stored) = stored {
            stored["priority"] = json!(place);
        }
    }
    make_room(call, &id);
    answer_again(call, &id, answer.status)
}

/// The answer with what came after the write.
fn answer_again(call: &mut Call<'_>, id: &str, status: u16) -> Outcome {
    let stored = call.org.shelf(ASSIGNMENTS).get(id).cloned();
    let stored = stored.ok_or_else(|| Fault::not_found(id, "RealmAssignment"))?;
    let shown = engine::shown(call, ASSIGNMENTS, &stored);
    Ok(crate::exchange::Answer::json(status, &shown))
}

fn named(call: &mut Call<'_>) -> Result<Value, Fault> {
    call.stored(ASSIGNMENTS, 0, "RealmAssignment")
}

/// The catch-all cannot be touched.
fn own(call: &mut Call<'_>) -> Result<Value, Fault> {
    let found = named(call)?;
    match found["isDefault"] == true {
        true => Err(Fault::code("E0000006", &[])),
        false => Ok(found),
    }
}

fn replace(call: &mut Call<'_>) -> Outcome {
    let before = own(call)?;
    let body = call.request.object()?;
    check(call, &body)?;
    let answer = engine::run(call)?;
    let id = text(&before, "/id");
    if body["priority"].is_null()
        && let Some(stored) = call.org.shelf(ASSIGNMENTS).get_mut(id)
    {
        stored["priority"] = before["priority"].clone();
    }
    make_room(call, id);
    answer_again(call, id, answer.status)
}

fn delete(call: &mut Call<'_>) -> Outcome {
    if own(call)?["status"] == "ACTIVE" {
        let cause = "status: The realm assignment must be deactivated before deletion";
        return Err(Fault::validation("status", &[cause]));
    }
    engine::run(call)
}

fn deactivate(call: &mut Call<'_>) -> Outcome {
    own(call)?;
    engine::run(call)
}

/// The date form of realms.
pub(super) fn now(call: &Call<'_>) -> String {
    clock::zero_millis(call.org.clock.now())
}
