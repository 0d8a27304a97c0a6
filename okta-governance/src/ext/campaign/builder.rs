//! The builder itself.

use super::reviewer::Reviewer;
use super::schedule::{Recurrence, Schedule};
use super::scope::Scope;
use super::target::Target;
use crate::ext::invalid::Findings;
use crate::ext::{Invalid, Problem};
use crate::models::{
    ApprovedRemediationAction, AutoRemediationResourceType, AutoRemediationSettings,
    AutoRemediationSettingsIncludeOnlyItem, CampaignMutable, CampaignTier, CampaignType,
    JustificationRequirement, NoResponseRemediationAction, NotificationSettings,
    RemediationSettings, ReportingSettingsMutable, ResourceSettingsMutable, ResourceTargetType,
    ResourceTypeExclude, ReviewerSettingsMutable, RevokedRemediationAction,
};

/// Builds a campaign and checks what the specification asks for before anything is sent.
///
/// ```
/// use okta_governance::campaign::{CampaignBuilder, Recurrence, Reviewer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let campaign = CampaignBuilder::new("Payroll, every quarter")
///     .starts_at("2027-01-04T08:00:00Z".parse()?)
///     .time_zone("Europe/Berlin")
///     .lasts_days(14)
///     .repeats(Recurrence::months(3))
///     .app("0oa1gjh63g214q0Hq0g4")
///     .reviewed_by(Reviewer::manager("00ub0oNGTSWTBKOLGLNR"))
///     .revoke_denied_access()
///     .build()?;
/// # let _ = campaign; Ok(()) }
/// ```
///
/// The result goes to `client.governance().campaigns().create(&campaign)`. Where a choice is not
/// made, the service's own default holds, except that nothing is revoked unless it is asked for.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a builder does nothing until `build`"]
pub struct CampaignBuilder {
    name: String,
    description: Option<String>,
    pub(super) of_users: bool,
    tier: Option<CampaignTier>,
    schedule: Schedule,
    pub(super) targets: Vec<Target>,
    pub(super) target_types: Vec<ResourceTargetType>,
    pub(super) excluded: Vec<(ResourceTypeExclude, String)>,
    pub(super) resources: ResourceSettingsMutable,
    scope: Scope,
    reviewer: Option<Reviewer>,
    review: ReviewerSettingsMutable,
    revoke_denied: bool,
    revoke_unanswered: bool,
    auto_remediation: Option<AutoRemediationSettings>,
    notifications: Option<NotificationSettings>,
    report: Option<bool>,
}

