//! Campaigns: their reviews, and what of these may change when.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::json::text;

const CAMPAIGNS: &str = "/governance/api/v1/campaigns";
const REVIEWS: &str = "/governance/api/v1/reviews";

fn ok(answer: (u16, Value)) -> Value {
    assert!((200..300).contains(&answer.0), "{answer:?}");
    answer.1
}

struct Campaign {
    bench: Bench,
    id: String,
    users: Vec<String>,
}

impl Campaign {
    /// A campaign of a group with two members that begins at a date.
    fn new(start: &str, remediation: &Value) -> Self {
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
            "reviewerSettings": { "type": "USER", "reviewerId": admin },
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
