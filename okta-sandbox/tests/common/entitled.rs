//! An app whose entitlements are managed, for tests of who has them.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use okta_sandbox::Sandbox;
use serde_json::{Value, json};

use super::common::*;

pub const ENTITLEMENTS: &str = "/governance/api/v1/entitlements";
pub const GRANTS: &str = "/governance/api/v1/grants";

/// An app whose entitlements are managed, a user, and two entitlements of the app.
pub struct Setting<'s> {
    pub admin: Admin<'s>,
    pub app: String,
    pub user: String,
    /// May hold several values.
    pub role: Value,
    /// Holds one value.
    pub license: Value,
}

pub async fn manage(admin: &Admin<'_>, app: &str) {
    let (_, found) = admin.get(&format!("/api/v1/apps/{app}")).await;
    let orn = found["orn"].as_str().expect("an ORN");
    let path = format!("/governance/api/v2/resources/{orn}/entitlement-settings");
    let body = json!({ "status": "OPTED_IN" });
    let (status, body) = answer(admin.request("PATCH", &path).json(&body)).await;
    assert_eq!(status, 202, "{body}");
}

pub fn entitlement(app: &str, name: &str, multi: bool) -> Value {
    let value = |one: &str| json!({ "name": format!("{name} {one}"), "externalValue": one });
    json!({
        "name": name, "externalValue": name.to_lowercase(), "dataType": "string",
        "multiValue": multi, "parent": { "externalId": app, "type": "APPLICATION" },
        "values": [value("b"), value("a"), value("c")],
    })
}

pub async fn app(admin: &Admin<'_>, label: &str) -> String {
    let body = json!({ "name": "bookmark", "label": label, "signOnMode": "BOOKMARK",
        "settings": { "app": { "url": "https://example.com", "requestIntegration": false } } });
    let (status, app) = admin.post("/api/v1/apps", body).await;
    assert_eq!(status, 200, "{app}");
    id(&app)
}

pub async fn setting(sandbox: &Sandbox) -> Setting<'_> {
    let admin = Admin::new(sandbox);
    let app = app(&admin, "Ledger").await;
    let user = id(&admin.user("ada@example.com").await);
    let refused = admin
        .post(ENTITLEMENTS, entitlement(&app, "Role", true))
        .await;
    assert_eq!(refused.0, 404, "not managed yet: {}", refused.1);
    manage(&admin, &app).await;
    let mut made = Vec::new();
    for (name, multi) in [("Role", true), ("License", false)] {
        let (status, one) = admin
            .post(ENTITLEMENTS, entitlement(&app, name, multi))
            .await;
        assert_eq!(status, 201, "{one}");
        made.push(one);
    }
    let license = made.pop().expect("two");
    let role = made.pop().expect("two");
    Setting {
        admin,
        app,
        user,
        role,
        license,
    }
}

pub fn value(entitlement: &Value, index: usize) -> String {
    id(&entitlement["values"][index])
}

pub fn reference(entitlement: &Value, indices: &[usize]) -> Value {
    let values = indices
        .iter()
        .map(|i| json!({ "id": value(entitlement, *i) }));
    json!({ "id": id(entitlement), "values": values.collect::<Vec<_>>() })
}

impl Setting<'_> {
    pub fn grant(&self, kind: &str, entitlements: Value) -> Value {
        json!({
            "grantType": kind, "target": { "externalId": self.app, "type": "APPLICATION" },
            "targetPrincipal": { "externalId": self.user, "type": "OKTA_USER" },
            "entitlements": entitlements,
        })
    }

    pub fn of_user(&self, what: &str) -> String {
        format!(
            "/governance/api/v1/{what}?filter=parent.externalId%20eq%20%22{}%22%20AND%20targetPrincipal.externalId%20eq%20%22{}%22",
            self.app, self.user
        )
    }

    pub async fn access(&self) -> Value {
        self.admin.get(&self.of_user("principal-access")).await.1
    }

    /// The names of the values that the user has.
    pub async fn has(&self) -> Vec<String> {
        let (status, body) = self
            .admin
            .get(&self.of_user("principal-entitlements"))
            .await;
        assert_eq!(status, 200, "{body}");
        let all = body["data"].as_array().expect("a list").iter();
        let names = all.flat_map(|one| one["values"].as_array().expect("values").clone());
        let mut names: Vec<String> = names
            .map(|value| value["name"].as_str().expect("a name").to_owned())
            .collect();
        names.sort();
        names
    }

    pub async fn assigned(&self) -> bool {
        let path = format!("/api/v1/apps/{}/users/{}", self.app, self.user);
        self.admin.get(&path).await.0 == 200
    }
}
