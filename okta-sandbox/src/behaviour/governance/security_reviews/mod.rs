//! Security access reviews: a look at everything one person has, by reviewers who take access away
//! while they look.
//!
//! What the person has is taken down when the review is made; the review is open until it is closed or
//! its time is over.

mod accesses;
mod actions;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{background, caller, filter, fits, link, not_found, page, stamped};
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{named, user_target};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listSecurityAccessReviews" | "listMySecurityAccessReviews" => list,
        "createSecurityAccessReview" => create,
        "getSecurityAccessReview" | "getMySecurityAccessReview" => get,
        "updateSecurityAccessReview" => update,
        "getSecurityAccessReviewsStats" | "getMySecurityAccessReviewsStats" => stats,
        "addSecurityAccessReviewComment" | "addMySecurityAccessReviewComment" => comment,
        "listSecurityAccessReviewHistory" | "listMySecurityAccessReviewHistory" => history,
        "getSecurityAccessReviewPrincipalDetails" | "getMySecurityAccessReviewPrincipalDetails" => {
            principal
        }
        _ => return accesses::handler(id).or_else(|| actions::handler(id)),
    })
}

const SHELF: &str = "/governance/api/v2/security-access-reviews";
const MINE: &str = "/governance/api/v2/my/security-access-reviews";

/// Members that no answer shows.
const PRINCIPAL: &str = "~principal";
const ACCESSES: &str = "~accesses";
const HISTORY: &str = "~history";

const DAYS: i64 = 7;
const MOST_REVIEWERS: usize = 10;

fn is_mine(call: &Call<'_>) -> bool {
    call.operation.path.starts_with(MINE)
}

/// True if the caller may see a review where they called for it: reviewers see theirs.
fn is_for(call: &Call<'_>, review: &Value) -> bool {
    let me = caller(call);
    let reviewers = review.pointer("/reviewerSettings/userSettings/includedUserIds");
    let reviewers = reviewers.and_then(Value::as_array);
    !is_mine(call) || reviewers.is_some_and(|ids| ids.iter().any(|id| *id == me))
}

/// Closes the reviews whose time is over.
fn catch_up(call: &mut Call<'_>) {
    let now = call.org.clock.now();
    super::catch_up(call.org, SHELF);
    let is_over = |review: &&Value| {
        let end = clock::parse(text(review, "/endTime"));
        review["status"] != "CLOSED" && end.is_some_and(|end| end <= now)
    };
    let all = call.org.shelf(SHELF).values();
    let over: Vec<Value> = all.filter(is_over).cloned().collect();
    for mut review in over {
        background::settle(&mut review, now);
        review["status"] = json!("CLOSED");
        note(call, &mut review, "The review ended.", true);
        call.log("access.review.close", vec![target(&review)]);
        put(call, &review);
    }
}

/// The review that the path names.
fn addressed(call: &mut Call<'_>) -> Result<Value, Fault> {
    catch_up(call);
    let id = call.parameter(0);
    let review = call.org.shelf(SHELF).get(id).cloned();
    review.filter(|one| is_for(call, one)).ok_or_else(not_found)
}

/// The review that the path names, to be changed: it is active.
fn active(call: &mut Call<'_>) -> Result<Value, Fault> {
    let mut review = addressed(call)?;
    background::settle(&mut review, call.org.clock.now());
    match review["status"] == "ACTIVE" {
        true => Ok(review),
        false => Err(refused("The security access review is not active.")),
    }
}

fn refused(cause: &str) -> Fault {
    Fault::validation("SecurityAccessReview", &[cause])
}

fn put(call: &mut Call<'_>, review: &Value) {
    call.org
        .shelf(SHELF)
        .put(text(review, "/id"), review.clone());
}

fn target(review: &Value) -> Value {
    let (id, name) = (text(review, "/id"), text(review, "/name"));
    named("SecurityAccessReview", id, "unknown", name)
}

