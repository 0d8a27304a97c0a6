//! Owners of resources, what has none, and what reviewers see of agents.

use serde_json::{Value, json};

use crate::bench::{Bench, ok};
use crate::json::text;

const OWNERS: &str = "/governance/api/v1/resource-owners";

fn filter(expression: &str) -> String {
    let encoded: String = expression
        .chars()
        .map(|c| match c {
            ' ' => "%20".to_owned(),
            '"' => "%22".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("filter={encoded}")
}

#[test]
fn what_is_within_an_app_is_listed_until_it_has_an_owner() {
    let bench = Bench::new();
    let post = |path: &str, body: Value| ok(bench.call("POST", path, Some(&body)));
    let app = post(
        "/api/v1/apps",
        json!({ "name": "bookmark", "label": "Ledger", "signOnMode": "BOOKMARK",
            "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } }),
    );
    let orn = text(&app, "/orn");
    let settings = format!("/governance/api/v2/resources/{orn}/entitlement-settings");
    ok(bench.call("PATCH", &settings, Some(&json!({ "status": "OPTED_IN" }))));
    let target = json!({ "externalId": app["id"], "type": "APPLICATION" });
    let role = post(
        "/governance/api/v1/entitlements",
        json!({ "name": "Role", "externalValue": "role", "dataType": "string", "multiValue": true,
            "parent": target, "values": [
                { "name": "Pay", "externalValue": "pay", "description": "Money goes" },
                { "name": "Approve", "externalValue": "approve" } ] }),
    );
    let entitlements = json!([{ "id": role["id"], "values": [{ "id": role["values"][0]["id"] }] }]);
    let bundle = post(
        "/governance/api/v1/entitlement-bundles",
        json!({ "name": "Payer", "target": target, "entitlements": entitlements }),
    );
    let catalog = |expression: &str| {
        let path = format!("{OWNERS}/catalog/resources?{}", filter(expression));
        bench.call("GET", &path, None)
    };
    let of_app = format!("parentResourceOrn eq \"{orn}\"");
    let free = ok(catalog(&of_app));
    assert_eq!(
        (
            text(&free, "/parentResourceOrn"),
            free["data"].as_array().map(Vec::len)
        ),
        (orn, Some(3))
    );
    let values = ok(catalog(&format!(
        "{of_app} AND resource.type eq \"entitlement-values\" AND resource.profile.name sw \"Pay\""
    )));
    assert_eq!(values["data"].as_array().map(Vec::len), Some(1), "{values}");
    assert_eq!(
        values["data"][0]["profile"],
        json!({ "id": role["values"][0]["id"], "name": "Pay", "description": "Money goes",
            "parent": { "id": role["id"], "name": "Role" } })
    );
    for bad in [
        "resource.type eq \"entitlement-values\"".to_owned(),
        format!("{of_app} AND resource.profile.name sw \"Pay\""),
        "parentResourceOrn eq \"orn:okta:idp:00o1:apps:bookmark:0oaNone\"".to_owned(),
    ] {
        let (status, refused) = catalog(&bad);
        assert_eq!(
            (status, text(&refused, "/errorCode")),
            (400, "E0000001"),
            "{bad}"
        );
    }
    assert_eq!(
        bench
            .call("GET", &format!("{OWNERS}/catalog/resources"), None)
            .0,
        400
    );

    let me = bench.shared.org().admin.clone();
    let owner = format!("orn:okta:directory:00o1:users:{me}");
    let body = json!({ "resourceOrns": [bundle["orn"]], "principalOrns": [owner] });
    let set = post(OWNERS, body);
    assert_eq!(
        (
            &set["data"][0]["resource"]["type"],
            &set["data"][0]["parentResourceOrn"]
        ),
        (&json!("entitlement-bundles"), &json!(orn))
    );
    let left = ok(catalog(&of_app));
    assert_eq!(left["data"].as_array().map(Vec::len), Some(2));
    let owned = ok(bench.call("GET", &format!("{OWNERS}?{}", filter(&of_app)), None));
    assert_eq!(owned["data"][0]["principals"][0]["type"], "users");
    let nothing = json!({ "resourceOrns": ["orn:okta:governance:00o1:entitlement-bundles:enbNone"],
        "principalOrns": [owner] });
    assert_eq!(bench.call("POST", OWNERS, Some(&nothing)).0, 404);
}

#[test]
fn reviewers_see_what_an_agent_may_reach() {
    let bench = Bench::new();
    let me = bench.shared.org().admin.clone();
    let review = json!({ "id": "icr1", "campaignId": "ici1", "reviewerProfile": { "id": me } });
    let mine = |campaign: &str, review: &str, agent: &str| {
        let path = format!(
            "/governance/api/v1/my/campaigns/{campaign}/reviews/{review}/agent-resource-connections/{agent}"
        );
        bench.call("GET", &path, None)
    };
    {
        let mut org = bench.shared.org();
        org.shelf("/governance/api/v1/reviews")
            .put("icr1", review.clone());
        let mut other = review.clone();
        other["reviewerProfile"]["id"] = json!("00uOther");
        org.shelf("/governance/api/v1/reviews").put("icr2", other);
        let connection = json!({ "id": "mcn1", "connectionType": "STS_VAULT_SECRET",
            "secret": { "orn": "orn:okta:pam:00o1:secrets:1", "name": "Key" } });
        org.shelf("/workload-principals/api/v1/ai-agents/wlp1/connections")
            .put("mcn1", connection);
    }
    let found = ok(mine("ici1", "icr1", "wlp1"));
    assert_eq!(
        (
            &found["data"][0]["secret"]["name"],
            &found["data"][0]["status"]
        ),
        (&json!("Key"), &json!("ACTIVE"))
    );
    for (campaign, review, agent) in [
        ("ici2", "icr1", "wlp1"),
        ("ici1", "icr2", "wlp1"),
        ("ici1", "icr1", "wlp2"),
    ] {
        assert_eq!(mine(campaign, review, agent).0, 404);
    }
}
