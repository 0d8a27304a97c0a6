//! Nothing of governance outlives what it is about.

use serde_json::{Value, json};

use crate::bench::{Bench, ok};
use crate::json::text;

const GRANTS: &str = "/governance/api/v1/grants";
const OWNERS: &str = "/governance/api/v1/resource-owners";

/// An app with an entitlement, a bundle, a collection, labels, owners, a rule and a condition, and
/// a user who has all of it.
struct Scene {
    bench: Bench,
    app: String,
    orn: String,
    user: String,
    group: String,
    entitlement: Value,
    bundle: String,
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
        let user = post(
            "/api/v1/users?activate=true",
            json!({ "profile": { "login": "a@b.example", "email": "a@b.example", "firstName": "A",
                "lastName": "B" }, "credentials": { "password": { "value": "Correct-horse-1" } } }),
        );
        let group = post("/api/v1/groups", json!({ "profile": { "name": "G" } }));
        let (user, group) = (
            text(&user, "/id").to_owned(),
            text(&group, "/id").to_owned(),
        );
        let (id, orn) = (text(&app, "/id").to_owned(), text(&app, "/orn").to_owned());
        let settings = format!("/governance/api/v2/resources/{orn}/entitlement-settings");
        ok(bench.call("PATCH", &settings, Some(&json!({ "status": "OPTED_IN" }))));
        let target = json!({ "externalId": id, "type": "APPLICATION" });
        let entitlement = post(
            "/governance/api/v1/entitlements",
            json!({ "name": "Role", "externalValue": "role", "dataType": "string", "multiValue": true,
                "parent": target, "values": [{ "name": "Pay", "externalValue": "pay" },
                    { "name": "Sign", "externalValue": "sign" }] }),
        );
        let value = |at: usize| json!([{ "id": entitlement["id"], "values": [{ "id": entitlement["values"][at]["id"] }] }]);
        let bundle = post(
            "/governance/api/v1/entitlement-bundles",
            json!({ "name": "Payer", "target": target, "entitlements": value(0) }),
        );
        let principal = json!({ "externalId": user, "type": "OKTA_USER" });
        post(
            GRANTS,
            json!({ "grantType": "ENTITLEMENT-BUNDLE", "targetPrincipal": principal,
                "entitlementBundleId": bundle["id"] }),
        );
        let collections = "/governance/api/v1/collections";
        let collection = post(collections, json!({ "name": "C" }));
        let own = format!("{collections}/{}", text(&collection, "/id"));
        let resource = json!([{ "resourceOrn": orn, "entitlements": value(1) }]);
        post(&format!("{own}/resources"), resource);
        let assigned = json!([{ "principal": principal, "actor": "API" }]);
        post(&format!("{own}/assignments"), assigned);
        let org = bench.shared.org().id.clone();
        let people = [
            format!("orn:okta:directory:{org}:users:{user}"),
            format!("orn:okta:directory:{org}:groups:{group}"),
        ];
        let owned = json!([
            orn,
            bundle["orn"],
            entitlement["values"][0]["orn"],
            people[1]
        ]);
        post(
            OWNERS,
            json!({ "principalOrns": people, "resourceOrns": owned }),
        );
        let label = json!({ "name": "L", "values": [{ "name": "v" }] });
        let label = post("/governance/api/v1/labels", label);
        post(
            "/governance/api/v1/resource-labels/assign",
            json!({ "resourceOrns": owned, "labelValueIds": [label["values"][0]["labelValueId"]] }),
        );
        let criterion = |name: &str, at: usize| {
            json!({ "name": name, "attribute": "principal.effective_grants", "operation": "CONTAINS_ONE",
                "value": { "type": "ENTITLEMENTS", "value": value(at) } })
        };
        post(
            "/governance/api/v1/risk-rules",
            json!({ "name": "R", "type": "SEPARATION_OF_DUTIES", "resources": [{ "resourceOrn": orn }],
                "conflictCriteria": { "and": [criterion("a", 0), criterion("b", 1)] } }),
        );
        let sequences = format!("/governance/api/v2/resources/{id}/request-sequences");
        let sequences = ok(bench.call("GET", &sequences, None));
        let bundle = text(&bundle, "/id").to_owned();
        let conditions = format!("/governance/api/v2/resources/{id}/request-conditions");
        let condition = post(
            &conditions,
            json!({ "name": "c", "requesterSettings": { "type": "GROUPS", "groups": [{ "id": group }] },
                "accessScopeSettings": { "type": "ENTITLEMENT_BUNDLES",
                    "entitlementBundles": [{ "id": bundle }] },
                "approvalSequenceId": sequences["data"][0]["id"] }),
        );
        let own = format!("{conditions}/{}/activate", text(&condition, "/id"));
        ok(bench.call("POST", &own, None));
        let appointed = json!({ "delegates": { "appointments": [
            { "delegate": { "externalId": bench.shared.org().admin, "type": "OKTA_USER" } }] } });
        let settings = format!("/governance/api/v1/principal-settings/{user}");
        ok(bench.call("PATCH", &settings, Some(&appointed)));
        Self {
            app: id,
            orn,
            user,
            group,
            entitlement,
            bundle,
            bench,
        }
    }

    /// The shelves of governance that still name an id.
    fn naming(&self, id: &str) -> Vec<String> {
        let org = self.bench.shared.org();
        let shelves = org.shelves.iter().filter(|(path, shelf)| {
            let governed = path.starts_with("/governance/") || path.starts_with("/_sandbox/");
            governed
                && shelf
                    .entries()
                    .any(|(key, one)| key.contains(id) || one.to_string().contains(id))
        });
        shelves.map(|(path, _)| path.clone()).collect()
    }

    fn active_grants(&self) -> usize {
        let org = self.bench.shared.org();
        super::grants::active(&org, &self.app, &self.user).count()
    }
}

