//! A sandbox whose objects are odd in the ways that real orgs are.

use okta_sandbox::{Sandbox, SeedOrg};
use serde_json::json;

pub(crate) async fn sandbox() -> std::io::Result<Sandbox> {
    Sandbox::builder()
        .seed(SeedOrg {
            users: 30,
            groups: 5,
            apps: 3,
            ..SeedOrg::default()
        })
        .seed_json(json!({
            "users": [
                // A status and a member that no description lists, a number in place of a text.
                { "id": "00uodd00000000000001", "status": "HIBERNATED", "created": "2026-01-01T00:00:00.000Z",
                  "realmTier": "gold", "profile": { "login": "odd.one@example.com", "email": "odd.one@example.com", "firstName": "Odd", "lastName": "One", "nickName": 7 } },
                { "id": "00uodd00000000000002", "status": "ACTIVE", "created": 1767225600, "type": "plain text",
                  "profile": { "login": "odd.two@example.com", "email": "odd.two@example.com", "firstName": "Odd", "lastName": "Two" } },
            ],
            "groups": [{ "id": "00godd00000000000001", "type": "HOLOGRAM_GROUP", "objectClass": ["okta:user_group"], "profile": { "name": "Odd" } }],
            // A sign-on mode that is not in the description.
            "apps": [{ "id": "0oaodd00000000000001", "name": "odd", "label": "Odd app", "status": "ACTIVE", "signOnMode": "CARRIER_PIGEON", "wings": 2, "settings": { "app": {} } }],
        }))
        .start()
        .await
}
