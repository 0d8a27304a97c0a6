//! Entitlements, bundles, grants, and what users have by them.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

const ENTITLEMENTS: &str = "/governance/api/v1/entitlements";
const BUNDLES: &str = "/governance/api/v1/entitlement-bundles";
const GRANTS: &str = "/governance/api/v1/grants";

/// An app with an entitlement of two values, and a user.
struct World<'s> {
    sandbox: &'s Sandbox,
    admin: Admin<'s>,
    app: String,
    orn: String,
    user: String,
    entitlement: String,
    values: Vec<String>,
}

impl<'s> World<'s> {
    async fn new(sandbox: &'s Sandbox) -> Self {
        let admin = Admin::new(sandbox);
        let app = json!({
            "name": "bookmark", "label": "Ledger", "signOnMode": "BOOKMARK",
            "settings": { "app": { "requestIntegration": false, "url": "https://ledger.example" } },
        });
        let (status, app) = admin.post("/api/v1/apps", app).await;
        assert_eq!(status, 200, "{app}");
        let orn = app["orn"].as_str().expect("an ORN").to_owned();
        let app = id(&app).to_owned();
        let user = json!({ "profile": {
            "login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "L",
        } });
        let user = id(&admin.post("/api/v1/users", user).await.1).to_owned();

        let body = |parent: &str| {
            json!({
                "name": "Role", "externalValue": "role", "dataType": "array", "multiValue": true,
                "parent": { "externalId": parent, "type": "APPLICATION" },
                "values": [
                    { "name": "Clerk", "externalValue": "clerk", "description": "Books" },
                    { "name": "Auditor", "externalValue": "auditor" },
                ],
            })
        };
        let (status, refused) = admin.post(ENTITLEMENTS, body(&app)).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (404, "E0000007"),
            "not opted in"
        );
        let settings = format!("/governance/api/v2/resources/{}/entitlement-settings", orn);
        let (status, _) = admin
            .patch(&settings, json!({ "status": "OPTED_IN" }))
            .await;
        assert_eq!(status, 202);
        let (status, made) = admin.post(ENTITLEMENTS, body(&app)).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(made["parentResourceOrn"], orn.as_str());
        let values = made["values"].as_array().expect("values").iter();
        let values = values.map(|value| id(value).to_owned()).collect();
        Self {
            sandbox,
            entitlement: id(&made).to_owned(),
            admin,
            app,
            orn,
            user,
            values,
        }
    }

    fn target(&self) -> Value {
        json!({ "externalId": self.app, "type": "APPLICATION" })
    }

    fn principal(&self) -> Value {
        json!({ "externalId": self.user, "type": "OKTA_USER" })
    }

    fn values(&self, which: &[usize]) -> Value {
        let values = which.iter().map(|n| json!({ "id": self.values[*n] }));
        json!([{ "id": self.entitlement, "values": values.collect::<Value>() }])
    }

    async fn bundle(&self, name: &str, which: &[usize]) -> Value {
        let body =
            json!({ "name": name, "target": self.target(), "entitlements": self.values(which) });
        let (status, bundle) = self.admin.post(BUNDLES, body).await;
        assert_eq!(status, 201, "{bundle}");
        bundle
    }

    async fn grant(&self, grant: Value) -> Value {
        let mut body = json!({ "targetPrincipal": self.principal() });
        for (name, value) in grant.as_object().expect("members") {
            body[name] = value.clone();
        }
        let (status, grant) = self.admin.post(GRANTS, body).await;
        assert_eq!(status, 201, "{grant}");
        grant
    }

    /// The names of the values that the user has.
    async fn has(&self) -> Vec<String> {
        let filter = format!(
            "parent.externalId eq \"{}\" AND parent.type eq \"APPLICATION\" AND \
             targetPrincipal.externalId eq \"{}\" AND targetPrincipal.type eq \"OKTA_USER\"",
            self.app, self.user
        );
        let path = format!(
            "/governance/api/v1/principal-entitlements?filter={}",
            filter.replace(' ', "+")
        );
        let (status, all) = self.admin.get(&path).await;
        assert_eq!(status, 200, "{all}");
        let values = all["data"].as_array().expect("a list").iter();
        let values = values.flat_map(|one| one["values"].as_array().expect("values"));
        values
            .map(|value| value["name"].as_str().expect("a name").to_owned())
            .collect()
    }

    async fn by_orns(&self, list: &str, resource: &str, principal: &str) -> Value {
        let user = format!(
            "orn:okta:directory:{}:users:{}",
            self.sandbox.org_id(),
            self.user
        );
        let filter = format!(
            "{resource}+eq+\"{}\"+AND+{principal}+eq+\"{user}\"",
            self.orn
        );
        let (status, found) = self
            .admin
            .get(&format!("/governance/api/v1/{list}filter={filter}"))
            .await;
        assert_eq!(status, 200, "{found}");
        found
    }
}

