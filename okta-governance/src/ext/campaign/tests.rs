//! What the builder makes, and what it refuses.

use okta_core::model::Model;

use super::*;
use crate::ext::Problem;
use crate::models::{
    RecurrenceRepeatOnType, ResourceTargetType, ResourceTypeExclude, ReviewerLowerLevelCondition,
};

const USER: &str = "00ub0oNGTSWTBKOLGLNR";
const GROUP: &str = "00g1emaKYZTWRYYRRTSK";

fn start() -> jiff::Timestamp {
    "2027-01-04T08:00:00Z".parse().unwrap()
}

fn complete() -> CampaignBuilder {
    CampaignBuilder::new("Quarterly")
        .starts_at(start())
        .lasts_days(14)
        .group(GROUP)
        .reviewed_by(Reviewer::user(USER))
}

fn json(builder: CampaignBuilder) -> serde_json::Value {
    serde_json::from_str(&builder.build().unwrap().to_json()).unwrap()
}

/// The places of the problems, in their order.
fn places(builder: CampaignBuilder) -> Vec<String> {
    let invalid = builder.build().unwrap_err();
    let places = invalid.problems().iter().map(Problem::at);
    places.map(str::to_owned).collect()
}

#[test]
fn the_smallest_campaign() {
    assert_eq!(
        json(complete()),
        serde_json::json!({
            "name": "Quarterly", "campaignType": "RESOURCE",
            "scheduleSettings": {
                "type": "ONE_OFF", "startDate": "2027-01-04T08:00:00.000Z", "durationInDays": 14, "timeZone": "UTC",
            },
            "resourceSettings": {
                "targetTypes": ["GROUP"], "targetResources": [{ "resourceId": GROUP, "resourceType": "GROUP" }],
            },
            "reviewerSettings": { "type": "USER", "reviewerId": USER },
            "remediationSettings": { "accessApproved": "NO_ACTION", "accessRevoked": "NO_ACTION", "noResponse": "NO_ACTION" },
        })
    );
}

#[test]
fn nothing_said_names_all_that_is_missing() {
    let expected = [
        "name",
        "scheduleSettings.startDate",
        "scheduleSettings.durationInDays",
        "resourceSettings.targetTypes",
        "reviewerSettings",
    ];
    assert_eq!(places(CampaignBuilder::new("")), expected);
}

#[test]
fn names_are_counted_in_characters() {
    let long = |length| complete().description("é".repeat(length));
    assert!(long(1000).build().is_ok());
    assert_eq!(places(long(1001)), ["description"]);
}

#[test]
fn recurrences() {
    let every = |recurrence| json(complete().repeats(recurrence))["scheduleSettings"].clone();
    let day = RecurrenceRepeatOnType::SameWeekdayAsStartDate;
    let ends = "2029-01-01T00:00:00Z".parse().unwrap();
    let schedule = every(Recurrence::months(3).on(day.clone()).until(ends));
    assert_eq!(schedule["type"], "RECURRING");
    assert_eq!(
        schedule["recurrence"],
        serde_json::json!({
            "interval": "P3M", "repeatOnType": "SAME_WEEKDAY_AS_START_DATE", "ends": "2029-01-01T00:00:00.000Z",
        })
    );
    assert_eq!(every(Recurrence::weeks(2))["recurrence"]["interval"], "P2W");

    let refused = |recurrence| places(complete().repeats(recurrence));
    let interval = ["scheduleSettings.recurrence.interval"];
    for wrong in [
        Recurrence::days(0),
        Recurrence::days(183),
        Recurrence::weeks(27),
        Recurrence::months(25),
        Recurrence::years(3),
        // The campaign takes fourteen days.
        Recurrence::weeks(1),
        Recurrence::days(13),
    ] {
        assert_eq!(refused(wrong.clone()), interval, "{wrong:?}");
    }
    assert_eq!(
        refused(Recurrence::weeks(4).on(day)),
        ["scheduleSettings.recurrence.repeatOnType"]
    );
    assert_eq!(
        refused(Recurrence::weeks(4).until(start())),
        ["scheduleSettings.recurrence.ends"]
    );
}

#[test]
fn reviewers_of_every_kind() {
    let of = |reviewer| json(complete().reviewed_by(reviewer))["reviewerSettings"].clone();
    assert_eq!(
        of(Reviewer::group(GROUP)),
        serde_json::json!({ "type": "GROUP", "reviewerGroupId": GROUP })
    );
    assert_eq!(
        of(Reviewer::manager(USER)),
        serde_json::json!({
            "type": "REVIEWER_EXPRESSION", "reviewerScopeExpression": "user.profile.managerId",
            "fallBackReviewerId": USER,
        })
    );
    assert_eq!(
        of(Reviewer::resource_owner(USER)),
        serde_json::json!({ "type": "RESOURCE_OWNER", "fallBackReviewerId": USER })
    );
    let levels = Reviewer::two_levels(Reviewer::manager(USER), Reviewer::user(USER), 7)
        .passing_on(ReviewerLowerLevelCondition::LowerLevelApprovesOrRejects);
    let settings =
        json(complete().reviewed_by(levels).no_self_review())["reviewerSettings"].clone();
    assert_eq!(settings["type"], "MULTI_LEVEL");
    let levels = &settings["reviewerLevels"];
    assert_eq!(levels[0]["startReview"], serde_json::json!({ "onDay": 0 }));
    assert_eq!(levels[1]["type"], "USER");
    assert_eq!(levels[1]["selfReviewDisabled"], true);
    assert_eq!(
        levels[1]["startReview"],
        serde_json::json!({ "onDay": 7, "when": "LOWER_LEVEL_APPROVES_OR_REJECTS" })
    );
}

