//! Decisions: those that people make outside of the API, in the Access Requests app and on review
//! pages, and those of many reviews at once.

use serde_json::{Value, json};

use super::{background, caller, link, not_found, read, requests, requests_v1, reviews, tasks};
use crate::access_requests::{self, steps};
use crate::call::{Call, Handler, Outcome};
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::{remove, text};
use crate::log::{Actor, named, user_target};
use crate::org::Org;

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "submitCampaignBulkDecisions" => bulk,
        "getCampaignBulkDecisionsJobStatus" => job,
        _ => return None,
    })
}

/// What the log calls a decided review.
const DECIDED: &str = "certification.campaign.item.decide";
const REMEDIATED: &str = "certification.campaign.item.remediate";

/// What the log calls a decided request.
pub(super) const RESOLVED: &str = "access.request.resolve";

/// Members of a job that no answer shows.
const CAMPAIGN: &str = "~campaign";
const BY: &str = "~by";

const JOBS: &str = "/governance/api/v1/my/campaigns/bulk-decisions/jobs";

fn job_link(call: &Call<'_>, id: &str) -> Value {
    let campaign = call.parameter(0);
    let jobs = format!("/governance/api/v1/my/campaigns/{campaign}/reviews/bulk-decisions/jobs");
    link(call, &format!("{jobs}/{id}"))
}

/// Decides all reviews of a campaign that wait for the caller.
fn bulk(call: &mut Call<'_>) -> Outcome {
    let campaign = super::campaigns::named_campaign(call)?;
    let refused = match campaign["reviewerSettings"]["bulkDecisionDisabled"] == true {
        true => Some("The campaign does not allow decisions in bulk."),
        false => (campaign["status"] != "ACTIVE").then_some("The campaign is not active."),
    };
    if let Some(cause) = refused {
        let summary = "Api validation failed due to conflict: Campaign";
        return Err(Fault::api(409, "E0000195", summary, &[cause]));
    }
    let body = call.request.object()?;
    if body["reviewDecision"] != "APPROVE" {
        return Err(Fault::validation(
            "reviewDecision",
            &["reviewDecision: The value must be APPROVE."],
        ));
    }
    let me = caller(call);
    let reviews = reviews::undecided(call.org, call.parameter(0), &me);
    for id in &reviews {
        let review = reviews::decide(call.org, id, "APPROVE", body["notes"].as_str())?;
        call.log(DECIDED, vec![reviews::target(&review)]);
    }
    let id = call.org.dice.id("brj");
    let now = call.org.clock.now();
    let count = reviews.len();
    let mut job = json!({
        "id": id, "status": "ACCEPTED", "eligibleReviewRecordCount": count, "errors": [],
        CAMPAIGN: call.parameter(0), BY: me,
    });
    let states = ["IN_PROGRESS", "COMPLETED"].map(|status| json!({ "status": status }));
    background::plan(&mut job, now, &states);
    call.org.shelf(JOBS).put(&id, job);
    Ok(Answer::json(
        202,
        &json!({
            "jobId": id, "status": "ACCEPTED", "eligibleReviewRecordCount": count,
            "_links": { "self": job_link(call, &id), "bulkReviewDecisionStatus": job_link(call, &id) },
        }),
    ))
}

fn job(call: &mut Call<'_>) -> Outcome {
    let id = call.parameter(1);
    let me = caller(call);
    let campaign = call.parameter(0);
    let known = call.org.shelf(JOBS).get(id);
    let own = |job: &&Value| job[CAMPAIGN] == campaign && job[BY] == me.as_str();
    known.filter(own).ok_or_else(not_found)?;
    let mut job = read(call, JOBS, id)?;
    for member in [CAMPAIGN, BY] {
        remove(&mut job, member);
    }
    job["_links"] = json!({ "self": job_link(call, id) });
    Ok(Answer::ok(&job))
}

/// Decides the request (of either version) or the review with an id, as `by` or the first admin.
pub(crate) fn decide(org: &mut Org, body: &Value) -> Result<Value, Fault> {
    let (id, decision) = (text(body, "/id"), text(body, "/decision"));
    let task = steps::open(org, id).and_then(|task| tasks::named(org, &task));
    if let Some(task) = task.or_else(|| tasks::named(org, id).filter(|_| steps::has_task(org, id)))
    {
        let by = access_requests::decider(org, &task, text(body, "/by"));
        return tasks::finish(org, task, decision, &by);
    }
    let by = match text(body, "/by") {
        "" => org.admin.clone(),
        by => by.to_owned(),
    };
    if reviews::exists(org, id) {
        let decision = match decision {
            "APPROVE" | "APPROVED" => "APPROVE",
            "REVOKE" | "REVOKED" => "REVOKE",
            _ => return Err(choose("APPROVE, REVOKE")),
        };
        let review = reviews::decide(org, id, decision, body["note"].as_str())?;
        log(org, &by, DECIDED, reviews::target(&review));
        if text(&review, "/remediationStatus") == "OPEN" {
            log(org, &by, REMEDIATED, reviews::target(&review));
        }
        return Ok(review);
    }
    if !matches!(decision, "APPROVED" | "DENIED") {
        return Err(choose("APPROVED, DENIED"));
    }
    if org.shelf(requests::SHELF).contains(id) {
        let request = requests::decide(org, id, decision, &by)?;
        tasks::completed(org, id, decision, &by);
        if request["status"] != "PENDING" {
            log(org, &by, RESOLVED, requests::target(&request));
        }
        return Ok(request);
    }
    if org.shelf(requests_v1::SHELF).contains(id) {
        let request = requests_v1::decide(org, id, decision, &by)?;
        if request["requestStatus"] == "RESOLVED" {
            log(org, &by, RESOLVED, requests::target(&request));
        }
        return Ok(request);
    }
    Err(not_found())
}

/// Writes what somebody decided in the product itself.
fn log(org: &mut Org, by: &str, event: &str, target: Value) {
    let person = org.users.get(by).map(user_target);
    let person = person.unwrap_or_else(|| named("User", by, by, by));
    let actor = Actor::person(person);
    org.log.write_by(&org.clock, &actor, event, vec![target]);
}

fn choose(from: &str) -> Fault {
    let cause = format!("decision: The value must be one of {from}.");
    Fault::validation("decision", &[&cause])
}
