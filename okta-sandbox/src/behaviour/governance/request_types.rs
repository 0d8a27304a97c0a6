//! Request types.

use serde_json::{Value, json};

use super::{link, listed, settled, stamped, written};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllRequestTypes" => list_types,
        "createRequestType" => create_type,
        "getRequestType" => get_type,
        "deleteRequestType" => delete_type,
        "publishRequestType" => publish,
        "unpublishRequestType" => unpublish,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/request-types";

/// Fields get ids, and are required unless they say otherwise.
fn complete_fields(call: &mut Call<'_>, fields: &mut Value) {
    for field in fields.as_array_mut().into_iter().flatten() {
        let id = call.org.dice.uuid();
        fill(
            field,
            &json!({ "id": id, "required": true, "type": "TEXT" }),
        );
    }
}

fn view_type(call: &Call<'_>, kind: &Value) -> Value {
    let mut shown = kind.clone();
    let id = text(kind, "/id");
    let asked = format!("/governance/api/v1/requests?filter=requestTypeId%20eq%20%22{id}%22");
    shown["_links"] = json!({
        "self": link(call, &format!("{SHELF}/{id}")), "requests": link(call, &asked),
    });
    if kind["status"] == "ACTIVE" {
        shown["_links"]["createRequest"] = link(call, super::requests_v1::SHELF);
    }
    shown
}

/// List items leave out what a type asks and does.
fn short(call: &Call<'_>, kind: &Value) -> Value {
    let mut shown = view_type(call, kind);
    for member in [
        "ownerId",
        "accessDuration",
        "resourceSettings",
        "requestSettings",
        "approvalSettings",
    ] {
        remove(&mut shown, member);
    }
    shown
}

fn list_types(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, Value::clone, short)
}

fn create_type(call: &mut Call<'_>) -> Outcome {
    let body = written(call)?;
    if text(&body, "/name").is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    let id = call.org.dice.hex(24);
    let mut kind = stamped(call, &id);
    fill(&mut kind, &body);
    fill(
        &mut kind,
        &json!({
            "status": "DRAFT", "requestSettings": { "type": "EVERYONE", "requesterFields": [] },
            "lastUpdateSource": "API", "accessDuration": null,
        }),
    );
    complete_fields(call, &mut kind["requestSettings"]["requesterFields"]);
    for approval in kind["approvalSettings"]["approvals"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        complete_fields(call, &mut approval["approverFields"]);
    }
    call.org.shelf(SHELF).put(&id, kind.clone());
    Ok(Answer::json(201, &view_type(call, &kind)))
}

fn get_type(call: &mut Call<'_>) -> Outcome {
    let kind = settled(call.org, SHELF, call.parameter(0))?;
    Ok(Answer::ok(&view_type(call, &kind)))
}

fn delete_type(call: &mut Call<'_>) -> Outcome {
    let kind = settled(call.org, SHELF, call.parameter(0))?;
    call.org.shelf(SHELF).remove(text(&kind, "/id"));
    Ok(Answer::no_content())
}

fn set_type_status(call: &mut Call<'_>, from: &[&str], status: &str) -> Outcome {
    let mut kind = settled(call.org, SHELF, call.parameter(0))?;
    if !from.contains(&text(&kind, "/status")) {
        let summary = "Api validation failed due to conflict: Request Type";
        let cause = format!(
            "The request type has the status {}.",
            text(&kind, "/status")
        );
        return Err(Fault::api(409, "E0000195", summary, &[&cause]));
    }
    kind["status"] = json!(status);
    let now = stamped(call, "");
    for name in ["lastUpdated", "lastUpdatedBy"] {
        kind[name] = now[name].clone();
    }
    let id = text(&kind, "/id").to_owned();
    call.org.shelf(SHELF).put(&id, kind.clone());
    Ok(Answer::ok(&view_type(call, &kind)))
}

fn publish(call: &mut Call<'_>) -> Outcome {
    set_type_status(call, &["DRAFT", "DISABLED"], "ACTIVE")
}

fn unpublish(call: &mut Call<'_>) -> Outcome {
    set_type_status(call, &["ACTIVE"], "DISABLED")
}
