//! The reviews of a launched campaign.

use serde_json::{Value, json};

use super::{
    background, caller, levels, link, listed, not_found, page, principal_access, read,
    review_items, reviewers, settled,
};
use crate::behaviour::groups;
use crate::call::{Call, Handler, Outcome, by_itself};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, merge, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::schema::Fullness;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listReviews" => list,
        "getReview" => get,
        "reassignReviews" => reassign,
        "listMyResourceConnections" => connections,
        _ => return None,
    })
}

pub(super) const SHELF: &str = "/governance/api/v1/reviews";

/// A review as the target of an event.
pub(super) fn target(review: &Value) -> Value {
    let (id, whose) = (text(review, "/id"), &review["principalProfile"]);
    let name = format!("{} {}", text(whose, "/firstName"), text(whose, "/lastName"));
    named("CampaignItem", id, "unknown", name.trim())
}

pub(super) fn profile(org: &Org, id: &str) -> Value {
    let Some(user) = org.users.get(id) else {
        return json!({ "id": id, "status": "UNKNOWN", "type": "UNKNOWN" });
    };
    json!({
        "id": id, "email": user["profile"]["email"], "firstName": user["profile"]["firstName"],
        "lastName": user["profile"]["lastName"], "login": user["profile"]["login"],
        "status": user["status"], "type": "USER",
    })
}

/// Where the reviews of a campaign are listed.
pub(super) fn campaign_reviews(campaign: &str) -> String {
    format!("{SHELF}?filter=campaignId%20eq%20%22{campaign}%22")
}

/// Opens the reviews of a campaign.
pub(super) fn open(call: &mut Call<'_>, campaign: &Value) {
    let now = clock::seconds(call.org.clock.now());
    let by = caller(call);
    for item in review_items::of(call.org, campaign) {
        let (user, resource) = (&item.user, &item.resource);
        let id = call.org.dice.id("icr");
        let mut review = json!({
            "id": id, "createdBy": by, "created": now, "lastUpdated": now, "lastUpdatedBy": by,
            "campaignId": campaign["id"], "resourceId": resource, "decision": "UNREVIEWED",
            "decided": null, "remediationStatus": "NONE", "principalProfile": profile(call.org, user),
            "currentReviewerLevel": "FIRST", "riskRuleConflicts": [], "delegated": false,
        });
        reviewers::put(call.org, campaign, &mut review);
        merge(&mut review, &item.within);
        call.org.shelf(SHELF).put(&id, review);
    }
}

fn view(call: &Call<'_>, review: &Value) -> Value {
    let campaign = text(review, "/campaignId");
    let mut shown = review.clone();
    remove(&mut shown, reviewers::PEOPLE);
    shown["_links"] = json!({
        "self": link(call, &format!("{SHELF}/{}", text(review, "/id"))),
        "reassignReview": link(call, &format!("/governance/api/v1/campaigns/{campaign}/reviews/reassign")),
    });
    shown
}

/// List items leave notes out.
fn short(call: &Call<'_>, review: &Value) -> Value {
    let mut shown = view(call, review);
    for member in ["note", "allReviewerLevels"] {
        remove(&mut shown, member);
    }
    shown
}

/// What a filter may name.
fn filterable(review: &Value) -> Value {
    let mut seen = review.clone();
    seen["reviewerId"] = match &review[reviewers::PEOPLE] {
        Value::Null => review["reviewerProfile"]["id"].clone(),
        people => people.clone(),
    };
    seen["principalId"] = review["principalProfile"]["id"].clone();
    seen
}

fn list(call: &mut Call<'_>) -> Outcome {
    listed(call, SHELF, filterable, short)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let review = read(call, SHELF, call.parameter(0))?;
    Ok(Answer::ok(&view(call, &review)))
}

/// Decides a review. Revoked access goes away if the campaign says so.
pub(super) fn decide(
    org: &mut Org,
    id: &str,
    decision: &str,
    note: Option<&str>,
) -> Result<Value, Fault> {
    let mut review = settled(org, SHELF, id)?;
    let campaign = settled(org, super::campaigns::SHELF, text(&review, "/campaignId"))?;
    if campaign["status"] != "ACTIVE" || review["decision"] != "UNREVIEWED" {
        return Err(conflict());
    }
    let now = org.clock.now();
    review["decision"] = json!(decision);
    review["decided"] = json!(clock::seconds(now));
    review["lastUpdated"] = json!(clock::seconds(now));
    if let Some(note) = note {
        review["note"] = json!({ "note": note });
    }
    let revokes = campaign["remediationSettings"]["accessRevoked"] == "DENY";
    if decision == "REVOKE" && revokes && !levels::goes_on(&campaign, &review) {
        remediate(org, &mut review);
    }
    levels::hand_on(org, &campaign, &mut review);
    org.shelf(SHELF).put(id, review.clone());
    remove(&mut review, reviewers::PEOPLE);
    Ok(background::shown(&review))
}

/// Takes the access under review away: OPEN for a moment, then SUCCESS, or MANUAL where the
/// access comes from a group.
fn remediate(org: &mut Org, review: &mut Value) {
    let user = text(review, "/principalProfile/id").to_owned();
    let resource = text(review, "/resourceId").to_owned();
    let within = ["/entitlementBundle/id", "/entitlementValue/id"];
    let within = within.map(|member| text(review, member));
    let within = within
        .into_iter()
        .find(|id| !id.is_empty())
        .map(str::to_owned);
    let direct = within.is_some()
        || org
            .app_users
            .get(&resource, &user)
            .is_none_or(|assignment| assignment["scope"] != "GROUP");
    if direct {
        by_itself(org, |call| match call.org.groups.contains(&resource) {
            true => groups::remove_member(call, &resource, &user),
            false => {
                let gone = within.as_deref().unwrap_or(&resource);
                // What is no longer there is nobody's any more.
                let _ = principal_access::revoke_one(call, gone, &user);
            }
        });
    }
    let result = if direct { "SUCCESS" } else { "MANUAL" };
    review["remediationStatus"] = json!("OPEN");
    let now = org.clock.now();
    background::plan(review, now, &[json!({ "remediationStatus": result })]);
}

