//! Access certification campaigns and their lifecycle.
//!
//! A launched campaign shows LAUNCHING for one read or two seconds, then ACTIVE.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    background, caller, catch_up, filter, fits, link, page, read, reviewers, reviews, settled,
    written,
};
use crate::call::{Call, Handler, Outcome, by_itself};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{fill, remove, text};
use crate::log::named;
use crate::org::Org;
use crate::paging::admin_base;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "listCampaigns" => list,
        "createCampaign" => create,
        "getCampaign" => get,
        "deleteCampaign" => delete,
        "launchCampaign" => launch,
        "endCampaign" => end,
        _ => return None,
    })
}

/// Where campaigns stand in the org.
pub(super) const SHELF: &str = "/governance/api/v1/campaigns";

fn target(campaign: &Value) -> Value {
    named(
        "CertificationCampaign",
        text(campaign, "/id"),
        "unknown",
        text(campaign, "/name"),
    )
}

pub(super) fn named_campaign(call: &mut Call<'_>) -> Result<Value, Fault> {
    settled(call.org, SHELF, call.parameter(0))
}

fn links(call: &Call<'_>, id: &str) -> Value {
    let own = format!("{SHELF}/{id}");
    json!({
        "launchCampaign": link(call, &format!("{own}/launch")),
        "endCampaign": link(call, &format!("{own}/end")),
        "reviews": link(call, &reviews::campaign_reviews(id)),
        "self": link(call, &own),
    })
}

fn view(call: &Call<'_>, campaign: &Value) -> Value {
    let mut shown = campaign.clone();
    shown["_links"] = links(call, text(campaign, "/id"));
    shown
}

/// The short form that lists show.
fn summary(campaign: &Value) -> Value {
    let mut short = json!({
        "scheduleType": campaign["scheduleSettings"]["type"],
        "startDate": campaign["scheduleSettings"]["startDate"],
        "endDate": campaign["scheduleSettings"]["endDate"],
        "reviewerType": campaign["reviewerSettings"]["type"],
    });
    for member in [
        "id",
        "createdBy",
        "created",
        "lastUpdated",
        "lastUpdatedBy",
        "status",
        "name",
        "description",
        "recurringCampaignId",
    ] {
        if let Some(value) = campaign.get(member) {
            short[member] = value.clone();
        }
    }
    short
}

fn list(call: &mut Call<'_>) -> Outcome {
    let filter = filter(call)?;
    catch_up(call.org, SHELF);
    let all = call.org.shelf(SHELF).placed();
    let all = all.map(|(place, one)| (place, summary(one)));
    let all: Vec<(u64, Value)> = { all }
        .filter(|(_, one)| fits(filter.as_ref(), one))
        .collect();
    let placed = all.iter().map(|(place, one)| (*place, one));
    page(call, placed, |one| {
        let mut shown = one.clone();
        shown["_links"] = links(call, text(one, "/id"));
        shown
    })
}

fn get(call: &mut Call<'_>) -> Outcome {
    let campaign = read(call, SHELF, call.parameter(0))?;
    Ok(Answer::ok(&view(call, &campaign)))
}

/// A date with the offset of a time zone; `Z` where the zone is unknown.
fn zoned(at: Timestamp, zone: &str) -> String {
    let zoned = TimeZone::get(zone).map(|zone| at.to_zoned_datetime(zone));
    match zoned {
        Ok(zoned) if !zoned.offset().is_zero() => {
            zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }
        _ => clock::seconds(at),
    }
}

fn schedule(given: &Value) -> Result<Value, Fault> {
    let invalid = |field: &str| {
        let cause = format!("{field}: The field is missing or invalid.");
        Fault::validation(field, &[&cause])
    };
    let mut schedule = given.clone();
    let kind = text(given, "/type");
    if !matches!(kind, "ONE_OFF" | "RECURRING") {
        return Err(invalid("scheduleSettings.type"));
    }
    let start = clock::parse(text(given, "/startDate")).ok_or_else(|| invalid("startDate"))?;
    let days = given["durationInDays"]
        .as_i64()
        .filter(|d| (1..=3650).contains(d))
        .ok_or_else(|| invalid("durationInDays"))?;
    let zone = match text(given, "/timeZone") {
        "" => "UTC",
        zone => zone,
    };
    let finish = start.checked_add(SignedDuration::from_hours(24 * days));
    let finish = finish.map_err(|_| invalid("startDate"))?;
    schedule["startDate"] = json!(zoned(start, zone));
    schedule["endDate"] = json!(zoned(finish, zone));
    schedule["timeZone"] = json!(zone);
    if kind == "ONE_OFF" {
        remove(&mut schedule, "recurrence");
    }
    Ok(schedule)
}

