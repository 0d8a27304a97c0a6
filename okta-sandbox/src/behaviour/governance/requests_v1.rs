//! Access requests of request types (version 1).

use serde_json::{Value, json};

use super::{
    background, caller, catalog, link, listed, read, request_types, requests, settled, stamped,
    written,
};
use crate::access_requests::{self, steps};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllRequests" => list,
        "createRequest" => create,
        "getRequest" => get,
        "createRequestMessage" => message,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/requests";

fn view(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = request.clone();
    let kind = text(request, "/requestTypeId");
    shown["_links"] = json!({
        "self": link(call, &format!("{SHELF}/{}", text(request, "/id"))),
        "requestType": link(call, &format!("{}/{kind}", request_types::SHELF)),
    });
    shown
}

fn short(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = view(call, request);
    for member in ["requesterFieldValues", "approvals", "actions"] {
        remove(&mut shown, member);
    }
    shown
}

fn list(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, Value::clone, short)
}

/// The values of a request with what its type says about their fields.
fn values(kind: &Value, given: &Value) -> Result<Vec<Value>, Fault> {
    let given: Vec<&Value> = given.as_array().into_iter().flatten().collect();
    let fields = kind["requestSettings"]["requesterFields"].as_array();
    let mut all = Vec::new();
    for (index, value) in given.iter().enumerate() {
        let field = fields
            .into_iter()
            .flatten()
            .find(|field| field["id"] == value["id"])
            .ok_or_else(|| catalog::refused("id: The request type has no such field."))?;
        if given[..index]
            .iter()
            .any(|other| other["id"] == value["id"])
        {
            return Err(conflict(
                "requesterFieldValues: A field has more than one value.",
            ));
        }
        let fits = match text(field, "/type") {
            "SELECT" => value["value"].as_array().is_some_and(|chosen| {
                let options = field["options"].as_array().into_iter().flatten();
                let options: Vec<&Value> = options.map(|option| &option["value"]).collect();
                chosen.len() == 1 && options.contains(&&chosen[0])
            }),
            "DATE-TIME" => clock::parse(text(value, "/value")).is_some(),
            _ => !text(value, "/value").is_empty(),
        };
        if !fits {
            return Err(catalog::refused("value: The value does not fit the field."));
        }
        let mut full = field.clone();
        remove(&mut full, "options");
        full["value"] = value["value"].clone();
        all.push(full);
    }
    for field in fields.into_iter().flatten() {
        if field["required"] != false && !given.iter().any(|value| value["id"] == field["id"]) {
            return Err(catalog::refused("id: A required field has no value."));
        }
    }
    Ok(all)
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = written(call)?;
    let id = text(&body, "/requestTypeId");
    let kind = call.org.shelf(request_types::SHELF).get(id).cloned();
    let Some(kind) = kind.filter(|kind| kind["status"] == "ACTIVE") else {
        let cause = "requestTypeId: The request type does not exist or is not published.";
        return Err(Fault::validation("requestTypeId", &[cause]));
    };
    let console = access_requests::console::of(call.org, text(&kind, "/id"));
    let asked = match &console {
        Some(console) => json!({ "requestSettings": { "requesterFields": console["fields"] } }),
        None => kind.clone(),
    };
    let values = values(&asked, &body["requesterFieldValues"])?;
    let id = call.org.dice.hex(24);
    let number = call.org.shelf(SHELF).len() + 1;
    let mut request = stamped(call, &id);
    let requester = match text(&body, "/requesterUserIds/0") {
        "" => caller(call),
        id if call.org.users.contains(id) => id.to_owned(),
        _ => {
            let cause = "requesterUserIds: The user does not exist.";
            return Err(Fault::validation("requesterUserIds", &[cause]));
        }
    };
    if let Some(console) = console {
        return Ok(by_steps(call, request, &body, &console, &requester, values));
    }
    let now = call.org.clock.now();
    // A type that says nothing about approvals has one, so that there is something to decide.
    let steps = match text(&kind, "/approvalSettings/type") {
        "NONE" => 0,
        _ => kind["approvalSettings"]["approvals"]
            .as_array()
            .map_or(1, Vec::len),
    };
    let approvals: Vec<Value> = (0..steps)
        .map(|_| json!({ "status": "PENDING", "approvalId": call.org.dice.hex(24) }))
        .collect();
    fill(&mut request, &body);
    request["requesterFieldValues"] = json!(values);
    fill(
        &mut request,
        &json!({
            "subject": "", "requesterUserIds": [requester], "requestStatus": "OPEN", "resolved": null,
            "approvals": approvals, "actions": [], "permalinkId": number, "type": "ACCESS_REQUEST",
        }),
    );
    let answer = Answer::json(201, &view(call, &request));
    let next = match steps {
        0 => json!({ "requestStatus": "RESOLVED", "resolved": background::NOW }),
        _ => json!({ "requestStatus": "PENDING" }),
    };
    background::plan(&mut request, now, &[next]);
    call.org.shelf(SHELF).put(&id, request.clone());
    call.log("access.request.create", vec![requests::target(&request)]);
    Ok(answer)
}

