//! Reviews of campaigns.

use okta_governance::Governance as _;
use serde_json::json;

use super::{Cx, NONE, shouted, worded};
use crate::card::types::{Object, Value};
use crate::generated::identity_governance::actions::*;
use crate::okta::run::Expression;
use crate::okta::run::{members, model, text};
use crate::run::{Outputs, Stream};

pub(crate) async fn search_reviews(cx: &Cx<'_>, card: SearchReviews) -> Outputs {
    let search = card.input.search;
    let filter = Expression::default()
        .and("campaignId", search.campaign_id.as_deref())
        .and("principalId", search.principal_id.as_deref())
        .and("reviewerId", search.reviewer_id.as_deref())
        .and("resourceId", search.resource_id.as_deref())
        .and(
            "decision",
            search
                .decision
                .map(|choice| shouted(choice.as_str()))
                .as_deref(),
        )
        .and(
            "reviewerType",
            search
                .reviewer_type
                .map(|choice| shouted(choice.as_str()))
                .as_deref(),
        )
        .and(
            "reviewerLevel",
            search
                .reviewer_level
                .map(|choice| shouted(choice.as_str()))
                .as_deref(),
        )
        .and("entitlementValueId", search.entitlement_value_id.as_deref())
        .and(
            "entitlementBundleId",
            search.entitlement_bundle_id.as_deref(),
        )
        .text();
    let mut operation = cx.service.governance().reviews().list();
    if let Some(filter) = filter {
        operation = operation.filter(filter);
    }
    let stream = Stream {
        flow: card.input.streaming.flow,
        record_limit: card.input.streaming.record_limit,
        limit_field: "streaming.record_limit",
        ..Default::default()
    };
    Ok(worded(cx.list(operation, stream, NONE).await?))
}

pub(crate) async fn retrieve_review(cx: &Cx<'_>, card: RetrieveReview) -> Outputs {
    let operation = cx.service.governance().reviews().get(card.input.review.id);
    Ok(worded(cx.answer(operation, NONE).await?))
}

pub(crate) async fn reassign_review(cx: &Cx<'_>, card: ReassignReview) -> Outputs {
    let reassign = card.input.reassign;
    if reassign.current_reviewers.is_empty() {
        return Err(cx.missing("reassign.current_reviewers"));
    }
    let body: Object = members([
        ("reviewIds", Some(json!(reassign.current_reviewers))),
        ("reviewerId", text(Some(reassign.new_reviewer))),
        ("note", text(Some(reassign.justification))),
        (
            "reviewerLevel",
            text(reassign.reviewer_level.map(|level| shouted(level.as_str()))),
        ),
    ]);
    let operation = cx
        .service
        .governance()
        .campaigns()
        .reviews(card.input.campaign.id)
        .reassign(&model(body)?);
    let body: Value = cx.body_of(operation).await?;
    // The list is the answer itself, or its member `data`.
    let list = if body.is_array() { "" } else { "/data" };
    Ok(worded(cx.project(&body, &[("reviews", list)])))
}
