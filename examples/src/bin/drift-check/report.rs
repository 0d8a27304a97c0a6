//! The findings, for people and for CI.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use okta_core::Client;
use okta_core::observe::DriftSummary;
use serde::Serialize;

use crate::read::{Closed, Seen};

/// Operation, place, kind and what was found there.
type Key = (String, String, String, String);

/// What an earlier report had.
#[derive(Default)]
pub(crate) struct Baseline(BTreeSet<Key>);

impl Baseline {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let place = || format!("the baseline {}", path.display());
        let text = std::fs::read_to_string(path).with_context(place)?;
        let report: serde_json::Value = serde_json::from_str(&text).with_context(place)?;
        let entries = report["drift"]["entries"]
            .as_array()
            .with_context(|| format!("{} is no report of drift-check --json", place()))?;
        let text = |entry: &serde_json::Value, name: &str| {
            entry[name].as_str().unwrap_or_default().to_owned()
        };
        let key = |entry| {
            (
                text(entry, "operation"),
                text(entry, "path"),
                text(entry, "kind"),
                text(entry, "found"),
            )
        };
        Ok(Self(entries.iter().map(key).collect()))
    }
}

/// Everything that is told.
#[derive(Serialize)]
pub(crate) struct Report {
    org: String,
    lists: usize,
    objects: usize,
    /// All that differs, so that a report is a baseline for the next one.
    drift: DriftSummary,
    /// What the baseline does not have.
    new: usize,
    closed: Vec<Closed>,
    failed: Vec<Closed>,
    requests: u64,
}

impl Report {
    pub(crate) fn new(client: &Client, seen: Seen, known: &Baseline) -> Self {
        let is_new = |entry: &&okta_core::observe::DriftEntry| {
            let key = (
                entry.operation.clone(),
                entry.path.clone(),
                entry.kind.clone(),
                entry.found.clone(),
            );
            !known.0.contains(&key)
        };
        Self {
            org: client.org_url().to_owned(),
            lists: seen.lists,
            objects: seen.objects,
            new: seen.drift.entries.iter().filter(is_new).count(),
            drift: seen.drift,
            closed: seen.closed,
            failed: seen.failed,
            requests: client.stats().attempts,
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if !self.failed.is_empty() {
            ExitCode::from(2)
        } else if self.new > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} lists, {} objects, {} requests",
            self.org, self.lists, self.objects, self.requests
        )?;
        if self.drift.is_empty() {
            writeln!(f, "Every answer is as the API description says.")?;
        } else {
            writeln!(
                f,
                "{} places differ from the API description, {} of them new:\n",
                self.drift.entries.len(),
                self.new
            )?;
            write!(f, "{}", self.drift)?;
        }
        if !self.closed.is_empty() {
            writeln!(
                f,
                "\n{} lists are closed to this credential, or not part of this org:",
                self.closed.len()
            )?;
            for one in &self.closed {
                writeln!(f, "  {}: {}", one.operation, one.why)?;
            }
        }
        if !self.failed.is_empty() {
            writeln!(f, "\n{} lists could not be read:", self.failed.len())?;
            for one in &self.failed {
                writeln!(f, "  {} {}: {}", one.operation, one.path, one.why)?;
            }
        }
        Ok(())
    }
}
