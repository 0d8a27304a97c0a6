//! The read-only part, on any org: streams users, groups and apps, and checks that each is kept losslessly.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context, Result};
use okta_core::Client;
use okta_management::{models::User, prelude::*};

use crate::show;

/// What the survey saw of the users.
#[derive(Default)]
pub(crate) struct Seen {
    /// The two active users that show best what other clients lose, the best one first.
    pub(crate) richest: Vec<User>,
}

/// Streams the whole org once.
pub(crate) async fn run(client: &Client) -> Result<Seen> {
    let needed = scopes_of![
        okta_management::users::List,
        okta_management::groups::List,
        okta_management::apps::List,
    ];
    let report = client.preflight(needed).await.context("signing in")?;
    show::line(report.to_string());

    let started = Instant::now();
    let bar = show::progress("users");
    let mut seen = Seen::default();
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut best = Vec::new();
    let mut users = client.users().list().limit(200).items();
    while let Some(user) = users.try_next().await? {
        bar.inc(1);
        let status = user
            .status
            .as_ref()
            .map_or("none", |status| status.as_str());
        *statuses.entry(status.to_owned()).or_default() += 1;
        let worth = richness(&user);
        if status == "ACTIVE" {
            let at = best.partition_point(|&better| better > worth);
            best.insert(at, worth);
            seen.richest.insert(at, user);
            best.truncate(2);
            seen.richest.truncate(2);
        }
    }
    bar.finish_and_clear();
    let total: usize = statuses.values().sum();
    let parts: Vec<String> = statuses
        .iter()
        .map(|(status, n)| format!("{n} {status}"))
        .collect();
    show::line(format!(
        "{total} users in {:.2} s: {}",
        started.elapsed().as_secs_f64(),
        parts.join(", ")
    ));

    let started = Instant::now();
    let groups = client.groups().list().count().await?;
    let mut modes: BTreeMap<String, usize> = BTreeMap::new();
    let mut apps = client.apps().list().limit(200).items();
    while let Some(app) = apps.try_next().await? {
        *modes
            .entry(app.tag().unwrap_or("no mode").to_owned())
            .or_default() += 1;
    }
    let total: usize = modes.values().sum();
    let parts: Vec<String> = modes
        .iter()
        .map(|(mode, n)| format!("{n} {mode}"))
        .collect();
    show::line(format!(
        "{groups} groups and {total} apps in {:.2} s: {}",
        started.elapsed().as_secs_f64(),
        parts.join(", ")
    ));
    Ok(seen)
}

/// How much of a user lies outside the published schema: custom attributes, nulls, unknown members.
fn richness(user: &User) -> usize {
    let json: serde_json::Value = serde_json::from_str(&user.to_json()).unwrap_or_default();
    let profile = json["profile"].as_object();
    let nulls = profile.map_or(0, |p| p.values().filter(|value| value.is_null()).count());
    let attributes = profile.map_or(0, serde_json::Map::len);
    attributes + 10 * usize::from(nulls > 0) + 100 * unknown_members(user).len()
}

/// Members that this version of the SDK does not know.
pub(crate) fn unknown_members(user: &User) -> Vec<String> {
    user.members()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| User::table().members().all(|known| known.name() != name))
        .collect()
}
