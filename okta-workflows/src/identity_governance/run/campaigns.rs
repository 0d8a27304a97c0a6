//! Campaigns.

use okta_governance::Governance as _;
use serde_json::json;

use super::{Cx, NONE};
use crate::card::types::{Object, Value};
use crate::error::CardError;
use crate::generated::identity_governance::actions::*;
use crate::okta::run::{members, model, text};
use crate::run::Outputs;

pub(crate) async fn launch_campaign(cx: &Cx<'_>, card: LaunchCampaign) -> Outputs {
    cx.done(
        cx.service
            .governance()
            .campaigns()
            .launch(card.input.campaign.id),
    )
    .await
}

/// What both cards build alike.
struct Campaign {
    name: String,
    description: Option<String>,
    tier: Option<String>,
    start: crate::card::types::DateTime,
    zone: String,
    days: i64,
    /// ISO 8601 duration; `None`: once.
    interval: Option<Option<String>>,
    levels: Vec<Option<&'static str>>,
}

impl Campaign {
    fn body(self, cx: &Cx<'_>, kind: &str) -> Result<Value, CardError> {
        if self.days < 1 || self.days > 90 || (self.levels.len() > 1 && self.days < 7) {
            return Err(cx.invalid(
                "schedule_settings.duration_in_days",
                "must be 1 to 90 days, and at least 7 with two levels of review",
            ));
        }
        let start = self
            .start
            .timestamp()
            .ok_or_else(|| cx.missing("schedule_settings.start_date"))?;
        let recurrence = match self.interval {
            None => None,
            Some(interval) => {
                let interval = cx.required("recurrence_settings.interval", interval)?;
                Some(json!({"interval": interval, "repeatOnType": "SAME_DAY_AS_START_DATE"}))
            }
        };
        let schedule = members([
            (
                "type",
                Some(
                    if recurrence.is_some() {
                        "RECURRING"
                    } else {
                        "ONE_OFF"
                    }
                    .into(),
                ),
            ),
            ("startDate", Some(format!("{start:.3}").into())),
            ("timeZone", text(Some(self.zone))),
            ("durationInDays", Some(self.days.into())),
            ("recurrence", recurrence),
        ]);
        let levels: Vec<Value> = self
            .levels
            .iter()
            .enumerate()
            .map(|(level, choice)| {
                // The second level begins in the middle, unless the further settings say otherwise.
                let day = if level == 0 { 0 } else { self.days / 2 };
                json!({"type": reviewer(*choice), "startReview": {"onDay": day}})
            })
            .collect();
        let reviewers = match levels.as_slice() {
            [only] => json!({"type": only["type"].clone()}),
            _ => json!({"type": "MULTI_LEVEL", "reviewerLevels": levels}),
        };
        let tier = self.tier.map(|tier| super::shouted(&tier));
        Ok(json!({
            "name": self.name,
            "description": self.description,
            "campaignType": kind,
            "campaignTier": tier,
            "scheduleSettings": schedule,
            "reviewerSettings": reviewers,
            "remediationSettings": {"accessApproved": "NO_ACTION", "accessRevoked": "NO_ACTION", "noResponse": "NO_ACTION"},
        }))
    }
}

/// The reviewer's kind as the API writes it.
fn reviewer(choice: Option<&str>) -> &'static str {
    match choice {
        Some("Group") => "GROUP",
        Some("Group Owner") => "RESOURCE_OWNER",
        // The manager is found by an expression.
        Some("Custom" | "Manager") => "REVIEWER_EXPRESSION",
        _ => "USER",
    }
}

