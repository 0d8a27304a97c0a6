//! Who reviews.

use crate::ext::Problem;
use crate::ext::invalid::Findings;
use crate::models::{
    CampaignReviewerType, ReviewerLevelSettingsMutable, ReviewerLevelStartReview,
    ReviewerLowerLevelCondition, ReviewerSettingsMutable, ReviewerType,
};

/// Who reviews the access of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Reviewer(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    User(String),
    Group(String),
    Expression {
        expression: String,
        fallback: String,
    },
    ResourceOwner {
        fallback: String,
    },
    Levels(Box<Levels>),
}

#[derive(Clone, Debug, PartialEq)]
struct Levels {
    first: Reviewer,
    second: Reviewer,
    on_day: i64,
    when: ReviewerLowerLevelCondition,
}

impl Reviewer {
    /// One user reviews everything.
    pub fn user(user_id: impl Into<String>) -> Self {
        Self(Kind::User(user_id.into()))
    }

    /// The members of a group; of more than ten members the service draws ten at the launch.
    pub fn group(group_id: impl Into<String>) -> Self {
        Self(Kind::Group(group_id.into()))
    }

    /// Whom an Okta expression yields for each user under review, and who stands in where it
    /// yields nobody.
    pub fn expression(expression: impl Into<String>, fallback_user_id: impl Into<String>) -> Self {
        Self(Kind::Expression {
            expression: expression.into(),
            fallback: fallback_user_id.into(),
        })
    }

    /// The manager of each user under review: the expression `user.profile.managerId`.
    pub fn manager(fallback_user_id: impl Into<String>) -> Self {
        Self::expression("user.profile.managerId", fallback_user_id)
    }

    /// The owners of each resource, and who stands in where it has none.
    pub fn resource_owner(fallback_user_id: impl Into<String>) -> Self {
        Self(Kind::ResourceOwner {
            fallback: fallback_user_id.into(),
        })
    }

    /// Two levels: what the first level approved goes on to the second one on a day of the
    /// campaign. See [`Reviewer::passing_on`] to pass revoked access on as well.
    pub fn two_levels(first: Self, second: Self, second_starts_on_day: u32) -> Self {
        Self(Kind::Levels(Box::new(Levels {
            first,
            second,
            on_day: second_starts_on_day.into(),
            when: ReviewerLowerLevelCondition::LowerLevelApproves,
        })))
    }

    /// Which reviews go on to the second level; nothing changes for reviewers of one level.
    #[must_use]
    pub fn passing_on(mut self, when: ReviewerLowerLevelCondition) -> Self {
        if let Kind::Levels(levels) = &mut self.0 {
            levels.when = when;
        }
        self
    }

    /// The settings of the campaign, and what is wrong with them.
    pub(super) fn settings(
        &self,
        duration_days: Option<u32>,
        findings: &mut Findings,
    ) -> ReviewerSettingsMutable {
        let mut settings = ReviewerSettingsMutable::default();
        let Kind::Levels(levels) = &self.0 else {
            let Some(one) = self.level("reviewerSettings", findings) else {
                return settings;
            };
            settings.type_ = one.type_.map(|kind| kind.as_str().to_owned().into());
            settings.reviewer_id = one.reviewer_id;
            settings.reviewer_group_id = one.reviewer_group_id;
            settings.reviewer_scope_expression = one.reviewer_scope_expression;
            settings.fall_back_reviewer_id = one.fall_back_reviewer_id;
            return settings;
        };
        settings.type_ = Some(CampaignReviewerType::MultiLevel);
        let at = "reviewerSettings.reviewerLevels[1].startReview.onDay";
        let last = duration_days.map(i64::from);
        if levels.on_day < 1 || last.is_some_and(|last| levels.on_day >= last) {
            let expected = match last {
                Some(last) => format!("a day after 0 and before the campaign's end on day {last}"),
                None => "a day after 0".to_owned(),
            };
            findings.add(Problem::new(at, expected, levels.on_day.to_string()));
        }
        let starts = [
            (&levels.first, 0, None),
            (&levels.second, levels.on_day, Some(levels.when.clone())),
        ];
        let mut all = Vec::new();
        for (index, (reviewer, on_day, when)) in starts.into_iter().enumerate() {
            let at = format!("reviewerSettings.reviewerLevels[{index}]");
            if let Some(mut level) = reviewer.level(&at, findings) {
                level.start_review = Some(ReviewerLevelStartReview {
                    on_day: Some(on_day),
                    when,
                    ..Default::default()
                });
                all.push(level);
            }
        }
        settings.reviewer_levels = Some(all);
        settings
    }

    /// One level; levels inside of levels do not exist.
    fn level(&self, at: &str, findings: &mut Findings) -> Option<ReviewerLevelSettingsMutable> {
        let mut level = ReviewerLevelSettingsMutable::default();
        let mut id = |member: &str, id: &String| {
            findings.id(&format!("{at}.{member}"), id, 20);
            Some(id.clone())
        };
        match &self.0 {
            Kind::User(user) => {
                level.type_ = Some(ReviewerType::User);
                level.reviewer_id = id("reviewerId", user);
            }
            Kind::Group(group) => {
                level.type_ = Some(ReviewerType::Group);
                level.reviewer_group_id = id("reviewerGroupId", group);
            }
            Kind::Expression {
                expression,
                fallback,
            } => {
                level.type_ = Some(ReviewerType::ReviewerExpression);
                level.fall_back_reviewer_id = id("fallBackReviewerId", fallback);
                let at = format!("{at}.reviewerScopeExpression");
                findings.length(&at, expression, 1, 2000);
                level.reviewer_scope_expression = Some(expression.clone());
            }
            Kind::ResourceOwner { fallback } => {
                level.type_ = Some(ReviewerType::ResourceOwner);
                level.fall_back_reviewer_id = id("fallBackReviewerId", fallback);
            }
            Kind::Levels(_) => {
                let expected = "a user, a group, an expression or the resource owners";
                findings.add(Problem::new(at, expected, "levels of its own"));
                return None;
            }
        }
        Some(level)
    }

    /// True for reviewers that come in two levels.
    pub(super) fn has_levels(&self) -> bool {
        matches!(self.0, Kind::Levels(_))
    }
}
