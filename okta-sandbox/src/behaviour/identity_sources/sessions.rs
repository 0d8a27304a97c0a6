//! Sessions of identity sources: data is loaded into one, then imported or dropped.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{import, named_source, shelf};
use crate::behaviour::governance::background;
use crate::call::{Call, Handler, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::log::{app_target, named};

pub(super) fn handler(id: &str) -> Option<Handler> {
    Some(match id {
        "createIdentitySourceSession" => create,
        "listIdentitySourceSessions" => list,
        "getIdentitySourceSession" => get,
        "deleteIdentitySourceSession" => close,
        "startImportFromIdentitySource" => start,
        _ => return None,
    })
}

/// A session that nobody loads into is given up after so long.
const HOURS_TO_LIVE: i64 = 24;

/// Where a session's data waits for its import.
pub(super) fn data(source: &str, session: &str) -> String {
    shelf(source, &format!("sessions/{session}/data"))
}

fn log(call: &mut Call<'_>, source: &Value, session: &str, event: &str) {
    let session = named("IdentitySourceSession", session, "unknown", session);
    call.log(event, vec![app_target(source), session]);
}

/// Brings the sessions of a source up to the present.
fn catch_up(call: &mut Call<'_>, source: &Value) {
    let id = text(source, "/id");
    let sessions = shelf(id, "sessions");
    let now = call.org.clock.now();
    let mut expired = Vec::new();
    for session in call.org.shelf(&sessions).values_mut() {
        background::catch_up(session, now);
        let touched = clock::parse(text(session, "/lastUpdated")).unwrap_or(now);
        let idle = now.duration_since(touched);
        if text(session, "/status") == "CREATED"
            && idle >= SignedDuration::from_hours(HOURS_TO_LIVE)
        {
            session["status"] = json!("EXPIRED");
            session["lastUpdated"] = json!(clock::zero_millis(now));
            expired.push(text(session, "/id").to_owned());
        }
    }
    for session in expired {
        call.org.shelves.remove(&data(id, &session));
        log(call, source, &session, "system.import.session.expired");
    }
}

/// The source and the session that a path names.
pub(super) fn named_session(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let source = named_source(call)?;
    catch_up(call, &source);
    let id = call.parameter(1);
    let sessions = shelf(text(&source, "/id"), "sessions");
    let session = call.org.shelf(&sessions).get(id).cloned();
    let session = session.ok_or_else(|| Fault::not_found(id, "IdentitySourceSession"))?;
    Ok((source, session))
}

/// Data comes and goes only before the import.
pub(super) fn named_open_session(call: &mut Call<'_>) -> Result<(Value, Value), Fault> {
    let (source, session) = named_session(call)?;
    match text(&session, "/status") {
        "CREATED" => Ok((source, session)),
        status => {
            let cause = format!(
                "status: The identity source session has the status {status}, but has to have the status CREATED"
            );
            Err(Fault::validation("status", &[&cause]))
        }
    }
}

pub(super) fn keep(call: &mut Call<'_>, source: &Value, session: &mut Value) {
    session["lastUpdated"] = json!(clock::zero_millis(call.org.clock.now()));
    let sessions = shelf(text(source, "/id"), "sessions");
    let id = text(session, "/id").to_owned();
    call.org.shelf(&sessions).put(&id, session.clone());
}

fn create(call: &mut Call<'_>) -> Outcome {
    let source = named_source(call)?;
    catch_up(call, &source);
    let sessions = shelf(text(&source, "/id"), "sessions");
    let active = call
        .org
        .shelf(&sessions)
        .values()
        .any(|s| matches!(text(s, "/status"), "CREATED" | "TRIGGERED" | "IN_PROGRESS"));
    if active {
        let cause = "identitySourceId: Another active session exists for the identity source";
        return Err(Fault::validation("identitySourceId", &[cause]));
    }
    let id = call.org.dice.id("aps");
    let now = clock::zero_millis(call.org.clock.now());
    let session = json!({
        "id": id, "identitySourceId": source["id"], "status": "CREATED",
        "importType": "INCREMENTAL", "created": now, "lastUpdated": now,
    });
    call.org.shelf(&sessions).put(&id, session.clone());
    log(call, &source, &id, "system.import.session.created");
    Ok(Answer::json(201, &session))
}

fn list(call: &mut Call<'_>) -> Outcome {
    let source = named_source(call)?;
    catch_up(call, &source);
    let sessions = shelf(text(&source, "/id"), "sessions");
    let shown = call.org.shelf(&sessions).values();
    let shown = shown.map(background::shown).collect();
    call.all(shown)
}

fn get(call: &mut Call<'_>) -> Outcome {
    let (source, session) = named_session(call)?;
    let sessions = shelf(text(&source, "/id"), "sessions");
    let now = call.org.clock.now();
    if let Some(stored) = call.org.shelf(&sessions).get_mut(text(&session, "/id")) {
        background::advance(stored, now);
    }
    Ok(Answer::ok(&background::shown(&session)))
}

/// Cancels: the session stays to be seen, its data goes.
fn close(call: &mut Call<'_>) -> Outcome {
    let (source, mut session) = named_open_session(call)?;
    session["status"] = json!("CLOSED");
    keep(call, &source, &mut session);
    let id = text(&session, "/id");
    call.org.shelves.remove(&data(text(&source, "/id"), id));
    log(call, &source, id, "system.import.session.cancelled");
    Ok(Answer::no_content())
}

fn start(call: &mut Call<'_>) -> Outcome {
    let (source, mut session) = named_open_session(call)?;
    session["status"] = json!("TRIGGERED");
    let states = [
        json!({ "status": "IN_PROGRESS" }),
        json!({ "status": "COMPLETED" }),
    ];
    background::plan(&mut session, call.org.clock.now(), &states);
    keep(call, &source, &mut session);
    let id = text(&session, "/id");
    log(call, &source, id, "system.import.session.triggered");
    let data = call
        .org
        .shelves
        .remove(&data(text(&source, "/id"), id))
        .unwrap_or_default();
    log(call, &source, id, "system.import.start");
    for batch in data.values() {
        import::batch(call, &source, batch);
    }
    log(call, &source, id, "system.import.complete");
    Ok(Answer::ok(&background::shown(&session)))
}
