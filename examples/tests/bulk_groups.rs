//! bulk-groups as a process that is killed in the middle: nothing twice, nothing missing.

#![forbid(unsafe_code)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{bare, kill_when, lines, must, program, sandbox, scratch};
use okta_management::prelude::*;
use okta_sandbox::{FaultRule, Sandbox};
use serde_json::Value;

const BULK: &str = env!("CARGO_BIN_EXE_bulk-groups");
const GROUPS: usize = 40;
const EACH: usize = 10;
const AT_A_TIME: usize = 4;

type Members = BTreeMap<String, BTreeSet<String>>;

/// Names that a query, a path and CSV must each get right.
fn name(number: usize) -> String {
    match number % 4 {
        0 => format!("Team {number}"),
        1 => format!("Équipe \"{number}\", nord/süd"),
        2 => format!("team & co?{number}=%2F"),
        _ => format!("back\\slash {number}"),
    }
}

async fn logins(sandbox: &Sandbox) -> Vec<String> {
    let users = common::client(sandbox).users().list().items();
    let users = users.try_collect().await.expect("users");
    let login = |user: &okta_management::models::User| user.profile.as_ref()?.login.clone();
    users.iter().filter_map(login).collect()
}

/// A file of 400 memberships, ten of them twice, and what the org must have in the end.
async fn file(sandbox: &Sandbox, path: &Path) -> Members {
    let logins = logins(sandbox).await;
    let mut wanted = Members::new();
    let mut rows = Vec::new();
    for group in 0..GROUPS {
        for member in 0..EACH {
            let login = logins[(group * 7 + member) % logins.len()].clone();
            rows.push([name(group), login.clone()]);
            wanted.entry(name(group)).or_default().insert(login);
        }
    }
    rows.extend_from_within(5..15);
    let mut file = csv::Writer::from_path(path).expect("a file");
    file.write_record(["group", "login"]).expect("written");
    rows.iter()
        .for_each(|row| file.write_record(row).expect("written"));
    file.flush().expect("written");
    wanted
}

/// The org's groups with their members' logins, those of the seed apart.
async fn members(sandbox: &Sandbox, before: &BTreeSet<String>) -> Members {
    let client = common::client(sandbox);
    let mut members = Members::new();
    for group in client
        .groups()
        .list()
        .items()
        .try_collect()
        .await
        .expect("groups")
    {
        let id = group.id.clone().expect("an id");
        if before.contains(&id) {
            continue;
        }
        let name = serde_json::to_value(&group).expect("JSON")["profile"]["name"].clone();
        let users = client
            .groups()
            .users(id)
            .list()
            .items()
            .try_collect()
            .await
            .expect("users");
        let logins = users
            .into_iter()
            .filter_map(|user| user.profile?.login)
            .collect();
        let twice = members.insert(name.as_str().expect("a name").to_owned(), logins);
        assert!(twice.is_none(), "{name} was created twice");
    }
    members
}

async fn ids(sandbox: &Sandbox) -> BTreeSet<String> {
    let groups = common::client(sandbox).groups().list().items();
    let groups = groups.try_collect().await.expect("groups");
    groups.into_iter().filter_map(|group| group.id).collect()
}

/// Keys that a journal holds.
fn done(journal: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(journal).expect("a journal");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["key"].clone())
        .map(|key| key.as_str().expect("a key").to_owned())
        .collect()
}

/// Memberships that were asked for, as the journal names them.
fn assigned(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests().into_iter();
    requests
        .filter(|request| request.method == "PUT")
        .filter_map(|request| {
            let path = request.path.strip_prefix("/api/v1/groups/")?;
            Some(path.replace("/users/", " "))
        })
        .collect()
}

fn creations(sandbox: &Sandbox) -> usize {
    let requests = sandbox.requests();
    let creations = requests
        .iter()
        .filter(|request| request.operation == Some("addGroup"));
    creations.count()
}

fn slow(sandbox: &Sandbox, method: &str, path: &str, milliseconds: u64) {
    let rule = FaultRule::delay(Duration::from_millis(milliseconds));
    sandbox
        .add_fault(&rule.method(method).path(path).always())
        .expect("a fault");
}

