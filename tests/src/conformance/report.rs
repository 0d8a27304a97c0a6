//! Counts, failures and drift.

use std::collections::BTreeMap;

use okta_core::model::{DecodeError, Recoded};
use okta_core::operation::OperationEntry;

use super::{Exchange, difference};

/// What a run found.
#[derive(Debug, Default)]
pub struct Report {
    show: usize,
    responses: Tally,
    requests: Tally,
    unmatched: usize,
    drift: usize,
    raw_fallback: usize,
    /// Operation, direction, path, what: how often.
    paths: BTreeMap<(String, &'static str, String, String), usize>,
}

#[derive(Debug, Default)]
struct Tally {
    all: usize,
    decoded: usize,
    lossless: usize,
}

impl Report {
    /// Shows the first `show` failures.
    #[must_use]
    pub fn new(show: usize) -> Self {
        Self {
            show,
            ..Self::default()
        }
    }

    pub(super) fn unmatched(&mut self, exchange: &Exchange) {
        self.unmatched += 1;
        self.tell(&format!(
            "no operation: {} {}",
            exchange.method, exchange.path
        ));
    }

    pub(super) fn response(
        &mut self,
        entry: &OperationEntry,
        exchange: &Exchange,
        body: &str,
        result: &Result<Recoded, DecodeError>,
    ) {
        let problem = self.responses.count(body, result);
        self.note(entry, exchange, "response", body, result, problem);
    }

    pub(super) fn request(
        &mut self,
        entry: &OperationEntry,
        exchange: &Exchange,
        body: &str,
        result: &Result<Recoded, DecodeError>,
    ) {
        let problem = self.requests.count(body, result);
        self.note(entry, exchange, "request", body, result, problem);
    }

    fn note(
        &mut self,
        entry: &OperationEntry,
        exchange: &Exchange,
        what: &'static str,
        body: &str,
        result: &Result<Recoded, DecodeError>,
        problem: Option<String>,
    ) {
        if let Some(problem) = problem {
            let start: String = body.chars().take(300).collect();
            let test = exchange.test.as_deref().unwrap_or_default();
            self.tell(&format!(
                "{what} {} of {} ({test}): {problem}\n    {start}",
                exchange.status, entry.info.id
            ));
        }
        let Ok(recoded) = result else { return };
        if recoded.raw_fallbacks > 0 {
            self.raw_fallback += recoded.raw_fallbacks;
            self.tell(&format!(
                "{what} {} of {}: {} values kept raw: {:?}",
                exchange.status, entry.info.id, recoded.raw_fallbacks, recoded.drift
            ));
        }
        self.drift += recoded.drift.len();
        for drift in &recoded.drift {
            let kind = format!(
                "{:?}: expected {}, found {}",
                drift.kind, drift.expected, drift.found
            );
            *self
                .paths
                .entry((
                    entry.info.id.to_owned(),
                    what,
                    without_indices(&drift.path),
                    kind,
                ))
                .or_default() += 1;
        }
    }

    fn tell(&mut self, problem: &str) {
        if self.show > 0 {
            self.show -= 1;
            println!("{problem}");
        }
    }

    /// Prints drift by operation and path.
    pub fn print_drift(&self) {
        for ((operation, what, path, kind), count) in &self.paths {
            println!("{count:6} {operation} {what} {path} {kind}");
        }
    }

    /// Whether everything decoded and encoded back.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        [&self.responses, &self.requests]
            .iter()
            .all(|tally| tally.decoded == tally.all && tally.lossless == tally.all)
    }

    /// The counts as one line of JSON.
    #[must_use]
    pub fn counts(&self) -> String {
        let Self {
            responses,
            requests,
            unmatched,
            drift,
            raw_fallback,
            ..
        } = self;
        format!(
            "{{\"responses\":{},\"decoded\":{},\"lossless\":{},\"requests\":{},\"requests_decoded\":{},\"requests_lossless\":{},\"unmatched\":{unmatched},\"drift\":{drift},\"raw_fallback\":{raw_fallback}}}",
            responses.all,
            responses.decoded,
            responses.lossless,
            requests.all,
            requests.decoded,
            requests.lossless,
        )
    }
}

impl Tally {
    /// Counts one body; says what is wrong with it.
    fn count(&mut self, body: &str, result: &Result<Recoded, DecodeError>) -> Option<String> {
        self.all += 1;
        match result {
            Ok(recoded) => {
                self.decoded += 1;
                let Some(place) = difference(body.as_bytes(), &recoded.json) else {
                    self.lossless += 1;
                    return None;
                };
                Some(format!("encodes differently: {place}"))
            }
            Err(error) => Some(error.to_string()),
        }
    }
}

/// `[17]` reads `[]`.
fn without_indices(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside &= c != ']';
        if !inside {
            out.push(c);
        }
        inside |= c == '[';
    }
    out
}