#[test]
fn a_deactivated_user_has_no_grants_and_a_deleted_one_is_forgotten() {
    let scene = Scene::new();
    assert_eq!(scene.active_grants(), 2);
    let own = format!("/api/v1/users/{}", scene.user);
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    assert_eq!(scene.active_grants(), 0, "deactivated");
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    assert_eq!(scene.naming(&scene.user), [""; 0]);
}

#[test]
fn a_deleted_group_is_forgotten() {
    let scene = Scene::new();
    let own = format!("/api/v1/groups/{}", scene.group);
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    // The condition that names it tells so by being invalid.
    let conditions = "/governance/api/v2/request-conditions";
    assert_eq!(scene.naming(&scene.group), [conditions]);
}

#[test]
fn a_deleted_app_is_forgotten() {
    let scene = Scene::new();
    let own = format!("/api/v1/apps/{}", scene.app);
    ok(scene
        .bench
        .call("POST", &format!("{own}/lifecycle/deactivate"), None));
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    let settings = "/governance/api/v2/resources/entitlement-settings";
    let left = scene.naming(&scene.app);
    assert!(left.iter().all(|path| path == settings), "{left:?}");
    assert_eq!(scene.naming(&scene.bundle), [""; 0]);
}

#[test]
fn entitlements_end_with_their_management_and_the_app_stays() {
    let scene = Scene::new();
    let value = text(&scene.entitlement, "/values/0/id");
    let settings = format!(
        "/governance/api/v2/resources/{}/entitlement-settings",
        scene.orn
    );
    ok(scene
        .bench
        .call("PATCH", &settings, Some(&json!({ "status": "OPTED_OUT" }))));
    let of = |id: &str| {
        let left = scene.naming(id);
        left.into_iter()
            .filter(|path| !path.contains("principal-entitlements"))
            .filter(|path| path != GRANTS && !path.ends_with("request-conditions"))
            .filter(|path| !path.ends_with("catalog-entries"))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(value), [""; 0]);
    assert_eq!(of(&scene.bundle), [""; 0]);
    let org = scene.bench.shared.org();
    assert!(super::principal_access::effective(&org, &scene.app, &scene.user).is_empty());
    assert!(org.app_users.contains(&scene.app, &scene.user));
    drop(org);
    let nowhere = settings.replace(&scene.app, "0oaNone");
    let (_, seen) = scene.bench.call("GET", &nowhere, None);
    assert_eq!(seen["status"], "OPTED_OUT");
    assert_eq!(scene.naming("0oaNone"), [""; 0], "looking keeps nothing");
}

#[test]
fn a_bundle_goes_with_its_owners_and_labels_once_nobody_has_it() {
    let scene = Scene::new();
    let own = format!("/governance/api/v1/entitlement-bundles/{}", scene.bundle);
    assert_eq!(
        scene.bench.call("DELETE", &own, None).0,
        409,
        "it is granted"
    );
    scene
        .bench
        .call("DELETE", &format!("/api/v1/users/{}", scene.user), None);
    assert_eq!(scene.bench.call("DELETE", &own, None).0, 204);
    let left = scene.naming(&scene.bundle);
    let labelled = |path: &String| path.contains("owners") || path.contains("labels");
    assert!(!left.iter().any(labelled), "{left:?}");
}

#[test]
fn an_app_goes_with_the_last_grant_that_needs_it() {
    let scene = Scene::new();
    let assigned = || {
        let org = scene.bench.shared.org();
        org.app_users.contains(&scene.app, &scene.user)
    };
    let grants: Vec<Value> = {
        let org = scene.bench.shared.org();
        let all = super::grants::active(&org, &scene.app, &scene.user);
        all.cloned().collect()
    };
    // The collection's came with the app.
    let (of_collection, of_bundle): (Vec<&Value>, Vec<&Value>) =
        { grants.iter() }.partition(|grant| grant[super::grants::ASSIGNED] == true);
    assert!(assigned() && of_collection.len() == 1);
    let end = |grant: &Value| {
        let mut org = scene.bench.shared.org();
        crate::call::by_itself(&mut org, |call| super::grants::end(call, grant, "INACTIVE"));
    };
    end(of_collection[0]);
    assert!(assigned(), "the bundle needs it");
    end(of_bundle[0]);
    assert!(!assigned());
}
