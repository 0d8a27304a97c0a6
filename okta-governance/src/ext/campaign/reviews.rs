//! Reviews of a campaign: in batches to another reviewer, and as rows for a file.

use std::fmt;

use okta_core::{Error, Operation as _};
use serde::Serialize;

use crate::campaigns::Campaigns;
use crate::campaigns::reviews::Reviews;
use crate::models::{PrincipalProfileEnriched, ReviewSparse, ReviewsReassign};
use crate::reviews::List;

/// How many reviews one call reassigns.
const BATCH: usize = 50;

/// A batch could not be reassigned; the ones before it were.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReassignStopped {
    /// Ids that have the new reviewer, in order.
    pub done: Vec<String>,
    /// Ids that do not, or of which it is not known; from here on to go on.
    pub left: Vec<String>,
    /// Why.
    pub error: Error,
}

impl fmt::Display for ReassignStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} reviews are reassigned, {} are left",
            self.done.len(),
            self.left.len()
        )
    }
}

impl std::error::Error for ReassignStopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl Reviews {
    /// Gives reviews to another reviewer, 50 a call, one call after the other; `note` tells why, in
    /// 1 to 300 characters. Returns the ids, in order.
    ///
    /// # Errors
    /// [`ReassignStopped`] at the first batch that fails, with what was done and what is left:
    /// reviews that are decided cannot be reassigned.
    pub async fn reassign_all(
        &self,
        reviewer_id: impl Into<String>,
        note: impl Into<String>,
        review_ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Vec<String>, Box<ReassignStopped>> {
        let (reviewer, note) = (reviewer_id.into(), note.into());
        let mut left: Vec<String> = review_ids.into_iter().map(Into::into).collect();
        let mut done = Vec::new();
        while !left.is_empty() {
            let batch: Vec<String> = left.iter().take(BATCH).cloned().collect();
            let body = ReviewsReassign {
                note: Some(note.clone()),
                review_ids: Some(batch.clone()),
                reviewer_id: Some(reviewer.clone()),
                ..Default::default()
            };
            if let Err(error) = self.reassign(&body).await {
                return Err(Box::new(ReassignStopped { done, left, error }));
            }
            left.drain(..batch.len());
            done.extend(batch);
        }
        Ok(done)
    }
}

impl Campaigns {
    /// The reviews of a campaign, to be streamed: `.items()` takes page after page.
    pub fn reviews_of(&self, campaign_id: &str) -> List {
        let escaped = campaign_id.replace('\\', "\\\\").replace('"', "\\\"");
        let list = List::new().filter(format!("campaignId eq \"{escaped}\""));
        list.attach(&self.client)
    }
}

/// A review as a row of a file: with `serde`, so that CSV and JSON writers take it.
///
/// ```no_run
/// # async fn f(client: okta_core::Client) -> okta_core::Result<()> {
/// use okta_governance::campaign::DecisionRow;
/// use okta_governance::prelude::*;
///
/// let mut reviews = client.governance().campaigns().reviews_of("icitsa2yjcjGSVYjF0g4").items();
/// while let Some(review) = reviews.try_next().await? {
///     let row = DecisionRow::from(&review);
///     println!("{}", serde_json::to_string(&row).unwrap_or_default());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DecisionRow {
    /// Id of the review.
    pub review: String,
    /// Id of the campaign.
    pub campaign: String,
    /// Whose access: id.
    pub principal: String,
    /// Whose access: login, else email.
    pub principal_login: String,
    /// To what: id.
    pub resource: String,
    /// Who decides: id.
    pub reviewer: String,
    /// Who decides: login, else email.
    pub reviewer_login: String,
    /// `APPROVE`, `REVOKE` or `UNREVIEWED`.
    pub decision: String,
    /// When, in ISO 8601; blank before.
    pub decided: String,
    /// `NONE`, `OPEN`, `SUCCESS`, `ERROR` or `MANUAL`.
    pub remediation: String,
}

impl From<&ReviewSparse> for DecisionRow {
    fn from(review: &ReviewSparse) -> Self {
        let who = |profile: &Option<PrincipalProfileEnriched>| {
            let profile = profile.as_ref();
            let name = profile.and_then(|one| one.login.clone().or_else(|| one.email.clone()));
            (
                profile.and_then(|one| one.id.clone()).unwrap_or_default(),
                name.unwrap_or_default(),
            )
        };
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (principal, principal_login) = who(&review.principal_profile);
        let (reviewer, reviewer_login) = who(&review.reviewer_profile);
        let decision = review.decision.as_ref();
        let remediation = review.remediation_status.as_ref();
        let decided = review.decided.as_ref();
        Self {
            review: text(&review.id),
            campaign: text(&review.campaign_id),
            principal,
            principal_login,
            resource: text(&review.resource_id),
            reviewer,
            reviewer_login,
            decision: decision.map_or("UNREVIEWED", |one| one.as_str()).to_owned(),
            decided: decided.map_or("", |at| at.as_str()).to_owned(),
            remediation: remediation.map_or("", |one| one.as_str()).to_owned(),
        }
    }
}