impl CampaignBuilder {
    /// A campaign about resources: who has this app, who is in that group?
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            of_users: false,
            tier: None,
            schedule: Schedule::default(),
            targets: Vec::new(),
            target_types: Vec::new(),
            excluded: Vec::new(),
            resources: ResourceSettingsMutable::default(),
            scope: Scope::default(),
            reviewer: None,
            review: ReviewerSettingsMutable::default(),
            revoke_denied: false,
            revoke_unanswered: false,
            auto_remediation: None,
            notifications: None,
            report: None,
        }
    }

    /// A campaign about users: what do these people have? Say whose access with
    /// [`only_users`](Self::only_users), [`only_members_of`](Self::only_members_of) or
    /// [`only_users_matching`](Self::only_users_matching).
    pub fn of_users(name: impl Into<String>) -> Self {
        Self {
            of_users: true,
            ..Self::new(name)
        }
    }

    /// What it is about, up to 1,000 characters.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The licence that it takes to manage the campaign.
    pub fn tier(mut self, tier: CampaignTier) -> Self {
        self.tier = Some(tier);
        self
    }

    /// When it starts.
    pub fn starts_at(mut self, start: jiff::Timestamp) -> Self {
        self.schedule.start = Some(start);
        self
    }

    /// When it starts, and by the clocks of which time zone.
    pub fn starts(mut self, start: &jiff::ZonedDateTime) -> Self {
        self.schedule.start = Some(start.timestamp());
        if let Some(zone) = start.time_zone().iana_name() {
            self.schedule.time_zone = Some(zone.to_owned());
        }
        self
    }

    /// The time zone of the start by its IANA name; UTC without it.
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.schedule.time_zone = Some(zone.into());
        self
    }

    /// How many days reviewers have.
    pub fn lasts_days(mut self, days: u32) -> Self {
        self.schedule.duration_days = Some(days);
        self
    }

    /// Runs it again and again.
    pub fn repeats(mut self, recurrence: Recurrence) -> Self {
        self.schedule.recurrence = Some(recurrence);
        self
    }

    /// Puts the assignments of an app under review.
    pub fn app(self, app_id: impl Into<String>) -> Self {
        self.target(Target::app(app_id))
    }

    /// Puts the members of a group under review.
    pub fn group(self, group_id: impl Into<String>) -> Self {
        self.target(Target::group(group_id))
    }

    /// Puts a resource under review.
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Puts all resources of a kind under review, as user campaigns do.
    pub fn all_of(mut self, kind: ResourceTargetType) -> Self {
        self.target_types.push(kind);
        self
    }

    /// Leaves a resource out of a user campaign.
    pub fn except(mut self, kind: ResourceTypeExclude, id: impl Into<String>) -> Self {
        self.excluded.push((kind, id.into()));
        self
    }

    /// Only apps that were assigned to the user directly, not by a group; user campaigns.
    pub fn only_individually_assigned_apps(mut self) -> Self {
        self.resources.individually_assigned_apps_only = Some(true);
        self
    }

    /// Only groups that the user was put into directly, not by a rule; user campaigns.
    pub fn only_individually_assigned_groups(mut self) -> Self {
        self.resources.individually_assigned_groups_only = Some(true);
        self
    }

    /// Admin roles as well; user campaigns.
    pub fn with_admin_roles(mut self) -> Self {
        self.resources.include_admin_roles = Some(true);
        self
    }

    /// Only entitlements that no policy gave; user campaigns.
    pub fn only_out_of_policy_entitlements(mut self) -> Self {
        self.resources.only_include_out_of_policy_entitlements = Some(true);
        self
    }

    /// Whose access: these users, at most 100.
    pub fn only_users(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope.users.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Whose access: the members of these groups, at most 5.
    pub fn only_members_of(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope.groups.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Whose access: the users of whom an Okta expression holds.
    pub fn only_users_matching(mut self, expression: impl Into<String>) -> Self {
        self.scope.expression = Some(expression.into());
        self
    }

    /// Whose access is left out, at most 50 users.
    pub fn except_users(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope.excluded.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Only users whose status is active.
    pub fn only_active_users(mut self) -> Self {
        self.scope.only_active = true;
        self
    }

    /// Only users who did not sign in for so many days, 30 to 365.
    pub fn only_users_inactive_for_days(mut self, days: u32) -> Self {
        self.scope.inactive_days = Some(days);
        self
    }

    /// Only users who hold entitlements that exclude each other.
    pub fn only_users_with_conflicts(mut self) -> Self {
        self.scope.only_conflicts = true;
        self
    }

    /// Who reviews.
    pub fn reviewed_by(mut self, reviewer: Reviewer) -> Self {
        self.reviewer = Some(reviewer);
        self
    }

    /// Nobody reviews their own access.
    pub fn no_self_review(mut self) -> Self {
        self.review.self_review_disabled = Some(true);
        self
    }

    /// Reviewers decide one by one.
    pub fn no_bulk_decisions(mut self) -> Self {
        self.review.bulk_decision_disabled = Some(true);
        self
    }

    /// Reviewers cannot pass their reviews on.
    pub fn no_reassignment(mut self) -> Self {
        self.review.reassignment_disabled = Some(true);
        self
    }

    /// Whether reviewers have to say why.
    pub fn justification_required(mut self, required: bool) -> Self {
        self.review.justification_required = Some(required);
        self
    }

    /// When reviewers have to say why, in orgs where that can be told apart.
    pub fn justification(mut self, requirement: JustificationRequirement) -> Self {
        self.review.justification_requirement = Some(requirement);
        self
    }

    /// Takes access away that a reviewer revoked; without it a decision changes nothing.
    pub fn revoke_denied_access(mut self) -> Self {
        self.revoke_denied = true;
        self
    }

    /// Takes access away that nobody reviewed until the end.
    pub fn revoke_unanswered_access(mut self) -> Self {
        self.revoke_unanswered = true;
        self
    }

    /// Takes users out of any group that gives them an app they lost in the campaign.
    pub fn remediate_all_groups(mut self) -> Self {
        let settings = self.auto_remediation.get_or_insert_default();
        settings.include_all_indirect_assignments = Some(true);
        self
    }

    /// Takes users out of these groups where they give them an app they lost in the campaign.
    pub fn remediate_groups(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let settings = self.auto_remediation.get_or_insert_default();
        let only = settings.include_only.get_or_insert_default();
        only.extend(
            ids.into_iter()
                .map(|id| AutoRemediationSettingsIncludeOnlyItem {
                    resource_id: Some(id.into()),
                    resource_type: Some(AutoRemediationResourceType::Group),
                    ..Default::default()
                }),
        );
        self
    }

    /// The e-mails to reviewers.
    pub fn notifications(mut self, settings: NotificationSettings) -> Self {
        self.notifications = Some(settings);
        self
    }

    /// Makes a package of reports after the end.
    pub fn with_report(mut self) -> Self {
        self.report = Some(true);
        self
    }

    /// The campaign, ready to be created.
    ///
    /// # Errors
    /// [`Invalid`] with everything that is missing or that the specification rules out.
    pub fn build(self) -> Result<CampaignMutable, Invalid> {
        let mut findings = Findings::default();
        findings.length("name", &self.name, 1, 255);
        if let Some(description) = &self.description {
            findings.length("description", description, 0, 1000);
        }
        let schedule = self.schedule.settings(&mut findings);
        let resources = self.resource_settings(&mut findings);
        let scope = self.scope.settings(self.of_users, &mut findings);
        let reviewers = self.reviewer_settings(&mut findings);
        let remediation = self.remediation_settings(&mut findings);
        if let Some(notifications) = &self.notifications {
            self.check_notifications(notifications, &mut findings);
        }
        findings.check("campaign")?;
        let kind = if self.of_users {
            CampaignType::User
        } else {
            CampaignType::Resource
        };
        Ok(CampaignMutable {
            name: Some(self.name),
            description: self.description,
            campaign_type: Some(kind),
            campaign_tier: self.tier,
            schedule_settings: Some(schedule),
            resource_settings: Some(resources),
            principal_scope_settings: scope,
            reviewer_settings: Some(reviewers),
            remediation_settings: Some(remediation),
            notification_settings: self.notifications,
            reporting_settings: self.report.map(|wanted| ReportingSettingsMutable {
                create_reporting_package_enabled: Some(wanted),
                ..Default::default()
            }),
            ..Default::default()
        })
    }

    fn reviewer_settings(&self, findings: &mut Findings) -> ReviewerSettingsMutable {
        let Some(reviewer) = &self.reviewer else {
            let fix = "call `reviewed_by`";
            findings.missing("reviewerSettings", "a reviewer", fix);
            return self.review.clone();
        };
        let mut settings = reviewer.settings(self.schedule.duration_days, findings);
        settings.bulk_decision_disabled = self.review.bulk_decision_disabled;
        settings.justification_required = self.review.justification_required;
        settings.justification_requirement = self.review.justification_requirement.clone();
        settings.reassignment_disabled = self.review.reassignment_disabled;
        settings.self_review_disabled = self.review.self_review_disabled;
        // With levels the service reads the levels only.
        for level in settings.reviewer_levels.iter_mut().flatten() {
            level.self_review_disabled = self.review.self_review_disabled;
        }
        settings
    }

    fn remediation_settings(&self, findings: &mut Findings) -> RemediationSettings {
        if let Some(auto) = &self.auto_remediation {
            let at = "remediationSettings.autoRemediationSettings";
            if auto.include_all_indirect_assignments.is_some() && auto.include_only.is_some() {
                findings.add(Problem::new(
                    at,
                    "either all groups, or a list of them",
                    "both",
                ));
            }
            for (index, item) in auto.include_only.iter().flatten().enumerate() {
                let id = item.resource_id.as_deref().unwrap_or_default();
                findings.id(&format!("{at}.includeOnly[{index}].resourceId"), id, 20);
            }
        }
        RemediationSettings {
            access_approved: Some(ApprovedRemediationAction::NoAction),
            access_revoked: Some(if self.revoke_denied {
                RevokedRemediationAction::Deny
            } else {
                RevokedRemediationAction::NoAction
            }),
            no_response: Some(if self.revoke_unanswered {
                NoResponseRemediationAction::Deny
            } else {
                NoResponseRemediationAction::NoAction
            }),
            auto_remediation_settings: self.auto_remediation.clone(),
            ..Default::default()
        }
    }

    fn check_notifications(&self, settings: &NotificationSettings, findings: &mut Findings) {
        if let Some(reminders) = &settings.reminders_reviewer_before_campaign_close_in_secs
            && !(1..=3).contains(&reminders.len())
        {
            let at = "notificationSettings.remindersReviewerBeforeCampaignCloseInSecs";
            findings.add(Problem::new(
                at,
                "1 to 3 reminders",
                reminders.len().to_string(),
            ));
        }
        let levels = self.reviewer.as_ref().is_some_and(Reviewer::has_levels);
        if settings.notify_review_period_end == Some(true) && !levels {
            let at = "notificationSettings.notifyReviewPeriodEnd";
            findings.add(Problem::new(at, "reviewers of two levels", "one level"));
        }
    }
}