/// A person as reviews show people.
fn profile(org: &Org, id: &str) -> Value {
    let user = org.users.get(id);
    let is_active = user.is_some_and(|user| user["status"] == "ACTIVE");
    let mut shown = json!({ "id": id, "type": if user.is_some() { "USER" } else { "UNKNOWN" },
        "status": if is_active { "ACTIVE" } else { "INACTIVE" } });
    for name in ["email", "firstName", "lastName", "login"] {
        if let Some(value) = user.and_then(|user| user["profile"][name].as_str()) {
            shown[name] = json!(value);
        }
    }
    shown
}

fn links(call: &Call<'_>, review: &Value) -> Value {
    let base = if is_mine(call) { MINE } else { SHELF };
    let own = format!("{base}/{}", text(review, "/id"));
    let below = |name: &str| link(call, &format!("{own}/{name}"));
    json!({
        "securityAccessReviewDetails": link(call, &own), "history": below("history"),
        "accesses": below("accesses"), "actions": below("actions"),
        "principalDetails": below("principal"), "comment": below("comment"),
    })
}

fn view(call: &Call<'_>, review: &Value) -> Value {
    let mut shown = background::shown(review);
    for member in [PRINCIPAL, ACCESSES, HISTORY] {
        remove(&mut shown, member);
    }
    let users = &review["reviewerSettings"]["userSettings"]["includedUserIds"];
    let users = users.as_array().into_iter().flatten();
    let profiles = users.map(|id| profile(call.org, id.as_str().unwrap_or_default()));
    let profiles: Vec<Value> = profiles.collect();
    shown["reviewerSettings"]["userSettings"]["includedUserProfiles"] = json!(profiles);
    shown["_links"] = links(call, review);
    shown
}

/// A page of what fits the filter, in the order that the call asks for.
fn listed(call: &Call<'_>, items: &[Value], show: impl Fn(&Value) -> Value) -> Outcome {
    let filter = filter(call)?;
    let hits = items.iter().filter(|one| fits(filter.as_ref(), one));
    page(call, (1..).zip(hits), show)
}

fn list(call: &mut Call<'_>) -> Outcome {
    catch_up(call);
    let all = call.org.shelves[SHELF].values();
    let all: Vec<Value> = all.filter(|one| is_for(call, one)).cloned().collect();
    listed(call, &all, |one| view(call, one))
}

fn stats(call: &mut Call<'_>) -> Outcome {
    catch_up(call);
    let all = call.org.shelves[SHELF].values();
    let all: Vec<&Value> = all.filter(|one| is_for(call, one)).collect();
    let count = |status: &str| all.iter().filter(|one| one["status"] == status).count();
    Ok(Answer::ok(&json!({
        "activeCount": count("ACTIVE"), "pendingCount": count("PENDING"),
        "errorCount": count("ERROR"), "closedCount": count("CLOSED"),
    })))
}

/// Takes over reviewers and end, if they can be.
fn take(org: &Org, review: &mut Value, body: &Value) -> Result<(), Fault> {
    if let Some(settings) = body.get("reviewerSettings") {
        let ids = settings.pointer("/userSettings/includedUserIds");
        let ids = ids.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if settings["type"] != "USER" || !(1..=MOST_REVIEWERS).contains(&ids.len()) {
            return Err(refused(
                "reviewerSettings: must name between 1 and 10 users",
            ));
        }
        let user = |id: &Value| org.users.get(id.as_str().unwrap_or_default());
        if let Some(bad) = ids
            .iter()
            .find(|id| user(id).is_none_or(|user| user["status"] != "ACTIVE"))
        {
            return Err(refused(&format!(
                "reviewerSettings: {bad} is no active user"
            )));
        }
        review["reviewerSettings"] =
            json!({ "type": "USER", "userSettings": { "includedUserIds": ids } });
    }
    if let Some(end) = body.get("endTime") {
        let time = end.as_str().and_then(clock::parse);
        if time.is_none_or(|time| time <= org.clock.now()) {
            return Err(refused("endTime: must be a date-time in the future"));
        }
        review["endTime"] = end.clone();
    }
    Ok(())
}

