//! Campaigns: their reviews, and what of these may change when.

use serde_json::{Value, json};

use crate::bench::{Bench, ok};
use crate::json::text;

const CAMPAIGNS: &str = "/governance/api/v1/campaigns";
const REVIEWS: &str = "/governance/api/v1/reviews";

struct Campaign {
    bench: Bench,
    id: String,
    users: Vec<String>,
}

/// Who and what a campaign is about.
struct Cast<'c> {
    bench: &'c Bench,
    admin: &'c str,
    group: &'c str,
    users: &'c [String],
}

impl Campaign {
    /// A campaign of a group with two members that begins at a date.
    fn new(start: &str, remediation: &Value) -> Self {
        Self::reviewed_by(
            start,
            remediation,
            |org| json!({ "type": "USER", "reviewerId": org.admin }),
        )
    }

    /// The same with reviewers of its own: told the bench, the group and its members.
    fn reviewed_by(
        start: &str,
        remediation: &Value,
        reviewers: impl Fn(&Cast<'_>) -> Value,
    ) -> Self {
        let bench = Bench::new();
        let group = json!({ "profile": { "name": "G" } });
        let group = ok(bench.call("POST", "/api/v1/groups", Some(&group)));
        let group = text(&group, "/id");
        let person = |login: &str| {
            let body = json!({ "profile": { "login": login, "email": login, "firstName": "A",
                "lastName": "B" }, "groupIds": [group] });
            let user = ok(bench.call("POST", "/api/v1/users", Some(&body)));
            text(&user, "/id").to_owned()
        };
        let users = vec![person("a@a.example"), person("b@a.example")];
        let admin = bench.shared.org().admin.clone();
        let body = json!({
            "name": "C", "campaignType": "RESOURCE",
            "scheduleSettings": { "type": "ONE_OFF", "startDate": start, "durationInDays": 7, "timeZone": "UTC" },
            "resourceSettings": { "type": "GROUP",
                "targetResources": [{ "resourceId": group, "resourceType": "GROUP" }] },
            "reviewerSettings": reviewers(&Cast { bench: &bench, admin: &admin, group, users: &users }),
            "remediationSettings": remediation,
        });
        let campaign = ok(bench.call("POST", CAMPAIGNS, Some(&body)));
        let id = text(&campaign, "/id").to_owned();
        Self { bench, id, users }
    }

    fn launched(remediation: &Value) -> Self {
        let own = Self::new("2100-01-01T00:00:00Z", remediation);
        assert_eq!(own.post("launch", &json!({})).0, 202);
        own
    }

    fn post(&self, verb: &str, body: &Value) -> (u16, Value) {
        let path = format!("{CAMPAIGNS}/{}/{verb}", self.id);
        self.bench.call("POST", &path, Some(body))
    }

    fn status(&self) -> String {
        let path = format!("{CAMPAIGNS}/{}", self.id);
        text(&ok(self.bench.call("GET", &path, None)), "/status").to_owned()
    }

    fn reviews(&self) -> Vec<Value> {
        let listed = ok(self.bench.call("GET", REVIEWS, None));
        listed["data"].as_array().cloned().unwrap_or_default()
    }
}

fn nothing() -> Value {
    json!({ "accessApproved": "NO_ACTION", "accessRevoked": "NO_ACTION", "noResponse": "NO_ACTION" })
}

#[test]
fn reviews_are_reassigned_all_or_none() {
    let campaign = Campaign::launched(&nothing());
    let reviews = campaign.reviews();
    let ids: Vec<&str> = reviews.iter().map(|one| text(one, "/id")).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(text(&reviews[0], "/principalProfile/type"), "USER");
    let to = &campaign.users[0];
    let reassign = |ids: &[&str], note: &str| {
        let body = json!({ "reviewerId": to, "reviewIds": ids, "note": note });
        campaign.post("reviews/reassign", &body)
    };
    let reviewers = || -> Vec<String> {
        let reviews = campaign.reviews();
        let ids = reviews
            .iter()
            .map(|one| text(one, "/reviewerProfile/id").to_owned());
        ids.collect()
    };
    let before = reviewers();
    assert_eq!(reassign(&[ids[0], "icrNone"], "n").0, 404);
    assert_eq!(reviewers(), before, "none");
    assert_eq!(reassign(&[], "n").0, 400);
    let bare = json!({ "reviewerId": to, "reviewIds": [ids[0]] });
    assert_eq!(campaign.post("reviews/reassign", &bare).0, 400, "no reason");
    let changed = ok(reassign(&ids, "n"));
    assert!(
        text(&changed, "/_links/reviews/href").contains(REVIEWS),
        "{changed}"
    );
    assert_eq!(reviewers(), [to.clone(), to.clone()]);
    ok(campaign.post("end", &json!({})));
    assert_eq!(reassign(&ids, "n").0, 409, "it is over");
}

fn later(days: i64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    crate::clock::seconds(at)
}

#[test]
fn campaigns_keep_their_schedule() {
    let mut remediation = nothing();
    remediation["noResponse"] = json!("DENY");
    let campaign = Campaign::new(&later(1), &remediation);
    let advance = |days: i64| {
        campaign
            .bench
            .shared
            .org()
            .clock
            .advance(days * 24 * 3600 + 60)
    };
    assert_eq!(campaign.status(), "SCHEDULED");
    assert_eq!(campaign.reviews().len(), 0);
    advance(1);
    for status in ["LAUNCHING", "ACTIVE"] {
        assert_eq!(campaign.status(), status);
    }
    assert_eq!(campaign.reviews().len(), 2);
    advance(7);
    assert_eq!(campaign.status(), "COMPLETED");
    assert_eq!(text(&campaign.reviews()[0], "/remediationStatus"), "OPEN");
    let org = campaign.bench.shared.org();
    let group = org
        .groups
        .values()
        .find(|group| group["profile"]["name"] == "G");
    assert_eq!(org.members.count(text(group.expect("a group"), "/id")), 0);
    let told: Vec<&str> = { org.log.placed() }
        .map(|(_, event)| text(event, "/eventType"))
        .filter(|event| event.starts_with("certification.campaign."))
        .collect();
    let steps = ["create", "launch", "close"].map(|step| format!("certification.campaign.{step}"));
    assert_eq!(told, steps);
}

#[test]
fn a_campaign_whose_date_was_over_waits_and_then_has_all_its_time() {
    let campaign = Campaign::new("2020-01-01T00:00:00Z", &nothing());
    assert_eq!(campaign.status(), "SCHEDULED");
    ok(campaign.post("launch", &json!({})));
    assert_eq!(campaign.status(), "LAUNCHING");
    assert_eq!(campaign.status(), "ACTIVE");
    campaign
        .bench
        .shared
        .org()
        .clock
        .advance(7 * 24 * 3600 + 60);
    assert_eq!(campaign.status(), "COMPLETED");
}

#[test]
fn decisions_in_bulk_are_for_campaigns_under_way() {
    let campaign = Campaign::new("2100-01-01T00:00:00Z", &nothing());
    let bulk = |campaign: &Campaign| {
        let path = format!(
            "/governance/api/v1/my/campaigns/{}/reviews/bulk-decisions",
            campaign.id
        );
        let body = json!({ "reviewDecision": "APPROVE", "notes": "n" });
        (campaign.bench.call("POST", &path, Some(&body)), path)
    };
    assert_eq!(bulk(&campaign).0.0, 409, "not launched");
    ok(campaign.post("launch", &json!({})));
    let (done, path) = bulk(&campaign);
    let done = ok(done);
    assert_eq!(done["eligibleReviewRecordCount"], 2);
    let job = format!("{path}/jobs/{}", text(&done, "/jobId"));
    let seen = ok(campaign.bench.call("GET", &job, None));
    assert!(
        seen.as_object()
            .is_some_and(|job| job.keys().all(|name| !name.starts_with('~')))
    );
    let elsewhere = job.replace(&campaign.id, "iciOther");
    assert_eq!(campaign.bench.call("GET", &elsewhere, None).0, 404);
    ok(campaign.post("end", &json!({})));
    assert_eq!(bulk(&campaign).0.0, 409, "it is over");
    let shelf = super::campaigns::SHELF;
    if let Some(one) = campaign
        .bench
        .shared
        .org()
        .shelf(shelf)
        .get_mut(&campaign.id)
    {
        one["status"] = json!("ACTIVE");
        one["reviewerSettings"]["bulkDecisionDisabled"] = json!(true);
    }
    assert_eq!(bulk(&campaign).0.0, 409, "not in bulk");
}

#[test]
fn lists_come_in_the_order_that_is_asked_for() {
    let bench = Bench::new();
    for (name, start) in [
        ("b", "2100-01-03"),
        ("c", "2100-01-01"),
        ("a", "2100-01-02"),
    ] {
        let settings = json!({});
        let body = json!({ "name": name, "campaignType": "RESOURCE",
            "scheduleSettings": { "type": "ONE_OFF", "startDate": format!("{start}T00:00:00Z"),
                "durationInDays": 7, "timeZone": "UTC" },
            "resourceSettings": { "type": "GROUP" }, "reviewerSettings": { "type": "USER", "reviewerId": "00uSomebody" },
            "remediationSettings": settings });
        ok(bench.call("POST", CAMPAIGNS, Some(&body)));
    }
    let listed = |query: &str| {
        let mut names = String::new();
        let mut target = format!("{CAMPAIGNS}?limit=1{query}");
        loop {
            let body = ok(bench.call("GET", &target, None));
            names += text(&body, "/data/0/name");
            let next = text(&body, "/_links/next/href");
            let Some(at) = next.find("/governance") else {
                return names;
            };
            target = next[at..].to_owned();
        }
    };
    assert_eq!(listed(""), "bca");
    assert_eq!(listed("&orderBy=name%20asc"), "abc");
    assert_eq!(listed("&orderBy=name%20desc"), "cba");
    assert_eq!(listed("&orderBy=startDate"), "cab");
}

/// Type of the reviewers, the only one, and the group in charge, of each review.
fn reviewers(settings: impl Fn(&Cast<'_>) -> Value) -> (Campaign, Vec<[String; 3]>) {
    let campaign = Campaign::reviewed_by("2100-01-01T00:00:00Z", &nothing(), settings);
    assert_eq!(campaign.post("launch", &json!({})).0, 202);
    let paths = [
        "/reviewerType",
        "/reviewerProfile/id",
        "/reviewerGroupProfile/groupId",
    ];
    let reviews = campaign.reviews();
    let found = reviews.iter().map(|one| {
        assert!(one["reviewers"].is_null(), "{one}");
        paths.map(|path| text(one, path).to_owned())
    });
    let found = found.collect();
    (campaign, found)
}

#[test]
fn reviewers_are_a_group_the_owners_or_whom_an_expression_names() {
    let (campaign, found) =
        reviewers(|cast| json!({ "type": "GROUP", "reviewerGroupId": cast.group }));
    let [kind, only, group] = &found[0];
    assert_eq!((kind.as_str(), only.as_str()), ("GROUP", ""));
    assert!(group.starts_with("00g"), "{group}");
    for user in &campaign.users {
        let filter = format!("{REVIEWS}?filter=reviewerId%20eq%20%22{user}%22");
        let mine = ok(campaign.bench.call("GET", &filter, None));
        assert_eq!(
            mine["data"].as_array().map(Vec::len),
            Some(2),
            "either may decide"
        );
    }

    let (campaign, found) = reviewers(|cast| {
        let path = format!("/api/v1/users/{}", cast.users[0]);
        let manager = json!({ "profile": { "managerId": cast.users[1] } });
        ok(cast.bench.call("POST", &path, Some(&manager)));
        json!({ "type": "REVIEWER_EXPRESSION", "reviewerScopeExpression": "user.profile.managerId",
            "fallBackReviewerId": cast.admin })
    });
    let admin = campaign.bench.shared.org().admin.clone();
    let mut people: Vec<&str> = found.iter().map(|[_, only, _]| only.as_str()).collect();
    people.sort_unstable();
    let mut expected = [campaign.users[1].as_str(), admin.as_str()];
    expected.sort_unstable();
    assert_eq!(
        people, expected,
        "the manager, and whoever is fallen back on"
    );

    let (campaign, found) = reviewers(|cast| {
        let owners = json!({ "principalOrns": [owner(cast)], "resourceOrns": [resource(cast)] });
        ok(cast
            .bench
            .call("POST", "/governance/api/v1/resource-owners", Some(&owners)));
        json!({ "type": "RESOURCE_OWNER", "fallBackReviewerId": cast.admin })
    });
    for one in &found {
        assert_eq!(
            one[..2],
            ["RESOURCE_OWNER".to_owned(), campaign.users[0].clone()]
        );
    }
}

#[test]
fn nobody_reviews_themselves_where_that_is_off() {
    let (campaign, found) = reviewers(
        |cast| json!({ "type": "GROUP", "reviewerGroupId": cast.group, "selfReviewDisabled": true }),
    );
    // Of two members the other one is left.
    let reviews = campaign.reviews();
    for (review, [kind, only, _]) in reviews.iter().zip(&found) {
        assert_eq!(kind, "USER");
        assert_ne!(text(review, "/principalProfile/id"), only);
    }
}

fn orn(cast: &Cast<'_>, kind: &str, id: &str) -> String {
    format!(
        "orn:okta:directory:{}:{kind}:{id}",
        cast.bench.shared.org().id
    )
}

fn owner(cast: &Cast<'_>) -> String {
    orn(cast, "users", &cast.users[0])
}

fn resource(cast: &Cast<'_>) -> String {
    orn(cast, "groups", cast.group)
}

#[test]
fn what_a_first_level_approves_goes_to_the_second_on_its_day() {
    let (campaign, found) = reviewers(|cast| {
        let level = |who: &str, start: Value| json!({ "type": "USER", "reviewerId": who, "startReview": start });
        json!({ "type": "MULTI_LEVEL", "reviewerLevels": [
            level(cast.admin, json!({ "onDay": 0 })),
            level(&cast.users[0], json!({ "onDay": 2, "when": "LOWER_LEVEL_APPROVES" })),
        ] })
    });
    let admin = campaign.bench.shared.org().admin.clone();
    assert!(found.iter().all(|[_, only, _]| *only == admin), "{found:?}");
    assert_eq!(campaign.status(), "LAUNCHING");
    assert_eq!(campaign.status(), "ACTIVE");
    let ids: Vec<String> = campaign
        .reviews()
        .iter()
        .map(|one| text(one, "/id").to_owned())
        .collect();
    let decide = |id: &str, decision: &str| {
        let body = json!({ "id": id, "decision": decision });
        campaign.bench.call("POST", "/_sandbox/decide", Some(&body))
    };
    ok(decide(&ids[0], "APPROVE"));
    ok(decide(&ids[1], "REVOKE"));
    let read = |id: &str| ok(campaign.bench.call("GET", &format!("{REVIEWS}/{id}"), None));
    assert_eq!(
        text(&read(&ids[0]), "/decision"),
        "APPROVE",
        "not yet the day"
    );
    campaign
        .bench
        .shared
        .org()
        .clock
        .advance(2 * 24 * 3600 + 60);
    let passed = read(&ids[0]);
    assert_eq!(
        ["/decision", "/currentReviewerLevel", "/reviewerProfile/id"]
            .map(|path| text(&passed, path)),
        ["UNREVIEWED", "SECOND", &campaign.users[0]]
    );
    let first = &passed["allReviewerLevels"][0];
    assert_eq!(
        ["/decision", "/reviewerLevel", "/reviewerProfile/id"].map(|path| text(first, path)),
        ["APPROVE", "FIRST", &admin]
    );
    let refused = read(&ids[1]);
    assert_eq!(
        text(&refused, "/decision"),
        "REVOKE",
        "that was the last word"
    );
    ok(decide(&ids[0], "REVOKE"));
    let last = read(&ids[0]);
    assert_eq!(
        ["/decision", "/currentReviewerLevel"].map(|path| text(&last, path)),
        ["REVOKE", "SECOND"]
    );
}

#[test]
fn settings_of_reviewers_have_what_their_type_needs() {
    let bench = Bench::new();
    let create = |settings: Value| {
        let body = json!({
            "name": "C", "scheduleSettings": { "type": "ONE_OFF", "startDate": later(1),
                "durationInDays": 7, "timeZone": "UTC" },
            "resourceSettings": { "type": "GROUP", "targetResources": [] },
            "reviewerSettings": settings, "remediationSettings": nothing(),
        });
        bench.call("POST", CAMPAIGNS, Some(&body)).0
    };
    for kind in [
        "USER",
        "GROUP",
        "REVIEWER_EXPRESSION",
        "RESOURCE_OWNER",
        "MULTI_LEVEL",
    ] {
        assert_eq!(create(json!({ "type": kind })), 400, "{kind}");
    }
    let level = json!({ "type": "USER", "startReview": { "onDay": 0 } });
    let levels = json!({ "type": "MULTI_LEVEL", "reviewerLevels": [level] });
    assert_eq!(create(levels), 400, "of a level, too");
}
