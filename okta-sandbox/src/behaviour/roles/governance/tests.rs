//! Bundles of admin roles: who may have them, who has them, and what they leave behind.

use serde_json::{Value, json};

use crate::bench::{Bench, id, ok};
use crate::json::text;

const GOVERNANCE: &str = "/api/v1/iam/governance";
const GRANTS: &str = "/governance/api/v1/grants";

/// Opted in, with a person and two groups.
struct Scene {
    bench: Bench,
    person: String,
    groups: [String; 2],
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let post = |path: &str, body: Value| ok(bench.call("POST", path, Some(&body)));
        let profile = json!({ "firstName": "Ada", "lastName": "L", "email": "ada@example.com",
            "login": "ada@example.com" });
        let person = id(&post("/api/v1/users", json!({ "profile": profile })));
        let groups = ["One", "Two"].map(|name| {
            id(&post(
                "/api/v1/groups",
                json!({ "profile": { "name": name } }),
            ))
        });
        ok(bench.call("POST", &format!("{GOVERNANCE}/optIn"), None));
        Self {
            bench,
            person,
            groups,
        }
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.bench.call(method, path, Some(&body))
    }

    fn get(&self, path: &str) -> Value {
        ok(self.bench.call("GET", path, None))
    }

    fn bundle(&self, name: &str, entitlements: &Value) -> Value {
        let body = json!({ "name": name, "description": "Some", "entitlements": entitlements });
        ok(self.call("POST", &format!("{GOVERNANCE}/bundles"), body))
    }

    fn grant(&self, bundle: &Value, until: Option<&str>) -> Value {
        let mut body = json!({ "grantType": "ENTITLEMENT-BUNDLE", "entitlementBundleId": bundle["id"],
            "targetPrincipal": { "externalId": self.person, "type": "OKTA_USER" } });
        if let Some(until) = until {
            body["scheduleSettings"] = json!({ "expirationDate": until });
        }
        ok(self.call("POST", GRANTS, body))
    }

    fn roles(&self) -> Vec<Value> {
        let roles = self.get(&format!("/api/v1/users/{}/roles", self.person));
        roles.as_array().cloned().unwrap_or_default()
    }

    fn targets(&self) -> Vec<String> {
        let role = text(&self.roles()[0], "/id").to_owned();
        let path = format!("/api/v1/users/{}/roles/{role}/targets/groups", self.person);
        let all = self.get(&path);
        all.as_array().into_iter().flatten().map(id).collect()
    }
}

#[test]
fn bundles_need_the_management() {
    let bench = Bench::new();
    let bundles = format!("{GOVERNANCE}/bundles");
    let status = |bench: &Bench| ok(bench.call("GET", &format!("{GOVERNANCE}/optIn"), None));
    assert_eq!(status(&bench)["optInStatus"], "OPTED_OUT");
    let (refused, body) = bench.call("GET", &bundles, None);
    assert_eq!((refused, text(&body, "/errorCode")), (403, "E0000006"));
    let turned = ok(bench.call("POST", &format!("{GOVERNANCE}/optIn"), None));
    assert_eq!(turned["optInStatus"], "OPTING_IN");
    assert_eq!(status(&bench)["optInStatus"], "OPTING_IN");
    assert_eq!(status(&bench)["optInStatus"], "OPTED_IN");
    assert_eq!(ok(bench.call("GET", &bundles, None))["bundles"], json!([]));
    let again = ok(bench.call("POST", &format!("{GOVERNANCE}/optIn"), None));
    assert_eq!(again["optInStatus"], "OPTED_IN");
    let turned = ok(bench.call("POST", &format!("{GOVERNANCE}/optOut"), None));
    assert_eq!(turned["optInStatus"], "OPTING_OUT");
    assert_eq!(bench.call("GET", &bundles, None).0, 403);
    let org = bench.shared.org();
    let events = |kind: &str| {
        let all = org.log.placed();
        all.filter(|(_, event)| event["eventType"] == kind).count()
    };
    assert_eq!(events("resource.governance_engine.enable"), 1);
    assert_eq!(events("resource.governance_engine.disable"), 1);
}

