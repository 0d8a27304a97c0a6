//! What kind of org the sandbox is: its engine, and features that not every org has.

use serde::{Deserialize, Serialize};

/// The engine that an org runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Okta Identity Engine.
    #[default]
    Identity,
    /// Okta Classic Engine: no authentication policies, no profile enrollment, no authenticators, devices
    /// and whatever else is published for the Identity Engine alone.
    Classic,
}

/// Features of an org that show in what its objects look like. Orgs differ in them by licence and age; the
/// default is what most orgs show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Features {
    /// Users say which realm they are in.
    pub realms: bool,
    /// Users who have not signed in yet have a `resetFactors` link, too.
    pub reset_factors_for_all: bool,
    /// Groups have an `owners` link.
    pub group_owners: bool,
    /// Apps say whether end users manage them (`emOptInStatus`).
    pub end_user_managed_apps: bool,
    /// Apps say how they support Universal Logout.
    pub universal_logout: bool,
    /// OAuth clients say whether they take part in single logout.
    pub single_logout: bool,
    /// Rules of access policies have a condition on risk.
    pub risk_conditions: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            realms: true,
            reset_factors_for_all: false,
            group_owners: false,
            end_user_managed_apps: true,
            universal_logout: true,
            single_logout: true,
            risk_conditions: true,
        }
    }
}

impl Features {
    /// An org of 2020: none of these.
    #[must_use]
    pub fn early() -> Self {
        Self {
            realms: false,
            reset_factors_for_all: false,
            group_owners: false,
            end_user_managed_apps: false,
            universal_logout: false,
            single_logout: false,
            risk_conditions: false,
        }
    }

    /// An org of 2026: all of these.
    #[must_use]
    pub fn newest() -> Self {
        Self {
            reset_factors_for_all: true,
            group_owners: true,
            ..Self::default()
        }
    }
}

/// Engine and features together, as `POST /_sandbox/seed` takes them in `org`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kind {
    pub(crate) engine: Engine,
    pub(crate) features: Features,
}

impl Kind {
    pub(crate) fn is_classic(&self) -> bool {
        self.engine == Engine::Classic
    }

    /// Reads the form of the seed.
    pub(crate) fn read(value: &serde_json::Value) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map_err(|error| format!("org: {error}"))
    }
}

/// Policy types that only the Identity Engine has.
pub(crate) fn is_identity_policy(kind: &str) -> bool {
    matches!(
        kind,
        "ACCESS_POLICY"
            | "PROFILE_ENROLLMENT"
            | "POST_AUTH_SESSION"
            | "ENTITY_RISK"
            | "DEVICE_SIGNAL_COLLECTION"
            | "SESSION_VIOLATION_DETECTION"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_are_read_with_defaults_and_typing_errors_are_told() {
        let kind = json!({ "engine": "classic", "features": { "groupOwners": true } });
        let kind = Kind::read(&kind).expect("understood");
        assert!(kind.is_classic() && kind.features.group_owners);
        assert!(kind.features.universal_logout && kind.features.realms);
        for bad in [
            json!({ "engine": "other" }),
            json!({ "features": { "groupOwner": true } }),
            json!({ "motor": "classic" }),
        ] {
            let error = Kind::read(&bad).expect_err("not understood");
            assert!(error.starts_with("org: unknown"), "{error}");
        }
    }
}
