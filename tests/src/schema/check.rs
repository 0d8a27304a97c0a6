//! The promise, checked: what decodes encodes to the same JSON value; nothing panics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use okta_core::model::{DecodeError, Recoded};
use okta_core::operation::Recode;

use super::tree::Tree;

/// What became of a body.
#[derive(Debug)]
pub enum Verdict {
    /// Decoded, encoded, and equal.
    Same(Recoded),
    /// Refused.
    Refused(DecodeError),
    /// Panicked, or lost something.
    Broken(String),
}

/// Decodes and encodes `text` and compares the result with what the text says, which is `tree` where that is known.
#[must_use]
pub fn recode_checked(recode: Recode, text: &[u8], tree: Option<&Tree>) -> Verdict {
    let recoded = match catch_unwind(AssertUnwindSafe(|| recode(text))) {
        Ok(Ok(recoded)) => recoded,
        Ok(Err(error)) => return Verdict::Refused(error),
        Err(_) => return Verdict::Broken("panic".to_owned()),
    };
    if recoded.json == text && tree.is_some() {
        return Verdict::Same(recoded);
    }
    let found = match Tree::read(&recoded.json) {
        Ok(found) => found,
        Err(error) => return Verdict::Broken(format!("the encoded text is not JSON: {error}")),
    };
    if recoded.json == text {
        return Verdict::Same(recoded);
    }
    let read;
    let tree = match tree {
        Some(tree) => tree,
        None => match Tree::read(text) {
            Ok(tree) => {
                read = tree;
                &read
            }
            Err(error) => return Verdict::Broken(format!("took what is not JSON: {error}")),
        },
    };
    match tree.difference(&found) {
        None => Verdict::Same(recoded),
        Some(path) => Verdict::Broken(format!("not the same at {path}")),
    }
}

/// Failures, grouped by what they have in common.
#[derive(Debug, Default)]
pub struct Failures {
    groups: BTreeMap<String, (usize, String)>,
    /// How many bodies were looked at.
    pub bodies: usize,
}

impl Failures {
    /// Notes one; the first of a group is shown.
    pub fn add(&mut self, group: String, example: impl FnOnce() -> String) {
        match self.groups.get_mut(&group) {
            Some((count, _)) => *count += 1,
            None => {
                self.groups.insert(group, (1, example()));
            }
        }
    }

    /// Ends the test.
    ///
    /// # Panics
    /// If anything was noted.
    pub fn finish(self) {
        if self.groups.is_empty() {
            return;
        }
        let mut report = String::new();
        for (group, (count, example)) in &self.groups {
            let example: String = example.chars().take(700).collect();
            let _infallible = writeln!(report, "{count} × {group}\n    {example}");
        }
        panic!(
            "{} kinds of failure in {} bodies:\n{report}",
            self.groups.len(),
            self.bodies
        );
    }
}
