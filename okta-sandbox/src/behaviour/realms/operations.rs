//! Operations: an assignment carried out on the users who are there already.

use serde_json::{Value, json};

use super::{ASSIGNMENTS, REALMS, assignments, settle, target};
use crate::behaviour::governance::background;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::named;
use crate::paging::Size;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listRealmAssignmentOperations" => list,
        "executeRealmAssignment" => execute,
        _ => return None,
    })
}

const OPERATIONS: &str = "/api/v1/realm-assignments/operations";

fn view(operation: &Value, base: &str) -> Value {
    let mut shown = background::shown(operation);
    shown["_links"] = json!({
        "self": { "rel": "self", "href": format!("{base}{OPERATIONS}"), "method": "GET" },
    });
    shown
}

/// The newest first; each read shows an operation one step further.
fn list(call: &mut Call<'_>) -> Outcome {
    let now = call.org.clock.now();
    for operation in call.org.shelf(OPERATIONS).values_mut() {
        background::catch_up(operation, now);
    }
    let base = call.base();
    let all = &call.org.shelves[OPERATIONS];
    // Cursors count from the newest.
    let placed = all.values().rev().enumerate();
    let placed = placed.map(|(index, one)| (index as u64 + 1, one));
    let answer = call.list(Size::new(20, 200), placed, |one| view(one, base))?;
    for operation in call.org.shelf(OPERATIONS).values_mut() {
        background::advance(operation, now);
    }
    Ok(answer)
}

fn execute(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let id = text(&body, "/assignmentId");
    if id.is_empty() {
        let cause = "assignmentId: The field cannot be left blank";
        return Err(Fault::validation("assignmentId", &[cause]));
    }
    let assignment = call.org.shelf(ASSIGNMENTS).get(id).cloned();
    let assignment = assignment.ok_or_else(|| Fault::not_found(id, "RealmAssignment"))?;
    if assignment["status"] != "ACTIVE" || assignment["isDefault"] == true {
        let cause = "assignmentId: The realm assignment must be active, and not the default one";
        return Err(Fault::validation("assignmentId", &[cause]));
    }
    let realm = target(&assignment);
    let name = call.org.shelf(REALMS).get(realm).cloned();
    let name = name.map_or(Value::Null, |realm| realm["profile"]["name"].clone());
    let subject = named("RealmAssignment", id, "unknown", text(&assignment, "/name"));
    call.log(
        "directory.realm.assignment.execution_started",
        vec![subject.clone()],
    );
    let people = assignments::decided(call.org, &assignment);
    let moved = people
        .iter()
        .filter(|user| settle(call, user, realm))
        .count();
    call.log(
        "directory.realm.assignment.execution_completed",
        vec![subject],
    );
    let operation = call.org.dice.id("rao");
    let now = assignments::now(call);
    let mut object = json!({
        "id": operation, "type": "realm:assignment", "status": "SCHEDULED", "created": now,
        "started": null, "completed": null, "realmId": realm, "realmName": name,
        "assignmentOperation": { "configuration": {
            "id": id, "name": assignment["name"], "conditions": assignment["conditions"],
            "actions": assignment["actions"],
        } },
        "numUserMoved": 0,
    });
    let states = [
        json!({ "status": "IN_PROGRESS", "started": background::NOW }),
        json!({ "status": "COMPLETED", "completed": background::NOW, "numUserMoved": moved }),
    ];
    background::plan(&mut object, call.org.clock.now(), &states);
    call.org.shelf(OPERATIONS).put(&operation, object.clone());
    Ok(Answer::json(201, &view(&object, call.base())))
}
