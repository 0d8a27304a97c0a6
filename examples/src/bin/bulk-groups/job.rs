//! Groups first, then their members.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use okta_core::bulk::{Bulk, Journal, Lookup, look_up};
use okta_core::{Client, Stopper};
use okta_management::models::{Group, GroupsCreateRequest, OktaUserGroupProfile};
use okta_management::prelude::*;

use crate::Member;

pub(crate) fn journal_path(file: &Path, name: &str) -> PathBuf {
    file.with_extension(format!("{name}.journal"))
}

/// True if everything is done. `stop_at`: asks for the stop after so many members.
pub(crate) async fn run(
    client: &Client,
    file: &Path,
    concurrency: usize,
    stopper: &Stopper,
    stop_at: Option<u64>,
) -> Result<bool> {
    let members = read(file)?;
    let names: BTreeSet<&String> = members.iter().map(|member| &member.group).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let job = |what: &str| format!("{what} of {} in {}", file.display(), client.org_url());

    let groups = find_groups(client, &names).await?;
    let missing: Vec<String> = names
        .iter()
        .filter(|name| !groups.contains_key(*name))
        .cloned()
        .collect();
    println!("{} groups, {} of them new", names.len(), missing.len());
    let created = Bulk::new(client)
        .concurrency(concurrency)
        .journal(Journal::open(journal_path(file, "groups"), &job("groups"))?)
        .stopper(stopper)
        .run(missing, String::clone, |name| create(client, name))
        .await;
    println!("groups: {created}");

    let mut logins: Vec<String> = members.iter().map(|member| member.login.clone()).collect();
    logins.sort();
    logins.dedup();
    let users = client.users().by_logins(&logins).await?;
    for login in &users.missing {
        println!("no user has the login {login}");
    }
    let pairs: Vec<(String, String)> = members
        .iter()
        .filter_map(|member| {
            let group = groups
                .get(&member.group)
                .or_else(|| created.done.get(&member.group));
            let user = users.get(&member.login)?.id.clone()?;
            Some((group?.clone(), user))
        })
        .collect();

    let bar = ProgressBar::new(pairs.len() as u64)
        .with_style(ProgressStyle::with_template("{wide_bar} {msg}")?);
    let (shown, stop) = (bar.clone(), stopper.clone());
    let report = Bulk::new(client)
        .concurrency(concurrency)
        .journal(Journal::open(
            journal_path(file, "members"),
            &job("members"),
        )?)
        .stopper(stopper)
        .on_progress(move |progress| {
            shown.set_position(progress.done);
            shown.set_message(progress.to_string());
            if stop_at.is_some_and(|at| progress.done >= at) {
                stop.stop();
            }
        })
        .run(
            pairs,
            |(group, user)| format!("{group} {user}"),
            |(group, user)| {
                let call = client.groups().users(group).assign(user);
                async move { call.await }
            },
        )
        .await;
    bar.finish_and_clear();
    println!("members: {report}");
    Ok(created.is_complete() && report.is_complete() && users.is_complete())
}

fn read(file: &Path) -> Result<Vec<Member>> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(file)
        .with_context(|| file.display().to_string())?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let at = headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(name));
        at.with_context(|| format!("{} has no column {name}", file.display()))
    };
    let (group, login) = (column("group")?, column("login")?);
    let mut members = Vec::new();
    for record in reader.records() {
        let record = record?;
        let text = |at: usize| record.get(at).unwrap_or_default().to_owned();
        members.push(Member {
            group: text(group),
            login: text(login),
        });
    }
    Ok(members)
}

/// Ids of the groups that are there, by name; names that differ by case only are different groups.
async fn find_groups(client: &Client, names: &[String]) -> Result<HashMap<String, String>> {
    let list = |search: String| client.groups().list().search(search).limit(200);
    let found = look_up(names, Lookup::by("profile.name"), list, name_of).await?;
    let ids = found
        .iter()
        .filter_map(|(name, group)| Some((name.to_owned(), group.id.clone()?)));
    Ok(ids.collect())
}

fn name_of(group: &Group) -> Option<String> {
    serde_json::to_value(group.profile.as_ref()?).ok()?["name"]
        .as_str()
        .map(str::to_owned)
}

async fn create(client: &Client, name: String) -> okta_core::Result<String> {
    let body = GroupsCreateRequest {
        profile: Some(OktaUserGroupProfile {
            name: Some(name),
            ..Default::default()
        }),
        ..Default::default()
    };
    let group = client.groups().create(&body).await?;
    let missing = || Error::new(ErrorKind::Decode, "the new group has no id");
    group.id.ok_or_else(missing)
}
