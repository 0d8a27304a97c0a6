//! The committed facts and code: names, determinism, nothing edited by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_owned()
}

#[test]
fn demand_31_every_operation_has_a_name_of_its_own() {
    let names = xtask::operation_names().expect("names");
    assert_eq!(names.len(), 934);
    let distinct: BTreeSet<&String> = names.iter().map(|(_, name)| name).collect();
    assert_eq!(distinct.len(), names.len());
    for (operation, expected) in [
        ("GET /api/v1/users/{userId}/factors", "users::factors::List"),
        ("POST /api/v1/users", "users::Create"),
        (
            "PUT /api/v1/groups/{groupId}/users/{userId}",
            "groups::users::Assign",
        ),
        (
            "DELETE /api/v1/groups/{groupId}/users/{userId}",
            "groups::users::Unassign",
        ),
        (
            "POST /api/v1/users/{id}/lifecycle/suspend",
            "users::Suspend",
        ),
        (
            "DELETE /api/v1/users/{userId}/sessions",
            "users::sessions::DeleteAll",
        ),
        (
            "POST /api/v1/policies/{policyId}/clone",
            "policies::Duplicate",
        ),
        (
            "POST /api/v1/features/{featureId}/{lifecycle}",
            "features::SetLifecycle",
        ),
        ("GET /api/v1/meta/types/user", "user_types::List"),
        (
            "GET /api/v1/meta/schemas/user/{schemaId}",
            "user_schemas::Get",
        ),
        (
            "POST /oauth2/{authorizationServerId}/v1/token",
            "oauth_server::Token",
        ),
        ("POST /oauth2/v1/clients", "oauth2::clients::Create"),
        ("GET /api/v1/logs", "logs::List"),
        (
            "POST /governance/api/v1/campaigns",
            "governance::campaigns::Create",
        ),
        (
            "GET /governance/api/v1/requests",
            "governance::requests::List",
        ),
        (
            "GET /governance/api/v2/requests",
            "governance::requests_v2::List",
        ),
    ] {
        let found = names
            .iter()
            .find(|(name, _)| name == operation)
            .map(|(_, name)| name.as_str());
        assert_eq!(found, Some(expected), "{operation}");
    }
}

#[test]
fn generated_code_is_what_the_generator_writes() {
    // The committed files come from another run: the comparison also shows that runs agree.
    let outputs = xtask::outputs().expect("it generates");
    for (directory, files) in &outputs {
        for (name, text) in files {
            let path = root().join(directory).join(name);
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == *text,
                "{directory}/{name} is not what `cargo xtask generate` writes"
            );
        }
    }
}

#[test]
fn facts_read_and_write_alike() {
    for name in ["management.jsonl", "governance.jsonl", "oauth.jsonl"] {
        let path = root().join("api").join(name);
        let committed = std::fs::read_to_string(&path).expect("committed facts");
        assert!(
            xtask::rewrite_facts(&path).expect("valid facts") == committed,
            "{name}"
        );
    }
}
