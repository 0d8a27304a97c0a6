//! Pushes to a user's device that somebody waits for: the transactions of push factors.

use serde_json::{Value, json};

use super::{log, named, shelf};
use crate::call::{Call, Outcome};
use crate::clock;
use crate::exchange::Answer;
use crate::fault::Fault;
use crate::json::text;
use crate::oauth::approvals::{Approval, Channel};
use crate::oauth::authority::hashed;
use crate::oauth::waiting::{Decision, Poll};

/// Seconds that a push waits for its user.
const LIFE: i64 = 300;

fn own(call: &Call<'_>, user: &str) -> String {
    let factor = call.parameter(1);
    format!("{}/api/v1/users/{user}/factors/{factor}", call.base())
}

fn hinted(href: String, allow: &[&str]) -> Value {
    crate::behaviour::org_switches::hinted(href, allow)
}

/// A push that still waits, with the number that the user has to choose if it is asked for.
fn waiting(call: &Call<'_>, user: &str, id: &str, push: &Approval) -> Value {
    let own = own(call, user);
    let poll = hinted(format!("{own}/transactions/{id}"), &["GET"]);
    let expires = jiff::Timestamp::from_second(push.poll.expires).map(clock::zero_millis);
    let mut shown = json!({
        "expiresAt": expires.ok(), "factorResult": "WAITING", "_links": { "poll": poll },
    });
    let number: Option<u32> = push.message.as_deref().and_then(|m| m.parse().ok());
    if let Some(number) = number {
        shown["_embedded"] = json!({ "challenge": { "correctAnswer": number } });
    }
    shown
}

/// Sends a push; whoever asks then polls for the user's decision.
pub(super) fn send(call: &mut Call<'_>, user: &str, body: &Value) -> Outcome {
    let by_number = match &body["useNumberMatchingChallenge"] {
        Value::String(text) => text == "true",
        given => *given == true,
    };
    let number = by_number.then(|| (10 + call.org.dice.below(90)).to_string());
    let push = Approval {
        channel: Channel::Push,
        server: String::new(),
        client_id: String::new(),
        user_id: user.to_owned(),
        scopes: vec![call.parameter(1).to_owned()],
        message: number,
        mfa: None,
        poll: Poll::new(call.org.clock.now().as_second() + LIFE),
    };
    let id = format!("v2mst.{}", call.org.dice.secret(16));
    let shown = waiting(call, user, &id, &push);
    call.org.authority.approvals.insert(hashed(&id), push);
    log(call, "system.push.send_factor_verify_push", user);
    Ok(Answer::json(201, &shown))
}

/// What became of a push.
pub(super) fn status(call: &mut Call<'_>) -> Outcome {
    let (_, user) = shelf(call)?;
    let (_, _, factor) = named(call)?;
    let id = call.parameter(2);
    let push = call.org.authority.approvals.get(&hashed(id)).cloned();
    let push = push.filter(|push| {
        push.user_id == user && push.scopes.iter().any(|of| of == call.parameter(1))
    });
    let push = push.ok_or_else(|| Fault::not_found(id, "Transaction"))?;
    let expired = push.poll.expires <= call.org.clock.now().as_second();
    let result = match push.poll.decision {
        Decision::Allowed { .. } => return Ok(Answer::ok(&json!({ "factorResult": "SUCCESS" }))),
        Decision::Waiting if !expired => {
            let mut shown = waiting(call, &user, id, &push);
            shown["profile"] = profile(&factor);
            return Ok(Answer::ok(&shown));
        }
        Decision::Waiting => "TIMEOUT",
        Decision::Denied => "REJECTED",
    };
    let own = own(call, &user);
    Ok(Answer::ok(&json!({
        "factorResult": result, "profile": profile(&factor), "_links": {
            "verify": hinted(format!("{own}/verify"), &["POST"]),
            "factor": hinted(own, &["GET", "DELETE"]),
        },
    })))
}

fn profile(factor: &Value) -> Value {
    json!({ "credentialId": text(factor, "/profile/credentialId") })
}