fn resources(given: &Value) -> Value {
    let mut settings = given.clone();
    let mut types: Vec<Value> = Vec::new();
    if let Some(targets) = settings
        .get_mut("targetResources")
        .and_then(Value::as_array_mut)
    {
        for target in targets {
            if !types.contains(&target["resourceType"]) {
                types.push(target["resourceType"].clone());
            }
            if target["resourceType"] == "APPLICATION" {
                fill(
                    target,
                    &json!({
                        "includeAllEntitlementsAndBundles": false,
                        "includeBundlesHavingSameEntitlementValues": false, "includeAllAppServiceAccounts": false,
                    }),
                );
            }
        }
    }
    if types.is_empty() && settings.get("type").is_some() {
        types.push(settings["type"].clone());
    }
    fill(
        &mut settings,
        &json!({
            "targetTypes": types, "targetResources": [], "excludedResources": [],
            "individuallyAssignedAppsOnly": false, "individuallyAssignedGroupsOnly": false,
            "includeEntitlements": false, "onlyIncludeOutOfPolicyEntitlements": false,
            "includeAdminRoles": false, "includeAllOktaServiceAccounts": false,
        }),
    );
    settings
}

fn create(call: &mut Call<'_>) -> Outcome {
    let body = written(call)?;
    if text(&body, "/name").is_empty() {
        return Err(Fault::api(
            400,
            "E0000001",
            "Campaign Name is required",
            &[],
        ));
    }
    for section in [
        "scheduleSettings",
        "resourceSettings",
        "reviewerSettings",
        "remediationSettings",
    ] {
        if !body[section].is_object() {
            let cause = format!("{section}: The field cannot be left blank");
            return Err(Fault::validation(section, &[&cause]));
        }
    }
    reviewers::check(&body["reviewerSettings"])?;
    let now = clock::seconds(call.org.clock.now());
    let by = caller(call);
    let id = call.org.dice.id("ici");
    let mut campaign = body.clone();
    campaign["scheduleSettings"] = schedule(&body["scheduleSettings"])?;
    campaign["resourceSettings"] = resources(&body["resourceSettings"]);
    for (member, value) in [
        ("id", json!(id)),
        ("createdBy", json!(by)),
        ("created", json!(now)),
        ("lastUpdated", json!(now)),
        ("lastUpdatedBy", json!(by)),
        ("status", json!("SCHEDULED")),
    ] {
        campaign[member] = value;
    }
    fill(
        &mut campaign,
        &json!({
            "campaignType": "RESOURCE",
            "principalScopeSettings": {
                "type": "USERS", "excludedUserIds": [], "userIds": [], "groupIds": [],
                "includeOnlyActiveUsers": false, "onlyIncludeUsersWithSODConflicts": false,
            },
            "reviewerSettings": {
                "selfReviewDisabled": false, "justificationRequired": true, "bulkDecisionDisabled": false,
                "reassignmentDisabled": false,
            },
            "notificationSettings": {
                "notifyReviewerWhenReviewAssigned": false, "notifyReviewerAtCampaignEnd": false,
                "notifyReviewerWhenOverdue": false, "notifyReviewerDuringMidpointOfReview": false,
                "notifyReviewPeriodEnd": false,
            },
        }),
    );
    call.org.shelf(SHELF).put(&id, campaign.clone());
    call.log("certification.campaign.create", vec![target(&campaign)]);
    let location = format!("{}{SHELF}/{id}", admin_base(call.base()));
    Ok(Answer::json(201, &view(call, &campaign)).with("location", location))
}

fn conflict(cause: &str) -> Fault {
    Fault::api(
        409,
        "E0000195",
        "Api validation failed due to conflict: Campaign",
        &[cause],
    )
}

fn delete(call: &mut Call<'_>) -> Outcome {
    let campaign = named_campaign(call)?;
    if !matches!(text(&campaign, "/status"), "SCHEDULED" | "ERROR") {
        return Err(conflict(
            "Campaign must be scheduled before it can be deleted",
        ));
    }
    call.org.shelf(SHELF).remove(text(&campaign, "/id"));
    call.log("certification.campaign.delete", vec![target(&campaign)]);
    Ok(Answer::no_content())
}

fn accepted(call: &Call<'_>, id: &str) -> Answer {
    Answer::empty(202).with(
        "location",
        format!("{}{SHELF}/{id}", admin_base(call.base())),
    )
}