#[test]
fn bundles_are_checked_and_show_their_roles() {
    let scene = Scene::new();
    let bundles = format!("{GOVERNANCE}/bundles");
    let refused = |name: &str, entitlements: Value| {
        let body = json!({ "name": name, "description": "", "entitlements": entitlements });
        let (status, body) = scene.call("POST", &bundles, body);
        assert_eq!(
            (status, text(&body, "/errorCode")),
            (400, "E0000001"),
            "{body}"
        );
    };
    refused("", json!([{ "role": "USER_ADMIN" }]));
    refused("None", json!([]));
    refused("Unknown", json!([{ "role": "KING" }]));
    refused(
        "App",
        json!([{ "role": "APP_ADMIN", "targets": [scene.groups[0]] }]),
    );
    refused(
        "Org",
        json!([{ "role": "ORG_ADMIN", "targets": [scene.groups[0]] }]),
    );
    refused(
        "Twice",
        json!([{ "role": "ORG_ADMIN" }, { "role": "ORG_ADMIN" }]),
    );
    let role = json!({ "label": "Readers", "description": "They read",
        "permissions": ["okta.users.read"] });
    let role = ok(scene.call("POST", "/api/v1/iam/roles", role));
    refused("Custom", json!([{ "role": role["id"] }]));
    refused(
        "Custom",
        json!([{ "role": role["id"], "resourceSets": ["iamNone"] }]),
    );

    let set = json!({ "label": "All", "description": "All", "resources": [] });
    let set = ok(scene.call("POST", "/api/v1/iam/resource-sets", set));
    let entitlements = json!([
        { "role": "USER_ADMIN", "targets": [scene.groups[0]] },
        { "role": role["id"], "resourceSets": [set["id"]] },
    ]);
    let bundle = scene.bundle("Both", &entitlements);
    assert!(
        bundle.get("~entitlements").is_none() && id(&bundle).starts_with("0bb"),
        "{bundle}"
    );
    refused("Both", json!([{ "role": "ORG_ADMIN" }]));
    let own = format!("{bundles}/{}", id(&bundle));
    let listed = scene.get(&format!("{own}/entitlements?limit=1"));
    assert_eq!(listed["entitlements"][0]["role"], "USER_ADMIN");
    assert!(listed["_links"]["next"].is_object(), "{listed}");
    let all = scene.get(&format!("{own}/entitlements"));
    let values = |index: usize| {
        let entitlement = text(&all["entitlements"][index], "/id");
        scene.get(&format!("{own}/entitlements/{entitlement}/values"))
    };
    assert_eq!(values(0)["entitlementValues"][0]["name"], "One");
    let set_link = &values(1)["entitlementValues"][0]["_links"]["resource-set"]["href"];
    assert!(
        set_link
            .as_str()
            .is_some_and(|link| link.ends_with(&id(&set))),
        "{set_link}"
    );
    assert_eq!(
        scene
            .bench
            .call("GET", &format!("{own}/entitlements/espNone/values"), None)
            .0,
        404
    );
    // What stays keeps its ids.
    let body = json!({ "name": "One", "description": "Less", "entitlements": [entitlements[0]] });
    let replaced = ok(scene.call("PUT", &own, body));
    assert_eq!(replaced["name"], "One");
    let left = scene.get(&format!("{own}/entitlements"));
    assert_eq!(left["entitlements"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["entitlements"][0]["id"], all["entitlements"][0]["id"]);
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    assert_eq!(scene.bench.call("GET", &own, None).0, 404);
}

#[test]
fn a_granted_bundle_gives_roles_that_go_with_the_last_grant() {
    let scene = Scene::new();
    let limited =
        |group: usize| json!([{ "role": "USER_ADMIN", "targets": [scene.groups[group]] }]);
    let (first, second) = (
        scene.bundle("A", &limited(0)),
        scene.bundle("B", &limited(1)),
    );
    let soon = scene.bench.shared.org().clock.now() + jiff::SignedDuration::from_secs(100);
    let grant = scene.grant(&first, Some(&soon.to_string()));
    assert!(text(&grant, "/_links/entitlementBundle/href").contains("/iam/governance/bundles/"));
    scene.grant(&second, None);
    let roles = scene.roles();
    assert_eq!((roles.len(), &roles[0]["type"]), (1, &json!("USER_ADMIN")));
    assert!(roles[0].get("~governed").is_none());
    assert_eq!(scene.targets(), scene.groups);

    let role = format!("/api/v1/users/{}/roles/{}", scene.person, id(&roles[0]));
    let sources = scene.get(&format!("{role}/governance"));
    assert_eq!(
        sources["grants"].as_array().map(Vec::len),
        Some(2),
        "{sources}"
    );
    let own = format!("{role}/governance/{}", id(&grant));
    let source = scene.get(&own);
    assert_eq!(source["bundleId"], first["id"]);
    assert!(source["expirationDate"].is_string());
    let resources = scene.get(&format!("{own}/resources"));
    assert_eq!(
        resources["resources"][0],
        json!({ "resource": scene.groups[0], "label": "One" })
    );
    let missing = format!("{role}/governance/graNone");
    assert_eq!(scene.bench.call("GET", &missing, None).0, 404);
    let listed = scene.get(&format!("{role}/targets"));
    assert!(
        listed[0]["expiration"].is_string() && listed[1]["expiration"].is_null(),
        "{listed}"
    );

    scene.bench.shared.org().clock.advance(101);
    assert_eq!(
        scene.targets(),
        [scene.groups[1].clone()],
        "one grant is over"
    );
    let other =
        json!({ "name": "B", "description": "", "entitlements": [{ "role": "ORG_ADMIN" }] });
    let path = format!("{GOVERNANCE}/bundles/{}", id(&second));
    ok(scene.call("PUT", &path, other));
    let kinds: Vec<Value> = scene
        .roles()
        .iter()
        .map(|role| role["type"].clone())
        .collect();
    assert_eq!(kinds, ["ORG_ADMIN"], "the bundle changed under its holder");
    assert_eq!(scene.bench.call("DELETE", &path, None).0, 204);
    assert!(scene.roles().is_empty());
}

#[test]
fn a_role_assigned_by_hand_stays() {
    let scene = Scene::new();
    let roles = format!("/api/v1/users/{}/roles", scene.person);
    ok(scene.call("POST", &roles, json!({ "type": "HELP_DESK_ADMIN" })));
    let bundle = scene.bundle(
        "Desk",
        &json!([{ "role": "HELP_DESK_ADMIN", "targets": [scene.groups[0]] }]),
    );
    scene.grant(&bundle, None);
    assert_eq!(scene.roles().len(), 1);
    assert!(scene.targets().is_empty(), "it is not narrowed");
    ok(scene
        .bench
        .call("POST", &format!("{GOVERNANCE}/optOut"), None));
    assert_eq!(scene.roles().len(), 1);
}
