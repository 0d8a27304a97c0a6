//! The drift check on its sandbox: what it finds, what it says, how it ends.

use std::process::{Command, Output};

use serde_json::Value;

fn drift_check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_drift-check"))
        .args(arguments)
        .env_remove("OKTA_CLIENT_ORGURL")
        .output()
        .expect("the program runs")
}

#[test]
fn odd_objects_are_found_and_a_baseline_silences_them() {
    let output = drift_check(&["--json", "--sample", "0"]);
    let text = String::from_utf8(output.stdout).expect("text");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let entries = report["drift"]["entries"].as_array().expect("entries");
    let has = |operation: &str, path: &str, kind: &str, found: &str| {
        entries.iter().any(|entry| {
            entry["operation"] == operation
                && entry["path"] == path
                && entry["kind"] == kind
                && entry["found"] == found
        })
    };
    assert!(
        has("listUsers", "$[].status", "UnknownEnumValue", "HIBERNATED"),
        "{text}"
    );
    assert!(
        has("listUsers", "$[].realmTier", "UnknownMember", "string"),
        "{text}"
    );
    assert!(
        has("listUsers", "$[].created", "WrongType", "integer"),
        "{text}"
    );
    assert!(
        has(
            "listApplications",
            "$[].signOnMode",
            "UnknownTag",
            "CARRIER_PIGEON"
        ),
        "{text}"
    );
    assert!(report["lists"].as_u64() > Some(50), "{text}");
    assert_eq!(report["failed"], Value::Array(Vec::new()), "{text}");

    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("drift-baseline.json");
    std::fs::write(&path, &text).expect("a file");
    let path = path.to_str().expect("a path");
    let output = drift_check(&["--sample", "0", "--baseline", path]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("0 of them new"), "{text}");

    let output = drift_check(&["--baseline", "no-such-file.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-file.json"));
}

#[test]
fn every_list_and_sampled_object_of_the_sandbox_is_understood() {
    let output = drift_check(&["--json"]);
    let text = String::from_utf8(output.stdout).expect("text");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["failed"], Value::Array(Vec::new()), "{text}");
    assert_eq!(output.status.code(), Some(1), "odd objects alone: {text}");
}