fn launch(call: &mut Call<'_>) -> Outcome {
    let mut campaign = named_campaign(call)?;
    if campaign["status"] != "SCHEDULED" {
        return Err(conflict(
            "Campaign must be scheduled before it can be started",
        ));
    }
    if campaign["scheduleSettings"]["type"] == "RECURRING" {
        // The definition stays scheduled; each launch makes a campaign of its own.
        let id = call.org.dice.id("ici");
        campaign["recurringCampaignId"] = campaign["id"].clone();
        campaign["id"] = json!(id);
        campaign["created"] = json!(clock::seconds(call.org.clock.now()));
    }
    let id = text(&campaign, "/id").to_owned();
    begin(call, campaign);
    Ok(accepted(call, &id))
}

/// Opens the reviews of a campaign. One whose time was over has all of it still.
fn begin(call: &mut Call<'_>, mut campaign: Value) {
    let now = call.org.clock.now();
    if ends(&campaign).is_some_and(|end| end <= now) {
        let schedule = &mut campaign["scheduleSettings"];
        let days = schedule["durationInDays"].as_i64().unwrap_or(1);
        let end = now.checked_add(SignedDuration::from_hours(24 * days));
        let zone = text(schedule, "/timeZone").to_owned();
        schedule["endDate"] = json!(zoned(end.unwrap_or(Timestamp::MAX), &zone));
    }
    campaign["status"] = json!("LAUNCHING");
    campaign["lastUpdated"] = json!(clock::seconds(now));
    background::plan(&mut campaign, now, &[json!({ "status": "ACTIVE" })]);
    call.org
        .shelf(SHELF)
        .put(text(&campaign, "/id"), campaign.clone());
    reviews::open(call, &campaign);
    call.log("certification.campaign.launch", vec![target(&campaign)]);
}

fn ends(campaign: &Value) -> Option<Timestamp> {
    clock::parse(text(campaign, "/scheduleSettings/endDate"))
}

/// Closes the reviews of a campaign, which may take away what nobody decided on.
fn finish(call: &mut Call<'_>, mut campaign: Value, remediates: bool) {
    if remediates {
        reviews::close(call, &campaign);
    }
    campaign["status"] = json!("COMPLETED");
    campaign["lastUpdated"] = json!(clock::seconds(call.org.clock.now()));
    call.org
        .shelf(SHELF)
        .put(text(&campaign, "/id"), campaign.clone());
    call.log("certification.campaign.close", vec![target(&campaign)]);
}

/// Launches and completes the campaigns whose time has come, unless somebody did before. A date
/// that was over when the campaign was made launches nothing.
pub(super) fn keep_time(org: &mut Org) {
    let now = org.clock.now();
    let begins = |one: &Value| {
        let made = clock::parse(text(one, "/created"));
        let start = clock::parse(text(one, "/scheduleSettings/startDate"));
        one["scheduleSettings"]["type"] == "ONE_OFF"
            && start.is_some_and(|start| start <= now && made.is_some_and(|made| made < start))
    };
    let is_over = |one: &Value| ends(one).is_some_and(|end| end <= now);
    let due = |one: &&Value| match text(one, "/status") {
        "SCHEDULED" => begins(one),
        "LAUNCHING" | "ACTIVE" => is_over(one),
        _ => false,
    };
    let all = org.shelves.get(SHELF).into_iter();
    let due = all.flat_map(|shelf| shelf.values()).filter(due);
    let due: Vec<Value> = due.cloned().collect();
    if due.is_empty() {
        return;
    }
    by_itself(org, |call| {
        for mut campaign in due {
            if campaign["status"] != "SCHEDULED" {
                background::settle(&mut campaign, now);
                finish(call, campaign, true);
                continue;
            }
            let over = is_over(&campaign);
            begin(call, campaign.clone());
            if over && let Ok(begun) = settled(call.org, SHELF, text(&campaign, "/id")) {
                finish(call, begun, true);
            }
        }
    });
}

fn end(call: &mut Call<'_>) -> Outcome {
    let campaign = named_campaign(call)?;
    if campaign["status"] != "ACTIVE" {
        return Err(Fault::api(
            409,
            "E0000170",
            "An inactive campaign may not be ended.",
            &[],
        ));
    }
    let body = call.request.object_or_empty()?;
    let id = text(&campaign, "/id").to_owned();
    finish(call, campaign, body["skipRemediation"] != true);
    Ok(accepted(call, &id))
}
