//! Reviews that go on from the reviewers of a first level to those of a second.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{campaigns, reviewers, reviews};
use crate::clock;
use crate::json::{remove, text};
use crate::org::Org;

/// The second level of a campaign, if it has one.
fn second(campaign: &Value) -> Option<&Value> {
    let settings = &campaign["reviewerSettings"];
    let level = &settings["reviewerLevels"][1];
    (settings["type"] == "MULTI_LEVEL" && level.is_object()).then_some(level)
}

/// Whether what the first level decided is not the last word.
pub(super) fn goes_on(campaign: &Value, review: &Value) -> bool {
    let Some(second) = second(campaign).filter(|_| review["currentReviewerLevel"] == "FIRST")
    else {
        return false;
    };
    match text(second, "/startReview/when") {
        "LOWER_LEVEL_APPROVES_OR_REJECTS" => review["decision"] != "UNREVIEWED",
        _ => review["decision"] == "APPROVE",
    }
}

/// Hands a review on if it goes on and the day of the second level has come.
pub(super) fn hand_on(org: &Org, campaign: &Value, review: &mut Value) {
    let Some(level) = second(campaign).filter(|_| goes_on(campaign, review)) else {
        return;
    };
    let days = level["startReview"]["onDay"].as_i64().unwrap_or(0);
    let wait = SignedDuration::from_hours(days.clamp(0, 1000) * 24);
    let now = org.clock.now();
    let begins = clock::parse(text(review, "/created")).and_then(|at| at.checked_add(wait).ok());
    if begins.is_none_or(|begins| begins > now) {
        return;
    }
    let mut decided = json!({ "reviewerLevel": "FIRST" });
    for member in [
        "id",
        "createdBy",
        "created",
        "lastUpdated",
        "lastUpdatedBy",
        "decision",
    ] {
        decided[member] = review[member].clone();
    }
    for member in ["reviewerProfile", "reviewerGroupProfile", "reviewerType"] {
        if let Some(value) = remove(review, member) {
            decided[member] = value;
        }
    }
    review["allReviewerLevels"] = json!([decided]);
    review["decision"] = json!("UNREVIEWED");
    review["decided"] = Value::Null;
    review["currentReviewerLevel"] = json!("SECOND");
    review["lastUpdated"] = json!(clock::seconds(now));
    reviewers::put(org, campaign, review);
}

/// Hands on the reviews of campaigns whose second level begins by now.
pub(super) fn keep_time(org: &mut Org) {
    let all = org.shelves.get(campaigns::SHELF).into_iter();
    let running = all.flat_map(|shelf| shelf.values()).filter(|one| {
        second(one).is_some() && matches!(text(one, "/status"), "LAUNCHING" | "ACTIVE")
    });
    let running: Vec<Value> = running.cloned().collect();
    for campaign in running {
        for mut review in reviews::of_campaign(org, text(&campaign, "/id")) {
            if goes_on(&campaign, &review) {
                hand_on(org, &campaign, &mut review);
                let id = text(&review, "/id").to_owned();
                org.shelf(reviews::SHELF).put(&id, review);
            }
        }
    }
}
