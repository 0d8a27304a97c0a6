//! Access requests of both versions, and request types.
//!
//! A submitted request is pending at the next read: what a real org does in between is done
//! when the call answers.

use serde_json::{Value, json};

use super::{caller, filter, fits, link, not_found, page};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::log::named;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listAllRequestsV2" => list_v2,
        "createRequestV2" => create_v2,
        "getRequestV2" => get_v2,
        "createMyRequestV2" => create_mine,
        "getMyRequestV2" => get_mine,
        "createRequestMessageV2" => message_v2,
        "listAllRequests" => list_v1,
        "createRequest" => create_v1,
        "getRequest" => get_v1,
        "createRequestMessage" => message_v1,
        "listAllRequestTypes" => list_types,
        "createRequestType" => create_type,
        "getRequestType" => get_type,
        "deleteRequestType" => delete_type,
        "publishRequestType" => publish,
        "unpublishRequestType" => unpublish,
        _ => return None,
    })
}

const V2: &str = "/governance/api/v2/requests";
const V1: &str = "/governance/api/v1/requests";
const TYPES: &str = "/governance/api/v1/request-types";

fn target(request: &Value) -> Value {
    named(
        "AccessRequest",
        text(request, "/id"),
        "unknown",
        text(request, "/subject"),
    )
}

/// The members that every governance object has.
fn stamped(call: &mut Call<'_>, id: &str) -> Value {
    let now = clock::seconds(call.org.clock.now());
    let by = caller(call);
    json!({ "id": id, "createdBy": by, "created": now, "lastUpdated": now, "lastUpdatedBy": by })
}

fn known(call: &mut Call<'_>, shelf: &str, index: usize) -> Result<Value, Fault> {
    let id = call.parameter(index);
    call.org.shelf(shelf).get(id).cloned().ok_or_else(not_found)
}

fn listed(call: &mut Call<'_>, shelf: &str, show: fn(&Call<'_>, &Value) -> Value) -> Outcome {
    let filter = filter(call)?;
    call.org.shelf(shelf);
    let hits = call.org.shelves[shelf]
        .placed()
        .filter(|(_, one)| fits(filter.as_ref(), one));
    page(call, hits, |one| show(call, one))
}

fn view_v2(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = request.clone();
    let entry = text(request, "/requested/entryId");
    shown["_links"] = json!({
        "self": link(call, &format!("{V2}/{}", text(request, "/id"))),
        "catalogEntry": link(call, &format!("/governance/api/v2/catalogs/default/entries/{entry}")),
    });
    shown
}

/// List items leave approval, risk and fields out.
fn short_v2(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = view_v2(call, request);
    for member in ["requestApproval", "riskAssessment", "requesterFieldValues"] {
        remove(&mut shown, member);
    }
    shown
}

fn list_v2(call: &mut Call<'_>) -> Outcome {
    listed(call, V2, short_v2)
}

fn submit(call: &mut Call<'_>, entry: &str, requested_for: &str, fields: &Value) -> Outcome {
    if entry.is_empty() {
        let cause = "requested.entryId: The field cannot be left blank";
        return Err(Fault::validation("requested", &[cause]));
    }
    if !call.org.users.contains(requested_for) {
        let cause = "requestedFor.externalId: The user does not exist.";
        return Err(Fault::validation("requestedFor", &[cause]));
    }
    let id = call.org.dice.id("req");
    let mut request = stamped(call, &id);
    let by = caller(call);
    fill(
        &mut request,
        &json!({
            "status": "SUBMITTED", "requestedBy": { "externalId": by, "type": "OKTA_USER" },
            "requestedFor": { "externalId": requested_for, "type": "OKTA_USER" },
            "requested": { "entryId": entry },
            "requesterFieldValues": if fields.is_array() { fields.clone() } else { json!([]) },
            "riskAssessment": { "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES", "riskRules": [] },
        }),
    );
    let answer = Answer::json(202, &view_v2(call, &request));
    request["status"] = json!("PENDING");
    request["requestApproval"] = json!({
        "type": "OKTA", "providerName": "Okta Access Requests", "providerDescription": "",
        "decisions": [],
    });
    call.org.shelf(V2).put(&id, request.clone());
    call.log("access.request.create", vec![target(&request)]);
    Ok(answer)
}

fn create_v2(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let entry = text(&body, "/requested/entryId");
    let whom = text(&body, "/requestedFor/externalId");
    submit(call, entry, whom, &body["requesterFieldValues"])
}