/// The reviews of a campaign.
pub(super) fn of_campaign(org: &Org, campaign: &str) -> Vec<Value> {
    let all = org.shelves.get(SHELF).into_iter();
    let all = all.flat_map(|shelf| shelf.values());
    all.filter(|one| one["campaignId"] == campaign)
        .cloned()
        .collect()
}

/// What becomes of the reviews that nobody decided when the campaign ends, or whose second level
/// never came.
pub(super) fn close(call: &mut Call<'_>, campaign: &Value) {
    let denies = |what: &str| campaign["remediationSettings"][what] == "DENY";
    for review in of_campaign(call.org, text(campaign, "/id")) {
        let open = match text(&review, "/decision") {
            "UNREVIEWED" => denies("noResponse"),
            "REVOKE" => denies("accessRevoked") && levels::goes_on(campaign, &review),
            _ => false,
        };
        let id = text(&review, "/id");
        if open && let Ok(mut review) = settled(call.org, SHELF, id) {
            remediate(call.org, &mut review);
            call.org.shelf(SHELF).put(id, review);
        }
    }
}

/// The reviews of a campaign that a reviewer has yet to decide.
pub(super) fn undecided(org: &mut Org, campaign: &str, reviewer: &str) -> Vec<String> {
    let mine = |r: &&Value| {
        r["campaignId"] == campaign
            && r["decision"] == "UNREVIEWED"
            && reviewers::is_for(r, reviewer)
    };
    let shelf = org.shelf(SHELF);
    let ids = shelf.values().filter(mine);
    ids.map(|r| text(r, "/id").to_owned()).collect()
}

/// How often the access of a person to a resource was approved and revoked.
pub(super) fn decisions(org: &Org, resource: &str, person: &str) -> (usize, usize) {
    let all = org.shelves.get(SHELF).into_iter();
    let of_it = all.flat_map(|shelf| shelf.values()).filter(|one| {
        text(one, "/resourceId") == resource && text(one, "/principalProfile/id") == person
    });
    let (mut approved, mut revoked) = (0, 0);
    for one in of_it {
        match text(one, "/decision") {
            "APPROVE" => approved += 1,
            "REVOKE" => revoked += 1,
            _ => {}
        }
    }
    (approved, revoked)
}

/// True if there is such a review.
pub(super) fn exists(org: &mut Org, id: &str) -> bool {
    org.shelf(SHELF).contains(id)
}

fn conflict() -> Fault {
    Fault::api(
        409,
        "E0000195",
        "Api validation failed due to conflict: Review",
        &[],
    )
}

fn reassign(call: &mut Call<'_>) -> Outcome {
    let campaign = super::campaigns::named_campaign(call)?;
    let body = call.given(Fullness::Whole)?;
    if campaign["status"] != "ACTIVE" {
        return Err(conflict());
    }
    let reviewer = text(&body, "/reviewerId");
    if !call.org.users.contains(reviewer) {
        return Err(Fault::validation(
            "reviewerId",
            &["reviewerId: The reviewer does not exist."],
        ));
    }
    let reviewer_profile = profile(call.org, reviewer);
    let now = clock::seconds(call.org.clock.now());
    let mut reviews = Vec::new();
    for id in body["reviewIds"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        let review = call.org.shelf(SHELF).get(id).cloned();
        let review = review
            .filter(|one| one["campaignId"] == campaign["id"])
            .ok_or_else(not_found)?;
        if review["decision"] != "UNREVIEWED" {
            return Err(conflict());
        }
        reviews.push(review);
    }
    // None changes unless all can.
    let by = caller(call);
    for review in &mut reviews {
        review["reviewerProfile"] = reviewer_profile.clone();
        review["reviewerType"] = json!("USER");
        review[reviewers::PEOPLE] = json!([reviewer]);
        remove(review, "reviewerGroupProfile");
        review["lastUpdated"] = json!(now);
        review["lastUpdatedBy"] = json!(by);
        let id = text(review, "/id");
        call.org.shelf(SHELF).put(id, review.clone());
    }
    let changed: Vec<Value> = reviews.iter().map(|review| short(call, review)).collect();
    let id = text(&campaign, "/id");
    let links = json!({
        "self": link(call, &format!("/governance/api/v1/campaigns/{id}/reviews/reassign")),
        "reviews": link(call, &campaign_reviews(id)),
    });
    Ok(Answer::ok(&json!({ "data": changed, "_links": links })))
}

/// What an AI agent may reach, for whoever has to review it. No published operation makes agents:
/// a seed's `collections` may hold the connections of some.
fn connections(call: &mut Call<'_>) -> Outcome {
    let [campaign, review, agent] = [0, 1, 2].map(|index| call.parameter(index));
    let me = caller(call);
    let review = call.org.shelf(SHELF).get(review);
    review
        .filter(|one| one["campaignId"] == campaign && reviewers::is_for(one, &me))
        .ok_or_else(not_found)?;
    let path = format!("/workload-principals/api/v1/ai-agents/{agent}/connections");
    let connections = call.org.shelves.get(&path).ok_or_else(not_found)?;
    page(call, connections.placed(), |one| {
        let mut shown = one.clone();
        let id = text(one, "/id");
        let orn = format!("orn:okta:idp:{}:connections:{id}", call.org.id);
        fill(&mut shown, &json!({ "orn": orn, "status": "ACTIVE" }));
        shown
    })
}
