//! Entitlement settings of a resource.

use okta_core::{Client, Operation, Result};

use super::{BoxFuture, Follow, Pace, Watch};
use crate::models::{
    EntitlementSettingsFull, EntitlementSettingsRequestStatus, EntitlementSettingsResponseStatus,
    EntitlementSettingsUpdatable,
};
use crate::resources::entitlement_settings::{EntitlementSettings, Get};

/// Follows the entitlement settings of a resource.
#[derive(Clone, Debug)]
pub struct EntitlementSettingsWatch {
    resource_orn: String,
    goal: Option<EntitlementSettingsEnd>,
}

/// Where the entitlement settings of a resource came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntitlementSettingsEnd {
    /// Entitlement management is on.
    OptedIn,
    /// Entitlement management is off.
    OptedOut,
}

impl Watch for EntitlementSettingsWatch {
    type Value = EntitlementSettingsFull;
    type State = EntitlementSettingsResponseStatus;
    type End = EntitlementSettingsEnd;

    fn subject(&self) -> String {
        format!("entitlement settings of {}", self.resource_orn)
    }

    fn read(&self, client: &Client) -> BoxFuture<Result<EntitlementSettingsFull>> {
        Box::pin(client.send(Get::new(&self.resource_orn)))
    }

    fn state(&self, settings: &EntitlementSettingsFull) -> EntitlementSettingsResponseStatus {
        settings.status.clone().unwrap_or_else(|| "?".into())
    }

    fn end(
        &self,
        settings: &EntitlementSettingsFull,
        history: &[EntitlementSettingsResponseStatus],
    ) -> Option<EntitlementSettingsEnd> {
        let rest = match settings.status.as_ref()? {
            EntitlementSettingsResponseStatus::OptedIn => EntitlementSettingsEnd::OptedIn,
            EntitlementSettingsResponseStatus::OptedOut => EntitlementSettingsEnd::OptedOut,
            _ => return None,
        };
        // Right after the change was asked for, the state before it may still show. Once
        // something happened, being back there means that it failed.
        let reached = self.goal.is_none_or(|goal| goal == rest) || history.len() > 1;
        reached.then_some(rest)
    }

    fn is_success(&self, end: &EntitlementSettingsEnd) -> bool {
        self.goal.is_none_or(|goal| goal == *end)
    }
}

impl EntitlementSettings {
    /// Follows the settings until they are at rest, on or off.
    pub fn follow(&self) -> Follow<EntitlementSettingsWatch> {
        let watch = EntitlementSettingsWatch {
            resource_orn: self.resource_orn.clone(),
            goal: None,
        };
        Follow::new(self.client.clone(), watch)
    }

    /// Turns entitlement management on and follows the settings until it is.
    pub fn opt_in_and_follow(&self) -> Follow<EntitlementSettingsWatch> {
        self.change(
            EntitlementSettingsRequestStatus::OptedIn,
            EntitlementSettingsEnd::OptedIn,
        )
    }

    /// Turns entitlement management off and follows the settings until it is.
    pub fn opt_out_and_follow(&self) -> Follow<EntitlementSettingsWatch> {
        self.change(
            EntitlementSettingsRequestStatus::OptedOut,
            EntitlementSettingsEnd::OptedOut,
        )
    }

    fn change(
        &self,
        status: EntitlementSettingsRequestStatus,
        goal: EntitlementSettingsEnd,
    ) -> Follow<EntitlementSettingsWatch> {
        let body = EntitlementSettingsUpdatable {
            status: Some(status),
            ..Default::default()
        };
        let update = self.update(&body).send();
        let resource_orn = self.resource_orn.clone();
        let start = Box::pin(async move {
            update.await?;
            Ok(EntitlementSettingsWatch {
                resource_orn,
                goal: Some(goal),
            })
        });
        Follow::after(self.client.clone(), Pace::default(), start)
    }
}
