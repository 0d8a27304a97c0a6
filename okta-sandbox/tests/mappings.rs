//! Profile mappings.

mod common;

use common::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

/// Source and target of each mapping, by name.
fn ends(mappings: &Value) -> Vec<(&str, &str)> {
    let all = mappings.as_array().expect("a list");
    all.iter()
        .map(|mapping| {
            let name = |end: &str| mapping[end]["name"].as_str().expect("a name");
            (name("source"), name("target"))
        })
        .collect()
}

#[tokio::test]
async fn each_app_maps_to_every_user_type_and_back_from_the_default_one() {
    let sandbox = Sandbox::start().await.expect("starts");
    let admin = Admin::new(&sandbox);
    let kind = json!({ "name": "contractor", "displayName": "Contractor" });
    let (_, kind) = admin.post("/api/v1/meta/types/user", kind).await;
    let app = json!({
        "name": "bookmark", "label": "Handbook", "signOnMode": "BOOKMARK",
        "settings": { "app": { "requestIntegration": false, "url": "https://handbook.example" } },
    });
    let (status, app) = admin.post("/api/v1/apps", app).await;
    assert_eq!(status, 200, "{app}");
    let app = id(&app);

    let (_, out_of) = admin.get(&format!("/api/v1/mappings?sourceId={app}")).await;
    let to = [("bookmark", "user"), ("bookmark", "contractor")];
    assert_eq!(ends(&out_of), to);
    let (_, into) = admin.get(&format!("/api/v1/mappings?targetId={app}")).await;
    assert_eq!(ends(&into), [("user", "bookmark")]);
    let both = format!("/api/v1/mappings?sourceId={app}&targetId={}", id(&kind));
    assert_eq!(admin.get(&both).await.1, json!([out_of[1]]));

    let mut ids = Vec::new();
    for (mapping, attribute, expression) in [
        (&out_of[0], "firstName", "appuser.firstName"),
        (&out_of[1], "firstName", "appuser.firstName"),
        (&into[0], "firstName", "user.firstName"),
    ] {
        let path = format!("/api/v1/mappings/{}", id(mapping));
        let (status, whole) = admin.get(&path).await;
        assert_eq!((status.as_u16(), &whole["id"]), (200, &mapping["id"]));
        assert_eq!(whole["properties"][attribute]["expression"], expression);
        ids.push(id(mapping).to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);

    // Only attributes of the target can be mapped: the app's users have a user name alone.
    let path = format!("/api/v1/mappings/{}", id(&into[0]));
    let with = |name: &str| json!({ "properties": { name: { "expression": "user.login", "pushStatus": "PUSH" } } });
    let (status, refused) = admin.post(&path, with("nickName")).await;
    assert_eq!(
        (status.as_u16(), &refused["errorCode"]),
        (400, &json!("E0000001"))
    );
    let (status, changed) = admin.post(&path, with("userName")).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["properties"]["userName"]["pushStatus"], "PUSH");
    assert_eq!(
        admin.get(&path).await.1["properties"],
        changed["properties"]
    );
}
