//! What every case is judged by: the calls in the journal, one by one, and the state.

use std::fmt;

use okta_workflows::{CardCall, CardError, CardErrorKind, call_schema, catalogue};
use serde_json::{Value, json};

use super::case::{Case, Failure};
use super::world::{Names, contains, fill, parse};

/// A call as a journal tells it.
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) status: u16,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            query,
            status,
        } = self;
        write!(f, "{method} {path}?{query} -> {status}")
    }
}

/// The output or error, and the journal, are what the case says. `base` stands before every path of the case.
pub(crate) fn judge(
    case: &Case,
    names: &Names,
    base: &str,
    outcome: Result<Value, CardError>,
    journal: &[Seen],
) {
    let card = case.card;
    match case.failure {
        None => {
            let output = outcome.unwrap_or_else(|error| panic!("{error}"));
            let wanted = parse(case.output, names);
            assert!(
                contains(&output, &wanted),
                "{card}: {output:#} lacks {wanted:#}"
            );
        }
        Some(failure) => assert_failure(card, failure, outcome),
    }
    assert_calls(case, names, base, journal);
    assert_declared(card, journal);
}

fn assert_failure(card: &str, failure: Failure, outcome: Result<Value, CardError>) {
    let error = match outcome {
        Ok(output) => panic!("{card} succeeded: {output}"),
        Err(error) => error,
    };
    assert_eq!(error.card(), card, "{error}");
    assert!(error.to_string().starts_with(card), "{error}");
    match failure {
        Failure::Status(status) => assert_eq!(error.status(), Some(status), "{error}"),
        Failure::Connection(code) => {
            assert_eq!(error.kind(), CardErrorKind::Connection, "{error:?}");
            assert!(error.to_string().contains(code), "{error}");
            assert_eq!(error.hint(), Some("reauthorize the connection"));
        }
        Failure::Field(field) => {
            assert_eq!(error.field(), Some(field), "{error}");
            let kind = error.kind();
            assert!(
                matches!(kind, CardErrorKind::Missing | CardErrorKind::Invalid),
                "{error:?}"
            );
        }
    }
}

/// The journal has the calls of the case in their order, and no others. A refused case that names none makes one.
fn assert_calls(case: &Case, names: &Names, base: &str, journal: &[Seen]) {
    let card = case.card;
    let wanted: Vec<String> = case.calls.iter().map(|call| fill(call, names)).collect();
    let count = match case.failure {
        Some(Failure::Status(_) | Failure::Connection(_)) => wanted.len().max(1),
        _ => wanted.len(),
    };
    assert_eq!(
        journal.len(),
        count,
        "{card}: wanted {wanted:#?}, found {journal:#?}"
    );
    for (seen, call) in journal.iter().zip(&wanted) {
        let (target, query) = call.split_once('?').unwrap_or((call, ""));
        let (method, path) = target.split_once(' ').expect("METHOD path");
        let fits = seen.method == method
            && seen.path == format!("{base}{path}")
            && seen.query.contains(query);
        assert!(fits, "{card}: wanted {call}, found {seen:?}");
    }
    let last = journal.len().saturating_sub(1);
    for (place, seen) in journal.iter().enumerate() {
        match case.failure {
            Some(Failure::Status(status)) if place == last => {
                assert_eq!(seen.status, status, "{card}: {seen:?}");
            }
            Some(Failure::Connection(_)) => assert_eq!(seen.status, 401, "{card}: {seen:?}"),
            _ => assert!((200..300).contains(&seen.status), "{card}: {seen:?}"),
        }
    }
}

/// The schema of the card's call takes what runs, and not what lacks something.
pub(crate) fn assert_schema(case: &Case, call: &CardCall) {
    let (connector, slug) = case.card.split_once('/').expect("connector/slug");
    let info = catalogue().connector(connector).expect("a connector");
    let info = info.cards.iter().find(|one| one.slug == slug);
    let info = info.expect("a card");
    let schema = jsonschema::validator_for(&call_schema(info)).expect("a schema");
    let call_json = json!({"options": call.options, "inputs": call.inputs});
    let problems: Vec<String> = schema
        .iter_errors(&call_json)
        .map(|error| error.to_string())
        .collect();
    match case.failure {
        Some(Failure::Field(_)) => {
            let error = info.check(connector, call.clone()).err();
            let missing = error.is_some_and(|error| error.kind() == CardErrorKind::Missing);
            assert!(
                !missing || !problems.is_empty(),
                "{}: the schema takes {call_json}",
                case.card
            );
        }
        _ => assert!(problems.is_empty(), "{}: {problems:?}", case.card),
    }
}

/// The card makes no call that its catalogue entry does not tell of.
fn assert_declared(card: &str, journal: &[Seen]) {
    let (connector, slug) = card.split_once('/').expect("connector/slug");
    let info = catalogue().connector(connector).expect("a connector");
    let info = info.cards.iter().find(|one| one.slug == slug);
    let declared = &info.expect("a card").calls;
    if slug == "custom_api_action" {
        return;
    }
    for seen in journal {
        let fits = |call: &okta_workflows::catalogue::CallInfo| {
            call.method == seen.method && is_of_template(&seen.path, &call.path)
        };
        assert!(
            declared.iter().any(fits),
            "{card}: {seen:?} is none of its calls in the catalogue"
        );
    }
}

/// Whether a path is one of a template: `/users/{id}`, `/data/v{version}`.
fn is_of_template(path: &str, template: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        let text = text.trim_matches('/');
        text.split('/').map(str::to_owned).collect()
    };
    let (path, template) = (split(path), split(template));
    path.len() == template.len()
        && path
            .iter()
            .zip(&template)
            .all(|(part, wanted)| match wanted.split_once('{') {
                Some((start, _)) => part.starts_with(start) && part.len() > start.len(),
                None => part == wanted,
            })
}

/// Who only reads, or fails, leaves everything as it was; who writes says what is different now.
pub(crate) fn assert_state(case: &Case, journal: &[Seen], before: &Value, after: &Value) {
    let card = case.card;
    let reads = journal.iter().all(|seen| seen.method == "GET");
    // What failed in part says so, as what succeeded does.
    if case.after.is_empty() {
        assert!(
            case.failure.is_some() || reads,
            "{card}: the case does not say what is different afterwards"
        );
        assert_eq!(before, after, "{card} changed something");
    }
}
