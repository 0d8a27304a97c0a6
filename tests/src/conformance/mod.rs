//! Conformance of the generated types with recorded traffic.

mod compare;
mod exchange;
mod report;
mod router;

use std::process::ExitCode;

use okta_core::model::{DecodeError, Json, Map, Recoded, recode};
use okta_core::operation::{OperationEntry, Recode};

pub use compare::{difference, same};
pub use exchange::{Exchange, read};
pub use report::Report;
pub use router::Router;

/// Runs the command with these arguments.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let mut files = Vec::new();
    let (mut show, mut drift) = (0, false);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--drift" => drift = true,
            "--show" => match arguments.next().and_then(|count| count.parse().ok()) {
                Some(count) => show = count,
                None => return usage("--show needs a count"),
            },
            flag if flag.starts_with('-') => return usage(&format!("unknown option {flag}")),
            file => files.push(file.to_owned()),
        }
    }
    if files.is_empty() {
        return usage("no file given");
    }
    let router = Router::new();
    let mut report = Report::new(show);
    for file in files {
        let result = read(&file, |exchange| check(&router, &exchange, &mut report));
        if let Err(error) = result {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    }
    if drift {
        report.print_drift();
    }
    println!("{}", report.counts());
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("error: {problem}\nusage: conformance [--show N] [--drift] FILE…");
    ExitCode::from(2)
}

/// Checks both bodies of one exchange.
pub fn check(router: &Router, exchange: &Exchange, report: &mut Report) {
    let Some(entry) = router.find(&exchange.method, &exchange.path) else {
        report.unmatched(exchange);
        return;
    };
    if let Some(body) = exchange.json_response() {
        let result = response_recode(entry, exchange.status)(body.as_bytes());
        report.response(entry, exchange, body, &result);
    }
    if let Some(body) = exchange.json_request()
        && let Some(request) = entry.request
    {
        let result: Result<Recoded, DecodeError> = request(body.as_bytes());
        report.request(entry, exchange, body, &result);
    }
}

/// The decoder of an answer: that of its status, else that of a success, else any JSON; failures
/// are objects.
fn response_recode(entry: &OperationEntry, status: u16) -> Recode {
    if !(200..300).contains(&status) {
        return recode::<Map<Json>>;
    }
    let exact = entry
        .responses
        .iter()
        .find(|(declared, _)| *declared == status);
    exact
        .or_else(|| entry.responses.first())
        .map_or(recode::<Json>, |(_, recode)| *recode)
}