/// Writes a line of the history.
fn note(call: &mut Call<'_>, review: &mut Value, message: &str, by_okta: bool) {
    let at = clock::seconds(call.org.clock.now());
    let mut line = json!({
        "id": call.org.dice.id("srh"), "systemGenerated": by_okta, "timestamp": at,
        "message": message,
    });
    if !by_okta {
        line["principalProfile"] = profile(call.org, &caller(call));
        review["lastUpdatedBy"] = json!(caller(call));
    }
    review["lastUpdated"] = json!(at);
    if let Some(lines) = review[HISTORY].as_array_mut() {
        lines.push(line);
    }
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = call.request.object()?;
    let person = text(&body, "/principalId");
    if !call.org.users.contains(person) {
        return Err(not_found());
    }
    if text(&body, "/name").is_empty() || !body["reviewerSettings"].is_object() {
        return Err(refused(
            "name, reviewerSettings: The field cannot be left blank",
        ));
    }
    let id = call.org.dice.id("sar");
    let mut review = stamped(call, &id);
    review["name"] = body["name"].clone();
    review["status"] = json!("PENDING");
    let now = call.org.clock.now();
    let end = now.checked_add(SignedDuration::from_hours(24 * DAYS));
    review["endTime"] = json!(clock::seconds(end.unwrap_or(now)));
    take(call.org, &mut review, &body)?;
    review[PRINCIPAL] = json!(person);
    review[HISTORY] = json!([]);
    review[ACCESSES] = accesses::found(call.org, person, call.base());
    let message = format!("created {}", text(&review, "/name"));
    note(call, &mut review, &message, false);
    let answer = Answer::json(202, &view(call, &review));
    background::plan(&mut review, now, &[json!({ "status": "ACTIVE" })]);
    put(call, &review);
    let person = call.org.users.get(person).map(user_target);
    let targets = [Some(target(&review)), person];
    call.log(
        "access.review.create",
        targets.into_iter().flatten().collect(),
    );
    Ok(answer)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let mut review = addressed(call)?;
    let answer = Answer::ok(&view(call, &review));
    if background::waits(&review) {
        background::advance(&mut review, call.org.clock.now());
        put(call, &review);
    }
    Ok(answer)
}

fn update(call: &mut Call<'_>) -> Outcome {
    let mut review = active(call)?;
    let body = call.request.object()?;
    take(call.org, &mut review, &body)?;
    note(call, &mut review, "changed the review", false);
    put(call, &review);
    call.log("access.review.update", vec![target(&review)]);
    Ok(Answer::ok(&view(call, &review)))
}

fn comment(call: &mut Call<'_>) -> Outcome {
    let mut review = active(call)?;
    let body = call.request.object()?;
    let comment = text(&body, "/comment");
    if !(1..=1000).contains(&comment.chars().count()) {
        return Err(refused(
            "comment: must be between 1 and 1000 characters long",
        ));
    }
    note(call, &mut review, comment, false);
    put(call, &review);
    Ok(Answer::no_content())
}

fn history(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    let lines = review[HISTORY].as_array().cloned().unwrap_or_default();
    listed(call, &lines, Value::clone)
}

fn principal(call: &mut Call<'_>) -> Outcome {
    let review = addressed(call)?;
    let id = text(&review, "/~principal");
    let mut shown = profile(call.org, id);
    let user = call.org.users.get(id);
    for (name, from) in [
        ("department", "department"),
        ("manager", "manager"),
        ("role", "title"),
    ] {
        if let Some(value) = user.and_then(|user| user["profile"][from].as_str()) {
            shown[name] = json!(value);
        }
    }
    if let Some(date) = user.and_then(|user| user["lastLogin"].as_str()) {
        shown["lastLoginInfo"] = json!({ "date": date });
    }
    let roles = call.org.shelves.get(&format!("/api/v1/users/{id}/roles"));
    let roles = roles.into_iter().flat_map(|shelf| shelf.values());
    let roles = roles.map(|role| json!({ "roleId": role["id"], "roleName": role["label"] }));
    let roles: Vec<Value> = roles.collect();
    shown["oktaAdminRoles"] = json!(roles);
    for name in ["created", "createdBy", "lastUpdated", "lastUpdatedBy"] {
        shown[name] = review[name].clone();
    }
    shown["_links"] = links(call, &review);
    Ok(Answer::ok(&shown))
}
