//! users-export as a program of its own, on a sandbox beside it: cut off, killed, gone on with.

#![forbid(unsafe_code)]

mod common;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{kill_when, lines, must, program, sandbox, scratch};
use okta_sandbox::{FaultRule, Sandbox};
use serde_json::{Value, json};

const EXPORT: &str = env!("CARGO_BIN_EXE_users-export");
/// Five pages of 200.
const USERS: usize = 1000;

/// Ids of the org's users, deactivated ones too, by the sandbox's own account of them.
async fn ids(sandbox: &Sandbox) -> BTreeSet<String> {
    let client = common::client(sandbox);
    let mut ids = BTreeSet::new();
    let mut path = "/api/v1/users?search=status%20pr&limit=200".to_owned();
    loop {
        let answer = client.call("GET", path.clone()).await.expect("a page");
        let page: Vec<Value> = answer.json().expect("JSON");
        ids.extend(
            page.iter()
                .map(|user| user["id"].as_str().expect("an id").to_owned()),
        );
        let next = answer
            .headers()
            .get_all("link")
            .iter()
            .filter_map(|link| link.to_str().ok()?.split_once(">; rel=\"next\""))
            .map(|(link, _)| {
                link.rsplit_once('<')
                    .map_or(link, |(_, link)| link)
                    .to_owned()
            })
            .next();
        match next {
            Some(link) => path = link.replace(sandbox.url(), ""),
            None => return ids,
        }
    }
}

/// The first column of a CSV file, each value once.
fn exported(path: &Path) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_path(path).expect("a CSV file");
    let mut ids = BTreeSet::new();
    for record in reader.records() {
        let record = record.expect("a whole record");
        assert_eq!(record.len(), 9, "{record:?}");
        assert!(ids.insert(record[0].to_owned()), "{} twice", &record[0]);
    }
    ids
}

fn place(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".resume");
    name.into()
}

const ALL: [&str; 2] = ["--search", "status pr"];

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_cut_off_gives_each_user_once() {
    let sandbox = sandbox(USERS).await;
    let out = scratch("export-cut").join("users.csv");
    let export = |arguments: &[&str]| {
        let mut export = program(EXPORT, &sandbox);
        export.arg("--out").arg(&out).args(ALL).args(arguments);
        export
    };
    let said = must(export(&["--pages", "2"]).output());
    assert!(said.contains("stopped after 400 users"), "{said}");
    assert!(place(&out).exists());

    // What was written after the place was saved, as by a run that was killed, half a row too.
    let mut file = std::fs::File::options()
        .append(true)
        .open(&out)
        .expect("the file");
    file.write_all(b"00uSomebody,ACTIVE,,,,,,,\n00uHalf,\"AC")
        .expect("written");
    drop(file);

    // Other members would give a file of two halves.
    let refused = export(&["--resume", "--fields", "id"])
        .output()
        .expect("runs");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && text.contains("other options"),
        "{text}"
    );

    let said = must(export(&["--resume"]).output());
    let ids = ids(&sandbox).await;
    assert!(ids.len() >= USERS);
    assert!(said.contains(&format!("{} users in", ids.len())), "{said}");
    assert_eq!(exported(&out), ids);
    assert!(!place(&out).exists());

    let refused = export(&["--resume"]).output().expect("runs");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && text.contains("no export was cut off"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_was_killed_gives_each_user_once() {
    let sandbox = sandbox(USERS).await;
    let out = scratch("export-killed").join("users.csv");
    let slow = FaultRule::delay(Duration::from_millis(300))
        .path("/api/v1/users")
        .always();
    sandbox.add_fault(&slow).expect("a fault");
    let mut export = program(EXPORT, &sandbox);
    export.arg("--out").arg(&out).args(ALL);

    // Before the first page, and later, when two pages are there.
    kill_when(&mut export, || place(&out).exists());
    export.arg("--resume");
    kill_when(&mut export, || lines(&out) > 300);
    assert!(lines(&out) < USERS);

    sandbox.clear_faults();
    must(export.output());
    assert_eq!(exported(&out), ids(&sandbox).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_an_older_export_is_forgotten() {
    let sandbox = sandbox(USERS).await;
    let out = scratch("export-again").join("users.csv");
    let mut export = program(EXPORT, &sandbox);
    export.arg("--out").arg(&out).args(ALL);
    must(
        program(EXPORT, &sandbox)
            .arg("--out")
            .arg(&out)
            .args(ALL)
            .args(["--pages", "3"])
            .output(),
    );

    // The second export does not come as far as its first page.
    sandbox
        .add_fault(&FaultRule::status(403).path("/api/v1/users"))
        .expect("a fault");
    let failed = export.output().expect("runs");
    assert!(!failed.status.success());
    must(export.arg("--resume").output());
    assert_eq!(exported(&out), ids(&sandbox).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ndjson_has_whole_users_and_those_that_do_not_decode() {
    let sandbox = sandbox(300).await;
    let out = scratch("export-ndjson").join("users.ndjson");
    // The second page is odd: a user, and two elements that are none.
    let odd = json!([{"id": "00uOdd", "status": ["?"], "profile": {"shoeSize": 43}}, 7, "text"]);
    let page = FaultRule::status(200)
        .body(odd)
        .path("/api/v1/users")
        .after(1);
    sandbox.add_fault(&page).expect("a fault");
    let mut export = program(EXPORT, &sandbox);
    export.arg("--out").arg(&out).args(["--format", "ndjson"]);
    must(export.output());
    let text = std::fs::read_to_string(&out).expect("the file");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 203);
    let odd = &rows[200..];
    assert_eq!(
        odd[0],
        json!({"id": "00uOdd", "status": ["?"], "profile": {"shoeSize": 43}})
    );
    assert!(
        odd.contains(&json!(7)) && odd.contains(&json!("text")),
        "{odd:?}"
    );

    let client = common::client(&sandbox);
    for row in [&rows[0], &rows[199]] {
        let path = format!("/api/v1/users/{}", row["id"].as_str().expect("an id"));
        let user: Value = client
            .call("GET", path)
            .await
            .expect("a user")
            .json()
            .expect("JSON");
        assert_eq!(user["profile"], row["profile"]);
    }

    // A directory that is not there yet.
    let out = out.with_extension("d").join("new").join("users.ndjson");
    let mut export = program(EXPORT, &sandbox);
    export
        .arg("--out")
        .arg(&out)
        .args(["--format", "ndjson", "--fields", "id,profile.costCenter"]);
    must(export.output());
    let text = std::fs::read_to_string(&out).expect("the file");
    for line in text.lines() {
        let row: serde_json::Map<String, Value> = serde_json::from_str(line).expect("JSON");
        assert!(
            row.keys()
                .all(|key| key == "id" || key == "profile.costCenter"),
            "{line}"
        );
    }
    assert!(text.contains("profile.costCenter"));
}
