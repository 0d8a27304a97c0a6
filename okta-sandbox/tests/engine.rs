//! Collections without a behaviour of their own: state, validation, links, nested lists.

mod common;

use common::{Admin, code, id};
use okta_sandbox::Sandbox;
use serde_json::json;

#[tokio::test]
async fn objects_live_from_create_to_delete() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let servers = "/api/v1/email-servers";
    let body = json!({
        "authType": "BASIC_SMTP_AUTH", "host": "smtp.example.com", "port": 587, "username": "me", "password": "secret", "alias": "Mail",
        "enabled": false,
    });
    let (status, made) = admin.post(servers, body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert!(
        made.get("password").is_none(),
        "what is only written never shows: {made}"
    );
    let one = format!("{servers}/{}", id(&made));
    assert_eq!(admin.get(&one).await.1["host"], "smtp.example.com");
    let (_, list) = admin.get(servers).await;
    assert_eq!(list["email-servers"].as_array().expect("a list").len(), 1);
    let patch = admin.request("PATCH", &one).json(&json!({ "port": 25 }));
    let (status, changed) = common::answer(patch).await;
    assert_eq!(
        (status.as_u16(), &changed["port"], &changed["host"]),
        (200, &json!(25), &json!("smtp.example.com"))
    );
    assert_eq!(admin.bare("DELETE", &one).await.0, 204);
    let (status, gone) = admin.get(&one).await;
    assert_eq!((status.as_u16(), code(&gone)), (404, "E0000007"));
    assert_eq!(
        admin
            .events("system.custom_email_server.lifecycle.create")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn bodies_are_held_against_their_schemas() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let servers = "/api/v1/email-servers";
    let (status, missing) = admin.post(servers, json!({ "port": 25 })).await;
    assert_eq!((status.as_u16(), code(&missing)), (400, "E0000001"));
    let causes = missing["errorCauses"].to_string();
    assert!(
        causes.contains("host: The field cannot be left blank"),
        "{causes}"
    );
    let (status, shape) = admin
        .post(servers, json!({ "host": { "name": "x" } }))
        .await;
    assert_eq!((status.as_u16(), code(&shape)), (400, "E0000003"));
    let (status, parent) = admin.get("/api/v1/agentPools/nope/updates/settings").await;
    assert_eq!((status.as_u16(), code(&parent)), (404, "E0000007"));
    assert_eq!(
        parent["errorSummary"],
        "Not found: Resource not found: nope (AppInstance)"
    );
}

#[tokio::test]
async fn settings_stand_from_the_beginning_and_keep_what_is_set() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let path = "/attack-protection/api/v1/user-lockout-settings";
    let (status, initial) = admin.get(path).await;
    assert_eq!(
        (
            status.as_u16(),
            &initial["preventBruteForceLockoutFromUnknownDevices"]
        ),
        (200, &json!(false))
    );
    let set = json!({ "preventBruteForceLockoutFromUnknownDevices": true });
    assert_eq!(admin.put(path, set.clone()).await.1, set);
    assert_eq!(admin.get(path).await.1, set);
}

#[tokio::test]
async fn what_no_call_makes_is_seeded_by_its_path() {
    let device = json!({
        "id": "guo1device0000000001", "status": "ACTIVE",
        "profile": { "displayName": "Phone", "platform": "IOS", "registered": true },
    });
    let seed = json!({ "collections": { "/api/v1/devices": [device] } });
    let sandbox = Sandbox::builder()
        .seed_json(seed)
        .start()
        .await
        .expect("starts");
    let admin = Admin::new(&sandbox);
    let devices = "/api/v1/devices";
    let (_, list) = admin
        .get(&format!(
            "{devices}?search=profile.platform%20eq%20%22ios%22"
        ))
        .await;
    assert_eq!(list[0]["profile"]["displayName"], "Phone", "{list}");
    let one = format!("{devices}/guo1device0000000001");
    assert_eq!(
        admin
            .bare("POST", &format!("{one}/lifecycle/suspend"))
            .await
            .0,
        204
    );
    let (_, seen) = admin.get(&one).await;
    assert_eq!(seen["status"], "SUSPENDED");
    assert!(
        seen["_links"]["unsuspend"].is_object() && seen["_links"]["users"].is_object(),
        "{seen}"
    );
    assert_eq!(admin.events("device.lifecycle.suspend").await.len(), 1);
}

/// The answers of some replaces say less than the object has; recorded orgs do so.
#[tokio::test]
async fn some_replaces_do_not_say_everything() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    for (collection, object, unsaid) in [
        (
            "/api/v1/templates/sms",
            json!({ "name": "Custom", "type": "SMS_VERIFY_CODE", "template": "${code}",
                "translations": { "fr": "le ${code}" } }),
            vec!["translations"],
        ),
        (
            "/api/v1/device-assurances",
            json!({ "name": "Phones", "platform": "IOS", "osVersion": { "minimum": "12.4.5" } }),
            vec!["createdBy", "createdDate"],
        ),
    ] {
        let (status, made) = admin.post(collection, object.clone()).await;
        assert_eq!(status, 200, "{made}");
        let own = format!("{collection}/{}", id(&made));
        let (status, replaced) = admin.put(&own, object).await;
        assert_eq!(status, 200, "{replaced}");
        let (_, kept) = admin.get(&own).await;
        for name in unsaid {
            assert!(replaced.get(name).is_none(), "{name} of {replaced}");
            assert_eq!(kept[name], made[name], "{name} is kept");
        }
    }
}
