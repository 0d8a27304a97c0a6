//! The control endpoints under `/_sandbox/`.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::access_requests;
use crate::behaviour::governance;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::json::text;
use crate::kind::Kind;
use crate::oauth::approvals;
use crate::oauth::authority::ORG;
use crate::oauth::server::Server;
use crate::pipeline::Shared;
use crate::quirks;
use crate::seed;

/// Answers a control request. These need no authentication.
pub(crate) fn answer(shared: &Shared, request: &Request) -> Answer {
    if let Some(outcome) = access_requests::answer(shared, request) {
        return outcome.unwrap_or_else(Answer::from);
    }
    let name = request.path.strip_prefix("/_sandbox/").unwrap_or_default();
    let outcome = match (request.method.as_str(), name) {
        ("GET", "health") => Ok(Answer::ok(&json!({ "status": "ok" }))),
        ("POST", "reset") => match shared.reset() {
            Ok(()) => Ok(Answer::no_content()),
            Err(_) => Err(Fault::code("E0000009", &[])),
        },
        ("GET", "state") => {
            let mut state = shared.org().summary();
            let traffic = &shared.traffic;
            state["connections"] = json!(traffic.connections.load(Ordering::Relaxed));
            state["tlsHandshakes"] = json!(traffic.handshakes.load(Ordering::Relaxed));
            Ok(Answer::ok(&state))
        }
        ("DELETE", "journal") => {
            shared.journal().clear();
            Ok(Answer::no_content())
        }
        ("GET", "journal") => {
            let entries = shared.journal().entries();
            Ok(Answer::ok(&Value::Array(
                entries.iter().map(crate::journal::Entry::to_json).collect(),
            )))
        }
        ("POST", "seed") => request.json().and_then(|body| {
            if let Some(kind) = body.get("org") {
                let kind = Kind::read(kind).map_err(|text| Fault::validation("seed", &[&text]))?;
                let done = shared.become_kind(kind);
                done.map_err(|_| Fault::code("E0000009", &[]))?;
            }
            seed::from_json(&mut shared.org(), &body, &shared.credentials.base)
                .map_err(|text| Fault::validation("seed", &[&text]))?;
            Ok(Answer::ok(&shared.org().summary()))
        }),
        ("POST", "decide") => request
            .json()
            .and_then(|body| governance::decide(&mut shared.org(), &body))
            .map(|decided| Answer::ok(&decided)),
        ("POST", "approve") => request
            .json()
            .and_then(|body| approvals::control(&mut shared.org(), &body))
            .map(|decided| Answer::ok(&decided)),
        ("POST", "faults") => request.json().and_then(|body| {
            let waiting = shared.faults().add(&body);
            let waiting = waiting.map_err(|text| Fault::validation("faults", &[&text]))?;
            Ok(Answer::ok(&json!({ "waiting": waiting })))
        }),
        ("GET", "faults") => Ok(Answer::ok(&shared.faults().list())),
        ("DELETE", name) if name.starts_with("faults/") => {
            match shared.faults().remove(&name["faults/".len()..]) {
                true => Ok(Answer::no_content()),
                false => Err(Fault::not_found(&name["faults/".len()..], "Fault")),
            }
        }
        ("DELETE", "faults") => {
            shared.faults().clear();
            Ok(Answer::no_content())
        }
        ("POST", "limits") => request.json().and_then(|body| {
            let mut limiter = shared.limiter();
            let changed = limiter.limits().clone().changed(&body);
            limiter.change(changed.map_err(|text| Fault::validation("limits", &[&text]))?);
            Ok(Answer::no_content())
        }),
        ("POST", "quirks") => request.json().and_then(|body| {
            let change = quirks::Change::read(&body);
            let change = change.map_err(|text| Fault::validation("quirks", &[&text]))?;
            shared.change_quirks(&change);
            Ok(Answer::no_content())
        }),
        ("POST", "rotate") => request.json().and_then(|body| {
            let mut org = shared.org();
            let now = org.clock.now().as_second();
            let server = match text(&body, "/server") {
                "" => ORG.to_owned(),
                named => Server::stored(&org, named, "")?.id,
            };
            for what in body["what"].as_array().into_iter().flatten() {
                let what = what.as_str().unwrap_or_default();
                let known = org.authority.make_stale(what, &server, now);
                if !known.map_err(|_| Fault::code("E0000009", &[]))? {
                    let cause = "what: one of nonces, tokens, keys, keys-at-once";
                    return Err(Fault::validation("what", &[cause]));
                }
            }
            Ok(Answer::no_content())
        }),
        ("POST", "clock") => request.json().and_then(|body| {
            match (
                body["advanceSeconds"].as_i64(),
                body["skewSeconds"].as_i64(),
            ) {
                (Some(seconds), None) => shared.org().clock.advance(seconds),
                (None, Some(seconds)) => shared.org().clock.skew(seconds),
                _ => return Err(Fault::malformed()),
            }
            Ok(Answer::ok(&shared.org().summary()))
        }),
        _ => Err(Fault::code("E0000008", &[])),
    };
    outcome.unwrap_or_else(Answer::from)
}
