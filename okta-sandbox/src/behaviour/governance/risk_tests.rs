//! Requests that break a rule against having too much, and access for a time.

use serde_json::{Value, json};

use crate::bench::{Bench, id, ok};
use crate::json::text;

const REQUESTS: &str = "/governance/api/v2/requests";
const ENTRIES: &str = "/governance/api/v2/catalogs/default/entries";

/// An app with two bundles that nobody should have together, and a person who has the first.
struct Scene {
    bench: Bench,
    app: String,
    person: String,
    /// The entry of the second bundle.
    entry: String,
    /// The first sequence has no approvers, the second asks the manager.
    sequences: [String; 2],
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let post = |path: &str, body: Value| ok(bench.call("POST", path, Some(&body)));
        let app = post(
            "/api/v1/apps",
            json!({ "name": "bookmark", "label": "Ledger", "signOnMode": "BOOKMARK",
                "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } }),
        );
        let (orn, app) = (text(&app, "/orn").to_owned(), id(&app));
        let opt_in = json!({ "status": "OPTED_IN" });
        let settings = format!("/governance/api/v2/resources/{orn}/entitlement-settings");
        ok(bench.call("PATCH", &settings, Some(&opt_in)));
        let profile = json!({ "firstName": "Ada", "lastName": "L", "email": "ada@example.com",
            "login": "ada@example.com" });
        let person = id(&post("/api/v1/users", json!({ "profile": profile })));
        let target = json!({ "externalId": app, "type": "APPLICATION" });
        let role = post(
            "/governance/api/v1/entitlements",
            json!({ "name": "Role", "externalValue": "role", "dataType": "string",
                "multiValue": true, "parent": target, "values": [
                    { "name": "Pay", "externalValue": "pay" },
                    { "name": "Approve", "externalValue": "approve" } ] }),
        );
        let reference = |index: usize| json!([{ "id": role["id"], "values": [{ "id": role["values"][index]["id"] }] }]);
        let bundle = |name: &str, index: usize| {
            let body = json!({ "name": name, "target": target, "entitlements": reference(index) });
            id(&post("/governance/api/v1/entitlement-bundles", body))
        };
        let (payer, approver) = (bundle("Payer", 0), bundle("Approver", 1));
        let criterion = |index: usize| {
            json!({ "name": "list", "attribute": "principal.effective_grants",
                "operation": "CONTAINS_ONE",
                "value": { "type": "ENTITLEMENTS", "value": reference(index) } })
        };
        post(
            "/governance/api/v1/risk-rules",
            json!({ "name": "Pay and approve", "description": "Not both",
                "type": "SEPARATION_OF_DUTIES", "resources": [{ "resourceOrn": orn }],
                "conflictCriteria": { "and": [criterion(0), criterion(1)] } }),
        );
        post(
            "/governance/api/v1/grants",
            json!({ "grantType": "ENTITLEMENT-BUNDLE", "entitlementBundleId": payer,
                "targetPrincipal": { "externalId": person, "type": "OKTA_USER" } }),
        );
        let resource = format!("/governance/api/v2/resources/{app}");
        let found = ok(bench.call("GET", &format!("{resource}/request-sequences"), None));
        let sequences = [0, 1].map(|index| id(&found["data"][index]));
        let condition = post(
            &format!("{resource}/request-conditions"),
            json!({ "name": "All", "approvalSequenceId": sequences[0],
                "accessScopeSettings": { "type": "ENTITLEMENT_BUNDLES",
                    "entitlementBundles": [{ "id": approver }] },
                "accessDurationSettings": { "type": "ADMIN_FIXED_DURATION", "duration": "P2D" },
                "requesterSettings": { "type": "EVERYONE" } }),
        );
        let own = format!("{resource}/request-conditions/{}", id(&condition));
        ok(bench.call("POST", &format!("{own}/activate"), None));
        let entries = ok(bench.call("GET", ENTRIES, None));
        let entries = entries["data"].as_array().cloned().unwrap_or_default();
        let entry = entries.iter().find(|one| one["name"] == "Approver");
        let entry = id(entry.expect("an entry"));
        Self {
            bench,
            app,
            person,
            entry,
            sequences,
        }
    }

    fn set(&self, setting: &Value) {
        let path = format!("/governance/api/v2/resources/{}/request-settings", self.app);
        let body = json!({ "riskSettings": { "defaultSetting": setting } });
        ok(self.bench.call("PATCH", &path, Some(&body)));
    }

    fn ask(&self) -> Value {
        let body = json!({ "requested": { "type": "CATALOG_ENTRY", "entryId": self.entry },
            "requestedFor": { "type": "OKTA_USER", "externalId": self.person } });
        ok(self.bench.call("POST", REQUESTS, Some(&body)))
    }

    /// A request when a while has passed.
    fn later(&self, request: &Value, seconds: i64) -> Value {
        self.bench.shared.org().clock.advance(seconds);
        ok(self
            .bench
            .call("GET", &format!("{REQUESTS}/{}", id(request)), None))
    }

    fn assessed(&self) -> Value {
        let path = format!(
            "{ENTRIES}/{}/users/{}/request-fields",
            self.entry, self.person
        );
        ok(self.bench.call("GET", &path, None))["metadata"]["riskAssessment"].clone()
    }

    fn values(&self) -> usize {
        let path = format!(
            "/governance/api/v1/principal-entitlements?filter=parent.externalId%20eq%20%22{}%22%20AND%20targetPrincipal.externalId%20eq%20%22{}%22",
            self.app, self.person
        );
        let all = ok(self.bench.call("GET", &path, None));
        all["data"][0]["values"].as_array().map_or(0, Vec::len)
    }

    fn assigned(&self) -> bool {
        let path = format!("/api/v1/apps/{}/users/{}", self.app, self.person);
        self.bench.call("GET", &path, None).0 == 200
    }

    /// The reviews of a campaign about those who break a rule; what is revoked goes.
    fn launched(&self, settings: &Value) -> Vec<Value> {
        let admin = self.bench.shared.org().admin.clone();
        let body = json!({ "name": "Conflicts", "campaignType": "RESOURCE",
            "scheduleSettings": { "type": "ONE_OFF", "startDate": "2026-10-04T13:43:40Z",
                "durationInDays": 21, "timeZone": "UTC" },
            "resourceSettings": settings,
            "principalScopeSettings": { "type": "USERS", "onlyIncludeUsersWithSODConflicts": true },
            "reviewerSettings": { "type": "USER", "reviewerId": admin },
            "remediationSettings": { "accessApproved": "NO_ACTION", "accessRevoked": "DENY",
                "noResponse": "NO_ACTION" } });
        let campaigns = "/governance/api/v1/campaigns";
        let campaign = ok(self.bench.call("POST", campaigns, Some(&body)));
        let own = format!("{campaigns}/{}", id(&campaign));
        ok(self.bench.call("POST", &format!("{own}/launch"), None));
        let reviews = ok(self.bench.call("GET", "/governance/api/v1/reviews", None));
        reviews["data"].as_array().cloned().unwrap_or_default()
    }

    fn events(&self, kind: &str) -> Vec<Value> {
        let org = self.bench.shared.org();
        let all = org.log.placed().map(|(_, event)| event.clone());
        all.filter(|event| event["eventType"] == kind).collect()
    }
}

#[test]
fn a_request_that_breaks_a_rule_is_rejected_unless_the_resource_allows_it() {
    let scene = Scene::new();
    let assessed = scene.assessed();
    assert_eq!(
        assessed,
        json!({ "requestSubmissionType": "RESTRICTED", "riskRules": [{ "name": "Pay and approve",
            "description": "Not both", "resourceName": "Ledger" }] })
    );
    let request = scene.ask();
    assert_eq!(
        (&request["status"], &request["riskAssessment"]),
        (&json!("SUBMITTED"), &assessed)
    );
    assert_eq!(scene.later(&request, 3)["status"], "REJECTED");
    assert_eq!(scene.events("access.request.reject").len(), 1);
    assert_eq!(scene.values(), 1);

    scene.set(&json!({ "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES" }));
    let request = scene.ask();
    assert_eq!(
        request["riskAssessment"]["riskRules"][0]["name"],
        "Pay and approve"
    );
    let request = scene.later(&request, 10);
    assert_eq!(
        (&request["status"], &request["grantStatus"]),
        (&json!("APPROVED"), &json!("GRANTED"))
    );
    assert_eq!(scene.values(), 2, "the bundle was granted");
}

#[test]
fn a_resource_may_put_another_sequence_and_duration_in_place() {
    let scene = Scene::new();
    let overrides = json!({ "requestSubmissionType": "ALLOWED_WITH_OVERRIDES",
        "approvalSequenceId": scene.sequences[1],
        "accessDurationSettings": { "type": "ADMIN_FIXED_DURATION", "duration": "PT3H" } });
    scene.set(&overrides);
    let request = scene.ask();
    assert_eq!(request["accessDuration"], "PT3H");
    let link = text(&request, "/_links/approvalSequence/href").to_owned();
    assert!(link.ends_with(&scene.sequences[1]), "{link}");
    let request = scene.later(&request, 10);
    assert_eq!(request["status"], "PENDING", "somebody has to decide");
    // Whoever breaks no rule goes by the condition.
    let grants = scene.bench.call(
        "GET",
        "/governance/api/v1/grants?filter=status%20eq%20%22ACTIVE%22",
        None,
    );
    let mut grant = grants.1["data"][0].clone();
    let soon = jiff::SignedDuration::from_secs(60);
    let soon = scene.bench.shared.org().clock.now() + soon;
    grant["scheduleSettings"] = json!({ "expirationDate": soon.to_string() });
    let own = format!("/governance/api/v1/grants/{}", id(&grant));
    let body = json!({ "id": grant["id"], "scheduleSettings": grant["scheduleSettings"] });
    ok(scene.bench.call("PATCH", &own, Some(&body)));
    scene.bench.shared.org().clock.advance(61);
    assert_eq!(scene.assessed()["riskRules"], json!([]));
    let request = scene.ask();
    assert_eq!(request["accessDuration"], "P2D");
    assert_eq!(scene.later(&request, 10)["grantStatus"], "GRANTED");
    // A sequence that is gone can override nothing.
    let path = format!(
        "/governance/api/v2/request-sequences/{}",
        scene.sequences[1]
    );
    ok(scene.bench.call("DELETE", &path, None));
    let settings = format!(
        "/governance/api/v2/resources/{}/request-settings",
        scene.app
    );
    let settings = ok(scene.bench.call("GET", &settings, None));
    let default = &settings["riskSettings"]["defaultSetting"];
    assert_eq!(
        (&default["requestSubmissionType"], &default["error"]),
        (&json!("RESTRICTED"), &json!(["INVALID_SEQUENCE"]))
    );
}

#[test]
fn access_for_a_time_ends_on_time() {
    let scene = Scene::new();
    scene.set(&json!({ "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES" }));
    let request = scene.ask();
    let request = scene.later(&request, 10);
    assert!(request["revocationScheduled"].is_string(), "{request}");
    assert!(scene.assigned());
    scene.bench.shared.org().clock.advance(2 * 24 * 3600);
    let before = scene.events("resource.user_entitlements.update").len();
    // The first look is at something else than governance.
    assert!(scene.assigned(), "another grant holds the app");
    let updates = scene.events("resource.user_entitlements.update");
    assert_eq!(updates.len(), before + 1);
    let by = text(&updates[before], "/actor/alternateId");
    assert_eq!(by, "system@okta.com");
    let request = scene.later(&request, 0);
    assert_eq!(request["revocationStatus"], "REVOKED");
    assert!(request["revoked"].is_string());
    assert_eq!(scene.values(), 1, "what the person had before stays");
}

#[test]
fn an_app_for_a_day_goes_after_a_day() {
    let bench = Bench::new();
    let post = |path: &str, body: Value| ok(bench.call("POST", path, Some(&body)));
    let app = id(&post(
        "/api/v1/apps",
        json!({ "name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
            "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } }),
    ));
    let me = bench.shared.org().admin.clone();
    let request = post(
        REQUESTS,
        json!({ "requested": { "type": "CATALOG_ENTRY", "entryId": app.replacen("0oa", "cen", 1) },
            "requestedFor": { "type": "OKTA_USER", "externalId": me },
            "requesterFieldValues": [{ "id": "ACCESS_DURATION", "type": "DURATION", "value": "P1D" }] }),
    );
    let decision = json!({ "id": request["id"], "decision": "APPROVED" });
    super::decide(&mut bench.shared.org(), &decision).expect("pending");
    let path = format!("/api/v1/apps/{app}/users/{me}");
    assert_eq!(bench.call("GET", &path, None).0, 200);
    bench.shared.org().clock.advance(24 * 3600 - 5);
    assert_eq!(bench.call("GET", &path, None).0, 200);
    bench.shared.org().clock.advance(6);
    assert_eq!(bench.call("GET", &path, None).0, 404);
    let own = format!("{REQUESTS}/{}", id(&request));
    assert_eq!(
        ok(bench.call("GET", &own, None))["revocationStatus"],
        "REVOKED"
    );
}

#[test]
fn access_stays_as_long_as_the_last_request_for_it_says() {
    for again in [Some("P3D"), None] {
        let bench = Bench::new();
        let post = |path: &str, body: Value| ok(bench.call("POST", path, Some(&body)));
        let app = id(&post(
            "/api/v1/apps",
            json!({ "name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK",
                "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } }),
        ));
        let me = bench.shared.org().admin.clone();
        let ask = |lasts: Option<&str>| {
            let fields: Vec<Value> = { lasts.into_iter() }
                .map(|value| json!({ "id": "ACCESS_DURATION", "type": "DURATION", "value": value }))
                .collect();
            let request = post(
                REQUESTS,
                json!({ "requested": { "type": "CATALOG_ENTRY", "entryId": app.replacen("0oa", "cen", 1) },
                    "requestedFor": { "type": "OKTA_USER", "externalId": me },
                    "requesterFieldValues": fields }),
            );
            let decision = json!({ "id": request["id"], "decision": "APPROVED" });
            super::decide(&mut bench.shared.org(), &decision).expect("pending");
        };
        ask(Some("P1D"));
        ask(again);
        let path = format!("/api/v1/apps/{app}/users/{me}");
        bench.shared.org().clock.advance(24 * 3600 + 5);
        assert_eq!(bench.call("GET", &path, None).0, 200, "{again:?}");
        bench.shared.org().clock.advance(2 * 24 * 3600);
        let status = if again.is_some() { 404 } else { 200 };
        assert_eq!(bench.call("GET", &path, None).0, status, "{again:?}");
    }
}

#[test]
fn a_collection_is_over_on_time() {
    let scene = Scene::new();
    let admin = scene.bench.shared.org().admin.clone();
    let path = format!("/api/v1/apps/{}/users/{admin}", scene.app);
    let collections = "/governance/api/v1/collections";
    let post = |path: &str, body: Value| ok(scene.bench.call("POST", path, Some(&body)));
    let own = post(collections, json!({ "name": "Clerks" }));
    let own = format!("{collections}/{}", id(&own));
    let orn = format!("orn:okta:idp:00o1:apps:bookmark:{}", scene.app);
    post(&format!("{own}/resources"), json!([{ "resourceOrn": orn }]));
    let soon = scene.bench.shared.org().clock.now() + jiff::SignedDuration::from_hours(1);
    post(
        &format!("{own}/assignments"),
        json!([{ "principal": { "externalId": admin, "type": "OKTA_USER" },
            "expirationTime": soon.to_string() }]),
    );
    assert_eq!(scene.bench.call("GET", &path, None).0, 200);
    scene.bench.shared.org().clock.advance(3601);
    assert_eq!(scene.bench.call("GET", &path, None).0, 404);
}

#[test]
fn a_campaign_may_look_at_those_alone_who_break_a_rule() {
    let scene = Scene::new();
    scene.set(&json!({ "requestSubmissionType": "ALLOWED_WITH_NO_OVERRIDES" }));
    let assign = |user: &str| {
        let path = format!("/api/v1/apps/{}/users", scene.app);
        ok(scene
            .bench
            .call("POST", &path, Some(&json!({ "id": user }))))
    };
    let admin = scene.bench.shared.org().admin.clone();
    assign(&scene.person);
    assign(&admin);
    let request = scene.ask();
    scene.later(&request, 10);
    let settings = json!({ "type": "APPLICATION", "targetResources":
        [{ "resourceId": scene.app, "resourceType": "APPLICATION" }] });
    let reviews = scene.launched(&settings);
    let whose: Vec<&str> = reviews
        .iter()
        .map(|review| text(review, "/principalProfile/id"))
        .collect();
    assert_eq!(whose, [scene.person.as_str()]);
}

#[test]
fn a_campaign_may_look_into_apps_and_tells_of_conflicts() {
    let scene = Scene::new();
    let path = format!("/api/v1/apps/{}/users", scene.app);
    let body = json!({ "id": scene.person });
    ok(scene.bench.call("POST", &path, Some(&body)));
    let all = ok(scene
        .bench
        .call("GET", "/governance/api/v1/entitlements/values", None));
    let values = all["data"].as_array().cloned().unwrap_or_default();
    let approve = values
        .iter()
        .find(|one| one["name"] == "Approve")
        .expect("a value");
    let references =
        json!([{ "id": approve["entitlementId"], "values": [{ "id": approve["id"] }] }]);
    let grant = json!({ "grantType": "ENTITLEMENT", "entitlements": references,
        "target": { "externalId": scene.app, "type": "APPLICATION" },
        "targetPrincipal": { "externalId": scene.person, "type": "OKTA_USER" } });
    ok(scene
        .bench
        .call("POST", "/governance/api/v1/grants", Some(&grant)));
    assert_eq!(scene.values(), 2);
    let settings = json!({ "type": "APPLICATION", "includeEntitlements": true,
        "targetResources": [{ "resourceId": scene.app, "resourceType": "APPLICATION",
            "includeAllEntitlementsAndBundles": true }] });
    let reviews = scene.launched(&settings);
    assert_eq!(reviews.len(), 2, "{reviews:?}");
    assert_eq!(reviews[0]["entitlementBundle"]["name"], "Payer");
    assert_eq!(reviews[0]["riskRuleConflicts"], json!([]));
    let value = &reviews[1]["entitlementValue"];
    assert_eq!(
        (&value["name"], &value["entitlement"]["name"]),
        (&json!("Approve"), &json!("Role"))
    );
    let conflict = &reviews[1]["riskRuleConflicts"][0];
    assert_eq!(conflict["type"], "SEPARATION_OF_DUTIES");
    let criterion = &conflict["conflictCriteria"]["and"][1];
    assert_eq!(
        criterion["value"]["value"][0]["values"][0]["name"],
        "Approve"
    );

    // The campaign is launched for the next look.
    let campaign = text(&reviews[1], "/campaignId");
    let own = format!("/governance/api/v1/campaigns/{campaign}");
    scene.bench.shared.org().clock.advance(5);
    ok(scene.bench.call("GET", &own, None));
    let decision = json!({ "id": reviews[1]["id"], "decision": "REVOKE" });
    super::decide(&mut scene.bench.shared.org(), &decision).expect("undecided");
    assert_eq!(scene.values(), 1, "the value went, the bundle stays");
    assert!(scene.assigned());
    // What a target lists alone.
    let settings = json!({ "type": "APPLICATION", "includeEntitlements": true,
        "targetResources": [{ "resourceId": scene.app, "resourceType": "APPLICATION",
            "entitlements": [{ "id": approve["entitlementId"], "values": [{ "id": approve["id"] }] }] }] });
    ok(scene
        .bench
        .call("POST", "/governance/api/v1/grants", Some(&grant)));
    let reviews = scene.launched(&settings);
    let fresh: Vec<&Value> = reviews
        .iter()
        .filter(|one| one["campaignId"] != campaign)
        .collect();
    assert_eq!(fresh.len(), 1);
    assert_eq!(fresh[0]["entitlementValue"]["name"], "Approve");
}