/// The manager's own expression, where the further settings give none.
fn managers(body: &mut Value, levels: &[Option<&'static str>]) {
    const MANAGER: &str = "user.profile.managerId";
    let by_manager = |at: usize| levels.get(at).copied().flatten() == Some("Manager");
    let settings = &mut body["reviewerSettings"];
    if by_manager(0) && levels.len() == 1 && settings["reviewerScopeExpression"].is_null() {
        settings["reviewerScopeExpression"] = MANAGER.into();
    }
    for (at, level) in settings["reviewerLevels"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .enumerate()
    {
        if by_manager(at) && level["reviewerScopeExpression"].is_null() {
            level["reviewerScopeExpression"] = MANAGER.into();
        }
    }
}

/// Puts settings over a body, objects member by member and lists element by element.
fn merge(body: &mut Value, further: Value) {
    match (body, further) {
        (Value::Object(body), Value::Object(further)) => {
            for (key, value) in further {
                merge(body.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(body), Value::Array(further)) if body.len() == further.len() => {
            for (body, further) in body.iter_mut().zip(further) {
                merge(body, further);
            }
        }
        (body, further) => *body = further,
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(object) => object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect::<Object>()
            .into(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

async fn create(
    cx: &Cx<'_>,
    mut body: Value,
    levels: &[Option<&'static str>],
    further: Object,
) -> Outputs {
    merge(&mut body, further.into());
    managers(&mut body, levels);
    let Value::Object(body) = without_nulls(body) else {
        return Err(cx.odd("the campaign is no object"));
    };
    cx.answer(
        cx.service.governance().campaigns().create(&model(body)?),
        NONE,
    )
    .await
}

/// One or two levels of review.
macro_rules! levels {
    ($options:expr, $card:ident, $first:expr) => {{
        let mut levels: Vec<Option<&'static str>> = vec![$first];
        if $options.add_another_level == $card::AddAnotherLevelChoice::Yes {
            levels.push($options.second_level_reviewer.map(|choice| choice.as_str()));
        }
        levels
    }};
}

pub(crate) async fn create_resource_campaign(cx: &Cx<'_>, card: CreateResourceCampaign) -> Outputs {
    use create_resource_campaign as c;
    let (options, input) = (card.options, card.input);
    let levels = levels!(options, c, Some(options.first_level_reviewer.as_str()));
    let recurring = options.schedule_type == c::ScheduleTypeChoice::Recurring;
    let mut body = Campaign {
        name: input.campaign.name,
        description: input.campaign.description,
        tier: input.campaign.tier,
        start: input.schedule_settings.start_date.unwrap_or_default(),
        zone: input.schedule_settings.time_zone,
        days: input.schedule_settings.duration_in_days,
        interval: recurring.then_some(input.recurrence_settings.interval),
        levels: levels.clone(),
    }
    .body(cx, "RESOURCE")?;
    let app = options.resources == c::ResourcesChoice::Application;
    body["resourceSettings"] = json!({"type": if app { "APPLICATION" } else { "GROUP" }});
    if options.review_entitlements == Some(c::ReviewEntitlementsChoice::Yes) {
        body["resourceSettings"]["includeEntitlements"] = true.into();
    }
    if options.scope == c::ScopeChoice::Users {
        body["principalScopeSettings"] = json!({"type": "USERS"});
    }
    if input.campaign.create_auditor_package == c::CreateAuditorPackageChoice::Yes {
        body["reportingSettings"] = json!({"createReportingPackageEnabled": true});
    }
    create(cx, body, &levels, input.campaign.further_settings).await
}

pub(crate) async fn create_user_campaign(cx: &Cx<'_>, card: CreateUserCampaign) -> Outputs {
    use create_user_campaign as c;
    let (options, input) = (card.options, card.input);
    let levels = levels!(
        options,
        c,
        options.first_level_reviewer.map(|choice| choice.as_str())
    );
    let recurring = options.schedule_type == c::ScheduleTypeChoice::Recurring;
    let mut body = Campaign {
        name: input.campaign.name,
        description: input.campaign.description,
        tier: input.campaign.tier,
        start: input.schedule_settings.start_date.unwrap_or_default(),
        zone: input.schedule_settings.time_zone,
        days: input.schedule_settings.duration_in_days,
        interval: recurring.then_some(input.recurrence_settings.interval),
        levels: levels.clone(),
    }
    .body(cx, "USER")?;
    let kinds: &[&str] = match options.resources {
        c::ResourcesChoice::AppsAndGroups => &["APPLICATION", "GROUP"],
        c::ResourcesChoice::Apps => &["APPLICATION"],
        c::ResourcesChoice::Groups => &["GROUP"],
    };
    body["resourceSettings"] = json!({"targetTypes": kinds});
    body["principalScopeSettings"] = json!({"type": "USERS"});
    create(cx, body, &levels, input.campaign.further_settings).await
}
