//! What the scopes program says is needed, is there, and is to be granted.

#![forbid(unsafe_code)]

mod common;

use common::{bare, must, program, sandbox};

const SCOPES: &str = env!("CARGO_BIN_EXE_scopes");

#[test]
fn needs_are_told_without_an_org_however_an_operation_is_named() {
    let ways = [
        "users::List",
        "listUsers",
        "GET /api/v1/users",
        "get /api/v1/users",
    ];
    for name in ways {
        let said = must(bare(SCOPES).args(["--offline", name]).output());
        assert!(said.contains("GET /api/v1/users "), "{name}: {said}");
        assert!(
            said.contains("least that a token must carry: okta.users.read\n"),
            "{said}"
        );
    }
    // Where one call may read and another may change, the wider scope does for both.
    let both = [
        "users::List",
        "users::Update",
        "governance::campaigns::Create",
    ];
    let said = must(bare(SCOPES).arg("--offline").args(both).output());
    let least = "okta.governance.accessCertifications.manage okta.users.manage\n";
    assert!(said.contains(least), "{said}");
}

#[test]
fn an_unknown_operation_is_refused_with_those_that_are_near() {
    for (wrong, near) in [
        ("users::Lst", "users::List"),
        ("GetUser", "users::Get"),
        ("campaign", "campaigns::"),
    ] {
        let output = bare(SCOPES)
            .args(["--offline", wrong])
            .output()
            .expect("runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(wrong) && said.contains(near), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_an_org_is_compared_and_what_to_grant_is_named() {
    let sandbox = sandbox(3).await;
    let app = sandbox.create_service_app(&["okta.users.read"]);
    let compare = |operation: &str| {
        let mut command = program(SCOPES, &sandbox);
        command
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey")
            .env("OKTA_CLIENT_CLIENTID", &app.client_id)
            .env("OKTA_CLIENT_PRIVATEKEY", &app.private_key_pem)
            .env("OKTA_CLIENT_KEYID", &app.kid)
            .env("OKTA_CLIENT_SCOPES", "okta.users.read")
            .arg(operation);
        must(command.output())
    };
    let said = compare("users::List");
    assert!(said.contains("the token has: okta.users.read"), "{said}");
    assert!(!said.contains("missing"), "{said}");
    let said = compare("groups::List");
    let grant = format!("grant okta.groups.read to app {}", app.client_id);
    assert!(
        said.contains("okta.groups.read is missing") && said.contains(&grant),
        "{said}"
    );
    assert!(!said.contains("BEGIN"), "{said}");
}

#[test]
fn its_story_on_the_embedded_sandbox_names_the_scope_that_was_not_granted() {
    let said = must(bare(SCOPES).output());
    assert!(said.contains("okta.groups.read is missing"), "{said}");
    assert!(!said.contains("okta.users.manage is missing"), "{said}");
}
