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

/// `1.89` or `1.89.0` as numbers.
fn version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().expect("a number"));
    (parts.next().expect("a version"), parts.next().unwrap_or(0))
}

#[test]
fn demand_60_the_minimum_rust_version_is_what_the_dependencies_need() {
    // Of this platform: what is built here is what is there without a network.
    let rustc = std::process::Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc");
    let said = String::from_utf8(rustc.stdout).expect("text");
    let host = said
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("a host");
    let output = std::process::Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--offline",
            "--filter-platform",
            host,
        ])
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let members: Vec<&str> = metadata["workspace_members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(serde_json::Value::as_str)
        .collect();
    let (mut ours, mut needed) = (BTreeSet::new(), ((0, 0), String::new()));
    for package in metadata["packages"].as_array().expect("packages") {
        let told = package["rust_version"].as_str().map(version);
        if members.contains(&package["id"].as_str().expect("an id")) {
            ours.insert(told.expect("each crate of ours tells"));
        } else if let Some(told) = told {
            needed = needed.max((told, package["name"].to_string()));
        }
    }
    assert_eq!(ours.len(), 1, "{ours:?}");
    // Not less, which would be a lie; not more, which would lock users out.
    assert_eq!(
        ours.first(),
        Some(&needed.0),
        "{} needs {:?}",
        needed.1,
        needed.0
    );
}
