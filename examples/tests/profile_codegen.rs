//! What profile-codegen writes compiles, is the committed golden file, and works on the org that it was made from.
//!
//! `PROFILE_CODEGEN_BLESS=1` writes the golden file anew.

#![forbid(unsafe_code)]

// A user has it as a module of a library, where it is reached.
#[allow(unreachable_pub)]
#[path = "golden/profile.rs"]
#[rustfmt::skip]
mod golden;
#[path = "../src/bin/profile-codegen/render.rs"]
mod render;

use golden::{EmployeeProfile, ShirtSize};
use okta_core::Client;
use okta_core::prelude::*;
use okta_management::models::User;
use okta_management::prelude::*;
use okta_sandbox::Sandbox;
use serde_json::{Value, json};

async fn org() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.expect("starts");
    let builder = Client::builder().org_url(sandbox.url());
    let client = builder
        .api_token(sandbox.api_token())
        .build()
        .expect("a client");
    let path = "/api/v1/meta/schemas/user/default";
    client
        .call("POST", path)
        .json(&render::sample_attributes())
        .await
        .expect("attributes");
    (sandbox, client)
}

#[tokio::test]
async fn writes_the_golden_file() {
    let (_sandbox, client) = org().await;
    let schema = client
        .call("GET", "/api/v1/meta/schemas/user/default")
        .await
        .expect("a schema");
    let code =
        render::module(&schema.json::<Value>().expect("JSON"), "EmployeeProfile").expect("code");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/profile.rs");
    if std::env::var_os("PROFILE_CODEGEN_BLESS").is_some() {
        std::fs::write(path, &code).expect("written");
    }
    assert_eq!(
        code,
        std::fs::read_to_string(path).expect("the golden file")
    );
}

#[tokio::test]
async fn typed_profiles_are_read_and_written() {
    let (_sandbox, client) = org().await;
    let body = json!({"profile": {
        "login": "ana@example.com", "email": "ana@example.com", "firstName": "Ana", "lastName": "B",
        "badgeNumber": 7, "shirtSize": "X-Large", "languages": ["en", "pt"], "load-factor": 0.5, "type": "fixed",
        "startDate": "2026-03-01T00:00:00.000Z", "2fa_exempt": true,
    }});
    let made = client
        .call("POST", "/api/v1/users")
        .json(&body)
        .await
        .expect("a user");
    let mut user: User = made.decode().expect("a user");
    let mut profile: EmployeeProfile = user.profile_as().expect("a profile");
    assert_eq!(
        (profile.badge_number, profile.load_factor),
        (Some(7), Some(0.5))
    );
    assert_eq!(profile.shirt_size, Some(ShirtSize::XLarge));
    assert_eq!(
        profile.languages.as_deref(),
        Some(&["en".to_owned(), "pt".into()][..])
    );
    assert_eq!(
        (profile.r#type.as_deref(), profile._2fa_exempt),
        (Some("fixed"), Some(true))
    );
    assert!(
        profile
            .start_date
            .as_ref()
            .is_some_and(|date| date.get().is_ok())
    );

    profile.badge_number = Some(8);
    profile.shirt_size = Some(ShirtSize::M);
    let before = user.clone();
    user.set_profile(&profile).expect("a profile");
    let change = before.diff(&user).convert().expect("a body");
    let id = user.id.clone().expect("an id");
    client
        .users()
        .update(id.clone(), &change)
        .await
        .expect("updated");
    let after: Value = client
        .call("GET", format!("/api/v1/users/{id}"))
        .await
        .expect("a user")
        .json()
        .expect("JSON");
    let mut expected = body["profile"].clone();
    (expected["badgeNumber"], expected["shirtSize"]) = (json!(8), json!("M"));
    for (name, value) in expected.as_object().expect("members") {
        assert_eq!(&after["profile"][name], value, "{name}");
    }
}

#[test]
fn odd_names_and_texts_compile_and_collide_not() {
    let schema = json!({"title": "A\nB", "definitions": {"custom": {"properties": {
        "a-b": {"type": "string", "title": "x\n}"}, "a_b": {"type": "string"}, "aB": {"type": "string"},
        "": {"type": "string"}, "self": {"type": "object"}, "ü": {"type": "array", "items": {"type": "integer"}},
        "kind": {"type": "string", "enum": ["a", "A", "other", "", "1"]},
    }, "required": ["a-b"]}}});
    let code = render::module(&schema, "P").expect("code");
    for part in [
        "pub a_b: ",
        "pub a_b2: ",
        "pub a_b3: ",
        "pub self_: ",
        "pub attribute: ",
        "pub attribute2: Option<Vec<i64>>",
        "rename = \"a-b\"",
        "/// x }: required.",
        " A,",
        " A2,",
        " Other2,",
        " N1,",
        "Option<Kind>",
        "/// A B.",
    ] {
        assert!(code.contains(part), "{part}\n{code}");
    }
    assert!(render::module(&json!({}), "P").is_err());
}
