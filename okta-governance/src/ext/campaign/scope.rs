//! Whose access is under review.

use crate::ext::Problem;
use crate::ext::invalid::Findings;
use crate::models::{
    PredefinedInactiveUsersScopeSettings, PrincipalScopeSettingsMutable, PrincipalScopeType,
};

/// The users whose access is reviewed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scope {
    pub(super) users: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) expression: Option<String>,
    pub(super) excluded: Vec<String>,
    pub(super) only_active: bool,
    pub(super) only_conflicts: bool,
    pub(super) inactive_days: Option<u32>,
}

impl Scope {
    pub(super) fn settings(
        &self,
        of_users: bool,
        findings: &mut Findings,
    ) -> Option<PrincipalScopeSettingsMutable> {
        let named = !self.users.is_empty() || !self.groups.is_empty() || self.expression.is_some();
        if of_users && !named {
            findings.missing(
                "principalScopeSettings",
                "users, groups or a user expression in a user campaign",
                "call `only_users`, `only_members_of` or `only_users_matching`",
            );
        }
        let lists = [
            ("userIds", &self.users, 100),
            ("groupIds", &self.groups, 5),
            ("excludedUserIds", &self.excluded, 50),
        ];
        for (member, ids, most) in lists {
            let at = format!("principalScopeSettings.{member}");
            findings.at_most(&at, ids.len(), most);
            for (index, id) in ids.iter().enumerate() {
                findings.id(&format!("{at}[{index}]"), id, 20);
            }
        }
        if let Some(expression) = &self.expression {
            let at = "principalScopeSettings.userScopeExpression";
            findings.length(at, expression, 1, 7000);
        }
        if let Some(days) = self.inactive_days
            && !(30..=365).contains(&days)
        {
            let at = "principalScopeSettings.predefinedInactiveUsersScope.inactiveDays";
            findings.add(Problem::new(at, "30 to 365", days.to_string()));
        }
        if *self == Self::default() {
            return None;
        }
        let list = |ids: &Vec<String>| (!ids.is_empty()).then(|| ids.clone());
        Some(PrincipalScopeSettingsMutable {
            type_: Some(PrincipalScopeType::Users),
            user_ids: list(&self.users),
            group_ids: list(&self.groups),
            user_scope_expression: self.expression.clone(),
            excluded_user_ids: list(&self.excluded),
            include_only_active_users: self.only_active.then_some(true),
            only_include_users_with_sod_conflicts: self.only_conflicts.then_some(true),
            predefined_inactive_users_scope: self.inactive_days.map(|days| {
                PredefinedInactiveUsersScopeSettings {
                    inactive_days: Some(days.into()),
                    ..Default::default()
                }
            }),
            ..Default::default()
        })
    }
}
