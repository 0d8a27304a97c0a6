//! What is under review.

use crate::ext::Problem;
use crate::ext::invalid::Findings;
use crate::models::{
    AppServiceAccountsItem, EntitlementBundlesItem, EntitlementValue, EntitlementsItem,
    ResourceTargetType, ResourceType, TargetResourcesRequestItem,
};

/// A resource under review. A bare id of an app or group needs no more than
/// [`CampaignBuilder::app`](super::CampaignBuilder::app) and
/// [`CampaignBuilder::group`](super::CampaignBuilder::group).
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub(super) item: TargetResourcesRequestItem,
    pub(super) kind: ResourceTargetType,
}

impl Target {
    fn new(id: impl Into<String>, of: ResourceType, kind: ResourceTargetType) -> Self {
        Self {
            item: TargetResourcesRequestItem {
                resource_id: Some(id.into()),
                resource_type: Some(of),
                ..Default::default()
            },
            kind,
        }
    }

    /// The assignments of an app.
    pub fn app(app_id: impl Into<String>) -> Self {
        Self::new(
            app_id,
            ResourceType::Application,
            ResourceTargetType::Application,
        )
    }

    /// The members of a group.
    pub fn group(group_id: impl Into<String>) -> Self {
        Self::new(group_id, ResourceType::Group, ResourceTargetType::Group)
    }

    /// The assignments of a collection.
    pub fn collection(collection_id: impl Into<String>) -> Self {
        Self::new(
            collection_id,
            ResourceType::Collection,
            ResourceTargetType::Collection,
        )
    }

    /// An Okta service account.
    pub fn okta_service_account(id: impl Into<String>) -> Self {
        Self::new(
            id,
            ResourceType::OktaServiceAccount,
            ResourceTargetType::OktaServiceAccount,
        )
    }

    /// Service accounts of an app; all of them where no ids are given.
    pub fn app_service_accounts(
        app_id: impl Into<String>,
        accounts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let mut target = Self::new(
            app_id,
            ResourceType::Application,
            ResourceTargetType::AppServiceAccount,
        );
        let accounts: Vec<_> = accounts
            .into_iter()
            .map(|id| AppServiceAccountsItem {
                id: Some(id.into()),
                ..Default::default()
            })
            .collect();
        target.item.include_all_app_service_accounts = Some(accounts.is_empty());
        target.item.app_service_accounts = (!accounts.is_empty()).then_some(accounts);
        target
    }

    /// With all entitlements and bundles of the app.
    #[must_use]
    pub fn all_entitlements_and_bundles(mut self) -> Self {
        self.item.include_all_entitlements_and_bundles = Some(true);
        self
    }

    /// With one entitlement of the app: the values of these ids, or all where none are given.
    #[must_use]
    pub fn entitlement(
        mut self,
        entitlement_id: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let values: Vec<_> = values
            .into_iter()
            .map(|id| EntitlementValue {
                id: Some(id.into()),
                ..Default::default()
            })
            .collect();
        let item = EntitlementsItem {
            id: Some(entitlement_id.into()),
            include_all_values: Some(values.is_empty()),
            values: (!values.is_empty()).then_some(values),
            ..Default::default()
        };
        self.item.entitlements.get_or_insert_default().push(item);
        self
    }

    /// With one entitlement bundle of the app.
    #[must_use]
    pub fn bundle(mut self, bundle_id: impl Into<String>) -> Self {
        let item = EntitlementBundlesItem {
            id: Some(bundle_id.into()),
            ..Default::default()
        };
        let bundles = self.item.entitlement_bundles.get_or_insert_default();
        bundles.push(item);
        self
    }

    /// True if entitlements or bundles of the target are under review.
    pub(super) fn has_entitlements(&self) -> bool {
        self.item.include_all_entitlements_and_bundles == Some(true)
            || self.item.entitlements.is_some()
            || self.item.entitlement_bundles.is_some()
    }

    pub(super) fn check(&self, index: usize, findings: &mut Findings) {
        let at = format!("resourceSettings.targetResources[{index}]");
        let id = self.item.resource_id.as_deref().unwrap_or_default();
        findings.id(&format!("{at}.resourceId"), id, 36);
        let listed = self.item.entitlements.is_some() || self.item.entitlement_bundles.is_some();
        if self.has_entitlements() && self.kind != ResourceTargetType::Application {
            let found = format!("a target of type {}", self.kind.as_str());
            findings.add(Problem::new(
                &at,
                "an app where entitlements are reviewed",
                found,
            ));
        }
        if listed && self.item.include_all_entitlements_and_bundles == Some(true) {
            let expected = "either all entitlements and bundles, or a list of them";
            findings.add(Problem::new(&at, expected, "both"));
        }
    }
}