#[tokio::test]
async fn grants_add_up_and_are_taken_away() {
    let sandbox = Sandbox::start().await.expect("starts");
    let world = World::new(&sandbox).await;
    let admin = &world.admin;
    assert_eq!(world.has().await, [""; 0]);

    let bundle = world.bundle("Clerks", &[0]).await;
    assert!(
        bundle["entitlements"][0].get("name").is_none(),
        "a new bundle shows ids alone"
    );
    let (_, read) = admin.get(&format!("{BUNDLES}/{}", id(&bundle))).await;
    assert_eq!(
        read["entitlements"][0]["values"][0]["externalValue"],
        "clerk"
    );
    let by_bundle = world
        .grant(json!({ "grantType": "ENTITLEMENT-BUNDLE", "entitlementBundleId": bundle["id"] }))
        .await;
    assert_eq!(by_bundle["target"], world.target());
    assert_eq!(world.has().await, ["Clerk"]);
    let single = world
        .grant(json!({ "grantType": "ENTITLEMENT", "target": world.target(), "entitlements": world.values(&[1]) }))
        .await;
    assert_eq!(world.has().await, ["Clerk", "Auditor"]);

    let access = world
        .by_orns(
            "principal-access?",
            "parentResourceOrn",
            "targetPrincipalOrn",
        )
        .await;
    assert_eq!(access["additional"][0]["bundle"]["name"], "Clerks");
    assert_eq!(access["additional"][1]["grant"]["id"], single["id"]);
    assert_eq!(
        access["additional"][1]["entitlements"][0]["values"][0]["effective"],
        true
    );
    assert!(access.get("base").is_none());

    // A bundle's grants follow the bundle; what is granted cannot be deleted.
    let own = format!("{BUNDLES}/{}", id(&bundle));
    let mut wider = bundle.clone();
    wider["entitlements"] = world.values(&[0, 1]);
    let (status, replaced) = admin.put(&own, wider).await;
    assert_eq!(status, 200, "{replaced}");
    let entitlement = format!("{ENTITLEMENTS}/{}", world.entitlement);
    for (path, refusal) in [(&own, (409, "E0000195")), (&entitlement, (400, "E0000001"))] {
        let (status, refused) = admin.bare("DELETE", path).await;
        assert_eq!((status.as_u16(), code(&refused)), refusal, "{path}");
    }

    let value = format!(
        "orn:okta:governance:{}:entitlement-values:{}",
        sandbox.org_id(),
        world.values[1]
    );
    let user = format!(
        "orn:okta:directory:{}:users:{}",
        sandbox.org_id(),
        world.user
    );
    let revoke =
        |orns: Value| json!({ "principalOrn": user, "actor": "ADMIN", "revokeOrns": orns });
    let revocation = "/governance/api/v2/revoke-principal-access";
    let (status, revoked) = admin.post(revocation, revoke(json!([value]))).await;
    assert_eq!(status, 200, "{revoked}");
    assert!(revoked["data"][0]["_links"]["principal-access"]["href"].is_string());
    let (_, single) = admin.get(&format!("{GRANTS}/{}", id(&single))).await;
    assert_eq!(single["status"], "INACTIVE", "nothing is left of it");
    assert_eq!(
        world.has().await,
        ["Clerk", "Auditor"],
        "the bundle still gives it"
    );
    assert_eq!(
        admin
            .post(revocation, revoke(json!([bundle["orn"]])))
            .await
            .0,
        200
    );
    assert_eq!(world.has().await, [""; 0]);
    assert_eq!(
        admin
            .post(revocation, revoke(json!(["orn:okta:idp:x:apps:y:z"])))
            .await
            .0,
        404
    );

    // What was, and when.
    let history = world
        .by_orns(
            "principal-entitlements/history?include=counts&",
            "resourceOrn",
            "principalOrn",
        )
        .await;
    assert_eq!(history["metadata"]["total"], 2, "{history}");
    let records = history["entitlementHistory"].as_array().expect("records");
    assert!(
        records
            .iter()
            .all(|record| record["lifecycle"] == "INACTIVE")
    );
    assert_eq!(
        records[1]["entitlements"][0]["values"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let (_, log) = admin
        .get("/api/v1/logs?filter=eventType+eq+\"resource.user_entitlements.update\"")
        .await;
    let events = log.as_array().expect("events");
    assert_eq!(events.len(), 3);
    let change = events[0]["target"][2]["id"].as_str().expect("a change");
    let (status, change) = admin
        .get(&format!(
            "/governance/api/v1/principal-entitlements-changes/{change}"
        ))
        .await;
    assert_eq!(status, 200, "{change}");
    assert_eq!(
        change["entitlementsChanged"][0]["values"][0]["changeType"],
        "ADDED"
    );
    assert_eq!(admin.bare("DELETE", &own).await.0, 204, "free again");
}

#[tokio::test]
async fn one_base_grant_replaces_another_and_time_ends_grants() {
    let sandbox = Sandbox::start().await.expect("starts");
    let world = World::new(&sandbox).await;
    let admin = &world.admin;
    let custom = |which: &[usize]| {
        json!({
            "grantType": "CUSTOM", "target": world.target(), "entitlements": world.values(which),
        })
    };
    let first = world.grant(custom(&[0, 1])).await;
    assert_eq!(world.has().await, ["Clerk", "Auditor"]);
    world.grant(custom(&[1])).await;
    assert_eq!(world.has().await, ["Auditor"]);
    assert_eq!(
        admin.get(&format!("{GRANTS}/{}", id(&first))).await.1["status"],
        "INACTIVE"
    );

    let until = |date: &str| {
        json!({
            "grantType": "ENTITLEMENT", "target": world.target(), "entitlements": world.values(&[0]),
            "targetPrincipal": world.principal(), "scheduleSettings": { "expirationDate": date },
        })
    };
    let (status, refused) = admin.post(GRANTS, until("2020-01-01T00:00:00Z")).await;
    assert_eq!((status.as_u16(), code(&refused)), (400, "E0000001"));
    let (status, short) = admin.post(GRANTS, until("2100-01-01T00:00:00Z")).await;
    assert_eq!(status, 201, "{short}");
    let own = format!("{GRANTS}/{}", id(&short));
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let soon =
        json!({ "id": short["id"], "scheduleSettings": { "expirationDate": soon.to_string() } });
    assert_eq!(admin.patch(&own, soon.clone()).await.0, 200);
    assert_eq!(
        world.has().await,
        ["Clerk", "Auditor"].map(str::to_owned).to_vec(),
        "both"
    );
    sandbox.advance_clock(3700);
    assert_eq!(world.has().await, ["Auditor"]);
    assert_eq!(admin.get(&own).await.1["status"], "EXPIRED");
    assert_eq!(admin.patch(&own, soon).await.0, 400, "it is over");

    // A base grant that denies takes everything away.
    let deny = json!({ "grantType": "CUSTOM", "target": world.target(), "action": "DENY" });
    world.grant(deny).await;
    assert_eq!(world.has().await, [""; 0]);
    let filter = format!(
        "{GRANTS}?filter=target.externalId+eq+\"{}\"+AND+action+eq+\"DENY\"",
        world.app
    );
    let (_, found) = admin.get(&filter).await;
    assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    let filter = format!(
        "{GRANTS}?include=full_entitlements&filter=entitlements.values.id+eq+\"{}\"",
        world.values[0]
    );
    let (_, found) = admin.get(&filter).await;
    assert_eq!(found["data"].as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(found["data"][0]["entitlements"][0]["name"], "Role");
    assert_eq!(admin.get(GRANTS).await.0, 400, "a filter is needed");
}

#[tokio::test]
async fn references_are_checked() {
    let sandbox = Sandbox::start().await.expect("starts");
    let world = World::new(&sandbox).await;
    let admin = &world.admin;
    let bundle = |entitlements: Value| json!({ "name": "B", "target": world.target(), "entitlements": entitlements });
    for wrong in [
        json!([]),
        json!([{ "id": "espnothing0000000000", "values": [{ "id": world.values[0] }] }]),
        json!([{ "id": world.entitlement, "values": [{ "id": "entnothing0000000000" }] }]),
    ] {
        let (status, refused) = admin.post(BUNDLES, bundle(wrong.clone())).await;
        assert_eq!(
            (status.as_u16(), code(&refused)),
            (400, "E0000001"),
            "{wrong}"
        );
    }
    world.bundle("B", &[0]).await;
    let (status, twice) = admin.post(BUNDLES, bundle(world.values(&[1]))).await;
    assert_eq!((status.as_u16(), code(&twice)), (400, "E0000001"));
    let grant = json!({
        "grantType": "ENTITLEMENT-BUNDLE", "entitlementBundleId": "enbnothing0000000000",
        "targetPrincipal": world.principal(),
    });
    assert_eq!(admin.post(GRANTS, grant).await.0, 404);

    let own = format!("{ENTITLEMENTS}/{}", world.entitlement);
    let steps = json!([
        { "op": "ADD", "path": "/values/-", "refType": "ENTITLEMENT-VALUE",
          "value": { "name": "Owner", "externalValue": "owner" } },
        { "op": "REPLACE", "path": format!("/values/{}", world.values[1]), "refType": "ENTITLEMENT-VALUE",
          "value": { "name": "Reviser" } },
        { "op": "REPLACE", "path": "/name", "refType": "ENTITLEMENT", "value": "Roles" },
    ]);
    let (status, changed) = admin.patch(&own, steps).await;
    assert_eq!(status, 200, "{changed}");
    let names = |list: &Value| -> Vec<String> {
        let values = list.as_array().expect("a list").iter();
        values
            .map(|v| v["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    assert_eq!(names(&changed["values"]), ["Clerk", "Reviser", "Owner"]);
    assert_eq!(changed["name"], "Roles");
    let used = json!([{ "op": "REMOVE", "path": format!("/values/{}", world.values[0]), "refType": "ENTITLEMENT-VALUE" }]);
    assert_eq!(admin.patch(&own, used).await.0, 400, "a bundle has it");
    let free = json!([{ "op": "REMOVE", "path": format!("/values/{}", world.values[1]), "refType": "ENTITLEMENT-VALUE" }]);
    assert_eq!(admin.patch(&own, free).await.0, 200);
    let all = format!(
        "{ENTITLEMENTS}/values?filter=parent.externalId+eq+\"{}\"",
        world.app
    );
    assert_eq!(names(&admin.get(&all).await.1["data"]), ["Clerk", "Owner"]);
    let (status, twice) = admin
        .post(
            ENTITLEMENTS,
            json!({ "name": "Again", "externalValue": "role", "dataType": "string",
            "multiValue": false, "parent": world.target() }),
        )
        .await;
    assert_eq!((status.as_u16(), code(&twice)), (400, "E0000001"));
}
