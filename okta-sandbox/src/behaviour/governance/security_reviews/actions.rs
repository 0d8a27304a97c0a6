//! What reviewers do: access is taken away at once, and given back as it was.

use serde_json::{Value, json};

use super::accesses::{BEFORE, SUBS, giving, supported};
use super::{ACCESSES, active, addressed, note, put, refused, target};
use crate::behaviour::governance::{grants, not_found, principal_access};
use crate::behaviour::groups;
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{app_target, user_target};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "executeSecurityAccessReviewAccessesAction"
        | "executeMySecurityAccessReviewAccessesAction" => on_access,
        "listSecurityAccessReviewActions" | "listMySecurityAccessReviewActions" => list,
        "executeSecurityAccessReviewAction" | "executeMySecurityAccessReviewAction" => on_review,
        _ => return None,
    })
}

/// What a person has of an app: their assignment, the groups that give it, their grants.
fn state(call: &Call<'_>, app: &str, person: &str) -> Value {
    let org = &call.org;
    let held: Vec<&Value> = grants::active(org, app, person).collect();
    let own = org.app_users.get(app, person);
    let own = own.filter(|assignment| assignment["scope"] != "GROUP");
    json!({ "assignment": own, "groups": giving(org, app, person), "grants": held })
}

/// Takes away what an item stands for.
fn revoke(call: &mut Call<'_>, item: &Value, app: &str, person: &str) -> Result<(), Fault> {
    let resource = text(item, "/resourceId");
    match text(item, "/type") {
        "GROUP" => groups::remove_member(call, resource, person),
        "APPLICATION" => {
            let through = giving(call.org, app, person);
            let through: Vec<String> = through.into_iter().map(str::to_owned).collect();
            for group in through {
                groups::remove_member(call, &group, person);
            }
            principal_access::revoke_one(call, app, person)?;
        }
        _ => {
            principal_access::revoke_one(call, resource, person)?;
        }
    }
    Ok(())
}

/// Gives back what there was before.
fn restore(call: &mut Call<'_>, before: &Value, app: &str, person: &str) {
    for group in before["groups"].as_array().into_iter().flatten() {
        let group = group.as_str().unwrap_or_default();
        if call.org.groups.contains(group) && call.org.users.contains(person) {
            groups::add_member(call, group, person);
        }
    }
    let known = call.org.apps.contains(app) && call.org.users.contains(person);
    if known && before["assignment"].is_object() {
        let had = state(call, app, person)["assignment"].is_object();
        if !had {
            let assignment = before["assignment"].clone();
            call.org.app_users.put(app, person, assignment);
            let targets = [
                call.org.users.get(person).map(user_target),
                call.org.apps.get(app).map(app_target),
            ];
            let targets = targets.into_iter().flatten().collect();
            call.log("application.user_membership.add", targets);
        }
    }
    for grant in before["grants"].as_array().into_iter().flatten() {
        let mut grant = grant.clone();
        grants::touch(call, &mut grant);
        principal_access::recount(call, &grant);
    }
}

/// Does one action on an item of an app.
fn act(
    call: &mut Call<'_>,
    item: &mut Value,
    action: &str,
    app: &str,
    person: &str,
) -> Result<(), Fault> {
    if !supported(item).contains(&action) {
        return Err(refused(&format!("type: {action} is not supported here.")));
    }
    let status = match action {
        "REVOKE_ACCESS" => {
            let before = state(call, app, person);
            revoke(call, item, app, person)?;
            item[BEFORE] = before;
            "REMEDIATED"
        }
        "RESTORE_ACCESS" => {
            let before = remove(item, BEFORE).unwrap_or_default();
            restore(call, &before, app, person);
            "NONE"
        }
        "FLAG_FOR_MANUAL_REMEDIATION" => "PENDING_MANUAL_REMEDIATION",
        _ => "PENDING_MANUAL_RESTORATION",
    };
    item["remediationStatus"] = json!(status);
    Ok(())
}

fn on_access(call: &mut Call<'_>) -> Outcome {
    let mut review = active(call)?;
    let body = call.request.object()?;
    let action = text(&body, "/type");
    let person = text(&review, "/~principal").to_owned();
    let wanted = call.parameter(1);
    let mut done = None;
    for item in review[ACCESSES].as_array_mut().into_iter().flatten() {
        let app = text(item, "/resourceId").to_owned();
        if item["id"] == wanted {
            act(call, item, action, &app, &person)?;
            done = Some(text(item, "/name").to_owned());
            break;
        }
        let subs = item[SUBS].as_array_mut().into_iter().flatten();
        if let Some(sub) = { subs }.find(|sub| sub["id"] == wanted) {
            act(call, sub, action, &app, &person)?;
            done = Some(text(sub, "/name").to_owned());
            break;
        }
    }
    let name = done.ok_or_else(not_found)?;
    let did = match action {
        "REVOKE_ACCESS" => "revoked the access to",
        "RESTORE_ACCESS" => "restored the access to",
        "FLAG_FOR_MANUAL_REMEDIATION" => "asked for the removal by hand of",
        _ => "asked for the restoration by hand of",
    };
    note(call, &mut review, &format!("{did} {name}"), false);
    put(call, &review);
    let event = match action {
        "REVOKE_ACCESS" => "access.review.remediate",
        _ => "access.review.action",
    };
    call.log(event, vec![target(&review)]);
    Ok(Answer::empty(202))
}

/// Whether anything was taken away that can be given back.
fn has_taken(review: &Value) -> bool {
    let taken = |item: &Value| item["remediationStatus"] == "REMEDIATED";
    let items = review[ACCESSES].as_array().into_iter().flatten();
    { items }.any(|item| {
        let subs = item[SUBS].as_array().into_iter().flatten();
        taken(item) || { subs }.any(taken)
    })
}

fn available(review: &Value) -> Vec<&'static str> {
    match (review["status"] == "ACTIVE", has_taken(review)) {
        (false, _) => Vec::new(),
        (true, false) => vec!["CLOSE_REVIEW"],
        (true, true) => vec!["CLOSE_REVIEW", "RESTORE_ALL_ACCESS"],
    }
}

fn list(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    let data = available(&review).into_iter();
    let data: Vec<Value> = data.map(|kind| json!({ "actionType": kind })).collect();
    Ok(Answer::ok(&json!({ "data": data })))
}

fn on_review(call: &mut Call<'_>) -> Outcome {
    let mut review = active(call)?;
    let body = call.request.object()?;
    let action = text(&body, "/actionType");
    if !available(&review).contains(&action) {
        return Err(refused(&format!("actionType: {action} is not available.")));
    }
    if action == "CLOSE_REVIEW" {
        review["status"] = json!("CLOSED");
        note(call, &mut review, "closed the review", false);
        put(call, &review);
        call.log("access.review.close", vec![target(&review)]);
        return Ok(Answer::empty(202));
    }
    let person = text(&review, "/~principal").to_owned();
    for item in review[ACCESSES].as_array_mut().into_iter().flatten() {
        let app = text(item, "/resourceId").to_owned();
        // The app first: what is within it needs it.
        if item["remediationStatus"] == "REMEDIATED" {
            act(call, item, "RESTORE_ACCESS", &app, &person)?;
        }
        for sub in item[SUBS].as_array_mut().into_iter().flatten() {
            if sub["remediationStatus"] == "REMEDIATED" {
                act(call, sub, "RESTORE_ACCESS", &app, &person)?;
            }
        }
    }
    note(call, &mut review, "restored all access", false);
    put(call, &review);
    call.log("access.review.action", vec![target(&review)]);
    Ok(Answer::empty(202))
}