fn get_v2(call: &mut Call<'_>) -> Outcome {
    let request = known(call, V2, 0)?;
    Ok(Answer::ok(&view_v2(call, &request)))
}

fn create_mine(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object_or_empty()?;
    let me = caller(call);
    submit(call, call.parameter(0), &me, &body["requesterFieldValues"])
}

fn get_mine(call: &mut Call<'_>) -> Outcome {
    let request = known(call, V2, 1)?;
    Ok(Answer::ok(&view_v2(call, &request)))
}

fn message_v2(call: &mut Call<'_>) -> Outcome {
    known(call, V2, 0)?;
    call.request.object()?;
    Ok(Answer::no_content())
}

fn view_v1(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = request.clone();
    let kind = text(request, "/requestTypeId");
    shown["_links"] = json!({
        "self": link(call, &format!("{V1}/{}", text(request, "/id"))),
        "requestType": link(call, &format!("{TYPES}/{kind}")),
    });
    shown
}

fn short_v1(call: &Call<'_>, request: &Value) -> Value {
    let mut shown = view_v1(call, request);
    for member in ["requesterFieldValues", "approvals", "actions"] {
        remove(&mut shown, member);
    }
    shown
}

fn list_v1(call: &mut Call<'_>) -> Outcome {
    listed(call, V1, short_v1)
}

fn create_v1(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let kind = text(&body, "/requestTypeId");
    let active = call
        .org
        .shelf(TYPES)
        .get(kind)
        .is_some_and(|t| t["status"] == "ACTIVE");
    if !active {
        let cause = "requestTypeId: The request type does not exist or is not published.";
        return Err(Fault::validation("requestTypeId", &[cause]));
    }
    let id = call.org.dice.hex(24);
    let number = call.org.shelf(V1).len() + 1;
    let mut request = stamped(call, &id);
    let requester = caller(call);
    fill(&mut request, &body);
    fill(
        &mut request,
        &json!({
            "subject": "", "requesterUserIds": [requester], "requesterFieldValues": [],
            "requestStatus": "OPEN", "resolved": null, "approvals": [], "actions": [],
            "permalinkId": number, "type": "ACCESS_REQUEST",
        }),
    );
    call.org.shelf(V1).put(&id, request.clone());
    call.log("access.request.create", vec![target(&request)]);
    Ok(Answer::json(201, &view_v1(call, &request)))
}

fn get_v1(call: &mut Call<'_>) -> Outcome {
    let request = known(call, V1, 0)?;
    Ok(Answer::ok(&view_v1(call, &request)))
}

fn message_v1(call: &mut Call<'_>) -> Outcome {
    known(call, V1, 0)?;
    call.request.object()?;
    Ok(Answer::no_content())
}

fn view_type(call: &Call<'_>, kind: &Value) -> Value {
    let mut shown = kind.clone();
    shown["_links"] = json!({ "self": link(call, &format!("{TYPES}/{}", text(kind, "/id"))) });
    shown
}

fn list_types(call: &mut Call<'_>) -> Outcome {
    listed(call, TYPES, view_type)
}

fn create_type(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    if text(&body, "/name").is_empty() {
        return Err(Fault::validation(
            "name",
            &["name: The field cannot be left blank"],
        ));
    }
    let id = call.org.dice.hex(24);
    let mut kind = stamped(call, &id);
    fill(&mut kind, &body);
    fill(&mut kind, &json!({ "status": "DRAFT" }));
    call.org.shelf(TYPES).put(&id, kind.clone());
    Ok(Answer::json(201, &view_type(call, &kind)))
}

fn get_type(call: &mut Call<'_>) -> Outcome {
    let kind = known(call, TYPES, 0)?;
    Ok(Answer::ok(&view_type(call, &kind)))
}

fn delete_type(call: &mut Call<'_>) -> Outcome {
    let kind = known(call, TYPES, 0)?;
    call.org.shelf(TYPES).remove(text(&kind, "/id"));
    Ok(Answer::no_content())
}

fn set_type_status(call: &mut Call<'_>, status: &str) -> Outcome {
    let mut kind = known(call, TYPES, 0)?;
    kind["status"] = json!(status);
    let id = text(&kind, "/id").to_owned();
    call.org.shelf(TYPES).put(&id, kind.clone());
    Ok(Answer::ok(&view_type(call, &kind)))
}

fn publish(call: &mut Call<'_>) -> Outcome {
    set_type_status(call, "ACTIVE")
}

fn unpublish(call: &mut Call<'_>) -> Outcome {
    set_type_status(call, "DISABLED")
}
