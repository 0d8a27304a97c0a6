//! Switches for faults: the forms fill in what `POST /_sandbox/faults` takes.

use serde_json::{Value, json};

use super::html::{escape, page, table};
use crate::exchange::Answer;
use crate::json::text;
use crate::pipeline::Shared;

const PATH: &str = "/_sandbox/console/faults";

/// What can be switched on: its name in the form, in words, and what the number means to it.
const KINDS: [(&str, &str, &str); 16] = [
    ("status", "answer with a status", "status"),
    ("window", "rate limit used up", "seconds until its reset"),
    ("concurrency", "too many requests at a time", ""),
    ("close", "close the connection instead of answering", ""),
    ("reset", "reset the connection instead of answering", ""),
    ("truncate", "break off within the body", "bytes before"),
    ("delay", "wait before the answer", "milliseconds"),
    ("body_delay", "wait before the body", "milliseconds"),
    ("nonces", "make DPoP nonces stale", ""),
    ("tokens", "end all access tokens", ""),
    ("keys", "rotate the org server's keys", ""),
    ("clock", "move the org's clock", "seconds"),
    ("hook_lost", "lose an event hook's delivery", ""),
    ("hook_late", "deliver to an event hook late", "milliseconds"),
    ("hook_doubled", "deliver to an event hook twice", ""),
    (
        "unprocessed",
        "answer with a status, doing nothing",
        "status",
    ),
];

/// The effect of a kind.
fn effect(kind: &str, number: Option<i64>) -> Result<Value, String> {
    let number = |fallback: i64| number.unwrap_or(fallback);
    Ok(match kind {
        "status" => json!({ "status": number(503) }),
        "unprocessed" => json!({ "status": number(503), "processed": false }),
        "window" => json!({ "limit": "window", "reset_in": number(60) }),
        "concurrency" => json!({ "limit": "concurrency" }),
        "close" => json!({ "drop": true }),
        "reset" => json!({ "drop": true, "reset": true }),
        "truncate" => json!({ "truncate": number(100) }),
        "delay" => json!({ "delay_ms": number(2000) }),
        "body_delay" => json!({ "body_delay_ms": number(2000) }),
        "nonces" | "tokens" | "keys" => json!({ "before": [kind] }),
        "hook_lost" => json!({ "delivery": "lost" }),
        "hook_late" => json!({ "delivery": "late", "delay_ms": number(2000) }),
        "hook_doubled" => json!({ "delivery": "doubled" }),
        "clock" => json!({ "move_clock": number(3600) }),
        _ => return Err(format!("there is no fault called {kind:?}")),
    })
}

fn whole(name: &str, text: &str) -> Result<Option<i64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().map(Some);
    number.map_err(|_| format!("{name} is a whole number, not {text:?}"))
}

/// Adds the fault that a form describes.
pub(super) fn add<'f>(shared: &Shared, field: &dyn Fn(&str) -> &'f str) -> Result<(), String> {
    let mut fault =
        json!({ "then": effect(field("kind"), whole("the number", field("number"))?)? });
    for name in ["method", "path"] {
        if !field(name).is_empty() {
            fault["match"][name] = json!(field(name));
        }
    }
    fault["times"] = match field("times") {
        "always" => json!("always"),
        times => json!(whole("how often", times)?.unwrap_or(1)),
    };
    shared.faults().add(&fault).map(|_| ())
}

/// Takes one fault back.
pub(super) fn remove(shared: &Shared, id: &str) -> Result<(), String> {
    match shared.faults().remove(id) {
        true => Ok(()),
        false => Err(format!("no fault {id:?} waits any more")),
    }
}

/// The faults that wait, and the form for more.
pub(super) fn show(shared: &Shared, problem: Option<&str>) -> Answer {
    let waiting = shared.faults().list();
    let waiting = waiting.as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<String>> = waiting.iter().map(row).collect();
    let heads = ["Method", "Path", "What happens", "Left", "Hits", ""];
    let clear = match rows.is_empty() {
        true => String::new(),
        false => format!(
            "<p></p><form method=\"post\" action=\"{PATH}/clear\"><button>Switch all off</button></form>"
        ),
    };
    let alert = problem.map_or_else(String::new, |problem| {
        format!("<p role=\"alert\">{}</p>", escape(problem))
    });
    let content = format!(
        "{alert}<p class=\"dim\">The first fault that fits a request happens to it. The console and \
         <code>/_sandbox/</code> are spared.</p>{}<h2>Waiting</h2>{}{clear}",
        form(),
        table(&heads, &rows, "No fault waits.")
    );
    let status = if problem.is_some() { 400 } else { 200 };
    page(status, PATH, "Faults", None, &content)
}

fn row(fault: &Value) -> Vec<String> {
    let or = |value: &str, otherwise: &str| match value {
        "" => format!("<span class=\"dim\">{otherwise}</span>"),
        value => format!("<code>{}</code>", escape(value)),
    };
    let event = || match text(fault, "/match/event") {
        "" => or(text(fault, "/match/hook"), "any"),
        event => or(event, "any"),
    };
    let place = match fault["then"].get("delivery") {
        Some(_) => [or("", "event hook"), event()],
        None => [
            or(text(fault, "/match/method"), "any"),
            or(text(fault, "/match/path"), "any"),
        ],
    };
    let [method, path] = place;
    let left = match fault["left"].as_u64() {
        Some(left) => left.to_string(),
        None => "always".to_owned(),
    };
    vec![
        method,
        path,
        format!("<code>{}</code>", escape(&fault["then"].to_string())),
        left,
        fault["hits"].to_string(),
        format!(
            "<form method=\"post\" action=\"{PATH}/remove\"><input type=\"hidden\" name=\"id\" \
             value=\"{}\"><button>Switch off</button></form>",
            escape(text(fault, "/id"))
        ),
    ]
}

fn form() -> String {
    let kinds: String = KINDS
        .iter()
        .map(|(kind, words, number)| {
            let number = match *number {
                "" => String::new(),
                number => format!(" (number: {number})"),
            };
            format!("<option value=\"{kind}\">{words}{number}</option>")
        })
        .collect();
    let methods: String = ["", "GET", "POST", "PUT", "PATCH", "DELETE"]
        .iter()
        .map(|method| {
            let shown = if method.is_empty() { "any" } else { method };
            format!("<option value=\"{method}\">{shown}</option>")
        })
        .collect();
    format!(
        "<form class=\"row\" method=\"post\" action=\"{PATH}\">\
         <div><label for=\"kind\">What happens</label><select id=\"kind\" name=\"kind\">{kinds}</select></div>\
         <div><label for=\"number\">Number</label><input id=\"number\" name=\"number\" type=\"number\"></div>\
         <div><label for=\"method\">Method</label><select id=\"method\" name=\"method\">{methods}</select></div>\
         <div><label for=\"path\">Path begins so; * for a segment</label>\
         <input id=\"path\" name=\"path\" placeholder=\"/api/v1/users\"></div>\
         <div><label for=\"times\">How often</label><select id=\"times\" name=\"times\">\
         <option>1</option><option>2</option><option>3</option><option>10</option>\
         <option value=\"always\">always</option></select></div>\
         <button>Switch on</button></form>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_form_is_a_fault() {
        for (kind, ..) in KINDS {
            let mut faults = crate::faults::Faults::default();
            let fault = json!({ "then": effect(kind, None).expect("known") });
            assert_eq!(faults.add(&fault), Ok(1), "{kind}");
        }
        assert!(effect("other", None).is_err());
    }
}
