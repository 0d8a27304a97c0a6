//! What is reviewed, as the builder was told.

use super::CampaignBuilder;
use super::target::Target;
use crate::ext::Problem;
use crate::ext::invalid::Findings;
use crate::models::{
    ResourceSettingsMutable, ResourceSettingsMutableExcludedResourcesItem, ResourceTargetType,
    ResourceTypeExclude,
};

impl CampaignBuilder {
    pub(super) fn resource_settings(&self, findings: &mut Findings) -> ResourceSettingsMutable {
        let mut kinds = self.target_types.clone();
        for (index, target) in self.targets.iter().enumerate() {
            target.check(index, findings);
            if !kinds.contains(&target.kind) {
                kinds.push(target.kind.clone());
            }
        }
        let names: Vec<&str> = kinds.iter().map(ResourceTargetType::as_str).collect();
        let at = "resourceSettings.targetTypes";
        if kinds.is_empty() {
            let fix = "call `app`, `group`, `target` or `all_of`";
            findings.missing(at, "at least one kind of resource", fix);
        } else if !self.of_users && kinds.len() > 1 {
            let problem = Problem::new(at, "one kind of resource", names.join(" and "));
            findings.add(problem.fix("make one campaign a kind, or a campaign of users"));
        }
        let of_users_only = [
            (
                "individuallyAssignedAppsOnly",
                self.resources.individually_assigned_apps_only,
            ),
            (
                "individuallyAssignedGroupsOnly",
                self.resources.individually_assigned_groups_only,
            ),
            ("includeAdminRoles", self.resources.include_admin_roles),
            (
                "onlyIncludeOutOfPolicyEntitlements",
                self.resources.only_include_out_of_policy_entitlements,
            ),
            (
                "excludedResources",
                (!self.excluded.is_empty()).then_some(true),
            ),
        ];
        for (member, value) in of_users_only {
            if value.is_some() && !self.of_users {
                let at = format!("resourceSettings.{member}");
                let problem = Problem::new(at, "a campaign of users", "one of resources");
                findings.add(problem.fix("start with `CampaignBuilder::of_users`"));
            }
        }
        let accounts = |kind: &ResourceTargetType| {
            matches!(
                kind,
                ResourceTargetType::AppServiceAccount | ResourceTargetType::OktaServiceAccount
            )
        };
        if self.of_users && kinds.iter().any(accounts) {
            let problem = Problem::new(at, "groups, apps or collections", names.join(" and "));
            findings.add(problem.fix("service accounts are for campaigns of resources"));
        }
        for (index, (_, id)) in self.excluded.iter().enumerate() {
            let at = format!("resourceSettings.excludedResources[{index}].resourceId");
            findings.id(&at, id, 20);
        }
        let excluded = |(kind, id): &(ResourceTypeExclude, String)| {
            ResourceSettingsMutableExcludedResourcesItem {
                resource_id: Some(id.clone()),
                resource_type: Some(kind.clone()),
                ..Default::default()
            }
        };
        let items: Vec<_> = self.targets.iter().map(|t| t.item.clone()).collect();
        let all_accounts = items.is_empty() && kinds == [ResourceTargetType::OktaServiceAccount];
        let entitlements = self.targets.iter().any(Target::has_entitlements);
        ResourceSettingsMutable {
            target_types: Some(kinds),
            target_resources: (!items.is_empty()).then_some(items),
            excluded_resources: (!self.excluded.is_empty())
                .then(|| self.excluded.iter().map(excluded).collect()),
            include_entitlements: entitlements.then_some(true),
            include_all_okta_service_accounts: all_accounts.then_some(true),
            ..self.resources.clone()
        }
    }
}