fn job(sandbox: &Sandbox, file: &Path) -> Command {
    let mut job = program(BULK, sandbox);
    job.arg(file)
        .args(["--concurrency", &AT_A_TIME.to_string()]);
    job
}

fn journals(file: &Path) -> (PathBuf, PathBuf) {
    (
        file.with_extension("groups.journal"),
        file.with_extension("members.journal"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_killed_does_nothing_twice_and_misses_nothing() {
    let sandbox = sandbox(120).await;
    let before = ids(&sandbox).await;
    let path = scratch("bulk-killed").join("groups.csv");
    let wanted = file(&sandbox, &path).await;
    let (groups, memberships) = journals(&path);
    slow(&sandbox, "POST", "/api/v1/groups", 60);
    slow(&sandbox, "PUT", "/api/v1/groups/", 20);
    sandbox.clear_requests();

    kill_when(&mut job(&sandbox, &path), || lines(&groups) > 10);
    let created = done(&groups);
    assert!(created.len() < GROUPS, "it was killed too late");
    kill_when(&mut job(&sandbox, &path), || lines(&memberships) > 100);
    let first = done(&memberships);
    assert!(first.len() < GROUPS * EACH, "it was killed too late");
    let asked_before = assigned(&sandbox).len();
    // Each group was created by one call, whichever run made it.
    assert_eq!(creations(&sandbox), GROUPS);

    sandbox.clear_requests();
    kill_when(&mut job(&sandbox, &path), || lines(&memberships) > 250);
    let again = assigned(&sandbox);
    assert!(
        again.iter().all(|key| !first.contains(key)),
        "a call with a line was made again"
    );
    let second = done(&memberships);
    assert!(second.is_superset(&first));

    sandbox.clear_faults();
    sandbox.clear_requests();
    let said = must(job(&sandbox, &path).output());
    let last = assigned(&sandbox);
    assert!(
        last.iter().all(|key| !second.contains(key)),
        "a call with a line was made again"
    );
    assert_eq!(creations(&sandbox), 0);
    // Only what was under way when the process died was asked for again.
    let asked = asked_before + again.len() + last.len();
    assert!(asked <= GROUPS * EACH + 2 * AT_A_TIME, "{asked} calls");
    assert_eq!(members(&sandbox, &before).await, wanted);

    // All is done: nothing is left to do.
    sandbox.clear_requests();
    must(job(&sandbox, &path).output());
    assert_eq!(
        (assigned(&sandbox).len(), creations(&sandbox)),
        (0, 0),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_answer_was_lost_is_not_created_again() {
    let sandbox = sandbox(120).await;
    let before = ids(&sandbox).await;
    let path = scratch("bulk-lost").join("groups.csv");
    let wanted = file(&sandbox, &path).await;
    let rule = FaultRule::close()
        .method("POST")
        .path("/api/v1/groups")
        .after(3);
    sandbox.add_fault(&rule).expect("a fault");
    let output = job(&sandbox, &path).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    // The report names it, and says that it may be there.
    assert!(said.contains("1 failed"), "{said}");
    must(job(&sandbox, &path).output());
    assert_eq!(members(&sandbox, &before).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_named() {
    let sandbox = sandbox(120).await;
    let path = scratch("bulk-unknown").join("groups.csv");
    std::fs::write(&path, "login,group\nnobody@example.com,Team 1\n").expect("written");
    let output = job(&sandbox, &path).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("no user has the login nobody@example.com"),
        "{said}"
    );

    std::fs::write(&path, "login,team\nnobody@example.com,Team 1\n").expect("written");
    let output = job(&sandbox, &path).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("has no column group"),
        "{said}"
    );
}

#[test]
fn its_story_on_the_embedded_sandbox_ends_with_everything_done() {
    let directory = scratch("bulk-story");
    let said = must(bare(BULK).current_dir(&directory).output());
    assert!(
        said.contains("no user has the login nobody@example.com"),
        "{said}"
    );
    let (_, memberships) = journals(&directory.join("target/bulk-groups.csv"));
    assert_eq!(done(&memberships).len(), 400, "{said}");
}
