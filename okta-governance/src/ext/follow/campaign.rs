//! Campaigns.

use okta_core::http::HeaderMap;
use okta_core::http::header::LOCATION;
use okta_core::{Client, Operation, Result};

use super::{BoxFuture, Follow, Pace, Watch};
use crate::campaigns::{Campaigns, Get};
use crate::models::{CampaignFull, CampaignStatus};

/// Follows a campaign.
#[derive(Clone, Debug)]
pub struct CampaignWatch {
    id: String,
    /// That it runs is enough.
    until_active: bool,
}

/// Where a campaign arrived.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignEnd {
    /// It runs: reviewers can decide.
    Active,
    /// It is over.
    Completed,
    /// The launch failed.
    Failed,
    /// It was deleted.
    Deleted,
}

impl Watch for CampaignWatch {
    type Value = CampaignFull;
    type State = CampaignStatus;
    type End = CampaignEnd;

    fn subject(&self) -> String {
        format!("campaign {}", self.id)
    }

    fn read(&self, client: &Client) -> BoxFuture<Result<CampaignFull>> {
        Box::pin(client.send(Get::new(&self.id)))
    }

    fn state(&self, campaign: &CampaignFull) -> CampaignStatus {
        campaign.status.clone().unwrap_or_else(|| "?".into())
    }

    fn end(&self, campaign: &CampaignFull, _: &[CampaignStatus]) -> Option<CampaignEnd> {
        match campaign.status.as_ref()? {
            CampaignStatus::Active if self.until_active => Some(CampaignEnd::Active),
            CampaignStatus::Completed => Some(CampaignEnd::Completed),
            CampaignStatus::Error => Some(CampaignEnd::Failed),
            CampaignStatus::Deleted => Some(CampaignEnd::Deleted),
            _ => None,
        }
    }

    /// A campaign that was over before anybody looked has been active.
    fn is_success(&self, end: &CampaignEnd) -> bool {
        matches!(end, CampaignEnd::Active | CampaignEnd::Completed)
    }
}

/// The campaign that an answer names. A recurring one stays as it is when it is launched; each
/// launch makes another campaign.
fn named(headers: &HeaderMap, id: String) -> String {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let path = location.map(|location| location.split(['?', '#']).next().unwrap_or_default());
    let last = path.and_then(|path| path.trim_end_matches('/').rsplit('/').next());
    match last {
        // A location in another form than the documented one is no reason to lose the campaign.
        Some(last) if last.starts_with("ici") => last.to_owned(),
        _ => id,
    }
}

impl Campaigns {
    /// Follows a campaign until it is over.
    pub fn follow(&self, campaign_id: impl Into<String>) -> Follow<CampaignWatch> {
        let watch = CampaignWatch {
            id: campaign_id.into(),
            until_active: false,
        };
        Follow::new(self.client.clone(), watch)
    }

    /// Follows a campaign until it runs.
    pub fn follow_launch(&self, campaign_id: impl Into<String>) -> Follow<CampaignWatch> {
        let watch = CampaignWatch {
            id: campaign_id.into(),
            until_active: true,
        };
        Follow::new(self.client.clone(), watch)
    }

    /// Launches a campaign and follows it until it runs. Of a recurring one the new run is
    /// followed.
    pub fn launch_and_follow(&self, campaign_id: impl Into<String>) -> Follow<CampaignWatch> {
        let id = campaign_id.into();
        let launch = self.launch(id.clone()).send();
        let start = Box::pin(async move {
            let answer = launch.await?;
            Ok(CampaignWatch {
                id: named(&answer.headers, id),
                until_active: true,
            })
        });
        Follow::after(self.client.clone(), Pace::default(), start)
    }

    /// Ends a campaign and follows it until it is over.
    pub fn end_and_follow(&self, campaign_id: impl Into<String>) -> Follow<CampaignWatch> {
        let id = campaign_id.into();
        let end = self.end(id.clone()).send();
        let start = Box::pin(async move {
            let answer = end.await?;
            Ok(CampaignWatch {
                id: named(&answer.headers, id),
                until_active: false,
            })
        });
        Follow::after(self.client.clone(), Pace::default(), start)
    }
}
