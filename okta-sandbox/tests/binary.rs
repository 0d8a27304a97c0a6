//! The program: what it prints, and that what it prints works.

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use common::*;
use serde_json::Value;

#[tokio::test]
async fn the_program_prints_working_credentials() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_okta-sandbox"))
        .args(["--port", "0", "--users", "3", "--groups", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let lines: Vec<String> = output
        .lines()
        .map(|line| line.expect("text"))
        // Each block ends with the names it exports; the second one is the service app's.
        .take_while(|line| !(line.starts_with("export") && line.contains("PRIVATEKEY")))
        .collect();
    let blocks: Vec<&[String]> = lines.split(|line| line.starts_with("export")).collect();
    let has = |block: &[String], start: &str| block.iter().any(|line| line.starts_with(start));
    assert_eq!(blocks.len(), 2, "{lines:?}");
    for (block, mode) in blocks.iter().zip(["SSWS", "PrivateKey"]) {
        assert!(has(block, "OKTA_CLIENT_ORGURL=http://127.0.0.1:"));
        assert!(has(block, &format!("OKTA_CLIENT_AUTHORIZATIONMODE={mode}")));
    }
    assert!(has(blocks[1], "OKTA_CLIENT_SCOPES='okta."));
    assert!(has(blocks[1], "OKTA_CLIENT_PRIVATEKEY='{"));
    assert!(!has(blocks[1], "OKTA_CLIENT_TOKEN"));
    let value = |prefix: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(prefix));
        line.unwrap_or_else(|| panic!("no {prefix} in {lines:?}"))
            .to_owned()
    };
    let url = value("OKTA_CLIENT_ORGURL=");
    let key: Value = serde_json::from_str(&value("Private key (JWK): ")).expect("a JWK");
    assert!(key["d"].is_string() && value("Granted scopes: ").contains("okta.users.manage"));
    assert!(
        lines
            .iter()
            .any(|line| line == "-----BEGIN PRIVATE KEY-----")
    );
    let users = client()
        .get(format!("{url}/api/v1/users?search=id+pr"))
        .header(
            "authorization",
            format!("SSWS {}", value("OKTA_CLIENT_TOKEN=")),
        );
    let (status, users) = answer(users).await;
    child.kill().expect("stops");
    child.wait().expect("ends");
    assert_eq!(
        (status.as_u16(), users.as_array().map(Vec::len)),
        (200, Some(4))
    );
}
