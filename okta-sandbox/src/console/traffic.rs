//! What happens: the overview, the System Log as it grows, and the requests made.

use serde_json::Value;

use super::html::{escape, id, link, object_link, page, search, table, tone};
use super::objects::raw;
use crate::behaviour::governance;
use crate::exchange::{Answer, Request};
use crate::journal::Entry;
use crate::json::text;
use crate::org::Org;
use crate::pipeline::Shared;

const SHOWN: usize = 100;
const BRIEF: usize = 10;
/// Seconds after which a living page is loaded again.
const REFRESH: u32 = 2;

pub(super) fn overview(shared: &Shared) -> Answer {
    let requests = requests_made(&shared.journal().latest(BRIEF, |_| true));
    let waiting = shared.faults().list().as_array().map_or(0, Vec::len);
    let made = shared.journal().len();
    let org = shared.org();
    let counts = [
        ("users", "Users", org.users.len()),
        ("groups", "Groups", org.groups.len()),
        ("apps", "Apps", org.apps.len()),
        (
            "requests",
            "Access requests",
            governance::all_requests(&org).len(),
        ),
        (
            "log",
            "Events",
            usize::try_from(org.log.last_place()).unwrap_or(usize::MAX),
        ),
        ("journal", "Requests made", made),
        ("faults", "Faults waiting", waiting),
    ];
    let tiles: String = counts
        .iter()
        .map(|(place, name, count)| {
            format!("<a href=\"/_sandbox/console/{place}\"><b>{count}</b>{name}</a>")
        })
        .collect();
    let events: Vec<&Value> = org.log.placed().rev().take(BRIEF).map(|(_, e)| e).collect();
    let content = format!(
        "<p class=\"dim\">{} · org <span class=\"id\">{}</span> · its clock says {}</p>\
         <div class=\"tiles\">{tiles}</div>\
         <h2>Latest requests</h2>{requests}<h2>Latest events</h2>{}",
        escape(&shared.credentials.base),
        escape(&org.id),
        escape(&crate::clock::http_date(org.clock.now())),
        event_table(&events)
    );
    page(200, "/", "Overview", Some(REFRESH), &content)
}

/// Loads the page again by itself, unless the query says otherwise.
fn liveliness(request: &Request, path: &str, query: &str) -> (Option<u32>, String) {
    let live = request.query("live") != Some("off");
    let switch = match live {
        true => link(path, &[("q", query), ("live", "off")], "Hold"),
        false => link(path, &[("q", query)], "Follow"),
    };
    let state = match live {
        true => format!("Loads again every {REFRESH} seconds, newest first."),
        false => "Held; newest first.".to_owned(),
    };
    let text = format!("<p class=\"dim\">{state} {switch}</p>");
    (live.then_some(REFRESH), text)
}

fn target_names(event: &Value) -> String {
    let targets = event["target"].as_array().into_iter().flatten();
    let names: Vec<&str> = targets
        .map(|target| match text(target, "/displayName") {
            "" => text(target, "/id"),
            name => name,
        })
        .collect();
    names.join(", ")
}

fn event_table(events: &[&Value]) -> String {
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let time = text(event, "/published");
            vec![
                format!(
                    "<span class=\"dim id\">{}</span>",
                    escape(time.get(11..).unwrap_or(time))
                ),
                object_link("log", text(event, "/uuid"), text(event, "/eventType")),
                escape(text(event, "/actor/displayName")),
                escape(&target_names(event)),
                tone(text(event, "/outcome/result")),
                escape(text(event, "/outcome/reason")),
            ]
        })
        .collect();
    let heads = ["Time", "Event", "Actor", "Target", "Outcome", "Reason"];
    table(&heads, &rows, "No events yet.")
}

pub(super) fn log(org: &Org, request: &Request) -> Answer {
    let path = "/_sandbox/console/log";
    let query = request.query("q").unwrap_or_default().trim();
    let wanted = query.to_lowercase();
    let fits = |event: &Value| {
        let parts = [
            text(event, "/eventType"),
            text(event, "/actor/displayName"),
            text(event, "/actor/alternateId"),
            &target_names(event),
        ];
        parts
            .iter()
            .any(|part| part.to_lowercase().contains(&wanted))
    };
    let events = org.log.placed().rev().map(|(_, event)| event);
    let events: Vec<&Value> = events.filter(|e| fits(e)).take(SHOWN).collect();
    let (refresh, state) = liveliness(request, path, query);
    let content = format!(
        "{}{state}{}",
        search(path, "Event type, actor or target", query),
        event_table(&events)
    );
    page(200, path, "System Log", refresh, &content)
}

pub(super) fn event(org: &Org, uuid: &str) -> Option<Answer> {
    let mut events = org.log.placed().rev().map(|(_, event)| event);
    let found = events.find(|event| event["uuid"] == uuid)?;
    let title = text(found, "/eventType");
    let path = "/_sandbox/console/log";
    Some(page(200, path, title, None, &raw(found)))
}

fn requests_made(entries: &[Entry]) -> String {
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let class = match entry.status {
                0 | 500.. => "bad",
                400.. => "warn",
                _ => "good",
            };
            let status = match entry.status {
                0 => "dropped".to_owned(),
                status => status.to_string(),
            };
            let target = match &entry.query {
                Some(query) => format!("{}?{query}", entry.path),
                None => entry.path.clone(),
            };
            vec![
                escape(&entry.method),
                format!("<code>{}</code>", escape(&target)),
                format!("<span class=\"{class}\">{status}</span>"),
                escape(entry.operation.unwrap_or_default()),
                escape(entry.scheme.unwrap_or_default()),
                id(&entry.request_id),
            ]
        })
        .collect();
    let heads = [
        "Method",
        "Target",
        "Status",
        "Operation",
        "Scheme",
        "Request id",
    ];
    table(&heads, &rows, "No requests yet.")
}

pub(super) fn journal(shared: &Shared, request: &Request) -> Answer {
    let path = "/_sandbox/console/journal";
    let query = request.query("q").unwrap_or_default().trim();
    let wanted = query.to_lowercase();
    let fits = |entry: &Entry| {
        let line = format!(
            "{} {} {} {}",
            entry.method,
            entry.path,
            entry.status,
            entry.operation.unwrap_or_default()
        );
        line.to_lowercase().contains(&wanted)
    };
    let entries = shared.journal().latest(SHOWN, fits);
    let (refresh, state) = liveliness(request, path, query);
    let content = format!(
        "{}{state}{}",
        search(path, "Method, path, status or operation", query),
        requests_made(&entries)
    );
    page(200, path, "Requests made", refresh, &content)
}