/// A request of a type with steps that the API does not show: it is `CUSTOM`.
fn by_steps(
    call: &mut Call<'_>,
    mut request: Value,
    body: &Value,
    console: &Value,
    requester: &str,
    values: Vec<Value>,
) -> Answer {
    let id = text(&request, "/id").to_owned();
    let number = call.org.shelf(SHELF).len() + 1;
    let all = steps::begin(call.org, &id, console, requester, values);
    fill(&mut request, body);
    request["requesterFieldValues"] = json!(all);
    fill(
        &mut request,
        &json!({
            "subject": "", "requesterUserIds": [requester], "requestStatus": "PENDING", "resolved": null,
            "permalinkId": number, "type": "CUSTOM",
        }),
    );
    let answer = Answer::json(201, &view(call, &request));
    call.org.shelf(SHELF).put(&id, request.clone());
    call.log("access.request.create", vec![requests::target(&request)]);
    steps::go_on(call.org, &id);
    answer
}

fn get(call: &mut Call<'_>) -> Outcome {
    let request = read(call, SHELF, call.parameter(0))?;
    Ok(Answer::ok(&view(call, &request)))
}

fn message(call: &mut Call<'_>) -> Outcome {
    settled(call.org, SHELF, call.parameter(0))?;
    call.given(Fullness::Whole)?;
    Ok(Answer::empty(201))
}

fn conflict(cause: &str) -> Fault {
    let summary = "Api validation failed due to conflict: Request";
    Fault::api(409, "E0000195", summary, &[cause])
}

/// Decides the next approval of a request; the last one, or a denial, resolves it.
pub(super) fn decide(org: &mut Org, id: &str, decision: &str, by: &str) -> Result<Value, Fault> {
    let mut request = settled(org, SHELF, id)?;
    if matches!(text(&request, "/requestStatus"), "RESOLVED" | "LOCKED") {
        return Err(conflict("The request is resolved."));
    }
    let at = json!(clock::seconds(org.clock.now()));
    let name = org.users.get(by).map(|user| {
        let profile = &user["profile"];
        format!(
            "{} {}",
            text(profile, "/firstName"),
            text(profile, "/lastName")
        )
    });
    let approvals = request["approvals"].as_array_mut();
    let mut pending = approvals
        .into_iter()
        .flatten()
        .filter(|approval| approval["status"] == "PENDING");
    let Some(next) = pending.next() else {
        return Err(conflict("The request has no pending approval."));
    };
    let last = pending.next().is_none();
    *next = json!({
        "status": "COMPLETED", "approvalId": next["approvalId"], "approverId": by,
        "approverName": name.unwrap_or_default(), "decision": decision, "decided": at, "fieldValues": [],
    });
    if last || decision == "DENIED" {
        request["requestStatus"] = json!("RESOLVED");
        request["resolved"] = at.clone();
    }
    request["lastUpdated"] = at;
    org.shelf(SHELF).put(id, request.clone());
    Ok(request)
}
