//! What admins do: roles, API tokens, authenticators, devices, imports, passwords of apps.

use serde_json::{Value, json};

use super::org::Org;

const DEVICE: &str = "guo1device2id3of4a5b6";
const USED: &str = "guo1device2id3of4used";
const OWNER: &str = "00u1owner2of3the4devi";

/// Devices, which enrol themselves: no call makes one.
pub(crate) fn devices() -> Value {
    let device = |id: &str, status: &str| {
        json!({
            "id": id, "status": status, "resourceType": "UDDevice", "resourceId": id,
            "created": "2026-01-01T00:00:00.000Z", "lastUpdated": "2026-01-01T00:00:00.000Z",
            "profile": {"displayName": format!("Device {id}"), "platform": "MACOS", "registered": true, "secureHardwarePresent": true},
        })
    };
    let owner = json!({
        "id": OWNER, "status": "ACTIVE", "created": "2026-01-01T00:00:00.000Z",
        "profile": {"login": "owner@example.com", "email": "owner@example.com", "firstName": "Olive", "lastName": "X"},
    });
    let link = json!({
        "id": OWNER, "user": {"id": OWNER}, "managementStatus": "NOT_MANAGED", "screenLockType": "NONE",
        "created": "2026-01-01T00:00:00.000Z",
    });
    json!({
        "users": [owner],
        "collections": {
            "/api/v1/devices": [device(DEVICE, "ACTIVE"), device(USED, "ACTIVE")],
            format!("/api/v1/devices/{USED}/users"): [link],
        },
    })
}

pub(crate) async fn run(org: &Org) {
    roles(org).await;
    tokens(org).await;
    authenticators(org).await;
    device_lifecycle(org).await;
    imports(org).await;
    app_password(org).await;
}

async fn roles(org: &Org) {
    let user = org.user("hal", true).await;
    let group = org
        .send("POST /api/v1/groups", r#"{"profile":{"name":"Admins"}}"#)
        .await;
    for whom in [format!("users/{user}"), format!("groups/{group}")] {
        let role = org
            .send(
                &format!("POST /api/v1/{whom}/roles"),
                r#"{"type":"HELP_DESK_ADMIN"}"#,
            )
            .await;
        org.send(&format!("DELETE /api/v1/{whom}/roles/{role}"), "")
            .await;
    }
}

async fn tokens(org: &Org) {
    let user = org.user("ida", true).await;
    org.sandbox.create_api_token(&user).expect("a token");
    let tokens = org.read("/api/v1/api-tokens").await;
    let mut tokens = tokens.as_array().expect("tokens").iter();
    let made = tokens.find(|token| token["userId"] == *user);
    let made = made
        .and_then(|token| token["id"].as_str())
        .expect("the token");
    org.send(&format!("DELETE /api/v1/api-tokens/{made}"), "")
        .await;
}

async fn authenticators(org: &Org) {
    let all = org.read("/api/v1/authenticators").await;
    let mut all = all.as_array().expect("authenticators").iter();
    let one = all.find(|one| one["key"] == "phone_number");
    let one = one.and_then(|one| one["id"].as_str()).expect("the phone");
    for step in ["activate", "deactivate"] {
        org.send(
            &format!("POST /api/v1/authenticators/{one}/lifecycle/{step}"),
            "",
        )
        .await;
    }
}

async fn device_lifecycle(org: &Org) {
    for step in [
        "suspend",
        "unsuspend",
        "deactivate",
        "activate",
        "deactivate",
    ] {
        org.send(
            &format!("POST /api/v1/devices/{DEVICE}/lifecycle/{step}"),
            "",
        )
        .await;
    }
    org.send(&format!("DELETE /api/v1/devices/{DEVICE}"), "")
        .await;
    // What the owner enrolled on a device is suspended with it.
    let push = r#"{"factorType":"push","provider":"OKTA"}"#;
    let factor = org
        .send(&format!("POST /api/v1/users/{OWNER}/factors"), push)
        .await;
    let factor = format!("/api/v1/users/{OWNER}/factors/{factor}");
    org.send(&format!("POST {factor}/lifecycle/activate"), "")
        .await;
    for (step, status) in [("suspend", "INACTIVE"), ("unsuspend", "ACTIVE")] {
        org.send(&format!("POST /api/v1/devices/{USED}/lifecycle/{step}"), "")
            .await;
        assert_eq!(org.read(&factor).await["status"], status);
    }
}

async fn imports(org: &Org) {
    let app =
        r#"{"name":"custom_identity_source","label":"Payroll","signOnMode":"BROWSER_PLUGIN"}"#;
    let source = org.send("POST /api/v1/apps", app).await;
    let sessions = format!("/api/v1/identity-sources/{source}/sessions");
    for (upload, data) in [
        (
            "bulk-groups-upsert",
            r#"{"profiles":[{"externalId":"g1","profile":{"displayName":"West"}}]}"#,
        ),
        ("bulk-groups-delete", r#"{"externalIds":["g1"]}"#),
    ] {
        let session = org.send(&format!("POST {sessions}"), "").await;
        let session = format!("{sessions}/{session}");
        org.send(&format!("POST {session}/{upload}"), data).await;
        org.send(&format!("POST {session}/start-import"), "").await;
        // One session at a time: the import has to be over. Each look takes it a step further.
        let mut status = Value::Null;
        for _ in 0..5 {
            status = org.read(&session).await["status"].clone();
        }
        assert_eq!(status, "COMPLETED", "{session}");
    }
}

async fn app_password(org: &Org) {
    let user = org.user("jon", true).await;
    let apps = org.read("/api/v1/apps").await;
    let app = apps[0]["id"].as_str().expect("an app");
    org.send(
        &format!("POST /api/v1/apps/{app}/users"),
        &json!({"id": user, "scope": "USER"}).to_string(),
    )
    .await;
    org.send(
        &format!("POST /api/v1/apps/{app}/users/{user}"),
        r#"{"credentials":{"userName":"jon","password":{"value":"Sandbox-1234"}}}"#,
    )
    .await;
}