#[test]
fn reviewers_that_cannot_be() {
    let refused = |reviewer| places(complete().reviewed_by(reviewer));
    assert_eq!(
        refused(Reviewer::user("ana@example.com")),
        ["reviewerSettings.reviewerId"]
    );
    assert_eq!(
        refused(Reviewer::expression("", "")),
        [
            "reviewerSettings.fallBackReviewerId",
            "reviewerSettings.reviewerScopeExpression"
        ]
    );
    let one = || Reviewer::user(USER);
    for day in [0, 14, 20] {
        assert_eq!(
            refused(Reviewer::two_levels(one(), one(), day)),
            ["reviewerSettings.reviewerLevels[1].startReview.onDay"]
        );
    }
    let nested = Reviewer::two_levels(one(), Reviewer::two_levels(one(), one(), 2), 2);
    assert_eq!(refused(nested), ["reviewerSettings.reviewerLevels[1]"]);
}

#[test]
fn a_campaign_of_resources_has_one_kind_of_resource() {
    assert_eq!(
        places(complete().app("0oa1gjh63g214q0Hq0g4")),
        ["resourceSettings.targetTypes"]
    );
    assert_eq!(
        places(complete().with_admin_roles()),
        ["resourceSettings.includeAdminRoles"]
    );
    assert_eq!(
        places(complete().target(Target::group(GROUP).bundle("enb1"))),
        ["resourceSettings.targetResources[1]"]
    );
}

#[test]
fn campaigns_of_users() {
    let of_users = || {
        CampaignBuilder::of_users("Leavers")
            .starts_at(start())
            .lasts_days(7)
            .all_of(ResourceTargetType::Group)
            .all_of(ResourceTargetType::Application)
            .reviewed_by(Reviewer::user(USER))
    };
    let campaign = json(
        of_users()
            .only_users([USER])
            .except(ResourceTypeExclude::Group, GROUP)
            .with_admin_roles(),
    );
    assert_eq!(campaign["campaignType"], "USER");
    assert_eq!(
        campaign["principalScopeSettings"],
        serde_json::json!({ "type": "USERS", "userIds": [USER] })
    );
    assert_eq!(
        campaign["resourceSettings"]["targetTypes"],
        serde_json::json!(["GROUP", "APPLICATION"])
    );
    assert_eq!(places(of_users()), ["principalScopeSettings"]);
    let groups = vec![GROUP; 6];
    assert_eq!(
        places(
            of_users()
                .only_members_of(groups)
                .only_users_inactive_for_days(10)
        ),
        [
            "principalScopeSettings.groupIds",
            "principalScopeSettings.predefinedInactiveUsersScope.inactiveDays"
        ]
    );
}

#[test]
fn entitlements_of_an_app() {
    let target = Target::app("0oa1gjh63g214q0Hq0g4")
        .entitlement("esp1", ["ent1"])
        .entitlement("esp2", [""; 0])
        .bundle("enb1");
    let builder = || {
        CampaignBuilder::new("Entitlements")
            .starts_at(start())
            .lasts_days(7)
            .reviewed_by(Reviewer::user(USER))
    };
    let campaign = json(builder().target(target.clone()));
    let settings = &campaign["resourceSettings"];
    assert_eq!(settings["includeEntitlements"], true);
    assert_eq!(
        settings["targetResources"][0]["entitlements"],
        serde_json::json!([
            { "id": "esp1", "includeAllValues": false, "values": [{ "id": "ent1" }] },
            { "id": "esp2", "includeAllValues": true },
        ])
    );
    assert_eq!(
        places(builder().target(target.all_entitlements_and_bundles())),
        ["resourceSettings.targetResources[0]"]
    );
}

#[test]
fn remediation() {
    let settings = |builder| json(builder)["remediationSettings"].clone();
    let both = settings(
        complete()
            .revoke_denied_access()
            .revoke_unanswered_access()
            .remediate_groups([GROUP]),
    );
    assert_eq!(
        both,
        serde_json::json!({
            "accessApproved": "NO_ACTION", "accessRevoked": "DENY", "noResponse": "DENY",
            "autoRemediationSettings": { "includeOnly": [{ "resourceId": GROUP, "resourceType": "GROUP" }] },
        })
    );
    assert_eq!(
        places(complete().remediate_all_groups().remediate_groups([GROUP])),
        ["remediationSettings.autoRemediationSettings"]
    );
}
